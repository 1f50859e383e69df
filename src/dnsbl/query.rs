//! The names that a zone is asked by (RFC 5782 sections 2.1 and 2.4), with the user's key and without it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use super::name::{self, MAX_NAME, NameFault};
use super::zone::{Access, Entry, SubjectKind, Zone};

/// What stands in a zone's name for the user's key.
pub(super) const PLACEHOLDER: &str = "{key}";

/// Whom a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// An address. An IPv4-mapped one is the IPv4 address.
    Address(IpAddr),
    /// A domain, as A-labels.
    Domain(&'a str),
}

impl About<'_> {
    /// Which entries of a zone speak for it.
    pub fn kind(&self) -> SubjectKind {
        match self {
            Self::Address(address) => match address.to_canonical() {
                IpAddr::V4(_) => SubjectKind::Ipv4,
                IpAddr::V6(_) => SubjectKind::Ipv6,
            },
            Self::Domain(_) => SubjectKind::Domain,
        }
    }
}

/// A name to ask for. Neither form of printing shows the key.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryName {
    asked: String,
    masked: String,
}

impl QueryName {
    /// The name that goes to the resolver: lower case, without the final dot, with the key.
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// The name for evidence and reports: `{key}` stands in the place of the key.
    pub fn masked(&self) -> &str {
        &self.masked
    }
}

impl fmt::Display for QueryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked)
    }
}

impl fmt::Debug for QueryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryName({})", self.masked)
    }
}

/// Why there is no name to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The zone lists nothing of the kind.
    #[error("{zone} lists no {kind}; ask a zone that does")]
    OtherKind {
        /// The zone's id.
        zone: String,
        /// What it was to be asked about.
        kind: SubjectKind,
    },
    /// An address was given as a domain.
    #[error("{domain} is an address and {zone} would be asked about a name; give it as an address")]
    AddressAsDomain {
        /// The zone's id.
        zone: String,
        /// The text.
        domain: String,
    },
    /// The subject, or the label, is no name.
    #[error("{zone} cannot be asked about `{}`: {why}", subject.escape_debug())]
    NotAName {
        /// The zone's id.
        zone: String,
        /// The text.
        subject: String,
        /// What is wrong with it.
        why: NameFault,
    },
    /// A test entry that is no address of its kind.
    #[error("{zone}: the test entry `{}` is not one of {kind}; correct it", entry.escape_debug())]
    BadEntry {
        /// The zone's id.
        zone: String,
        /// The text.
        entry: String,
        /// What it should be.
        kind: SubjectKind,
    },
    /// The whole name is too long for the DNS.
    #[error(
        "{zone}: the name to ask for has {octets} octets, and 253 is the most; ask about a name above it"
    )]
    TooLong {
        /// The zone's id.
        zone: String,
        /// How long it is.
        octets: usize,
    },
    /// The zone needs a key, and none was given.
    #[error("{zone} needs a key; give one for `{key}`")]
    NoKey {
        /// The zone's id.
        zone: String,
        /// The name that the key goes by.
        key: String,
    },
    /// The key cannot stand in a name.
    #[error(
        "the key for {zone} cannot stand in a domain name; copy it anew from the operator's page"
    )]
    BadKey {
        /// The zone's id.
        zone: String,
    },
}

impl Zone {
    /// The name that the user's key for this zone goes by; `None` where it takes none.
    pub fn key_name(&self) -> Option<&str> {
        (self.access == Access::Key).then(|| self.key.as_deref().unwrap_or(&self.id))
    }

    /// The test entries of one kind of subject; `None` where the zone lists nothing of it.
    pub fn entry(&self, kind: SubjectKind) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.kind == kind)
    }

    /// The name to ask for a subject. Addresses never go to a list of names, nor names to a list of addresses.
    pub fn query_name(&self, about: About<'_>, key: Option<&str>) -> Result<QueryName, QueryError> {
        let kind = about.kind();
        if self.entry(kind).is_none() {
            return Err(QueryError::OtherKind { zone: self.id.clone(), kind });
        }
        let prefix = match about {
            About::Address(address) => reversed(address.to_canonical()),
            About::Domain(domain) => {
                let domain = name::folded(domain);
                if domain.parse::<IpAddr>().is_ok() {
                    return Err(QueryError::AddressAsDomain { zone: self.id.clone(), domain });
                }
                domain
            }
        };
        self.below(&prefix, key)
    }

    /// The name to ask for a test entry. The entry stays what it is: `::ffff:7f00:2` is the test entry of IPv6 and not
    /// that of IPv4, which any other IPv4-mapped address would be taken for.
    pub fn entry_name(
        &self,
        kind: SubjectKind,
        entry: &str,
        key: Option<&str>,
    ) -> Result<QueryName, QueryError> {
        let Some(prefix) = entry_prefix(kind, entry) else {
            let (zone, entry) = (self.id.clone(), entry.to_owned());
            return Err(QueryError::BadEntry { zone, entry, kind });
        };
        self.below(&prefix, key)
    }

    /// A single label below the zone, such as a random one that must not exist.
    pub fn label_name(&self, label: &str, key: Option<&str>) -> Result<QueryName, QueryError> {
        self.below(&name::folded(label), key)
    }

    /// The zone's own name.
    pub fn own_name(&self, key: Option<&str>) -> Result<QueryName, QueryError> {
        let zone = || self.id.clone();
        let masked = name::folded(&self.zone);
        let Some(key_name) = self.key_name() else {
            return Ok(QueryName { asked: masked.clone(), masked });
        };
        let missing = || QueryError::NoKey { zone: zone(), key: key_name.to_owned() };
        let key = key.ok_or_else(missing)?;
        name::check_label(key).map_err(|_| QueryError::BadKey { zone: zone() })?;
        let asked = masked.replacen(PLACEHOLDER, &key.to_ascii_lowercase(), 1);
        Ok(QueryName { asked, masked })
    }

    fn below(&self, prefix: &str, key: Option<&str>) -> Result<QueryName, QueryError> {
        name::check(prefix).map_err(|why| QueryError::NotAName {
            zone: self.id.clone(),
            subject: prefix.to_owned(),
            why,
        })?;
        let zone = self.own_name(key)?;
        let asked = format!("{prefix}.{}", zone.asked);
        if asked.len() > MAX_NAME {
            return Err(QueryError::TooLong { zone: self.id.clone(), octets: asked.len() });
        }
        Ok(QueryName { asked, masked: format!("{prefix}.{}", zone.masked) })
    }
}

/// What comes before the zone for a test entry; `None` where the text is not of the kind.
pub(super) fn entry_prefix(kind: SubjectKind, entry: &str) -> Option<String> {
    match kind {
        SubjectKind::Ipv4 => entry.parse::<Ipv4Addr>().ok().map(|it| reversed(it.into())),
        SubjectKind::Ipv6 => entry.parse::<Ipv6Addr>().ok().map(|it| reversed(it.into())),
        SubjectKind::Domain => Some(name::folded(entry)).filter(|entry| name::check(entry).is_ok()),
    }
}

/// IPv4: the octets in reverse (RFC 5782 section 2.1). IPv6: all 32 nibbles in reverse (section 2.4).
fn reversed(address: IpAddr) -> String {
    let parts: Vec<String> = match address {
        IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|it| [it & 0xf, it >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}")).collect()
        }
    };
    parts.join(".")
}

#[cfg(test)]
mod tests;
