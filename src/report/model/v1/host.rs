//! One host of version 1 of the report.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::evidence::{Control, DialFault, Stop};
use crate::finding::{Confidence, Severity};
use crate::report::lists::SubjectReport;
use crate::smtp::Phase;
use crate::target::Role;

use super::{
    AuthorityReport, BaselineStanding, GradeReport, MatrixReport, PolicyViolation, PopReport,
    SuppressionMark, words,
};

/// Everything about one host and port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostReport {
    /// What was audited.
    pub target: TargetReport,
    /// What the server says about itself.
    pub server: ServerReport,
    /// Where it was asked from.
    pub vantage: HostVantage,
    /// On whose authority.
    pub authority: Option<AuthorityReport>,
    /// The verdict.
    pub relay: RelayReport,
    /// The grade.
    pub grade: GradeReport,
    /// Every probe of the plan, by axis and code.
    pub probes: Vec<ProbeReport>,
    /// Every control.
    pub controls: Vec<ControlReport>,
    /// What is claimed, most severe first.
    pub findings: Vec<FindingReport>,
    /// The messages that were sent past RCPT; empty without --confirm.
    pub messages: Vec<MessageReport>,
    /// Every connection, in order.
    pub connections: Vec<ConnectionReport>,
    /// Connections that did not come about.
    pub dial_failures: Vec<DialFailureReport>,
    /// Why the course ended before its plan did.
    pub stopped: Option<Stop>,
    /// What the audit cost the server.
    pub totals: Totals,
    /// Which client may send as whom and to whom; `null` where that was not asked.
    pub relay_matrix: Option<MatrixReport>,
    /// What lists say of its address and of the domains that it takes mail for, where these are known to the world.
    /// The listings are among the findings; those of each subject here are left empty.
    pub lists: Vec<SubjectReport>,
    /// Whether a POP3 login opens the server to its address; `null` where that was not asked.
    pub pop_before_smtp: Option<PopReport>,
    /// What of it is not as the policy expects; only hosts that were held to one have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Vec<PolicyViolation>>,
}

/// One server port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TargetReport {
    /// The host name, if one is known.
    pub name: Option<String>,
    /// The address.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
    /// The service expected there.
    pub role: Role,
    /// The domain for which the server takes mail, if known.
    pub mail_domain: Option<String>,
}

/// What a server says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServerReport {
    /// The names in its greeting and its reply to EHLO.
    pub names: Vec<String>,
    /// The service extensions that it offers.
    pub extensions: Vec<String>,
    /// Those that it offers after STARTTLS; empty where that was not tried.
    pub extensions_in_tls: Vec<String>,
    /// Its first reply; lines are joined by ` | `.
    pub greeting: Option<String>,
}

/// Where one host was asked from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostVantage {
    /// The address that the first connection came from.
    pub source: Option<IpAddr>,
    /// `outside` or `inside`; `null` when there was no connection.
    #[schemars(with = "Option<words::Position>")]
    pub position: Option<&'static str>,
    /// True when the user asserts that it is outside.
    pub asserted: bool,
}

/// The verdict on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RelayReport {
    /// `open`, `conditional`, `inconclusive`, `closed` or `unreachable`.
    #[schemars(with = "words::Verdict")]
    pub verdict: &'static str,
    /// `none`, `suspected`, `probable` or `confirmed`.
    #[schemars(with = "words::Proof")]
    pub proof: &'static str,
    /// The words of the reasons, most important first.
    #[schemars(with = "Vec<words::VerdictReason>")]
    pub reasons: Vec<&'static str>,
    /// The reasons in full, in the same order.
    pub explanations: Vec<ExplanationReport>,
    /// How much was judged.
    pub coverage: CoverageReport,
}

/// One reason in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExplanationReport {
    /// The word.
    #[schemars(with = "words::VerdictReason")]
    pub reason: &'static str,
    /// What it means here.
    pub text: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
    /// The codes of the probes that it stands for.
    pub probes: Vec<String>,
    /// The exchange that shows it best.
    pub evidence: Option<Place>,
    /// The part of the dialogue that a reader needs.
    pub dialogue: Vec<DialogueLine>,
}

/// How much of the plan was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CoverageReport {
    /// Probes that the plan asked for.
    pub planned: usize,
    /// Probes that were accepted or clearly refused.
    pub judged: usize,
    /// Judged probes in a hundred, rounded down.
    pub percent: usize,
}

/// An exchange of a host: `connections[connection].exchanges[exchange]`, both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Place {
    pub connection: usize,
    pub exchange: usize,
}

/// What became of one probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProbeReport {
    /// Its id.
    pub id: String,
    /// Its short code.
    pub code: String,
    /// Its title, if it is in the library that the report is written with.
    pub title: Option<String>,
    /// The outcome word.
    #[schemars(with = "words::Outcome")]
    pub outcome: &'static str,
    /// The reason word, where the outcome has one.
    #[schemars(with = "Option<words::OutcomeReason>")]
    pub reason: Option<&'static str>,
    /// What would let it run, where it did not.
    pub remedy: Option<&'static str>,
    /// How sure the outcome is.
    pub confidence: Confidence,
    /// For an acceptance: whether it repeated, alone on a fresh connection.
    pub repeated: Option<bool>,
    /// What was sent.
    pub envelope: Option<EnvelopeReport>,
    /// The exchange that decides.
    pub evidence: Option<Place>,
}

/// What became of one control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ControlReport {
    /// Which control.
    pub control: Control,
    /// The outcome word.
    #[schemars(with = "words::Outcome")]
    pub outcome: &'static str,
    /// The reason word, where the outcome has one.
    #[schemars(with = "Option<words::OutcomeReason>")]
    pub reason: Option<&'static str>,
    /// What was sent.
    pub envelope: EnvelopeReport,
    /// The exchange that decides.
    pub evidence: Option<Place>,
    /// The lines of the deciding reply.
    pub reply: Option<Vec<String>>,
}

/// The greeting name and the paths of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EnvelopeReport {
    /// The name in EHLO or HELO.
    pub helo: Option<String>,
    /// The reverse-path without brackets; empty is the null reverse-path.
    pub mail_from: String,
    /// The forward-path without brackets.
    pub rcpt_to: String,
}

/// One claim about a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingReport {
    /// The entry of the catalogue.
    #[schemars(with = "words::FindingId")]
    pub id: &'static str,
    /// The entry's title.
    pub title: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// How far relaying is proved, for a claim of relaying.
    #[schemars(with = "Option<words::Proof>")]
    pub proof: Option<&'static str>,
    /// The id of the probe that found it.
    pub probe: Option<String>,
    /// The short code of that probe.
    pub code: Option<String>,
    /// What the server did.
    pub summary: String,
    /// What limits or supports the claim.
    pub notes: Vec<String>,
    /// The codes of other probes that the same cause explains.
    pub also: Vec<String>,
    /// Whether the baseline of the run knows it; only runs with a baseline have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineStanding>,
    /// The suppression that is aimed at it; only findings that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppression: Option<SuppressionMark>,
    /// The exchange that decides it.
    pub evidence: Option<Place>,
    /// The part of the dialogue that a reader needs.
    pub dialogue: Vec<DialogueLine>,
    /// The fix in general.
    pub remedy: &'static str,
    /// The fix for each kind of server.
    #[serde(serialize_with = "as_map")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub fix: Vec<(&'static str, String)>,
    /// RFC sections and manuals.
    pub references: Vec<String>,
    /// The command line that asks the same by hand.
    pub reproduce: Option<String>,
}

/// One line of a connection's dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DialogueLine {
    /// Its number over the whole dialogue of the connection, from 1.
    pub line: usize,
    /// `C` for the client, `S` for the server.
    #[schemars(with = "words::Direction")]
    pub direction: &'static str,
    /// The line; in parentheses what happened in place of a reply.
    pub text: String,
    /// What to write under it, for the deciding line.
    pub mark: Option<String>,
    /// Lines of the same reply that follow and are left out here.
    pub omitted: usize,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectionReport {
    /// Our address and port.
    pub local: SocketAddr,
    /// The server's.
    pub peer: SocketAddr,
    /// What TLS was agreed on; `null` where the whole connection was in the clear.
    pub tls: Option<TlsReport>,
    /// What was said.
    pub exchanges: Vec<ExchangeReport>,
}

/// What TLS was agreed on. The certificates are neither trusted nor refused; the evidence has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsReport {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// How many certificates the server sent.
    pub certificates: usize,
}

/// One command and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExchangeReport {
    /// Where in the session.
    pub phase: Phase,
    /// The command line; `null` where nothing was sent.
    pub sent: Option<String>,
    /// True when it was sent before the answer to the one before it was read.
    pub pipelined: bool,
    /// True inside TLS.
    pub tls: bool,
    /// The lines of the reply.
    pub reply: Option<Vec<String>>,
    /// Why there is no reply.
    pub lost: Option<String>,
    /// Milliseconds to the end of the answer.
    pub elapsed_ms: u64,
}

/// One message that was sent past RCPT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MessageReport {
    /// The id of the probe that it was sent by.
    pub probe: String,
    /// Its code.
    pub code: String,
    /// What it carries: in its header fields Subject, Message-ID and X-Mxaudit-Token, and in its
    /// body.
    pub token: String,
    /// How far it got: the answer to DATA or to the final dot.
    pub evidence: Option<Place>,
    /// What of it came to the canary; `null` where nobody looked.
    pub arrivals: Option<Vec<ArrivalReport>>,
}

/// One arrival at the canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ArrivalReport {
    /// When, in RFC 3339.
    pub at: String,
    /// The address that it came from.
    pub client: Option<IpAddr>,
    /// True for a notification that the message came back.
    pub bounce: bool,
    /// Its Received lines, newest first.
    pub received: Vec<String>,
}

/// A connection that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DialFailureReport {
    /// The kind.
    pub kind: DialFault,
    /// The system's words.
    pub text: String,
}

/// What the audit cost the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Connections that came about.
    pub connections: usize,
    /// Exchanges in which something was sent.
    pub commands: usize,
}

fn as_map<S: Serializer>(
    pairs: &[(&'static str, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, text)| (name, text)))
}
