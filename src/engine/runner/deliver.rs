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
            if self.fits(&asked) && self.transaction(&asked).await {
                break;
            }
        }
        let Some(place) = self.past_recipient(&asked, &text).await else { return };
        let text = String::from_utf8_lossy(&text).into_owned();
        self.evidence.messages.push(SentMessage { form, token, text });
        self.note(form, Pass::Message, place);
        self.hang_up().await;
    }

    /// RCPT, DATA and the message: where the last of the answers stands.
    async fn past_recipient(&mut self, form: &Form, text: &[u8]) -> Option<Place> {
        self.line.as_ref()?.transaction.as_ref()?;
        if let Some(first) = &form.envelope.first_rcpt {
            self.ask(&Command::rcpt(first.as_bytes()).ok()?).await?;
        }
        let (answer, place) = self.ask(&recipient(form).ok()?).await?;
        self.count(&answer);
        let taken = answer.reply().is_some_and(|reply| reply.severity() == Severity::Positive);
        if !taken || self.phase_at(place) != Some(Phase::Rcpt) {
            return Some(place);
        }
        let (answer, place) = self.ask(&Command::data()).await?;
        let ready = answer.reply().is_some_and(|reply| reply.code() == 354);
        if !ready || self.phase_at(place) != Some(Phase::Data) {
            return Some(place);
        }
        let line = self.line.as_mut()?;
        let exchange = line.session.send_message(text).await;
        line.transaction = None;
        let transcript = line.transcript;
        Some(record(&mut self.evidence.transcripts, transcript, exchange))
    }
}
