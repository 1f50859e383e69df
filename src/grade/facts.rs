//! From what is known of a host to the outcomes of its checks.

use crate::evidence::{Control, Evidence, Form, SenderKind};
use crate::finding::Finding;
use crate::smtp::{Phase, Reply, Severity};
use crate::target::Role;
use crate::verdict::{FormVerdict, Judge, Outcome, Refusal, RelayVerdict, Undecided, Verdict};

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
    let host = Host { evidence, relay, judge: Judge::new(evidence) };
    vec![variants(relay), host.postmaster(), host.null_sender(), host.conformance(findings)]
}

fn variants(relay: &RelayVerdict) -> CheckResult {
    let coverage = relay.coverage;
    let tested = u32::try_from(coverage.percent()).unwrap_or(0);
    let of_probes = format!("of {} relay probes", coverage.planned);
    match relay.verdict {
        Verdict::Open | Verdict::Conditional => {
            let accepted =
                relay.probes.iter().filter(|p| p.verdict.outcome == Outcome::AcceptedRecipient);
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

/// What is looked at.
struct Host<'a> {
    evidence: &'a Evidence,
    relay: &'a RelayVerdict,
    judge: Judge<'a>,
}

/// A control that was asked about one of the server's own mailboxes under the auditor's own
/// greeting name.
struct Asked<'a> {
    control: Control,
    form: &'a Form,
    outcome: Outcome,
    reply: Option<(&'a Reply, Phase)>,
}

impl Asked<'_> {
    fn is_from_nobody(&self) -> bool {
        self.form.envelope.reverse_path.is_empty()
    }

    fn is_accepted(&self) -> bool {
        self.reply.is_some_and(|(reply, phase)| {
            phase == Phase::Rcpt && reply.severity() == Severity::Positive
        })
    }

    fn is_refused_at(&self, wanted: Phase) -> bool {
        self.reply.is_some_and(|(reply, phase)| {
            phase == wanted && reply.severity() == Severity::Permanent
        })
    }

    fn is_past_mail(&self) -> bool {
        self.reply.is_some_and(|(_, phase)| phase == Phase::Rcpt)
    }

    fn words(&self) -> String {
        self.reply.map_or_else(String::new, |(reply, _)| reply.to_string())
    }
}

impl<'a> Host<'a> {
    fn postmaster(&self) -> CheckResult {
        if let Some(result) = self.beyond_judging(POSTMASTER) {
            return result;
        }
        let asked = self.asked();
        let postmaster: Vec<_> =
            asked.iter().filter(|one| one.control == Control::Postmaster).collect();
        if postmaster.iter().any(|one| one.is_accepted()) {
            return self.accepted(POSTMASTER, "mail for postmaster is accepted");
        }
        let refused = |one: &&&Asked<'_>| {
            // Who takes another mailbox under the same circumstances refuses this one.
            let another = asked.iter().any(|other| {
                other.control != Control::Postmaster
                    && other.is_accepted()
                    && other.form.shares_context(one.form)
            });
            let plainly = match one.outcome {
                Outcome::Refused(Refusal::UnknownUser | Refusal::Syntax) => true,
                // Without a domain it is the server's own, by RFC 5321 section 4.5.1; with one,
                // the server may not take mail for the domain that it was asked about.
                Outcome::Refused(Refusal::Relay) => one.form.outer_domain.is_none(),
                _ => false,
            };
            one.is_refused_at(Phase::Rcpt) && (another || plainly)
        };
        if let Some(one) = postmaster.iter().find(refused) {
            let detail = format!("mail for postmaster is refused: {}", one.words());
            return CheckResult::new(POSTMASTER, CheckOutcome::Fail, detail);
        }
        unknown(POSTMASTER, postmaster.first().copied())
    }

    fn null_sender(&self) -> CheckResult {
        if let Some(result) = self.beyond_judging(NULL_SENDER) {
            return result;
        }
        let asked = self.asked();
        let local = asked.iter().filter(|one| one.control != Control::RandomUser);
        let (from_nobody, from_us): (Vec<_>, Vec<_>) = local.partition(|one| one.is_from_nobody());
        if from_nobody.iter().any(|one| one.is_accepted()) {
            let detail = "mail from the null reverse-path is accepted for a local mailbox";
            return self.accepted(NULL_SENDER, detail);
        }
        // A refusal of this sender shows by the difference to another one.
        let refused = |one: &&&Asked<'_>| {
            let sender = Outcome::Inconclusive(Undecided::SenderRefused);
            let of_sender = one.outcome == sender || matches!(one.outcome, Outcome::Refused(_));
            let at_mail =
                one.is_refused_at(Phase::Mail) && from_us.iter().any(|o| o.is_past_mail());
            let at_rcpt = one.is_refused_at(Phase::Rcpt)
                && from_us.iter().any(|other| {
                    other.is_accepted()
                        && other.form.envelope.forward_path == one.form.envelope.forward_path
                });
            of_sender && (at_mail || at_rcpt)
        };
        if let Some(one) = from_nobody.iter().find(refused) {
            let detail = format!("the null reverse-path is refused: {}", one.words());
            return CheckResult::new(NULL_SENDER, CheckOutcome::Fail, detail);
        }
        unknown(NULL_SENDER, from_nobody.first().copied())
    }

    fn conformance(&self, findings: &[Finding]) -> CheckResult {
        if let Some(fault) = findings.iter().find(|finding| finding.id == "peer-fault") {
            let warn = CheckResult::new(CONFORMANCE, CheckOutcome::Warn, fault.summary.clone());
            return CheckResult { finding: Some(fault.id.to_owned()), ..warn };
        }
        if let Some(result) = self.beyond_judging(CONFORMANCE) {
            return result;
        }
        if self.judge.is_sink() {
            return sink(CONFORMANCE);
        }
        if self.evidence.stopped.is_some() {
            let detail = "the course of this host ended before its plan did";
            return CheckResult::unknown(CONFORMANCE, "stopped", detail);
        }
        let transcripts = &self.evidence.transcripts;
        let replies = transcripts.iter().flat_map(|transcript| &transcript.exchanges);
        let count = replies.filter(|exchange| exchange.answer.reply().is_some()).count();
        let detail = format!("{count} replies kept to the protocol");
        CheckResult::new(CONFORMANCE, CheckOutcome::Pass, detail)
    }

    /// The result where the host as a whole forbids a judgement.
    fn beyond_judging(&self, id: &str) -> Option<CheckResult> {
        if self.relay.verdict == Verdict::Unreachable {
            return Some(CheckResult::unknown(id, "unreachable", "the host does not speak SMTP"));
        }
        let submission = self.evidence.target.role() == Role::Submission;
        (submission && id != CONFORMANCE).then(|| {
            let detail = "a submission port takes mail from its own users only";
            CheckResult::new(id, CheckOutcome::NotApplicable, detail)
        })
    }

    /// An acceptance, unless it proves nothing.
    fn accepted(&self, id: &str, detail: &str) -> CheckResult {
        if self.judge.is_sink() {
            return sink(id);
        }
        if self.judge.is_inside() {
            let why = Undecided::VantageInside;
            return CheckResult::unknown(id, why.as_str(), why.meaning());
        }
        CheckResult::new(id, CheckOutcome::Pass, detail)
    }

    /// The controls about the server's own mailboxes, under the auditor's own greeting name and a
    /// sender that does not pretend to be local.
    fn asked(&self) -> Vec<Asked<'a>> {
        let read = |(index, verdict): &(usize, FormVerdict)| {
            let form = self.evidence.forms.get(*index)?;
            let control = form.control()?;
            let own =
                matches!(control, Control::Postmaster | Control::LocalUser | Control::RandomUser);
            let plain = form.envelope.helo.is_none() && form.sender != SenderKind::Local;
            let exchange =
                self.evidence.deciding(*index).and_then(|attempt| self.evidence.exchange(attempt));
            let reply = exchange.and_then(|e| Some((e.answer.reply()?, e.phase)));
            (own && plain).then_some(Asked { control, form, outcome: verdict.outcome, reply })
        };
        self.relay.controls.iter().filter_map(read).collect()
    }
}

fn sink(id: &str) -> CheckResult {
    let why = Undecided::ScriptedSink;
    CheckResult::unknown(id, why.as_str(), why.meaning())
}

/// Nothing was learned: why, if the check was asked at all.
fn unknown(id: &str, asked: Option<&Asked<'_>>) -> CheckResult {
    let Some(asked) = asked else {
        return CheckResult::unknown(id, "not-asked", "the plan had no such form");
    };
    let outcome = asked.outcome;
    let why = match outcome {
        Outcome::Deferred | Outcome::AuthRequired | Outcome::TlsRequired => outcome.as_str(),
        Outcome::Refused(Refusal::Relay) => "no-local-domain",
        _ => outcome.reason().unwrap_or("not-answered"),
    };
    let detail = match (outcome, asked.words()) {
        (_, words) if !words.is_empty() => format!("the answer does not tell: {words}"),
        (Outcome::Inconclusive(why), _) => why.meaning().to_owned(),
        _ => "no answer".to_owned(),
    };
    CheckResult::unknown(id, why, detail)
}
