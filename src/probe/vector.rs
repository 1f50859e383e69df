//! Vectors: a dialogue inside a probe file, and the outcome that it must be judged to have.

use serde::Deserialize;

use super::SourceError;
use crate::smtp::Reply;

/// One vector.
#[derive(Clone, Debug)]
pub struct Vector {
    /// What it shows, in a few words.
    pub name: String,
    /// The server and version that it was recorded from; `None` when it was written by hand.
    pub source: Option<String>,
    /// Greeting, EHLO, MAIL, RCPT; fewer when the server refuses earlier.
    pub replies: Vec<Reply>,
    /// The reply to a random user at the same outer domain.
    pub control: Option<Reply>,
    /// The reply to a local recipient under the same HELO and sender.
    pub local: Option<Reply>,
    /// What it must come out as.
    pub outcome: Expected,
    /// The reason word, where the outcome has one.
    pub reason: Option<String>,
    /// Where the outcome stands in the file.
    pub place: SourceError,
}

/// The outcomes that a vector may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Expected {
    Accepted,
    Refused,
    AuthRequired,
    TlsRequired,
    Deferred,
    Inconclusive,
}

impl Expected {
    /// The word as a probe file writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::AuthRequired => "auth-required",
            Self::TlsRequired => "tls-required",
            Self::Deferred => "deferred",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// True when nothing was learned about relaying.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Deferred | Self::Inconclusive | Self::TlsRequired)
    }
}
