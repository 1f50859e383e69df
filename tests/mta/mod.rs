//! Real mail servers on loopback, and the truth about them found without mxaudit.
//!
//! A lab gives each case a server of its own at its own address, a [`sink::Sink`] to which every server relays, and
//! three kinds of client address: strangers (`127.66.0.0/16`), clients that the servers trust (`127.77.0.0/16`), and the
//! harness itself ([`HARNESS_NETWORK`]).

use std::net::Ipv4Addr;

pub(crate) mod audit;
pub(crate) mod dialogue;
pub(crate) mod isolation;
pub(crate) mod loopback;
pub(crate) mod postfix;
pub(crate) mod requirement;
pub(crate) mod sink;
pub(crate) mod technique;

/// The stranger as whom mxaudit and the truth check connect.
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 66, 0, 1);

/// A second stranger, whom no block and no greylist of a case concerns.
pub(crate) const OTHER_STRANGER: Ipv4Addr = Ipv4Addr::new(127, 66, 0, 2);

/// A client inside every server's own networks.
pub(crate) const TRUSTED: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);

/// The /24 from which the harness looks whether a server answers; trusted too.
pub(crate) const HARNESS_NETWORK: Ipv4Addr = Ipv4Addr::new(127, 77, 1, 0);

/// Where the sink listens, on port 25.
pub(crate) const SINK: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 9);

/// The name that every server calls itself.
pub(crate) const HOST_NAME: &str = "mx.target.test";

/// The domain for which every server accepts mail.
pub(crate) const LOCAL_DOMAIN: &str = "target.test";

/// The auditor's own domain, foreign to every server.
pub(crate) const AUDITOR_DOMAIN: &str = "audit.test";
