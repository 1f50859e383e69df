//! The connection to the relay: TLS before anything that matters is said.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{CONNECT, Relay, Security, SubmitError};
use crate::smtp::{Reply, ReplyParser};

/// Bytes that a relay may say in all. Nobody who takes a mail says so much.
const WORDS: usize = 1 << 20;
/// What stands in for the greeting that was read before TLS began.
const GREETED: &[u8] = b"220 ready\r\n";

/// Opens the connection, and says from which address. What is read from it comes through TLS, or
/// else from this machine.
pub(super) async fn open(
    relay: &Relay,
) -> Result<(Box<dyn AsyncTokioStream>, IpAddr), SubmitError> {
    let no_connection = |source| SubmitError::Connect { relay: relay.to_string(), source };
    let dialled = timeout(CONNECT, TcpStream::connect((relay.host.as_str(), relay.port))).await;
    let dialled = dialled.map_err(|_| relay.silent("a connection", CONNECT))?;
    let mut stream = dialled.map_err(no_connection)?;
    let own = stream.local_addr().map_err(no_connection)?.ip();
    let peer = stream.peer_addr().map_err(no_connection)?;
    match relay.security {
        Security::Clear if !peer.ip().is_loopback() => {
            Err(SubmitError::Elsewhere { relay: relay.to_string() })
        }
        Security::Clear => Ok((Box::new(Wire::new(stream, peer, b"")), own)),
        Security::Tls => {
            let stream = secured(relay, stream).await?;
            Ok((Box::new(Wire::new(stream, peer, b"")), own))
        }
        Security::StartTls => {
            begin_tls(relay, &mut stream, own).await?;
            let stream = secured(relay, stream).await?;
            Ok((Box::new(Wire::new(stream, peer, GREETED)), own))
        }
    }
}

/// Shakes hands; the certificate has to be the relay's.
async fn secured(
    relay: &Relay,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SubmitError> {
    let no_tls = |source| SubmitError::Tls { relay: relay.to_string(), source };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| no_tls(io::Error::other(error)))?
        .with_root_certificates(Arc::clone(&relay.roots.0))
        .with_no_client_auth();
    let name = ServerName::try_from(relay.host.clone())
        .map_err(|error| no_tls(io::Error::other(error)))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(no_tls)
}

/// Asks for TLS in the clear. Nothing that is read here is kept.
async fn begin_tls(relay: &Relay, stream: &mut TcpStream, own: IpAddr) -> Result<(), SubmitError> {
    let mut parser = ReplyParser::default();
    let refused = |said: String| SubmitError::NoStartTls { relay: relay.to_string(), said };
    let fulfils = |reply: Reply, code: u16| match reply.code() == code {
        true => Ok(reply),
        false => Err(refused(said(&reply))),
    };
    fulfils(reply(relay, stream, &mut parser).await?, 220)?;
    let own = match own {
        IpAddr::V4(own) => format!("[{own}]"),
        IpAddr::V6(own) => format!("[IPv6:{own}]"),
    };
    tell(relay, stream, &format!("EHLO {own}\r\n")).await?;
    let offered = fulfils(reply(relay, stream, &mut parser).await?, 250)?;
    if !offered.texts().skip(1).any(|line| line.eq_ignore_ascii_case(b"STARTTLS")) {
        return Err(refused("STARTTLS is not offered".into()));
    }
    tell(relay, stream, "STARTTLS\r\n").await?;
    fulfils(reply(relay, stream, &mut parser).await?, 220)?;
    match parser.is_idle() {
        true => Ok(()),
        // RFC 3207 section 4.2: what came before is forgotten. What came too early is an
        // attack or a fault, and either is better told than passed over.
        false => Err(SubmitError::Injected { relay: relay.to_string() }),
    }
}

async fn tell(relay: &Relay, stream: &mut TcpStream, command: &str) -> Result<(), SubmitError> {
    let sent = stream.write_all(command.as_bytes()).await;
    sent.map_err(|source| SubmitError::Connect { relay: relay.to_string(), source })
}

async fn reply(
    relay: &Relay,
    stream: &mut TcpStream,
    parser: &mut ReplyParser,
) -> Result<Reply, SubmitError> {
    let mut bytes = [0; 4096];
    loop {
        match parser.next_reply() {
            Some(Ok(reply)) => return Ok(reply),
            Some(Err(fault)) => {
                let said = fault.to_string();
                return Err(SubmitError::NoStartTls { relay: relay.to_string(), said });
            }
            None => {}
        }
        let read = stream.read(&mut bytes).await;
        let failed = |source| SubmitError::Connect { relay: relay.to_string(), source };
        match read.map_err(failed)? {
            0 => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
            count => parser.feed(bytes.get(..count).unwrap_or_default()),
        }
    }
}

fn said(reply: &Reply) -> String {
    reply.lines().map(|line| line.to_string()).collect::<Vec<_>>().join(" ")
}

/// A stream with words before it, and a limit of what it may say.
struct Wire<S> {
    stream: S,
    peer: SocketAddr,
    before: &'static [u8],
    left: usize,
}

impl<S> Wire<S> {
    fn new(stream: S, peer: SocketAddr, before: &'static [u8]) -> Self {
        Self { stream, peer, before, left: WORDS }
    }
}

impl<S> fmt::Debug for Wire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> AsyncTokioStream for Wire<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.before.is_empty() {
            let (now, then) = self.before.split_at(self.before.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.before = then;
            return Poll::Ready(Ok(()));
        }
        let filled = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len() - filled;
        match self.left.checked_sub(read) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Err(io::Error::other("the relay does not stop talking"))),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
