//! The report as JSON Lines: a line for each host, then one for the run.
//!
//! A host line is a [`HostReport`] with two fields before its own, and the last line is what a
//! [`RunReport`] says beside its hosts:
//!
//! ```text
//! {"schema":"mxaudit.host.v1","run":{"started":"…","seed":7},"target":{…},"server":{…},…}
//! {"schema":"mxaudit.summary.v1","tool":{…},"run":{"started":"…","seed":7,…},"not_probed":[…],"summary":{…}}
//! ```
//!
//! `run.started` and `run.seed` tie the lines of a run together when files of many runs are
//! joined. A file without a last line comes from a run that did not end.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::ser::CompactFormatter;

use super::json;
use super::model::{
    HostReport, NotProbed, RunKey, RunReport, RunSection, Summary, SweepCounts, Tool,
};

/// The name of the format of a host's line.
pub(super) const HOST: &str = "mxaudit.host.v1";
/// The name of the format of the last line.
pub(super) const SUMMARY: &str = "mxaudit.summary.v1";

/// One line.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Line<'a> {
    /// A host.
    Host(HostLine<'a>),
    /// The run.
    Summary(Box<SummaryLine<'a>>),
}

/// One host of a run.
#[derive(Serialize, JsonSchema)]
pub(super) struct HostLine<'a> {
    /// The name of this format.
    #[schemars(extend("const" = HOST))]
    schema: &'static str,
    /// The run that it belongs to.
    run: RunKey<'a>,
    #[serde(flatten)]
    host: &'a HostReport,
}

/// What is known of the run beside its hosts.
#[derive(Serialize, JsonSchema)]
pub(super) struct SummaryLine<'a> {
    /// The name of this format.
    #[schemars(extend("const" = SUMMARY))]
    schema: &'static str,
    /// What wrote it.
    tool: &'a Tool,
    /// What the hosts have in common.
    run: &'a RunSection,
    /// Mail hosts of the named domains that were left alone.
    not_probed: &'a [NotProbed],
    /// Hosts, counted by verdict and by grade.
    summary: Summary,
    /// What a sweep counts beside them; only sweeps have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<SweepCounts>,
}

/// Writes a line for each host, in the order of the targets, and the summary of the run. Characters
/// that a terminal would obey or not show are written as `\uXXXX`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let run = RunKey { started: &report.run.started, seed: report.run.seed };
    for host in &report.hosts {
        out.write_all(&host_line(run, host)?)?;
    }
    write_summary(&report.run, &report.not_probed, (report.summary, report.sweep), out)
}

/// The line of one host.
///
/// # Errors
/// That the report is no JSON, which no report is.
pub fn host_line(run: RunKey<'_>, host: &HostReport) -> io::Result<Vec<u8>> {
    line(&Line::Host(HostLine { schema: HOST, run, host }))
}

/// Writes the last line.
///
/// # Errors
/// Those of `out`.
pub fn write_summary(
    run: &RunSection,
    not_probed: &[NotProbed],
    (summary, sweep): (Summary, Option<SweepCounts>),
    out: &mut dyn Write,
) -> io::Result<()> {
    let tool = &Tool::this();
    let last = SummaryLine { schema: SUMMARY, tool, run, not_probed, summary, sweep };
    out.write_all(&line(&Line::Summary(Box::new(last)))?)
}

fn line(line: &Line<'_>) -> io::Result<Vec<u8>> {
    // JSON is written in very small pieces; the line of a closed host has room.
    let mut bytes = Vec::with_capacity(24 << 10);
    json::serialize(line, CompactFormatter, &mut bytes)?;
    Ok(bytes)
}
