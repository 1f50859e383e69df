//! A login by POP3 (RFC 1939), inside TLS from the first byte or by STLS (RFC 2595).
//!
//! Only what a login needs is spoken: STLS, USER, PASS and QUIT. Each is answered by one line. What
//! the server does is never an error here, and whatever is no answer ends the dialogue. Neither the
//! name nor the password of the account gets into an exchange; where the server repeats the
//! password, that is covered too.

use std::io;
use std::net::IpAddr;

use futures::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use crate::evidence::pop::{PopAnswer, PopEnd, PopExchange};
use crate::evidence::{Loss, TlsFacts};
use crate::net::{self, Connection, Stream};
use crate::smtp::{VEILED, WireText};

use super::auth::Veil;
use super::{Credentials, Deadlines, FAREWELL};

/// The longest line that is read, in bytes with its line end. RFC 1939 allows 512.
const LONGEST: usize = 4096;
/// How much of a line that is no answer is kept.
const EXCERPT: usize = 200;

/// How the password is kept from those who listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopTls {
    /// TLS comes before the greeting.
    AtOnce,
    /// STLS, and no login where it is not offered.
    Stls,
    /// STLS, and a login in the clear where it is not offered.
    StlsOrClear,
}

/// An open connection to a POP3 server.
pub struct PopSession {
    stream: Box<dyn Stream>,
    peer: IpAddr,
    deadlines: Deadlines,
    tls: Option<TlsFacts>,
    pending: Vec<u8>,
    alive: bool,
    exchanges: Vec<PopExchange>,
    password_sent: Option<Instant>,
    veil: Veil,
}

impl PopSession {
    /// A session over a fresh connection. Nothing is read yet.
    pub fn new(connection: Connection, deadlines: Deadlines) -> Self {
        Self {
            stream: connection.stream,
            peer: connection.peer.ip(),
            deadlines,
            tls: None,
            pending: Vec::new(),
            alive: true,
            exchanges: Vec::new(),
            password_sent: None,
            veil: Veil::default(),
        }
    }

    /// Logs in. `name` is the server's, where one is known. The session is still open then.
    pub async fn log_in(
        &mut self,
        account: &Credentials,
        tls: PopTls,
        name: Option<&str>,
    ) -> PopEnd {
        self.veil = account.veil();
        if tls == PopTls::AtOnce && !self.secure(name).await {
            return PopEnd::NoTls;
        }
        let start = Instant::now();
        let greeting = self.read(self.deadlines.greeting).await;
        if !self.note(b"", greeting, start) {
            return PopEnd::NoGreeting;
        }
        if tls != PopTls::AtOnce {
            let offered = self.ask(b"STLS", b"STLS").await;
            if offered && !self.secure(name).await {
                return PopEnd::NoTls;
            }
            match (offered, self.alive) {
                (true, _) => {}
                (false, false) => return PopEnd::Lost,
                (false, true) if tls == PopTls::Stls => return PopEnd::NoTls,
                (false, true) => {}
            }
        }
        let user = account.username.as_bytes();
        let password = account.password.reveal().as_bytes();
        // Whoever reads credentials sees to that; a line break would be a second command.
        if user.iter().chain(password).any(u8::is_ascii_control) {
            return PopEnd::Refused;
        }
        let veiled = |verb: &str| format!("{verb} {VEILED}").into_bytes();
        let mut taken = self.ask(&[b"USER ", user].concat(), &veiled("USER")).await;
        if taken {
            self.password_sent = Some(Instant::now());
            taken = self.ask(&[b"PASS ", password].concat(), &veiled("PASS")).await;
        }
        match (taken, self.alive) {
            (true, _) => PopEnd::LoggedIn,
            (false, true) => PopEnd::Refused,
            (false, false) => PopEnd::Lost,
        }
    }

    /// Says goodbye and waits for the answer, briefly.
    pub async fn quit(&mut self) {
        if self.alive {
            self.deadlines.reply = self.deadlines.reply.min(FAREWELL);
            self.ask(b"QUIT", b"QUIT").await;
            self.alive = false;
        }
    }

    /// When the password was sent.
    pub fn password_sent(&self) -> Option<Instant> {
        self.password_sent
    }

    /// What TLS was agreed on, once it was.
    pub fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_ref()
    }

    /// What was said so far.
    pub fn exchanges(&self) -> &[PopExchange] {
        &self.exchanges
    }

    /// Shakes hands; false where TLS did not come about, and then the session is over, as it is
    /// where the handshake is cut.
    async fn secure(&mut self, name: Option<&str>) -> bool {
        let start = Instant::now();
        // What came in the clear must not be read as if it had come inside.
        if let Some(answer) = self.unasked() {
            return self.note(b"", answer, start);
        }
        self.alive = false;
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let time = self.deadlines.reply;
        let failure = match timeout(time, net::secure(stream, name, self.peer)).await {
            Ok(Ok((stream, facts))) => {
                (self.stream, self.tls, self.alive) = (stream, Some(facts), true);
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the handshake did not end within {} s", time.as_secs()),
        };
        let text = WireText::from(failure.into_bytes());
        self.note(b"", PopAnswer::Lost(Loss::Handshake { text }), start)
    }

    /// Sends one command; true where it is answered with `+OK`.
    async fn ask(&mut self, line: &[u8], shown: &[u8]) -> bool {
        let start = Instant::now();
        if let Some(answer) = self.unasked() {
            return self.note(b"", answer, start);
        }
        let bytes = [line, b"\r\n"].concat();
        let written = timeout(self.deadlines.reply, async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        });
        // A server that has closed may have said why first, so a failed write is read after too.
        let _ = written.await;
        let answer = self.read(self.deadlines.reply).await;
        self.note(shown, answer, start)
    }

    /// What the server said, or did, while nothing was asked.
    fn unasked(&mut self) -> Option<PopAnswer> {
        let mut buffer = [0; 1024];
        while self.pending.is_empty() {
            match self.stream.read(&mut buffer).now_or_never() {
                None => return None,
                Some(read) => {
                    if let Some(loss) = self.take(read, &buffer) {
                        return Some(PopAnswer::Lost(loss));
                    }
                }
            }
        }
        Some(PopAnswer::NotPop(self.excerpt()))
    }

    /// Reads one line within the time given.
    async fn read(&mut self, time: std::time::Duration) -> PopAnswer {
        match timeout(time, self.read_line()).await {
            Ok(answer) => answer,
            Err(_) => {
                let got = self.excerpt();
                PopAnswer::Lost(Loss::Timeout { seconds: time.as_secs(), got })
            }
        }
    }

    async fn read_line(&mut self) -> PopAnswer {
        let mut buffer = [0; 1024];
        loop {
            let end = self.pending.iter().position(|byte| *byte == b'\n');
            match end {
                Some(end) if end < LONGEST => {
                    let line: Vec<u8> = self.pending.drain(..=end).collect();
                    let line = line.strip_suffix(b"\n").unwrap_or(&line);
                    return answer(&self.veil.covered(line.strip_suffix(b"\r").unwrap_or(line)));
                }
                None if self.pending.len() < LONGEST => {}
                _ => return PopAnswer::NotPop(self.excerpt()),
            }
            let read = self.stream.read(&mut buffer).await;
            if let Some(loss) = self.take(read, &buffer) {
                return PopAnswer::Lost(loss);
            }
        }
    }

    /// Keeps bytes; `Some` when the connection is over.
    fn take(&mut self, read: io::Result<usize>, buffer: &[u8]) -> Option<Loss> {
        match read {
            Ok(0) => Some(Loss::Closed),
            Ok(count) => {
                self.pending.extend_from_slice(buffer.get(..count).unwrap_or_default());
                None
            }
            // The end of a stream of TLS that did not say farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Some(Loss::Closed),
            Err(_) => Some(Loss::Reset),
        }
    }

    /// The start of what waits; covered before it is cut, so that no half of a secret is left.
    fn excerpt(&self) -> WireText {
        start_of(&self.veil.covered(&self.pending))
    }

    /// Writes an exchange down; true where it is a yes.
    fn note(&mut self, shown: &[u8], answer: PopAnswer, start: Instant) -> bool {
        self.alive &= matches!(answer, PopAnswer::Positive(_) | PopAnswer::Negative(_));
        let yes = matches!(answer, PopAnswer::Positive(_));
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (sent, tls) = (WireText::from(shown), self.tls.is_some());
        self.exchanges.push(PopExchange { sent, tls, answer, elapsed_ms });
        yes
    }
}

/// RFC 1939: an answer begins with `+OK` or `-ERR`, alone or before a space.
fn answer(line: &[u8]) -> PopAnswer {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let text = WireText::from(line);
    match word {
        b"+OK" => PopAnswer::Positive(text),
        b"-ERR" => PopAnswer::Negative(text),
        _ => PopAnswer::NotPop(start_of(line)),
    }
}

fn start_of(bytes: &[u8]) -> WireText {
    bytes.get(..EXCERPT).unwrap_or(bytes).to_vec().into()
}

#[cfg(test)]
mod tests;
