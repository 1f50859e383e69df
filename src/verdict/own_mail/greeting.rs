//! Mail under a greeting name that does not belong to the client's address (RFC 5321 section
//! 4.1.4).

use crate::evidence::{Control, Form};
use crate::finding::Confidence;
use crate::smtp::{Phase, WireText};
use crate::verdict::Outcome;

use super::{Asked, Host, RefusedMail, Taken};

const NO_ADDRESS: &str = "the name has no address of its own, unless its zone answers for every \
                          name: a server that refuses names without an address refuses it too";
const RESERVED: &str = "identity: reserved; the name is under example.com, because no \
                        --auditor-domain was given";

impl Host<'_> {
    pub(super) fn mismatched_helo(&self) -> Taken {
        let mismatched = |one: &&Asked<'_>| one.control == Control::MismatchedHelo;
        let Some(one) = self.asked.iter().find(mismatched) else { return Taken::untold(None) };
        if one.is_accepted() {
            return self.accepted();
        }
        let phases = [Phase::Ehlo, Phase::Helo, Phase::Mail, Phase::Rcpt];
        if !one.is_refused_at(&phases) || one.asks_for_something() {
            return Taken::untold(Some(one));
        }
        let under_our_name = self.asked.iter().find(|other| {
            let (own, its) = (&one.form.envelope, &other.form.envelope);
            other.is_under_our_name()
                && own.reverse_path == its.reverse_path
                && own.forward_path == its.forward_path
        });
        if !under_our_name.is_some_and(Asked::is_accepted) {
            return Taken::untold(under_our_name);
        }
        if !self.answers_as_before(one) {
            return Taken::changed_midway();
        }
        self.refused_helo(one).map_or_else(|| Taken::untold(Some(one)), Taken::Refused)
    }

    fn refused_helo(&self, one: &Asked<'_>) -> Option<RefusedMail> {
        let name = one.form.envelope.helo.as_ref().map(WireText::to_string).unwrap_or_default();
        let summary = format!(
            "mail for {} is refused under the greeting name {name}, which does not belong to our \
             address",
            one.recipient()
        );
        let mark = "refused here, and accepted under our own greeting name";
        let mut notes = vec![
            format!(
                "under our own name the same recipient from {} is accepted, and a plain foreign \
                 recipient was answered as before when this had been refused: it is the name that \
                 is refused, not our address",
                one.sender()
            ),
            NO_ADDRESS.to_owned(),
        ];
        if self.evidence.identity.is_reserved() {
            notes.push(RESERVED.to_owned());
        }
        // A name that does not resolve cannot be told from one that does not match.
        Some(RefusedMail { notes, ..one.refused(Confidence::Medium, summary, mark)? })
    }

    /// True when a plain form was answered afterwards as it was at the start.
    fn answers_as_before(&self, one: &Asked<'_>) -> bool {
        let Some((refused_on, _)) = one.place else { return false };
        let at_end = self.relay.controls.iter().any(|(index, verdict)| {
            let form = self.evidence.forms.get(*index);
            form.and_then(Form::control) == Some(Control::PlainAtEnd)
                && verdict.outcome.is_relay_refusal()
                && verdict.evidence.is_some_and(|(connection, _)| connection > refused_on)
        });
        // A plain form that is accepted is asked again in the confirmations.
        let again = self.evidence.forms.iter().enumerate().any(|(index, form)| {
            let confirmation = self.evidence.confirmation(index);
            let later = confirmation.is_some_and(|attempt| attempt.transcript > refused_on);
            let repeated = || {
                let verdict = self.judge.form(index);
                verdict.outcome == Outcome::AcceptedRecipient && verdict.repeated == Some(true)
            };
            form.is_plain() && later && repeated()
        });
        at_end || again
    }
}
