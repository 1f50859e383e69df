//! An earlier report against which only new findings count.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::compare::is_same;
use super::facts::{Document, Facts, FindingFacts, ReadError};
use crate::report::model::{BaselineReport, FindingReport, HostReport};

/// The findings of an earlier report. Of a host it keeps nothing else, so that it may be that of a large sweep.
#[derive(Clone, Debug)]
pub struct Baseline {
    file: String,
    run: Facts,
    hosts: BTreeMap<SocketAddr, Vec<FindingFacts>>,
}

impl Baseline {
    /// A baseline without findings; `file` is its name for the report.
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), run: Facts::default(), hosts: BTreeMap::new() }
    }

    /// Takes in one document.
    ///
    /// # Errors
    /// Where it lacks what is compared, or holds a host that is known already.
    pub fn add(&mut self, document: Document) -> Result<(), ReadError> {
        self.run.add(document)?;
        for (address, host) in std::mem::take(&mut self.run.hosts) {
            if self.hosts.insert(address, host.rest.findings).is_some() {
                return Err(ReadError::Twice(address));
            }
        }
        Ok(())
    }

    /// Says that its run did not come to its end, or did.
    pub fn set_ended(&mut self, ended: bool) {
        self.run.set_ended(ended);
    }

    /// Whether it has the finding, and no less grave.
    pub fn knows(&self, host: &HostReport, finding: &FindingReport) -> bool {
        let address = SocketAddr::new(host.target.address, host.target.port);
        let mut older = self.hosts.get(&address).into_iter().flatten();
        let now = FindingFacts::of(finding);
        older.any(|older| is_same(older, &now) && older.severity >= now.severity)
    }

    /// What the report says of it, with nothing counted yet.
    pub fn report(&self) -> BaselineReport {
        BaselineReport {
            file: self.file.clone(),
            started: self.run.started.clone(),
            hosts: self.hosts.len(),
            ended: self.run.ended,
            known: 0,
            new: 0,
            left_out: 0,
        }
    }
}

impl FindingFacts {
    /// What is compared of a finding of this run.
    fn of(finding: &FindingReport) -> Self {
        Self {
            id: finding.id.to_owned(),
            severity: finding.severity,
            probe: finding.probe.clone(),
            code: finding.code.clone(),
            summary: finding.summary.clone(),
            also: finding.also.clone(),
        }
    }
}
