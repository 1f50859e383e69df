//! The report as SARIF 2.1.0 (OASIS), for code scanning and whatever else reads results of analysis.
//!
//! The rules are all entries of the finding catalogue, and one for what a policy expects in vain. A result is a
//! finding, or such an expectation; its location is the deciding line of
//! the dialogue of its connection, numbered as in every other report, and its snippets hold that line and what
//! stands around it, so that nothing else has to be stored. What a host's `address:port` and check have in
//! `partialFingerprints` stays the same from run to run.
//!
//! A host about which nothing is known for sure has no result, which would read as a clean bill: it is a
//! notification of the level `error`, and `executionSuccessful` is false. So it is with a run that met nobody, was
//! cut short or left ports unasked.

use std::io::{self, Write};

use serde_json::ser::CompactFormatter;
use serde_json::{Value, json};

use super::gaps::gaps;
use super::json::serialize;
use super::model::{
    BaselineStanding, FindingReport, HostReport, NotProbed, PolicyViolation, RunReport, RunSection,
    SweepCounts, Tool,
};
use crate::finding::{Severity, catalogue};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The rule of expectations that are not met.
const POLICY: &str = "policy-violated";

/// Writes hosts as they come; of those that are not known it keeps a line each until the end.
pub struct Writer<W: Write> {
    out: W,
    begun: bool,
    hosts: usize,
    unknown: Vec<Value>,
}

/// Writes a whole report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::begin(out)?;
    for host in &report.hosts {
        writer.host(host)?;
    }
    writer.end(&report.run, &report.not_probed, report.sweep.as_ref()).map(|_| ())
}

impl<W: Write> Writer<W> {
    /// Begins the log.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(mut out: W) -> io::Result<Self> {
        write!(out, "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":")?;
        compact(&tool(), &mut out)?;
        writeln!(out, ",\"columnKind\":\"unicodeCodePoints\",\"results\":[")?;
        Ok(Self { out, begun: false, hosts: 0, unknown: Vec::new() })
    }

    /// Writes the results of a host.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn host(&mut self, host: &HostReport) -> io::Result<()> {
        self.hosts += 1;
        if matches!(host.relay.verdict, "inconclusive" | "unreachable") {
            self.unknown.push(notification(host));
        }
        for finding in &host.findings {
            self.result(&result(host, finding))?;
        }
        let locations = json!([{ "logicalLocations": logical(host) }]);
        let socket = std::net::SocketAddr::new(host.target.address, host.target.port).to_string();
        let mut violations = host.policy.iter().flatten();
        violations.try_for_each(|one| self.result(&of_policy(one, &socket, &locations)))
    }

    fn result(&mut self, result: &Value) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            self.out.write_all(b",")?;
        }
        compact(result, &mut self.out)
    }

    /// Ends the log.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(
        mut self,
        run: &RunSection,
        not_probed: &[NotProbed],
        sweep: Option<&SweepCounts>,
    ) -> io::Result<W> {
        let violations = run.policy.iter().flat_map(|policy| &policy.violations);
        for one in violations {
            self.result(&of_policy(one, "run", &json!([])))?;
        }
        let told =
            |level: &str, text: String| json!({ "level": level, "message": { "text": text } });
        let gaps = gaps(run, self.hosts, sweep);
        self.unknown.extend(gaps.into_iter().map(|(_, text)| told("error", text)));
        let success = self.unknown.is_empty();
        let alone =
            |one: &NotProbed| told("note", format!("{} was left alone: {}", one.host, one.why));
        self.unknown.extend(not_probed.iter().map(alone));
        let invocation = json!({
            "executionSuccessful": success,
            "startTimeUtc": run.started,
            "endTimeUtc": run.finished,
            "toolExecutionNotifications": self.unknown,
        });
        write!(self.out, "],\"invocations\":[")?;
        compact(&invocation, &mut self.out)?;
        writeln!(self.out, "]}}]}}")?;
        Ok(self.out)
    }
}

fn compact(value: &Value, out: &mut impl Write) -> io::Result<()> {
    serialize(value, CompactFormatter, out)
}

fn tool() -> Value {
    let Tool { name, version } = Tool::this();
    let mut rules: Vec<_> = catalogue::entries().map(rule).collect();
    rules.push(json!({
        "id": POLICY,
        "shortDescription": { "text": "something is not as the policy of the user expects" },
        "fullDescription": { "text": "The policy that the run was held to names what is expected. What is not known \
            does not meet it." },
        "help": { "text": "Mend the server, or change the policy and count its version up." },
        "defaultConfiguration": { "level": "error" },
    }));
    json!({ "driver": { "name": name, "semanticVersion": version, "rules": rules } })
}

fn rule(entry: &catalogue::Entry) -> Value {
    let help = match entry.references {
        [] => entry.remedy.to_owned(),
        references => format!("{}\n\nSee {}.", entry.remedy, references.join(", ")),
    };
    json!({
        "id": entry.id,
        "shortDescription": { "text": entry.title },
        "fullDescription": { "text": entry.explanation },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(entry.severity) },
        "properties": { "tags": ["security"], "security-severity": points(entry.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The severity on the scale of CVSS, by which code scanning sorts.
fn points(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn logical(host: &HostReport) -> Value {
    json!([{ "fullyQualifiedName": host.target.label(), "kind": "resource" }])
}

/// An expectation that is not met; `of` is the target, or the run.
fn of_policy(violation: &PolicyViolation, of: &str, locations: &Value) -> Value {
    json!({
        "ruleId": POLICY,
        "level": "error",
        "message": { "text": violation.to_string() },
        "locations": locations,
        "partialFingerprints": { "mxaudit/v1": format!("{POLICY}:{of}:{}", violation.rule) },
    })
}

fn result(host: &HostReport, finding: &FindingReport) -> Value {
    let mut location = json!({ "logicalLocations": logical(host) });
    if let Some(place) = dialogue(host, finding)
        && let Some(location) = location.as_object_mut()
    {
        location.insert("physicalLocation".into(), place);
    }
    let socket = std::net::SocketAddr::new(host.target.address, host.target.port);
    // Numbers in a summary are measured, and others the next time.
    let words = || finding.summary.replace(|c: char| c.is_ascii_digit(), "");
    let what = finding.code.clone().unwrap_or_else(words);
    let mut text = format!("{}: {}", host.target.label(), finding.summary);
    for note in &finding.notes {
        text.push('\n');
        text.push_str(note);
    }
    let fix: serde_json::Map<_, _> =
        finding.fix.iter().map(|(server, fix)| ((*server).to_owned(), json!(fix))).collect();
    let mut result = json!({
        "ruleId": finding.id,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location],
        "partialFingerprints": { "mxaudit/v1": format!("{}:{socket}:{what}", finding.id) },
        "properties": {
            "address": host.target.address,
            "port": host.target.port,
            "verdict": host.relay.verdict,
            "grade": host.grade.letter,
            "severity": finding.severity.as_str(),
            "confidence": finding.confidence.as_str(),
            "proof": finding.proof,
            "remedy": finding.remedy,
            "fix": fix,
            "reproduce": finding.reproduce,
        },
    });
    if let Some(fields) = result.as_object_mut() {
        if let Some(standing) = finding.baseline {
            let state = match standing {
                BaselineStanding::Known => "unchanged",
                BaselineStanding::New => "new",
            };
            fields.insert("baselineState".into(), json!(state));
        }
        if let Some(suppression) = finding.suppression.as_ref().filter(|one| one.in_force) {
            let one = json!({
                "kind": "external",
                "status": "accepted",
                "justification": suppression.reason,
                "properties": { "expires": suppression.expires, "place": suppression.place },
            });
            fields.insert("suppressions".into(), json!([one]));
        }
    }
    result
}

/// The deciding line of the dialogue; `None` for what no dialogue shows, such as a listing.
fn dialogue(host: &HostReport, finding: &FindingReport) -> Option<Value> {
    let connection = finding.evidence?.connection + 1;
    let (first, last) = (finding.dialogue.first()?, finding.dialogue.last()?);
    let marked = finding.dialogue.iter().find(|line| line.mark.is_some()).unwrap_or(last);
    let line = |line: &super::model::DialogueLine| format!("{}: {}", line.direction, line.text);
    let around: Vec<_> = finding.dialogue.iter().map(line).collect();
    // A colon would make the first part of a relative reference a scheme (RFC 3986 section 4.2).
    let address = host.target.address.to_string().replace(':', "_");
    let uri = format!("dialogue/{address}-{}/{connection}.txt", host.target.port);
    Some(json!({
        "artifactLocation": { "uri": uri },
        "region": { "startLine": marked.line, "snippet": { "text": line(marked) } },
        "contextRegion": {
            "startLine": first.line,
            "endLine": last.line + last.omitted,
            "snippet": { "text": around.join("\n") },
        },
    }))
}

fn notification(host: &HostReport) -> Value {
    let why: Vec<_> = host.relay.explanations.iter().map(|why| why.text.as_str()).collect();
    let why = if why.is_empty() { host.relay.reasons.join(", ") } else { why.join("; ") };
    json!({
        "level": "error",
        "message": { "text": format!("{}: {}: {why}", host.target.label(), host.relay.verdict) },
        "locations": [{ "logicalLocations": logical(host) }],
    })
}
