//! TLS: when it starts, and what can go wrong with it.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::behaviour::{Behaviour, Syntax};
use super::counters::Kind;
use super::delivery::GARBAGE;
use super::server::Ending;
use super::wording::{Phrase, Reply};

/// Postfix's refusal of everything that must wait for TLS, for [`Behaviour::tls_required`].
pub const MUST_START_TLS: &str = "530 5.7.0 Must issue a STARTTLS command first";

/// What a server does about TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate, the versions and the provider.
    pub config: Arc<ServerConfig>,
    /// When TLS starts.
    pub start: TlsStart,
    /// What happens where the handshake is due.
    pub handshake: Handshake,
}

impl Tls {
    /// STARTTLS that works.
    pub fn starttls(config: Arc<ServerConfig>) -> Self {
        Self { config, start: TlsStart::Command, handshake: Handshake::Sound }
    }

    /// TLS that works from the first byte.
    pub fn implicit(config: Arc<ServerConfig>) -> Self {
        Self { start: TlsStart::Implicit, ..Self::starttls(config) }
    }
}

/// When TLS starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsStart {
    /// From the first byte, before the greeting (RFC 8314).
    Implicit,
    /// At STARTTLS (RFC 3207). What the client sent in clear behind the command is dropped.
    Command,
    /// At STARTTLS, with these bytes in clear behind the 220, in the same write; such as
    /// `250 injected` and its CRLF.
    Injecting(Vec<u8>),
    /// Never: STARTTLS is offered, and gets this reply, such as `454 4.7.0 TLS not available due
    /// to local problem`.
    Refused(String),
}

/// What happens where the handshake is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It takes place.
    Sound,
    /// The server closes.
    Close,
    /// The first bytes of the client are answered with bytes that are no TLS, then the server
    /// closes.
    Garbage,
    /// The server reads and says nothing until the client gives up.
    Stall,
}

impl Behaviour {
    /// Whether TLS comes before the greeting.
    pub(super) fn is_implicit(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.start == TlsStart::Implicit)
    }

    /// The reply to STARTTLS, and in `Ok` what stands in clear behind it.
    pub(super) fn start_tls(&self, argument: &[u8], session: Session) -> Result<&[u8], Reply> {
        let say = |phrase| self.syntax.say(phrase);
        let start = self.tls.as_ref().map(|tls| &tls.start);
        let unready = self.syntax == Syntax::Exim && !session.greeted;
        match start {
            None | Some(TlsStart::Implicit) => Err(say(Phrase::TlsActive)),
            Some(_) if session.inside_tls => Err(say(Phrase::TlsActive)),
            Some(_) if unready => Err(say(Phrase::TlsNotOffered)),
            Some(_) if !argument.is_empty() => Err(say(Phrase::StartTlsSyntax)),
            Some(TlsStart::Refused(reply)) => Err(reply.clone().into_bytes()),
            Some(TlsStart::Command) => Ok(b""),
            Some(TlsStart::Injecting(bytes)) => Ok(bytes),
        }
    }

    /// The reply to what must wait for TLS. Postfix answers only a few commands before; Exim's
    /// rule stands at MAIL.
    pub(super) fn ask_for_tls(&self, kind: Kind, verb: &[u8]) -> Option<Reply> {
        let waits = match (self.syntax, kind) {
            (_, Kind::Mail) => true,
            (Syntax::Exim, _) => false,
            (_, Kind::Rcpt | Kind::Data | Kind::Rset) => true,
            (_, Kind::Other) => verb != b"NOOP",
            (_, Kind::Helo | Kind::Ehlo | Kind::StartTls | Kind::Quit | Kind::Unknown) => false,
        };
        waits.then(|| self.tls_required.clone().map(String::into_bytes))?
    }
}

/// How far a session is, for what depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// The client has said HELO or EHLO.
    pub(super) greeted: bool,
    /// TLS has started.
    pub(super) inside_tls: bool,
}

impl Handshake {
    /// What happens in place of a handshake: how the session ends, which the caller sees to.
    /// `None` where the handshake takes place.
    pub(super) async fn spoil<S>(self, stream: &mut S) -> io::Result<Option<Ending>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        Ok(Some(match self {
            Self::Sound => return Ok(None),
            Self::Close => Ending::ByServer,
            Self::Garbage => {
                if stream.read_buf(&mut Vec::with_capacity(1)).await? == 0 {
                    return Ok(Some(Ending::ByClient));
                }
                stream.write_all(GARBAGE).await?;
                Ending::ByServer
            }
            Self::Stall => {
                tokio::io::copy(stream, &mut tokio::io::sink()).await?;
                Ending::ByClient
            }
        }))
    }
}
