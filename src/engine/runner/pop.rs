//! POP-before-SMTP: a foreign recipient before a POP3 login, and again and again after it.
//!
//! Each question is asked on a connection of its own and at RCPT only. It comes after everything
//! else, for the login may change what the server answers. It is assumed that such a question does
//! not lengthen the time for which relaying is granted.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::moments;
use crate::engine::plan::{Tokens, canary_path};
use crate::engine::{MatrixSettings, PopSettings};
use crate::evidence::matrix::{Client, Gap};
use crate::evidence::pop::{PopBeforeSmtp, PopCheck, PopEnd, PopLogin};
use crate::evidence::{Evidence, Form, Stop};
use crate::session::{PopSession, PopTls};
use crate::smtp::{Command, Phase, WireText};
use crate::target::Target;
use crate::verdict::{Heard, Judge, Reading, heard};

use super::{BACK_OFF, Place, Runner, TRIES};

/// Questions in a row that teach nothing before the course gives up.
const UNKNOWN: usize = 3;

impl Runner {
    /// Writes down what will be asked.
    pub(in crate::engine) fn plan_pop(&mut self, tokens: &Tokens) {
        let Some(settings) = &self.settings.pop else { return };
        let from = self.evidence.identity.sender().unwrap_or_default();
        self.evidence.pop = Some(PopBeforeSmtp {
            window: settings.window.as_secs(),
            envelope: (
                WireText::from(from.into_bytes()),
                canary_path(&self.evidence.identity, tokens),
            ),
            logins: Vec::new(),
            checks: Vec::new(),
            stopped: None,
        });
    }

    /// Asks, logs in, and asks until relaying is refused again or the time is over.
    pub(in crate::engine) async fn ask_pop(&mut self) {
        let Some(settings) = self.settings.pop.clone() else { return };
        self.hang_up().await;
        if self.evidence.stopped.is_some() {
            return;
        }
        if self.evidence.transcripts.is_empty() {
            // Nobody answered, and the password need not go anywhere.
            if let Some(pop) = &mut self.evidence.pop {
                let gap = Some(Gap::NoConnection);
                pop.checks.push(PopCheck { after_ms: None, gap, place: None });
            }
            return;
        }
        let refused = refused_sender(&self.evidence);
        if let (Some(pop), Some(from)) = (&mut self.evidence.pop, refused) {
            pop.envelope.0 = from;
        }
        let mut before = None;
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.wait(BACK_OFF).await;
            }
            if self.is_pop_over() {
                return;
            }
            before = self.check(None).await;
            match before {
                Some(Heard::Granted) => return,
                Some(Heard::Refused | Heard::Unclear) => break,
                _ if attempt + 1 == TRIES => return,
                _ => {}
            }
        }
        let Some(sent) = self.log_in_by_pop(&settings).await else { return };
        let (mut last, mut granted, mut unknown) = (None, false, 0);
        // From the dialling to the question: what a connection takes before it can ask.
        let mut lead = Duration::ZERO;
        while let Some(at) = moments::next(last, granted, settings.window) {
            self.wait((sent + at).saturating_duration_since(Instant::now() + lead)).await;
            if self.is_pop_over() {
                return;
            }
            let begun = sent.elapsed();
            let heard = self.check(Some(sent)).await;
            let asked = self.evidence.pop.as_ref().and_then(|pop| pop.checks.last()?.after_ms);
            let asked = asked.map_or_else(|| sent.elapsed(), Duration::from_millis);
            lead = asked.saturating_sub(begun);
            last = Some(asked.max(at));
            match heard {
                Some(Heard::Granted) => (granted, unknown) = (true, 0),
                Some(Heard::Refused) if granted => return,
                // Without a word about relaying it may be a ban, unless that is how relaying was refused before.
                Some(Heard::Unclear) if granted && before == Some(Heard::Unclear) => return,
                Some(Heard::Unclear) if granted => unknown += 1,
                Some(Heard::Refused | Heard::Unclear) => unknown = 0,
                _ => unknown += 1,
            }
            if unknown >= UNKNOWN {
                return;
            }
        }
    }

    /// Notes why the questions ended before they were all asked.
    pub(in crate::engine) fn stop_pop(&mut self, stop: Stop) {
        if let Some(pop) = &mut self.evidence.pop {
            pop.stopped.get_or_insert(stop);
        }
    }

    /// Keeps what was said to a POP3 server on a connection that was cut short, and says goodbye.
    pub(in crate::engine) async fn hang_up_pop(&mut self) {
        let Some(mut session) = self.pop.take() else { return };
        session.quit().await;
        self.keep_login(&session, PopEnd::Stopped);
    }

    fn is_pop_over(&mut self) -> bool {
        if self.finish.is_cancelled() {
            self.stop_pop(Stop::Interrupted);
        }
        self.evidence.pop.as_ref().is_none_or(|pop| pop.stopped.is_some())
    }

    /// Asks once on a connection of its own, inside TLS where the server wants that, and says how
    /// the answer reads.
    async fn check(&mut self, since: Option<Instant>) -> Option<Heard> {
        for _ in 0..2 {
            let outside = !self.in_tls;
            let check = self.question(since).await;
            let wants_tls = outside && self.wants_tls(check.place);
            self.hang_up().await;
            if wants_tls {
                self.in_tls = true;
                continue;
            }
            let number = self.evidence.pop.as_mut().map(|pop| {
                pop.checks.push(check);
                pop.checks.len() - 1
            })?;
            return heard(&self.evidence, number);
        }
        None
    }

    async fn question(&mut self, since: Option<Instant>) -> PopCheck {
        let now = || since.map(|since| u64::try_from(since.elapsed().as_millis()).unwrap_or(0));
        let opened = self.open_row(Client::Foreign, self.in_tls, &MatrixSettings::default()).await;
        if let Err((gap, place)) = opened {
            return PopCheck { after_ms: now(), gap: Some(gap), place };
        }
        let paths = self.evidence.pop.as_ref().map(|pop| &pop.envelope);
        let commands = paths.and_then(|(from, to)| {
            Some((Command::mail(from.as_bytes()).ok()?, Command::rcpt(to.as_bytes()).ok()?))
        });
        let none = PopCheck { after_ms: now(), gap: Some(Gap::NoConnection), place: None };
        let Some((mail, rcpt)) = commands else { return none };
        let after_ms = now();
        let Some((answer, place)) = self.ask(&mail).await else { return none };
        self.count(&answer);
        if !self.is_yes(&answer, place, &[Phase::Mail]) {
            return PopCheck { after_ms, gap: None, place: Some(place) };
        }
        let after_ms = now();
        let Some((answer, place)) = self.ask(&rcpt).await else { return none };
        self.count(&answer);
        PopCheck { after_ms, gap: None, place: Some(place) }
    }

    /// True where the server wants TLS for what it was just asked, and offers it.
    fn wants_tls(&self, place: Option<Place>) -> bool {
        let offered = self.line.as_ref().is_some_and(|line| line.starttls);
        let exchange = place.and_then(|place| self.evidence.exchange_at(place));
        let reply = exchange.and_then(|e| Some((e.answer.reply()?, e.phase)));
        let reading = Reading::new(&self.evidence);
        offered
            && reply
                .is_some_and(|(reply, phase)| reading.asks_for_tls(&self.evidence, reply, phase))
    }

    /// Logs in at the first server that lets us as far as the password; returns when it was sent.
    async fn log_in_by_pop(&mut self, settings: &PopSettings) -> Option<Instant> {
        for (server, tls) in &settings.servers {
            if self.is_pop_over() {
                return None;
            }
            let (end, sent) = self.log_in_at(server, *tls, settings).await;
            match end {
                PopEnd::LoggedIn => return sent,
                PopEnd::NoConnection | PopEnd::NoGreeting | PopEnd::NoTls => {}
                // A refused login is not tried again: servers lock accounts for less.
                PopEnd::Refused | PopEnd::Lost | PopEnd::Stopped => return None,
            }
        }
        None
    }

    async fn log_in_at(
        &mut self,
        server: &Target,
        tls: PopTls,
        settings: &PopSettings,
    ) -> (PopEnd, Option<Instant>) {
        let mut login = PopLogin {
            peer: (server.address(), server.port()).into(),
            local: None,
            failure: None,
            tls: None,
            exchanges: Vec::new(),
            end: PopEnd::NoConnection,
        };
        match self.dialer.dial(server).await {
            Ok(connection) => {
                login.local = Some(connection.local);
                login.end = PopEnd::Stopped;
                self.pop = Some(PopSession::new(connection, self.settings.deadlines));
            }
            Err(failure) => login.failure = Some(failure),
        }
        if let Some(pop) = &mut self.evidence.pop {
            pop.logins.push(login);
        }
        // It stays where a cut finds it.
        let Some(session) = &mut self.pop else { return (PopEnd::NoConnection, None) };
        let end = session.log_in(&settings.account, tls, server.name()).await;
        let sent = session.password_sent();
        session.quit().await;
        if let Some(session) = self.pop.take() {
            self.keep_login(&session, end);
        }
        (end, sent)
    }

    fn keep_login(&mut self, session: &PopSession, end: PopEnd) {
        let login = self.evidence.pop.as_mut().and_then(|pop| pop.logins.last_mut());
        if let Some(login) = login {
            login.end = end;
            login.tls = session.tls().cloned();
            login.exchanges = session.exchanges().to_vec();
        }
    }
}

/// The sender from which a plain foreign recipient was refused as relaying, if there was one: what
/// this server makes of another is not known.
fn refused_sender(evidence: &Evidence) -> Option<WireText> {
    let judge = Judge::new(evidence);
    let refused = |(index, form): &(usize, &Form)| {
        form.is_plain() && judge.form(*index).outcome.is_relay_refusal()
    };
    let mut forms = evidence.forms.iter().enumerate();
    forms.find(refused).map(|(_, form)| form.envelope.reverse_path.clone())
}
