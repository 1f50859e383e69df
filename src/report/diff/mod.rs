//! Two reports compared: what is new, what is fixed, and what can no longer be told.
//!
//! A finding that is not in the newer report is fixed only where that report shows the check to have been asked and
//! answered well. Whatever it is silent about is unknown, and unknown is never fixed.

mod baseline;
mod compare;
mod facts;
mod html;
mod model;
mod told;
mod write;

pub use baseline::Baseline;
pub use compare::compare;
pub use facts::{Document, Facts, HEADS, Head, HostFacts, ReadError};
pub use html::write_html;
pub use model::{
    DiffReport, DiffSummary, FindingChange, HostChange, Presence, Side, Standing, VerdictChange,
};
pub(in crate::report) use told::listing_subject;
pub use write::{write_json, write_terminal};

/// The name of this format.
pub(in crate::report) const SCHEMA: &str = "mxaudit.diff.v1";

#[cfg(test)]
mod tests;
