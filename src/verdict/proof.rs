//! The verdict where messages were sent: what arrived, what came back, and what was taken and is
//! gone.

use crate::evidence::{Evidence, SenderKind};

use super::reason::Reason;
use super::relay::{ProbeVerdict, RelayVerdict};
use super::{Outcome, Proof, Refusal, Undecided, Verdict};

/// The code of the probe from the auditor's own address to a stranger's.
const PLAINEST: &str = "S01";

/// Probes, by their codes, about which the fate of plain messages says enough.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// The plainest message came back as a bounce.
    returned: bool,
    /// Accepted at RCPT and not decided by a message, where the plainest message was refused.
    untested: Vec<String>,
    /// Taken whole where others come back, and with a sender to whom nothing can come back.
    not_returnable: Vec<String>,
}

impl Explained {
    pub(super) fn probes(&self) -> Vec<&str> {
        self.untested.iter().chain(&self.not_returnable).map(String::as_str).collect()
    }
}

impl RelayVerdict {
    /// Decides the host where a message arrived, or was taken and is gone; false where none was,
    /// which leaves the question to all that was refused.
    pub(super) fn decide_by_messages(&mut self, evidence: &Evidence) -> bool {
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
        let returned = self.returns_messages();
        let gone = |probe: &ProbeVerdict| {
            probe.verdict.outcome == Outcome::AcceptedMessage
                && (could_come_back(probe, evidence) || !returned)
        };
        if !self.probes.iter().any(gone) {
            return false;
        }
        self.proof = Proof::Probable;
        self.verdict = Verdict::Inconclusive;
        self.collect_undecided(evidence);
        if let Some(other) = handed_on(evidence) {
            let known = self.reasons.iter_mut().find(|reason| reason.code == "not-arrived");
            let said = format!("; a report that came back names the next server, {other}");
            known.into_iter().for_each(|reason| reason.text.push_str(&said));
        }
        let first = |reason: &Reason| reason.code != "not-arrived";
        self.reasons.sort_by_key(first);
        true
    }

    /// True where the plainest message came back: who returns a stranger's message cannot return
    /// one whose sender is nobody, or its own.
    fn returns_messages(&self) -> bool {
        self.plainest_is(|outcome| outcome == Outcome::Refused(Refusal::Returned))
    }

    /// The probes about which nothing is known, and which are no reason for doubt: see
    /// [`Explained`].
    pub(super) fn explained_by_messages(&self, evidence: &Evidence) -> Explained {
        let late = self.plainest_is(Outcome::is_late_refusal);
        let returned = self.returns_messages();
        let mut explained = Explained { returned, ..Explained::default() };
        for probe in &self.probes {
            let was_sent = probe.form.is_some_and(|form| evidence.message(form).is_some());
            let place = match probe.verdict.outcome {
                Outcome::AcceptedRecipient if late => &mut explained.untested,
                Outcome::Inconclusive(Undecided::LocalControl) if late && !was_sent => {
                    &mut explained.untested
                }
                Outcome::Inconclusive(Undecided::LocalControl) | Outcome::AcceptedMessage
                    if was_sent && returned && !could_come_back(probe, evidence) =>
                {
                    &mut explained.not_returnable
                }
                _ => continue,
            };
            place.push(probe.code.clone());
        }
        explained
    }

    /// Why a host is closed that refused messages behind recipients that it had accepted; `None`
    /// where it refused none.
    pub(super) fn refused_message_reason(&self, explained: &Explained) -> Option<Reason> {
        if !self.has(Outcome::is_late_refusal) {
            return None;
        }
        let mut reason = self.reason_of(
            Outcome::is_late_refusal,
            "message-refused",
            if explained.returned {
                "recipients that are not the server's own were accepted at RCPT, and the message \
                 came back: nothing is relayed, and strangers get its bounces"
            } else {
                "recipients that are not the server's own were accepted at RCPT, and the message \
                 was refused: nothing is relayed"
            },
            "refuse at RCPT, where the sender can be told for each recipient",
        );
        for (codes, what) in [
            (&explained.untested, "accepted, and not decided by a message, so untested"),
            (
                &explained.not_returnable,
                "taken whole and not to be returned, since their sender is nobody or the server's \
                 own",
            ),
        ] {
            if !codes.is_empty() {
                reason.text.push_str(&format!("; {what}: {}", codes.join(", ")));
            }
        }
        Some(reason)
    }

    fn has(&self, wanted: impl Fn(Outcome) -> bool) -> bool {
        self.probes.iter().any(|probe| wanted(probe.verdict.outcome))
    }

    fn codes_of(&self, wanted: impl Fn(Outcome) -> bool) -> Vec<String> {
        let of = self.probes.iter().filter(|probe| wanted(probe.verdict.outcome));
        of.map(|probe| probe.code.clone()).collect()
    }

    /// True where the plainest form of all, from a stranger to a stranger, came out as wanted. Forms from other
    /// senders do not stand for it: a server may treat bounces otherwise.
    pub(super) fn plainest_is(&self, wanted: impl Fn(Outcome) -> bool) -> bool {
        self.probes.iter().any(|probe| probe.code == PLAINEST && wanted(probe.verdict.outcome))
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

fn could_come_back(probe: &ProbeVerdict, evidence: &Evidence) -> bool {
    let form = probe.form.and_then(|index| evidence.forms.get(index));
    form.is_none_or(|form| form.sender == SenderKind::Foreign)
}

/// The server that one of our messages was handed to, or was to be, as a bounce says.
fn handed_on(evidence: &Evidence) -> Option<&str> {
    let ours = |token: &str| evidence.messages.iter().any(|message| message.token == token);
    let reports = evidence.arrivals.iter().filter(|arrival| ours(&arrival.token));
    reports.into_iter().find_map(|arrival| arrival.report.remote.as_deref())
}
