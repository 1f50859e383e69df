//! What mxaudit's report about any server must satisfy.

use anyhow::{Context as _, Result, ensure};

use super::audit::{Audit, Dialogue};
use super::case::{Case, Limits, Transport, Verdict};
use super::family::Family;
use super::truth::Truth;

/// Holds a report to the case, and above all to the truth.
///
/// # Errors
///
/// Says what is wrong in the report.
pub(crate) fn report(case: &Case, truth: &Truth, audit: &Audit) -> Result<()> {
    truthful(case, truth, audit, &truth.relays())?;
    let host = &audit.host;
    let verdict = host.relay.verdict.as_str();
    let (expected, exit) = case.verdict.expected();
    ensure!(verdict == expected, "verdict {verdict}, not {expected}");
    let other_findings = host.findings.iter().any(|finding| {
        matches!(&*finding.severity, "high" | "critical") && !finding.id.ends_with("-relay")
    });
    let exits = audit.exit == exit || (other_findings && audit.exit == 1);
    ensure!(exits, "exit code {}, not {exit}", audit.exit);
    for reason in case.reasons {
        ensure!(
            host.relay.reasons.iter().any(|given| given == reason),
            "the reason {reason} is not among {:?}",
            host.relay.reasons
        );
    }
    if case.verdict == Verdict::Inconclusive {
        ensure!(!host.relay.reasons.is_empty(), "inconclusive without a reason");
    }
    Ok(())
}

/// Holds the report of a quick audit to the truth, as far as its probes go, and its greetings to the design.
///
/// # Errors
///
/// Says what is wrong in the report.
pub(crate) fn quick(case: &Case, truth: &Truth, audit: &Audit) -> Result<()> {
    // What is open inside TLS only is asked by C04, which is no quick probe.
    let is_inside = case.transport == Transport::StartTls && case.verdict == Verdict::Open;
    let asked = |id: &&str| {
        audit.host.probes.iter().any(|probe| probe.id == *id && probe.outcome != "not-run")
    };
    let relays: Vec<_> = truth.relays().into_iter().filter(asked).collect();
    let verdict = audit.host.relay.verdict.as_str();
    let is_hidden = is_inside && !audit.dialogues.iter().any(Dialogue::is_in_tls);
    truthful(case, truth, audit, if is_hidden { &[] } else { &relays })?;
    let closed = case.verdict == Verdict::Closed;
    ensure!(!closed || verdict == "closed", "{verdict}, where more probes say closed");
    let greetings = audit.dialogues.iter().map(|dialogue| dialogue.greetings()).max();
    ensure!(greetings <= Some(2), "{greetings:?} greetings on one connection");
    // OpenSMTPD takes one, so that each name has its connection.
    let connections = audit.dialogues.len();
    ensure!(case.name != "stock" || connections <= 3, "{connections} connections");
    Ok(())
}

/// Holds a verdict, and every acceptance, to what is true; `relays` are the techniques that must have been seen.
fn truthful(case: &Case, truth: &Truth, audit: &Audit, relays: &[&str]) -> Result<()> {
    let host = &audit.host;
    let verdict = host.relay.verdict.as_str();
    let called_open = matches!(verdict, "open" | "conditional");

    ensure!(relays.is_empty() || verdict != "closed", "called closed, and relays: {relays:?}");
    let relays = truth.relays();
    let may_be_open = !relays.is_empty() || case.accepts_only;
    ensure!(may_be_open || !called_open, "called {verdict}, and relays nothing");
    for probe in host.probes.iter().filter(|probe| probe.outcome.starts_with("accepted")) {
        // A form whose sender is the null one is also a null sender.
        let by_sender = probe.has_null_sender() && relays.contains(&"relay-sender-null");
        let relayed = by_sender || relays.contains(&&*probe.id);
        let real = case.accepts_only || relayed || !truth.tried(&probe.id);
        ensure!(real, "{} is {}, and does not relay", probe.id, probe.outcome);
    }
    Ok(())
}

/// Holds a report that looked for messages to the truth, and to nothing else.
///
/// # Errors
///
/// Says what is wrong in the report.
pub(crate) fn confirmed(case: &Case, truth: &Truth, audit: &Audit) -> Result<()> {
    let host = &audit.host;
    let proof = host.relay.proof.as_deref().unwrap_or_default();
    let said = (host.relay.verdict.as_str(), proof);
    let found = |id: &str| host.findings.iter().any(|finding| finding.id == id);
    let right: &[_] = if case.verdict == Verdict::Conditional {
        &[("conditional", "suspected")]
    } else if !truth.relays().is_empty() {
        &[("open", "confirmed")]
    } else if case.accepts_only && truth.returned() > 0 {
        ensure!(found("backscatter"), "no finding says that mail comes back");
        &[("closed", "none")]
    } else if case.accepts_only && truth.takes_messages() {
        // What a bounce needs is not known where none was seen.
        if found("backscatter") { &[("closed", "none")] } else { &[("inconclusive", "probable")] }
    } else if case.accepts_only {
        ensure!(found("late-refusal"), "no finding says that it refuses late");
        &[("closed", "none")]
    } else {
        &[(case.verdict.expected().0, "none"), (case.verdict.expected().0, "probable")]
    };
    ensure!(right.contains(&said), "{said:?}, not {right:?}");
    Ok(())
}

/// Holds the audit to the limits of the server, by what the log says more than `before`.
///
/// # Errors
///
/// Names the complaint.
pub(crate) fn politeness(
    family: &dyn Family,
    case: &Case,
    before: &str,
    after: &str,
) -> Result<()> {
    if case.limits == Limits::Lowered {
        return Ok(());
    }
    for complaint in family.complaints() {
        let count = |log: &str| log.matches(complaint).count();
        ensure!(count(after) <= count(before), "the server complains: {complaint}");
    }
    family.bore(case, before, after)
}

/// What servers answer to a client that has annoyed them; not all of it is in their logs.
const ANNOYED: [&str; 4] =
    ["too many", "pipelining not supported", "command pipelining", "synchronization error"];

/// Holds an audit to the limits of the server, by what it was told.
///
/// # Errors
///
/// Names what the server said.
pub(crate) fn untold(case: &Case, audit: &Audit) -> Result<()> {
    if case.limits == Limits::Stock {
        let told = ANNOYED.iter().find(|words| audit.dialogues.iter().any(|d| d.heard(words)));
        ensure!(told.is_none(), "the server answers: {told:?}");
    }
    Ok(())
}

/// Sees that an audit had one connection open at a time; `most` is how many were seen at once.
///
/// # Errors
///
/// Says how many there were.
pub(crate) fn one_at_a_time(most: usize, audit: &Audit) -> Result<()> {
    ensure!(most <= 1, "{most} connections at once");
    audit.dialogues.first().map(drop).context("no connection in the evidence")
}
