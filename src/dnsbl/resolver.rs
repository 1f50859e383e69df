//! Name servers that serve everybody. Several lists refuse them, for they cannot tell who asks.

use std::net::IpAddr;

/// A service that resolves names for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicResolver {
    /// What its operator calls it.
    pub name: &'static str,
    /// Its addresses as the operator documents them, textual as there.
    addresses: &'static [&'static str],
    /// Where.
    pub documented: &'static str,
}

/// The service that has this address; none is known for most addresses.
///
/// A name server of the user's own that forwards its questions to such a service cannot be seen here.
pub fn public_resolver(address: IpAddr) -> Option<&'static PublicResolver> {
    let address = address.to_canonical();
    let has = |service: &&PublicResolver| {
        service.addresses.iter().any(|own| own.parse::<IpAddr>().is_ok_and(|own| own == address))
    };
    PUBLIC.iter().find(has)
}

const PUBLIC: &[PublicResolver] = &[
    PublicResolver {
        name: "Google Public DNS",
        addresses: &["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"],
        documented: "https://developers.google.com/speed/public-dns/docs/using",
    },
    PublicResolver {
        name: "Cloudflare 1.1.1.1",
        addresses: &[
            "1.1.1.1",
            "1.0.0.1",
            "2606:4700:4700::1111",
            "2606:4700:4700::1001",
            // Without malware, and for families.
            "1.1.1.2",
            "1.0.0.2",
            "2606:4700:4700::1112",
            "2606:4700:4700::1002",
            "1.1.1.3",
            "1.0.0.3",
            "2606:4700:4700::1113",
            "2606:4700:4700::1003",
        ],
        documented: "https://developers.cloudflare.com/1.1.1.1/ip-addresses/",
    },
    PublicResolver {
        name: "Quad9",
        addresses: &[
            "9.9.9.9",
            "149.112.112.112",
            "2620:fe::fe",
            "2620:fe::9",
            "9.9.9.10",
            "149.112.112.10",
            "2620:fe::10",
            "2620:fe::fe:10",
            "9.9.9.11",
            "149.112.112.11",
            "2620:fe::11",
            "2620:fe::fe:11",
        ],
        documented: "https://quad9.net/service/service-addresses-and-features/",
    },
    PublicResolver {
        name: "OpenDNS",
        addresses: &[
            "208.67.222.222",
            "208.67.220.220",
            "2620:119:35::35",
            "2620:119:53::53",
            // FamilyShield.
            "208.67.222.123",
            "208.67.220.123",
        ],
        documented: "https://www.opendns.com/setupguide/",
    },
    PublicResolver {
        name: "AdGuard DNS",
        addresses: &["94.140.14.14", "94.140.15.15", "2a10:50c0::ad1:ff", "2a10:50c0::ad2:ff"],
        documented: "https://adguard-dns.io/en/public-dns.html",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn name(address: &str) -> Option<&'static str> {
        public_resolver(address.parse().unwrap()).map(|service| service.name)
    }

    #[test]
    fn every_address_of_the_table_is_one_and_is_found() {
        for service in PUBLIC {
            assert!(service.documented.starts_with("https://"), "{}", service.name);
            for address in service.addresses {
                assert_eq!(name(address), Some(service.name), "{address}");
            }
        }
    }

    #[test]
    fn addresses_are_compared_whole_and_mapped_ones_as_what_they_are() {
        assert_eq!(name("::ffff:9.9.9.9"), Some("Quad9"));
        for other in ["9.9.9.1", "127.0.0.53", "192.168.1.1", "8.8.8.9", "::1", "fd00::1"] {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
