//! Asks a queue of forms over as few connections as the budget allows.
//!
//! Forms that share HELO and sender share one MAIL. A connection is left before it could annoy the
//! server; when the server ends one itself, the course goes on at the form that was not answered,
//! and from then on stays below what the server has shown to tolerate.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::evidence::{
    Answer, Attempt, Control, DialFault, Evidence, Form, Hello, Loss, Pass, Stop, Transcript,
};
use crate::net::Dialer;
use crate::probe::Greeting;
use crate::smtp::{Command, Ehlo, Phase, Reply, Severity, WireText, host_name_in, is_syntax_risk};
use crate::verdict::is_complaint;

use super::line::{Line, Transaction, record};
use super::{Budget, Settings, own_helo};

/// Tries of one form in one pass.
const TRIES: usize = 2;
/// Connections in a row without an answer.
const FRUITLESS: usize = 3;
/// Connections beyond one for each form.
const SPARE_CONNECTIONS: usize = 10;
/// The wait before a connection is tried again that was refused for the moment.
const BACK_OFF: Duration = Duration::from_secs(2);

type Place = (usize, usize);
type Sender = (Hello, WireText, bool);

pub(super) struct Runner {
    pub(super) evidence: Evidence,
    settings: Arc<Settings>,
    dialer: Arc<dyn Dialer>,
    finish: CancellationToken,
    budget: Budget,
    pipelining: bool,
    line: Option<Line>,
    tries: HashMap<usize, usize>,
    fruitless: usize,
    /// Refusals that hold for all forms, for one greeting name, for one sender: asked once.
    refused_host: Option<Place>,
    refused_hellos: HashMap<Hello, Place>,
    refused_senders: HashMap<Sender, Place>,
    lost_hellos: HashMap<Hello, usize>,
    /// Senders that the server has accepted: their MAIL may be sent together with the RCPTs.
    good_senders: HashSet<Sender>,
    helo_only: bool,
}

impl Runner {
    pub(super) fn new(
        evidence: Evidence,
        settings: Arc<Settings>,
        dialer: Arc<dyn Dialer>,
        finish: CancellationToken,
    ) -> Self {
        Self {
            evidence,
            budget: settings.budget,
            settings,
            dialer,
            finish,
            pipelining: true,
            line: None,
            tries: HashMap::new(),
            fruitless: 0,
            refused_host: None,
            refused_hellos: HashMap::new(),
            refused_senders: HashMap::new(),
            lost_hellos: HashMap::new(),
            good_senders: HashSet::new(),
            helo_only: false,
        }
    }

    /// True when nothing more is to be asked of this host.
    pub(super) fn is_over(&mut self) -> bool {
        if self.finish.is_cancelled() {
            self.stop(Stop::Interrupted);
        }
        let never_reached = self.evidence.transcripts.is_empty() && self.fruitless > 0;
        self.evidence.stopped.is_some() || never_reached
    }

    pub(super) fn stop(&mut self, stop: Stop) {
        self.evidence.stopped.get_or_insert(stop);
    }

    /// Forgets refusals, so that a later pass asks again.
    pub(super) fn start_pass(&mut self) {
        self.tries.clear();
        self.fruitless = 0;
        self.refused_host = None;
        self.refused_hellos.clear();
        self.refused_senders.clear();
        self.lost_hellos.clear();
    }

    /// Asks the forms in order.
    pub(super) async fn run(&mut self, forms: Vec<usize>, pass: Pass) {
        let mut queue = VecDeque::from(forms);
        while let Some(&index) = queue.front() {
            let Some(form) = self.evidence.forms.get(index).cloned() else {
                queue.pop_front();
                continue;
            };
            if let Some(place) = self.refusal_of(&form) {
                self.note(index, pass, place);
                queue.pop_front();
            } else if self.is_over() {
                return;
            } else if !self.fits(&form) {
                self.hang_up().await;
                self.open(form.envelope.hello()).await;
            } else if form.control() == Some(Control::RcptBeforeMail) {
                self.ask_group(&[index], None, pass, &mut queue).await;
            } else if let Some(mail) = self.transaction(&form).await {
                let batch = self.batch(&queue, &form);
                self.ask_group(&batch, mail, pass, &mut queue).await;
            } else if self.tried_enough(index) {
                self.give_up(index, pass);
                queue.pop_front();
            }
        }
    }

    /// A refusal that already answers this form.
    fn refusal_of(&self, form: &Form) -> Option<Place> {
        let of_sender = || self.refused_senders.get(&sender_of(form)).copied();
        let before_mail = form.control() == Some(Control::RcptBeforeMail);
        self.refused_host
            .or_else(|| self.refused_hellos.get(&form.envelope.hello()).copied())
            .or_else(|| if before_mail { None } else { of_sender() })
    }

    /// True when the open line can take this form.
    fn fits(&self, form: &Form) -> bool {
        let Some(line) = self.line.as_ref().filter(|line| line.session.is_alive()) else {
            return false;
        };
        let risk = is_syntax_risk(form.envelope.forward_path.as_bytes());
        let before_mail = form.control() == Some(Control::RcptBeforeMail);
        let other = |open: &Transaction| before_mail || !open.takes(form);
        let needs_reset = line.transaction.as_ref().is_some_and(other);
        line.hello == form.envelope.hello()
            && self.budget.room(&line.spent) > 0
            && (!(risk || before_mail) || self.budget.syntax_room(&line.spent) > 0)
            && (!needs_reset || line.spent.resets < self.budget.resets)
    }

    /// Opens a line and greets. What stands in the way is remembered.
    pub(super) async fn open(&mut self, hello: Hello) {
        let cap = self.evidence.forms.len() + SPARE_CONNECTIONS;
        if self.evidence.transcripts.len() >= cap {
            return self.stop(Stop::ConnectionCap);
        }
        if self.fruitless >= FRUITLESS {
            return self.stop(Stop::NoProgress);
        }
        let target = self.evidence.target.clone();
        let connection = match self.dialer.dial(&target).await {
            Ok(connection) => connection,
            Err(failure) => {
                let ours = matches!(failure.kind, DialFault::Local | DialFault::OutOfScope);
                self.evidence.dial_failures.push(failure);
                self.fruitless += 1;
                if self.evidence.transcripts.is_empty() {
                    return;
                }
                if ours || self.fruitless >= FRUITLESS {
                    return self.stop(Stop::DialFailed);
                }
                return self.wait(BACK_OFF).await;
            }
        };
        let transcript = self.evidence.transcripts.len();
        self.evidence.transcripts.push(Transcript {
            local: connection.local,
            peer: connection.peer,
            exchanges: Vec::new(),
        });
        let name = match &hello.name {
            Some(name) => name.clone(),
            None => {
                let own = own_helo(&self.evidence.identity, connection.local.ip());
                own.into_bytes().into()
            }
        };
        let greeting = hello.greeting;
        let line = Line::new(connection, self.settings.deadlines, hello, transcript);
        self.line = Some(line);
        if self.greeting().await && greeting != Greeting::None {
            self.greet(&name, greeting).await;
        }
    }

    /// Reads the greeting; true when the server is ready.
    async fn greeting(&mut self) -> bool {
        let Some(line) = &mut self.line else { return false };
        let exchange = line.session.greeting().await;
        let answer = exchange.answer.clone();
        let place = record(&mut self.evidence.transcripts, line.transcript, exchange);
        let first = self.evidence.transcripts.len() == 1;
        match answer {
            Answer::Reply(reply) if reply.severity() == Severity::Positive => {
                self.learn_name(&reply);
                return true;
            }
            // RFC 5321 section 3.1: 554 in place of a greeting means no service at all.
            Answer::Reply(reply) if reply.severity() == Severity::Permanent => {
                self.refused_host = Some(place);
            }
            Answer::Reply(_) => {
                // "Not now" at the door: once more after a pause, then it is the answer.
                if self.fruitless + 1 >= TRIES {
                    self.refused_host = Some(place);
                } else {
                    self.hang_up().await;
                    return {
                        self.wait(BACK_OFF).await;
                        false
                    };
                }
            }
            Answer::Lost(Loss::Timeout { .. } | Loss::Fault(_)) if first => {
                self.refused_host = Some(place);
            }
            Answer::Lost(_) => {}
        }
        self.hang_up().await;
        false
    }

    /// EHLO, or HELO where EHLO is not known.
    async fn greet(&mut self, name: &WireText, greeting: Greeting) {
        let name = name.as_bytes();
        if greeting == Greeting::Ehlo && !self.helo_only {
            let Ok(ehlo) = Command::ehlo(name) else { return self.stop(Stop::Internal) };
            let Some((answer, place)) = self.ask(&ehlo).await else { return };
            match &answer {
                Answer::Reply(reply) if reply.severity() == Severity::Positive => {
                    self.learn_name(reply);
                    let ehlo = Ehlo::read(reply);
                    if self.evidence.extensions.is_empty() {
                        self.evidence.extensions = ehlo.keywords().map(str::to_owned).collect();
                    }
                    if let Some(line) = &mut self.line {
                        line.pipelining = ehlo.offers("PIPELINING");
                    }
                    return;
                }
                Answer::Reply(reply) if reply.severity() == Severity::Permanent => {}
                _ => return self.lost_greeting(&answer, place).await,
            }
        }
        let Ok(helo) = Command::helo(name) else { return self.stop(Stop::Internal) };
        let Some((answer, place)) = self.ask(&helo).await else { return };
        match &answer {
            Answer::Reply(reply) if reply.severity() == Severity::Positive => {
                self.learn_name(reply);
                self.helo_only |= greeting == Greeting::Ehlo;
            }
            _ => self.lost_greeting(&answer, place).await,
        }
    }

    /// The server does not take our greeting: a refusal of the name, or twice no answer.
    async fn lost_greeting(&mut self, answer: &Answer, place: Place) {
        let Some(hello) = self.line.as_ref().map(|line| line.hello.clone()) else { return };
        let losses = self.lost_hellos.entry(hello.clone()).or_default();
        *losses += 1;
        let refused = answer.reply().is_some_and(|reply| reply.code() != 421);
        if refused || *losses >= TRIES {
            self.refused_hellos.insert(hello, place);
            self.fruitless = 0;
        }
        self.hang_up().await;
    }

    fn learn_name(&mut self, reply: &Reply) {
        if let Some(name) = host_name_in(reply)
            && !self.evidence.server_names.contains(&name)
            && self.evidence.transcripts.len() == 1
        {
            self.evidence.server_names.push(name);
        }
    }

    /// Makes the line ready for a form's sender. `Some(Some(mail))` is a MAIL to send together with
    /// the recipients, `Some(None)` an open transaction, `None` a change of plan.
    async fn transaction(&mut self, form: &Form) -> Option<Option<Command>> {
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
    fn mail_answered(&mut self, form: &Form, answer: &Answer, place: Place) -> bool {
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

    /// The forms at the head of the queue that can go out together, if each of them is refused.
    fn batch(&self, queue: &VecDeque<usize>, first: &Form) -> Vec<usize> {
        let Some(line) = &self.line else { return Vec::new() };
        let mut room = self.budget.room(&line.spent).max(1);
        if !(line.pipelining && self.pipelining) || first.envelope.first_rcpt.is_some() {
            room = 1;
        }
        let mut risks = self.budget.syntax_room(&line.spent);
        let mut batch = Vec::new();
        for &index in queue {
            let Some(form) = self.evidence.forms.get(index) else { break };
            let risk = is_syntax_risk(form.envelope.forward_path.as_bytes());
            let fits = batch.len() < room
                && form.shares_context(first)
                && form.control() != Some(Control::RcptBeforeMail)
                && (batch.is_empty() || form.envelope.first_rcpt.is_none())
                && (!risk || risks > 0 || batch.is_empty());
            if !fits {
                break;
            }
            risks = risks.saturating_sub(usize::from(risk));
            batch.push(index);
        }
        batch
    }

    /// Sends the recipients of a batch, behind `mail` if there is one, and takes note of each
    /// answer. What was not answered stays in the queue.
    async fn ask_group(
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
    fn is_judged(&self, answer: &Answer, place: Place) -> bool {
        self.phase_at(place) == Some(Phase::Rcpt)
            && answer.reply().is_some_and(|reply| !is_complaint(&self.evidence, reply))
    }

    /// One of the server's own recipients was answered.
    fn local_answered(&mut self, answer: &Answer) {
        let accepted = answer.reply().is_some_and(|r| r.severity() == Severity::Positive);
        if let Some(open) = self.line.as_mut().and_then(|line| line.transaction.as_mut()) {
            open.has_local |= accepted;
        }
    }

    fn count(&mut self, answer: &Answer) {
        if let (Some(line), Some(reply)) = (&mut self.line, answer.reply())
            && reply.is_refusal()
        {
            line.spent.refusal(reply.code());
        }
    }

    /// A form was not answered: the line is given up, and the form asked again elsewhere, once.
    async fn lost(
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
    fn complained(&mut self) {
        if let Some(line) = &self.line {
            self.budget.lower(&line.spent);
        }
        self.pipelining = false;
    }

    fn tried_enough(&self, index: usize) -> bool {
        self.tries.get(&index).is_some_and(|tries| *tries >= TRIES)
    }

    /// Leaves the last exchange as the answer to a form whose MAIL was never answered.
    fn give_up(&mut self, index: usize, pass: Pass) {
        let transcript = self.evidence.transcripts.len().saturating_sub(1);
        let exchanges = self.evidence.transcripts.last().map_or(0, |t| t.exchanges.len());
        // The goodbye, if there was one, is not the answer.
        let quit = self.phase_at((transcript, exchanges.saturating_sub(1))) == Some(Phase::Quit);
        let last = exchanges.saturating_sub(1 + usize::from(quit));
        self.note(index, pass, (transcript, last));
    }

    /// Says goodbye and closes.
    pub(super) async fn hang_up(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        if line.answered {
            self.fruitless = 0;
        } else {
            self.fruitless += 1;
        }
        if let Some(exchange) = line.session.quit().await {
            record(&mut self.evidence.transcripts, line.transcript, exchange);
        }
    }

    /// One command outside a group. `None` when there is no line.
    async fn ask(&mut self, command: &Command) -> Option<(Answer, Place)> {
        let line = self.line.as_mut()?;
        let exchange = line.session.ask(command).await;
        let answer = exchange.answer.clone();
        let place = record(&mut self.evidence.transcripts, line.transcript, exchange);
        Some((answer, place))
    }

    fn note(&mut self, form: usize, pass: Pass, (transcript, exchange): Place) {
        if let Some(line) = &mut self.line {
            line.answered = true;
        }
        self.evidence.attempts.push(Attempt { form, pass, transcript, exchange });
    }

    /// Waits, unless the user interrupts.
    pub(super) async fn wait(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.finish.cancelled() => {}
        }
    }

    fn phase_at(&self, (transcript, exchange): Place) -> Option<Phase> {
        Some(self.evidence.transcripts.get(transcript)?.exchanges.get(exchange)?.phase)
    }

    fn loss_at(&self, (transcript, exchange): Place) -> Option<&Loss> {
        match &self.evidence.transcripts.get(transcript)?.exchanges.get(exchange)?.answer {
            Answer::Lost(loss) => Some(loss),
            Answer::Reply(_) => None,
        }
    }
}

/// What a command of a group was for.
#[derive(Clone, Copy)]
enum Asked {
    Mail,
    /// The recipient that a form wants accepted before its own.
    First,
    Form(usize),
}

/// What a refusal of MAIL holds for.
fn sender_of(form: &Form) -> Sender {
    let envelope = &form.envelope;
    (envelope.hello(), envelope.reverse_path.clone(), envelope.bare_mail)
}

/// The RCPT commands of a form; the last one is its own.
fn recipients(form: &Form) -> Option<Vec<Command>> {
    let envelope = &form.envelope;
    let path = envelope.forward_path.as_bytes();
    let own = if envelope.bare_rcpt { Command::bare_rcpt(path) } else { Command::rcpt(path) };
    let first = envelope.first_rcpt.as_ref().map(|path| Command::rcpt(path.as_bytes()));
    first.into_iter().chain([own]).collect::<Result<_, _>>().ok()
}
