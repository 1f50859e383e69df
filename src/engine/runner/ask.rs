//! Transactions: MAIL, a group of RCPT, and what the answers mean for the course.

use std::collections::VecDeque;

use crate::engine::line::{Transaction, record};
use crate::evidence::{Answer, Form, Loss, Pass, Stop};
use crate::smtp::{Command, CommandError, Phase, Severity};
use crate::verdict::is_complaint;

use super::{Place, Runner, sender_of};

impl Runner {
    /// Makes the line ready for a form's sender; false when the plan has changed instead. MAIL is
    /// sent alone: behind a refused one, each recipient of a group would be out of sequence.
    pub(super) async fn transaction(&mut self, form: &Form) -> bool {
        self.try_transaction(form).await.unwrap_or(false)
    }

    /// `None` where there is no line any more.
    async fn try_transaction(&mut self, form: &Form) -> Option<bool> {
        let open = self.line.as_ref()?.transaction.clone();
        if open.as_ref().is_some_and(|open| open.takes(form, self.budget.recipients)) {
            return Some(true);
        }
        if open.is_some() {
            let (answer, _) = self.ask(&Command::rset()).await?;
            let line = self.line.as_mut()?;
            line.spent.resets += 1;
            line.transaction = None;
            if answer.reply().is_none_or(|reply| reply.severity() != Severity::Positive) {
                self.complained(&answer);
                self.hang_up().await;
                return Some(false);
            }
        }
        let path = form.envelope.reverse_path.as_bytes();
        let mail =
            if form.envelope.bare_mail { Command::bare_mail(path) } else { Command::mail(path) };
        let Ok(mail) = mail else {
            self.stop(Stop::Internal);
            return Some(false);
        };
        let (answer, place) = self.ask(&mail).await?;
        if self.must_go_inside(&answer, place) {
            self.go_inside().await;
            return Some(false);
        }
        if self.mail_answered(form, &answer, place) {
            return Some(true);
        }
        // Lost, or a complaint: the form that wanted this sender has had one try.
        let settled = self.refusal_of(form).is_some();
        if !settled {
            let index = self.evidence.forms.iter().position(|other| other == form)?;
            *self.tries.entry(index).or_default() += 1;
            self.complained(&answer);
            self.hang_up().await;
        }
        Some(false)
    }

    /// Takes note of a reply to MAIL; true when the transaction is open.
    pub(super) fn mail_answered(&mut self, form: &Form, answer: &Answer, place: Place) -> bool {
        let Some(reply) = answer.reply() else { return false };
        if self.phase_at(place) != Some(Phase::Mail) {
            return false;
        }
        if reply.severity() == Severity::Positive {
            if let Some(line) = &mut self.line {
                line.transaction = Some(Transaction::of(form));
            }
            return true;
        }
        if let Some(line) = &mut self.line {
            line.spent.refusal(reply.code());
        }
        if !is_complaint(&self.evidence, reply) {
            self.refused_senders.insert(sender_of(form), place);
        }
        false
    }

    /// Sends the recipients of a batch in one write and takes note of each answer. What was not
    /// answered stays in the queue.
    pub(super) async fn ask_group(
        &mut self,
        batch: &[usize],
        pass: Pass,
        queue: &mut VecDeque<usize>,
    ) {
        if let [index] = batch
            && !self.first_is_accepted(*index, pass, queue).await
        {
            return;
        }
        let forms = batch.iter().filter_map(|index| self.evidence.forms.get(*index));
        let Ok(commands) = forms.map(recipient).collect::<Result<Vec<_>, _>>() else {
            return self.stop(Stop::Internal);
        };
        let Some(line) = &mut self.line else { return };
        if let Some(open) = &mut line.transaction {
            open.recipients += commands.len();
        }
        let exchanges = line.session.ask_group(&commands).await;
        let transcript = line.transcript;
        let mut answers = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let answer = exchange.answer.clone();
            let place = record(&mut self.evidence.transcripts, transcript, exchange);
            answers.push((answer, place));
        }
        for (&index, (answer, place)) in batch.iter().zip(&answers) {
            self.count(answer);
            if self.must_go_inside(answer, *place) {
                return self.go_inside().await;
            }
            if !self.is_judged(answer, *place) {
                return self.lost(index, pass, answer, *place, queue).await;
            }
            if self.is_control(index) {
                self.local_answered(answer);
            }
            self.note(index, pass, *place);
            queue.retain(|queued| *queued != index);
        }
        if let (Some(&index), Some((answer, place))) = (batch.get(answers.len()), answers.last()) {
            self.lost(index, pass, answer, *place, queue).await;
        }
    }

    /// Asks the recipient that a form wants accepted before its own; true where there is none, or
    /// where it was. A refusal of it is the answer to the form: its question could not be put.
    async fn first_is_accepted(
        &mut self,
        index: usize,
        pass: Pass,
        queue: &mut VecDeque<usize>,
    ) -> bool {
        let form = self.evidence.forms.get(index);
        let Some(first) = form.and_then(|form| form.envelope.first_rcpt.clone()) else {
            return true;
        };
        let Ok(command) = Command::rcpt(first.as_bytes()) else {
            self.stop(Stop::Internal);
            return false;
        };
        if let Some(open) = self.line.as_mut().and_then(|line| line.transaction.as_mut()) {
            open.recipients += 1;
        }
        let Some((answer, place)) = self.ask(&command).await else { return false };
        self.count(&answer);
        if self.must_go_inside(&answer, place) {
            self.go_inside().await;
            return false;
        }
        if !self.is_judged(&answer, place) {
            self.lost(index, pass, &answer, place, queue).await;
            return false;
        }
        self.local_answered(&answer);
        let accepted = answer.reply().is_some_and(|r| r.severity() == Severity::Positive);
        if !accepted {
            self.note(index, pass, place);
            queue.retain(|queued| *queued != index);
        }
        accepted
    }

    /// True for a reply to RCPT that says something about this recipient.
    pub(super) fn is_judged(&self, answer: &Answer, place: Place) -> bool {
        self.phase_at(place) == Some(Phase::Rcpt)
            && answer.reply().is_some_and(|reply| !is_complaint(&self.evidence, reply))
    }

    /// One of the server's own recipients was answered.
    pub(super) fn local_answered(&mut self, answer: &Answer) {
        let accepted = answer.reply().is_some_and(|r| r.severity() == Severity::Positive);
        if let Some(open) = self.line.as_mut().and_then(|line| line.transaction.as_mut()) {
            open.has_local |= accepted;
        }
    }

    pub(super) fn count(&mut self, answer: &Answer) {
        if let (Some(line), Some(reply)) = (&mut self.line, answer.reply())
            && reply.is_refusal()
        {
            line.spent.refusal(reply.code());
        }
    }

    /// A form was not answered: the line is given up, and the form asked again elsewhere, once.
    async fn lost(
        &mut self,
        index: usize,
        pass: Pass,
        answer: &Answer,
        place: Place,
        queue: &mut VecDeque<usize>,
    ) {
        // What was never sent was not tried.
        let sent = self.phase_at(place) != Some(Phase::Unsolicited);
        if sent || matches!(answer, Answer::Lost(Loss::Fault(_))) {
            *self.tries.entry(index).or_default() += 1;
        }
        if self.tried_enough(index) {
            self.note(index, pass, place);
            queue.retain(|queued| *queued != index);
        }
        self.complained(answer);
        self.hang_up().await;
    }

    /// The server ended the connection or complained: ask for less from now on.
    pub(super) fn complained(&mut self, answer: &Answer) {
        self.back_off |= answer.reply().is_some();
        if let Some(line) = &self.line {
            self.budget.lower(&line.spent);
        }
        self.pipelining = false;
    }

    /// One command outside a group. `None` when there is no line.
    pub(super) async fn ask(&mut self, command: &Command) -> Option<(Answer, Place)> {
        let line = self.line.as_mut()?;
        let exchange = line.session.ask(command).await;
        let answer = exchange.answer.clone();
        let place = record(&mut self.evidence.transcripts, line.transcript, exchange);
        Some((answer, place))
    }
}

/// The RCPT command of a form.
pub(super) fn recipient(form: &Form) -> Result<Command, CommandError> {
    let path = form.envelope.forward_path.as_bytes();
    if form.envelope.bare_rcpt { Command::bare_rcpt(path) } else { Command::rcpt(path) }
}
