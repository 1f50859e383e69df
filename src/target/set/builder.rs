//! Collecting addresses into a set.

use std::net::Ipv6Addr;

use super::{AddressRange, AddressSet, Kind};

/// Parts that may gather before they are merged for the first time.
const FIRST_MERGE: usize = 1 << 16;

/// Collects ranges in any order. What repeats is merged from time to time, so that a list that names
/// one address a million times takes no memory for it.
#[derive(Clone, Debug)]
pub struct SetBuilder {
    ipv4: Vec<(u32, u32)>,
    ipv6: Vec<Ipv6Addr>,
    /// The length at which each list is merged next.
    limits: (usize, usize),
}

impl Default for SetBuilder {
    fn default() -> Self {
        Self { ipv4: Vec::new(), ipv6: Vec::new(), limits: (FIRST_MERGE, FIRST_MERGE) }
    }
}

impl SetBuilder {
    /// Adds the addresses of a range.
    pub fn add(&mut self, range: AddressRange) {
        match range.0 {
            Kind::V4(first, last) => {
                self.ipv4.push((first, last));
                if self.ipv4.len() >= self.limits.0 {
                    merge(&mut self.ipv4);
                    self.limits.0 = FIRST_MERGE.max(self.ipv4.len().saturating_mul(2));
                }
            }
            Kind::V6(address) => {
                self.ipv6.push(address);
                if self.ipv6.len() >= self.limits.1 {
                    unite(&mut self.ipv6);
                    self.limits.1 = FIRST_MERGE.max(self.ipv6.len().saturating_mul(2));
                }
            }
        }
    }

    /// The set of everything that was added.
    pub fn build(self) -> AddressSet {
        let Self { mut ipv4, mut ipv6, .. } = self;
        merge(&mut ipv4);
        unite(&mut ipv6);
        AddressSet::of_parts(ipv4, ipv6)
    }
}

/// Sorts, and joins what overlaps or touches.
fn merge(parts: &mut Vec<(u32, u32)>) {
    parts.sort_unstable();
    parts.dedup_by(|next, kept| {
        let joins = kept.1.checked_add(1).is_none_or(|after| next.0 <= after);
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
}

fn unite(addresses: &mut Vec<Ipv6Addr>) {
    addresses.sort_unstable();
    addresses.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_takes_no_memory() {
        let mut builder = SetBuilder::default();
        for turn in 0..4 * FIRST_MERGE {
            builder.add(AddressRange(Kind::V4(turn as u32 % 1000, turn as u32 % 1000)));
            builder.add(AddressRange(Kind::V6(Ipv6Addr::from(turn as u128 % 1000 + 7))));
        }
        assert!(builder.ipv4.capacity() <= 2 * FIRST_MERGE, "{}", builder.ipv4.capacity());
        assert!(builder.ipv6.capacity() <= 2 * FIRST_MERGE, "{}", builder.ipv6.capacity());
        assert_eq!(builder.build().len(), 2000);
    }
}
