//! What of a stored report is compared: readable in every version that only adds fields.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Deserialize;
use thiserror::Error;

use crate::finding::Severity;
use crate::report::jsonl;
use crate::report::model::SCHEMA;

/// The formats that can be compared.
pub const HEADS: [&str; 3] = [SCHEMA, jsonl::HOST, jsonl::SUMMARY];

/// The one field that every document of ours has.
#[derive(Debug, Deserialize)]
pub struct Head {
    /// The name of its format.
    pub schema: Option<String>,
}

impl Head {
    /// Whether the document can be compared.
    ///
    /// # Errors
    /// Where its format is not known.
    pub fn check(&self) -> Result<(), ReadError> {
        match &self.schema {
            Some(schema) if HEADS.contains(&schema.as_str()) => Ok(()),
            Some(schema) => Err(ReadError::Schema(schema.clone())),
            None => Err(ReadError::NoSchema),
        }
    }
}

/// Why a document cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Another format.
    #[error(
        "the schema {0:?} is not one that can be compared; give a report of --format json or jsonl"
    )]
    Schema(String),
    /// None at all.
    #[error(
        "it has no field `schema`, so it is no report of mxaudit; give one of --format json or jsonl"
    )]
    NoSchema,
    /// A host that is a line without a target.
    #[error("a host has no {0}; write the report again")]
    Lacking(&'static str),
    /// A host that is there twice.
    #[error("{0} is there twice: the file holds more than one run; give the report of one")]
    Twice(SocketAddr),
}

/// A report, or a line of one.
#[derive(Debug, Deserialize)]
pub struct Document {
    schema: String,
    run: Option<RunFacts>,
    hosts: Option<Vec<HostFacts>>,
    target: Option<TargetFacts>,
    relay: Option<RelayFacts>,
    #[serde(flatten)]
    rest: HostRest,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RunFacts {
    started: Option<String>,
    #[serde(default)]
    interrupted: bool,
}

/// One side of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub(super) hosts: BTreeMap<SocketAddr, HostFacts>,
    pub(super) started: Option<String>,
    pub(super) ended: bool,
}

impl Facts {
    /// Takes in one document.
    ///
    /// # Errors
    /// Where it lacks what is compared, or holds a host that is known already.
    pub fn add(&mut self, document: Document) -> Result<(), ReadError> {
        let run = document.run.unwrap_or_default();
        self.started = self.started.take().or(run.started);
        if document.schema == jsonl::HOST {
            let target = document.target.ok_or(ReadError::Lacking("target"))?;
            let relay = document.relay.ok_or(ReadError::Lacking("relay verdict"))?;
            return self.host(HostFacts { target, relay, rest: document.rest });
        }
        self.ended = !run.interrupted;
        document.hosts.unwrap_or_default().into_iter().try_for_each(|host| self.host(host))
    }

    /// Says that the run did not come to its end, or did.
    pub fn set_ended(&mut self, ended: bool) {
        self.ended = ended;
    }

    fn host(&mut self, host: HostFacts) -> Result<(), ReadError> {
        let address = SocketAddr::new(host.target.address, host.target.port);
        match self.hosts.insert(address, host) {
            None => Ok(()),
            Some(_) => Err(ReadError::Twice(address)),
        }
    }
}

/// What is compared of one host.
#[derive(Clone, Debug, Deserialize)]
pub struct HostFacts {
    pub(super) target: TargetFacts,
    pub(super) relay: RelayFacts,
    #[serde(flatten)]
    pub(super) rest: HostRest,
}

/// What is needed beside the target and the verdict.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct HostRest {
    #[serde(default)]
    pub(super) findings: Vec<FindingFacts>,
    #[serde(default)]
    pub(super) probes: Vec<ProbeFacts>,
    #[serde(default)]
    pub(super) controls: Vec<ControlFacts>,
    #[serde(default)]
    pub(super) server: ServerFacts,
    #[serde(default)]
    pub(super) vantage: VantageFacts,
    #[serde(default)]
    pub(super) lists: Vec<SubjectFacts>,
    pub(super) relay_matrix: Option<MatrixFacts>,
    pub(super) pop_before_smtp: Option<PopFacts>,
    pub(super) stopped: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TargetFacts {
    pub(super) name: Option<String>,
    pub(super) address: std::net::IpAddr,
    pub(super) port: u16,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RelayFacts {
    pub(super) verdict: String,
    #[serde(default)]
    pub(super) coverage: CoverageFacts,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct CoverageFacts {
    pub(super) planned: usize,
    pub(super) judged: usize,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct FindingFacts {
    pub(super) id: String,
    pub(super) severity: Severity,
    pub(super) probe: Option<String>,
    pub(super) code: Option<String>,
    pub(super) summary: String,
    #[serde(default)]
    pub(super) also: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ProbeFacts {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) outcome: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ControlFacts {
    pub(super) control: String,
    pub(super) outcome: String,
    pub(super) envelope: EnvelopeFacts,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct EnvelopeFacts {
    pub(super) mail_from: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ServerFacts {
    #[serde(default)]
    pub(super) extensions: Vec<String>,
    #[serde(default)]
    pub(super) extensions_in_tls: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct VantageFacts {
    pub(super) position: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SubjectFacts {
    pub(super) subject: String,
    #[serde(default)]
    pub(super) words: Vec<WordFacts>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct WordFacts {
    pub(super) list: String,
    pub(super) word: String,
    pub(super) lookup: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MatrixFacts {
    #[serde(default)]
    pub(super) rows: Vec<RowFacts>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RowFacts {
    pub(super) client: String,
    #[serde(default)]
    pub(super) cells: Vec<CellFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct CellFacts {
    pub(super) sender: String,
    pub(super) recipient: String,
    pub(super) observed: String,
    #[serde(default)]
    pub(super) mismatch: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct PopFacts {
    pub(super) outcome: String,
}
