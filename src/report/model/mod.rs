//! The model of a report. Writers read this and nothing else.
//!
//! The field names and words of a version may grow, never change.

mod dialogue;
mod grade;
mod host;
mod matrix;
mod messages;
mod pop;
mod run;
mod tally;
mod v1;

pub use run::RunDetails;
pub(in crate::report) use run::day_of;
pub use tally::{HostCounts, Tally, UnknownWord};
pub(in crate::report) use v1::words;
pub use v1::{
    ArrivalReport, AuthorityReport, BaselineReport, BaselineStanding, CategoryReport,
    CategoryStanding, CheckReport, CheckWord, ConnectionReport, ControlReport, CoverageReport,
    DarkCounts, DialFailureReport, DialogueLine, EnvelopeReport, ExchangeReport, ExplanationReport,
    FindingReport, GradeReasonReport, GradeReport, Grant, HostReport, HostVantage, IdentityReport,
    LetterCounts, MatrixCellReport, MatrixReport, MatrixRowReport, MessageReport, NotProbed,
    OwnProbe, Place, PolicyReport, PolicySection, PolicyViolation, PopCheckReport,
    PopExchangeReport, PopLoginReport, PopReport, PopWindowReport, ProbeReport, ProofCounts,
    RelayReport, RunKey, RunLists, RunProfile, RunReport, RunSection, Seconds, ServerReport,
    SeverityCounts, Summary, SuppressionMark, SuppressionReport, SuppressionStanding, SweepCounts,
    SweepSummary, TargetReport, TlsReport, Tool, Totals, VantageReport,
};
pub(crate) use v1::{PROGRAM, SCHEMA};
