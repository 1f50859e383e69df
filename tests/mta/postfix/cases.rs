//! The cases: a `.cf` file each, laid on top of `base.cf`, and for some services of their own in a `.master.cf` file.

use super::super::case::{Case, Limits, Relays, Transport, Verdict};

/// A case whose `main.cf` is the file `<name>.cf`; where further files are named, its `master.cf` is `<name>.master.cf`.
macro_rules! case {
    ($name:literal, $about:literal, $relays:expr, $verdict:expr) => {
        Case::new(
            $name,
            $about,
            &[("main.cf", include_str!(concat!($name, ".cf")))],
            $relays,
            $verdict,
        )
    };
    ($name:literal, $about:literal, $relays:expr, $verdict:expr, [$($file:literal),*]) => {
        Case::new(
            $name,
            $about,
            &[
                ("main.cf", include_str!(concat!($name, ".cf"))),
                ("master.cf", include_str!(concat!($name, ".master.cf"))),
                $(($file, include_str!($file)),)*
            ],
            $relays,
            $verdict,
        )
    };
}

/// A server that does not serve as often as an audit asks.
const fn throttled(case: Case) -> Case {
    let tried = Some(&["relay-sender-same"] as &[_]);
    Case { limits: Limits::Lowered, tried, reasons: &["throttled"], ..case }
}

/// Every case.
pub(super) static CASES: [Case; 54] = [
    case!("stock", "the restrictions that Postfix ships", Relays::Nothing, Verdict::Closed),
    case!(
        "wide-open",
        "lets every client through before the relay check",
        Relays::EverythingPlain,
        Verdict::Open
    ),
    case!(
        "local-sender",
        "relays for senders in its own domain",
        Relays::By(&["relay-sender-host", "relay-sender-local-domain"]),
        Verdict::Open
    ),
    case!(
        "helo-trust",
        "relays for who greets with its name",
        Relays::By(&["relay-helo-own-name"]),
        Verdict::Open
    ),
    case!(
        "dnsbl-block",
        "blocks the auditor's address, in words that do not speak of relaying",
        Relays::Nothing,
        Verdict::Inconclusive
    ),
    case!(
        "helo-trust-greylisted",
        "as helo-trust, behind a greylist that never ends",
        Relays::Nothing,
        Verdict::Inconclusive
    ),
    case!(
        "block-exempt-postmaster",
        "blocks the auditor's address, but not for postmaster",
        Relays::Nothing,
        Verdict::Inconclusive
    ),
    case!("reject-wording", "refuses with 554 instead of 454", Relays::Nothing, Verdict::Closed),
    Case {
        limits: Limits::Lowered,
        ..case!(
            "low-error-limit",
            "ends the session after one refusal",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "low-error-limit-open",
            "ends the session after one refusal, and relays everything",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
    case!(
        "percent-hole",
        "sends user%domain on to user@domain",
        Relays::By(&["relay-percent-host", "relay-percent-local-domain"]),
        Verdict::Open
    ),
    case!("catch-all", "takes mail for every local user", Relays::Nothing, Verdict::Closed),
    case!("null-sender", "relays bounces", Relays::By(&["relay-sender-null"]), Verdict::Open),
    case!(
        "sender-regexp",
        "relays for senders in its own domain, by a pattern without an end",
        Relays::By(&["relay-sender-local-domain", "relay-sender-embeds"]),
        Verdict::Open
    ),
    case!(
        "recipient-regexp",
        "relays to addresses that hold its domain anywhere",
        Relays::By(&["relay-rcpt-embeds", "relay-rcpt-embeds-domain"]),
        Verdict::Open
    ),
    case!(
        "mx-backup",
        "relays to domains whose MX records name it",
        Relays::By(&["relay-mx-lists-target"]),
        Verdict::Conditional
    ),
    case!(
        "untrusted-routing",
        "takes user%domain for what it is, and does not send it on",
        Relays::Nothing,
        Verdict::Closed
    ),
    case!(
        "percent-hack-off",
        "takes every local user, and a % for a letter",
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
            "refuse-data",
            "takes every recipient, and refuses DATA",
            Relays::Nothing,
            Verdict::Open
        )
    },
    Case {
        accepts_only: true,
        ..case!(
            "refuse-dot",
            "takes every recipient, and refuses the message",
            Relays::Nothing,
            Verdict::Open
        )
    },
    case!(
        "greylist",
        "puts every first delivery off",
        Relays::Nothing,
        Verdict::Closed,
        ["greylist.sh"]
    ),
    case!(
        "greylist-open",
        "puts every first delivery off, and relays the second",
        Relays::EverythingPlain,
        Verdict::Open,
        ["greylist.sh"]
    ),
    case!("postscreen", "puts every stranger off once", Relays::Nothing, Verdict::Closed, []),
    case!(
        "postscreen-open",
        "puts every stranger off once, and then relays",
        Relays::EverythingPlain,
        Verdict::Open,
        []
    ),
    Case {
        reasons: &["blocked"],
        ..case!(
            "dnsbl",
            "blocks the auditor by a list in DNS",
            Relays::Nothing,
            Verdict::Inconclusive
        )
    },
    case!(
        "early-refusal",
        "refuses strangers who write as one of its users, at MAIL",
        Relays::Nothing,
        Verdict::Closed
    ),
    case!(
        "early-sender-refusal",
        "refuses the auditor's domain as a sender, at MAIL",
        Relays::Nothing,
        Verdict::Closed
    ),
    case!("reject-footer", "explains its refusals in many lines", Relays::Nothing, Verdict::Closed),
    Case {
        tried: Some(FEW),
        ..case!("slow", "greets after two seconds", Relays::Nothing, Verdict::Closed)
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "one-connection",
            "serves one connection at a time",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    throttled(case!(
        "connection-rate",
        "serves three connections a minute",
        Relays::Nothing,
        Verdict::Inconclusive
    )),
    Case {
        limits: Limits::Lowered,
        ..case!(
            "recipient-limit-open",
            "takes two recipients a message, and relays",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "recipient-limit",
            "takes two recipients a message",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    Case {
        limits: Limits::Lowered,
        tried: Some(FEW),
        ..case!("soft-limit", "answers slowly after an error", Relays::Nothing, Verdict::Closed)
    },
    throttled(case!(
        "message-rate",
        "takes five messages a minute",
        Relays::Nothing,
        Verdict::Inconclusive
    )),
    throttled(case!(
        "recipient-rate",
        "takes five recipients a minute",
        Relays::Nothing,
        Verdict::Inconclusive
    )),
    Case {
        limits: Limits::Lowered,
        tried: Some(&["relay-sender-same"]),
        transport: Transport::StartTls,
        reasons: &["tls-required"],
        ..case!(
            "tls-rate",
            "wants TLS, and begins it twice a minute",
            Relays::Nothing,
            Verdict::Inconclusive
        )
    },
    case!(
        "forbid-pipelining",
        "sends away who does not wait for replies",
        Relays::Nothing,
        Verdict::Closed
    ),
    Case {
        limits: Limits::Lowered,
        ..case!(
            "postscreen-commands",
            "puts every stranger off once, in five commands",
            Relays::Nothing,
            Verdict::Closed,
            []
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "junk-limit",
            "ends sessions with three needless commands",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    Case {
        limits: Limits::Lowered,
        ..case!(
            "impatient",
            "hangs up after five seconds of silence",
            Relays::Nothing,
            Verdict::Closed
        )
    },
    Case {
        reasons: &["xclient-offered"],
        ..case!(
            "xclient",
            "lets every client say that it is another one",
            Relays::By(&["relay-xclient"]),
            Verdict::Inconclusive
        )
    },
    Case {
        transport: Transport::StartTls,
        ..case!("tls-required", "wants TLS", Relays::Nothing, Verdict::Closed)
    },
    Case {
        transport: Transport::StartTls,
        ..case!(
            "tls-required-open",
            "wants TLS, and relays",
            Relays::EverythingPlain,
            Verdict::Open
        )
    },
    Case {
        transport: Transport::StartTls,
        ..case!(
            "tls-hole",
            "relays for who comes by TLS",
            Relays::EverythingPlain,
            Verdict::Open,
            ["encrypted.sh"]
        )
    },
    Case {
        port: 587,
        transport: Transport::StartTls,
        ..case!(
            "submission",
            "wants TLS and a login on port 587",
            Relays::Nothing,
            Verdict::Closed,
            ["auth.sh"]
        )
    },
    Case {
        port: 587,
        ..case!(
            "submission-open",
            "wants no login on port 587, and relays",
            Relays::EverythingPlain,
            Verdict::Open,
            []
        )
    },
    Case {
        port: 465,
        transport: Transport::ImplicitTls,
        ..case!("smtps", "speaks TLS from the first byte", Relays::Nothing, Verdict::Closed)
    },
    Case {
        port: 465,
        transport: Transport::ImplicitTls,
        ..case!(
            "smtps-open",
            "speaks TLS from the first byte, and relays",
            Relays::EverythingPlain,
            Verdict::Open,
            []
        )
    },
    case!(
        "pop-before-smtp",
        "relays for whoever has logged in by POP3 from the same address",
        Relays::Nothing,
        Verdict::Closed,
        ["logins.sh"]
    ),
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

/// A few of each kind, where every connection takes long.
const FEW: &[&str] = &[
    "relay-sender-same",
    "relay-sender-null",
    "relay-sender-local-domain",
    "relay-helo-own-name",
    "relay-percent-local-domain",
    "relay-route-host",
];
