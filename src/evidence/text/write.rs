//! Transcript to text.

use std::fmt::Write as _;

use crate::evidence::{Answer, Exchange, Loss, Transcript};
use crate::smtp::ReplyFault;

use super::HEADER;

/// The text of a transcript. `notes` gives the comments that stand before exchange `index`.
pub fn write_transcript(transcript: &Transcript, notes: impl Fn(usize) -> Vec<String>) -> String {
    let mut out = format!("{HEADER}\nconnection {} > {}\n", transcript.local, transcript.peer);
    for (index, exchange) in transcript.exchanges.iter().enumerate() {
        for note in notes(index) {
            let _ = writeln!(out, "; {note}");
        }
        let begins = exchange.tls && (index == 0 || !is_inside(transcript, index - 1));
        if let Some(tls) = transcript.tls.as_ref().filter(|_| begins) {
            let _ = writeln!(out, "T: {} {}", tls.version, tls.cipher);
            for certificate in &tls.certificates {
                let _ = writeln!(out, "T: certificate {certificate}");
            }
        }
        write_exchange(&mut out, exchange);
    }
    out
}

fn is_inside(transcript: &Transcript, index: usize) -> bool {
    transcript.exchanges.get(index).is_some_and(|exchange| exchange.tls)
}

fn write_exchange(out: &mut String, exchange: &Exchange) {
    if !exchange.sent.is_empty() {
        let mark = if exchange.pipelined { "C|" } else { "C:" };
        let _ = writeln!(out, "{mark} {}", exchange.sent);
    }
    let elapsed = exchange.elapsed_ms;
    match &exchange.answer {
        Answer::Reply(reply) => {
            let end = if reply.has_bare_lf() { "\\n" } else { "" };
            let last = reply.lines().len().saturating_sub(1);
            for (index, line) in reply.lines().iter().enumerate() {
                let time = if index == last { format!("+{elapsed} ") } else { String::new() };
                let _ = writeln!(out, "{time}S: {line}{end}");
            }
        }
        Answer::Lost(loss) => {
            let _ = writeln!(out, "+{elapsed} X: {}", loss_words(loss));
        }
    }
}

fn loss_words(loss: &Loss) -> String {
    match loss {
        Loss::Closed => "closed".into(),
        Loss::Reset => "reset".into(),
        Loss::Timeout { seconds, got } => format!("timeout {seconds} {got}"),
        Loss::Handshake { text } => format!("no-tls {text}"),
        Loss::Fault(fault) => match fault {
            ReplyFault::NotAReply { line } => format!("not-a-reply {line}"),
            ReplyFault::CodeMismatch { first, then } => format!("code-mismatch {first} {then}"),
            ReplyFault::LineTooLong { limit } => format!("line-too-long {limit}"),
            ReplyFault::TooManyLines { limit } => format!("too-many-lines {limit}"),
            ReplyFault::ReplyTooLarge { limit } => format!("reply-too-large {limit}"),
            ReplyFault::SessionTooLarge { limit } => format!("session-too-large {limit}"),
            ReplyFault::Unsolicited { line } => format!("unsolicited {line}"),
        },
    }
}
