//! What became of a message that was sent past RCPT.

use crate::evidence::{Answer, Arrival};
use crate::finding::Confidence;
use crate::smtp::{Phase, Severity};
use crate::verdict::wording::Class;
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
            (Phase::Message, Severity::Positive) if arrivals().any(Arrival::is_final_return) => {
                Outcome::Refused(Refusal::Returned)
            }
            // Whom a server may have taken for its own user has mail now.
            (Phase::Message, Severity::Positive) => match at_rcpt {
                Outcome::AcceptedRecipient => Outcome::AcceptedMessage,
                unknown => unknown,
            },
            (Phase::Data | Phase::Message, Severity::Permanent)
                if is_about_the_envelope(self.names().classify(reply, phase)) =>
            {
                Outcome::Refused(Refusal::Message)
            }
            // "Not now", accepted before and refused now, or refused for what says nothing about
            // another sender's message, such as our address or the content: what was seen at RCPT
            // stands.
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

/// True for a refusal of the message that would meet every stranger's, whatever is written in it.
fn is_about_the_envelope(class: Class) -> bool {
    matches!(
        class,
        Class::RelayDenied
            | Class::Denied
            | Class::AuthNeeded
            | Class::InvalidRecipient
            | Class::Unworded
    )
}
