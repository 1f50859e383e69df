//! The report on DNS-based lists: its model, and its forms for machines. The form for readers is in
//! [`terminal`](super::terminal).

mod build;
pub mod csv;
pub mod json;
mod model;

pub use build::ListsDetails;
pub use model::{
    CodeReport, ConfigurationReport, ConfiguredReport, ListFindingReport, ListsReport, ListsRun,
    ListsSummary, NoteReport, RegistryReport, SubjectReport, WordReport, ZoneKindReport,
    ZoneReport,
};

/// The name of the format of the whole report.
pub(super) const SCHEMA: &str = "mxaudit.lists.v1";
/// The name of the format of the first line of JSON Lines.
pub(super) const RUN: &str = "mxaudit.lists-run.v1";
/// The name of the format of a subject's line.
pub(super) const SUBJECT: &str = "mxaudit.lists-subject.v1";

#[cfg(test)]
pub(in crate::report) mod tests;
