//! Networks and ranges that addresses are compared with, many at once.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};

use super::network::{judged_as, network_judged_as};
use super::set::{AddressRange, AddressSet, SetBuilder};

/// What some networks and ranges cover. An IPv6 address that carries an IPv4 one is covered where
/// the latter is, as the scope judges it too; by exclusions also where it is itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// IPv4 only.
    ipv4: AddressSet,
    /// In order, none inside another.
    ipv6: Vec<Ipv6Net>,
    /// Whether an address behind a translator is also covered as it is written.
    as_written: bool,
}

impl Cover {
    /// What exclusions cover together. An address behind a translator (NAT64) is covered by what covers it as it is
    /// written, too: a permit has to name whom it reaches, an exclusion either form.
    pub fn of_exclusions(
        networks: impl IntoIterator<Item = IpNet>,
        ranges: impl IntoIterator<Item = AddressRange>,
    ) -> Self {
        Self { as_written: true, ..Self::new(networks, ranges) }
    }

    /// What the networks and the ranges cover together.
    pub fn new(
        networks: impl IntoIterator<Item = IpNet>,
        ranges: impl IntoIterator<Item = AddressRange>,
    ) -> Self {
        let mut ipv4 = SetBuilder::default();
        let mut ipv6 = Vec::new();
        for range in ranges {
            match (range.first(), judged_as(range.first())) {
                (IpAddr::V4(_), _) => ipv4.add(range),
                (_, carried @ IpAddr::V4(_)) => ipv4.add(carried.into()),
                (_, IpAddr::V6(address)) => ipv6.push(address.into()),
            }
        }
        for network in networks {
            match network_judged_as(network) {
                IpNet::V4(network) => ipv4.add(network.into()),
                IpNet::V6(network) => ipv6.push(network),
            }
        }
        Self { ipv4: ipv4.build(), ipv6: Ipv6Net::aggregate(&ipv6), as_written: false }
    }

    /// Whether nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }

    /// Whether the address is covered.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (judged_as(address), address.to_canonical()) {
            (IpAddr::V4(carried), IpAddr::V6(written)) => {
                self.ipv4.contains(carried.into()) || self.as_written && self.contains_ipv6(written)
            }
            (address @ IpAddr::V4(_), _) => self.ipv4.contains(address),
            (IpAddr::V6(address), _) => self.contains_ipv6(address),
        }
    }

    fn contains_ipv6(&self, address: Ipv6Addr) -> bool {
        let after = self.ipv6.partition_point(|network| network.network() <= address);
        let nearest = after.checked_sub(1).and_then(|at| self.ipv6.get(at));
        nearest.is_some_and(|network| network.contains(&address))
    }

    /// The addresses of a set that are covered, and the others.
    pub fn split(&self, set: &AddressSet) -> (AddressSet, AddressSet) {
        let (inside, outside): (Vec<_>, Vec<_>) =
            set.ipv6().map(IpAddr::V6).partition(|address| self.contains(*address));
        let with = |ipv4: AddressSet, ipv6: Vec<IpAddr>| match ipv6.is_empty() {
            true => ipv4,
            false => ipv4.union(&ipv6.into_iter().collect()),
        };
        let ipv4 = set.ipv4_only();
        (with(ipv4.intersection(&self.ipv4), inside), with(ipv4.difference(&self.ipv4), outside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(set: &AddressSet) -> Vec<String> {
        set.ranges().map(|range| range.to_string()).collect()
    }

    #[test]
    fn a_set_is_split_by_what_is_covered() {
        let networks = ["192.0.2.0/30", "2001:db8::/64", "2001:db8::/48", "::ffff:192.0.2.8/126"];
        let ranges = ["192.0.2.20-21", "2001:db8:1::1", "64:ff9b::c000:220"];
        let cover = Cover::new(
            networks.map(|network| network.parse().unwrap()),
            ranges.map(|range| range.parse().unwrap()),
        );
        let set: AddressSet = [
            "192.0.2.0-40",
            "2001:db8::7",
            "2001:db8:0:ffff::7",
            "2001:db8:1::",
            "2001:db8:1::1",
            "2001:db8:1::2",
            "2001:db7::",
            "64:ff9b::c000:201",
            "64:ff9b::c000:207",
        ]
        .iter()
        .map(|text| text.parse::<AddressRange>().unwrap())
        .collect();
        let (inside, outside) = cover.split(&set);
        assert_eq!(
            shown(&inside),
            [
                "192.0.2.0-192.0.2.3",
                "192.0.2.8-192.0.2.11",
                "192.0.2.20-192.0.2.21",
                "192.0.2.32",
                "64:ff9b::c000:201",
                "2001:db8::7",
                "2001:db8:0:ffff::7",
                "2001:db8:1::1",
            ]
        );
        assert_eq!(outside, set.difference(&inside));
        for index in 0..set.len() {
            let address = set.nth(index).unwrap();
            assert_eq!(cover.contains(address), inside.contains(address), "{address}");
        }
        let all = || ["::/0".parse().unwrap()];
        let written = "64:ff9b::c000:207".parse().unwrap();
        assert!(!Cover::new(all(), []).contains(written), "who permits it names the IPv4 address");
        assert!(Cover::of_exclusions(all(), []).contains(written), "who excludes it, either form");
        assert!(!Cover::of_exclusions(all(), []).contains("::ffff:192.0.2.7".parse().unwrap()));
        assert!(!cover.is_empty() && Cover::default().is_empty());
        assert!(Cover::default().split(&set).0.is_empty());
    }
}
