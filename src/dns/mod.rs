//! Questions to the Domain Name System: the [`Resolver`] and [`Lookups`] ports and their adapters.
//!
//! [`Resolver`] finds mail servers. [`Lookups`] asks DNS-based lists, where each kind of answer is evidence:
//! [`DirectResolver`] asks name servers without the shortcuts of a resolver library, [`CachedLookups`] keeps and paces
//! what another adapter asks, and [`ScriptedLookups`] answers from a short text.
//!
//! [`HickoryResolver`] asks real name servers, [`ZoneFile`] answers from a short text and serves tests. Both tell the
//! kinds of answer apart in the same way: that a name does not exist, that it has no record of the wanted type, that
//! a server failed or refused, and that nobody answered are different [`DnsError`] values. Only the first two are
//! statements about the name ([`DnsError::is_negative_answer`]); after the others nothing is known about it.
//!
//! Names go in as the user wrote them (upper case, a final dot and U-labels are all right) and come out in lower case,
//! as A-labels, without a final dot. No search list is applied: every name is taken as fully qualified.

mod addresses;
mod cached;
mod direct;
mod error;
mod hickory;
mod lookup;
mod name;
mod preflight;
mod zone;

use std::fmt;
use std::net::IpAddr;

use futures::future::BoxFuture;

pub use self::cached::{CachedLookups, LookupLimits, ZonePace};
pub use self::direct::{DirectResolver, read_answer};
pub use self::error::{AnswerFault, DnsError};
pub use self::hickory::{HickoryResolver, QueryLimits, SetupError};
pub use self::lookup::{Lookups, Question, TimedAnswer};
pub use self::name::NameFault;
pub use self::preflight::{preflight, random_label};
pub use self::zone::{ScriptedLookups, ZoneAnswer, ZoneError, ZoneFault, ZoneFile, ZoneRecord};

/// Number of aliases (CNAME records) that are followed for one question; with one more it is [`DnsError::AliasLoop`].
///
/// The resolver library follows this many on its own. Aliases that a name server followed itself, and that come in one
/// answer, count as one.
pub const MAX_ALIASES: usize = 7;

/// The port through which the program asks the DNS.
///
/// The futures borrow the resolver only, not the name, so many questions can run at once.
pub trait Resolver: Send + Sync {
    /// Asks for the mail exchangers of a domain.
    ///
    /// The list is not empty, sorted by preference and then by name, and free of duplicates. Aliases are followed.
    /// A domain without MX records is [`DnsError::NoData`]: whether its own addresses then stand in for an MX record
    /// (RFC 5321 section 5.1) is for the caller to decide.
    fn mx(&self, name: &str) -> BoxFuture<'_, Result<Vec<Mx>, DnsError>>;

    /// Asks for the IPv4 and IPv6 addresses of a host, both at the same time.
    ///
    /// The list is not empty and free of duplicates: IPv4 addresses in ascending order, then IPv6 addresses in
    /// ascending order. Aliases are followed. When one of the two questions fails, what the other one brought is
    /// returned. When neither brought an address, [`DnsError::NoSuchName`] means that both answers said so, and a
    /// failure of either question is reported in preference to [`DnsError::NoData`].
    fn addresses(&self, name: &str) -> BoxFuture<'_, Result<Vec<IpAddr>, DnsError>>;
}

/// One mail exchanger of a domain, the content of an MX record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mx {
    /// Preference; the lowest value is tried first.
    pub preference: u16,
    /// Host name in lower case without a final dot, or an empty string for the root name.
    ///
    /// It is what a server said: octets that do not belong into a host name are possible. They appear escaped as in
    /// RFC 1035 section 5.1 (`\X`, or `\DDD` with a decimal number where X is not visible), so the text is always
    /// visible ASCII, and a name with an escape is [`DnsError::BadName`] when it is asked for.
    pub exchange: String,
}

impl Mx {
    /// True for the null MX of RFC 7505, with which a domain declares that it takes no mail.
    pub fn is_null(&self) -> bool {
        self.exchange.is_empty()
    }
}

/// The type of record that a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// IPv4 address (A).
    A,
    /// IPv6 address (AAAA).
    Aaaa,
    /// Either kind of address: the subject of an error about A and AAAA together, never of a single question.
    Address,
    /// Alias (CNAME).
    Cname,
    /// Mail exchanger (MX).
    Mx,
    /// Text (TXT).
    Txt,
    /// Start of authority (SOA).
    Soa,
    /// Name of an address (PTR).
    Ptr,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Address => "address",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Txt => "TXT",
            Self::Soa => "SOA",
            Self::Ptr => "PTR",
        })
    }
}

/// Brings MX records into the order that [`Resolver::mx`] promises.
fn in_mx_order(mut records: Vec<Mx>) -> Vec<Mx> {
    records.sort();
    records.dedup();
    records
}
