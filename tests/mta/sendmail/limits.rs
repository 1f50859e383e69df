//! The limits of Sendmail, at their values as shipped where that can be waited for.

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
pub(super) static LIMITS: [Limit; 17] = [
    stock(
        "noop",
        &[EHLO],
        Deed::Say(&["NOOP"]),
        20,
        Then::Slow,
        "possible SMTP attack: command=NOOP",
    ),
    stock(
        "helo",
        &[],
        Deed::Say(&[EHLO]),
        3,
        Then::Slow,
        "possible SMTP attack: command=HELO/EHLO",
    ),
    stock(
        "vrfy",
        &[EHLO],
        Deed::Say(&["VRFY postmaster"]),
        6,
        Then::Slow,
        "possible SMTP attack: command=VRFY",
    ),
    stock(
        "etrn",
        &[EHLO],
        Deed::Say(&["ETRN target.test"]),
        8,
        Then::Noted,
        "possible SMTP attack: command=ETRN",
    ),
    stock(
        "unknown-commands",
        &[EHLO],
        Deed::Say(&["HUH"]),
        25,
        Then::Says("421 4.7.0 mx.target.test Too many bad commands; closing connection"),
        "",
    ),
    stock("rset", &[EHLO], Deed::Say(&["RSET"]), 60, Then::Nothing, ""),
    stock("bad-recipients", &[EHLO, MAIL], Deed::Say(&[FOREIGN]), 60, Then::Nothing, ""),
    Limit {
        case: "twelve-children",
        ..stock(
            "helo",
            &[],
            Deed::Say(&[EHLO]),
            5,
            Then::Says("421 4.7.0"),
            "possible SMTP attack: command=HELO/EHLO",
        )
    },
    Limit {
        case: "bad-rcpt-throttle",
        ..stock(
            "bad-recipients",
            &[EHLO, MAIL],
            Deed::Say(&[FOREIGN]),
            1,
            Then::Slow,
            "Possible SMTP RCPT flood, throttling",
        )
    },
    Limit {
        case: "bad-rcpt-shutdown",
        ..stock(
            "bad-recipients",
            &[EHLO, MAIL],
            Deed::Say(&[FOREIGN]),
            3,
            Then::Says("421 4.7.0 mx.target.test Too many bad recipients"),
            "Possible SMTP RCPT flood, shutting down connection",
        )
    },
    Limit {
        case: "two-recipients",
        ..stock(
            "recipients",
            &[EHLO, MAIL],
            Deed::Say(&[LOCAL]),
            2,
            Then::Says("452 4.5.3 Too many recipients"),
            "Too many recipients",
        )
    },
    Limit {
        case: "greet-pause",
        ..stock(
            "early-talk",
            &[],
            Deed::Interrupt("EHLO other.audit.test\r\n"),
            0,
            Then::Says("554 mx.target.test"),
            "pre-greeting traffic",
        )
    },
    Limit {
        case: "two-connections",
        ..stock(
            "connections",
            &[],
            Deed::Connect,
            2,
            Then::Says("421 4.3.2 Too many open connections"),
            "Too many open connections",
        )
    },
    Limit {
        case: "connection-rate",
        ..stock(
            "connections",
            &[],
            Deed::Visit,
            10,
            Then::Says("421 4.3.2 Connection rate limit exceeded"),
            "limit exceeded",
        )
    },
    Limit {
        case: "four-children",
        ..stock(
            "connections",
            &[],
            Deed::Crowd(5),
            0,
            Then::Says("error: connect"),
            "rejecting connections on daemon",
        )
    },
    Limit {
        case: "impatient",
        ..stock(
            "silence",
            &[],
            Deed::Wait,
            0,
            Then::Says("connection closed"),
            "timeout waiting for input",
        )
    },
    Limit {
        case: "temp-ptr",
        ..stock(
            "relaying",
            &[EHLO, MAIL],
            Deed::Say(&[FOREIGN]),
            0,
            Then::Says("450 4.4.0 <reader@audit.test>... Relaying temporarily denied"),
            "Relaying temporarily denied",
        )
    },
];
