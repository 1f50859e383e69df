//! Mail from the null reverse-path, which notifications come from (RFC 5321 sections 3.6.3, 4.5.5
//! and 6.1).

use crate::evidence::Control;
use crate::finding::Confidence;
use crate::smtp::Phase;
use crate::verdict::wording::Class;

use super::{Asked, Host, RefusedMail, Taken};

impl Host<'_> {
    pub(super) fn null_sender(&self) -> Taken {
        let named = |one: &&Asked<'_>| {
            let control = matches!(one.control, Control::Postmaster | Control::LocalUser);
            control && one.is_under_our_name()
        };
        let (from_nobody, others): (Vec<_>, Vec<_>) =
            self.asked.iter().filter(named).partition(|one| one.is_from_nobody());
        if from_nobody.iter().any(|one| one.is_accepted()) {
            return self.accepted();
        }
        let refused = from_nobody.iter().find_map(|one| refused_sender(one, &others));
        match refused {
            // The words name the sender, or a client that had begun to be blocked hears them too.
            Some((Some(Class::SenderRefused), refused)) => Taken::Refused(refused),
            Some(_) if self.has_changed_midway() => Taken::changed_midway(),
            Some((_, refused)) => Taken::Refused(refused),
            None => Taken::untold(from_nobody.first().copied()),
        }
    }
}

/// A refusal of this sender shows by the difference to another one.
fn refused_sender(one: &Asked<'_>, others: &[&Asked<'_>]) -> Option<(Option<Class>, RefusedMail)> {
    if one.is_about_the_client() {
        return None;
    }
    let by_name = one.class == Some(Class::SenderRefused);
    let refused = if one.is_refused_at(&[Phase::Mail]) {
        let other = others.iter().find(|other| other.is_past_mail())?;
        let summary = "mail from the null reverse-path is refused";
        let mark = "the null reverse-path is refused as a sender";
        let refused = one.refused(Confidence::High, summary.to_owned(), mark)?;
        let note = format!("MAIL from {} is accepted", other.sender());
        RefusedMail { notes: vec![note], ..refused }
    } else if one.is_refused_at(&[Phase::Rcpt]) {
        let other = others.iter().find(|other| {
            other.is_accepted()
                && other.form.envelope.forward_path == one.form.envelope.forward_path
        })?;
        let confidence = if by_name { Confidence::High } else { Confidence::Medium };
        let summary = format!("mail for {} from the null reverse-path is refused", one.recipient());
        let mark = "refused from the null reverse-path";
        let refused = one.refused(confidence, summary, mark)?;
        let note = format!("the same recipient from {} is accepted", other.sender());
        RefusedMail { notes: vec![note], ..refused }
    } else {
        return None;
    };
    Some((one.class, refused))
}
