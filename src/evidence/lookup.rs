//! One question to the DNS and what came back, as it was.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// The type of record that a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupKind {
    /// IPv4 addresses: every A record.
    A,
    /// Texts.
    Txt,
    /// The start of authority of a zone.
    Soa,
    /// Names of an address.
    Ptr,
}

/// A question and its answer. A key in the name is masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The name, in lower case, without a final dot.
    pub name: String,
    /// What was asked for.
    pub kind: LookupKind,
    /// What came back.
    pub answer: LookupAnswer,
}

/// What came back. Only [`LookupAnswer::NoSuchName`], [`LookupAnswer::NoData`] and the three with records say
/// something about the name; after the others nothing is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "with")]
pub enum LookupAnswer {
    /// All A records, in ascending order, without duplicates.
    Addresses(Vec<Ipv4Addr>),
    /// All TXT records, the strings of each joined; invisible octets escaped as `\DDD`, capped in number and length.
    Texts(Vec<String>),
    /// An SOA record: the name of the zone that it is of.
    Authority(String),
    /// All PTR records.
    Names(Vec<String>),
    /// NXDOMAIN.
    NoSuchName,
    /// The name exists and has no such record.
    NoData,
    /// SERVFAIL. Behind a resolver this may be an authoritative REFUSED too, or broken DNSSEC.
    ServerFailure,
    /// REFUSED.
    Refused,
    /// Another response code.
    OtherCode(u16),
    /// Nobody answered in time, in any attempt.
    Timeout,
    /// The answer did not fit, over TCP neither.
    Truncated,
    /// DNSSEC says that the answer is forged.
    Bogus,
    /// The answer cannot be read or does not fit the question.
    Malformed(String),
    /// No server could be reached; the system's words.
    Unreachable(String),
    /// The question was not put: the run ended before, or its zone had been silent too often to wait for it.
    NotAsked,
}

impl LookupAnswer {
    /// The addresses, where there are some.
    pub fn addresses(&self) -> &[Ipv4Addr] {
        match self {
            Self::Addresses(addresses) => addresses,
            _ => &[],
        }
    }

    /// True where the answer says something about the name.
    pub fn is_statement(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_)
                | Self::Texts(_)
                | Self::Authority(_)
                | Self::Names(_)
                | Self::NoSuchName
                | Self::NoData
        )
    }
}

impl LookupKind {
    /// The name of the record type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Txt => "TXT",
            Self::Soa => "SOA",
            Self::Ptr => "PTR",
        }
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.name, self.kind.as_str(), self.answer)
    }
}

impl fmt::Display for LookupAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, all: &[String]| f.write_str(&all.join(" | "));
        match self {
            Self::Addresses(all) => {
                let all: Vec<_> = all.iter().map(ToString::to_string).collect();
                f.write_str(&all.join(", "))
            }
            Self::Texts(all) | Self::Names(all) => list(f, all),
            Self::Authority(zone) => write!(f, "the zone {zone}"),
            Self::NoSuchName => f.write_str("no such name (NXDOMAIN)"),
            Self::NoData => f.write_str("no such record (NODATA)"),
            Self::ServerFailure => f.write_str("the server failed (SERVFAIL)"),
            Self::Refused => f.write_str("the server refused (REFUSED)"),
            Self::OtherCode(code) => write!(f, "response code {code}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Truncated => f.write_str("the answer is cut off, over TCP too"),
            Self::Bogus => f.write_str("DNSSEC says that the answer is forged"),
            Self::Malformed(why) => write!(f, "the answer cannot be read: {why}"),
            Self::Unreachable(why) => write!(f, "no server could be reached: {why}"),
            Self::NotAsked => f.write_str("not asked"),
        }
    }
}
