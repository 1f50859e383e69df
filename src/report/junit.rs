//! The report as JUnit XML: a suite for each host and in it a case for the verdict, for each probe and for each
//! finding that no probe made.
//!
//! | what came of it | the case |
//! |---|---|
//! | refused, or wants a login; `closed` | passes |
//! | accepted, or delivered; `open`, `conditional`; a finding above `info`; a policy that is violated | `failure` |
//! | deferred, wants TLS, taken and not seen to arrive, undecided; `inconclusive`, `unreachable` | `error` |
//! | not run; a finding that a baseline knows or that is suppressed, with the reason | `skipped` |
//!
//! A suite whose probes were all skipped is no success: the case of its verdict is an error. The last suite is that
//! of the run: an `error` where it was cut short, met nobody or left ports unasked.

use std::fmt::Write as _;
use std::io::{self, Write};

use quick_xml::Writer as Xml;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::escape;
use super::gaps::gaps;
use super::model::{
    DialogueLine, FindingReport, HostReport, NotProbed, PolicyViolation, ProbeReport, RunReport,
    RunSection, SweepCounts,
};
use crate::finding::Severity;

/// What came of a case.
enum Result {
    Pass,
    Failure(String, String),
    Error(String, String),
    Skipped(String),
}

/// One case.
struct Case {
    name: String,
    result: Result,
}

/// Writes hosts as they come.
pub struct Writer<W: Write> {
    xml: Xml<W>,
    /// Such as `2026-01-31T12:00:00`, in UTC; the form has no place for a zone.
    timestamp: String,
    suites: usize,
}

/// Writes a whole report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::begin(&report.run, out)?;
    for host in &report.hosts {
        writer.host(host)?;
    }
    writer.end(&report.run, &report.not_probed, report.sweep.as_ref()).map(|_| ())
}

impl<W: Write> Writer<W> {
    /// Begins the document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(run: &RunSection, out: W) -> io::Result<Self> {
        let mut xml = Xml::new_with_indent(out, b' ', 2);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let suites = BytesStart::new("testsuites").with_attributes([("name", "mxaudit")]);
        xml.write_event(Event::Start(suites))?;
        let timestamp = visible(run.started.get(..19).unwrap_or(&run.started));
        Ok(Self { xml, timestamp, suites: 0 })
    }

    /// Writes the suite of a host.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn host(&mut self, host: &HostReport) -> io::Result<()> {
        let target = &host.target;
        let name = match &target.name {
            // One name may stand for several addresses.
            Some(_) => visible(&format!("{} ({})", target.label(), target.address)),
            None => visible(&target.label()),
        };
        let mut cases = vec![verdict(host)];
        cases.extend(host.probes.iter().map(|probe| of_probe(host, probe)));
        let is_own = |finding: &&FindingReport| finding.code.is_none() || !finding.counts();
        cases.extend(host.findings.iter().filter(is_own).map(of_finding));
        cases.extend(host.policy.as_deref().map(of_policy));
        let grade = &host.grade;
        let properties = [
            ("verdict", host.relay.verdict.to_owned()),
            ("proof", host.relay.proof.to_owned()),
            ("grade", grade.letter.to_owned()),
            ("policy", format!("{} {}", visible(&grade.policy.name), grade.policy.version)),
        ];
        self.suite(&name, &host.target.address.to_string(), &properties, &cases)
    }

    fn suite(
        &mut self,
        name: &str,
        address: &str,
        properties: &[(&str, String)],
        cases: &[Case],
    ) -> io::Result<()> {
        let count = |wanted: fn(&Result) -> bool| {
            cases.iter().filter(|case| wanted(&case.result)).count().to_string()
        };
        let suite = BytesStart::new("testsuite").with_attributes([
            ("name", name),
            ("id", self.suites.to_string().as_str()),
            ("package", "mxaudit"),
            ("hostname", address),
            ("timestamp", self.timestamp.as_str()),
            ("time", "0"),
            ("tests", cases.len().to_string().as_str()),
            ("failures", count(|result| matches!(result, Result::Failure(..))).as_str()),
            ("errors", count(|result| matches!(result, Result::Error(..))).as_str()),
            ("skipped", count(|result| matches!(result, Result::Skipped(_))).as_str()),
        ]);
        self.suites += 1;
        self.xml.write_event(Event::Start(suite))?;
        self.xml.write_event(Event::Start(BytesStart::new("properties")))?;
        for (name, value) in properties {
            let property = BytesStart::new("property")
                .with_attributes([("name", *name), ("value", value.as_str())]);
            self.xml.write_event(Event::Empty(property))?;
        }
        self.xml.write_event(Event::End(BytesEnd::new("properties")))?;
        for case in cases {
            self.case(name, case)?;
        }
        self.xml.write_event(Event::End(BytesEnd::new("testsuite")))
    }

    fn case(&mut self, class: &str, case: &Case) -> io::Result<()> {
        let start = BytesStart::new("testcase").with_attributes([
            ("classname", class),
            ("name", case.name.as_str()),
            ("time", "0"),
        ]);
        let (element, message, text) = match &case.result {
            Result::Pass => return self.xml.write_event(Event::Empty(start)),
            Result::Failure(message, text) => ("failure", message, text.as_str()),
            Result::Error(message, text) => ("error", message, text.as_str()),
            Result::Skipped(message) => ("skipped", message, ""),
        };
        self.xml.write_event(Event::Start(start))?;
        let inner =
            BytesStart::new(element).with_attributes([("message", visible(message).as_str())]);
        if text.is_empty() {
            self.xml.write_event(Event::Empty(inner))?;
        } else {
            self.xml.write_event(Event::Start(inner))?;
            let lines: Vec<_> = text.lines().map(visible).collect();
            self.xml.write_event(Event::Text(BytesText::new(&lines.join("\n"))))?;
            self.xml.write_event(Event::End(BytesEnd::new(element)))?;
        }
        self.xml.write_event(Event::End(BytesEnd::new("testcase")))
    }

    /// Ends the document with the suite of the run.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(
        mut self,
        run: &RunSection,
        not_probed: &[NotProbed],
        sweep: Option<&SweepCounts>,
    ) -> io::Result<W> {
        let gaps = gaps(run, self.suites, sweep);
        let of_run = |name: &'static str| {
            let gap = gaps.iter().find(|(gap, _)| *gap == name);
            let result =
                gap.map_or(Result::Pass, |(_, text)| Result::Error(text.clone(), String::new()));
            Case { name: name.into(), result }
        };
        let mut cases: Vec<_> = ["ended", "met", "asked"].map(of_run).into();
        cases.extend(not_probed.iter().map(|one| Case {
            name: visible(&format!("{} of {}", one.host, one.domain)),
            result: Result::Skipped(format!("left alone: {}", one.why)),
        }));
        cases.extend(run.policy.as_ref().map(|policy| match policy.hosts {
            0 => {
                let text = "no host was held to the policy".to_owned();
                Case { name: "policy".into(), result: Result::Error(text, String::new()) }
            }
            _ => of_policy(&policy.violations),
        }));
        let properties = [("profile", word(&run.profile)), ("seed", run.seed.to_string())];
        self.suite("run", "", &properties, &cases)?;
        self.xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
        let mut out = self.xml.into_inner();
        writeln!(out)?;
        Ok(out)
    }
}

/// The word that JSON has for a value.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The text without what XML 1.0 does not allow or a terminal would obey, both made visible.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in escape::terminal(text).chars() {
        if matches!(c, '\u{fffe}' | '\u{ffff}') {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

fn verdict(host: &HostReport) -> Case {
    let relay = &host.relay;
    let message = format!("{}: {}", relay.verdict, relay.reasons.join(", "));
    let mut text = String::new();
    for why in &relay.explanations {
        let _ = writeln!(text, "{}: {}", why.reason, why.text);
        if !why.remedy.is_empty() {
            let _ = writeln!(text, "  to do: {}", why.remedy);
        }
        dialogue(&mut text, &why.dialogue);
    }
    let result = match relay.verdict {
        "closed" => Result::Pass,
        "open" | "conditional" => Result::Failure(message, text),
        _ => Result::Error(message, text),
    };
    Case { name: "verdict".into(), result }
}

fn of_probe(host: &HostReport, probe: &ProbeReport) -> Case {
    let name = visible(&format!("{} {}", probe.code, probe.id));
    let outcome = match probe.reason {
        Some(reason) => format!("{} ({reason})", probe.outcome),
        None => probe.outcome.to_owned(),
    };
    let result = match probe.outcome {
        "refused" | "auth-required" => Result::Pass,
        "accepted-recipient" | "delivered" => {
            let is_its = |finding: &&FindingReport| finding.code.as_deref() == Some(&probe.code);
            let text = host.findings.iter().find(is_its).map(claim).unwrap_or_default();
            Result::Failure(outcome, if text.is_empty() { sent(probe) } else { text })
        }
        "not-run" => {
            let remedy = probe.remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default();
            Result::Skipped(format!("{outcome}{remedy}"))
        }
        _ => Result::Error(outcome, sent(probe)),
    };
    Case { name, result }
}

/// The envelope of a probe.
fn sent(probe: &ProbeReport) -> String {
    let Some(envelope) = &probe.envelope else { return String::new() };
    let helo = envelope.helo.as_deref().unwrap_or("(our own name)");
    format!("EHLO {helo}\nMAIL FROM:<{}>\nRCPT TO:<{}>", envelope.mail_from, envelope.rcpt_to)
}

fn of_finding(finding: &FindingReport) -> Case {
    let message = format!("{}: {}", finding.severity.as_str(), finding.title);
    let result = match finding.severity {
        _ if !finding.counts() => {
            let why = finding.set_aside().unwrap_or_default();
            Result::Skipped(format!("{message}; does not count: {why}"))
        }
        Severity::Info => Result::Pass,
        _ => Result::Failure(message, claim(finding)),
    };
    Case { name: finding.id.to_owned(), result }
}

/// Whether all is as a policy expects.
fn of_policy(violations: &[PolicyViolation]) -> Case {
    let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
    let result = match lines.as_slice() {
        [] => Result::Pass,
        _ => Result::Failure("the policy is violated".to_owned(), lines.join("\n")),
    };
    Case { name: "policy".into(), result }
}

/// What is claimed, the dialogue behind it, and the fix.
fn claim(finding: &FindingReport) -> String {
    let mut text = format!("{}\n", finding.summary);
    dialogue(&mut text, &finding.dialogue);
    for note in &finding.notes {
        let _ = writeln!(text, "note: {note}");
    }
    for (server, fix) in &finding.fix {
        let _ = writeln!(text, "fix: {server}: {fix}");
    }
    if finding.fix.is_empty() {
        let _ = writeln!(text, "fix: {}", finding.remedy);
    }
    if let Some(command) = &finding.reproduce {
        let _ = writeln!(text, "reproduce: {command}");
    }
    text
}

fn dialogue(text: &mut String, lines: &[DialogueLine]) {
    for line in lines {
        let _ = write!(text, "{:>4} {}: {}", line.line, line.direction, line.text);
        if let Some(mark) = &line.mark {
            let _ = write!(text, "    <-- {mark}");
        }
        text.push('\n');
    }
}
