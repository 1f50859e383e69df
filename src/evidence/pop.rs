//! POP-before-SMTP: whether a POP3 login lets a client relay for a while because of its address.
//!
//! A foreign recipient is asked for before the login and again and again after it, each time on a
//! connection of its own. All times count from the moment at which the password was sent.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::smtp::WireText;

use super::matrix::Gap;
use super::{DialFailure, Loss, Stop, TlsFacts};

/// Everything that was asked about POP-before-SMTP at one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopBeforeSmtp {
    /// For how many seconds after the login it was to be asked at most.
    pub window: u64,
    /// The reverse-path and the forward-path of every check, without brackets.
    pub envelope: (WireText, WireText),
    /// Connections to POP3 servers; the last one is the login.
    #[serde(default)]
    pub logins: Vec<PopLogin>,
    /// The checks: first the one before the login, then those after it, in the order of asking.
    #[serde(default)]
    pub checks: Vec<PopCheck>,
    /// Why the checks ended before all were asked.
    #[serde(default)]
    pub stopped: Option<Stop>,
}

/// One connection to a POP3 server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopLogin {
    /// The server's address and port.
    pub peer: SocketAddr,
    /// Ours; `None` where no connection came about.
    #[serde(default)]
    pub local: Option<SocketAddr>,
    /// Why it did not come about.
    #[serde(default)]
    pub failure: Option<DialFailure>,
    /// What TLS was agreed on, once it was.
    #[serde(default)]
    pub tls: Option<TlsFacts>,
    /// What was said, without the name and the password of the account.
    #[serde(default)]
    pub exchanges: Vec<PopExchange>,
    /// How it ended.
    pub end: PopEnd,
}

/// How a connection to a POP3 server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopEnd {
    /// We were logged in.
    LoggedIn,
    /// No connection came about.
    NoConnection,
    /// The server greeted with `-ERR`, not at all, or in no language of POP3.
    NoGreeting,
    /// There was no TLS, and the password may not go without it.
    NoTls,
    /// The server refused the login.
    Refused,
    /// The connection ended first.
    Lost,
    /// The user or a deadline ended it first.
    Stopped,
}

/// One command and its answer; for the greeting there is no command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopExchange {
    /// The command line without CRLF and without secrets.
    pub sent: WireText,
    /// True inside TLS.
    #[serde(default)]
    pub tls: bool,
    /// What came back.
    pub answer: PopAnswer,
    /// Milliseconds from the writing of the command to the end of the answer.
    pub elapsed_ms: u64,
}

/// What a POP3 server answers (RFC 1939).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopAnswer {
    /// A line that begins with `+OK`.
    Positive(WireText),
    /// A line that begins with `-ERR`.
    Negative(WireText),
    /// A line that begins otherwise, is too long, or came unasked: its start.
    NotPop(WireText),
    /// No line.
    Lost(Loss),
}

/// Whether relaying was granted at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopCheck {
    /// Milliseconds from the sending of the password to that of the question; `None` for the check
    /// before the login.
    #[serde(default)]
    pub after_ms: Option<u64>,
    /// Why nothing was asked.
    #[serde(default)]
    pub gap: Option<Gap>,
    /// The exchange that answers, or shows why nothing was asked.
    #[serde(default)]
    pub place: Option<(usize, usize)>,
}

impl PopBeforeSmtp {
    /// The connection on which we were logged in.
    pub fn login(&self) -> Option<&PopLogin> {
        self.logins.iter().find(|login| login.end == PopEnd::LoggedIn)
    }

    /// The places of answers, and of which check.
    pub fn places(&self) -> impl Iterator<Item = (usize, (usize, usize))> {
        self.checks.iter().enumerate().filter_map(|(number, check)| Some((number, check.place?)))
    }

    /// The same without any place.
    pub(super) fn without_places(mut self) -> Self {
        for check in &mut self.checks {
            check.place = None;
        }
        self
    }
}

impl PopLogin {
    /// The exchange in which the password was sent.
    pub fn password(&self) -> Option<&PopExchange> {
        self.exchanges.iter().find(|exchange| exchange.sent.as_bytes().starts_with(b"PASS"))
    }
}
