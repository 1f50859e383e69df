//! The report of a sweep for a reader: each host that is not plainly closed, and the rest in numbers.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::finding::Severity;
use crate::report::escape::terminal;
use crate::report::model::{HostReport, NotProbed, RunSection, Summary, SweepCounts};

use super::summary::{self, Few, is_inside};
use super::wrap::paragraph;
use super::{Options, diagnostic, drawn};

/// Writes host by host; what it keeps of them does not grow with their number.
#[derive(Debug)]
pub struct SweepWriter {
    options: Options,
    /// Findings of hosts that are not drawn: how many hosts have each.
    others: BTreeMap<(Reverse<Severity>, &'static str), usize>,
    inside: Few,
    is_first: bool,
}

impl SweepWriter {
    /// A writer that has written nothing yet.
    pub fn new(options: Options) -> Self {
        Self { options, others: BTreeMap::new(), inside: Few::default(), is_first: true }
    }

    /// Writes a host: its findings, its summary line, and why it was not judged where it was not. Of
    /// a closed host without a severe finding nothing is written: it is counted.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn host(&mut self, host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
        if self.options.quiet {
            return summary::line(host, out);
        }
        if is_inside(host) {
            self.inside.push(host.target.label());
        }
        let severe = host.findings.iter().any(|finding| finding.severity >= Severity::High);
        let as_expected = host.policy.as_ref().is_none_or(Vec::is_empty);
        if host.relay.verdict == "closed" && !severe && as_expected {
            for finding in &host.findings {
                *self.others.entry((Reverse(finding.severity), finding.id)).or_default() += 1;
            }
            return Ok(());
        }
        if !std::mem::take(&mut self.is_first) {
            writeln!(out)?;
        }
        let width = self.options.width;
        for finding in &host.findings {
            diagnostic::finding(host, finding, out, width)?;
            writeln!(out)?;
        }
        summary::line(host, out)?;
        if let Some(why) = drawn(host).first() {
            let text = format!("    why: {} ({})", why.text, why.reason);
            paragraph(out, &terminal(&text), 6, width)?;
        }
        summary::policy(host, out, width)
    }

    /// Writes the counts, and what stands at the end of every report.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(
        self,
        run: &RunSection,
        not_probed: &[NotProbed],
        (summary, sweep): (Summary, SweepCounts),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let Options { quiet, width } = self.options;
        if quiet {
            return summary::terms(run, out, width);
        }
        if !self.is_first {
            writeln!(out)?;
        }
        writeln!(out, "{}", summary::verdicts(summary))?;
        if summary.hosts > 0 {
            paragraph(out, &format!("grades: {}", letters(summary)), 2, width)?;
        }
        if !self.others.is_empty() {
            let others = self.others.iter().map(|((Reverse(severity), id), hosts)| {
                format!("{} {id} ({})", summary::counted(*hosts, "host"), severity.as_str())
            });
            let others = others.collect::<Vec<_>>().join(", ");
            paragraph(out, &format!("closed, with findings: {others}"), 2, width)?;
        }
        paragraph(out, &jobs(summary, sweep), 2, width)?;
        summary::close(run, not_probed, &self.inside, out, width)
    }
}

/// The letters that some host has, best first.
fn letters(summary: Summary) -> String {
    let grades = summary.grades;
    let letters = [
        (grades.a_plus, "A+"),
        (grades.a, "A"),
        (grades.b, "B"),
        (grades.c, "C"),
        (grades.d, "D"),
        (grades.n, "N"),
        (grades.f, "F"),
    ];
    let some = letters.iter().filter(|(hosts, _)| *hosts > 0);
    some.map(|(hosts, letter)| format!("{hosts} {letter}")).collect::<Vec<_>>().join(", ")
}

/// What became of all addresses and ports.
fn jobs(summary: Summary, sweep: SweepCounts) -> String {
    let hosts = u64::try_from(summary.hosts).unwrap_or(u64::MAX);
    let counts = [
        (hosts, "took a connection"),
        (sweep.dark.refused, "refused it"),
        (sweep.dark.timeout, "gave no answer"),
        (sweep.dark.unreachable, "could not be reached"),
        (sweep.not_asked, "not asked"),
        (sweep.errors, "of these failed on this side"),
    ];
    let some = counts.iter().filter(|(jobs, _)| *jobs > 0);
    let some: Vec<_> = some.map(|(jobs, what)| format!("{jobs} {what}")).collect();
    let plural = if sweep.jobs == 1 { "" } else { "s" };
    format!(
        "{} address{} and port{plural}: {}",
        sweep.jobs,
        if sweep.jobs == 1 { "" } else { "es" },
        some.join(", ")
    )
}
