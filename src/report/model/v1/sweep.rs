//! What a sweep counts, in version 1 of the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::probe::Profile;

use super::{Summary, Tool};

/// The name of the format of a sweep's counts.
pub(crate) const SWEEP_SUMMARY: &str = "mxaudit.sweep-summary.v1";

/// What tells runs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunKey<'a> {
    /// When the run began, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub started: &'a str,
    /// The seed of its random tokens.
    pub seed: u64,
}

/// A sweep in numbers, as `summary.json` of its folder has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SweepSummary<'a> {
    /// The name of this format: `mxaudit.sweep-summary.v1`.
    #[schemars(extend("const" = SWEEP_SUMMARY))]
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// The run that it belongs to.
    pub run: RunKey<'a>,
    /// When the numbers were written, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub written: &'a str,
    /// When the run ended, RFC 3339; `null` while it goes on, and where it was killed.
    #[schemars(extend("format" = "date-time"))]
    pub finished: Option<&'a str>,
    /// True when the user interrupted it.
    pub interrupted: bool,
    /// The hosts that took a connection, counted by verdict and by grade.
    pub summary: Summary,
    /// What else a sweep counts.
    pub sweep: SweepCounts,
}

/// What a sweep counts beside the verdicts and grades of its hosts. A job is one port of one
/// address; each is a host, dark or not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SweepCounts {
    /// All jobs of the plan.
    pub jobs: u64,
    /// Jobs where no connection came about, by the reason.
    pub dark: DarkCounts,
    /// Jobs that nobody asked, or that are still to be asked.
    pub not_asked: u64,
    /// Those of them that failed on this side, and not because of their host.
    pub errors: u64,
    /// The hosts, by how far relaying is proved.
    pub proofs: ProofCounts,
    /// The hosts, by the severity of their worst finding.
    pub severities: SeverityCounts,
}

/// Jobs without a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DarkCounts {
    /// Nothing listens on the port.
    pub refused: u64,
    /// No answer in time.
    pub timeout: u64,
    /// No way to the address.
    pub unreachable: u64,
}

/// Hosts by how far relaying is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ProofCounts {
    pub none: usize,
    pub suspected: usize,
    pub probable: usize,
    pub confirmed: usize,
}

/// Hosts by the severity of their worst finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct SeverityCounts {
    pub critical: usize,
    pub high: usize,
    pub medium: usize,
    pub low: usize,
    pub info: usize,
    /// Hosts without findings.
    pub none: usize,
}

/// The probes that a run chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunProfile {
    /// Those of `quick`, and those of `standard` for each host that is not plainly closed.
    Adaptive,
    /// The forms that find most open relays.
    Quick,
    /// The forms that are worth a second connection.
    Standard,
    /// All of them.
    Thorough,
}

impl From<Profile> for RunProfile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Quick => Self::Quick,
            Profile::Standard => Self::Standard,
            Profile::Thorough => Self::Thorough,
        }
    }
}

impl SweepSummary<'_> {
    /// The name of the format.
    pub const SCHEMA: &'static str = SWEEP_SUMMARY;
}

impl DarkCounts {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.refused + self.timeout + self.unreachable
    }
}

impl SeverityCounts {
    /// Hosts with a finding of this severity or a higher one.
    pub fn at_least(&self, threshold: Severity) -> usize {
        let all = [
            (Severity::Critical, self.critical),
            (Severity::High, self.high),
            (Severity::Medium, self.medium),
            (Severity::Low, self.low),
            (Severity::Info, self.info),
        ];
        all.iter().filter(|(severity, _)| *severity >= threshold).map(|(_, hosts)| hosts).sum()
    }
}
