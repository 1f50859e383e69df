//! One SMTP connection: commands out, whole replies in, every exchange recorded; and one POP3 login.
//!
//! What the server does is never an error here. A lost connection, a reply that does not come and
//! a reply that is none are answers like any other; after one of them the session is over.

mod auth;
mod pop;

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

pub use auth::{Credentials, Login, Mechanism, Secret};
pub use pop::{PopSession, PopTls};

use crate::evidence::{Answer, Exchange, Loss, TlsFacts};
use crate::net::{self, Connection, Stream};
use crate::smtp::{Command, Phase, Reply, ReplyFault, ReplyParser, WireText};

/// The wait for the reply to QUIT.
const FAREWELL: Duration = Duration::from_secs(5);
/// How much longer than for other replies to wait for the one to the final dot: RFC 5321 section
/// 4.5.3.2.6 asks for 10 minutes where other replies get one here.
const TERMINATION: u32 = 10;
/// The wait for the server to close after it.
const CLOSING: Duration = Duration::from_millis(500);

/// How long to wait for whole replies.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For the greeting. RFC 5321 section 4.5.3.2.1 asks for 5 minutes.
    pub greeting: Duration,
    /// For every other reply.
    pub reply: Duration,
}

/// An open session.
pub struct Session {
    stream: Box<dyn Stream>,
    peer: IpAddr,
    /// What TLS was agreed on, once it was.
    tls: Option<TlsFacts>,
    parser: ReplyParser,
    deadlines: Deadlines,
    alive: bool,
    /// Commands that were written and not answered.
    outstanding: usize,
    /// Exchanges of the group at hand, kept here so that a cut does not lose them.
    group: Vec<Exchange>,
    /// What no record may show.
    veil: auth::Veil,
}

impl Session {
    /// A session over a fresh connection. Nothing is read yet.
    pub fn new(connection: Connection, deadlines: Deadlines) -> Self {
        let parser = ReplyParser::default();
        Self {
            stream: connection.stream,
            peer: connection.peer.ip(),
            tls: None,
            parser,
            deadlines,
            alive: true,
            outstanding: 0,
            group: Vec::new(),
            veil: auth::Veil::default(),
        }
    }

    /// False after a loss: nothing more can be asked.
    pub fn is_alive(&self) -> bool {
        self.alive
    }

    /// Reads the greeting.
    pub async fn greeting(&mut self) -> Exchange {
        let start = Instant::now();
        let answer = self.read(self.deadlines.greeting).await;
        self.exchange(Phase::Greeting, &[], false, answer, start)
    }

    /// What TLS was agreed on, once it was.
    pub fn tls(&self) -> Option<&TlsFacts> {
        self.tls.as_ref()
    }

    /// Goes on inside TLS. `name` is the server's, where one is known. What the server said in the
    /// clear meanwhile is thrown away unread and returned as an exchange of its own, as is a
    /// handshake that fails, after which the session is over. So it is where the handshake is cut.
    pub async fn secure(&mut self, name: Option<&str>) -> Vec<Exchange> {
        let start = Instant::now();
        while let Some(Ok(1..)) = self.hear().now_or_never() {}
        // RFC 3207 section 4.2: nothing that came before TLS counts inside it.
        if !self.parser.is_idle() {
            let line = self.parser.excerpt();
            let left = Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line }));
            let left = self.exchange(Phase::Unsolicited, &[], false, left, start);
            self.group.push(left);
            self.parser = ReplyParser::default();
        }
        let alive = std::mem::replace(&mut self.alive, false);
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let time = self.deadlines.reply;
        let shaken = timeout(time, net::secure(stream, name, self.peer)).await;
        let failure = match shaken {
            Ok(Ok((stream, facts))) => {
                self.stream = stream;
                self.tls = Some(facts);
                self.alive = alive;
                return self.take_group();
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the handshake did not end within {} s", time.as_secs()),
        };
        let text = WireText::from(failure.into_bytes());
        let lost = Answer::Lost(Loss::Handshake { text });
        let failed = self.exchange(Phase::Handshake, &[], false, lost, start);
        self.group.push(failed);
        self.take_group()
    }

    /// Sends one command and reads its reply.
    ///
    /// If the server has said something meanwhile, or is gone, the command is not sent, and the
    /// exchange returned is one of [`Phase::Unsolicited`].
    pub async fn ask(&mut self, command: &Command) -> Exchange {
        let mut exchanges = self.ask_group(std::slice::from_ref(command)).await;
        exchanges.pop().unwrap_or_else(|| {
            let lost = Answer::Lost(Loss::Closed);
            self.exchange(Phase::Unsolicited, &[], false, lost, Instant::now())
        })
    }

    /// Sends several commands in one write and reads their replies in order (RFC 2920). The
    /// exchanges end at the first loss, so there may be fewer than commands. Behind QUIT the session
    /// is over; where QUIT took another's answer, what is left over is an exchange of its own.
    pub async fn ask_group(&mut self, commands: &[Command]) -> Vec<Exchange> {
        let start = Instant::now();
        if let Some(answer) = self.unsolicited() {
            return vec![self.exchange(Phase::Unsolicited, &[], false, answer, start)];
        }
        let mut bytes = Vec::new();
        for command in commands {
            bytes.extend_from_slice(command.line());
            bytes.extend_from_slice(b"\r\n");
        }
        let written = timeout(self.deadlines.reply, async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        });
        // A server that has closed may have said why first, so a failed write is read after too.
        self.outstanding = commands.len();
        let _ = written.await;
        for (index, command) in commands.iter().enumerate() {
            let (phase, line) = (command.phase(), command.shown());
            let reply = self.deadlines.reply;
            let answer = self.read(if phase == Phase::Quit { FAREWELL.min(reply) } else { reply });
            let answer = answer.await;
            self.outstanding -= 1;
            let goodbye = answer.reply().is_some_and(Reply::is_goodbye);
            let exchange = self.exchange(phase, line, index > 0, answer, start);
            self.group.push(exchange);
            if !self.alive {
                break;
            }
            if phase == Phase::Quit {
                self.part(goodbye, start).await;
            }
        }
        self.take_group()
    }

    /// Waits for the server to close after QUIT, briefly: the next connection must not come while
    /// the server still counts this one. Where QUIT was answered otherwise than with the goodbye,
    /// that may yet come, and shows that the answers before it are not in their places.
    async fn part(&mut self, goodbye: bool, start: Instant) {
        let patience = if goodbye { CLOSING } else { FAREWELL.min(self.deadlines.reply) };
        let closing = async { while let Ok(1..) = self.hear().await {} };
        let _ = timeout(patience, closing).await;
        self.alive = false;
        if !goodbye && !self.parser.is_idle() {
            let line = self.parser.excerpt();
            let left = Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line }));
            let left = self.exchange(Phase::Unsolicited, &[], false, left, start);
            self.group.push(left);
        }
    }

    /// Sends a message after DATA was answered with 354, and reads the reply to the final dot. The
    /// command of the exchange is that dot. Lines of `content` end with CRLF.
    pub async fn send_message(&mut self, content: &[u8]) -> Exchange {
        let start = Instant::now();
        let stuffed = transparent(content);
        let patience = self.deadlines.reply * TERMINATION;
        let written = timeout(patience, async {
            self.stream.write_all(&stuffed).await?;
            self.stream.flush().await
        });
        self.outstanding = 1;
        let _ = written.await;
        let answer = self.read(patience).await;
        self.outstanding = 0;
        self.exchange(Phase::Message, b".", false, answer, start)
    }

    /// What was answered of a group that was cut short.
    pub fn take_group(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.group)
    }

    /// Says goodbye, waits for the answer and for the server to close, both briefly.
    pub async fn quit(&mut self) -> Vec<Exchange> {
        // With replies under way, the answer to QUIT could not be told from them.
        if !self.alive || self.outstanding > 0 {
            return Vec::new();
        }
        self.deadlines.reply = self.deadlines.reply.min(FAREWELL);
        self.ask_group(&[Command::quit()]).await
    }

    /// What the server said, or did, while nothing was asked.
    fn unsolicited(&mut self) -> Option<Answer> {
        while let Some(heard) = self.hear().now_or_never() {
            if let Some(loss) = self.loss(heard) {
                // A reply that came before the end says more than the end.
                let said = self.parser.next_reply().and_then(Result::ok);
                return Some(said.map_or(Answer::Lost(loss), Answer::Reply));
            }
        }
        if self.parser.is_idle() {
            return None;
        }
        self.alive = false;
        let line = self.parser.excerpt();
        Some(match self.parser.next_reply() {
            // A server may close a session on its own account, with 421 (RFC 5321 section 3.8).
            Some(Ok(reply)) if reply.code() == 421 => Answer::Reply(reply),
            _ => Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line })),
        })
    }

    /// Reads one whole reply within the time given.
    async fn read(&mut self, time: Duration) -> Answer {
        let answer = match timeout(time, self.read_reply()).await {
            Ok(answer) => answer,
            Err(_) => {
                let seconds = time.as_secs();
                Answer::Lost(Loss::Timeout { seconds, got: self.parser.excerpt() })
            }
        };
        self.alive &= matches!(answer, Answer::Reply(_));
        answer
    }

    async fn read_reply(&mut self) -> Answer {
        loop {
            match self.parser.next_reply() {
                Some(Ok(reply)) => return Answer::Reply(reply),
                Some(Err(fault)) => return Answer::Lost(Loss::Fault(fault)),
                None => {}
            }
            let heard = self.hear().await;
            if let Some(loss) = self.loss(heard) {
                return Answer::Lost(loss);
            }
        }
    }

    /// Waits for bytes, hands them to the parser and says how many they were.
    async fn hear(&mut self) -> io::Result<usize> {
        poll_fn(|context| {
            // On the stack and not in the future, of which a run holds one for each host.
            let mut space = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            self.parser.feed(buffer.filled());
            Poll::Ready(Ok(buffer.filled().len()))
        })
        .await
    }

    /// `Some` when the connection is over.
    fn loss(&mut self, heard: io::Result<usize>) -> Option<Loss> {
        let loss = match heard {
            Ok(1..) => return None,
            Ok(0) => Loss::Closed,
            // The end of a stream of TLS that did not say farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Loss::Closed,
            Err(_) => Loss::Reset,
        };
        self.alive = false;
        Some(loss)
    }

    fn exchange(
        &self,
        phase: Phase,
        sent: &[u8],
        pipelined: bool,
        answer: Answer,
        start: Instant,
    ) -> Exchange {
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (sent, tls) = (WireText::from(sent), self.tls.is_some());
        let answer = self.veil.cover(answer);
        Exchange { phase, sent, pipelined, tls, answer, elapsed_ms }
    }
}

/// A message with its dots doubled and the final dot behind it (RFC 5321 section 4.5.2).
fn transparent(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 5);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests;
