//! What real servers say, by class; and what only looks like it.

use super::*;

mod servers;
mod traps;

fn names() -> Names {
    let names = ["relay-blocked-530.example", "mx.target.example", "probe.example", "c4n4ry-x9"];
    Names::new(names.map(str::to_owned), &["192.0.2.25".parse().unwrap()])
}

fn class(phase: Phase, text: &str) -> Class {
    names().classify(&Reply::from_text(text).expect(text), phase)
}

fn check(want: Class, texts: &[&str]) {
    for text in texts {
        assert_eq!(class(Phase::Rcpt, text), want, "{text}");
    }
}

/// A name that reads like a verdict means nothing.
#[test]
fn names_are_no_wording() {
    check(
        Class::Unworded,
        &[
            "550 relay-blocked-530.example says no",
            "550 relay-blocked-530.example: <relay.access.denied@x>: no",
            "550 192.0.2.25 [relaying denied] no",
            "550 blocklist@somewhere.test no",
            "550 <relaying denied> no",
            "550 c4n4ry-x9 no",
            "550 RELAY-BLOCKED-530.EXAMPLE. no",
        ],
    );
    // Only the whole name is one.
    let names = Names::new(["relay".to_owned()], &[]);
    let reply = Reply::from_text("550 relaying denied by relay").unwrap();
    assert_eq!(names.classify(&reply, Phase::Rcpt), Class::RelayDenied);
    let reply = Reply::from_text("550 relay: access denied").unwrap();
    assert_eq!(names.classify(&reply, Phase::Rcpt), Class::Denied);
}

#[test]
fn alike_looks_past_names() {
    let reply = |text| Reply::from_text(text).unwrap();
    let one = reply("550 5.7.1 <a@probe.example>: go away mx.target.example");
    assert!(names().alike(&one, &reply("550 5.7.1 <b@local.example>: go away")));
    assert!(!names().alike(&one, &reply("554 5.7.1 <b@local.example>: go away")));
    assert!(!names().alike(&one, &reply("550 5.7.0 <b@local.example>: go away")));
    assert!(!names().alike(&one, &reply("550 5.7.1 <b@local.example>: stay")));
    assert!(names().alike(&reply("550"), &reply("550 <x@y.example>")));
    assert!(!names().alike(&reply("550"), &reply("550 no")));
    // The same words, and another class by its phrase.
    assert!(!names().alike(&reply("550 user no entry"), &reply("550 no user unknown entry")));
}

/// Some codes mean the sender when they answer MAIL.
#[test]
fn codes_that_depend_on_the_phase() {
    for code in [501, 503, 504, 553, 555] {
        assert_eq!(class(Phase::Mail, &format!("{code} no such luck")), Class::SenderRefused);
        assert_ne!(class(Phase::Rcpt, &format!("{code} no such luck")), Class::SenderRefused);
    }
    assert_eq!(class(Phase::Mail, "503 5.5.1 nested MAIL command"), Class::Sequence);
    assert_eq!(class(Phase::Mail, "503 Polite people say HELO first"), Class::Sequence);
    assert_eq!(class(Phase::Mail, "550 no"), Class::Unworded);
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Rset, Phase::Unsolicited] {
        assert_eq!(class(phase, "421 closing"), Class::Throttled, "{phase:?}");
    }
    for phase in [Phase::Greeting, Phase::Ehlo, Phase::Helo] {
        assert_eq!(class(phase, "421 closing"), Class::Deferred, "{phase:?}");
        assert_eq!(class(phase, "421 too many connections"), Class::Throttled, "{phase:?}");
    }
    assert_eq!(class(Phase::Rcpt, "250 Relay access denied"), Class::Accepted);
    assert_eq!(class(Phase::Rcpt, "354 go on"), Class::Odd);
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Rset] {
        assert_eq!(class(phase, "221 2.0.0 Bye"), Class::Odd, "{phase:?}");
    }
    assert_eq!(class(Phase::Quit, "221 2.0.0 Bye"), Class::Accepted);
}

/// Nothing a server says is too odd to be read.
#[test]
fn odd_texts() {
    let texts = [
        "550",
        "550 ",
        "550 .",
        "550 ...",
        "550 <",
        "550 >",
        "550 [",
        "550 <[>]",
        "550 - -- ---",
        "550 '’`",
        "550 @ :// ! | _ *",
        "550 5.7.1",
        "550 \u{202e}deined yaler",
        "550 ÄÖÜ é",
        "550 İİİ",
        "550 ::::::",
        "550 x.y.z",
        "550 5.",
        "550 _",
        "550 |",
    ];
    check(Class::Unworded, &texts);
}

/// Only a message has content; what is said of a recipient in such words is read as before.
#[test]
fn refusals_of_content() {
    for text in [
        "554 5.6.0 rejected",
        "552 5.3.4 Message size exceeds fixed limit",
        "550 5.7.1 message contains a virus",
        "554 5.7.1 Spam message rejected",
        "550 maximum allowed line length is 998 octets, header line too long",
    ] {
        assert_eq!(class(Phase::Message, text), Class::Content, "{text}");
        assert_ne!(class(Phase::Rcpt, text), Class::Content, "{text}");
    }
    assert_eq!(class(Phase::Message, "451 4.6.0 later"), Class::Deferred);
    assert_eq!(class(Phase::Message, "550 relay not permitted, header"), Class::RelayDenied);
    assert_eq!(class(Phase::Data, "554 5.7.1 no"), Class::Unworded);
}

/// A reply is read by its own words, lines and code, whatever was read before: brackets only make two
/// replies the same.
#[test]
fn what_was_read_before_changes_nothing() {
    let replies = [
        ("501-bad address\n501 Too many syntax or protocol errors", Phase::Rcpt),
        ("501 bad address Too many syntax or protocol errors", Phase::Rcpt),
        ("550 <a@b.test>: Relay access denied", Phase::Rcpt),
        ("550 <c@d.test>: Relay access denied", Phase::Rcpt),
        ("550 sender rejected", Phase::Rcpt),
        ("553 no", Phase::Mail),
        ("553 no", Phase::Rcpt),
        ("550 5.1.1 no", Phase::Rcpt),
        ("550 5.7.1 no", Phase::Rcpt),
        ("450 5.7.1 no", Phase::Rcpt),
    ];
    let used = names();
    for (text, phase) in replies.iter().chain(replies.iter().rev()) {
        let reply = Reply::from_text(text).unwrap();
        assert_eq!(used.classify(&reply, *phase), names().classify(&reply, *phase), "{text}");
    }
    let one =
        |at: usize| names().classify(&Reply::from_text(replies[at].0).unwrap(), replies[at].1);
    assert_ne!(one(0), one(1), "lines matter");
    assert_ne!(one(5), one(6), "the phase matters");
    assert_eq!(used.read.lock().unwrap().len(), replies.len() - 1, "brackets do not");
}
