//! Transactions: MAIL, a group of RCPT, and what the answers mean for the course.

use std::collections::VecDeque;

use crate::engine::line::{Transaction, record};
use crate::evidence::{Answer, Form, Loss, Pass, Stop};
use crate::smtp::{Command, Phase, Severity};
use crate::verdict::is_complaint;

use super::{Place, Runner, sender_of};

/// What a command of a group was for.
#[derive(Clone, Copy)]
enum Asked {
    Mail,
    /// The recipient that a form wants accepted before its own.
    First,
    Form(usize),
}

impl Runner {
    /// Makes the line ready for a form's sender. `Some(Some(mail))` is a MAIL to send together with
    /// the recipients, `Some(None)` an open transaction, `None` a change of plan.
    pub(super) async fn transaction(&mut self, form: &Form) -> Option<Option<Command>> {
        let open = self.line.as_ref()?.transaction.clone();
        if open.as_ref().is_some_and(|open| open.takes(form)) {
            return Some(None);
        }
        if open.is_some() {
            let (answer, _) = self.ask(&Command::rset()).await?;
            let line = self.line.as_mut()?;
            line.spent.resets += 1;
            line.transaction = None;
            if answer.reply().is_none_or(|reply| reply.severity() != Severity::Positive) {
                self.complained();
                self.hang_up().await;
                return None;
            }
        }
        let path = form.envelope.reverse_path.as_bytes();
        let mail =
            if form.envelope.bare_mail { Command::bare_mail(path) } else { Command::mail(path) };
        let Ok(mail) = mail else {
            self.stop(Stop::Internal);
            return None;
        };
        let pipelining = self.line.as_ref().is_some_and(|line| line.pipelining);
        if pipelining && self.pipelining && self.good_senders.contains(&sender_of(form)) {
            return Some(Some(mail));
        }
        let (answer, place) = self.ask(&mail).await?;
        if self.mail_answered(form, &answer, place) {
            return Some(None);
        }
        // Lost, or a complaint: the form that wanted this sender has had one try.
        let settled = self.refusal_of(form).is_some();
        if !settled {
            let index = self.evidence.forms.iter().position(|other| other == form)?;
            *self.tries.entry(index).or_default() += 1;
            self.complained();
            self.hang_up().await;
        }
        None
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
            self.good_senders.insert(sender_of(form));
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

    /// Sends the recipients of a batch, behind `mail` if there is one, and takes note of each
    /// answer. What was not answered stays in the queue.
    pub(super) async fn ask_group(
        &mut self,
        batch: &[usize],
        mail: Option<Command>,
        pass: Pass,
        queue: &mut VecDeque<usize>,
    ) {
        let mut commands: Vec<_> = mail.into_iter().collect();
        let mut asked: Vec<_> = commands.iter().map(|_| Asked::Mail).collect();
        for &index in batch {
            let Some(form) = self.evidence.forms.get(index) else { continue };
            let Some(recipients) = recipients(form) else { return self.stop(Stop::Internal) };
            asked.extend((1..recipients.len()).map(|_| Asked::First));
            asked.push(Asked::Form(index));
            commands.extend(recipients);
        }
        let Some(line) = &mut self.line else { return };
        let exchanges = line.session.ask_group(&commands).await;
        let transcript = line.transcript;
        let mut answers = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let answer = exchange.answer.clone();
            let place = record(&mut self.evidence.transcripts, transcript, exchange);
            answers.push((answer, place));
        }
        // The form that stands first where nothing more was answered.
        let mut waiting = batch.first().copied();
        let mut rest = answers.iter();
        for what in asked {
            let Some((answer, place)) = rest.next() else { break };
            self.count(answer);
            match what {
                Asked::Mail => {
                    let form = waiting.and_then(|index| self.evidence.forms.get(index).cloned());
                    let Some(form) = form else { return };
                    if !self.mail_answered(&form, answer, *place) {
                        // The recipients behind a refused MAIL were out of sequence; their answers
                        // count against the budget and say nothing else.
                        rest.for_each(|(answer, _)| self.count(answer));
                        if self.refusal_of(&form).is_none() {
                            self.lost(waiting, pass, *place, queue).await;
                        }
                        return;
                    }
                }
                Asked::First if self.is_judged(answer, *place) => self.local_answered(answer),
                Asked::Form(index) if self.is_judged(answer, *place) => {
                    let control = self.evidence.forms.get(index).and_then(Form::control);
                    if control.is_some() {
                        self.local_answered(answer);
                    }
                    self.note(index, pass, *place);
                    queue.retain(|queued| *queued != index);
                    let next = batch.iter().position(|other| *other == index).map(|at| at + 1);
                    waiting = next.and_then(|next| batch.get(next).copied());
                }
                Asked::First | Asked::Form(_) => {
                    return self.lost(waiting, pass, *place, queue).await;
                }
            }
        }
        if let (Some(_), Some((_, place))) = (waiting, answers.last()) {
            self.lost(waiting, pass, *place, queue).await;
        }
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
    pub(super) async fn lost(
        &mut self,
        waiting: Option<usize>,
        pass: Pass,
        place: Place,
        queue: &mut VecDeque<usize>,
    ) {
        let Some(index) = waiting else { return };
        // What was never sent was not tried.
        let sent = self.phase_at(place) != Some(Phase::Unsolicited);
        let fault = self.loss_at(place).is_some_and(|loss| matches!(loss, Loss::Fault(_)));
        if sent || fault {
            *self.tries.entry(index).or_default() += 1;
        }
        if self.tried_enough(index) {
            self.note(index, pass, place);
            queue.retain(|queued| *queued != index);
        }
        self.complained();
        self.hang_up().await;
    }

    /// The server ended the connection or complained: ask for less from now on.
    pub(super) fn complained(&mut self) {
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

/// The RCPT commands of a form; the last one is its own.
fn recipients(form: &Form) -> Option<Vec<Command>> {
    let envelope = &form.envelope;
    let path = envelope.forward_path.as_bytes();
    let own = if envelope.bare_rcpt { Command::bare_rcpt(path) } else { Command::rcpt(path) };
    let first = envelope.first_rcpt.as_ref().map(|path| Command::rcpt(path.as_bytes()));
    first.into_iter().chain([own]).collect::<Result<_, _>>().ok()
}
