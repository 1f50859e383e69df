//! Classes of addresses and networks: loopback, private, public, and addresses that name no host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Ranges that end at the site's own border: RFC 1918, carrier-grade NAT, link-local, ULA.
const PRIVATE: [IpNet; 7] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    v4([169, 254, 0, 0], 16),
    v6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    v6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
];

/// Ranges that end at the machine itself.
pub(crate) const LOOPBACK: [IpNet; 2] = [v4([127, 0, 0, 0], 8), v6(Ipv6Addr::LOCALHOST, 128)];

/// IPv6 ranges whose last 32 bits are an IPv4 address: IPv4-mapped, and the well-known prefix of
/// address translators (NAT64).
const CARRIES_IPV4: [Ipv6Net; 2] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
];

const fn v4(octets: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

const fn v6(address: Ipv6Addr, prefix: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(address, prefix))
}

/// IPv4 ranges whose addresses name no single host.
pub(crate) const NOT_UNICAST: [(Ipv4Net, NotUnicast); 3] = [
    (Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8), NotUnicast::Unspecified),
    (Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4), NotUnicast::Multicast),
    (Ipv4Net::new_assert(Ipv4Addr::BROADCAST, 32), NotUnicast::Broadcast),
];

/// Why an address names no single host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotUnicast {
    /// A multicast group.
    Multicast,
    /// The unspecified address, or another address of "this network", 0.0.0.0/8.
    Unspecified,
    /// The broadcast address 255.255.255.255.
    Broadcast,
}

/// Whether the source of a connection stands where every server relays by design: on the target's
/// own machine, at the target's own address, or on a private network like the target.
pub fn vantage_is_inside(source: IpAddr, target: IpAddr) -> bool {
    let (source, target) = (source.to_canonical(), target.to_canonical());
    source.is_loopback() || source == target || (is_private(source) && is_private(target))
}

/// Whether the address, or the IPv4 address mapped in it, is private; loopback is not.
pub(crate) fn is_private(address: IpAddr) -> bool {
    let address = address.to_canonical();
    PRIVATE.iter().any(|range| range.contains(&address))
}

/// Whether the address belongs to neither this machine nor a private network.
pub(crate) fn is_public(address: IpAddr) -> bool {
    let address = judged_as(address);
    !address.is_loopback() && !is_private(address)
}

/// The IPv4 ranges that end at this machine or at the site's own border.
pub(crate) fn local_ranges() -> impl Iterator<Item = Ipv4Net> {
    PRIVATE.into_iter().chain(LOOPBACK).filter_map(|range| match range {
        IpNet::V4(range) => Some(range),
        IpNet::V6(_) => None,
    })
}

/// Whether a network reaches, even in part, beyond loopback and one private range.
pub(crate) fn is_public_network(network: &IpNet) -> bool {
    !PRIVATE.iter().chain(&LOOPBACK).any(|range| range.contains(network))
}

/// The address that rules are compared with: the IPv4 address where an IPv6 one carries it.
pub(crate) fn judged_as(address: IpAddr) -> IpAddr {
    match network_judged_as(IpNet::from(address)) {
        IpNet::V4(network) => IpAddr::V4(network.addr()),
        IpNet::V6(network) => IpAddr::V6(network.addr()),
    }
}

/// The network that addresses are compared with: host bits cleared, and an IPv4 network where an
/// IPv6 one lies wholly in a range that carries IPv4 addresses.
pub(crate) fn network_judged_as(network: IpNet) -> IpNet {
    let IpNet::V6(inner) = network.trunc() else { return network.trunc() };
    if !CARRIES_IPV4.iter().any(|range| range.contains(&inner)) {
        return IpNet::V6(inner);
    }
    let [.., a, b, c, d] = inner.addr().octets();
    let prefix = inner.prefix_len().saturating_sub(96);
    // A prefix of at most 128 leaves at most 32 here, so the conversion holds.
    Ipv4Net::new(Ipv4Addr::new(a, b, c, d), prefix).map_or(IpNet::V6(inner), IpNet::V4)
}

/// Why the address names no single host, if it does not.
pub(crate) fn not_unicast(address: IpAddr) -> Option<NotUnicast> {
    match judged_as(address) {
        IpAddr::V4(address) => {
            let range = NOT_UNICAST.iter().find(|(range, _)| range.contains(&address));
            range.map(|(_, kind)| *kind)
        }
        IpAddr::V6(address) if address.is_multicast() => Some(NotUnicast::Multicast),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(NotUnicast::Unspecified),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_have_a_class() {
        let cases = [
            ("10.0.0.1", true, false),
            ("172.16.0.1", true, false),
            ("172.31.255.255", true, false),
            ("172.32.0.0", false, true),
            ("192.168.0.1", true, false),
            ("192.169.0.1", false, true),
            ("100.64.0.1", true, false),
            ("100.128.0.1", false, true),
            ("169.254.1.1", true, false),
            ("fd00::1", true, false),
            ("fe80::1", true, false),
            ("fec0::1", false, true),
            ("::ffff:10.0.0.1", true, false),
            ("127.0.0.1", false, false),
            ("::1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("192.0.2.1", false, true),
            ("2001:db8::1", false, true),
        ];
        for (address, private, public) in cases {
            assert_eq!(is_private(ip(address)), private, "{address} private");
            assert_eq!(is_public(ip(address)), public, "{address} public");
        }
    }

    #[test]
    fn networks_are_exempt_only_when_wholly_private() {
        let cases = [
            ("10.0.0.0/8", false),
            ("10.0.0.0/7", true),
            ("192.168.4.0/24", false),
            ("192.168.0.0/15", true),
            ("127.0.0.0/8", false),
            ("::1/128", false),
            ("::/127", true),
            ("fd00::/8", false),
            ("192.0.2.0/24", true),
            ("2001:db8::/48", true),
        ];
        for (network, public) in cases {
            assert_eq!(is_public_network(&network.parse().unwrap()), public, "{network}");
        }
    }

    #[test]
    fn networks_are_compared_in_one_form() {
        let cases = [
            ("198.51.100.9/28", "198.51.100.0/28"),
            ("::ffff:198.51.100.0/124", "198.51.100.0/28"),
            ("64:ff9b::/96", "0.0.0.0/0"),
            ("64:ff9b::/95", "64:ff9b::/95"),
            ("2001:db8::1/48", "2001:db8::/48"),
        ];
        for (network, judged) in cases {
            let network = network_judged_as(network.parse().unwrap());
            assert_eq!(network.to_string(), judged);
        }
        assert_eq!(judged_as(ip("64:ff9b::c633:6409")), ip("198.51.100.9"));
        assert_eq!(judged_as(ip("2001:db8::c633:6409")), ip("2001:db8::c633:6409"));
    }

    #[test]
    fn some_addresses_name_no_host() {
        let cases = [
            ("224.0.0.1", Some(NotUnicast::Multicast)),
            ("ff02::1", Some(NotUnicast::Multicast)),
            ("::ffff:224.0.0.1", Some(NotUnicast::Multicast)),
            ("0.0.0.0", Some(NotUnicast::Unspecified)),
            ("0.1.2.3", Some(NotUnicast::Unspecified)),
            ("::", Some(NotUnicast::Unspecified)),
            ("255.255.255.255", Some(NotUnicast::Broadcast)),
            ("64:ff9b::ffff:ffff", Some(NotUnicast::Broadcast)),
            ("192.0.2.255", None),
            ("::1", None),
        ];
        for (address, kind) in cases {
            assert_eq!(not_unicast(ip(address)), kind, "{address}");
        }
    }

    #[test]
    fn inside_is_loopback_itself_or_both_private() {
        let cases = [
            ("loopback", "127.0.0.1", "127.0.0.2", true),
            ("mapped loopback", "::ffff:127.0.0.1", "127.0.0.2", true),
            ("the target itself", "192.0.2.1", "192.0.2.1", true),
            ("the target itself, mapped", "::ffff:192.0.2.1", "192.0.2.1", true),
            ("both private", "10.1.0.1", "192.168.0.1", true),
            ("both private, two families", "10.1.0.1", "fd00::1", true),
            ("behind NAT", "10.1.0.1", "192.0.2.1", false),
            ("private target, public source", "192.0.2.1", "10.1.0.1", false),
            ("neighbours", "192.0.2.1", "192.0.2.2", false),
        ];
        for (case, source, target, inside) in cases {
            assert_eq!(vantage_is_inside(ip(source), ip(target)), inside, "{case}");
        }
    }
}
