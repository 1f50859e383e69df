//! Acceptances, and the random user that shows whether one proves anything.

use crate::evidence::{Control, Form};
use crate::finding::catalogue;
use crate::smtp::{Phase, Reply, Severity};
use crate::target::name::is_at_or_below;
use crate::verdict::wording::Class;
use crate::verdict::{Outcome, Undecided};

use super::{Base, Judge, sure, undecided};

impl Judge<'_> {
    /// An acceptance counts unless the server may have taken the recipient for one of its own.
    pub(super) fn by_control(&self, form: &Form) -> Base {
        if self.sink {
            return undecided(Undecided::ScriptedSink);
        }
        if self.inside {
            return undecided(Undecided::VantageInside);
        }
        let identity = &self.evidence.identity;
        let of_mx = form.check() == Some(catalogue::CONDITIONAL_RELAY);
        let asked = identity.mx_domain.as_ref().filter(|_| of_mx).unwrap_or(&identity.canary.1);
        if self.evidence.server_names.iter().any(|name| is_at_or_below(name, asked)) {
            return undecided(Undecided::CanaryMaybeLocal);
        }
        if !form.outer.is_own() {
            return sure(Outcome::AcceptedRecipient);
        }
        let mut controls = self.controls(Control::RandomUser).filter(|(_, control)| {
            control.outer == form.outer
                && control.outer_domain == form.outer_domain
                && control.shares_context(form)
        });
        let refused = controls
            .next()
            .and_then(|(index, _)| self.newest_beside(form, index))
            .is_some_and(|reply| self.refuses_the_user(reply));
        if refused { sure(Outcome::AcceptedRecipient) } else { undecided(Undecided::LocalControl) }
    }

    /// True when a reply refuses a random user as such, and not us, the sender or the moment.
    fn refuses_the_user(&self, reply: &Reply) -> bool {
        match self.names().classify(reply, Phase::Rcpt) {
            Class::RelayDenied => true,
            Class::Denied
            | Class::InvalidRecipient
            | Class::MailboxUnavailable
            | Class::UnknownUser
            | Class::UnknownDomain
            | Class::Unverified
            | Class::Syntax
            | Class::Unworded => reply.severity() == Severity::Permanent,
            Class::Accepted
            | Class::AuthNeeded
            | Class::TlsNeeded
            | Class::Listed
            | Class::ClientRefused
            | Class::HeloRefused
            | Class::SenderRefused
            | Class::Sequence
            | Class::Content
            | Class::Throttled
            | Class::Deferred
            | Class::Odd => false,
        }
    }
}
