//! What comes between the greeting and the forms: STARTTLS, and XCLIENT where the user agreed.

use std::net::IpAddr;

use crate::engine::line::record;
use crate::evidence::Answer;
use crate::probe::Greeting;
use crate::smtp::{Command, Phase, Severity, WireText};

use super::{Place, Runner, TRIES};

impl Runner {
    /// Shakes hands for TLS; false where it did not come about.
    pub(super) async fn secure(&mut self) -> bool {
        let target = &self.evidence.target;
        let name = target.name().or(self.evidence.server_names.first().map(String::as_str));
        let name = name.map(str::to_owned);
        let Some(line) = &mut self.line else { return false };
        let exchanges = line.session.secure(name.as_deref()).await;
        let (facts, transcript) = (line.session.tls().cloned(), line.transcript);
        // RFC 3207 section 4.2: what the server offered before is forgotten.
        line.pipelining = false;
        for exchange in exchanges {
            record(&mut self.evidence.transcripts, transcript, exchange);
        }
        if let Some(record) = self.evidence.transcripts.get_mut(transcript) {
            record.tls.clone_from(&facts);
        }
        facts.is_some()
    }

    /// EHLO in the clear, STARTTLS, handshake; false where the line is given up.
    pub(super) async fn start_tls(&mut self, own: &WireText) -> bool {
        self.greet(own, Greeting::Ehlo).await;
        let Some(line) = &self.line else { return false };
        let greeted = (line.transcript, line.greeted);
        if !line.starttls {
            self.no_tls(greeted).await;
            return false;
        }
        match self.negotiate_tls().await {
            Ok(()) => return true,
            Err(Some(place)) => self.no_tls(place).await,
            Err(None) => {}
        }
        false
    }

    /// STARTTLS and the handshake. `Err` holds the place of what failed, `None` when there is no
    /// line.
    pub(super) async fn negotiate_tls(&mut self) -> Result<(), Option<Place>> {
        let (answer, place) = self.ask(&Command::starttls()).await.ok_or(None)?;
        let ready = answer.reply().is_some_and(|reply| reply.severity() == Severity::Positive)
            && self.phase_at(place) == Some(Phase::StartTls);
        if !ready {
            self.count(&answer);
            return Err(Some(place));
        }
        if self.secure().await { Ok(()) } else { Err(Some((place.0, self.last(place.0)))) }
    }

    /// TLS did not come about: after the second time the forms that want it are given up, and all
    /// others go on in the clear.
    async fn no_tls(&mut self, place: Place) {
        let hello = self.line.as_ref().map(|line| line.hello.clone());
        self.tls_losses += 1;
        if self.tls_losses >= TRIES {
            self.in_tls = false;
            self.tls_given_up = true;
            if let Some(hello) = hello.filter(|hello| hello.starttls) {
                self.refused_hellos.insert(hello, place);
            }
        }
        self.hang_up().await;
        self.fruitless = 0;
    }

    /// True where the server wants TLS for what it was just asked, offers it, and we are outside.
    pub(super) fn must_go_inside(&mut self, answer: &Answer, place: Place) -> bool {
        let outside = self.line.as_ref().is_some_and(|line| line.session.tls().is_none());
        if !outside || self.in_tls || self.tls_given_up || !self.evidence.offers("STARTTLS") {
            return false;
        }
        let reply = answer.reply().filter(|reply| reply.is_refusal());
        reply
            .zip(self.phase_at(place))
            .is_some_and(|(reply, phase)| self.reading().asks_for_tls(&self.evidence, reply, phase))
    }

    /// From now on every connection is secured before anything is asked.
    pub(super) async fn go_inside(&mut self) {
        self.in_tls = true;
        self.refused_senders.clear();
        self.accepted_senders.clear();
        self.hang_up().await;
        self.fruitless = 0;
    }

    /// EHLO, and XCLIENT with the address that the user agreed to claim; false where the line is
    /// given up.
    pub(super) async fn claim(&mut self, claimed: IpAddr, own: &WireText) -> bool {
        self.greet(own, Greeting::Ehlo).await;
        let Some((answer, place)) = self.ask(&Command::xclient(claimed)).await else {
            return false;
        };
        let taken = answer.reply().is_some_and(|reply| reply.severity() == Severity::Positive);
        if let Some(line) = &mut self.line {
            line.pipelining = false;
        }
        if !taken {
            self.count(&answer);
            self.lost_greeting(&answer, place).await;
        }
        taken
    }
}
