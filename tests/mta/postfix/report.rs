//! What mxaudit's reports about Postfix hold beyond what they hold about any server.

use anyhow::{Result, ensure};

use super::super::audit::Audit;
use super::super::case::{Case, Limits, Verdict};
use super::super::technique::PLAIN;
use super::super::{STRANGER, STRANGER6};
use super::exact::{self, BLOCKED, View};
use super::log;

/// From this number of errors on, Postfix slows a session down.
const SOFT_ERROR_LIMIT: u32 = 10;

/// Holds the verdict of a thorough audit to the case; a plain form may be accepted only where one relays in truth.
///
/// # Errors
///
/// Says what is wrong in the report.
pub(crate) fn thorough(case: &Case, view: &View, audit: &Audit) -> Result<()> {
    let (verdict, exit) = match case.name {
        // Typed and commented addresses at its own domain are taken like any other user's: only delivery can tell
        // whether they are rewritten afterwards.
        "catch-all" => ("inconclusive", 3),
        _ => case.verdict.expected(),
    };
    let host = &audit.host;
    ensure!(host.relay.verdict == verdict, "verdict {}, not {verdict}", host.relay.verdict);
    ensure!(audit.exit == exit, "exit code {}, not {exit}", audit.exit);
    ensure!(host.probes.len() >= 60, "{} probes", host.probes.len());
    let mut accepted = host.probes.iter().filter(|probe| probe.outcome.starts_with("accepted"));
    let plainly = PLAIN.iter().any(|id| view.relays.contains(id));
    let plain = accepted.clone().any(|probe| PLAIN.contains(&&*probe.id));
    ensure!(plain == plainly, "a plain form accepted: {plain}, in truth: {plainly}");
    ensure!(accepted.next().is_some() == (verdict == "open"), "accepted, and {verdict}");
    Ok(())
}

/// Holds the report of a quick audit to what the stranger sees.
///
/// # Errors
///
/// Says what is wrong in the report.
pub(crate) fn quick(case: &Case, view: &View, audit: &Audit) -> Result<()> {
    let (verdict, exit) = case.verdict.expected();
    let host = &audit.host;
    ensure!(host.relay.verdict == verdict, "verdict {}, not {verdict}", host.relay.verdict);
    ensure!(audit.exit == exit, "exit code {}, not {exit}", audit.exit);

    // Controls may stand beside the probes; they have names of another family.
    let probes = || host.probes.iter().filter(|probe| probe.id.starts_with("relay-"));
    let outcome = |id: &str| probes().find(|probe| probe.id == id).map(|probe| &*probe.outcome);
    for id in exact::ALL {
        ensure!(outcome(id).is_some(), "{id} is not in the report");
    }
    let accepted = || probes().filter(|probe| probe.outcome.starts_with("accepted"));
    for probe in accepted() {
        ensure!(view.relays.contains(&&*probe.id), "{} does not relay", probe.id);
    }
    for id in view.deferred {
        let open_question = matches!(outcome(id), Some("deferred" | "inconclusive"));
        ensure!(open_question, "{id}, which is put off, is called {:?}", outcome(id));
    }
    if view.refusal == BLOCKED {
        let judged = PLAIN.iter().find(|id| outcome(id) == Some("refused"));
        ensure!(judged.is_none(), "{judged:?} is judged by the refusal of the client");
    }

    let found = host.findings.iter().find(|finding| finding.id == "open-relay");
    match case.verdict {
        Verdict::Open => {
            ensure!(accepted().next().is_some(), "open, with no accepted probe");
            let plainly = PLAIN.iter().any(|id| view.relays.contains(id));
            let plain = accepted().any(|probe| PLAIN.contains(&&*probe.id));
            ensure!(plain == plainly, "a plain form accepted: {plain}, in truth: {plainly}");
            // Nothing was delivered to the auditor, so that nothing more is proven.
            let proof = host.relay.proof.as_deref();
            ensure!(proof == Some("suspected"), "proof {proof:?}");
            let severity = found.map(|finding| &*finding.severity);
            ensure!(severity == Some("critical"), "finding open-relay: {found:?}");
        }
        Verdict::Closed => {
            ensure!(found.is_none(), "finding {found:?}");
            let refused = PLAIN.iter().any(|id| outcome(id) == Some("refused"));
            ensure!(refused, "closed, with no plain form refused");
            let judged = |outcome: &str| matches!(outcome, "refused" | "auth-required" | "not-run");
            let unjudged = probes().find(|probe| !judged(&probe.outcome));
            ensure!(unjudged.is_none(), "closed, with {unjudged:?}");
        }
        Verdict::Conditional | Verdict::Inconclusive => {
            ensure!(found.is_none(), "finding {found:?}");
            ensure!(!host.relay.reasons.is_empty(), "inconclusive without a reason");
        }
    }
    Ok(())
}

/// Holds the sessions of an audit to the limits of a Postfix with ordinary limits; `log` is what the audit added to it.
///
/// # Errors
///
/// Names the session that came too near to one.
pub(crate) fn polite(case: &Case, log: &str) -> Result<()> {
    let client = if case.ipv6 { STRANGER6.into() } else { STRANGER.into() };
    let sessions = log::sessions(log, client).map_err(|line| anyhow::anyhow!(line))?;
    ensure!(!sessions.is_empty(), "no session of the audit is in the log");
    if case.limits == Limits::Lowered {
        return Ok(());
    }
    ensure!(!log.contains("too many errors"), "the audit ran into the error limit");
    let rude = sessions.iter().find(|session| session.errors >= SOFT_ERROR_LIMIT);
    ensure!(rude.is_none(), "the audit was slowed down: {rude:?}");
    Ok(())
}
