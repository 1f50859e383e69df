//! A resolver that answers from a short text, for tests and for servers that tests run.

mod parse;
mod scripted;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

pub use self::parse::{ZoneError, ZoneFault};
pub use self::scripted::ScriptedLookups;
use super::addresses;
use super::name::{normal_form, normalise};
use super::{DnsError, MAX_ALIASES, Mx, RecordKind, Resolver, in_mx_order};

/// A few names with their records, and with the failures that questions about them meet.
///
/// The text has one record a line, `name TYPE value`, in any order. `#` starts a comment; blank lines are allowed.
///
/// ```
/// # use mxaudit::dns::ZoneFile;
/// let zone = ZoneFile::parse("
///     example.test       MX     10 mx1.example.test   # preference and exchange
///     nomail.test        MX     0 .                   # null MX
///     mx1.example.test   A      192.0.2.1
///     mx1.example.test   AAAA   2001:db8::1
///     mail.example.test  CNAME  mx1.example.test
///     broken.test        MX     SERVFAIL
///     bl.test            SOA    ns.bl.test
///     2.0.0.127.bl.test  A      127.0.0.2
///     2.0.0.127.bl.test  TXT    \"listed # for tests\"
///     *.world.test       A      127.0.0.2
/// ");
/// assert!(zone.is_ok());
/// ```
///
/// A TXT record has its text in quotes, an SOA record the primary name server alone. A name that begins with `*.` stands
/// for every name below the rest that has no line of its own; the longest one counts.
///
/// Instead of a value, a name can have an outcome for a type other than CNAME: `NODATA`, `NXDOMAIN`, `SERVFAIL`,
/// `REFUSED` or `TIMEOUT`. A name that has lines for other types only has no data of the asked type, and a name without
/// lines does not exist, not even when names below it do.
///
/// As a [`Resolver`] it answers at once; a `TIMEOUT` is reported without waiting.
#[derive(Clone, Debug, Default)]
pub struct ZoneFile {
    names: BTreeMap<String, BTreeMap<RecordKind, Entry>>,
}

/// What a name has for one type.
#[derive(Clone, Debug)]
enum Entry {
    Records(Vec<ZoneRecord>),
    Outcome(Outcome),
}

/// The outcomes that a zone text can ask for.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    NoSuchName,
    NoData,
    ServerFailure,
    Refused,
    Timeout,
}

/// The content of one record. Names are in lower case without a final dot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZoneRecord {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The name that the owner is an alias of.
    Cname(String),
    /// A mail exchanger.
    Mx(Mx),
    /// A text.
    Txt(String),
    /// The primary name server of a zone that begins here.
    Soa(String),
    /// The name of an address.
    Ptr(String),
}

/// What a zone says to one question, aliases not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneAnswer<'a> {
    /// Records of the asked type, at least one, in the order of the text.
    Records(&'a [ZoneRecord]),
    /// The name is an alias of this name, and another type than CNAME was asked for.
    Alias(&'a str),
    /// The name does not exist.
    NoSuchName,
    /// The name has no record of this type.
    NoData,
    /// The server fails.
    ServerFailure,
    /// The server refuses.
    Refused,
    /// The server does not answer.
    Timeout,
}

impl ZoneFile {
    /// Reads a zone text.
    ///
    /// # Errors
    /// [`ZoneError`] with the number of the first line that is not understood or contradicts an earlier one.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        parse::parse(text)
    }

    /// Looks up one type of record of one name, aliases not followed.
    ///
    /// The name may be in any case and have a final dot. No name has the kind [`RecordKind::Address`].
    pub fn lookup(&self, name: &str, kind: RecordKind) -> ZoneAnswer<'_> {
        let Some(types) = self.types_of(name) else {
            return ZoneAnswer::NoSuchName;
        };
        match types.get(&kind) {
            Some(Entry::Records(records)) => return ZoneAnswer::Records(records),
            Some(Entry::Outcome(outcome)) => {
                return match outcome {
                    Outcome::NoSuchName => ZoneAnswer::NoSuchName,
                    Outcome::NoData => ZoneAnswer::NoData,
                    Outcome::ServerFailure => ZoneAnswer::ServerFailure,
                    Outcome::Refused => ZoneAnswer::Refused,
                    Outcome::Timeout => ZoneAnswer::Timeout,
                };
            }
            None => {}
        }
        match types.get(&RecordKind::Cname) {
            Some(Entry::Records(aliases)) => match aliases.first() {
                Some(ZoneRecord::Cname(target)) => ZoneAnswer::Alias(target),
                _ => ZoneAnswer::NoData,
            },
            _ => ZoneAnswer::NoData,
        }
    }

    /// True when the text has a line for this name.
    pub fn contains(&self, name: &str) -> bool {
        self.types_of(name).is_some()
    }

    fn types_of(&self, name: &str) -> Option<&BTreeMap<RecordKind, Entry>> {
        let name = normal_form(name).ok()?;
        self.names.get(&name).or_else(|| {
            let below = name.match_indices('.').map(|(at, _)| name.get(at..).unwrap_or_default());
            below.into_iter().find_map(|parent| self.names.get(&format!("*{parent}")))
        })
    }

    /// Answers one question, aliases followed. The name is in normal form.
    fn resolve(&self, name: &str, kind: RecordKind) -> Result<&[ZoneRecord], DnsError> {
        let asked = || name.to_owned();
        let mut owner = name;
        for _ in 0..=MAX_ALIASES {
            return match self.lookup(owner, kind) {
                ZoneAnswer::Alias(target) => {
                    owner = target;
                    continue;
                }
                ZoneAnswer::Records(records) => Ok(records),
                ZoneAnswer::NoSuchName => Err(DnsError::NoSuchName { name: asked() }),
                ZoneAnswer::NoData => Err(DnsError::NoData { name: asked(), kind }),
                ZoneAnswer::ServerFailure => Err(DnsError::ServerFailure { name: asked(), kind }),
                ZoneAnswer::Refused => Err(DnsError::Refused { name: asked(), kind }),
                ZoneAnswer::Timeout => Err(DnsError::Timeout { name: asked(), kind }),
            };
        }
        Err(DnsError::AliasLoop { name: asked(), kind })
    }

    fn resolve_mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        let records = self.resolve(&normalise(name)?, RecordKind::Mx)?;
        let found = records.iter().filter_map(|record| match record {
            ZoneRecord::Mx(mx) => Some(mx.clone()),
            _ => None,
        });
        Ok(in_mx_order(found.collect()))
    }

    fn resolve_addresses(&self, name: &str) -> Result<Vec<IpAddr>, DnsError> {
        let name = normalise(name)?;
        let v4 = self.resolve(&name, RecordKind::A).map(|records| {
            let found = records.iter().filter_map(|record| match record {
                ZoneRecord::A(address) => Some(*address),
                _ => None,
            });
            found.collect()
        });
        let v6 = self.resolve(&name, RecordKind::Aaaa).map(|records| {
            let found = records.iter().filter_map(|record| match record {
                ZoneRecord::Aaaa(address) => Some(*address),
                _ => None,
            });
            found.collect()
        });
        addresses::join(&name, v4, v6)
    }
}

impl Resolver for ZoneFile {
    fn mx(&self, name: &str) -> BoxFuture<'_, Result<Vec<Mx>, DnsError>> {
        ready(self.resolve_mx(name)).boxed()
    }

    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, DnsError>> {
        ready(self.resolve_addresses(name)).boxed()
    }
}

#[cfg(test)]
mod tests;
