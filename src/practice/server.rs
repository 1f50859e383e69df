//! A practice server on a socket or on any stream.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::behaviour::{Behaviour, Delivery};
use super::conversation::{Conversation, Then};
use super::counters::{Counters, Ledger, SeenEnvelope, Visit};
use super::delivery::Outbox;

/// The longest command line, in bytes with its line end; longer ones are refused and end the
/// connection.
const LONGEST_LINE: usize = 8192;
/// What is read at once, in bytes.
const READ: usize = 8192;
/// How long a closed connection is drained, so that the client reads the last reply before it
/// meets a reset.
const DRAIN: Duration = Duration::from_secs(2);
/// The pause after a failed accept, such as one without a free file descriptor.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(20);

/// How a session came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client closed, with or without QUIT before.
    ByClient,
    /// The server closed: QUIT, a limit, a 421, [`Delivery::CloseAfter`], or no handshake.
    ByServer,
    /// The server is to reset the connection ([`Delivery::ResetAfter`]); the caller does it where
    /// the stream can.
    Reset,
}

/// Serves one client over `stream` until one side closes, and notes what it does in `ledger`.
///
/// Pipelined commands are answered in order, with one flush for each burst that was read.
///
/// # Errors
///
/// The error of the stream when reading or writing fails, a failed handshake and the end of TLS
/// without a farewell among them.
pub async fn converse<S>(behaviour: &Behaviour, stream: S, ledger: &Ledger) -> io::Result<Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    converse_with(behaviour, stream, ledger, false).await
}

/// The same with a client that is trusted, or not, because of its address.
async fn converse_with<S>(
    behaviour: &Behaviour,
    mut stream: S,
    ledger: &Ledger,
    trusted: bool,
) -> io::Result<Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut wire = Wire {
        behaviour,
        ledger,
        visit: Some(ledger.enter()),
        outbox: Outbox::new(&behaviour.delivery),
        conversation: Conversation::new(behaviour, ledger, trusted),
        commands: 0,
    };
    let implicit = behaviour.is_implicit();
    if !implicit && let Some(ending) = wire.talk(&mut stream, true).await? {
        return Ok(ending);
    }
    // Only a server that has TLS comes here.
    let Some(tls) = &behaviour.tls else { return Ok(Ending::ByServer) };
    match tls.handshake.spoil(&mut stream).await? {
        None => {}
        Some(Ending::ByServer) => return wire.close(&mut stream).await,
        Some(ending) => return Ok(ending),
    }
    let mut stream = TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream).await?;
    wire.conversation.secured();
    let ending = wire.talk(&mut stream, implicit).await?;
    Ok(ending.unwrap_or(Ending::ByServer))
}

/// One session on the wire, in clear or inside TLS.
struct Wire<'a> {
    behaviour: &'a Behaviour,
    ledger: &'a Ledger,
    visit: Option<Visit<'a>>,
    outbox: Outbox<'a>,
    conversation: Conversation<'a>,
    commands: u32,
}

impl Wire<'_> {
    /// Serves until the session ends, or until TLS is to start, which is `None`.
    async fn talk<S>(&mut self, stream: &mut S, greet: bool) -> io::Result<Option<Ending>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if greet {
            let greeting = self.conversation.greet();
            self.ledger.note_answer();
            self.outbox.greet(greeting.reply.unwrap_or_default(), stream).await?;
            if greeting.then == Then::Close {
                return self.close(stream).await.map(Some);
            }
        }
        let mut buffer = Vec::new();
        loop {
            while let Some(line) = take_line(&mut buffer) {
                if self.conversation.awaits_command() {
                    match cut_off(&self.behaviour.delivery, self.commands) {
                        Some(Ending::ByServer) => return self.close(stream).await.map(Some),
                        Some(ending) => {
                            self.flush(stream).await?;
                            return Ok(Some(ending));
                        }
                        None => self.commands += 1,
                    }
                }
                let answer = self.conversation.answer(&line);
                if let Some(reply) = answer.reply {
                    self.outbox.push(reply);
                }
                match answer.then {
                    Then::Read => {}
                    Then::Close => return self.close(stream).await.map(Some),
                    // What is left in the buffer came in clear: it is dropped.
                    Then::Handshake(behind) => {
                        self.outbox.push_bytes(behind);
                        self.flush(stream).await?;
                        return Ok(None);
                    }
                }
            }
            self.flush(stream).await?;
            buffer.reserve(READ);
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(Some(Ending::ByClient));
            }
        }
    }

    /// Says what waits.
    async fn flush<S>(&mut self, stream: &mut S) -> io::Result<()>
    where
        S: AsyncWrite + Unpin,
    {
        if self.outbox.has_something() {
            self.ledger.note_answer();
        }
        self.outbox.flush(stream).await
    }

    /// Says what waits, then closes.
    async fn close<S>(&mut self, stream: &mut S) -> io::Result<Ending>
    where
        S: AsyncWrite + Unpin,
    {
        self.flush(stream).await?;
        // Left before the stream is shut down: a client that sees the end may be back at once.
        drop(self.visit.take());
        stream.shutdown().await?;
        Ok(Ending::ByServer)
    }
}

/// The end that the delivery brings once this many commands are answered.
fn cut_off(delivery: &Delivery, answered: u32) -> Option<Ending> {
    match delivery {
        Delivery::ResetAfter(most) => (answered >= *most).then_some(Ending::Reset),
        Delivery::CloseAfter(most) => (answered >= *most).then_some(Ending::ByServer),
        _ => None,
    }
}

/// Takes one line with its LF out of the buffer, or a piece of one that is too long. A CR at the
/// end of a piece stays, because the LF may follow.
fn take_line(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = match buffer.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n') {
        Some(at) => at + 1,
        None => {
            let piece = buffer.get(..LONGEST_LINE)?;
            LONGEST_LINE - usize::from(piece.ends_with(b"\r"))
        }
    };
    Some(buffer.drain(..end).collect())
}

/// A practice server that listens until it is dropped; dropping it also ends its connections.
#[derive(Debug)]
pub struct PracticeServer {
    address: SocketAddr,
    ledger: Arc<Ledger>,
    _accepting: AbortOnDropHandle<()>,
}

impl PracticeServer {
    /// Listens on `bind`; port 0 takes a free one. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The error of the socket when `bind` cannot be listened on.
    pub async fn start(mut behaviour: Behaviour, bind: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        behaviour.own_addresses.push(address.ip());
        let ledger = Arc::new(Ledger::default());
        let accepting = accept(listener, Arc::new(behaviour), Arc::clone(&ledger));
        let accepting = AbortOnDropHandle::new(tokio::spawn(accepting));
        Ok(Self { address, ledger, _accepting: accepting })
    }

    /// The address and port that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its clients have done so far.
    pub fn counters(&self) -> Counters {
        self.ledger.counters()
    }

    /// The recipients that were named so far, in the order of arrival.
    pub fn envelopes(&self) -> Vec<SeenEnvelope> {
        self.ledger.envelopes()
    }
}

async fn accept(listener: TcpListener, behaviour: Arc<Behaviour>, ledger: Arc<Ledger>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    sessions.spawn(serve(stream, Arc::clone(&behaviour), Arc::clone(&ledger)));
                }
                Err(_) => sleep(AFTER_FAILED_ACCEPT).await,
            },
            Some(_) = sessions.join_next() => {}
        }
    }
}

/// Serves one connection. An error of the stream means that the client is gone, which is its right.
async fn serve(mut stream: TcpStream, behaviour: Arc<Behaviour>, ledger: Arc<Ledger>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let client = stream.peer_addr().map(|peer| peer.ip());
    let trusted = client.is_ok_and(|client| behaviour.trusted_clients.contains(&client));
    match converse_with(&behaviour, &mut stream, &ledger, trusted).await {
        Ok(Ending::ByServer) => {
            // The time limit is the whole purpose, so running into it is no failure.
            let _ = timeout(DRAIN, tokio::io::copy(&mut stream, &mut tokio::io::sink())).await;
        }
        Ok(Ending::Reset) => {
            // Where the option cannot be set, the connection ends with FIN instead.
            let _ = stream.set_zero_linger();
        }
        Ok(Ending::ByClient) | Err(_) => {}
    }
}
