//! A second greeting on one connection: our own name behind one that is not ours.
//!
//! RFC 5321 section 4.1.4 lets a client greet again at any time, and has the server forget the
//! transaction then. The quick profile saves a connection by it; the others spend one on every
//! name. What shows that a server took its second greeting otherwise is no answer: the line is
//! left, and this server is asked under one name a connection from then on.

use std::collections::VecDeque;

use crate::engine::line::{Line, recipients_of};
use crate::engine::own_helo;
use crate::evidence::{Answer, Control, Form, Hello};
use crate::probe::Greeting;
use crate::smtp::{Command, Ehlo, Phase, Reply};

use super::ask::Then;
use super::pack::{Next, Pack, Step};
use super::{Place, Runner};

impl Runner {
    /// From now on every greeting name has a connection of its own.
    pub(in crate::engine) fn keep_names_apart(&mut self) {
        self.greets_again = false;
    }

    /// True where the line may be greeted once more, for a form that wants our own name. RFC 5321
    /// lets that be done more often; Sendmail slows down at the third.
    pub(super) fn may_greet_again(&self, line: &Line, form: &Form) -> bool {
        let spoofed = &line.hello;
        self.greets_again
            && !self.helo_only
            && !line.greeted_again
            && spoofed.greeting == Greeting::Ehlo
            && spoofed.name.is_some()
            && *spoofed == Hello { name: spoofed.name.clone(), ..Hello::default() }
            && form.envelope.is_opened_by(&Hello::default())
            && form.control() != Some(Control::RcptBeforeMail)
    }

    /// True where the next form wants another greeting name, and the line bears the first of those
    /// behind it that do not.
    pub(super) fn may_fill_up(&self, queue: &VecDeque<usize>) -> bool {
        let Some(line) = self.line.as_ref().filter(|_| self.greets_again) else { return false };
        let mut forms = queue.iter().filter_map(|index| self.evidence.forms.get(*index));
        let is_next = |form: &&Form| {
            form.envelope.is_opened_by(&line.hello) && self.refusal_of(form).is_none()
        };
        forms.find(is_next).is_some_and(|form| self.fits(form))
    }

    /// The command for a second greeting.
    pub(super) fn greeting_again(&self) -> Option<Command> {
        let transcript = self.evidence.transcripts.get(self.line.as_ref()?.transcript)?;
        let own = own_helo(&self.evidence.identity, transcript.local.ip());
        Command::ehlo(own.as_bytes()).ok()
    }

    /// Ends a group with the second greeting, where the form has room behind it.
    pub(super) fn add_greeting(&self, pack: &mut Pack, line: &Line, form: &Form) -> Next {
        // Whatever stands first has been found to fit.
        let has_room =
            pack.steps.is_empty() || self.lenient || pack.expected >= recipients_of(form);
        if !has_room || !self.may_greet_again(line, form) {
            return Next::Elsewhere;
        }
        pack.steps.push(Step::Hello);
        Next::Waits
    }

    /// Takes note of the reply to a second greeting.
    pub(super) async fn greeted_again(&mut self, answer: &Answer, place: Place) -> Then {
        if let Some(reply) = answer.reply()
            && self.is_yes(answer, place, &[Phase::Ehlo])
        {
            self.ehlo_taken(reply, place);
            if let Some(line) = &mut self.line {
                (line.hello, line.transaction, line.greeted_again) = (Hello::default(), None, true);
            }
            return Then::Next;
        }
        // A refusal may be meant for a second greeting as such: it is put once more, as a first one.
        let is_refusal = answer.reply().is_some_and(|reply| {
            reply.is_refusal() && reply.code() != 421 && !self.reading().is_complaint(reply)
        });
        if !is_refusal {
            self.complained(answer);
        }
        self.part_from_name().await
    }

    /// True where an answer behind a second greeting may be owed to the first: a refusal that speaks
    /// of the name or of the order of commands, and any favour to a stranger.
    pub(super) fn may_be_owed_to_first_name(
        &mut self,
        index: usize,
        answer: &Answer,
        place: Place,
    ) -> bool {
        let Some(line) = self.line.as_ref().filter(|line| line.greeted_again) else { return false };
        let (is_in_force, reply) = (line.is_in_force, answer.reply());
        let Some((reply, phase)) = reply.zip(self.phase_at(place)) else { return false };
        if reply.is_refusal() {
            let is_owed = !is_in_force && self.reading().blames_greeting(reply, phase);
            if let Some(line) = &mut self.line {
                // Who refuses a recipient for another reason once has forgotten the first name.
                line.is_in_force |= !is_owed && phase == Phase::Rcpt;
            }
            return is_owed;
        }
        let control = self.evidence.forms.get(index).and_then(Form::control);
        phase == Phase::Rcpt && !matches!(control, Some(Control::Postmaster | Control::LocalUser))
    }

    /// Leaves a line whose second greeting does not count.
    pub(super) async fn part_from_name(&mut self) -> Then {
        self.keep_names_apart();
        self.hang_up().await;
        Then::Over
    }

    /// EHLO was accepted.
    pub(super) fn ehlo_taken(&mut self, reply: &Reply, place: Place) {
        self.learn_name(reply);
        let ehlo = Ehlo::read(reply);
        self.learn_extensions(&ehlo);
        if let Some(line) = &mut self.line {
            line.pipelining = ehlo.offers("PIPELINING");
            line.starttls = ehlo.offers("STARTTLS");
            line.greeted = place.1;
        }
    }
}
