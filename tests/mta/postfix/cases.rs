//! The cases: a configuration each, and what is true of it.

use std::net::Ipv4Addr;

use super::super::{OTHER_STRANGER, STRANGER};

/// One configuration of Postfix.
#[derive(Debug)]
pub(crate) struct Case {
    /// The name, in trials and of the file `<name>.cf`.
    pub(crate) name: &'static str,
    /// The lines of `<name>.cf`.
    pub(crate) settings: &'static str,
    /// The verdict that mxaudit must reach as [`STRANGER`].
    pub(crate) verdict: Verdict,
    /// What is true for [`STRANGER`].
    pub(crate) truth: View,
    /// What is true for [`OTHER_STRANGER`], where that differs.
    pub(crate) other: Option<View>,
    /// Whether one refusal ends a session with 421.
    pub(crate) low_error_limit: bool,
}

/// What is true for one client.
#[derive(Debug)]
pub(crate) struct View {
    /// The client's address.
    pub(crate) client: Ipv4Addr,
    /// The techniques by which mail really gets to a foreign recipient.
    pub(crate) relays: &'static [&'static str],
    /// The techniques that are put off with [`GREYLISTED`].
    pub(crate) deferred: &'static [&'static str],
    /// What the reply to every other technique contains.
    pub(crate) refusal: &'static str,
    /// How the reply for postmaster at the local domain begins or what it contains.
    pub(crate) postmaster: &'static str,
    /// The same for a user that does not exist.
    pub(crate) nobody: &'static str,
}

/// The verdict of mxaudit on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Relays for a stranger.
    Open,
    /// Refuses to relay for a stranger.
    Closed,
    /// Nothing can be said.
    Inconclusive,
}

/// The techniques whose forward-path and greeting are ordinary.
pub(crate) const PLAIN: [&str; 3] =
    ["relay-sender-same", "relay-sender-other", "relay-sender-null"];

/// The greylist's reply.
pub(crate) const GREYLISTED: &str =
    "450 4.2.0 <unknown[127.66.0.1]>: Client host rejected: Greylisted";

/// The block's reply.
pub(crate) const BLOCKED: &str = "blocked using bl.test";

const ACCEPTED: &str = "250 2.1.5 Ok";
const UNKNOWN: &str = "550 5.1.1";
const RELAY_454: &str = "454 4.7.1 ";
const RELAY_554: &str = "554 5.7.1 ";

const ALL: &[&str] = &[
    "relay-sender-same",
    "relay-sender-other",
    "relay-sender-null",
    "relay-sender-host",
    "relay-sender-local-domain",
    "relay-helo-own-name",
    "relay-percent-host",
    "relay-percent-local-domain",
    "relay-quoted-at",
    "relay-quoted-at-host",
    "relay-route-host",
    "relay-bang",
];

/// A stranger who may relay by `relays`, and is refused otherwise with the relay wording behind `refusal`.
const fn stranger(relays: &'static [&'static str], refusal: &'static str) -> View {
    View { client: STRANGER, relays, deferred: &[], refusal, postmaster: ACCEPTED, nobody: UNKNOWN }
}

const fn case(name: &'static str, settings: &'static str, verdict: Verdict, truth: View) -> Case {
    Case { name, settings, verdict, truth, other: None, low_error_limit: false }
}

/// Every case.
pub(crate) const CASES: [Case; 12] = [
    case("stock", include_str!("stock.cf"), Verdict::Closed, stranger(&[], RELAY_454)),
    case("wide-open", include_str!("wide-open.cf"), Verdict::Open, stranger(ALL, RELAY_554)),
    case(
        "local-sender",
        include_str!("local-sender.cf"),
        Verdict::Open,
        stranger(&["relay-sender-host", "relay-sender-local-domain"], RELAY_554),
    ),
    case(
        "helo-trust",
        include_str!("helo-trust.cf"),
        Verdict::Open,
        stranger(&["relay-helo-own-name"], RELAY_554),
    ),
    Case {
        other: Some(View { client: OTHER_STRANGER, ..stranger(&[], RELAY_454) }),
        ..case(
            "dnsbl-block",
            include_str!("dnsbl-block.cf"),
            Verdict::Inconclusive,
            View { postmaster: BLOCKED, nobody: BLOCKED, ..stranger(&[], BLOCKED) },
        )
    },
    Case {
        other: Some(View {
            client: OTHER_STRANGER,
            ..stranger(&["relay-helo-own-name"], RELAY_554)
        }),
        ..case(
            "helo-trust-greylisted",
            include_str!("helo-trust-greylisted.cf"),
            Verdict::Inconclusive,
            View {
                deferred: &["relay-helo-own-name"],
                postmaster: GREYLISTED,
                nobody: GREYLISTED,
                ..stranger(&[], RELAY_554)
            },
        )
    },
    Case {
        other: Some(View { client: OTHER_STRANGER, ..stranger(&[], RELAY_554) }),
        ..case(
            "block-exempt-postmaster",
            include_str!("block-exempt-postmaster.cf"),
            Verdict::Inconclusive,
            View { nobody: BLOCKED, ..stranger(&[], BLOCKED) },
        )
    },
    case(
        "reject-wording",
        include_str!("reject-wording.cf"),
        Verdict::Closed,
        stranger(&[], RELAY_554),
    ),
    Case {
        low_error_limit: true,
        ..case(
            "low-error-limit",
            include_str!("low-error-limit.cf"),
            Verdict::Closed,
            stranger(&[], RELAY_454),
        )
    },
    Case {
        low_error_limit: true,
        ..case(
            "low-error-limit-open",
            include_str!("low-error-limit-open.cf"),
            Verdict::Open,
            stranger(ALL, RELAY_554),
        )
    },
    case(
        "percent-hole",
        include_str!("percent-hole.cf"),
        Verdict::Open,
        stranger(&["relay-percent-host", "relay-percent-local-domain"], RELAY_454),
    ),
    case(
        "catch-all",
        include_str!("catch-all.cf"),
        Verdict::Closed,
        View { nobody: ACCEPTED, ..stranger(&[], RELAY_454) },
    ),
];
