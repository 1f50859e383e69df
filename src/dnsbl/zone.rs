//! One zone of the registry.

use std::net::Ipv4Addr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::code::{Code, Decoding, Refusal};

/// One zone: what it lists and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// The short name, unique and never reused.
    pub id: String,
    /// The domain below which it is asked; `{key}` stands for the user's key.
    pub zone: String,
    /// Who runs it and what it is, in one line.
    pub title: String,
    /// Block list or allow list.
    pub purpose: Purpose,
    /// What it can be asked about, with the entries that prove it. One for each kind.
    pub entries: Vec<Entry>,
    /// How its answers are read.
    pub decoding: Decoding,
    /// What they mean.
    pub codes: Vec<Code>,
    /// Its own refusals beside 127.255.255.0/24, which is one everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// Who may ask.
    pub access: Access,
    /// The name that the user's key goes by, where it is not the id: zones of one operator share a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Zones, by id, whose data it holds too: asking both counts one fact twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<String>,
    /// The operator's terms, in one line.
    pub terms: String,
    /// Queries that the operator allows in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit: Option<u64>,
    /// Queries that the operator allows in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Where the operator describes it; `None` only where a zone of the user's own does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Where a listing can be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delisting: Option<String>,
    /// Whether it is known to live.
    pub status: Status,
    /// Where that was seen.
    pub source: String,
    /// When; `None` only where a zone of the user's own does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<Date>,
    /// Whether it is asked without the user's word.
    pub default: bool,
}

/// What a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// What is listed is refused by some.
    Block,
    /// What is listed is trusted by some.
    Allow,
}

/// What a list is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses.
    Ipv6,
    /// Domain names.
    Domain,
}

/// The entries by which a zone shows that it works for one kind of subject (RFC 5782 section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The kind.
    pub kind: SubjectKind,
    /// What it always lists: an address or a name. `None` where no such entry is documented; the zone can then never
    /// be seen to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// What the zone is documented to answer for it, among others. `None` where any of its codes will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Ipv4Addr>,
    /// What it never lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
}

/// Who may ask a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Everybody, in the volume of a single user.
    Free,
    /// Resolvers that their users have registered.
    Registered,
    /// Who has a key, which is part of the name.
    Key,
}

/// What is known of a zone's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its operator or its users show it alive.
    Alive,
    /// It is in lists of today, and nobody was seen to confirm it.
    Unconfirmed,
}

impl std::fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4 addresses",
            Self::Ipv6 => "IPv6 addresses",
            Self::Domain => "domain names",
        })
    }
}
