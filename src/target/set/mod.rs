//! Sets of addresses: large networks in little memory, every address by its number.
//!
//! IPv4 addresses are kept as ranges, IPv6 addresses one by one behind them. The order of a set is
//! the order of the addresses, so that the same addresses have the same numbers however they were
//! named.
mod builder;
mod range;

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use builder::SetBuilder;
pub use range::{AddressRange, RangeError};

use range::Kind;

use crate::target::network::{is_public, local_ranges};

/// Distinct addresses, each with a number that is its place in the order of addresses.
///
/// Stored as the list of its ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSet {
    /// In order, neither overlapping nor adjacent.
    ipv4: Vec<Span>,
    /// In order, each once, none that carries an IPv4 address as IPv4-mapped.
    ipv6: Vec<Ipv6Addr>,
}

/// IPv4 addresses that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u32,
    last: u32,
    /// Addresses of the set below `first`.
    before: u64,
}

impl Span {
    /// Addresses of the set up to `last`.
    fn through(self) -> u64 {
        self.before + u64::from(self.last - self.first) + 1
    }

    fn compare(self, address: u32) -> Ordering {
        match address {
            _ if address < self.first => Ordering::Greater,
            _ if address > self.last => Ordering::Less,
            _ => Ordering::Equal,
        }
    }
}

impl AddressSet {
    /// How many addresses it holds.
    pub fn len(&self) -> u64 {
        self.ipv4_len() + self.ipv6.len() as u64
    }

    /// Whether it holds no address.
    pub fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }

    /// The address with a number, counted from 0; none where the number is [`len`](Self::len) or
    /// more.
    pub fn nth(&self, index: u64) -> Option<IpAddr> {
        let at = self.ipv4.partition_point(|span| span.through() <= index);
        if let Some(span) = self.ipv4.get(at) {
            let offset = u32::try_from(index.checked_sub(span.before)?).ok()?;
            return Some(Ipv4Addr::from(span.first.checked_add(offset)?).into());
        }
        let index = usize::try_from(index.checked_sub(self.ipv4_len())?).ok()?;
        self.ipv6.get(index).copied().map(IpAddr::V6)
    }

    /// The number of an address, if the set holds it. An IPv4-mapped address counts as IPv4.
    pub fn index_of(&self, address: IpAddr) -> Option<u64> {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let address = address.to_bits();
                let at = self.ipv4.binary_search_by(|span| span.compare(address)).ok()?;
                self.ipv4.get(at).map(|span| span.before + u64::from(address - span.first))
            }
            IpAddr::V6(address) => {
                let at = self.ipv6.binary_search(&address).ok()?;
                Some(self.ipv4_len() + at as u64)
            }
        }
    }

    /// Whether the set holds the address. An IPv4-mapped address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.index_of(address).is_some()
    }

    /// The ranges in order, as few as possible.
    pub fn ranges(&self) -> impl Iterator<Item = AddressRange> + '_ {
        let ipv4 = self.ipv4.iter().map(|span| AddressRange(Kind::V4(span.first, span.last)));
        ipv4.chain(self.ipv6().map(|address| AddressRange(Kind::V6(address))))
    }

    /// The addresses of both sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.ranges().chain(other.ranges()).collect()
    }

    /// The addresses that both sets hold.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut ipv4 = Vec::new();
        let (mut ours, mut theirs) = (self.ipv4.iter().peekable(), other.ipv4.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            let (first, last) = (a.first.max(b.first), a.last.min(b.last));
            if first <= last {
                ipv4.push((first, last));
            }
            // The one that ends first meets nothing more.
            if a.last < b.last {
                ours.next()
            } else {
                theirs.next()
            };
        }
        let ipv6 = self.ipv6().filter(|address| other.ipv6.binary_search(address).is_ok());
        Self::of_parts(ipv4, ipv6.collect())
    }

    /// The addresses that `other` does not hold.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut ipv4 = Vec::new();
        let mut holes = other.ipv4.iter().peekable();
        for span in &self.ipv4 {
            let mut next = Some(span.first);
            while let (Some(first), Some(hole)) = (next, holes.peek()) {
                if hole.first > span.last {
                    break;
                }
                if hole.first > first {
                    ipv4.push((first, hole.first - 1));
                }
                if hole.last >= first {
                    next = hole.last.checked_add(1).filter(|next| *next <= span.last);
                }
                // A hole that reaches beyond this span may also cut the next one.
                if hole.last > span.last {
                    break;
                }
                holes.next();
            }
            ipv4.extend(next.map(|first| (first, span.last)));
        }
        let ipv6 = self.ipv6().filter(|address| other.ipv6.binary_search(address).is_err());
        Self::of_parts(ipv4, ipv6.collect())
    }

    /// The addresses that belong to neither this machine nor a private network.
    pub(crate) fn public(&self) -> Self {
        let local: Self = local_ranges().map(AddressRange::from).collect();
        let mut public = self.difference(&local);
        public.ipv6.retain(|address| is_public((*address).into()));
        public
    }

    /// The IPv6 addresses, in order.
    pub(crate) fn ipv6(&self) -> impl Iterator<Item = Ipv6Addr> + '_ {
        self.ipv6.iter().copied()
    }

    /// The IPv4 addresses alone.
    pub(crate) fn ipv4_only(&self) -> Self {
        Self { ipv4: self.ipv4.clone(), ipv6: Vec::new() }
    }

    fn ipv4_len(&self) -> u64 {
        self.ipv4.last().map_or(0, |span| span.through())
    }

    /// A set of parts that are in order, and neither overlap nor touch.
    fn of_parts(ipv4: Vec<(u32, u32)>, ipv6: Vec<Ipv6Addr>) -> Self {
        let mut before = 0;
        let spans = ipv4.into_iter().map(|(first, last)| {
            let span = Span { first, last, before };
            before = span.through();
            span
        });
        Self { ipv4: spans.collect(), ipv6 }
    }
}

impl From<AddressRange> for AddressSet {
    fn from(range: AddressRange) -> Self {
        Self::from_iter([range])
    }
}

impl FromIterator<AddressRange> for AddressSet {
    /// In any order; ranges that overlap or touch become one.
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        let mut builder = SetBuilder::default();
        ranges.into_iter().for_each(|range| builder.add(range));
        builder.build()
    }
}

impl FromIterator<IpAddr> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        addresses.into_iter().map(AddressRange::from).collect()
    }
}

impl Serialize for AddressSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.ranges())
    }
}

impl<'de> Deserialize<'de> for AddressSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<AddressRange>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
