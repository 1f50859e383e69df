//! How replies are read, while the plan grows.

use super::host::{CLOSED, form, host, wire};
use crate::smtp::{Phase, Reply};
use crate::verdict::Reading;

/// Forms that were added with names that are known already are read as before; a new name is not.
#[test]
fn what_brings_no_new_name_is_known() {
    let evidence = host(&CLOSED);
    let reading = Reading::new(&evidence);
    assert!(reading.knows(&[]) && reading.knows(&evidence.forms));
    let with = |change: &dyn Fn(&mut crate::evidence::Form)| {
        let mut added = form("S02");
        change(&mut added);
        reading.knows(&[added])
    };
    assert!(with(&|_| {}));
    assert!(with(&|added| added.envelope.forward_path = wire("user@new.test")), "a plain word");
    assert!(with(&|added| added.envelope.forward_path = wire("x1@new.test")), "too short");
    assert!(!with(&|added| added.envelope.forward_path = wire("nobody-1@new.test")));
    assert!(!with(&|added| added.envelope.reverse_path = wire("relay-4@new.test")));
    assert!(!with(&|added| added.envelope.helo = Some(wire("blocked.example"))));
}

/// What may be owed to a greeting name, what is not, and what is about something else.
#[test]
fn refusals_blame_the_greeting_or_not() {
    let reading = Reading::new(&host(&CLOSED));
    let blames = |text: &str, phase| {
        reading.blames_greeting(&Reply::from_text(text).expect("a reply"), phase)
    };
    assert!(blames("550 5.7.1 Helo command rejected: You are not me", Phase::Rcpt));
    assert!(blames("503 5.5.1 Error: nested MAIL command", Phase::Mail));
    assert!(!blames("554 5.7.1 <a@b.test>: Relay access denied", Phase::Rcpt));
    assert!(!blames("550 5.1.1 no such user here", Phase::Rcpt));
    assert!(!blames("421 4.7.0 too many errors", Phase::Rcpt));
}
