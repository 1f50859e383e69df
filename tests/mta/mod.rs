//! Real mail servers on loopback, and the truth about them found without mxaudit.
//!
//! A lab gives each [`case::Case`] a server of its own at its own address, a [`sink::Sink`] to which every server relays,
//! a name server, and three kinds of client address: strangers (`127.66.0.0/16`), clients that the servers trust
//! (`127.77.0.0/16`), and the harness itself ([`HARNESS_NETWORK`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) mod audit;
#[path = "box/mod.rs"]
pub(crate) mod boxed;
pub(crate) mod case;
pub(crate) mod catcher;
pub(crate) mod certificate;
pub(crate) mod closing;
pub(crate) mod dialogue;
pub(crate) mod dns;
pub(crate) mod dovecot;
pub(crate) mod exim;
pub(crate) mod family;
pub(crate) mod isolation;
pub(crate) mod judge;
pub(crate) mod lab;
pub(crate) mod limit;
pub(crate) mod loopback;
pub(crate) mod matrix;
pub(crate) mod nmap;
pub(crate) mod opensmtpd;
pub(crate) mod place;
pub(crate) mod pop;
pub(crate) mod postfix;
pub(crate) mod record;
pub(crate) mod requirement;
pub(crate) mod rows;
pub(crate) mod sendmail;
pub(crate) mod sink;
pub(crate) mod stream;
pub(crate) mod technique;
pub(crate) mod truth;
pub(crate) mod watch;

/// The stranger as whom mxaudit and the truth check connect.
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 66, 0, 1);

/// The stranger's IPv6 address.
pub(crate) const STRANGER6: Ipv6Addr = Ipv6Addr::new(0xfd66, 0, 0, 0, 0, 0, 0, 1);

/// A second stranger, whom no block and no greylist of a case concerns.
pub(crate) const OTHER_STRANGER: Ipv4Addr = Ipv4Addr::new(127, 66, 0, 2);

/// A client inside every server's own networks.
pub(crate) const TRUSTED: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);

/// The same client's IPv6 address; servers that are asked over IPv6 trust fd77::/16.
pub(crate) const TRUSTED6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1);

/// Where the canary's own mail server listens, on port 25.
pub(crate) const CATCHER: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 10);

/// The /24 from which the harness looks whether a server answers; trusted too.
pub(crate) const HARNESS_NETWORK: Ipv4Addr = Ipv4Addr::new(127, 77, 1, 0);

/// One of its addresses.
pub(crate) const HARNESS: Ipv4Addr = Ipv4Addr::new(127, 77, 1, 1);

/// The harness's IPv6 address.
pub(crate) const HARNESS6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 1, 1);

/// Where the name server listens.
pub(crate) const DNS: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 3);

/// Where the sink listens, on port 25.
pub(crate) const SINK: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 9);

/// The name that every server calls itself.
pub(crate) const HOST_NAME: &str = "mx.target.test";

/// The domain for which every server accepts mail.
pub(crate) const LOCAL_DOMAIN: &str = "target.test";

/// The auditor's own domain, foreign to every server.
pub(crate) const AUDITOR_DOMAIN: &str = "audit.test";

/// Another foreign domain, which the auditor takes for a partner of the servers.
pub(crate) const PARTNER_DOMAIN: &str = "elsewhere.test";

/// The name of [`STRANGER`] in DNS.
pub(crate) const CLIENT_NAME: &str = "client.audit.test";

/// The stranger's address of the same family as `server`.
pub(crate) fn stranger(server: IpAddr) -> IpAddr {
    if server.is_ipv4() { STRANGER.into() } else { STRANGER6.into() }
}

/// The trusted client's address of the same family as `server`.
pub(crate) fn trusted(server: IpAddr) -> IpAddr {
    if server.is_ipv4() { TRUSTED.into() } else { TRUSTED6.into() }
}
