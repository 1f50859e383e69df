//! The report on lists as one JSON document, and as JSON Lines: the run, then each subject.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, PrettyFormatter};

use super::model::{
    ConfigurationReport, ListFindingReport, ListsReport, ListsRun, ListsSummary, SubjectReport,
    ZoneReport,
};
use super::{RUN, SUBJECT};
use crate::report::json::serialize;
use crate::report::model::Tool;

/// One line.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::report) enum Line<'a> {
    /// The run.
    Run(RunLine<'a>),
    /// A subject.
    Subject(SubjectLine<'a>),
}

/// What is known of the run beside its subjects.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct RunLine<'a> {
    /// The name of this format.
    #[schemars(extend("const" = RUN))]
    schema: &'static str,
    /// What wrote it.
    tool: &'a Tool,
    /// What the lines have in common.
    run: &'a ListsRun,
    /// What is wrong with the resolver.
    resolver_findings: &'a [ListFindingReport],
    /// Every list that was wanted.
    zones: &'a [ZoneReport],
    /// Configuration files whose lists were judged.
    configurations: &'a [ConfigurationReport],
    /// Counts.
    summary: ListsSummary,
}

/// One address or domain of a run.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct SubjectLine<'a> {
    /// The name of this format.
    #[schemars(extend("const" = SUBJECT))]
    schema: &'static str,
    /// When the run began that it belongs to, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    started: &'a str,
    #[serde(flatten)]
    subject: &'a SubjectReport,
}

/// Writes the report as indented JSON with a final newline. Characters that a terminal would obey or not show are
/// written as `\uXXXX`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &ListsReport, out: &mut dyn Write) -> io::Result<()> {
    serialize(report, PrettyFormatter::new(), out)
}

/// Writes a line for the run and one for each subject, in the order that they were given in.
///
/// # Errors
/// Those of `out`.
pub fn write_lines(report: &ListsReport, out: &mut dyn Write) -> io::Result<()> {
    let run = RunLine {
        schema: RUN,
        tool: &report.tool,
        run: &report.run,
        resolver_findings: &report.resolver_findings,
        zones: &report.zones,
        configurations: &report.configurations,
        summary: report.summary,
    };
    serialize(&Line::Run(run), CompactFormatter, out)?;
    for subject in &report.subjects {
        let line = SubjectLine { schema: SUBJECT, started: &report.run.started, subject };
        serialize(&Line::Subject(line), CompactFormatter, out)?;
    }
    Ok(())
}
