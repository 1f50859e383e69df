//! Text to transcript; whatever is no dialogue is an error with its place.

use std::net::SocketAddr;
use std::str::FromStr;

use crate::evidence::{Answer, Exchange, Loss, TlsFacts, Transcript};
use crate::probe::SourceError;
use crate::smtp::{Phase, Reply, ReplyFault, ReplyParser, WireText};

use super::HEADER;

/// Reads the text of a transcript. The second part are the comments, each with the index of the
/// exchange that it stands before. `file` is the name for errors.
pub fn read_transcript(
    file: &str,
    text: &str,
) -> Result<(Transcript, Vec<(usize, String)>), SourceError> {
    Reader { file, text }.read()
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

/// One line, and where it begins.
#[derive(Clone, Copy)]
struct Line<'a> {
    at: usize,
    text: &'a str,
}

/// The exchange that is being read.
#[derive(Default)]
struct Open {
    sent: WireText,
    phase: Option<Phase>,
    pipelined: bool,
    reply: Vec<(WireText, bool)>,
    begun: bool,
}

impl<'a> Reader<'a> {
    fn error(&self, at: usize, message: impl Into<String>) -> SourceError {
        SourceError::new(self.file, self.text, Some(at..at), message.into())
    }

    fn lines(&self) -> impl Iterator<Item = Line<'a>> {
        let mut at = 0;
        let text = self.text;
        text.split_inclusive('\n').map(move |whole| {
            let line = Line { at, text: whole.trim_end_matches('\n').trim_end_matches('\r') };
            at += whole.len();
            line
        })
    }

    fn read(&self) -> Result<(Transcript, Vec<(usize, String)>), SourceError> {
        let mut lines = self.lines();
        match lines.next() {
            Some(line) if line.text == HEADER => {}
            _ => return Err(self.error(0, format!("the first line must be `{HEADER}`"))),
        }
        let mut notes = Vec::new();
        let mut transcript: Option<Transcript> = None;
        let mut open = Open::default();
        for line in lines {
            if let Some(note) = line.text.strip_prefix(';') {
                let before = transcript.as_ref().map_or(0, |t| t.exchanges.len());
                notes.push((before, note.trim().to_owned()));
            } else if line.text.trim().is_empty() {
                continue;
            } else if let Some(transcript) = &mut transcript {
                self.exchange_line(line, &mut open, transcript)?;
            } else {
                transcript = Some(self.connection(line)?);
            }
        }
        let end = self.text.len();
        if open.begun {
            return Err(
                self.error(end, "the last exchange has no end: a line `+MS S: …` or `+MS X: …`")
            );
        }
        let missing = || self.error(end, "no line `connection LOCAL > PEER`");
        Ok((transcript.ok_or_else(missing)?, notes))
    }

    fn connection(&self, line: Line<'_>) -> Result<Transcript, SourceError> {
        let addresses = line.text.strip_prefix("connection ").and_then(|t| t.split_once(" > "));
        let parsed = addresses.and_then(|(local, peer)| {
            let local = SocketAddr::from_str(local.trim()).ok()?;
            Some((local, SocketAddr::from_str(peer.trim()).ok()?))
        });
        let (local, peer) = parsed.ok_or_else(|| {
            self.error(line.at, "expected `connection ADDRESS:PORT > ADDRESS:PORT`")
        })?;
        Ok(Transcript::new(local, peer))
    }

    fn exchange_line(
        &self,
        line: Line<'_>,
        open: &mut Open,
        transcript: &mut Transcript,
    ) -> Result<(), SourceError> {
        let (elapsed, rest) = self.elapsed(line)?;
        let Some((mark, content)) = rest.text.split_at_checked(3) else {
            return Err(self.error(rest.at, "expected `C: `, `C| `, `S: `, `X: ` or `T: `"));
        };
        let content = Line { at: rest.at + 3, text: content };
        match (mark, elapsed) {
            ("C: " | "C| ", None) if !open.begun => {
                open.sent = self.wire(content)?;
                open.phase = Some(self.phase(content)?);
                open.pipelined = mark == "C| ";
                open.begun = true;
                Ok(())
            }
            ("C: " | "C| ", None) => {
                Err(self
                    .error(line.at, "a command before the answer to the one above it has ended"))
            }
            ("T: ", None) if !open.begun => self.tls(content, &mut transcript.tls),
            ("T: ", None) => Err(self.error(line.at, "TLS begins in the middle of an exchange")),
            ("C: " | "C| ", Some(_)) => Err(self.error(line.at, "a command has no elapsed time")),
            ("S: ", _) => {
                // An even number of backslashes before it: the last one escapes nothing but the n.
                let bare = content.text.strip_suffix("\\n").filter(|text| {
                    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0
                });
                let text = Line { text: bare.unwrap_or(content.text), ..content };
                open.reply.push((self.wire(text)?, bare.is_some()));
                open.begun = true;
                let Some(elapsed) = elapsed else { return Ok(()) };
                let reply = self.reply(rest, &open.reply)?;
                close(open, Answer::Reply(reply), elapsed, transcript);
                Ok(())
            }
            ("X: ", Some(elapsed)) if open.reply.is_empty() => {
                let loss = self.loss(content)?;
                close(open, Answer::Lost(loss), elapsed, transcript);
                Ok(())
            }
            ("X: ", Some(_)) => Err(self.error(rest.at, "X: in the middle of a reply")),
            ("X: ", None) => Err(self.error(line.at, "X: needs its elapsed time: `+MS X: …`")),
            _ => Err(self.error(rest.at, "expected `C: `, `C| `, `S: `, `X: ` or `T: `")),
        }
    }

    /// A line that says what TLS was agreed on, or one of its certificates.
    fn tls(&self, line: Line<'_>, known: &mut Option<TlsFacts>) -> Result<(), SourceError> {
        let words = line.text.split_once(' ');
        match (words, known) {
            (Some(("certificate", der)), Some(tls)) => {
                let at = line.at + "certificate ".len();
                let certificate = der.trim().parse();
                let is_none = |_| self.error(at, "a certificate is written in Base64");
                tls.certificates.push(certificate.map_err(is_none)?);
                Ok(())
            }
            (Some((version, cipher)), known @ None) if version != "certificate" => {
                let (version, cipher) = (version.to_owned(), cipher.trim().to_owned());
                *known = Some(TlsFacts { version, cipher, certificates: Vec::new() });
                Ok(())
            }
            _ => Err(self.error(
                line.at,
                "expected `T: VERSION CIPHER`, once, and then `T: certificate BASE64`",
            )),
        }
    }

    /// Takes `+MS ` off the line.
    fn elapsed(&self, line: Line<'a>) -> Result<(Option<u64>, Line<'a>), SourceError> {
        let Some(marked) = line.text.strip_prefix('+') else { return Ok((None, line)) };
        let split =
            marked.split_once(' ').and_then(|(ms, rest)| Some((ms.parse().ok()?, ms, rest)));
        let Some((elapsed, digits, rest)) = split else {
            return Err(self.error(line.at, "`+` is followed by milliseconds and a space"));
        };
        Ok((Some(elapsed), Line { at: line.at + digits.len() + 2, text: rest }))
    }

    fn wire(&self, line: Line<'_>) -> Result<WireText, SourceError> {
        line.text.parse().map_err(|error: crate::smtp::WireTextError| {
            self.error(line.at + error.at(), error.to_string())
        })
    }

    fn phase(&self, line: Line<'_>) -> Result<Phase, SourceError> {
        let verb = line.text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        Phase::of_verb(&verb).ok_or_else(|| {
            self.error(line.at, format!("`{verb}` is no command that an audit sends"))
        })
    }

    /// One reply with one code, as the parser for the wire reads it.
    fn reply(&self, last: Line<'_>, lines: &[(WireText, bool)]) -> Result<Reply, SourceError> {
        let mut parser = ReplyParser::default();
        for (line, bare) in lines {
            parser.feed(line.as_bytes());
            parser.feed(if *bare { b"\n" } else { b"\r\n" });
        }
        match parser.next_reply() {
            Some(Ok(reply)) if parser.is_idle() => Ok(reply),
            Some(Err(fault)) => Err(self.error(last.at, fault.to_string())),
            _ => Err(self.error(last.at, "the lines are not one whole reply with one code")),
        }
    }

    fn loss(&self, line: Line<'_>) -> Result<Loss, SourceError> {
        let (word, rest) = line.text.split_once(' ').unwrap_or((line.text, ""));
        let rest = Line { at: line.at + word.len() + 1, text: rest };
        let number = |text: &str| text.trim().parse().ok();
        let bad = || self.error(rest.at, format!("`{word}` is followed by a number"));
        let limit = || number(rest.text).ok_or_else(bad);
        Ok(match word {
            "closed" => Loss::Closed,
            "reset" => Loss::Reset,
            "timeout" => {
                let (seconds, got) = rest.text.split_once(' ').unwrap_or((rest.text, ""));
                let at = rest.at + seconds.len() + 1;
                let seconds = seconds.parse().map_err(|_| bad())?;
                Loss::Timeout { seconds, got: self.wire(Line { at, text: got })? }
            }
            "no-tls" => Loss::Handshake { text: self.wire(rest)? },
            "not-a-reply" => Loss::Fault(ReplyFault::NotAReply { line: self.wire(rest)? }),
            "unsolicited" => Loss::Fault(ReplyFault::Unsolicited { line: self.wire(rest)? }),
            "code-mismatch" => {
                let codes = rest.text.split_once(' ').and_then(|(first, then)| {
                    Some((first.parse().ok()?, then.trim().parse().ok()?))
                });
                let (first, then) =
                    codes.ok_or_else(|| self.error(rest.at, "expected two reply codes"))?;
                Loss::Fault(ReplyFault::CodeMismatch { first, then })
            }
            "line-too-long" => Loss::Fault(ReplyFault::LineTooLong { limit: limit()? }),
            "too-many-lines" => Loss::Fault(ReplyFault::TooManyLines { limit: limit()? }),
            "reply-too-large" => Loss::Fault(ReplyFault::ReplyTooLarge { limit: limit()? }),
            "session-too-large" => Loss::Fault(ReplyFault::SessionTooLarge { limit: limit()? }),
            _ => return Err(self.error(line.at, format!("`{word}` is no kind of loss"))),
        })
    }
}

fn close(open: &mut Open, answer: Answer, elapsed_ms: u64, transcript: &mut Transcript) {
    let Open { sent, phase, pipelined, .. } = std::mem::take(open);
    // Without a command it is the greeting, or something that nobody asked for.
    let alone = match &answer {
        Answer::Lost(Loss::Handshake { .. }) => Phase::Handshake,
        Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { .. })) => Phase::Unsolicited,
        _ if transcript.exchanges.is_empty() => Phase::Greeting,
        _ => Phase::Unsolicited,
    };
    let phase = phase.unwrap_or(alone);
    let tls = transcript.tls.is_some();
    transcript.exchanges.push(Exchange { phase, sent, pipelined, tls, answer, elapsed_ms });
}
