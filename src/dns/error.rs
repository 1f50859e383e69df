//! What a question to the DNS can come to instead of records.

use std::error::Error;
use std::sync::Arc;

use super::RecordKind;
use super::name::NameFault;

/// Why a question brought no records.
///
/// `name` is the name that was asked, in lower case and as A-labels, except in [`DnsError::BadName`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DnsError {
    /// The name does not exist (NXDOMAIN): it has no record of any type.
    #[error("the name {name} does not exist")]
    NoSuchName {
        /// The name that was asked.
        name: String,
    },
    /// The name exists and has no record of this type (NODATA, RFC 2308 section 2.2).
    #[error("{name} has no {kind} record")]
    NoData {
        /// The name that was asked.
        name: String,
        /// The type that it lacks.
        kind: RecordKind,
    },
    /// The name server could not find the answer (SERVFAIL).
    #[error("the {kind} query for {name} failed at the name server (SERVFAIL)")]
    ServerFailure {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
    },
    /// The name server does not answer us (REFUSED).
    #[error("the name server refused the {kind} query for {name} (REFUSED)")]
    Refused {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
    },
    /// The name server answered with another response code, such as FORMERR (1) or NOTIMP (4).
    #[error("the name server answered the {kind} query for {name} with response code {code}")]
    ResponseCode {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
        /// The response code, with its upper bits from EDNS where the server sent them.
        code: u16,
    },
    /// No answer came in time. A name server that is not there looks the same.
    #[error("no answer to the {kind} query for {name} in time")]
    Timeout {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
    },
    /// The name server pointed to other servers instead of answering: it serves its own zones and does no recursion.
    #[error("the name server gave a referral to the {kind} query for {name}: it does no recursion")]
    Referral {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
    },
    /// The aliases of the name lead in a circle or go on for longer than is followed.
    #[error("the aliases of {name} do not end at a name with {kind} records")]
    AliasLoop {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
    },
    /// The text cannot be asked for as a name; nothing was sent.
    #[error("{name:?} is not a domain name: {why}")]
    BadName {
        /// The text as it was given.
        name: String,
        /// What is wrong with it.
        why: NameFault,
    },
    /// An answer came that is not a usable DNS message or contradicts itself.
    #[error("the answer to the {kind} query for {name} is malformed: {why}")]
    Malformed {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
        /// What is wrong with the answer.
        why: AnswerFault,
    },
    /// The question could not be sent or its answer not be received, for a reason on this side or in the network.
    #[error("could not exchange the {kind} query for {name} with the name server")]
    Transport {
        /// The name that was asked.
        name: String,
        /// The type that was asked.
        kind: RecordKind,
        /// The failure of the connection.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl DnsError {
    /// True when the DNS answered that there is nothing: the name does not exist or lacks the type.
    ///
    /// After every other error it is unknown what the name has.
    pub fn is_negative_answer(&self) -> bool {
        matches!(self, Self::NoSuchName { .. } | Self::NoData { .. })
    }
}

/// What is wrong with an answer that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerFault {
    /// The bytes are not a DNS message.
    #[error("it is not a DNS message")]
    Undecodable,
    /// The answer is marked as truncated even over TCP.
    #[error("it is truncated even over TCP")]
    Truncated,
    /// A record has another class than IN.
    #[error("it has records of another class than IN")]
    ForeignClass,
    /// The answer claims success, and no record in it answers the question.
    #[error("no record in it answers the question")]
    Unrelated,
    /// The answer carries records and says that the name does not exist.
    #[error("it has records and says that the name does not exist")]
    Contradictory,
    /// The message is a question or another operation.
    #[error("it is a DNS message that answers no question")]
    NoAnswer,
    /// The message has another id than the question.
    #[error("it has another id than the question")]
    OtherId,
    /// The message answers another question.
    #[error("it answers another question")]
    OtherQuestion,
    /// The server points to other servers instead of answering.
    #[error("it is a referral: the server does no recursion")]
    Referral,
    /// The aliases in it lead to a name of which it says nothing.
    #[error("its aliases lead to a name of which it says nothing")]
    Unfinished,
    /// The aliases in it lead in a circle.
    #[error("its aliases lead in a circle")]
    AliasLoop,
}
