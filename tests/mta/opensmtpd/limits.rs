//! The limits of OpenSMTPD, at their values as shipped where that can be waited for.

use super::super::limit::{Deed, Limit, Then};

const EHLO: &str = "EHLO other.audit.test";
const MAIL: &str = "MAIL FROM:<>";
const FOREIGN: &str = "RCPT TO:<reader@audit.test>";
const LOCAL: &str = "RCPT TO:<jane@target.test>";

/// A whole message: one that is given up does not count.
const WHOLE: &[&str] = &[MAIL, LOCAL, "DATA", "Subject: one of many\r\n\r\n."];

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
pub(super) static LIMITS: [Limit; 7] = [
    stock(
        "messages",
        &[EHLO],
        Deed::Say(WHOLE),
        100,
        Then::Says("452 4.5.3"),
        "result=\"452 4.5.3",
    ),
    stock(
        "recipients",
        &[EHLO, MAIL],
        Deed::Say(&[LOCAL]),
        1000,
        Then::Says("451 4.5.3"),
        "result=\"451 4.5.3",
    ),
    Limit {
        case: "limits",
        ..stock(
            "messages",
            &[EHLO],
            Deed::Say(WHOLE),
            2,
            Then::Says("452 4.5.3"),
            "result=\"452 4.5.3",
        )
    },
    Limit {
        case: "limits",
        ..stock(
            "recipients",
            &[EHLO, MAIL],
            Deed::Say(&[LOCAL]),
            2,
            Then::Says("451 4.5.3"),
            "result=\"451 4.5.3",
        )
    },
    stock(
        "pipelining",
        &[],
        Deed::Blurt("EHLO other.audit.test\r\nMAIL FROM:<>\r\n"),
        0,
        Then::Says("500 5.5.1 Invalid command: Pipelining not supported"),
        "",
    ),
    stock("helo", &[], Deed::Say(&["EHLO other audit"]), 0, Then::Says("501"), "501"),
    stock("bad-recipients", &[EHLO, MAIL], Deed::Say(&[FOREIGN]), 60, Then::Nothing, ""),
];
