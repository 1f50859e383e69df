//! The verdict where messages were sent: what arrived, what came back, and what was taken and is
//! gone.

use crate::evidence::{Evidence, Form, SenderKind};

use super::reason::Reason;
use super::relay::{ProbeVerdict, RelayVerdict};
use super::{Outcome, Proof, Refusal, Verdict};

impl RelayVerdict {
    /// Decides the host by its messages; false where none was sent, or where they leave the question
    /// to what was said at RCPT.
    pub(super) fn decide_by_messages(&mut self, evidence: &Evidence) -> bool {
        if evidence.messages.is_empty() {
            return false;
        }
        if self.has(|outcome| outcome == Outcome::Delivered) {
            self.proof = Proof::Confirmed;
            let by_mx = self.relays_by_mx_only(evidence);
            self.verdict = if by_mx { Verdict::Conditional } else { Verdict::Open };
            let reason = self.reason_of(
                |outcome| outcome == Outcome::Delivered,
                "delivered",
                "a message for a stranger's mailbox was taken, and arrived there",
                "see the findings",
            );
            self.reasons.push(reason);
            return true;
        }
        // Who returns a stranger's message cannot return one whose sender is nobody, or its own.
        let returned = self.has_plain(evidence, |o| o == Outcome::Refused(Refusal::Returned));
        let gone = |probe: &ProbeVerdict| {
            let form = probe.form.and_then(|index| evidence.forms.get(index));
            let could_come_back = form.is_none_or(|form| form.sender == SenderKind::Foreign);
            probe.verdict.outcome == Outcome::AcceptedMessage && (could_come_back || !returned)
        };
        if self.probes.iter().any(gone) {
            self.proof = Proof::Probable;
            self.verdict = Verdict::Inconclusive;
            self.collect_undecided(evidence);
            let first = |reason: &Reason| reason.code != "not-arrived";
            self.reasons.sort_by_key(first);
            return true;
        }
        // What was not sent is open, unless the plainest form of all was among the refused.
        let untested = self.codes_of(|outcome| outcome == Outcome::AcceptedRecipient);
        let late = self.has(Outcome::is_late_refusal);
        let plain_refused = self.has_plain(evidence, Outcome::is_late_refusal);
        if !late || !(untested.is_empty() || plain_refused) {
            return false;
        }
        self.collect_undecided(evidence);
        self.reasons.retain(|reason| {
            let swallowed = reason.code == "local-control" && !untested.is_empty();
            !(swallowed || reason.code == "not-arrived")
        });
        if !self.reasons.is_empty() {
            return true;
        }
        self.verdict = Verdict::Closed;
        let mut reason = self.reason_of(
            Outcome::is_late_refusal,
            "message-refused",
            if returned {
                "recipients that are not the server's own were accepted at RCPT, and the message \
                 came back: nothing is relayed, and strangers get its bounces"
            } else {
                "recipients that are not the server's own were accepted at RCPT, and the message \
                 was refused: nothing is relayed"
            },
            "refuse at RCPT, where the sender can be told for each recipient",
        );
        if !untested.is_empty() {
            let rest = untested.join(", ");
            reason.text.push_str(&format!("; accepted and not sent, so untested: {rest}"));
        }
        self.reasons.push(reason);
        true
    }

    fn has(&self, wanted: impl Fn(Outcome) -> bool) -> bool {
        self.probes.iter().any(|probe| wanted(probe.verdict.outcome))
    }

    fn codes_of(&self, wanted: impl Fn(Outcome) -> bool) -> Vec<String> {
        let of = self.probes.iter().filter(|probe| wanted(probe.verdict.outcome));
        of.map(|probe| probe.code.clone()).collect()
    }

    /// True where a plain form came out as wanted.
    fn has_plain(&self, evidence: &Evidence, wanted: impl Fn(Outcome) -> bool) -> bool {
        let plain = |probe: &ProbeVerdict| {
            let form = probe.form.and_then(|index| evidence.forms.get(index));
            form.is_some_and(Form::is_plain)
        };
        self.probes.iter().any(|probe| plain(probe) && wanted(probe.verdict.outcome))
    }

    fn reason_of(
        &self,
        wanted: impl Fn(Outcome) -> bool + Copy,
        code: &'static str,
        text: &str,
        remedy: &str,
    ) -> Reason {
        let found = self.probes.iter().find(|probe| wanted(probe.verdict.outcome));
        let evidence = found.and_then(|probe| probe.verdict.evidence);
        Reason { probes: self.codes_of(wanted), evidence, ..Reason::new(code, text, remedy) }
    }
}
