//! From one reply to an outcome: by the command that it answers, then by its words.

use crate::evidence::Form;
use crate::probe::Greeting;
use crate::smtp::{Phase, Reply, Severity};
use crate::target::Role;
use crate::verdict::wording::Class;
use crate::verdict::{Outcome, Refusal, Undecided};

use super::names::{is_plain_address, names_foreign_mailbox, names_only_the_sender};
use super::{Base, Judge, sure, undecided};

impl Judge<'_> {
    /// What a reply means for the form, by the command that it answers.
    pub(super) fn by_reply(&self, form: &Form, reply: &Reply, phase: Phase) -> Base {
        let class = self.names().classify(reply, phase);
        match (phase, class) {
            (_, Class::Odd) => undecided(Undecided::PeerFault),
            (Phase::Rcpt, _) => self.by_recipient(form, reply, class),
            // The command before was accepted, and then nothing was asked.
            (_, Class::Accepted) => undecided(Undecided::NotAnswered),
            (_, Class::Throttled) => undecided(Undecided::Throttled),
            // Without a greeting, 503 is about that.
            (Phase::Mail, _) if reply.code() == 503 && form.envelope.greeting == Greeting::None => {
                undecided(Undecided::HeloRefused)
            }
            (Phase::Mail, _) => self.by_sender(class),
            (_, Class::TlsNeeded) => sure(Outcome::TlsRequired),
            _ if reply.severity() == Severity::Transient => sure(Outcome::Deferred),
            (_, Class::Listed | Class::ClientRefused) => undecided(Undecided::Blocked),
            (Phase::Ehlo | Phase::Helo, _) => undecided(Undecided::HeloRefused),
            // RFC 5321 section 3.1: a refusal in place of a greeting is one of the client or of
            // the service, whatever it says.
            (Phase::Greeting, _) => undecided(Undecided::Blocked),
            (Phase::Rset, _) => undecided(Undecided::Throttled),
            _ => undecided(Undecided::ConnectionLost),
        }
    }

    /// What a refusal of MAIL means for the form.
    fn by_sender(&self, class: Class) -> Base {
        match class {
            Class::RelayDenied => sure(Outcome::Refused(Refusal::Relay)),
            Class::AuthNeeded => sure(Outcome::AuthRequired),
            Class::TlsNeeded => sure(Outcome::TlsRequired),
            Class::Deferred => sure(Outcome::Deferred),
            Class::ClientRefused if self.wants_a_login() => sure(Outcome::AuthRequired),
            Class::Listed | Class::ClientRefused => undecided(Undecided::Blocked),
            Class::HeloRefused => undecided(Undecided::HeloRefused),
            Class::Sequence => undecided(Undecided::UnknownWording),
            _ => undecided(Undecided::SenderRefused),
        }
    }

    fn by_recipient(&self, form: &Form, reply: &Reply, class: Class) -> Base {
        let own = form.outer.is_own();
        let transient = reply.severity() == Severity::Transient;
        match class {
            Class::Accepted => self.by_control(form),
            Class::RelayDenied => sure(Outcome::Refused(Refusal::Relay)),
            Class::AuthNeeded => sure(Outcome::AuthRequired),
            Class::TlsNeeded => sure(Outcome::TlsRequired),
            Class::Deferred => sure(Outcome::Deferred),
            Class::Throttled => undecided(Undecided::Throttled),
            Class::HeloRefused => undecided(Undecided::HeloRefused),
            Class::SenderRefused => undecided(Undecided::SenderRefused),
            Class::ClientRefused if !transient && self.wants_a_login() => {
                sure(Outcome::AuthRequired)
            }
            Class::Listed | Class::ClientRefused => undecided(Undecided::Blocked),
            Class::Sequence => undecided(Undecided::UnknownWording),
            Class::UnknownUser | Class::UnknownDomain | Class::Unverified
                if names_only_the_sender(form, reply) =>
            {
                undecided(Undecided::SenderRefused)
            }
            // "Not now" about a user of its own is not yet a no.
            Class::UnknownUser | Class::UnknownDomain | Class::Unverified if own && transient => {
                sure(Outcome::Deferred)
            }
            // A user that exists nowhere else than here, as the form was written.
            Class::UnknownUser | Class::InvalidRecipient
                if own && !names_foreign_mailbox(form, &self.evidence.identity.canary.1, reply) =>
            {
                sure(Outcome::Refused(Refusal::UnknownUser))
            }
            Class::UnknownUser | Class::UnknownDomain | Class::Unverified => {
                undecided(Undecided::RecipientVerification)
            }
            Class::MailboxUnavailable if !own => undecided(Undecided::RecipientVerification),
            // A plain address has no syntax to refuse, whatever the code says.
            Class::Syntax if own || !is_plain_address(form) => {
                sure(Outcome::Refused(Refusal::Syntax))
            }
            _ => self.by_difference(form, reply, class),
        }
    }

    /// On a submission port that offers AUTH, a refusal of every client means: log in.
    pub(super) fn wants_a_login(&self) -> bool {
        self.evidence.target.role() == Role::Submission && self.evidence.offers("AUTH")
    }
}
