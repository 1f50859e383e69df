//! What became of a message that was sent past RCPT.

use crate::evidence::{Answer, Arrival};
use crate::finding::Confidence;
use crate::smtp::{Phase, Severity};
use crate::verdict::{Outcome, Refusal, Undecided};

use super::{FormVerdict, Judge};

impl Judge<'_> {
    /// The verdict on a form whose recipient was accepted, in the light of the message that was
    /// sent by it; `None` where none was, or where it says nothing.
    pub(super) fn by_message(&self, index: usize, at_rcpt: Outcome) -> Option<FormVerdict> {
        let (attempt, sent) = self.evidence.message(index)?;
        let here = |arrival: &&Arrival| arrival.token == sent.token;
        let arrivals = || self.evidence.arrivals.iter().filter(here);
        let verdict = |outcome| FormVerdict {
            outcome,
            confidence: Confidence::High,
            evidence: Some((attempt.transcript, attempt.exchange)),
            repeated: None,
        };
        if arrivals().any(|arrival| !arrival.bounce) {
            return Some(verdict(Outcome::Delivered));
        }
        let (Some(Answer::Reply(reply)), Some(phase)) = (self.answer(attempt), self.phase(attempt))
        else {
            return None;
        };
        let outcome = match (phase, reply.severity()) {
            (Phase::Message, Severity::Positive) if arrivals().next().is_some() => {
                Outcome::Refused(Refusal::Returned)
            }
            // Whom a server may have taken for its own user has mail now.
            (Phase::Message, Severity::Positive) => match at_rcpt {
                Outcome::AcceptedRecipient => Outcome::AcceptedMessage,
                unknown => unknown,
            },
            (Phase::Data | Phase::Message, Severity::Permanent) => {
                Outcome::Refused(Refusal::Message)
            }
            // "Not now", or accepted before and refused now: what was seen at RCPT stands.
            _ => return None,
        };
        Some(verdict(outcome))
    }

    /// True where only delivery can tell whether the form relays.
    pub(super) fn awaits_delivery(outcome: Outcome) -> bool {
        outcome == Outcome::AcceptedRecipient
            || outcome == Outcome::Inconclusive(Undecided::LocalControl)
    }
}
