//! A run of addresses that follow each other.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::target::spec::{address, shown};

/// IPv4 addresses from a first to a last one, or a single IPv6 address.
///
/// The text is `192.0.2.0-192.0.2.40`, `192.0.2.7` or `2001:db8::1`, and reads back to the same
/// range. IPv4 ranges stand before IPv6 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressRange(pub(super) Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// The first and the last address; the first is not above the last.
    V4(u32, u32),
    /// Never an IPv4-mapped address.
    V6(Ipv6Addr),
}

/// Why a text is no range of addresses. The message says what to type instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RangeError {
    /// An address with a length after it that makes no IPv4 network.
    #[error(
        "`{0}` is no network; give an IPv4 address and the length of its prefix, such as 192.0.2.0/24"
    )]
    Prefix(String),
    /// The first address lies above the last.
    #[error("`{text}` runs backwards; give {last}-{first}")]
    Reversed {
        /// The whole text.
        text: String,
        /// The address before the hyphen.
        first: Ipv4Addr,
        /// The address after the hyphen.
        last: Ipv4Addr,
    },
    /// An IPv6 prefix of more than one address.
    #[error(
        "`{0}` is an IPv6 prefix, too large to go through; IPv6 needs an explicit list: give the addresses one by one, or a file that lists them"
    )]
    Ipv6Prefix(String),
    /// A range of IPv6 addresses.
    #[error(
        "`{0}` is an IPv6 range; IPv6 needs an explicit list: give the addresses one by one, or a file that lists them"
    )]
    Ipv6Range(String),
    /// Anything else.
    #[error(
        "`{0}` is no range of addresses; give it without blanks, like 192.0.2.10-40, 192.0.2.10-192.0.3.40 or 192.0.2.0/24"
    )]
    Form(String),
}

impl AddressRange {
    /// The addresses from `first` to `last`; none if the first lies above the last.
    pub fn ipv4(first: Ipv4Addr, last: Ipv4Addr) -> Option<Self> {
        (first <= last).then_some(Self(Kind::V4(first.to_bits(), last.to_bits())))
    }

    /// The lowest address.
    pub fn first(self) -> IpAddr {
        match self.0 {
            Kind::V4(first, _) => Ipv4Addr::from(first).into(),
            Kind::V6(address) => address.into(),
        }
    }

    /// The highest address.
    pub fn last(self) -> IpAddr {
        match self.0 {
            Kind::V4(_, last) => Ipv4Addr::from(last).into(),
            Kind::V6(address) => address.into(),
        }
    }

    /// How many addresses it holds, at least one.
    #[allow(clippy::len_without_is_empty, reason = "no range is empty")]
    pub fn len(self) -> u64 {
        match self.0 {
            Kind::V4(first, last) => u64::from(last - first) + 1,
            Kind::V6(_) => 1,
        }
    }
}

impl From<IpAddr> for AddressRange {
    /// One address; an IPv4-mapped IPv6 address becomes its IPv4 self.
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(Kind::V4(address.to_bits(), address.to_bits())),
            IpAddr::V6(address) => Self(Kind::V6(address)),
        }
    }
}

impl From<Ipv4Net> for AddressRange {
    /// Every address of the network.
    fn from(network: Ipv4Net) -> Self {
        Self(Kind::V4(network.network().to_bits(), network.broadcast().to_bits()))
    }
}

impl FromStr for AddressRange {
    type Err = RangeError;

    /// Reads an address, an IPv4 network (host bits are cleared), `FIRST-LAST`, or `FIRST-N` where N
    /// replaces the last part of an IPv4 address.
    fn from_str(text: &str) -> Result<Self, RangeError> {
        let text = text.trim();
        if let Some(address) = address(text) {
            return Ok(address.into());
        }
        if let Some((start, length)) = text.split_once('/') {
            return network(text, start, length);
        }
        let (first, last) = text.split_once('-').ok_or_else(|| RangeError::Form(shown(text)))?;
        let (first, last) = (first.trim(), last.trim());
        match address(first) {
            Some(IpAddr::V4(first)) => span(text, first, last),
            Some(IpAddr::V6(_)) => Err(RangeError::Ipv6Range(shown(text))),
            None => Err(RangeError::Form(shown(text))),
        }
    }
}

fn network(text: &str, start: &str, length: &str) -> Result<AddressRange, RangeError> {
    if let Ok(network) = text.parse::<Ipv4Net>() {
        return Ok(network.into());
    }
    let Some(IpAddr::V6(start)) = address(start) else {
        return Err(RangeError::Prefix(shown(text)));
    };
    match format!("{start}/{length}").parse::<Ipv6Net>() {
        Ok(network) if network.prefix_len() == 128 => Ok(IpAddr::V6(start).into()),
        Ok(_) => Err(RangeError::Ipv6Prefix(shown(text))),
        Err(_) => Err(RangeError::Prefix(shown(text))),
    }
}

fn span(text: &str, first: Ipv4Addr, last: &str) -> Result<AddressRange, RangeError> {
    let [a, b, c, _] = first.octets();
    // The parser of addresses refuses what the field refuses: signs, leading zeros, more than 255.
    let last = last
        .parse::<Ipv4Addr>()
        .or_else(|_| format!("{a}.{b}.{c}.{last}").parse::<Ipv4Addr>())
        .map_err(|_| RangeError::Form(shown(text)))?;
    AddressRange::ipv4(first, last).ok_or(RangeError::Reversed { text: shown(text), first, last })
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::V4(first, last) if first < last => {
                write!(f, "{}-{}", Ipv4Addr::from(first), Ipv4Addr::from(last))
            }
            _ => write!(f, "{}", self.first()),
        }
    }
}

impl From<AddressRange> for String {
    fn from(range: AddressRange) -> Self {
        range.to_string()
    }
}

impl TryFrom<String> for AddressRange {
    type Error = RangeError;

    fn try_from(text: String) -> Result<Self, RangeError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let cases = [
            ("one address", "192.0.2.7", "192.0.2.7", 1),
            ("one IPv6 address", "[2001:DB8::1]", "2001:db8::1", 1),
            ("mapped", "::ffff:192.0.2.7", "192.0.2.7", 1),
            ("network", "192.0.2.0/24", "192.0.2.0-192.0.2.255", 256),
            ("host bits", "192.0.2.77/30", "192.0.2.76-192.0.2.79", 4),
            ("network of one", "192.0.2.7/32", "192.0.2.7", 1),
            ("everything", "0.0.0.0/0", "0.0.0.0-255.255.255.255", 1 << 32),
            ("short range", "192.0.2.10-40", "192.0.2.10-192.0.2.40", 31),
            ("long range", "192.0.2.10-192.0.3.40", "192.0.2.10-192.0.3.40", 287),
            ("blanks", " 192.0.2.10 - 192.0.2.11 ", "192.0.2.10-192.0.2.11", 2),
            ("range of one", "192.0.2.10-10", "192.0.2.10", 1),
            ("to the end", "255.255.255.254-255", "255.255.255.254-255.255.255.255", 2),
            ("IPv6 network of one", "2001:db8::1/128", "2001:db8::1", 1),
            ("bracketed IPv6 network of one", "[2001:db8::1]/128", "2001:db8::1", 1),
            ("mapped network of one", "::ffff:192.0.2.7/128", "192.0.2.7", 1),
        ];
        for (case, text, shown, len) in cases {
            let range: AddressRange = text.parse().unwrap();
            assert_eq!(range.to_string(), shown, "{case}");
            assert_eq!(range.len(), len, "{case}");
            assert_eq!(shown.parse(), Ok(range), "{case}, shown and read again");
            let stored = serde_json::to_string(&range).unwrap();
            assert_eq!(stored, format!("\"{shown}\""), "{case}");
            assert_eq!(serde_json::from_str::<AddressRange>(&stored).unwrap(), range, "{case}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_a_remedy() {
        let cases = [
            ("backwards", "192.0.2.40-10", "runs backwards; give 192.0.2.10-192.0.2.40"),
            ("backwards, long", "192.0.3.0-192.0.2.9", "give 192.0.2.9-192.0.3.0"),
            ("IPv6 prefix", "2001:db8::/64", "IPv6 needs an explicit list: give the addresses"),
            ("IPv6 prefix of two", "2001:db8::/127", "is an IPv6 prefix"),
            ("mapped prefix", "::ffff:192.0.2.0/120", "is an IPv6 prefix"),
            ("IPv6 range", "2001:db8::1-2001:db8::9", "is an IPv6 range; IPv6 needs an explicit"),
            ("short IPv6 range", "2001:db8::1-9", "is an IPv6 range"),
            ("long prefix", "192.0.2.0/33", "is no network"),
            ("signed prefix", "192.0.2.0/+24", "is no network"),
            ("netmask", "192.0.2.0/255.255.255.0", "the length of its prefix, such as"),
            ("long IPv6 prefix", "2001:db8::/129", "is no network"),
            ("no prefix", "192.0.2.0/", "is no network"),
            ("three parts", "192.0.2/24", "is no network"),
            ("large part", "192.0.2.10-256", "is no range of addresses"),
            ("leading zero", "192.0.2.10-040", "is no range of addresses"),
            ("signed part", "192.0.2.10-+40", "is no range of addresses"),
            ("two parts", "192.0.2.10-3.40", "like 192.0.2.10-40, 192.0.2.10-192.0.3.40"),
            ("to IPv6", "192.0.2.10-2001:db8::1", "is no range of addresses"),
            ("no end", "192.0.2.10-", "is no range of addresses"),
            ("no start", "-192.0.2.10", "is no range of addresses"),
            ("range in an inner part", "192.0.2-3.10", "is no range of addresses"),
            ("star", "192.0.2.*", "is no range of addresses"),
            ("name", "mx.example.org", "is no range of addresses"),
            ("terminal escape", "1\u{1b}[2J-5", "`1\\u{1b}[2J-5` is no range"),
        ];
        for (case, text, message) in cases {
            let error = text.parse::<AddressRange>().unwrap_err().to_string();
            assert!(error.contains(message), "{case}: {error}");
            assert!(!error.contains(char::is_control), "{case}: {error:?}");
        }
    }
}
