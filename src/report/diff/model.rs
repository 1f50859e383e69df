//! Version 1 of a comparison, `mxaudit.diff.v1`. Fields and words may grow, never change.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::SCHEMA;
use crate::finding::Severity;
use crate::report::model::Tool;

/// Two reports compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DiffReport {
    /// The name of this format: `mxaudit.diff.v1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// The older report.
    pub old: Side,
    /// The newer one.
    pub new: Side,
    /// Every host of either, by address and port.
    pub hosts: Vec<HostChange>,
    /// Counts.
    pub summary: DiffSummary,
}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Side {
    /// When its run began, RFC 3339.
    pub started: Option<String>,
    /// Hosts in it.
    pub hosts: usize,
    /// False where the run was interrupted or has not ended.
    pub ended: bool,
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is wrong now, and was not known to be.
    New,
    /// It was told before, and now it cannot be told.
    NoLongerTestable,
    /// It could be told neither before nor now.
    StillUntestable,
    /// It was wrong, and was shown to be right now.
    Fixed,
    /// It is as it was.
    Unchanged,
    /// It could not be told before, and is right now.
    NowTestable,
}

impl Standing {
    /// The word as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::NoLongerTestable => "no longer testable",
            Self::StillUntestable => "still untestable",
            Self::Fixed => "fixed",
            Self::Unchanged => "unchanged",
            Self::NowTestable => "now testable",
        }
    }

    /// True where it is not known how things are now.
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::NoLongerTestable | Self::StillUntestable)
    }
}

/// In which of the reports a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// In both.
    Both,
    /// In the older one only.
    OnlyOld,
    /// In the newer one only.
    OnlyNew,
}

/// What became of one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostChange {
    /// Its name in the newer report that has it.
    pub name: Option<String>,
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Which report has it.
    pub presence: Presence,
    /// The verdict on relaying.
    pub relay: VerdictChange,
    /// Every finding of either report.
    pub findings: Vec<FindingChange>,
}

/// What became of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VerdictChange {
    /// What became of it.
    pub standing: Standing,
    /// The older word; `null` where the host was not in the report.
    pub old: Option<String>,
    /// The newer word; likewise.
    pub new: Option<String>,
}

/// What became of one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingChange {
    /// What became of it.
    pub standing: Standing,
    /// The check that found it.
    pub check: String,
    /// How much it matters, by the newer report that has it.
    pub severity: Severity,
    /// The probe that found it.
    pub probe: Option<String>,
    /// What was seen, in the words of the newer report that has it.
    pub summary: String,
    /// Why it cannot be told, where it cannot.
    pub reason: Option<String>,
}

/// Findings, verdicts and hosts, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct DiffSummary {
    pub new: usize,
    pub fixed: usize,
    pub unchanged: usize,
    pub no_longer_testable: usize,
    /// Hosts whose verdict is unknown now.
    pub verdicts_unknown: usize,
    pub hosts_only_old: usize,
    pub hosts_only_new: usize,
}

impl DiffReport {
    /// True where a finding of at least this severity, or a verdict of relaying, is new.
    pub fn has_new(&self, threshold: Severity) -> bool {
        self.hosts.iter().any(|host| {
            let mut findings = host.findings.iter();
            // A verdict that says that a host relays weighs as much as its gravest finding can.
            host.relay.standing == Standing::New
                || findings.any(|f| f.standing == Standing::New && f.severity >= threshold)
        })
    }

    /// True where it is not known how something is now.
    pub fn has_unknown(&self) -> bool {
        let unknown = |host: &HostChange| {
            host.relay.standing.is_unknown()
                || host.findings.iter().any(|finding| finding.standing.is_unknown())
        };
        !self.new.ended || self.new.hosts == 0 || self.hosts.iter().any(unknown)
    }
}
