//! The record of one connection.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::smtp::{Phase, Reply, ReplyFault, WireText};

/// One connection from greeting to end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transcript {
    /// Our address and port.
    pub local: SocketAddr,
    /// The server's.
    pub peer: SocketAddr,
    /// What TLS was agreed on, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
    /// What was said, in the order of asking.
    pub exchanges: Vec<Exchange>,
}

/// What TLS was agreed on. The certificates are recorded, neither trusted nor refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite by its IANA name.
    pub cipher: String,
    /// The certificates in the order in which the server sent them, its own first.
    pub certificates: Vec<Certificate>,
}

/// A certificate as it was sent: DER, written as Base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// The bytes, DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Certificate {
    fn from(der: Vec<u8>) -> Self {
        Self(der)
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} bytes)", self.0.len())
    }
}

impl FromStr for Certificate {
    type Err = data_encoding::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BASE64.decode(text.as_bytes()).map(Self)
    }
}

impl TryFrom<String> for Certificate {
    type Error = data_encoding::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Certificate> for String {
    fn from(certificate: Certificate) -> Self {
        certificate.to_string()
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// One command and its answer; for the greeting there is no command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// Where in the session.
    pub phase: Phase,
    /// The command line without CRLF.
    pub sent: WireText,
    /// True when the command was written before the answer to the one before it was read.
    pub pipelined: bool,
    /// True inside TLS.
    #[serde(default, skip_serializing_if = "is_false")]
    pub tls: bool,
    /// What came back.
    pub answer: Answer,
    /// Milliseconds from the writing of the command (or of the pipelined group) to the end of the
    /// answer.
    pub elapsed_ms: u64,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A complete reply.
    Reply(Reply),
    /// No reply.
    Lost(Loss),
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The connection was reset.
    #[error("the connection was reset")]
    Reset,
    /// The whole reply did not come in time.
    #[error("no complete reply within {seconds} s (received: \"{got}\")")]
    Timeout {
        /// How long was waited.
        seconds: u64,
        /// The bytes that did come, capped.
        got: WireText,
    },
    /// TLS did not come about.
    #[error("no TLS: {text}")]
    Handshake {
        /// Why, in the words of the TLS library.
        text: WireText,
    },
    /// The bytes are no SMTP reply.
    #[error("{0}")]
    Fault(ReplyFault),
}

impl Answer {
    /// The reply, if there is one.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Reply(reply) => Some(reply),
            Self::Lost(_) => None,
        }
    }
}

impl Transcript {
    /// The exchanges that a reader needs to understand exchange `index`: the greeting name, the
    /// MAIL it belongs to, and itself.
    pub fn context_of(&self, index: usize) -> Vec<usize> {
        let before = |wanted: &[Phase]| {
            let earlier = self.exchanges.get(..index)?;
            earlier.iter().rposition(|exchange| wanted.contains(&exchange.phase))
        };
        let deciding = self.exchanges.get(index).map(|exchange| exchange.phase);
        let mut indexes: Vec<_> = before(&[Phase::Ehlo, Phase::Helo]).into_iter().collect();
        if deciding == Some(Phase::Rcpt) {
            let mail = before(&[Phase::Mail]);
            indexes
                .extend(mail.filter(|mail| indexes.first().is_none_or(|greeted| mail > greeted)));
        }
        indexes.push(index);
        indexes
    }
}
