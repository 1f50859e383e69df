//! How the answer to one question about POP-before-SMTP reads.

use crate::evidence::matrix::Gap;
use crate::evidence::{Answer, Evidence, Loss};
use crate::smtp::{Phase, Reply, Severity};
use crate::target::Role;
use crate::verdict::Undecided;
use crate::verdict::form::names_of;
use crate::verdict::wording::Class;

use super::PopReason;

/// How the answer to one check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The recipient was accepted.
    Granted,
    /// Relaying was refused.
    Refused,
    /// The recipient was refused for good, without a word about relaying.
    Unclear,
    /// Nothing was learned.
    Unknown(PopReason),
}

impl Heard {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "accepted",
            Self::Refused | Self::Unclear => "refused",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The reason word of the report.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Unknown(why) => Some(why.as_str()),
            Self::Granted | Self::Refused | Self::Unclear => None,
        }
    }
}

/// How the answer to check `number` reads; `None` where it is not there.
pub fn heard(evidence: &Evidence, number: usize) -> Option<Heard> {
    let check = evidence.pop.as_ref()?.checks.get(number)?;
    if let Some(gap) = check.gap {
        return Some(Heard::Unknown(PopReason::Gap(gap)));
    }
    let place = check.place?;
    let exchange = evidence.exchange_at(place)?;
    let undecided = |why| Heard::Unknown(PopReason::Undecided(why));
    if evidence.is_doubtful_at(place) {
        return Some(undecided(Undecided::PeerFault));
    }
    Some(match &exchange.answer {
        Answer::Lost(loss) => undecided(match loss {
            Loss::Closed | Loss::Reset | Loss::Handshake { .. } => Undecided::ConnectionLost,
            Loss::Timeout { .. } => Undecided::Timeout,
            Loss::Fault(_) => Undecided::PeerFault,
        }),
        Answer::Reply(reply) => match exchange.phase {
            Phase::Mail | Phase::Rcpt => by_reply(evidence, reply, exchange.phase),
            _ => undecided(Undecided::ConnectionLost),
        },
    })
}

fn by_reply(evidence: &Evidence, reply: &Reply, phase: Phase) -> Heard {
    let undecided = |why| Heard::Unknown(PopReason::Undecided(why));
    let transient = reply.severity() == Severity::Transient;
    let wants_a_login = || evidence.target.role() == Role::Submission && evidence.offers("AUTH");
    match names_of(evidence).classify(reply, phase) {
        Class::Accepted if phase == Phase::Rcpt => Heard::Granted,
        Class::Accepted => undecided(Undecided::NotAnswered),
        Class::RelayDenied | Class::AuthNeeded => Heard::Refused,
        Class::ClientRefused if !transient && wants_a_login() => Heard::Refused,
        Class::TlsNeeded => Heard::Unknown(PopReason::Gap(Gap::NoTls)),
        Class::Throttled => undecided(Undecided::Throttled),
        Class::Deferred => Heard::Unknown(PopReason::Deferred),
        Class::Listed | Class::ClientRefused => undecided(Undecided::Blocked),
        Class::HeloRefused => undecided(Undecided::HeloRefused),
        Class::SenderRefused => undecided(Undecided::SenderRefused),
        Class::Odd | Class::Sequence => undecided(Undecided::PeerFault),
        _ if transient => Heard::Unknown(PopReason::Deferred),
        _ if phase == Phase::Mail => undecided(Undecided::SenderRefused),
        Class::UnknownUser
        | Class::UnknownDomain
        | Class::Unverified
        | Class::MailboxUnavailable => undecided(Undecided::RecipientVerification),
        Class::Denied
        | Class::InvalidRecipient
        | Class::Content
        | Class::Syntax
        | Class::Unworded => Heard::Unclear,
    }
}
