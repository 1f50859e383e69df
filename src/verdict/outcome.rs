//! The words for what became of a form and of a host. They are part of the report's format: they
//! may grow, never change.

use crate::evidence::{Lacking, Stop};

/// What became of one form or one probe. It never collapses to a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not asked.
    NotRun(NotRun),
    /// It was asked and nothing was learned about relaying.
    Inconclusive(Undecided),
    /// The server said "not now", and that was no relay refusal.
    Deferred,
    /// The server wants a login first.
    AuthRequired,
    /// The server wants TLS first.
    TlsRequired,
    /// The server said no.
    Refused(Refusal),
    /// The server accepted a recipient that is not its own.
    AcceptedRecipient,
    /// It took the whole message, which has not arrived.
    AcceptedMessage,
    /// The message arrived at the canary.
    Delivered,
}

/// Why a server said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not relay.
    Relay,
    /// It does not take this form of address.
    Syntax,
    /// It took the recipient for an unknown user of its own.
    UnknownUser,
    /// It does not take this sender.
    Sender,
    /// It does not take this greeting name.
    Helo,
    /// It does not take this command here.
    Sequence,
    /// It took the recipient, and refused the message.
    Message,
    /// It took the message, and returned it to the sender.
    Returned,
}

/// Why nothing was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Undecided {
    Blocked,
    CanaryMaybeLocal,
    ConnectionLost,
    HeloRefused,
    LocalControl,
    NoLocalUser,
    NotAnswered,
    PeerFault,
    RecipientVerification,
    ScriptedSink,
    SenderRefused,
    Throttled,
    Timeout,
    UnknownWording,
    VantageInside,
}

/// Why something was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// A value was missing.
    Lacking(Lacking),
    /// It wants TLS, and TLS did not come about.
    NoTls,
    /// The course of the host ended first.
    Stopped(Stop),
    /// The host does not speak SMTP.
    Unreachable,
}

/// The verdict on one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At least one form was accepted.
    Open,
    /// It relays only under a condition that a stranger can arrange.
    Conditional,
    /// Something was not understood, not answered or not asked.
    Inconclusive,
    /// A plain foreign recipient was refused at the start and at the end, and so was every form.
    Closed,
    /// No SMTP.
    Unreachable,
}

/// How far relaying is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing was accepted.
    None,
    /// Accepted at RCPT.
    Suspected,
    /// Accepted after DATA.
    Probable,
    /// Arrived.
    Confirmed,
}

impl Outcome {
    /// The outcome word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotRun(_) => "not-run",
            Self::Inconclusive(_) => "inconclusive",
            Self::Deferred => "deferred",
            Self::AuthRequired => "auth-required",
            Self::TlsRequired => "tls-required",
            Self::Refused(_) => "refused",
            Self::AcceptedRecipient => "accepted-recipient",
            Self::AcceptedMessage => "accepted-message",
            Self::Delivered => "delivered",
        }
    }

    /// The reason word of the report.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::NotRun(why) => Some(why.as_str()),
            Self::Inconclusive(why) => Some(why.as_str()),
            Self::Refused(why) => Some(why.as_str()),
            Self::Deferred
            | Self::AuthRequired
            | Self::TlsRequired
            | Self::AcceptedRecipient
            | Self::AcceptedMessage
            | Self::Delivered => None,
        }
    }

    /// True where the server clearly does not relay this form.
    pub fn is_no(self) -> bool {
        matches!(self, Self::Refused(_) | Self::AuthRequired)
    }

    /// True where the server took a recipient that is not its own, and nothing has shown since that
    /// it does not relay.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::AcceptedRecipient | Self::Delivered)
    }

    /// True where the server takes recipients and then shows that it does not relay.
    pub fn is_late_refusal(self) -> bool {
        matches!(self, Self::Refused(Refusal::Message | Refusal::Returned))
    }

    /// True where the server clearly said something about relaying as such.
    pub fn is_relay_refusal(self) -> bool {
        matches!(self, Self::Refused(Refusal::Relay) | Self::AuthRequired)
    }
}

impl Refusal {
    /// The reason word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Syntax => "syntax",
            Self::UnknownUser => "unknown-user",
            Self::Sender => "sender",
            Self::Helo => "helo",
            Self::Sequence => "sequence",
            Self::Message => "message",
            Self::Returned => "returned",
        }
    }
}

impl Verdict {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Conditional => "conditional",
            Self::Inconclusive => "inconclusive",
            Self::Closed => "closed",
            Self::Unreachable => "unreachable",
        }
    }
}

impl Proof {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Suspected => "suspected",
            Self::Probable => "probable",
            Self::Confirmed => "confirmed",
        }
    }
}
