//! What a sweep leaves out because the user says so.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use thiserror::Error;

use super::spec::{SweepSpec, SweepSpecError};
use crate::target::cover::Cover;
use crate::target::set::{AddressRange, RangeError, SetBuilder};
use crate::target::spec::shown;

/// Addresses that are never contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// One address, or IPv4 addresses that follow each other.
    Range(AddressRange),
    /// An IPv6 network.
    Network(Ipv6Net),
}

/// Why a text excludes nothing. The message says what to type instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExclusionError {
    /// A name of a host or a domain.
    #[error(
        "`{0}` is a name, and a name may lead elsewhere during the run; an exclusion needs addresses: give those of the host"
    )]
    Name(String),
    /// A range of IPv6 addresses.
    #[error(
        "`{0}` is an IPv6 range; give IPv6 prefixes such as 2001:db8::/64, or single addresses"
    )]
    Ipv6Range(String),
    /// An address with a length after it that makes no IPv6 network.
    #[error("`{0}` is no network; give a prefix such as 192.0.2.0/24 or 2001:db8::/64")]
    Prefix(String),
    /// Anything else that is no address.
    #[error(transparent)]
    Target(SweepSpecError),
}

impl Exclusion {
    /// Reads an address, a range `FIRST-LAST` of IPv4, or a network; host bits are cleared.
    ///
    /// # Errors
    /// [`ExclusionError`] says what the text is instead and what to type.
    pub fn parse(text: &str) -> Result<Self, ExclusionError> {
        match SweepSpec::parse(text) {
            Ok(SweepSpec::Addresses(range)) => Ok(Self::Range(range)),
            Ok(SweepSpec::Named(_)) => Err(ExclusionError::Name(shown(text.trim()))),
            Err(SweepSpecError::Range(RangeError::Ipv6Prefix(_))) => network(text)
                .map(Self::Network)
                .ok_or_else(|| ExclusionError::Prefix(shown(text.trim()))),
            Err(SweepSpecError::Range(RangeError::Ipv6Range(text))) => {
                Err(ExclusionError::Ipv6Range(text))
            }
            Err(SweepSpecError::Range(RangeError::Prefix(text))) => {
                Err(ExclusionError::Prefix(text))
            }
            Err(other) => Err(ExclusionError::Target(other)),
        }
    }
}

fn network(text: &str) -> Option<Ipv6Net> {
    let (start, length) = text.trim().split_once('/')?;
    let start: Ipv6Addr = start.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    format!("{start}/{length}").parse::<Ipv6Net>().ok().map(|network| network.trunc())
}

/// Everything that a sweep leaves out, from arguments and files together.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    ranges: SetBuilder,
    networks: Vec<IpNet>,
}

impl Exclusions {
    /// Adds one.
    pub fn add(&mut self, exclusion: Exclusion) {
        match exclusion {
            Exclusion::Range(range) => self.ranges.add(range),
            Exclusion::Network(network) => self.networks.push(network.into()),
        }
    }

    /// Adds those of another list.
    pub fn merge(&mut self, other: Self) {
        let ranges = other.ranges.build();
        ranges.ranges().for_each(|range| self.ranges.add(range));
        self.networks.extend(other.networks);
    }

    /// What is left out: to split the set of addresses, and to ask for each address that a name led
    /// to.
    pub fn cover(self) -> Cover {
        let ranges = self.ranges.build();
        Cover::of_exclusions(self.networks, ranges.ranges())
    }

    pub(super) fn add_address(&mut self, address: IpAddr) {
        self.ranges.add(address.into());
    }
}

impl FromIterator<Exclusion> for Exclusions {
    fn from_iter<I: IntoIterator<Item = Exclusion>>(exclusions: I) -> Self {
        let mut all = Self::default();
        exclusions.into_iter().for_each(|exclusion| all.add(exclusion));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusions_are_read_and_cover_addresses() {
        let network = "2001:db8::/64".parse().unwrap();
        assert_eq!(Exclusion::parse("2001:db8::1/64"), Ok(Exclusion::Network(network)));
        let texts = ["192.0.2.7", "192.0.2.77/30", "198.51.100.10-12", "2001:db8::1/64", "fd00::1"];
        let mut exclusions: Exclusions =
            texts.iter().map(|text| Exclusion::parse(text).unwrap()).collect();
        let more = ["[2001:db8:1::]/126", "203.0.113.1"];
        exclusions.merge(more.iter().map(|text| Exclusion::parse(text).unwrap()).collect());
        let cover = exclusions.cover();
        let covered = [
            "192.0.2.7",
            "192.0.2.76",
            "192.0.2.79",
            "198.51.100.11",
            "2001:db8::ffff",
            "2001:db8:1::3",
            "fd00::1",
            "203.0.113.1",
            "::ffff:192.0.2.7",
            "64:ff9b::c000:207",
        ];
        for address in covered {
            assert!(cover.contains(address.parse().unwrap()), "{address}");
        }
        let others =
            ["192.0.2.8", "192.0.2.80", "198.51.100.13", "2001:db8:1::4", "fd00::2", "203.0.113.2"];
        for address in others {
            assert!(!cover.contains(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_a_remedy() {
        let cases = [
            ("name", "mx.example.org", "is a name, and a name may lead elsewhere"),
            ("host", "host:mx.example.org", "an exclusion needs addresses: give those of the host"),
            ("IPv6 range", "2001:db8::1-9", "give IPv6 prefixes such as 2001:db8::/64"),
            ("long prefix", "2001:db8::/129", "is no network; give a prefix such as"),
            ("long IPv4 prefix", "192.0.2.0/33", "is no network; give a prefix such as"),
            ("backwards", "192.0.2.40-10", "runs backwards"),
            ("port", "192.0.2.1:25", "ends in a port"),
            ("empty", "", "is empty"),
        ];
        for (case, text, message) in cases {
            let error = Exclusion::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{case}: {error}");
        }
    }
}
