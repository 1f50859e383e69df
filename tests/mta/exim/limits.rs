//! The limits of Exim, at their values as shipped where that can be waited for.

use super::super::limit::{Deed, Limit, Then};

const EHLO: &str = "EHLO other.audit.test";
const MAIL: &str = "MAIL FROM:<>";
const FOREIGN: &str = "RCPT TO:<reader@audit.test>";
const LOCAL: &str = "RCPT TO:<jane@target.test>";

const fn stock(
    name: &'static str,
    prelude: &'static [&'static str],
    deed: Deed,
    free: usize,
    then: Then,
    log: &'static str,
) -> Limit {
    Limit { name, case: "stock", prelude, deed, free, then, log }
}

/// Every limit.
pub(super) static LIMITS: [Limit; 14] = [
    stock(
        "rset",
        &[EHLO],
        Deed::Say(&["RSET"]),
        11,
        Then::Says("554 Too many nonmail commands"),
        "too many nonmail commands",
    ),
    stock(
        "vrfy",
        &[EHLO],
        Deed::Say(&["VRFY postmaster"]),
        10,
        Then::Says("554 Too many nonmail commands"),
        "too many nonmail commands",
    ),
    stock(
        "ehlo",
        &[],
        Deed::Say(&[EHLO]),
        11,
        Then::Says("554 Too many nonmail commands"),
        "too many nonmail commands",
    ),
    stock(
        "syntax",
        &[EHLO, MAIL],
        Deed::Say(&["RCPT TO:<reader@target.test@audit.test>"]),
        3,
        Then::Says("Too many syntax or protocol errors"),
        "too many syntax or protocol errors",
    ),
    stock(
        "unknown-commands",
        &[EHLO],
        Deed::Say(&["HUH"]),
        3,
        Then::Says("500 Too many unrecognized commands"),
        "too many unrecognized commands",
    ),
    stock(
        "bad-recipients",
        &[EHLO, MAIL],
        Deed::Say(&[FOREIGN]),
        10,
        Then::Says("550 Rejected for too many bad recipients"),
        "too many bad recipients",
    ),
    Limit {
        case: "too-many-bad",
        ..stock(
            "good-one",
            &[EHLO, MAIL],
            Deed::Say(&[FOREIGN, FOREIGN, FOREIGN, LOCAL]),
            0,
            Then::Says("550 Rejected for too many bad recipients"),
            "too many bad recipients",
        )
    },
    Limit {
        case: "one-message",
        ..stock(
            "messages",
            &[EHLO],
            Deed::Say(&["RSET", MAIL]),
            1,
            Then::Says("421 too many messages in this connection"),
            "too many messages",
        )
    },
    Limit {
        case: "enforce-sync",
        ..stock(
            "early-talk",
            &[],
            Deed::Interrupt("EHLO other.audit.test\r\n"),
            0,
            Then::Says("554 SMTP synchronization error"),
            "synchronization error",
        )
    },
    Limit {
        case: "enforce-sync",
        ..stock(
            "pipelining",
            &[EHLO],
            Deed::Blurt("NOOP\r\nNOOP\r\n"),
            0,
            Then::Says("554 SMTP synchronization error"),
            "synchronization error",
        )
    },
    Limit {
        case: "one-connection",
        ..stock(
            "connections",
            &[],
            Deed::Connect,
            1,
            Then::Says("421 Too many concurrent SMTP connections"),
            "too many connections",
        )
    },
    Limit {
        case: "per-host-1",
        ..stock(
            "connections",
            &[],
            Deed::Connect,
            1,
            Then::Says("421 Too many concurrent SMTP connections"),
            "too many connections from that IP address",
        )
    },
    Limit {
        case: "recipients-2",
        ..stock(
            "recipients",
            &[EHLO, MAIL],
            Deed::Say(&[LOCAL]),
            2,
            Then::Says("552 too many recipients"),
            "too many recipients",
        )
    },
    Limit {
        case: "impatient",
        ..stock(
            "silence",
            &[],
            Deed::Wait,
            0,
            Then::Says("421 mx.target.test: SMTP command timeout"),
            "SMTP command timeout",
        )
    },
];
