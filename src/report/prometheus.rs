//! The report as metrics, in the text format of Prometheus, for the textfile collector of node_exporter.
//!
//! A host has the labels `host`, `address` and `port`. Its verdict is a set of states, of which exactly one is 1:
//! `mxaudit_host_verdict{verdict="open"} == 1` finds open relays, and
//! `mxaudit_host_verdict{verdict="closed"} == 0` whatever is not known to be closed. What is not known has no
//! sample: neither a score nor a count of listings is ever made up.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use jiff::Timestamp;

use super::escape;
use super::model::{HostReport, RunReport, RunSection, Summary, SuppressionStanding, SweepCounts};
use crate::finding::Severity;
use crate::grade::Letter;
use crate::verdict::Verdict;

/// The verdicts, the worst first.
const VERDICTS: [Verdict; 5] = [
    Verdict::Open,
    Verdict::Conditional,
    Verdict::Inconclusive,
    Verdict::Unreachable,
    Verdict::Closed,
];
const LETTERS: [Letter; 7] =
    [Letter::F, Letter::N, Letter::D, Letter::C, Letter::B, Letter::A, Letter::APlus];
const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// What tells hosts apart.
type Target = (IpAddr, u16, String);

/// What is kept of a host until the end, since the samples of one metric stand together: about 100 bytes beside its
/// name.
#[derive(Clone, Debug)]
struct Row {
    verdict: &'static str,
    letter: &'static str,
    score: Option<u32>,
    coverage: u32,
    planned: usize,
    judged: usize,
    findings: [usize; SEVERITIES.len()],
    /// Those of them that do not count because a baseline knows them, and because they are suppressed.
    set_aside: [usize; 2],
    violations: Option<usize>,
    listings: Option<usize>,
}

/// Collects hosts and writes them at the end.
#[derive(Debug, Default)]
pub struct Writer {
    rows: BTreeMap<Target, Row>,
}

/// Writes a whole report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::default();
    for host in &report.hosts {
        writer.host(host);
    }
    writer.end(&report.run, &report.summary, report.sweep.as_ref(), out)
}

impl Writer {
    /// Takes note of a host. Of two reports on one target the worse verdict counts: a series may stand there once.
    pub fn host(&mut self, host: &HostReport) {
        let target = &host.target;
        let name = target.name.clone().unwrap_or_default();
        let row = Row::of(host);
        let rank = |row: &Row| VERDICTS.iter().position(|one| one.as_str() == row.verdict);
        let key = (target.address, target.port, name);
        if self.rows.get(&key).is_none_or(|known| rank(&row) < rank(known)) {
            self.rows.insert(key, row);
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(
        self,
        run: &RunSection,
        summary: &Summary,
        sweep: Option<&SweepCounts>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut out = Metrics { out };
        out.run(run, summary, sweep)?;
        out.hosts(&self.rows)?;
        out.terms(&self.rows, run)
    }
}

impl Row {
    fn of(host: &HostReport) -> Self {
        let of = |severity: Severity| {
            host.findings.iter().filter(|finding| finding.severity == severity).count()
        };
        let words = || host.lists.iter().flat_map(|subject| &subject.words);
        let listed = words().filter(|word| word.word == "listed").count();
        let known = host.lists.iter().all(|subject| subject.standing != "unknown");
        Self {
            verdict: host.relay.verdict,
            letter: host.grade.letter,
            score: host.grade.score,
            coverage: host.grade.coverage,
            planned: host.relay.coverage.planned,
            judged: host.relay.coverage.judged,
            findings: SEVERITIES.map(of),
            set_aside: [false, true].map(|suppressed| {
                let aside = host.findings.iter().filter(|finding| !finding.counts());
                aside.filter(|finding| finding.suppression.is_some() == suppressed).count()
            }),
            violations: host.policy.as_ref().map(Vec::len),
            listings: (!host.lists.is_empty() && (known || listed > 0)).then_some(listed),
        }
    }
}

/// What metrics are written to.
struct Metrics<'a> {
    out: &'a mut dyn Write,
}

impl Metrics<'_> {
    fn head(&mut self, name: &str, help: &str) -> io::Result<()> {
        writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} gauge")
    }

    fn run(
        &mut self,
        run: &RunSection,
        summary: &Summary,
        sweep: Option<&SweepCounts>,
    ) -> io::Result<()> {
        let times = [
            ("mxaudit_run_start_time_seconds", "When the run began, in Unix time.", &run.started),
            ("mxaudit_run_end_time_seconds", "When the run ended, in Unix time.", &run.finished),
        ];
        for (name, help, time) in times {
            // A time that cannot be read has no sample.
            if let Ok(time) = time.parse::<Timestamp>() {
                self.head(name, help)?;
                writeln!(self.out, "{name} {}", time.as_second())?;
            }
        }
        self.head(
            "mxaudit_run_complete",
            "1 where the run came to its end, 0 where it was cut short.",
        )?;
        writeln!(self.out, "mxaudit_run_complete {}", u8::from(!run.interrupted))?;
        self.head("mxaudit_hosts", "Hosts by their verdict.")?;
        let counts = [
            summary.open,
            summary.conditional,
            summary.inconclusive,
            summary.unreachable,
            summary.closed,
        ];
        for (verdict, count) in VERDICTS.iter().zip(counts) {
            writeln!(self.out, "mxaudit_hosts{{verdict=\"{}\"}} {count}", verdict.as_str())?;
        }
        let Some(sweep) = sweep else { return Ok(()) };
        let dark = [
            ("refused", sweep.dark.refused),
            ("timeout", sweep.dark.timeout),
            ("unreachable", sweep.dark.unreachable),
        ];
        self.head("mxaudit_dark_ports", "Ports that took no connection, by the reason.")?;
        for (reason, count) in dark {
            writeln!(self.out, "mxaudit_dark_ports{{reason=\"{reason}\"}} {count}")?;
        }
        let help =
            "Ports that nobody asked, or that are still to be asked; nothing is known of them.";
        self.head("mxaudit_ports_not_asked", help)?;
        writeln!(self.out, "mxaudit_ports_not_asked {}", sweep.not_asked)?;
        self.head("mxaudit_ports_failed", "Those of them that failed on this side.")?;
        writeln!(self.out, "mxaudit_ports_failed {}", sweep.errors)
    }

    fn hosts(&mut self, rows: &BTreeMap<Target, Row>) -> io::Result<()> {
        let help = "The verdict: 1 for the one that holds, 0 for each other one.";
        self.family(rows, "mxaudit_host_verdict", help, |row| {
            let holds = |one: &str| if one == row.verdict { "1" } else { "0" };
            let states = VERDICTS.iter().map(|one| one.as_str());
            states.map(|one| (format!(",verdict=\"{one}\""), holds(one).to_owned())).collect()
        })?;
        let help = "The letter of the grade: 1 for the one that holds, 0 for each other one. N is not graded.";
        self.family(rows, "mxaudit_host_grade", help, |row| {
            let holds = |one: &str| if one == row.letter { "1" } else { "0" };
            let states = LETTERS.iter().map(|one| one.as_str());
            states.map(|one| (format!(",grade=\"{one}\""), holds(one).to_owned())).collect()
        })?;
        let help = "The score of the grade, 0 to 100; absent where nothing could be judged.";
        self.family(rows, "mxaudit_host_score", help, |row| {
            row.score.map(|score| (String::new(), score.to_string())).into_iter().collect()
        })?;
        let help = "How much of what the grade asks for was tested, 0 to 1.";
        self.family(rows, "mxaudit_host_coverage_ratio", help, |row| {
            vec![(String::new(), (f64::from(row.coverage) / 100.0).to_string())]
        })?;
        let help = "Relay probes by state: planned, and judged among them.";
        self.family(rows, "mxaudit_host_probes", help, |row| {
            let states = [("planned", row.planned), ("judged", row.judged)];
            states.map(|(state, count)| (format!(",state=\"{state}\""), count.to_string())).to_vec()
        })?;
        self.family(rows, "mxaudit_host_findings", "Findings by severity.", |row| {
            let counts = SEVERITIES.iter().zip(row.findings);
            let label = |severity: &Severity| format!(",severity=\"{}\"", severity.as_str());
            counts.map(|(severity, count)| (label(severity), count.to_string())).collect()
        })?;
        let help = "Block lists that list the host or its domain; at least so many where some said nothing; absent \
                    where they were not asked, and where none lists it and some said nothing.";
        self.family(rows, "mxaudit_host_listings", help, |row| {
            row.listings.map(|count| (String::new(), count.to_string())).into_iter().collect()
        })
    }

    /// What does not count for the exit code, in runs that have a baseline or suppressions.
    fn terms(&mut self, rows: &BTreeMap<Target, Row>, run: &RunSection) -> io::Result<()> {
        let terms =
            [("baseline", run.baseline.is_some()), ("suppressed", !run.suppressions.is_empty())];
        let help = "Those of the findings that do not count for the exit code, by the reason.";
        self.family(rows, "mxaudit_host_findings_set_aside", help, |row| {
            let counts = terms.iter().zip(row.set_aside).filter(|((_, asked), _)| *asked);
            let label = |word: &str| format!(",reason=\"{word}\"");
            counts.map(|((word, _), count)| (label(word), count.to_string())).collect()
        })?;
        let help =
            "What of the host is not as the policy expects, counted; what is not known is not.";
        self.family(rows, "mxaudit_host_policy_violations", help, |row| {
            row.violations.map(|count| (String::new(), count.to_string())).into_iter().collect()
        })?;
        if let Some(policy) = &run.policy {
            self.head("mxaudit_policy_met", "1 where all hosts and the run are as expected.")?;
            let (name, met) = (label_value(&policy.name), u8::from(policy.met));
            let version = policy.version;
            writeln!(
                self.out,
                "mxaudit_policy_met{{name=\"{name}\",version=\"{version}\"}} {met}"
            )?;
        }
        if run.suppressions.is_empty() {
            return Ok(());
        }
        self.head("mxaudit_suppressions", "Suppressions by what they do in this run.")?;
        let standings = [
            ("in-force", SuppressionStanding::InForce),
            ("expired", SuppressionStanding::Expired),
            ("unmatched", SuppressionStanding::Unmatched),
        ];
        for (word, standing) in standings {
            let count = run.suppressions.iter().filter(|one| one.standing == standing).count();
            writeln!(self.out, "mxaudit_suppressions{{standing=\"{word}\"}} {count}")?;
        }
        Ok(())
    }

    /// All samples of one metric; none is written where no host has one.
    fn family(
        &mut self,
        rows: &BTreeMap<Target, Row>,
        name: &str,
        help: &str,
        samples: impl Fn(&Row) -> Vec<(String, String)>,
    ) -> io::Result<()> {
        let mut begun = false;
        for ((address, port, host), row) in rows {
            let host = label_value(host);
            for (labels, value) in samples(row) {
                if !std::mem::replace(&mut begun, true) {
                    self.head(name, help)?;
                }
                let target = format!("host=\"{host}\",address=\"{address}\",port=\"{port}\"");
                writeln!(self.out, "{name}{{{target}{labels}}} {value}")?;
            }
        }
        Ok(())
    }
}

/// A text between the quotes of a label: backslashes, quotes and line ends escaped, and what a terminal would obey
/// made visible before.
fn label_value(text: &str) -> String {
    escape::terminal(text).replace('\\', "\\\\").replace('"', "\\\"")
}
