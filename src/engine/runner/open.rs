//! Opening a connection: dial, greeting, EHLO or HELO.

use std::net::IpAddr;

use tokio::time::Instant;

use crate::engine::line::{Line, record};
use crate::engine::own_helo;
use crate::evidence::{Answer, DialFault, Hello, Loss, Stop, Transcript};
use crate::probe::Greeting;
use crate::smtp::{Command, Ehlo, Reply, Severity, WireText, host_name_in};

use super::{BACK_OFF, FRUITLESS, MOST_SAID, Place, Runner, SPARE_CONNECTIONS, TRIES};

impl Runner {
    /// Opens a line and greets. What stands in the way is remembered.
    pub(in crate::engine) async fn open(&mut self, hello: Hello) {
        let cap = self.evidence.forms.len() + SPARE_CONNECTIONS;
        if self.evidence.transcripts.len() >= cap {
            return self.stop(Stop::ConnectionCap);
        }
        if self.evidence.transcripts.iter().map(Transcript::size).sum::<usize>() >= MOST_SAID {
            return self.stop(Stop::TooMuchSaid);
        }
        if self.fruitless >= FRUITLESS {
            return self.stop(Stop::NoProgress);
        }
        let (name, greeting) = (hello.name.clone(), hello.greeting);
        let (starttls, claimed) = (hello.starttls, hello.claimed);
        let own = match self.connect(None, hello).await {
            Ok(own) => own,
            Err(fault) => {
                let ours = matches!(fault, DialFault::Local | DialFault::OutOfScope);
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
        let name = name.unwrap_or_else(|| own.clone());
        let implicit = self.evidence.target.is_tls_at_once();
        if implicit && !self.secure().await {
            return self.hang_up().await;
        }
        if !self.greeting().await {
            return;
        }
        if (starttls || self.in_tls) && !implicit && !self.start_tls(&own).await {
            return;
        }
        if let Some(claimed) = claimed
            && !self.claim(claimed, &own).await
        {
            return;
        }
        if greeting != Greeting::None {
            self.greet(&name, greeting).await;
        }
    }

    /// Dials, after the pause that a complaint asks for, and begins a line and its transcript; a
    /// failure is noted. Returns the name to greet with where no other is wanted.
    pub(super) async fn connect(
        &mut self,
        source: Option<IpAddr>,
        hello: Hello,
    ) -> Result<WireText, DialFault> {
        if std::mem::take(&mut self.back_off) {
            self.wait(BACK_OFF).await;
        }
        let target = &self.evidence.target;
        let dialled = Instant::now();
        let connection = match source {
            Some(source) => self.dialer.dial_from(target, source).await,
            None => self.dialer.dial(target).await,
        };
        let connection = match connection {
            Ok(connection) => connection,
            Err(failure) => {
                let fault = failure.kind;
                self.evidence.dial_failures.push(failure);
                return Err(fault);
            }
        };
        let transcript = self.evidence.transcripts.len();
        let (local, peer) = (connection.local, connection.peer);
        self.evidence.transcripts.push(Transcript::new(local, peer));
        self.line =
            Some(Line::new(connection, self.settings.deadlines, hello, transcript, dialled));
        Ok(own_helo(&self.evidence.identity, local.ip()).into_bytes().into())
    }

    /// Reads the greeting. `None` when there is no line.
    pub(super) async fn read_greeting(&mut self) -> Option<(Answer, Place)> {
        let line = self.line.as_mut()?;
        let exchange = self.turn.meet(line.session.greeting()).await;
        let answer = exchange.answer.clone();
        let place = record(&mut self.evidence.transcripts, line.transcript, exchange);
        Some((answer, place))
    }

    /// Reads the greeting; true when the server is ready.
    pub(super) async fn greeting(&mut self) -> bool {
        let Some((answer, place)) = self.read_greeting().await else { return false };
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
    pub(super) async fn greet(&mut self, name: &WireText, greeting: Greeting) {
        let name = name.as_bytes();
        if greeting == Greeting::Ehlo && !self.helo_only {
            let Ok(ehlo) = Command::ehlo(name) else { return self.stop(Stop::Internal) };
            let Some((answer, place)) = self.ask(&ehlo).await else { return };
            match &answer {
                Answer::Reply(reply) if reply.severity() == Severity::Positive => {
                    return self.ehlo_taken(reply, place);
                }
                Answer::Reply(reply) if reply.severity() == Severity::Permanent => {
                    self.count(&answer);
                }
                _ => return self.lost_greeting(&answer, place).await,
            }
        }
        let Ok(helo) = Command::helo(name) else { return self.stop(Stop::Internal) };
        let Some((answer, place)) = self.ask(&helo).await else { return };
        match &answer {
            Answer::Reply(reply) if reply.severity() == Severity::Positive => {
                self.learn_name(reply);
                self.helo_only |= greeting == Greeting::Ehlo;
                if let Some(line) = &mut self.line {
                    line.greeted = place.1;
                }
            }
            _ => self.lost_greeting(&answer, place).await,
        }
    }

    /// The server does not take our greeting: a refusal of the name, or twice no answer.
    pub(super) async fn lost_greeting(&mut self, answer: &Answer, place: Place) {
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

    pub(super) fn learn_extensions(&mut self, ehlo: &Ehlo) {
        let in_tls = self.line.as_ref().is_some_and(|line| line.session.tls().is_some())
            && !self.evidence.target.is_tls_at_once();
        let keywords = || ehlo.keywords().map(str::to_owned).collect();
        if self.evidence.extensions.is_empty() {
            self.evidence.extensions = keywords();
        } else if in_tls && self.evidence.extensions_in_tls.is_empty() {
            self.evidence.extensions_in_tls = keywords();
        }
    }

    pub(super) fn learn_name(&mut self, reply: &Reply) {
        // The first connection on which the server is ready tells its names.
        let here = self.evidence.transcripts.len();
        if *self.names_from.get_or_insert(here) != here {
            return;
        }
        if let Some(name) = host_name_in(reply)
            && !self.evidence.server_names.contains(&name)
        {
            self.evidence.server_names.push(name);
        }
    }
}
