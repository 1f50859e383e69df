//! What came between the greeting and the question: STARTTLS, XCLIENT, the form's own EHLO.

use std::ptr;

use crate::evidence::{Answer, Attempt, Exchange, Form, Loss};
use crate::probe::Greeting;
use crate::smtp::{Ehlo, Phase, Reply, Severity};
use crate::verdict::wording::Class;
use crate::verdict::{Outcome, Refusal, Undecided};

use super::{Base, Judge, sure, undecided};

impl<'a> Judge<'a> {
    /// True where STARTTLS was refused, not offered again, or followed by a handshake that failed,
    /// and TLS never came about on this host. A connection that was lost or put off on the way says
    /// nothing about TLS.
    pub(super) fn lacks_tls(&self, attempt: &Attempt) -> bool {
        let Some(exchange) = self.evidence.exchange(attempt) else { return false };
        let refused = match (&exchange.answer, exchange.phase) {
            (Answer::Reply(reply), Phase::Ehlo | Phase::Helo) => !reply.is_refusal(),
            (Answer::Reply(reply), Phase::StartTls) => {
                self.names().classify(reply, Phase::StartTls) != Class::Throttled
            }
            (Answer::Lost(Loss::Handshake { .. }), Phase::Handshake) => true,
            _ => false,
        };
        refused && self.evidence.transcripts.iter().all(|transcript| transcript.tls.is_none())
    }

    /// What a refusal of XCLIENT means: one of the claim as such only where XCLIENT was offered,
    /// was understood, and was not refused because of the client.
    pub(super) fn by_claim(&self, attempt: &Attempt, reply: &Reply) -> Base {
        let offers = |exchange: &&Exchange| match exchange.phase {
            Phase::Ehlo => exchange.answer.reply().map(|reply| Ehlo::read(reply).offers("XCLIENT")),
            _ => None,
        };
        let offered = self.before(attempt).iter().rev().find_map(|exchange| offers(&exchange));
        match self.names().classify(reply, Phase::Xclient) {
            Class::Listed | Class::ClientRefused => undecided(Undecided::Blocked),
            _ if offered != Some(true) => undecided(Undecided::UnknownWording),
            _ if matches!(reply.code(), 501 | 504 | 555) => undecided(Undecided::UnknownWording),
            // Who may not claim to be another client is refused as such.
            _ => sure(Outcome::Refused(Refusal::Sequence)),
        }
    }

    /// False where the greeting that was refused was not yet the form's own: before STARTTLS and
    /// XCLIENT the session begins with another.
    pub(super) fn is_past_other_greetings(&self, index: usize) -> bool {
        let Some((form, attempt)) = self.decided(index) else { return true };
        let Some(exchange) = self.evidence.exchange(attempt) else { return true };
        if !matches!(exchange.phase, Phase::Ehlo | Phase::Helo) {
            return true;
        }
        let claimed = || {
            self.before(attempt).iter().any(|earlier| {
                let reply = earlier.answer.reply().filter(|_| earlier.phase == Phase::Xclient);
                reply.is_some_and(|reply| reply.severity() == Severity::Positive)
            })
        };
        let sent = exchange.sent.as_bytes();
        let envelope = &form.envelope;
        let is_own = match envelope.greeting {
            Greeting::Ehlo => true,
            Greeting::Helo => exchange.phase == Phase::Helo,
            Greeting::None => false,
        };
        let named = envelope.helo.as_ref().is_none_or(|name| sent.ends_with(name.as_bytes()));
        is_own
            && (named || sent.is_empty())
            && (exchange.tls || !envelope.starttls)
            && (envelope.claimed.is_none() || claimed())
    }

    /// The reply to a form at RCPT, where it came on the same side of TLS as another form's.
    pub(super) fn at_rcpt_beside(&self, form: &Form, index: usize) -> Option<&'a Reply> {
        let attempt = self.deciding(index)?;
        let reply = self.answer(attempt)?.reply()?;
        let there = self.phase(attempt) == Some(Phase::Rcpt);
        (there && self.is_inside_tls(attempt) == self.is_asked_inside(form)).then_some(reply)
    }

    /// The newest reply to a control at RCPT, confirmations included, on a form's side of TLS.
    pub(super) fn newest_beside(&self, form: &Form, index: usize) -> Option<&'a Reply> {
        let inside = self.is_asked_inside(form);
        let attempts = self.evidence.attempts.iter().rev();
        attempts.filter(|a| a.form == index && !self.evidence.is_doubtful(a)).find_map(|attempt| {
            let exchange = self.evidence.exchange(attempt)?;
            let fits = exchange.phase == Phase::Rcpt && exchange.tls == inside;
            exchange.answer.reply().filter(|_| fits)
        })
    }

    fn is_asked_inside(&self, form: &Form) -> bool {
        let index = self.evidence.forms.iter().position(|other| ptr::eq(other, form));
        let attempt = index.and_then(|index| self.deciding(index));
        attempt.is_some_and(|attempt| self.is_inside_tls(attempt))
    }

    fn decided(&self, index: usize) -> Option<(&'a Form, &'a Attempt)> {
        Some((self.evidence.forms.get(index)?, self.deciding(index)?))
    }

    /// What was said on the same connection before.
    fn before(&self, attempt: &Attempt) -> &'a [Exchange] {
        let transcript = self.evidence.transcripts.get(attempt.transcript);
        transcript.and_then(|t| t.exchanges.get(..attempt.exchange)).unwrap_or_default()
    }
}
