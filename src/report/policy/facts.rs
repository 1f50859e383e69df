//! What of a report a policy is judged by: of a report at hand, or of a stored one in any version that only adds
//! fields.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::report::diff::ReadError;
use crate::report::jsonl;
use crate::report::model::{CheckReport, CheckWord, HostReport, NotProbed};

/// A report, or a line of one.
#[derive(Debug, Deserialize)]
pub struct PolicyDocument {
    schema: String,
    run: Option<RunFacts>,
    hosts: Option<Vec<PolicyFacts>>,
    #[serde(default)]
    not_probed: Vec<LeftAlone>,
    target: Option<TargetFacts>,
    relay: Option<RelayFacts>,
    #[serde(default)]
    grade: GradeFacts,
    relay_matrix: Option<MatrixFacts>,
}

#[derive(Debug, Default, Deserialize)]
struct RunFacts {
    started: Option<String>,
    #[serde(default)]
    interrupted: bool,
}

/// A whole stored report.
#[derive(Debug, Default)]
pub struct StoredFacts {
    /// When its run began, if it says so.
    pub started: Option<String>,
    /// False where the run was interrupted or has not ended.
    pub ended: bool,
    /// Its hosts.
    pub hosts: Vec<PolicyFacts>,
    /// Mail hosts that were left alone: the domain, and the name.
    pub left_alone: Vec<(String, String)>,
}

impl StoredFacts {
    /// Takes in one document.
    ///
    /// # Errors
    /// Where it lacks what is judged.
    pub fn add(&mut self, document: PolicyDocument) -> Result<(), ReadError> {
        let run = document.run.unwrap_or_default();
        self.started = self.started.take().or(run.started);
        if document.schema == jsonl::HOST {
            let target = document.target.ok_or(ReadError::Lacking("target"))?;
            let relay = document.relay.ok_or(ReadError::Lacking("relay verdict"))?;
            let (grade, relay_matrix) = (document.grade, document.relay_matrix);
            self.hosts.push(PolicyFacts { target, relay, grade, relay_matrix });
            return Ok(());
        }
        self.ended = !run.interrupted;
        self.hosts.extend(document.hosts.unwrap_or_default());
        let left = document.not_probed.into_iter().map(|one| (one.domain, one.host));
        self.left_alone.extend(left);
        Ok(())
    }
}

/// What is judged of one host.
#[derive(Clone, Debug, Deserialize)]
pub struct PolicyFacts {
    pub(super) target: TargetFacts,
    pub(super) relay: RelayFacts,
    #[serde(default)]
    pub(super) grade: GradeFacts,
    pub(super) relay_matrix: Option<MatrixFacts>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TargetFacts {
    pub(super) name: Option<String>,
    address: IpAddr,
    port: u16,
    pub(super) mail_domain: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RelayFacts {
    pub(super) verdict: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct GradeFacts {
    #[serde(default)]
    pub(super) letter: String,
    #[serde(default)]
    pub(super) checks: Vec<CheckFacts>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct CheckFacts {
    id: String,
    outcome: String,
    #[serde(default)]
    tested: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MatrixFacts {
    #[serde(default)]
    rows: Vec<RowFacts>,
}

#[derive(Clone, Debug, Deserialize)]
struct RowFacts {
    client: String,
    #[serde(default)]
    cells: Vec<CellFacts>,
}

#[derive(Clone, Debug, Deserialize)]
struct CellFacts {
    sender: String,
    recipient: String,
    observed: String,
}

#[derive(Debug, Deserialize)]
struct LeftAlone {
    domain: String,
    host: String,
}

impl PolicyFacts {
    /// `name:port`, or `address:port`.
    pub fn label(&self) -> String {
        let TargetFacts { name, address, port, .. } = &self.target;
        match name {
            Some(name) => format!("{name}:{port}"),
            None => SocketAddr::new(*address, *port).to_string(),
        }
    }

    /// The name that an MX record would have, with the domain whose it is.
    pub(super) fn mx(&self) -> Option<(&str, String)> {
        let TargetFacts { name, address, mail_domain, .. } = &self.target;
        let name = name.clone().unwrap_or_else(|| address.to_string());
        Some((mail_domain.as_deref()?, name))
    }

    /// What became of a check of the grade. What was judged of nothing is not known, and so is a word of a later
    /// version; `None` where the report does not have the check.
    pub(super) fn check(&self, id: &str) -> Option<CheckWord> {
        let check = self.grade.checks.iter().find(|check| check.id == id)?;
        let word = CheckWord::ALL.into_iter().find(|word| word.as_str() == check.outcome);
        let word = word.unwrap_or(CheckWord::Unknown);
        let judged = !matches!(word, CheckWord::Pass | CheckWord::Warn) || check.tested > 0;
        Some(if judged { word } else { CheckWord::Unknown })
    }

    /// What the server did in a cell of the relay matrix: client, sender, recipient.
    pub(super) fn cell(&self, key: (&str, &str, &str)) -> Option<&str> {
        let row = self.relay_matrix.as_ref()?.rows.iter().find(|row| row.client == key.0)?;
        let is_it =
            |cell: &&CellFacts| (cell.sender.as_str(), cell.recipient.as_str()) == (key.1, key.2);
        row.cells.iter().find(is_it).map(|cell| cell.observed.as_str())
    }
}

impl From<&HostReport> for PolicyFacts {
    fn from(host: &HostReport) -> Self {
        let check = |check: &CheckReport| CheckFacts {
            id: check.id.clone(),
            outcome: check.outcome.as_str().to_owned(),
            tested: check.tested,
        };
        let row = |row: &crate::report::model::MatrixRowReport| RowFacts {
            client: row.client.as_str().to_owned(),
            cells: row
                .cells
                .iter()
                .map(|cell| CellFacts {
                    sender: cell.sender.as_str().to_owned(),
                    recipient: cell.recipient.as_str().to_owned(),
                    observed: cell.observed.to_owned(),
                })
                .collect(),
        };
        Self {
            target: TargetFacts {
                name: host.target.name.clone(),
                address: host.target.address,
                port: host.target.port,
                mail_domain: host.target.mail_domain.clone(),
            },
            relay: RelayFacts { verdict: host.relay.verdict.to_owned() },
            grade: GradeFacts {
                letter: host.grade.letter.to_owned(),
                checks: host.grade.checks.iter().map(check).collect(),
            },
            relay_matrix: host
                .relay_matrix
                .as_ref()
                .map(|matrix| MatrixFacts { rows: matrix.rows.iter().map(row).collect() }),
        }
    }
}

/// The domain and the name of each mail host that was left alone.
pub(in crate::report) fn left_alone(all: &[NotProbed]) -> Vec<(String, String)> {
    all.iter().map(|one| (one.domain.clone(), one.host.clone())).collect()
}
