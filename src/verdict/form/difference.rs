//! What no wording decides: does the server treat its own users differently under the same HELO
//! and sender?

use crate::evidence::{Control, Form};
use crate::finding::Confidence;
use crate::probe::Outer;
use crate::smtp::{Phase, Reply, Severity};
use crate::verdict::wording::Class;
use crate::verdict::{Outcome, Refusal, Undecided};

use super::{Base, Judge, undecided};

/// A question about one of the server's own recipients, and what it was answered at RCPT.
#[derive(Clone, Copy)]
struct Local<'a> {
    control: Control,
    outer: Outer,
    reply: Option<&'a Reply>,
}

impl Local<'_> {
    fn has(&self, severity: Severity) -> bool {
        self.reply.is_some_and(|reply| reply.severity() == severity)
    }
}

fn refused(why: Refusal, confidence: Confidence) -> Base {
    (Outcome::Refused(why), confidence)
}

impl<'a> Judge<'a> {
    /// Reads a permanent refusal without a clear wording by the server's own users.
    pub(super) fn by_difference(&self, form: &Form, reply: &Reply, class: Class) -> Base {
        let locals = self.locals(form);
        let accepted = |wanted: Control| {
            locals.iter().any(|l| l.control == wanted && l.has(Severity::Positive))
        };
        let is_same = |l: &&Local<'_>| l.reply.is_some_and(|r| self.names().alike(r, reply));
        let same: Vec<_> = locals.iter().filter(is_same).collect();
        if accepted(Control::LocalUser) || accepted(Control::RandomUser) {
            // Refused like an unknown user at the same domain, while others are accepted there.
            let as_unknown = form.outer.is_own()
                && same.iter().any(|l| l.control == Control::RandomUser && l.outer == form.outer);
            let why = if as_unknown { Refusal::UnknownUser } else { Refusal::Relay };
            return refused(why, Confidence::High);
        }
        if self.is_of_the_sender(form, reply) {
            return undecided(Undecided::SenderRefused);
        }
        let postmaster = accepted(Control::Postmaster);
        // OpenSMTPD says the same of unknown users, so that only an acceptance tells.
        if class == Class::InvalidRecipient {
            return match postmaster {
                true => refused(Refusal::Relay, Confidence::Medium),
                false => undecided(Undecided::UnknownWording),
            };
        }
        if !same.is_empty() {
            let of_us = same.iter().any(|l| l.control == Control::LocalUser);
            let uniform = locals.iter().all(|l| l.has(Severity::Permanent)) && !postmaster;
            return match class {
                Class::Denied if uniform && same.len() == locals.len() && self.wants_a_login() => {
                    (Outcome::AuthRequired, Confidence::Medium)
                }
                _ if postmaster && !of_us => undecided(Undecided::NoLocalUser),
                // A HELO that is refused at RCPT is refused for everybody.
                _ if form.envelope.helo.is_some() && !postmaster => {
                    undecided(Undecided::HeloRefused)
                }
                _ => undecided(Undecided::Blocked),
            };
        }
        if !postmaster {
            return undecided(Undecided::UnknownWording);
        }
        // postmaster is often exempt from blocks; a stranger among the users is not. Everyone that
        // was to be asked must have been refused, and otherwise than this form.
        let others: Vec<_> = locals.iter().filter(|l| l.control != Control::Postmaster).collect();
        let told_apart = others.iter().all(|l| l.has(Severity::Permanent));
        let compared = others.iter().any(|l| l.control == Control::RandomUser)
            || others.is_empty() && self.says_what_a_plain_form_was_told(reply);
        if told_apart && (compared || class == Class::Denied) {
            refused(Refusal::Relay, Confidence::Low)
        } else {
            undecided(Undecided::NoLocalUser)
        }
    }

    /// True when it is the sender that is refused: under it the server's own recipients are refused
    /// in the same words, and the same ones are accepted under another.
    fn is_of_the_sender(&self, form: &Form, reply: &Reply) -> bool {
        let forms = || self.evidence.forms.iter().enumerate();
        let is_own = |other: &Form| {
            matches!(other.control(), Some(Control::Postmaster | Control::LocalUser))
        };
        let at_rcpt = |index| self.at_rcpt_beside(form, index);
        let elsewhere = |own: &Form| {
            forms().any(|(index, other)| {
                is_own(other)
                    && other.envelope.forward_path == own.envelope.forward_path
                    && other.envelope.hello() == own.envelope.hello()
                    && !other.shares_context(own)
                    && at_rcpt(index).is_some_and(|r| r.severity() == Severity::Positive)
            })
        };
        let mut here =
            forms().filter(|(_, own)| is_own(own) && own.shares_context(form)).peekable();
        here.peek().is_some()
            && here.all(|(index, own)| {
                at_rcpt(index).is_some_and(|told| self.names().alike(told, reply)) && elsewhere(own)
            })
    }

    /// True when a plain form was refused in the same words, and an unknown user of the server's
    /// own, beside it, in others: the words are the server's for relaying, in any context.
    fn says_what_a_plain_form_was_told(&self, reply: &Reply) -> bool {
        self.evidence.forms.iter().enumerate().filter(|(_, form)| form.is_plain()).any(
            |(index, plain)| {
                let told = self.reply_to(index).filter(|(_, phase)| *phase == Phase::Rcpt);
                let Some((told, _)) = told.filter(|(told, _)| self.names().alike(told, reply))
                else {
                    return false;
                };
                let locals = self.locals(plain);
                let differs = |local: &Local<'_>| match local.reply {
                    Some(_) if local.has(Severity::Transient) => false,
                    Some(reply) => !self.names().alike(reply, told),
                    None => false,
                };
                locals
                    .iter()
                    .any(|l| l.control == Control::RandomUser && l.has(Severity::Permanent))
                    && locals.iter().any(|l| l.has(Severity::Positive))
                    && locals.iter().all(differs)
            },
        )
    }

    /// True when the plain recipient at the end was refused as one at the start was: by a wording
    /// that speaks for itself, or in the same words.
    pub(super) fn repeats_the_start(&self, form: &Form, reply: &Reply) -> bool {
        let explicit = matches!(
            self.names().classify(reply, Phase::Rcpt),
            Class::RelayDenied | Class::AuthNeeded
        );
        explicit
            || self.evidence.forms.iter().enumerate().any(|(index, start)| {
                start.is_plain()
                    && start.envelope == form.envelope
                    && self
                        .reply_to(index)
                        .is_some_and(|(first, _)| self.names().alike(first, reply))
            })
    }

    /// The server's own recipients under the same HELO and sender, and what they were answered on
    /// the same side of TLS.
    fn locals(&self, form: &Form) -> Vec<Local<'a>> {
        let wanted = [Control::Postmaster, Control::LocalUser, Control::RandomUser];
        let forms = self.evidence.forms.iter().enumerate();
        let locals = forms.filter_map(|(index, other)| {
            let control = other.control().filter(|control| wanted.contains(control))?;
            let reply = self.at_rcpt_beside(form, index);
            other.shares_context(form).then_some(Local { control, outer: other.outer, reply })
        });
        locals.chain(self.first_recipient(form)).collect()
    }

    /// The server's own recipient that went before the form in the same transaction.
    fn first_recipient(&self, form: &Form) -> Option<Local<'a>> {
        form.envelope.first_rcpt.as_ref()?;
        let index = self.evidence.forms.iter().position(|other| other == form)?;
        let attempt = self.deciding(index)?;
        let exchanges = &self.evidence.transcripts.get(attempt.transcript)?.exchanges;
        let before = exchanges.get(attempt.exchange.checked_sub(1)?)?;
        let reply = before.answer.reply().filter(|_| before.phase == Phase::Rcpt);
        let named = self.evidence.identity.has_local_user();
        let control = if named { Control::LocalUser } else { Control::Postmaster };
        Some(Local { control, outer: Outer::MailDomain, reply })
    }
}
