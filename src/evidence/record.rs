//! Evidence as files: each transcript carries what it takes to judge it again on its own.
//!
//! The comments of a `.smtp` file hold four kinds of JSON: `host`, once, with everything about the
//! host but its dialogues over SMTP, `form`, before the exchange that answers it, `cell`, before the
//! one that decides a cell of the relay matrix, and `pop`, before the one that answers a check of
//! POP-before-SMTP: the number of that check.

use serde::{Deserialize, Serialize};

use super::matrix::{CellKey, Matrix};
use super::pop::PopBeforeSmtp;
use super::{Attempt, Evidence, Form, Pass, SentMessage, read_transcript, write_transcript};
use crate::probe::SourceError;

/// The comment before an exchange that answers a form.
#[derive(Serialize, Deserialize)]
struct Answered {
    pass: Pass,
    form: Form,
    /// The message that was sent by it, token and text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<(String, String)>,
}

/// The `.smtp` texts of a host, one for each connection.
pub fn to_texts(evidence: &Evidence) -> Result<Vec<String>, serde_json::Error> {
    let host = Evidence {
        forms: Vec::new(),
        attempts: Vec::new(),
        transcripts: Vec::new(),
        messages: Vec::new(),
        matrix: evidence.matrix.clone().map(Matrix::without_places),
        pop: evidence.pop.clone().map(PopBeforeSmtp::without_places),
        ..evidence.clone()
    };
    let host = format!("host {}", serde_json::to_string(&host)?);
    let mut texts = Vec::new();
    for (number, transcript) in evidence.transcripts.iter().enumerate() {
        let mut notes = vec![(0, host.clone())];
        for attempt in evidence.attempts.iter().filter(|attempt| attempt.transcript == number) {
            let Some(form) = evidence.forms.get(attempt.form) else { continue };
            let sent = evidence.messages.iter().find(|message| message.form == attempt.form);
            let sent = sent.filter(|_| attempt.pass == Pass::Message);
            let message = sent.map(|sent| (sent.token.clone(), sent.text.clone()));
            let answered = Answered { pass: attempt.pass, form: form.clone(), message };
            notes.push((attempt.exchange, format!("form {}", serde_json::to_string(&answered)?)));
        }
        let cells = evidence.matrix.iter().flat_map(Matrix::places);
        for (key, (_, exchange)) in cells.filter(|(_, (transcript, _))| *transcript == number) {
            notes.push((exchange, format!("cell {}", serde_json::to_string(&key)?)));
        }
        let checks = evidence.pop.iter().flat_map(PopBeforeSmtp::places);
        for (check, (_, exchange)) in checks.filter(|(_, (transcript, _))| *transcript == number) {
            notes.push((exchange, format!("pop {check}")));
        }
        texts.push(write_transcript(transcript, |index| {
            notes.iter().filter(|(at, _)| *at == index).map(|(_, note)| note.clone()).collect()
        }));
    }
    Ok(texts)
}

/// The evidence of one host from some or all of its `.smtp` files, `(name, text)`. What is not in
/// them was not asked.
pub fn from_texts(files: &[(String, String)]) -> Result<Option<Evidence>, SourceError> {
    let mut evidence: Option<Evidence> = None;
    for (file, text) in files {
        let (transcript, notes) = read_transcript(file, text)?;
        for (exchange, note) in notes {
            let fault = |error: serde_json::Error| {
                let at = text.find(&note).unwrap_or_default();
                SourceError::new(file, text, Some(at..at), error.to_string())
            };
            if let Some(json) = note.strip_prefix("host ") {
                let host: Evidence = serde_json::from_str(json).map_err(fault)?;
                evidence.get_or_insert(host);
            } else if let Some(json) = note.strip_prefix("form ") {
                let answered: Answered = serde_json::from_str(json).map_err(fault)?;
                if let Some(evidence) = &mut evidence {
                    evidence.add(answered, exchange);
                }
            } else if let Some(json) = note.strip_prefix("cell ") {
                let key: CellKey = serde_json::from_str(json).map_err(fault)?;
                if let Some(evidence) = &mut evidence {
                    evidence.add_cell(key, exchange);
                }
            } else if let Some(json) = note.strip_prefix("pop ") {
                let check: usize = serde_json::from_str(json).map_err(fault)?;
                if let Some(evidence) = &mut evidence {
                    evidence.add_check(check, exchange);
                }
            }
        }
        match &mut evidence {
            Some(evidence) => evidence.transcripts.push(transcript),
            None => {
                let message = "no comment `; host {…}`: without it nobody can say which host \
                               answered what; copy whole files";
                return Err(SourceError::new(file, text, None, message.into()));
            }
        }
    }
    Ok(evidence)
}

impl Evidence {
    /// Notes an answer in the transcript that is about to be added.
    fn add(&mut self, answered: Answered, exchange: usize) {
        let known = self.forms.iter().position(|form| *form == answered.form);
        let form = known.unwrap_or_else(|| {
            self.forms.push(answered.form);
            self.forms.len() - 1
        });
        if let Some((token, text)) = answered.message {
            self.messages.push(SentMessage { form, token, text });
        }
        let transcript = self.transcripts.len();
        self.attempts.push(Attempt { form, pass: answered.pass, transcript, exchange });
    }

    /// Notes what decides a cell in the transcript that is about to be added.
    fn add_cell(&mut self, key: CellKey, exchange: usize) {
        let transcript = self.transcripts.len();
        if let Some(cell) = self.matrix.as_mut().and_then(|matrix| matrix.cell_mut(key)) {
            cell.place = Some((transcript, exchange));
        }
    }

    /// Notes what answers a check in the transcript that is about to be added.
    fn add_check(&mut self, check: usize, exchange: usize) {
        let transcript = self.transcripts.len();
        if let Some(check) = self.pop.as_mut().and_then(|pop| pop.checks.get_mut(check)) {
            check.place = Some((transcript, exchange));
        }
    }
}
