//! The cases: a fragment of configuration each, what is true of it, and what mxaudit must say.

use super::super::case::{Case, Limits, Relays, Transport, Verdict};

/// A file that is laid over the box, by its path there and its name here.
macro_rules! file {
    ($path:literal, $name:literal) => {
        ($path, include_str!($name))
    };
}

/// The files of a case with a fragment alone, or with lines for the access table too.
macro_rules! files {
    ($name:literal) => {
        &[file!("etc/mail/case.mc", $name)]
    };
    ($name:literal, $access:literal) => {
        &[file!("etc/mail/case.mc", $name), file!("etc/mail/case.access", $access)]
    };
}

/// A case with the limits that Sendmail is shipped with.
const fn case(
    name: &'static str,
    about: &'static str,
    files: &'static [(&'static str, &'static str)],
    relays: Relays,
    verdict: Verdict,
) -> Case {
    Case::new(name, about, files, relays, verdict)
}

/// A closed server that relays nothing.
const fn closed(
    name: &'static str,
    about: &'static str,
    files: &'static [(&'static str, &'static str)],
) -> Case {
    case(name, about, files, Relays::Nothing, Verdict::Closed)
}

/// A server that takes any recipient at `RCPT`, and relays nothing.
const fn accepts_only(
    name: &'static str,
    about: &'static str,
    files: &'static [(&'static str, &'static str)],
) -> Case {
    Case { accepts_only: true, ..case(name, about, files, Relays::Nothing, Verdict::Open) }
}

/// A server of which nothing can be said, for `reasons`.
const fn unclear(
    name: &'static str,
    about: &'static str,
    files: &'static [(&'static str, &'static str)],
    reasons: &'static [&'static str],
) -> Case {
    Case { reasons, ..case(name, about, files, Relays::Nothing, Verdict::Inconclusive) }
}

/// The same with limits lower than shipped.
const fn lowered(case: Case) -> Case {
    Case { limits: Limits::Lowered, ..case }
}

/// One technique of each kind, for servers that take long or count connections.
const FEW: Option<&[&str]> =
    Some(&["relay-sender-same", "relay-sender-local-domain", "relay-percent-host", "relay-bang"]);

/// What a stranger may try for a foreign domain; not the server's own subdomain, to which it relays on purpose.
const NO_SUBDOMAIN: Option<&[&str]> = Some(&[
    "relay-sender-same",
    "relay-sender-other",
    "relay-sender-null",
    "relay-sender-host",
    "relay-sender-local-domain",
    "relay-sender-subdomain",
    "relay-sender-embeds",
    "relay-helo-own-name",
    "relay-helo-local-domain",
    "relay-percent-host",
    "relay-percent-local-domain",
    "relay-quoted-at-host",
    "relay-double-at-local-domain",
    "relay-route-host",
    "relay-route-local-domain",
    "relay-bang-host",
    "relay-bang-multi",
]);

/// Every case.
pub(super) const CASES: [Case; 47] = [
    closed("stock", "the access table alone", files!("stock.mc")),
    lowered(Case {
        tried: FEW,
        ..unclear(
            "debian",
            "the features and limits that Debian ships: ten connections in ten minutes",
            files!("debian.mc", "debian.access"),
            &["throttled"],
        )
    }),
    lowered(Case {
        tried: FEW,
        profile: "quick",
        ..closed(
            "debian-quick",
            "the same, asked with the profile quick",
            files!("debian.mc", "debian.access"),
        )
    }),
    case(
        "promiscuous-relay",
        "FEATURE(promiscuous_relay)",
        files!("promiscuous-relay.mc"),
        Relays::EverythingPlain,
        Verdict::Open,
    ),
    case(
        "wide-network",
        "trusts a network that is wider than its own",
        files!("wide-network.mc", "wide-network.access"),
        Relays::EverythingPlain,
        Verdict::Open,
    ),
    case(
        "relay-to-all-of-test",
        "relays to a whole top-level domain",
        files!("relay-to-all-of-test.mc"),
        Relays::EverythingPlain,
        Verdict::Open,
    ),
    Case {
        tried: NO_SUBDOMAIN,
        ..closed(
            "relay-entire-domain",
            "FEATURE(relay_entire_domain): relays to its own subdomains",
            files!("relay-entire-domain.mc"),
        )
    },
    case(
        "relay-based-on-mx",
        "FEATURE(relay_based_on_MX)",
        files!("relay-based-on-mx.mc"),
        Relays::By(&["relay-mx-lists-target"]),
        Verdict::Conditional,
    ),
    case(
        "relay-local-from",
        "FEATURE(relay_local_from)",
        files!("relay-local-from.mc"),
        Relays::By(&["relay-sender-host", "relay-sender-local-domain"]),
        Verdict::Open,
    ),
    case(
        "relay-mail-from",
        "FEATURE(relay_mail_from) with one user",
        files!("relay-mail-from.mc", "relay-mail-from.access"),
        Relays::By(&["relay-sender-local-domain"]),
        Verdict::Open,
    ),
    case(
        "relay-mail-from-domain",
        "FEATURE(relay_mail_from, domain) with our domain",
        files!("relay-mail-from-domain.mc", "relay-mail-from-domain.access"),
        Relays::By(&["relay-sender-host", "relay-sender-local-domain", "relay-sender-subdomain"]),
        Verdict::Open,
    ),
    case(
        "relay-mail-from-partner",
        "FEATURE(relay_mail_from, domain) with a partner's domain",
        files!("relay-mail-from-partner.mc", "relay-mail-from-partner.access"),
        Relays::By(&["relay-sender-partner"]),
        Verdict::Open,
    ),
    case(
        "sender-pattern",
        "a rule that finds our domain anywhere in the sender",
        files!("sender-pattern.mc"),
        Relays::By(&["relay-sender-host", "relay-sender-local-domain"]),
        Verdict::Open,
    ),
    case(
        "null-sender",
        "a rule that lets bounces pass",
        files!("null-sender.mc"),
        Relays::By(&["relay-sender-null"]),
        Verdict::Open,
    ),
    case(
        "helo-trust",
        "a rule that trusts our own name in the greeting",
        files!("helo-trust.mc"),
        Relays::By(&["relay-helo-own-name"]),
        Verdict::Open,
    ),
    case(
        "bang-hole",
        "a rule that lets bang paths pass",
        files!("bang-hole.mc"),
        Relays::By(&["relay-bang", "relay-bang-host"]),
        Verdict::Open,
    ),
    closed(
        "uucp-neighbours",
        "relays to UUCP neighbours",
        files!("uucp-neighbours.mc", "uucp-neighbours.access"),
    ),
    closed("loose-relay-check", "FEATURE(loose_relay_check)", files!("loose-relay-check.mc")),
    unclear(
        "loose-relay-gateway",
        "a gateway that hands percent signs on",
        files!("loose-relay-gateway.mc"),
        &["local-control"],
    ),
    Case {
        reasons: &["local-control"],
        ..case(
            "percent-gateway",
            "a gateway that sends user%domain on itself",
            files!("percent-gateway.mc"),
            Relays::By(&["relay-percent-local-domain"]),
            Verdict::Inconclusive,
        )
    },
    closed(
        "lenient-senders",
        "takes senders without a domain, and unknown ones",
        files!("lenient-senders.mc"),
    ),
    accepts_only("discard", "throws foreign mail away", files!("discard.mc")),
    accepts_only("late-refuse-data", "refuses in answer to DATA", files!("late-refuse-data.mc")),
    accepts_only("late-refuse-dot", "refuses the whole message", files!("late-refuse-dot.mc")),
    accepts_only("bounce", "returns foreign mail", files!("bounce.mc")),
    closed(
        "catch-all",
        "takes any local recipient",
        &[
            file!("etc/mail/case.mc", "catch-all.mc"),
            file!("etc/mail/virtusertable", "catch-all.virtusertable"),
        ],
    ),
    closed("nocanonify", "FEATURE(nocanonify)", files!("nocanonify.mc")),
    Case {
        tried: FEW,
        ..closed("greet-pause", "greets after three seconds", files!("greet-pause.mc"))
    },
    lowered(Case {
        tried: FEW,
        ..closed(
            "bad-rcpt-throttle",
            "slow after one refused recipient",
            files!("bad-rcpt-throttle.mc"),
        )
    }),
    lowered(closed(
        "bad-rcpt-shutdown",
        "ends a session at the fourth refused recipient",
        files!("bad-rcpt-shutdown.mc"),
    )),
    lowered(closed(
        "two-connections",
        "two connections at a time",
        files!("two-connections.mc", "two-connections.access"),
    )),
    lowered(Case {
        tried: FEW,
        ..unclear(
            "connection-rate",
            "ten connections a minute, then 421",
            files!("connection-rate.mc", "connection-rate.access"),
            &["throttled"],
        )
    }),
    lowered(Case {
        tried: FEW,
        ..unclear(
            "connection-rate-452",
            "ten connections a minute, then 452",
            files!("connection-rate-452.mc", "connection-rate-452.access"),
            &["throttled"],
        )
    }),
    lowered(closed("two-recipients", "two recipients a message", files!("two-recipients.mc"))),
    lowered(Case {
        tried: FEW,
        ..closed("four-children", "three or four connections at all", files!("four-children.mc"))
    }),
    lowered(closed(
        "twelve-children",
        "twelve processes, and limits to commands that end a session",
        files!("twelve-children.mc"),
    )),
    lowered(closed("impatient", "hangs up after five silent seconds", files!("impatient.mc"))),
    unclear("dnsbl", "a block list, in answer to MAIL", files!("dnsbl.mc"), &["blocked"]),
    closed(
        "dnsbl-delayed",
        "a block list behind the relay check",
        files!("dnsbl-delayed.mc", "dnsbl-delayed.access"),
    ),
    unclear(
        "access-reject",
        "the access table refuses the auditor, in answer to MAIL",
        files!("access-reject.mc", "access-reject.access"),
        &[],
    ),
    unclear(
        "access-reject-delayed",
        "the access table refuses the auditor behind the relay check",
        files!("access-reject-delayed.mc", "access-reject-delayed.access"),
        &[],
    ),
    unclear(
        "require-rdns",
        "refuses clients without a name",
        &[
            file!("etc/mail/case.mc", "require-rdns.mc"),
            file!("etc/nsswitch.conf", "files-only.nsswitch"),
        ],
        &["blocked"],
    ),
    closed(
        "temp-ptr",
        "the client's name cannot be looked up: 450 Relaying temporarily denied",
        &[
            file!("etc/mail/case.mc", "temp-ptr.mc"),
            file!("etc/resolv.conf", "no-name-server.resolv"),
        ],
    ),
    Case {
        transport: Transport::StartTls,
        ..closed(
            "tls-required",
            "454 without TLS",
            files!("tls-required.mc", "tls-required.access"),
        )
    },
    Case {
        transport: Transport::StartTls,
        ..closed(
            "tls-required-permanently",
            "503 without TLS",
            files!("tls-required-permanently.mc", "tls-required-permanently.access"),
        )
    },
    Case {
        transport: Transport::StartTls,
        ..case(
            "tls-required-open",
            "454 without TLS, and an open relay behind it",
            files!("tls-required-open.mc", "tls-required-open.access"),
            Relays::EverythingPlain,
            Verdict::Open,
        )
    },
    Case {
        port: 587,
        ..closed("auth-required", "530 at the submission port", files!("auth-required.mc"))
    },
];
