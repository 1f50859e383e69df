//! The model of a report. Writers read this and nothing else.
//!
//! The field names and words of a version may grow, never change.

mod dialogue;
mod host;
mod run;
mod v1;

pub use run::RunDetails;
pub use v1::{
    AuthorityReport, ConnectionReport, ControlReport, CoverageReport, DialFailureReport,
    DialogueLine, EnvelopeReport, ExchangeReport, ExplanationReport, FindingReport, Grant,
    HostReport, HostVantage, IdentityReport, NotProbed, Place, ProbeReport, RelayReport, RunReport,
    RunSection, ServerReport, Summary, TargetReport, Tool, Totals, VantageReport,
};
pub(crate) use v1::{PROGRAM, SCHEMA};
