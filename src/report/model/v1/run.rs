//! One run of version 1 of the report.

use std::net::IpAddr;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::report::lists::{RegistryReport, ZoneReport};
use crate::target::scope::Source;

use super::{
    BaselineReport, HostReport, LetterCounts, PolicySection, RunProfile, SuppressionReport,
    SweepCounts, words,
};

/// The name of this format.
pub(crate) const SCHEMA: &str = "mxaudit.report.v1";
/// The name of the program.
pub(crate) const PROGRAM: &str = "mxaudit";

/// One run over any number of hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunReport {
    /// The name of this format: `mxaudit.report.v1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// What the hosts have in common.
    pub run: RunSection,
    /// The hosts, in the order of the targets.
    pub hosts: Vec<HostReport>,
    /// Mail hosts of the named domains that were left alone.
    pub not_probed: Vec<NotProbed>,
    /// Hosts, counted by verdict and by grade.
    pub summary: Summary,
    /// What a sweep counts beside them; only sweeps have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<SweepCounts>,
}

/// The program that wrote the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tool {
    /// `mxaudit`.
    #[schemars(extend("const" = PROGRAM))]
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self { name: PROGRAM, version: env!("CARGO_PKG_VERSION") }
    }
}

/// What the hosts of a run have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunSection {
    /// When it began, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub started: String,
    /// When it ended, RFC 3339; of a sweep that has not, when its newest counts were written.
    #[schemars(extend("format" = "date-time"))]
    pub finished: String,
    /// The seed of its random tokens.
    pub seed: u64,
    /// The probes that it chose from.
    pub profile: RunProfile,
    /// True when the user interrupted it, and for a sweep that has not ended.
    pub interrupted: bool,
    /// Where it was run from.
    pub vantage: VantageReport,
    /// Who asked.
    pub identity: IdentityReport,
    /// Probes that are not built in, and where they came from.
    pub own_probes: Vec<OwnProbe>,
    /// Categories of the grade that the user left out.
    pub skipped: Vec<String>,
    /// On whose authority, each with the targets that it covers.
    pub authority: Vec<Grant>,
    /// The lists that were asked; `null` where nothing was there to ask about.
    pub lists: Option<RunLists>,
    /// The earlier report whose findings do not count; only runs that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineReport>,
    /// The suppressions, whether they did anything or not; only runs that have some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<SuppressionReport>,
    /// The policy that it was held to; only runs that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicySection>,
}

/// The lists of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunLists {
    /// The name servers that were asked.
    pub resolvers: Vec<String>,
    /// The data that the lists are from.
    pub registry: RegistryReport,
    /// Each list, and whether it works.
    pub zones: Vec<ZoneReport>,
}

/// A probe of the user's own, in place of a built-in one or beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OwnProbe {
    /// Its id.
    pub id: String,
    /// The file that it was read from.
    pub file: String,
}

impl OwnProbe {
    pub(in crate::report) fn of((id, file): &(String, String)) -> Self {
        Self { id: id.clone(), file: file.clone() }
    }
}

/// Where a run was made from, as the user says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VantageReport {
    /// The source address that the user chose.
    pub source: Option<IpAddr>,
    /// `outside` when the user asserts it.
    #[schemars(with = "Option<words::Assertion>")]
    pub asserted: Option<&'static str>,
}

/// The names and addresses that the auditor uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IdentityReport {
    /// The auditor's own domain.
    pub auditor_domain: Option<String>,
    /// Who to ask about the audit.
    pub contact: Option<String>,
    /// The mailbox that no relay test may reach by right.
    pub canary: String,
    /// The name in EHLO; `null` means the literal of the source address.
    pub helo: Option<String>,
    /// The domains that the servers take mail for.
    pub local_domains: Vec<String>,
    /// A local part that exists there.
    pub local_user: String,
    /// True when the auditor named no domain, so that only reserved names were used.
    pub reserved: bool,
}

/// On whose authority a target was contacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuthorityReport {
    /// Where the authority comes from.
    pub source: Source,
    /// The scope file.
    pub file: Option<String>,
    /// Who authorised it.
    pub authorized_by: Option<String>,
    /// The last day of it.
    pub expires: Option<Date>,
}

/// One authority and the targets that it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Grant {
    /// The authority.
    #[serde(flatten)]
    pub authority: AuthorityReport,
    /// The targets, `name:port` or `address:port`; of a sweep the ranges, without ports.
    pub targets: Vec<String>,
}

/// A mail host that is listed and left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotProbed {
    /// The mail domain that names it.
    pub domain: String,
    /// Its host name.
    pub host: String,
    /// Its address, if it has one.
    pub address: Option<IpAddr>,
    /// Why it is left alone.
    pub why: String,
}

/// Hosts, counted by verdict and by grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Summary {
    pub hosts: usize,
    pub open: usize,
    pub conditional: usize,
    pub closed: usize,
    pub inconclusive: usize,
    pub unreachable: usize,
    /// Hosts, counted by letter; every letter is there.
    pub grades: LetterCounts,
    /// The worst letter of the run, `F` before `N`; `null` without hosts.
    #[schemars(with = "Option<words::Letter>")]
    pub worst: Option<&'static str>,
}
