//! Version 1 of the report, `mxaudit.report.v1`.
//!
//! Texts of a server are escaped ASCII: bytes outside printable ASCII are `\xNN`, a backslash is
//! `\\`. Other texts are as they were given.

mod grade;
mod host;
mod matrix;
mod policy;
mod pop;
mod run;
mod sweep;
mod terms;
pub(in crate::report) mod words;

pub use grade::{
    CategoryReport, CategoryStanding, CheckReport, CheckWord, GradeReasonReport, GradeReport,
    LetterCounts, PolicyReport,
};
pub use host::{
    ArrivalReport, ConnectionReport, ControlReport, CoverageReport, DialFailureReport,
    DialogueLine, EnvelopeReport, ExchangeReport, ExplanationReport, FindingReport, HostReport,
    HostVantage, MessageReport, Place, ProbeReport, RelayReport, ServerReport, TargetReport,
    TlsReport, Totals,
};
pub use matrix::{MatrixCellReport, MatrixReport, MatrixRowReport};
pub use policy::{PolicySection, PolicyViolation};
pub use pop::{
    PopCheckReport, PopExchangeReport, PopLoginReport, PopReport, PopWindowReport, Seconds,
};
pub use run::{
    AuthorityReport, Grant, IdentityReport, NotProbed, OwnProbe, RunLists, RunReport, RunSection,
    Summary, Tool, VantageReport,
};
pub(crate) use run::{PROGRAM, SCHEMA};
pub use sweep::{
    DarkCounts, ProofCounts, RunKey, RunProfile, SeverityCounts, SweepCounts, SweepSummary,
};
pub use terms::{
    BaselineReport, BaselineStanding, SuppressionMark, SuppressionReport, SuppressionStanding,
};
