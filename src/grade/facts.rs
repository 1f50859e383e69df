//! From what is known of a host to the outcomes of its checks.

use crate::evidence::Evidence;
use crate::finding::Finding;
use crate::verdict::{Judge, RelayVerdict, Taken, Undecided, Verdict, own_mail};

use super::{CheckOutcome, CheckResult};

const RELAY: &str = "relay.variants";
const POSTMASTER: &str = "operations.postmaster";
const NULL_SENDER: &str = "operations.null-sender";
const CONFORMANCE: &str = "protocol.conformance";

/// The checks that an audit for open relaying answers: `relay.variants`, `operations.postmaster`,
/// `operations.null-sender` and `protocol.conformance`, in this order. What the evidence does not
/// show is unknown, with the reason.
pub fn relay_results(
    evidence: &Evidence,
    relay: &RelayVerdict,
    findings: &[Finding],
) -> Vec<CheckResult> {
    let mail = own_mail(evidence, relay);
    let postmaster = of_mail(
        POSTMASTER,
        &mail.postmaster,
        ("postmaster-refused", "mail for postmaster is accepted"),
    );
    let from_nobody = "mail from the null reverse-path is accepted for a local mailbox";
    let null_sender = of_mail(NULL_SENDER, &mail.null_sender, ("null-sender-refused", from_nobody));
    vec![variants(relay), postmaster, null_sender, conformance(evidence, relay, findings)]
}

fn variants(relay: &RelayVerdict) -> CheckResult {
    let coverage = relay.coverage;
    let tested = u32::try_from(coverage.percent()).unwrap_or(0);
    let of_probes = format!("of {} relay probes", coverage.planned);
    match relay.verdict {
        Verdict::Open | Verdict::Conditional => {
            let accepted = relay.probes.iter().filter(|p| p.verdict.outcome.is_accepted());
            let detail = match accepted.count() {
                0 => "a plain form that was refused at first was accepted at the end".to_owned(),
                1 => format!("1 {of_probes} was accepted"),
                count => format!("{count} {of_probes} were accepted"),
            };
            let finding = Some("open-relay".to_owned());
            CheckResult { tested, finding, ..CheckResult::new(RELAY, CheckOutcome::Fail, detail) }
        }
        Verdict::Closed => {
            let detail = format!("{} {of_probes} judged, all of them refused", coverage.judged);
            CheckResult { tested, ..CheckResult::new(RELAY, CheckOutcome::Pass, detail) }
        }
        Verdict::Inconclusive | Verdict::Unreachable => {
            let reason = relay.reasons.first();
            let why = reason.map_or(relay.verdict.as_str(), |reason| reason.code);
            let detail = reason.map_or_else(String::new, |reason| reason.text.clone());
            CheckResult::unknown(RELAY, why, detail)
        }
    }
}

/// What became of mail that the server should take; with the finding where it is refused, and the
/// words where it is accepted.
fn of_mail(id: &str, taken: &Taken, (finding, accepted): (&str, &str)) -> CheckResult {
    match taken {
        Taken::Accepted => CheckResult::new(id, CheckOutcome::Pass, accepted),
        Taken::Refused(refused) => {
            let detail = format!("{}: {}", refused.summary, refused.words);
            let finding = Some(finding.to_owned());
            CheckResult { finding, ..CheckResult::new(id, CheckOutcome::Fail, detail) }
        }
        Taken::Unknown { why, detail } => CheckResult::unknown(id, why, detail.as_str()),
        Taken::NotApplicable => {
            let detail = "a submission port takes mail from its own users only";
            CheckResult::new(id, CheckOutcome::NotApplicable, detail)
        }
    }
}

fn conformance(evidence: &Evidence, relay: &RelayVerdict, findings: &[Finding]) -> CheckResult {
    if let Some(fault) = findings.iter().find(|finding| finding.id == "peer-fault") {
        let warn = CheckResult::new(CONFORMANCE, CheckOutcome::Warn, fault.summary.clone());
        return CheckResult { finding: Some(fault.id.to_owned()), ..warn };
    }
    if relay.verdict == Verdict::Unreachable {
        return CheckResult::unknown(CONFORMANCE, "unreachable", "the host does not speak SMTP");
    }
    if Judge::new(evidence).is_sink() {
        let why = Undecided::ScriptedSink;
        return CheckResult::unknown(CONFORMANCE, why.as_str(), why.meaning());
    }
    if evidence.stopped.is_some() {
        let detail = "the course of this host ended before its plan did";
        return CheckResult::unknown(CONFORMANCE, "stopped", detail);
    }
    let transcripts = &evidence.transcripts;
    let replies = transcripts.iter().flat_map(|transcript| &transcript.exchanges);
    let count = replies.filter(|exchange| exchange.answer.reply().is_some()).count();
    let detail = format!("{count} replies kept to the protocol");
    CheckResult::new(CONFORMANCE, CheckOutcome::Pass, detail)
}
