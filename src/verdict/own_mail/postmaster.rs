//! Mail for postmaster (RFC 5321 section 4.5.1).

use crate::evidence::{Control, SenderKind};
use crate::finding::Confidence;
use crate::smtp::{Phase, Severity};
use crate::verdict::wording::Class;
use crate::verdict::{Outcome, Undecided};

use super::{Asked, Host, RefusedMail, Taken};

impl Host<'_> {
    pub(super) fn postmaster(&self) -> Taken {
        let of_strangers =
            |one: &&Asked<'_>| one.is_under_our_name() && one.form.sender != SenderKind::Local;
        let all = || self.asked.iter().filter(of_strangers);
        let postmaster: Vec<_> = all().filter(|one| one.control == Control::Postmaster).collect();
        if postmaster.iter().any(|one| one.is_accepted()) {
            return self.accepted();
        }
        let read = postmaster.iter().map(|one| self.read_postmaster(one));
        let mut unknown = None;
        for taken in read {
            match taken {
                Taken::Refused(_) => return taken,
                _ => unknown = unknown.or(Some(taken)),
            }
        }
        unknown.unwrap_or_else(|| Taken::untold(None))
    }

    /// What one question that was not answered by an acceptance tells.
    fn read_postmaster(&self, one: &Asked<'_>) -> Taken {
        if !one.is_refused_at(&[Phase::Rcpt]) || one.is_about_the_client() {
            return Taken::untold(Some(one));
        }
        let others = || {
            let beside = self.asked.iter().filter(|other| other.form.shares_context(one.form));
            beside.filter(|other| other.control != Control::Postmaster)
        };
        let another = others().find(|other| other.is_accepted());
        if let Some(domain) = one.form.outer_domain.as_deref()
            && matches!(one.class, Some(Class::RelayDenied | Class::UnknownDomain))
            && !others().any(|o| o.is_accepted() && o.form.outer_domain == one.form.outer_domain)
        {
            // The server's own domain was named wrongly, or it is another server's.
            let detail = format!(
                "the server does not take {domain} for one of its own; check --local-domain: {}",
                one.words()
            );
            return Taken::unknown("no-local-domain", detail);
        }
        let for_the_sender = matches!(one.class, Some(Class::SenderRefused));
        if for_the_sender || another.is_none() && !self.judges_strangers(one) {
            return Taken::untold(Some(one));
        }
        if another.is_none() && !names_the_recipient(one) {
            // Nothing but the plain form says that it is not us who are refused.
            if self.has_changed_midway() {
                return Taken::changed_midway();
            }
            let refuses_a_user = |other: &Asked<'_>| {
                other.control == Control::LocalUser
                    && other.reply.is_some_and(|(r, _)| r.severity() == Severity::Permanent)
            };
            if others().any(refuses_a_user) {
                return Taken::undecided(Undecided::Blocked);
            }
        }
        self.refused_postmaster(one, another)
            .map_or_else(|| Taken::untold(Some(one)), Taken::Refused)
    }

    fn refused_postmaster(
        &self,
        one: &Asked<'_>,
        another: Option<&Asked<'_>>,
    ) -> Option<RefusedMail> {
        let (confidence, note) = match another {
            Some(other) => {
                let note = format!("from the same sender {} is accepted", other.recipient());
                (Confidence::High, note)
            }
            None if names_the_recipient(one) => {
                let note = "a plain foreign recipient from the same sender was judged, so it is \
                            neither our address nor our sender that is refused";
                (Confidence::High, note.to_owned())
            }
            None => {
                let note = "the reply does not say why, and no other mailbox of the server was \
                            accepted: name one with --local-user to tell this from a block";
                (Confidence::Low, note.to_owned())
            }
        };
        let summary = format!("mail for {} is refused", one.recipient());
        let mark = "postmaster is refused here";
        Some(RefusedMail { notes: vec![note], ..one.refused(confidence, summary, mark)? })
    }

    /// True when a plain form under the same greeting name and sender got as far as being judged.
    fn judges_strangers(&self, one: &Asked<'_>) -> bool {
        self.evidence.forms.iter().enumerate().any(|(index, form)| {
            let judged = |outcome: Outcome| {
                outcome.is_relay_refusal() || outcome == Outcome::AcceptedRecipient
            };
            form.is_plain()
                && form.shares_context(one.form)
                && judged(self.judge.form(index).outcome)
        })
    }
}

/// The reply speaks of the recipient, and so not of us.
fn names_the_recipient(one: &Asked<'_>) -> bool {
    matches!(
        one.class,
        Some(
            Class::RelayDenied
                | Class::UnknownUser
                | Class::UnknownDomain
                | Class::Unverified
                | Class::Syntax
        )
    )
}
