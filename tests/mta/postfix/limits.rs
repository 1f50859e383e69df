//! The limits of Postfix, at their values as shipped where that can be waited for.

use super::super::limit::{Deed, Limit, Then};

const EHLO: &str = "EHLO other.audit.test";
const MAIL: &str = "MAIL FROM:<>";
const FOREIGN: &str = "RCPT TO:<reader@audit.test>";
const LOCAL: &str = "RCPT TO:<jane@target.test>";

/// A session at its first recipient.
const ENVELOPE: &[&str] = &[EHLO, MAIL];

/// A limit of the server as shipped, met on one connection.
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
pub(super) static LIMITS: [Limit; 24] = [
    stock("soft-errors", ENVELOPE, Deed::Say(&[FOREIGN]), 10, Then::Slow, ""),
    stock(
        "hard-errors",
        ENVELOPE,
        Deed::Say(&[FOREIGN]),
        20,
        Then::Says("421 4.7.0 mx.target.test Error: too many errors"),
        "too many errors after RCPT",
    ),
    stock(
        "unknown-commands",
        &[EHLO],
        Deed::Say(&["HUH"]),
        20,
        Then::Says("421 4.7.0 mx.target.test Error: too many errors"),
        "too many errors after UNKNOWN",
    ),
    stock(
        "junk",
        &[EHLO],
        Deed::Say(&["RSET"]),
        120,
        Then::Says("421 4.7.0 mx.target.test Error: too many errors"),
        "too many errors after RSET",
    ),
    stock(
        "recipients",
        ENVELOPE,
        Deed::Say(&[LOCAL]),
        1000,
        Then::Says("452 4.5.3 Error: too many recipients"),
        "",
    ),
    stock("messages", &[EHLO], Deed::Say(&[MAIL, "RSET"]), 60, Then::Nothing, ""),
    stock(
        "forbidden",
        &[],
        Deed::Blurt("GET / HTTP/1.0\r\n"),
        0,
        Then::Says("221 2.7.0"),
        "non-SMTP command from",
    ),
    stock(
        "header",
        &[],
        Deed::Blurt("Subject: mail\r\n"),
        0,
        Then::Says("221 2.7.0"),
        "non-SMTP command from",
    ),
    Limit {
        case: "forbid-pipelining",
        ..stock(
            "pipelining",
            &[],
            Deed::Blurt("EHLO other.audit.test\r\nMAIL FROM:<>\r\nRCPT TO:<a@audit.test>\r\n"),
            0,
            Then::Says("554 5.5.0"),
            "improper command pipelining after",
        )
    },
    Limit {
        case: "soft-limit",
        ..stock("lowered", ENVELOPE, Deed::Say(&[FOREIGN]), 1, Then::Slow, "")
    },
    Limit {
        case: "recipient-limit",
        ..stock(
            "lowered",
            ENVELOPE,
            Deed::Say(&[LOCAL]),
            2,
            Then::Says("452 4.5.3 Error: too many recipients"),
            "",
        )
    },
    Limit {
        case: "one-connection",
        ..stock(
            "connections",
            &[],
            Deed::Connect,
            1,
            Then::Says("421 4.7.0 mx.target.test Error: too many connections"),
            "Connection concurrency limit exceeded",
        )
    },
    Limit {
        case: "connection-rate",
        ..stock(
            "connections",
            &[],
            Deed::Visit,
            3,
            Then::Says("421 4.7.0 mx.target.test Error: too many connections"),
            "Connection rate limit exceeded",
        )
    },
    Limit {
        case: "message-rate",
        ..stock(
            "messages",
            &[EHLO],
            Deed::Say(&["RSET", MAIL]),
            5,
            Then::Says("450 4.7.1 Error: too much mail"),
            "Message delivery request rate limit exceeded",
        )
    },
    Limit {
        case: "recipient-rate",
        ..stock(
            "recipients",
            ENVELOPE,
            Deed::Say(&[LOCAL]),
            5,
            Then::Says("450 4.7.1 Error: too many recipients"),
            "Recipient address rate limit exceeded",
        )
    },
    Limit {
        case: "tls-rate",
        ..stock(
            "sessions",
            &[],
            Deed::Visit,
            2,
            Then::Says("421 4.7.0"),
            "New TLS session rate limit exceeded",
        )
    },
    Limit {
        case: "impatient",
        ..stock("silence", &[], Deed::Wait, 0, Then::Says("421 4.4.2"), "timeout after CONNECT")
    },
    Limit {
        case: "postscreen",
        ..stock(
            "early-talk",
            &[],
            Deed::Interrupt("EHLO other.audit.test\r\n"),
            0,
            Then::Says("CHUNKING"),
            "PREGREET",
        )
    },
    Limit {
        case: "postscreen",
        ..stock(
            "pipelining",
            &[],
            Deed::Blurt("EHLO other.audit.test\r\nMAIL FROM:<>\r\n"),
            0,
            Then::Says("250"),
            "COMMAND PIPELINING",
        )
    },
    Limit {
        case: "postscreen",
        ..stock(
            "commands",
            &[],
            Deed::Say(&["NOOP"]),
            20,
            Then::Says("Service unavailable - try again later"),
            "COMMAND COUNT LIMIT",
        )
    },
    Limit {
        case: "postscreen",
        ..stock(
            "forbidden",
            &[],
            Deed::Blurt("GET / HTTP/1.0\r\n"),
            0,
            Then::Says("521"),
            "NON-SMTP COMMAND",
        )
    },
    Limit {
        case: "postscreen",
        ..stock(
            "line-feed",
            &[],
            Deed::Blurt("EHLO other.audit.test\n"),
            0,
            Then::Says("CHUNKING"),
            "BARE NEWLINE",
        )
    },
    Limit {
        case: "postscreen-commands",
        ..stock(
            "commands",
            &[],
            Deed::Say(&["NOOP"]),
            5,
            Then::Says("Service unavailable - try again later"),
            "COMMAND COUNT LIMIT",
        )
    },
    Limit {
        case: "postscreen-commands",
        ..stock("silence", &[], Deed::Wait, 0, Then::Says("closed"), "COMMAND TIME LIMIT")
    },
];
