//! The cases: a `.conf` file each.

use super::super::case::{Case, Limits, Relays, Verdict};

/// A case whose `smtpd.conf` is the file `<name>.conf`.
macro_rules! case {
    ($name:literal, $about:literal, $relays:expr, $verdict:expr) => {
        Case::new(
            $name,
            $about,
            &[("etc/smtpd.conf", include_str!(concat!($name, ".conf")))],
            $relays,
            $verdict,
        )
    };
}

/// Every case.
pub(super) static CASES: [Case; 25] = [
    case!("stock", "takes mail for its domains", Relays::Nothing, Verdict::Closed),
    case!("wide-open", "relays for everyone", Relays::EverythingPlain, Verdict::Open),
    case!(
        "local-sender",
        "relays for senders in its own domain",
        Relays::By(&["relay-sender-local-domain"]),
        Verdict::Open
    ),
    case!(
        "sender-regex",
        "as local-sender, by a pattern without an end",
        Relays::By(&["relay-sender-local-domain", "relay-sender-embeds"]),
        Verdict::Open
    ),
    case!("null-sender", "relays bounces", Relays::By(&["relay-sender-null"]), Verdict::Open),
    case!(
        "helo-trust",
        "relays for who greets with its name",
        Relays::By(&["relay-helo-own-name"]),
        Verdict::Open
    ),
    case!(
        "rcpt-regex",
        "relays to addresses that hold its domain anywhere",
        Relays::By(&["relay-rcpt-embeds", "relay-rcpt-embeds-domain"]),
        Verdict::Open
    ),
    Case {
        reasons: &["local-control"],
        ..case!(
            "catch-all",
            "takes mail for every local user, whatever stands in the local part",
            Relays::Nothing,
            Verdict::Inconclusive
        )
    },
    case!(
        "own-sender-refused",
        "takes nothing from strangers who write as one of its users",
        Relays::Nothing,
        Verdict::Closed
    ),
    Case {
        accepts_only: true,
        ..case!("discard", "throws away what is not its own", Relays::Nothing, Verdict::Open)
    },
    Case {
        accepts_only: true,
        ..case!("bounce", "returns what is not its own", Relays::Nothing, Verdict::Open)
    },
    Case {
        accepts_only: true,
        ..case!(
            "late-refuse-data",
            "takes every recipient, and refuses DATA",
            Relays::Nothing,
            Verdict::Open
        )
    },
    Case {
        accepts_only: true,
        ..case!(
            "late-refuse-dot",
            "takes every recipient, and refuses the message",
            Relays::Nothing,
            Verdict::Open
        )
    },
    case!("greylist", "puts every first delivery off", Relays::Nothing, Verdict::Closed),
    case!(
        "greylist-open",
        "puts every first delivery off, and relays the second",
        Relays::EverythingPlain,
        Verdict::Open
    ),
    Case {
        reasons: &["blocked"],
        ..case!(
            "blocked-name",
            "turns clients away by their names",
            Relays::Nothing,
            Verdict::Inconclusive
        )
    },
    Case {
        reasons: &["deferred"],
        ..case!(
            "temporary-failure",
            "puts foreign recipients off for ever",
            Relays::Nothing,
            Verdict::Inconclusive
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "limits",
            "takes two messages a session, for two recipients each",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "limits-open",
            "takes two messages a session, for two recipients each, and relays",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
    case!("tls-offered", "offers a TLS that does not work", Relays::Nothing, Verdict::Closed),
    Case {
        serves_trusted: false,
        ..case!(
            "tls-required",
            "wants a TLS that does not work",
            Relays::Nothing,
            Verdict::Inconclusive
        )
    },
    Case {
        port: 587,
        serves_trusted: false,
        ..case!("submission", "wants a login on port 587", Relays::Nothing, Verdict::Closed)
    },
    Case {
        port: 587,
        ..case!(
            "submission-open",
            "wants no login on port 587, and relays",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
    Case { ipv6: true, ..case!("ipv6", "is reached by IPv6", Relays::Nothing, Verdict::Closed) },
    Case {
        ipv6: true,
        ..case!(
            "ipv6-open",
            "relays for everyone who comes by IPv6",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
];
