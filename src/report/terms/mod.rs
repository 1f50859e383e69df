//! On which terms the findings of a run count for its exit code: what a baseline knows, and what is suppressed.
//!
//! Terms are applied to finished reports. They mark findings and take none away; verdicts and grades stay as they are.

mod remarks;
mod suppression;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use super::diff::Baseline;
use super::model::{
    BaselineReport, BaselineStanding, FindingReport, HostReport, NotProbed, RunReport, RunSection,
    SuppressionReport, SuppressionStanding, day_of,
};
use super::policy::{Expectations, PolicyFacts, SeenMx, left_alone};
use crate::finding::{Severity, catalogue};

pub(super) use remarks::{of_policy, remarks};
pub use suppression::{Suppressed, Suppression};

/// The terms of a run.
#[derive(Debug, Default)]
pub struct Terms {
    /// The earlier report whose findings do not count.
    pub baseline: Option<Baseline>,
    /// The suppressions, in their order in the file.
    pub suppressions: Vec<Suppression>,
    /// What is expected beside them.
    pub policy: Option<Expectations>,
}

impl Terms {
    /// True where everything counts.
    pub fn is_empty(&self) -> bool {
        self.baseline.is_none() && self.suppressions.is_empty() && self.policy.is_none()
    }

    /// Begins to settle what counts of a run that `started` then, RFC 3339: a suppression ends by that day, whenever
    /// its report is written.
    pub fn of_run(&self, started: &str) -> Settlement<'_> {
        Settlement {
            terms: self,
            day: day_of(started),
            baseline: self.baseline.as_ref().map(Baseline::report),
            matched: vec![0; self.suppressions.len()],
            worst: None,
            hosts: 0,
            violating: 0,
            mx: SeenMx::default(),
        }
    }
}

/// Terms applied to a run, host by host.
#[derive(Debug)]
pub struct Settlement<'a> {
    terms: &'a Terms,
    /// The first day of the run; `None` where its start cannot be read, and then no suppression holds.
    day: Option<Date>,
    baseline: Option<BaselineReport>,
    /// How many findings each suppression is aimed at.
    matched: Vec<usize>,
    worst: Option<Severity>,
    hosts: usize,
    violating: usize,
    mx: SeenMx,
}

impl Settlement<'_> {
    /// Marks the findings of a host, and holds it to the policy.
    pub fn host(&mut self, host: &mut HostReport) {
        let mut findings = std::mem::take(&mut host.findings);
        for finding in &mut findings {
            self.finding(host, finding);
        }
        host.findings = findings;
        self.hosts += 1;
        if let Some(policy) = &self.terms.policy {
            let facts = PolicyFacts::from(&*host);
            let violations = policy.host(&facts);
            policy.see(&facts, &mut self.mx);
            self.violating += usize::from(!violations.is_empty());
            host.policy = Some(violations);
        }
    }

    /// Marks a whole report.
    pub fn report(mut self, report: &mut RunReport) {
        report.hosts.iter_mut().for_each(|host| self.host(host));
        self.run(&mut report.run, &report.not_probed);
    }

    /// Says in the report what the terms were, and what they did to the hosts so far.
    pub fn run(mut self, run: &mut RunSection, not_probed: &[NotProbed]) {
        if let Some(policy) = &self.terms.policy {
            for (domain, name) in left_alone(not_probed) {
                policy.see_mx(&domain, &name, &mut self.mx);
            }
            run.policy = Some(policy.section(&self.mx, self.hosts, self.violating));
        }
        run.baseline.clone_from(&self.baseline);
        let suppressions = self.terms.suppressions.iter().zip(&self.matched);
        run.suppressions =
            suppressions.map(|(one, matched)| self.suppression(one, *matched)).collect();
    }

    /// The severity of the worst finding that counts, of all hosts so far.
    pub fn worst(&self) -> Option<Severity> {
        self.worst
    }

    fn finding(&mut self, host: &HostReport, finding: &mut FindingReport) {
        if let (Some(baseline), Some(counts)) = (&self.terms.baseline, &mut self.baseline) {
            let known = baseline.knows(host, finding);
            *(if known { &mut counts.known } else { &mut counts.new }) += 1;
            finding.baseline = Some(match known {
                true => BaselineStanding::Known,
                false => BaselineStanding::New,
            });
        }
        for (suppression, matched) in self.terms.suppressions.iter().zip(&mut self.matched) {
            if !suppression.is_aimed_at(host, finding) {
                continue;
            }
            *matched += 1;
            let in_force = suppression.is_in_force(self.day);
            // One that holds outranks one that has ended.
            if finding.suppression.as_ref().is_none_or(|known| in_force && !known.in_force) {
                finding.suppression = Some(suppression.mark(in_force));
            }
        }
        let by_baseline = finding.baseline == Some(BaselineStanding::Known);
        match finding.counts() {
            true => self.worst = self.worst.max(Some(finding.severity)),
            false if finding.suppression.is_some() => {}
            false => {
                if let Some(counts) = &mut self.baseline {
                    counts.left_out += 1;
                }
            }
        }
        finding.notes.extend(note(finding, by_baseline));
    }

    fn suppression(&self, suppression: &Suppression, findings: usize) -> SuppressionReport {
        let standing = match (suppression.is_in_force(self.day), findings) {
            (false, _) => SuppressionStanding::Expired,
            (true, 0) => SuppressionStanding::Unmatched,
            (true, _) => SuppressionStanding::InForce,
        };
        suppression.report(standing, findings)
    }
}

/// What is said of it at the finding, so that every form has it.
fn note(finding: &FindingReport, known: bool) -> Option<String> {
    let ended = finding.suppression.as_ref().filter(|suppression| !suppression.in_force);
    match (finding.set_aside(), ended) {
        (Some(why), _) => Some(format!("does not count for the exit code; {why}")),
        (None, Some(ended)) => Some(format!(
            "counts again: its suppression ended after {} ({}): {}",
            ended.expires, ended.place, ended.reason
        )),
        (None, None) if known && catalogue::RELAYING.contains(&finding.id) => Some(
            "the baseline knows it, and it counts all the same: relaying for strangers always does"
                .to_owned(),
        ),
        (None, None) => None,
    }
}
