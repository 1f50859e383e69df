use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::target::network::is_public;

fn set(texts: &[&str]) -> AddressSet {
    texts.iter().map(|text| text.parse::<AddressRange>().unwrap()).collect()
}

fn shown(set: &AddressSet) -> Vec<String> {
    set.ranges().map(|range| range.to_string()).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn ranges_that_overlap_or_touch_become_one() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("nothing", &[], &[]),
        ("twice", &["192.0.2.1", "192.0.2.1"], &["192.0.2.1"]),
        ("adjacent", &["192.0.2.2", "192.0.2.1"], &["192.0.2.1-192.0.2.2"]),
        ("a hole", &["192.0.2.3", "192.0.2.1"], &["192.0.2.1", "192.0.2.3"]),
        ("inside", &["192.0.2.0/24", "192.0.2.9"], &["192.0.2.0-192.0.2.255"]),
        ("overlapping", &["192.0.2.5-30", "192.0.2.0-9"], &["192.0.2.0-192.0.2.30"]),
        (
            "two networks",
            &["192.0.2.0/25", "192.0.2.128/25", "192.0.3.0/24"],
            &["192.0.2.0-192.0.3.255"],
        ),
        (
            "the last one",
            &["255.255.255.255", "255.255.255.254-255"],
            &["255.255.255.254-255.255.255.255"],
        ),
        (
            "IPv6 behind IPv4",
            &["2001:db8::2", "2001:db8::1", "192.0.2.1", "::ffff:192.0.2.2"],
            &["192.0.2.1-192.0.2.2", "2001:db8::1", "2001:db8::2"],
        ),
    ];
    for (case, texts, ranges) in cases {
        let set = set(texts);
        assert_eq!(shown(&set), *ranges, "{case}");
        let stored = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<AddressSet>(&stored).unwrap(), set, "{case}");
    }
}

#[test]
fn addresses_have_numbers() {
    let set = set(&["192.0.2.10-19", "198.51.100.7", "2001:db8::1", "2001:db8::9"]);
    let cases = [
        (0, Some("192.0.2.10")),
        (9, Some("192.0.2.19")),
        (10, Some("198.51.100.7")),
        (11, Some("2001:db8::1")),
        (12, Some("2001:db8::9")),
        (13, None),
        (u64::MAX, None),
    ];
    for (index, address) in cases {
        assert_eq!(set.nth(index), address.map(ip), "{index}");
        if let Some(address) = address {
            assert_eq!(set.index_of(ip(address)), Some(index), "{address}");
        }
    }
    assert_eq!(set.len(), 13);
    for other in ["192.0.2.9", "192.0.2.20", "198.51.100.8", "2001:db8::2", "0.0.0.0"] {
        assert_eq!(set.index_of(ip(other)), None, "{other}");
        assert!(!set.contains(ip(other)), "{other}");
    }
    assert!(set.contains(ip("::ffff:192.0.2.10")), "mapped");
}

#[test]
fn the_whole_of_ipv4_is_a_set() {
    let all = set(&["0.0.0.0/0"]);
    assert_eq!(all.len(), 1 << 32);
    assert_eq!(all.nth((1 << 32) - 1), Some(ip("255.255.255.255")));
    assert_eq!(all.nth(1 << 32), None);
    assert_eq!(all.index_of(ip("255.255.255.255")), Some((1 << 32) - 1));
    assert!(all.difference(&all).is_empty());
    assert_eq!(
        shown(&all.difference(&set(&["128.0.0.0/2", "255.255.255.255"]))),
        ["0.0.0.0-127.255.255.255", "192.0.0.0-255.255.255.254",]
    );
}

#[test]
fn a_stored_set_that_names_no_addresses_is_refused() {
    let error = serde_json::from_str::<AddressSet>(r#"["192.0.2.40-10"]"#).unwrap_err();
    assert!(error.to_string().contains("runs backwards"), "{error}");
}

/// Few addresses near both ends of IPv4, and a few of IPv6, so that everything meets everything.
fn any_range() -> impl Strategy<Value = AddressRange> {
    let low = (0_u32..40, 0_u32..8);
    let ipv4 = (low, any::<bool>()).prop_map(|((first, more), high)| {
        let (first, last) = (first, first + more);
        let span = if high { (u32::MAX - last, u32::MAX - first) } else { (first, last) };
        AddressRange(Kind::V4(span.0, span.1))
    });
    let ipv6 = (1_u128..12).prop_map(|low| IpAddr::V6(Ipv6Addr::from(low)).into());
    prop_oneof![3 => ipv4, 1 => ipv6]
}

fn any_ranges() -> impl Strategy<Value = Vec<AddressRange>> {
    proptest::collection::vec(any_range(), 0..12)
}

fn model(ranges: &[AddressRange]) -> BTreeSet<IpAddr> {
    ranges.iter().flat_map(|range| AddressSet::from(*range).addresses()).collect()
}

impl AddressSet {
    fn addresses(&self) -> Vec<IpAddr> {
        let each = |range: AddressRange| match range.0 {
            Kind::V4(first, last) => {
                (first..=last).map(|a| IpAddr::V4(a.into())).collect::<Vec<_>>()
            }
            Kind::V6(address) => vec![address.into()],
        };
        self.ranges().flat_map(each).collect()
    }
}

proptest! {
    #[test]
    fn a_set_is_what_a_tree_of_addresses_is(ranges in any_ranges(), other in any_ranges()) {
        let (a, b) = (model(&ranges), model(&other));
        let ours: AddressSet = ranges.iter().copied().collect();
        let theirs: AddressSet = other.iter().copied().collect();
        let in_order: Vec<_> = a.iter().copied().collect();
        prop_assert_eq!(ours.len(), a.len() as u64);
        prop_assert_eq!(ours.is_empty(), a.is_empty());
        prop_assert_eq!(ours.addresses(), in_order.clone());
        for (index, address) in in_order.iter().enumerate() {
            prop_assert_eq!(ours.nth(index as u64), Some(*address));
            prop_assert_eq!(ours.index_of(*address), Some(index as u64));
        }
        prop_assert_eq!(ours.nth(ours.len()), None);
        for address in &b {
            prop_assert_eq!(ours.contains(*address), a.contains(address));
        }
        let pairs: [(AddressSet, Vec<IpAddr>); 3] = [
            (ours.union(&theirs), a.union(&b).copied().collect()),
            (ours.intersection(&theirs), a.intersection(&b).copied().collect()),
            (ours.difference(&theirs), a.difference(&b).copied().collect()),
        ];
        for (set, addresses) in pairs {
            prop_assert_eq!(set.addresses(), addresses.clone());
            // Equal sets are equal however they came about, numbers included.
            prop_assert_eq!(&set, &addresses.into_iter().collect::<AddressSet>());
            let texts: Vec<_> = set.ranges().map(|range| range.to_string()).collect();
            let read = texts.iter().map(|text| text.parse::<AddressRange>().unwrap());
            prop_assert_eq!(&read.collect::<AddressSet>(), &set);
        }
    }
}

#[test]
fn public_addresses_are_those_that_are_public_one_by_one() {
    let texts = [
        "9.255.255.250-10.0.0.5",
        "10.255.255.250-11.0.0.5",
        "100.63.255.250-100.64.0.5",
        "126.255.255.250-127.0.0.5",
        "169.254.255.250-169.255.0.5",
        "172.15.255.250-172.16.0.5",
        "172.31.255.250-172.32.0.5",
        "192.167.255.250-192.168.0.5",
        "198.51.100.0/28",
        "::1",
        "fe80::1",
        "fd00::1",
        "64:ff9b::a00:1",
        "64:ff9b::c633:6401",
        "2001:db8::1",
    ];
    let all: AddressSet = texts.iter().map(|text| text.parse::<AddressRange>().unwrap()).collect();
    let one_by_one = (0..all.len()).filter_map(|index| all.nth(index));
    let want: AddressSet = one_by_one.filter(|address| is_public(*address)).collect();
    assert_eq!(all.public(), want);
    assert!(want.len() > 50 && want.ipv6().count() == 2, "{want:?}");
}
