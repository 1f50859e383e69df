//! Transcript to text.

use std::fmt::Write as _;

use crate::evidence::{Answer, Exchange, Loss, TlsFacts, Transcript};
use crate::smtp::ReplyFault;

use super::HEADER;

/// The text of a transcript. `notes` gives the comments that stand before exchange `index`; those before the exchange
/// behind the last stand at the end.
pub fn write_transcript(transcript: &Transcript, notes: impl Fn(usize) -> Vec<String>) -> String {
    let mut out = format!("{HEADER}\nconnection {} > {}\n", transcript.local, transcript.peer);
    let begins = transcript.exchanges.iter().position(|exchange| exchange.tls);
    for (index, exchange) in transcript.exchanges.iter().enumerate() {
        write_notes(&mut out, &notes(index));
        if begins == Some(index) {
            write_tls(&mut out, transcript.tls.as_ref());
        }
        write_exchange(&mut out, exchange);
    }
    // Nothing may have been said inside.
    if begins.is_none() {
        write_tls(&mut out, transcript.tls.as_ref());
    }
    write_notes(&mut out, &notes(transcript.exchanges.len()));
    out
}

fn write_notes(out: &mut String, notes: &[String]) {
    for note in notes {
        let _ = writeln!(out, "; {note}");
    }
}

fn write_tls(out: &mut String, tls: Option<&TlsFacts>) {
    let Some(tls) = tls else { return };
    let _ = writeln!(out, "T: {} {}", tls.version, tls.cipher);
    for certificate in &tls.certificates {
        let _ = writeln!(out, "T: certificate {certificate}");
    }
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
            let last = reply.line_count() - 1;
            for (index, line) in reply.lines().enumerate() {
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
