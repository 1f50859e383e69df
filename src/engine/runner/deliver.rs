//! A whole message by a form that was accepted, on a connection of its own.

use crate::evidence::{Form, Pass, SentMessage};
use crate::smtp::{Command, Phase, Severity};

use super::super::line::record;
use super::ask::recipient;
use super::{Place, Runner};

impl Runner {
    /// Sends the message, and notes how far it got. Nothing is noted where the recipient was not
    /// asked again.
    pub(in crate::engine) async fn deliver(&mut self, form: usize, token: String, text: Vec<u8>) {
        let Some(asked) = self.evidence.forms.get(form).cloned() else { return };
        self.hang_up().await;
        self.start_pass();
        // A server that wants TLS only now is met again inside.
        for _ in 0..2 {
            if self.is_over() {
                return;
            }
            if self.line.is_none() {
                self.open(asked.envelope.hello()).await;
            }
            if self.fits(&asked) && self.transaction(form, &asked).await {
                break;
            }
        }
        let Some((place, ready)) = self.before_message(&asked).await else { return };
        // Noted before it is sent: whoever interrupts the wait for the last reply still has to know
        // which token may arrive.
        let sent = String::from_utf8_lossy(&text).into_owned();
        self.evidence.messages.push(SentMessage { form, token, text: sent });
        self.note(form, Pass::Message, place);
        if ready && let Some(line) = self.line.as_mut() {
            let exchange = line.session.send_message(&text).await;
            line.transaction = None;
            let transcript = line.transcript;
            let place = record(&mut self.evidence.transcripts, transcript, exchange);
            if let Some(noted) = self.evidence.attempts.last_mut() {
                (noted.transcript, noted.exchange) = place;
            }
        }
        self.hang_up().await;
    }

    /// RCPT and DATA: where the last of the answers stands, and whether the message may follow.
    async fn before_message(&mut self, form: &Form) -> Option<(Place, bool)> {
        self.line.as_ref()?.transaction.as_ref()?;
        let first = form.envelope.first_rcpt.as_ref();
        let first = first.map(|path| Command::rcpt(path.as_bytes())).transpose().ok()?;
        for command in first.into_iter().chain([recipient(form).ok()?]) {
            let (answer, place) = self.ask(&command).await?;
            self.count(&answer);
            let taken = answer.reply().is_some_and(|r| r.severity() == Severity::Positive);
            if !taken || self.phase_at(place) != Some(Phase::Rcpt) {
                return Some((place, false));
            }
        }
        let (answer, place) = self.ask(&Command::data()).await?;
        let ready = answer.reply().is_some_and(|reply| reply.code() == 354);
        Some((place, ready && self.phase_at(place) == Some(Phase::Data)))
    }
}
