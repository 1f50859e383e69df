//! Asks a queue of forms over as few connections as the budget allows.
//!
//! Forms that share HELO and sender share one MAIL. A connection is left before it could annoy the
//! server; when the server ends one itself, the course goes on at the form that was not answered,
//! and from then on stays below what the server has shown to tolerate.

mod again;
mod ask;
mod context;
mod deliver;
mod matrix;
mod open;
mod pack;
mod pop;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::evidence::{Attempt, Control, Evidence, Form, Hello, Pass, Stop};
use crate::net::Dialer;
use crate::probe::Profile;
use crate::session::PopSession;
use crate::smtp::{Phase, Severity, WireText, is_syntax_risk};
use crate::verdict::Reading;

use super::line::{Line, recipients_of, record};
use super::turn::Turn;
use super::{Budget, Settings};

/// Tries of one form in one pass.
const TRIES: usize = 2;
/// Connections in a row without an answer.
const FRUITLESS: usize = 3;
/// Connections beyond one for each form.
const SPARE_CONNECTIONS: usize = 10;
/// What a server may say on all connections together. Each is kept until the host is judged, and
/// many hosts are asked at once; an audit of a stock server holds less than a tenth of it.
const MOST_SAID: usize = 4 << 20;
/// The wait before a connection is tried again that was refused for the moment.
const BACK_OFF: Duration = Duration::from_secs(2);

type Place = (usize, usize);
type Sender = (Hello, WireText, bool);

pub(super) struct Runner {
    pub(super) evidence: Evidence,
    settings: Arc<Settings>,
    dialer: Arc<dyn Dialer>,
    finish: CancellationToken,
    turn: Arc<Turn>,
    budget: Budget,
    pipelining: bool,
    line: Option<Line>,
    tries: HashMap<usize, usize>,
    fruitless: usize,
    /// Refusals that hold for all forms, for one greeting name, for one sender: asked once.
    refused_host: Option<Place>,
    refused_hellos: HashMap<Hello, Place>,
    refused_senders: HashMap<Sender, Place>,
    /// Senders that were accepted under a greeting name, the last time that they were named.
    accepted_senders: HashSet<Sender>,
    /// A sender was refused or put off: what follows another waits for its answer.
    wary: bool,
    /// A recipient was accepted that is not known to exist.
    lenient: bool,
    lost_hellos: HashMap<Hello, usize>,
    helo_only: bool,
    /// A connection may be greeted by our own name behind another one.
    greets_again: bool,
    /// The server wants TLS, so that every connection is secured first.
    in_tls: bool,
    /// Connections on which TLS was wanted and did not come about.
    tls_losses: usize,
    tls_given_up: bool,
    /// The connection that the server's names were learned on.
    names_from: Option<usize>,
    /// The server complained: the next connection waits.
    back_off: bool,
    /// The open connection to a POP3 server.
    pop: Option<PopSession>,
    /// How replies are read, by what was known then, and how many forms there were.
    reading: Option<(Known, usize, Reading)>,
}

/// How many names of the server there are, and whether there was a connection.
type Known = (usize, bool);

impl Runner {
    pub(super) fn new(
        evidence: Evidence,
        settings: Arc<Settings>,
        dialer: Arc<dyn Dialer>,
        finish: CancellationToken,
        turn: Arc<Turn>,
    ) -> Self {
        let greets_again = settings.profile == Profile::Quick;
        Self {
            evidence,
            budget: settings.budget,
            settings,
            dialer,
            finish,
            turn,
            pipelining: true,
            line: None,
            tries: HashMap::new(),
            fruitless: 0,
            refused_host: None,
            refused_hellos: HashMap::new(),
            refused_senders: HashMap::new(),
            accepted_senders: HashSet::new(),
            wary: false,
            lenient: false,
            lost_hellos: HashMap::new(),
            helo_only: false,
            greets_again,
            in_tls: false,
            tls_losses: 0,
            tls_given_up: false,
            names_from: None,
            back_off: false,
            pop: None,
            reading: None,
        }
    }

    /// How replies are read by what is known now.
    pub(super) fn reading(&mut self) -> Reading {
        let Evidence { server_names, forms, transcripts, .. } = &self.evidence;
        let known = (server_names.len(), transcripts.is_empty());
        let still = self.reading.take().filter(|(by, read, reading)| {
            *by == known && forms.get(*read..).is_some_and(|added| reading.knows(added))
        });
        let forms = forms.len();
        let reading = still.map_or_else(|| Reading::new(&self.evidence), |(_, _, reading)| reading);
        self.reading = Some((known, forms, reading.clone()));
        reading
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
        self.start_pass_at_once();
        // "Not now" at the door may have been meant, and is asked once more; a refusal or a broken
        // greeting stands.
        if self.refused_host.is_some_and(|place| self.said_not_now(place)) {
            self.refused_host = None;
            self.fruitless = TRIES - 1;
        }
    }

    /// The same directly behind the pass before: who was busy at the door still is.
    pub(super) fn start_pass_at_once(&mut self) {
        self.tries.clear();
        self.fruitless = 0;
        self.refused_hellos.clear();
        self.refused_senders.clear();
        self.lost_hellos.clear();
    }

    /// Asks the forms in order.
    pub(super) async fn run(&mut self, forms: Vec<usize>, pass: Pass) {
        let mut queue = VecDeque::from(forms);
        while let Some(&index) = queue.front() {
            let form = self.evidence.forms.get(index);
            let Some(refusal) = form.map(|form| self.refusal_of(form)) else {
                queue.pop_front();
                continue;
            };
            if let Some(place) = refusal {
                self.note(index, pass, place);
                queue.pop_front();
            } else if self.is_over() {
                return;
            } else if let Some(hello) = self.wanted_instead(&queue) {
                self.hang_up().await;
                self.open(hello).await;
            } else {
                let steps = self.pack(&queue, pass);
                self.send(&steps, pass, &mut queue).await;
            }
        }
    }

    /// A refusal that already answers this form.
    fn refusal_of(&self, form: &Form) -> Option<Place> {
        let before_mail = form.control() == Some(Control::RcptBeforeMail);
        let (hellos, senders) = (&self.refused_hellos, &self.refused_senders);
        // Most servers refuse none, and this is asked of every form before every group.
        let of_hello = || hellos.get(&form.envelope.hello()).copied();
        let of_sender = || senders.get(&sender_of(form)).copied();
        self.refused_host
            .or_else(|| if hellos.is_empty() { None } else { of_hello() })
            .or_else(|| if senders.is_empty() || before_mail { None } else { of_sender() })
    }

    /// What a line has to be opened with where the open one cannot take the next form, nor fill up
    /// with others.
    fn wanted_instead(&self, queue: &VecDeque<usize>) -> Option<Hello> {
        let form = self.evidence.forms.get(*queue.front()?)?;
        (!self.fits(form) && !self.may_fill_up(queue)).then(|| form.envelope.hello())
    }

    /// True when the open line can take this form.
    fn fits(&self, form: &Form) -> bool {
        let Some(line) = self.line.as_ref().filter(|line| line.session.is_alive()) else {
            return false;
        };
        let risk = is_syntax_risk(form.envelope.forward_path.as_bytes());
        let before_mail = form.control() == Some(Control::RcptBeforeMail);
        if before_mail && line.transaction.is_some() {
            return false;
        }
        let most = self.budget.recipients;
        let again = self.may_greet_again(line, form);
        let open = line.transaction.as_ref().filter(|_| !again);
        let taken = open.map(|open| open.takes(form, most));
        let sender_risk = taken != Some(true) && !before_mail && self.is_sender_risk(form);
        (again || form.envelope.is_opened_by(&line.hello))
            && self.budget.room(&line.spent) >= recipients_of(form).min(self.budget.refusals)
            && (!(risk || before_mail || sender_risk) || self.budget.syntax_room(&line.spent) > 0)
            && (taken != Some(false) || line.spent.resets < self.budget.resets)
    }

    /// True where MAIL from the sender of a form may be called a syntax error.
    fn is_sender_risk(&self, form: &Form) -> bool {
        let envelope = &form.envelope;
        let risk = envelope.bare_mail || is_syntax_risk(envelope.reverse_path.as_bytes());
        risk && !self.accepted_senders.contains(&sender_of(form))
    }

    fn tried_enough(&self, index: usize) -> bool {
        self.tries.get(&index).is_some_and(|tries| *tries >= TRIES)
    }

    /// Says goodbye and closes.
    pub(super) async fn hang_up(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        if line.answered {
            self.fruitless = 0;
        } else {
            self.fruitless += 1;
        }
        for exchange in line.session.quit().await {
            record(&mut self.evidence.transcripts, line.transcript, exchange);
        }
        if let Some(record) = self.evidence.transcripts.get_mut(line.transcript) {
            record.took = Some(line.dialled.elapsed());
        }
    }

    fn said_not_now(&self, (transcript, exchange): Place) -> bool {
        let transcript = self.evidence.transcripts.get(transcript);
        let exchange = transcript.and_then(|transcript| transcript.exchanges.get(exchange));
        let reply = exchange.and_then(|exchange| exchange.answer.reply());
        reply.is_some_and(|reply| reply.severity() == Severity::Transient)
    }

    /// True when the server has been met: it is ready, or it has said why it will not be.
    pub(super) fn is_met(&self) -> bool {
        self.line.is_some() || self.refused_host.is_some() || !self.refused_hellos.is_empty()
    }

    /// Keeps what was answered of a group that was cut short.
    pub(super) fn salvage(&mut self) {
        let Some(line) = &mut self.line else { return };
        for exchange in line.session.take_group() {
            record(&mut self.evidence.transcripts, line.transcript, exchange);
        }
    }

    fn note(&mut self, form: usize, pass: Pass, (transcript, exchange): Place) {
        if let Some(line) = &mut self.line {
            line.answered = true;
        }
        self.evidence.attempts.push(Attempt { form, pass, transcript, exchange });
    }

    /// Waits, without the turn, unless the user interrupts.
    pub(super) async fn wait(&self, time: Duration) {
        tokio::select! {
            () = self.turn.pause(time) => {}
            () = self.finish.cancelled() => {}
        }
    }

    /// Index of the last exchange of a transcript.
    fn last(&self, transcript: usize) -> usize {
        let exchanges = self.evidence.transcripts.get(transcript).map(|t| t.exchanges.len());
        exchanges.unwrap_or_default().saturating_sub(1)
    }

    fn phase_at(&self, (transcript, exchange): Place) -> Option<Phase> {
        Some(self.evidence.transcripts.get(transcript)?.exchanges.get(exchange)?.phase)
    }
}

/// What a refusal of MAIL holds for.
fn sender_of(form: &Form) -> Sender {
    let envelope = &form.envelope;
    (envelope.hello(), envelope.reverse_path.clone(), envelope.bare_mail)
}
