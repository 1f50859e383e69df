//! Groups of commands, and what the answers mean for the course.

use std::collections::VecDeque;

use crate::engine::line::{Transaction, record};
use crate::evidence::{Answer, Control, Form, Loss, Pass, Stop};
use crate::smtp::{Command, CommandError, Phase, Severity};

use super::pack::Step;
use super::{Place, Runner, sender_of};

/// What an answer means for the rest of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next answer counts.
    Next,
    /// MAIL was refused: the recipients behind it were never put as questions.
    NoMail,
    /// So was the recipient that a form wants before its own.
    NoFirst,
    /// The line is given up.
    Over,
}

impl Runner {
    /// Sends a group in one write and takes note of each answer. What was not answered stays in the
    /// queue.
    pub(super) async fn send(&mut self, steps: &[Step], pass: Pass, queue: &mut VecDeque<usize>) {
        let commands: Option<Vec<_>> = steps.iter().map(|step| self.command(*step)).collect();
        let commands = commands.filter(|commands| !commands.is_empty());
        let (Some(commands), Some(line)) = (commands, &mut self.line) else {
            return self.stop(Stop::Internal);
        };
        line.spent.resets += steps.iter().filter(|step| **step == Step::Rset).count();
        let exchanges = line.session.ask_group(&commands).await;
        let transcript = line.transcript;
        let mut answers = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let answer = exchange.answer.clone();
            let place = record(&mut self.evidence.transcripts, transcript, exchange);
            answers.push((answer, place));
        }
        if let Some(answer) = gap(steps, &answers) {
            // Nobody knows whose answer is missing: all are asked for again, one at a time.
            self.complained(answer);
            return self.hang_up().await;
        }
        let mut then = Then::Next;
        for (&step, (answer, place)) in steps.iter().zip(&answers) {
            let place = *place;
            then = match (step, then) {
                (_, Then::Over) => return,
                (Step::Rset, _) => self.reset_answered(answer, place).await,
                (Step::Hello, _) => self.greeted_again(answer, place).await,
                (Step::Mail(index), _) => {
                    self.sender_answered(index, pass, answer, place, queue).await
                }
                (Step::First(_) | Step::Rcpt(_), Then::NoMail) => {
                    self.unasked_answered(answer, place).await
                }
                (Step::Rcpt(_), Then::NoFirst) => self.unwanted_answered(answer, place).await,
                (Step::First(index), _) => {
                    self.first_answered(index, pass, answer, place, queue).await
                }
                (Step::Rcpt(index), _) => {
                    self.recipient_answered(index, pass, answer, place, queue).await
                }
                (Step::Quit, then) => {
                    if answer.reply().is_some_and(|reply| self.reading().is_complaint(reply)) {
                        self.complained(answer);
                    }
                    then
                }
            };
        }
    }

    /// `None` where there is no such form, or its path cannot be sent.
    fn command(&self, step: Step) -> Option<Command> {
        let form = |index: usize| self.evidence.forms.get(index);
        match step {
            Step::Rset => Some(Command::rset()),
            Step::Hello => self.greeting_again(),
            Step::Mail(index) => mail(form(index)?).ok(),
            Step::First(index) => {
                Command::rcpt(form(index)?.envelope.first_rcpt.as_ref()?.as_bytes()).ok()
            }
            Step::Rcpt(index) => recipient(form(index)?).ok(),
            Step::Quit => Some(Command::quit()),
        }
    }

    /// Makes the line ready for the sender of a form, one command at a time; false when the plan has
    /// changed instead.
    pub(super) async fn transaction(&mut self, index: usize, form: &Form) -> bool {
        while let Some(line) = &self.line {
            let step = match &line.transaction {
                Some(open) if open.takes(form, self.budget.recipients) => return true,
                Some(_) => Step::Rset,
                None => Step::Mail(index),
            };
            self.send(&[step], Pass::Message, &mut VecDeque::new()).await;
            if self.refusal_of(form).is_some() {
                return false;
            }
        }
        false
    }

    async fn reset_answered(&mut self, answer: &Answer, place: Place) -> Then {
        if let Some(line) = &mut self.line {
            line.transaction = None;
        }
        if self.is_yes(answer, place, &[Phase::Rset]) {
            return Then::Next;
        }
        self.complained(answer);
        self.hang_up().await;
        Then::Over
    }

    /// Takes note of a reply to MAIL.
    async fn sender_answered(
        &mut self,
        index: usize,
        pass: Pass,
        answer: &Answer,
        place: Place,
        queue: &mut VecDeque<usize>,
    ) -> Then {
        let Some(form) = self.evidence.forms.get(index) else { return Then::Over };
        let (opened, sender) = (Transaction::of(form), sender_of(form));
        if self.must_go_inside(answer, place) {
            self.go_inside().await;
            return Then::Over;
        }
        if self.may_be_owed_to_first_name(index, answer, place) {
            return self.part_from_name().await;
        }
        if self.is_yes(answer, place, &[Phase::Mail]) {
            self.accepted_senders.insert(sender);
            if let Some(line) = &mut self.line {
                line.transaction = Some(opened);
            }
            return Then::Next;
        }
        self.accepted_senders.remove(&sender);
        if let Some(reply) = answer.reply()
            && self.phase_at(place) == Some(Phase::Mail)
        {
            self.wary = true;
            self.count(answer);
            if !self.reading().is_complaint(reply) {
                self.refused_senders.insert(sender, place);
                return Then::NoMail;
            }
        }
        // Lost, or a complaint: the form that wanted this sender has had one try.
        *self.tries.entry(index).or_default() += 1;
        self.complained(answer);
        self.hang_up().await;
        if self.tried_enough(index) && queue.contains(&index) {
            self.note(index, pass, place);
            queue.retain(|queued| *queued != index);
        }
        Then::Over
    }

    /// A recipient behind a refused MAIL: its answer is none. Who takes it has a transaction open
    /// that nobody knows.
    async fn unasked_answered(&mut self, answer: &Answer, place: Place) -> Then {
        let then = self.unwanted_answered(answer, place).await;
        if then == Then::Next && self.is_yes(answer, place, &[Phase::Rcpt]) {
            self.hang_up().await;
            return Then::Over;
        }
        if then == Then::Next { Then::NoMail } else { then }
    }

    /// A recipient whose answer is none, since what had to come before it was refused.
    async fn unwanted_answered(&mut self, answer: &Answer, place: Place) -> Then {
        self.named();
        self.count(answer);
        if self.is_judged(answer, place) {
            return Then::Next;
        }
        self.complained(answer);
        self.hang_up().await;
        Then::Over
    }

    /// A recipient was named.
    fn named(&mut self) {
        if let Some(open) = self.line.as_mut().and_then(|line| line.transaction.as_mut()) {
            open.recipients += 1;
        }
    }

    /// The recipient that a form wants accepted before its own was answered. A refusal of it is the
    /// answer to the form: its question could not be put.
    async fn first_answered(
        &mut self,
        index: usize,
        pass: Pass,
        answer: &Answer,
        place: Place,
        queue: &mut VecDeque<usize>,
    ) -> Then {
        match self.recipient_heard(index, pass, answer, place, queue).await {
            Then::Next => {}
            other => return other,
        }
        self.local_answered(answer);
        if self.is_yes(answer, place, &[Phase::Rcpt]) {
            let first = self.evidence.forms.get(index).and_then(|f| f.envelope.first_rcpt.clone());
            if let Some(open) = self.line.as_mut().and_then(|line| line.transaction.as_mut()) {
                open.first = first;
            }
            return Then::Next;
        }
        self.note(index, pass, place);
        queue.retain(|queued| *queued != index);
        Then::NoFirst
    }

    async fn recipient_answered(
        &mut self,
        index: usize,
        pass: Pass,
        answer: &Answer,
        place: Place,
        queue: &mut VecDeque<usize>,
    ) -> Then {
        let heard = self.recipient_heard(index, pass, answer, place, queue).await;
        if heard == Then::Next {
            let control = self.evidence.forms.get(index).and_then(Form::control);
            if control.is_some() {
                self.local_answered(answer);
            }
            let known = matches!(control, Some(Control::Postmaster | Control::LocalUser));
            self.lenient |= !known && self.is_yes(answer, place, &[Phase::Rcpt]);
            self.note(index, pass, place);
            queue.retain(|queued| *queued != index);
        }
        heard
    }

    /// Counts an answer to RCPT, and gives the line up where it is none.
    async fn recipient_heard(
        &mut self,
        index: usize,
        pass: Pass,
        answer: &Answer,
        place: Place,
        queue: &mut VecDeque<usize>,
    ) -> Then {
        self.named();
        self.count(answer);
        if self.must_go_inside(answer, place) {
            self.go_inside().await;
            return Then::Over;
        }
        if self.may_be_owed_to_first_name(index, answer, place) {
            return self.part_from_name().await;
        }
        if !self.is_judged(answer, place) {
            self.lost(index, pass, answer, place, queue).await;
            return Then::Over;
        }
        Then::Next
    }

    /// True for a reply to RCPT that says something about this recipient.
    fn is_judged(&mut self, answer: &Answer, place: Place) -> bool {
        let Some(reply) = answer.reply() else { return false };
        let judged = !(reply.is_refusal() && self.reading().is_complaint(reply));
        judged && self.phase_at(place) == Some(Phase::Rcpt)
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

/// What shows that a reply in a group is missing: the goodbye answers another command than QUIT, or
/// the last that was waited for did not come.
fn gap<'a>(steps: &[Step], answers: &'a [(Answer, Place)]) -> Option<&'a Answer> {
    let grouped = steps.iter().zip(answers).enumerate().filter(|_| steps.len() > 1);
    let mut commands = grouped.filter(|(_, (step, _))| **step != Step::Quit);
    let shows = |at: usize, answer: &Answer| match answer {
        Answer::Reply(reply) => reply.is_goodbye(),
        Answer::Lost(loss) => at > 0 && matches!(loss, Loss::Timeout { .. }),
    };
    commands.find(|(at, (_, (answer, _)))| shows(*at, answer)).map(|(_, (_, (answer, _)))| answer)
}

/// The MAIL command of a form.
fn mail(form: &Form) -> Result<Command, CommandError> {
    let path = form.envelope.reverse_path.as_bytes();
    if form.envelope.bare_mail { Command::bare_mail(path) } else { Command::mail(path) }
}

/// The RCPT command of a form.
pub(super) fn recipient(form: &Form) -> Result<Command, CommandError> {
    let path = form.envelope.forward_path.as_bytes();
    if form.envelope.bare_rcpt { Command::bare_rcpt(path) } else { Command::rcpt(path) }
}
