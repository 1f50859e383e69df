//! What the DNS-based lists were asked and what they answered, enough to judge it again.

use std::net::IpAddr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::lookup::{Lookup, LookupAnswer};
use crate::dnsbl::{PublicResolver, SubjectKind, Zone, public_resolver};

/// All that one run asked of lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listings {
    /// The registry that the zones are from: its version.
    pub registry_version: u32,
    /// Its date.
    pub registry_date: Date,
    /// Who was asked: the addresses of the resolvers.
    pub resolvers: Vec<String>,
    /// What shows whether the resolver can be used for lists at all.
    pub preflight: Preflight,
    /// Every zone that was wanted.
    pub zones: Vec<ZoneEvidence>,
    /// Every subject, with its answers.
    pub subjects: Vec<SubjectEvidence>,
}

impl Listings {
    /// The name servers among those asked that are known to serve everybody. Several lists refuse them, and answer
    /// others that forward to them no better.
    pub fn public_resolvers(&self) -> Vec<(&str, &'static PublicResolver)> {
        let known = |text: &String| {
            let address = text.parse().ok().or_else(|| {
                let socket: std::net::SocketAddr = text.parse().ok()?;
                Some(socket.ip())
            });
            address.and_then(public_resolver)
        };
        self.resolvers.iter().filter_map(|text| Some((text.as_str(), known(text)?))).collect()
    }

    /// Takes in what the zones said about subjects, with what confirms their listings.
    pub fn add(&mut self, listed: Listed) {
        self.subjects.extend(listed.subjects);
        for Confirmation { zone, kind, negative } in listed.confirmations {
            let zone = self.zones.iter_mut().find(|evidence| evidence.zone.id == zone);
            let entries = zone.into_iter().flat_map(|evidence| &mut evidence.entries);
            for entry in entries.filter(|entry| entry.kind == kind) {
                entry.negative_again = Some(negative.clone());
            }
        }
    }
}

/// What zones said about some subjects, beside what they had shown of themselves before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Every subject, with its answers.
    pub subjects: Vec<SubjectEvidence>,
    /// What confirms the listings among these, or does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmations: Vec<Confirmation>,
}

impl Listed {
    /// True when there was a question that was not put.
    pub fn has_gaps(&self) -> bool {
        self.lookups().any(|lookup| lookup.answer == LookupAnswer::NotAsked)
    }

    /// True when every answer says something about its name.
    pub fn is_answered(&self) -> bool {
        self.lookups().all(|lookup| lookup.answer.is_statement())
    }

    fn lookups(&self) -> impl Iterator<Item = &Lookup> {
        let answers = self.subjects.iter().flat_map(|subject| &subject.answers);
        let confirmations = self.confirmations.iter().map(|confirmation| &confirmation.negative);
        answers.map(|answer| &answer.lookup).chain(confirmations)
    }
}

/// What a zone that had listed somebody then said about what it never lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The zone's id.
    pub zone: String,
    /// The kind of the subject.
    pub kind: SubjectKind,
    /// [`EntryEvidence::negative`] once more, fresh.
    pub negative: Lookup,
}

/// What shows whether the name server can be used for lists. Who runs it is in [`Listings::resolvers`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// A random name below `invalid`, for an address: it must not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Lookup>,
}

/// One zone: what it is and how it proved itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneEvidence {
    /// The zone as the registry had it.
    pub zone: Zone,
    /// Why it was not asked at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// The start of authority of the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Lookup>,
    /// A random label below the zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<Lookup>,
    /// The entries of each kind that was to be asked about.
    pub entries: Vec<EntryEvidence>,
}

/// What the test entries of one kind of subject answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryEvidence {
    /// The kind.
    pub kind: SubjectKind,
    /// What the zone always lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<Lookup>,
    /// The TXT record there: some operators tell more in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive_text: Option<Lookup>,
    /// What the zone never lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<Lookup>,
    /// That once more, fresh and behind the last listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_again: Option<Lookup>,
}

/// Why a zone was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skipped {
    /// It needs a key, and none was given.
    NoKey,
    /// It answers registered resolvers only, and the user did not say that this one is.
    NotRegistered,
    /// It is in the table of the dead.
    Dead,
    /// It lists nothing of the kind of any subject.
    OtherKind,
}

/// What is looked up in lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An address; an IPv4-mapped one is the IPv4 address.
    Address(IpAddr),
    /// A domain, in lower case, as A-labels, without a final dot.
    Domain(String),
}

impl Subject {
    /// Which entries of a zone speak for it.
    pub fn kind(&self) -> SubjectKind {
        match self {
            Self::Address(IpAddr::V4(_)) => SubjectKind::Ipv4,
            Self::Address(IpAddr::V6(_)) => SubjectKind::Ipv6,
            Self::Domain(_) => SubjectKind::Domain,
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Domain(domain) => f.write_str(domain),
        }
    }
}

/// One subject and what the zones say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectEvidence {
    /// Whom it is about.
    pub subject: Subject,
    /// One for each zone that could be asked.
    pub answers: Vec<ZoneAnswer>,
}

/// What one zone says about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneAnswer {
    /// The zone's id.
    pub zone: String,
    /// Its A records.
    pub lookup: Lookup,
    /// Its TXT records, asked for listings only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Lookup>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_resolvers_are_found_with_and_without_a_port() {
        let resolvers = ["192.0.2.53", "9.9.9.9", "[2001:4860:4860::8888]:5353", "8.8.8.8:53", "?"];
        let listings = Listings {
            registry_version: 1,
            registry_date: Date::constant(2026, 11, 22),
            resolvers: resolvers.map(str::to_owned).to_vec(),
            preflight: Preflight::default(),
            zones: Vec::new(),
            subjects: Vec::new(),
        };
        let found = listings.public_resolvers();
        let found: Vec<_> = found.iter().map(|(address, known)| (*address, known.name)).collect();
        assert_eq!(
            found,
            [
                ("9.9.9.9", "Quad9"),
                ("[2001:4860:4860::8888]:5353", "Google Public DNS"),
                ("8.8.8.8:53", "Google Public DNS"),
            ]
        );
    }
}
