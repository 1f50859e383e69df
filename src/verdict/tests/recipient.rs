//! Reply classes 6 to 9, of the moment and of the recipient: yes, no, and cannot tell.

use super::host::{GREYLISTED, OK, RELAY, UNKNOWN, check_outcomes, host, outcome};

/// Class 6: not now.
#[test]
fn deferrals() {
    check_outcomes(&[
        ("greylisted", &[("S02", GREYLISTED)], "deferred"),
        ("postscreen", &[("S02", "450 4.3.2 Service currently unavailable")], "deferred"),
        ("no words", &[("S02", "451 4.0.0 x")], "deferred"),
        ("never by difference", &[("S02", "451 4.0.0 x"), ("S02 user", OK)], "deferred"),
        (
            "relay wording is no greylisting",
            &[("S02", "450 4.7.1 Relaying denied: IP name lookup failed")],
            "refused relay",
        ),
        (
            "a greylist that mentions relaying is one",
            &[("S02", "451 4.7.1 greylisted: relay access denied for 300 s")],
            "deferred",
        ),
        ("answered when asked again", &[("S02", GREYLISTED), ("S02", RELAY)], "refused relay"),
        ("put off when asked again", &[("S02", RELAY), ("S02", GREYLISTED)], "deferred"),
        ("accepted when asked again", &[("S02", GREYLISTED), ("S02", OK)], "accepted-recipient"),
    ]);
}

/// Class 7: the form of the address.
#[test]
fn syntax() {
    check_outcomes(&[
        ("worded", &[("R01", "550 restricted characters in address")], "refused syntax"),
        ("status", &[("R01", "550 5.1.3 nein")], "refused syntax"),
        ("501", &[("R06", "501 nein")], "refused syntax"),
        ("500", &[("R06", "500 nein")], "refused syntax"),
        ("553", &[("R01", "553 nein")], "refused syntax"),
        ("555", &[("R01", "555 nein")], "refused syntax"),
        ("550 is no syntax", &[("R01", "550 nein")], "inconclusive unknown-wording"),
        ("502 is no syntax", &[("R01", "502 nein")], "inconclusive unknown-wording"),
        ("a route", &[("R15", "501 5.1.3 no source routes")], "refused syntax"),
        ("a plain address has none", &[("S02", "553 nein")], "inconclusive unknown-wording"),
        (
            "a plain address, by difference",
            &[("S02", "553 nein"), ("S02 user", OK)],
            "refused relay",
        ),
        (
            "out of sequence is no syntax",
            &[("R01", "503 5.5.1 need MAIL")],
            "inconclusive unknown-wording",
        ),
    ]);
}

/// Class 8: unknown users and the verification of recipients.
#[test]
fn unknown_users() {
    let callout = "550-Callout verification failed:\n550 550 5.1.1 User unknown";
    check_outcomes(&[
        ("at the host name", &[("R01", UNKNOWN)], "refused unknown-user"),
        (
            "at the mail domain",
            &[("R03", "550 5.1.10 Recipient not found by SMTP address lookup")],
            "refused unknown-user",
        ),
        ("without a domain", &[("R06", "550 no such user")], "refused unknown-user"),
        ("at the address", &[("R02", "550 Unrouteable address")], "refused unknown-user"),
        (
            "OpenSMTPD's words at the own domain",
            &[("R01", "550 Invalid recipient")],
            "refused unknown-user",
        ),
        (
            "foreign",
            &[("S02", "550 5.1.1 User unknown"), ("S02 user", OK)],
            "inconclusive recipient-verification",
        ),
        (
            "foreign, routed",
            &[("R15", "550 5.1.1 User unknown")],
            "inconclusive recipient-verification",
        ),
        ("foreign, 4.1.x", &[("S02", "450 4.1.4 nein")], "inconclusive recipient-verification"),
        ("foreign, 5.1.2", &[("S02", "550 5.1.2 nein")], "inconclusive recipient-verification"),
        ("foreign, 5.1.10", &[("S02", "550 5.1.10 nein")], "inconclusive recipient-verification"),
        (
            "foreign, the RFC's words",
            &[("S02", "550 mailbox unavailable"), ("S02 user", OK)],
            "inconclusive recipient-verification",
        ),
        ("foreign callout", &[("S02", callout)], "inconclusive recipient-verification"),
        (
            "a callout goes elsewhere, from any domain",
            &[("R01", callout)],
            "inconclusive recipient-verification",
        ),
        (
            "the foreign host is unknown: the form was taken apart",
            &[("R01", "550 5.1.2 Host unknown")],
            "inconclusive recipient-verification",
        ),
        (
            "the foreign mailbox is unknown: likewise",
            &[("R01", "550 5.1.1 <c4n4ry@probe.example>: User unknown")],
            "inconclusive recipient-verification",
        ),
        (
            "the form itself is unknown",
            &[("R01", "550 5.1.1 <c4n4ry%probe.example@mx.target.example>: User unknown")],
            "refused unknown-user",
        ),
        (
            "in a form with the domain first",
            &[("R20", "550 5.1.1 <c4n4ry@probe.example>: User unknown")],
            "inconclusive recipient-verification",
        ),
        (
            "the quoted form at a domain is unknown, dequoted",
            &[("R11", "550 5.1.1 <c4n4ry@probe.example@mx.target.example>: User unknown")],
            "refused unknown-user",
        ),
        (
            "the quoted percent form is unknown, dequoted",
            &[("R14", "550 5.1.1 <c4n4ry%probe.example@target.example>: User unknown")],
            "refused unknown-user",
        ),
        (
            "the quoted form itself is unknown",
            &[("R06", "550 5.1.1 <\"c4n4ry@probe.example\">: User unknown")],
            "refused unknown-user",
        ),
        ("not yet known", &[("R01", "450 4.1.1 unverified address: in progress")], "deferred"),
        ("softly unknown", &[("R01", "450 4.1.1 User unknown")], "deferred"),
        (
            "not verified",
            &[(
                "R01",
                "550 5.1.1 undeliverable address: host mx.probe.example[192.0.2.1] said: 550 no (in reply to RCPT TO command)",
            )],
            "inconclusive recipient-verification",
        ),
        (
            "the RFC's words at the own domain tell nothing",
            &[("R01", "550 mailbox unavailable")],
            "inconclusive unknown-wording",
        ),
        (
            "but for what users get",
            &[
                ("R01", "550 mailbox unavailable"),
                ("R01 random", "550 mailbox unavailable"),
                ("R01 user", OK),
            ],
            "refused unknown-user",
        ),
    ]);
}

/// Class 9: acceptances.
#[test]
fn acceptances() {
    check_outcomes(&[
        ("250", &[("S02", OK)], "accepted-recipient"),
        ("251", &[("S02", "251 2.1.5 will forward")], "accepted-recipient"),
        ("routed", &[("R15", OK)], "accepted-recipient"),
        ("own greeting name", &[("H01", OK)], "accepted-recipient"),
        ("whatever the text says", &[("S02", "250 relay access denied")], "accepted-recipient"),
        ("at MAIL it is none", &[("S02", "mail: 250 ok")], "inconclusive not-answered"),
        (
            "at EHLO it is none",
            &[("H01", "ehlo: 250 ok"), ("S02", RELAY)],
            "inconclusive not-answered",
        ),
    ]);
    assert_eq!(outcome(&host(&[("S02", OK), ("S02", RELAY)])), "refused relay");
}
