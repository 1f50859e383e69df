//! The report for a reader: compiler diagnostics drawn over the SMTP dialogue.
//!
//! Colours are ANSI sequences in the stream; the caller wraps a stream that is no terminal with
//! `anstream`, which takes them out.

mod diagnostic;
mod grade;
pub mod lists;
mod matrix;
mod pop;
mod style;
mod summary;
mod sweep;
mod wrap;

use std::io::{self, Write};

pub use sweep::SweepWriter;

use super::model::{HostReport, RunReport};

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Write the summary line of each host and nothing else.
    pub quiet: bool,
    /// The columns that text is wrapped to. Dialogue and command lines are never wrapped.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { quiet: false, width: 100 }
    }
}

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &RunReport, out: &mut dyn Write, options: Options) -> io::Result<()> {
    for (at, host) in report.hosts.iter().enumerate() {
        if options.quiet {
            summary::line(host, out)?;
            continue;
        }
        if at > 0 {
            writeln!(out)?;
        }
        write_host(host, out, options.width)?;
    }
    if options.quiet {
        return summary::terms(&report.run, out, options.width);
    }
    summary::of_run(report, out, options.width)
}

/// Writes what is known of one host: its findings or what kept it from being judged, then its
/// summary line, its grade and the probes that did not run.
fn write_host(host: &HostReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    for finding in &host.findings {
        diagnostic::finding(host, finding, out, width)?;
        writeln!(out)?;
    }
    for explanation in drawn(host) {
        diagnostic::explanation(host, explanation, out, width)?;
        writeln!(out)?;
    }
    summary::line(host, out)?;
    grade::write(&host.grade, out, width)?;
    lists::of_host(&host.lists, out, width)?;
    if let Some(matrix) = &host.relay_matrix {
        matrix::write(matrix, out, width)?;
    }
    if let Some(pop) = &host.pop_before_smtp {
        pop::write(pop, out, width)?;
    }
    summary::policy(host, out, width)?;
    summary::not_run(host, out, width)?;
    summary::messages(host, out, width)
}

/// The explanations that are drawn: those of a host about which no more is known.
fn drawn(host: &HostReport) -> &[super::model::ExplanationReport] {
    match host.relay.verdict {
        "inconclusive" | "unreachable" => &host.relay.explanations,
        _ => &[],
    }
}
