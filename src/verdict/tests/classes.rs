//! Reply classes 1 to 5, of the connection, of us and of the sender: yes, no, and cannot tell.

use super::host::{GREYLISTED, OK, RELAY, check_outcomes, on_port, outcome};

const BLOCK: &str =
    "554 5.7.1 Service unavailable; Client host [198.51.100.66] blocked using bl.test";

/// Class 1: a lost connection, a complaint, a greeting that ends the host.
#[test]
fn losses_and_complaints() {
    check_outcomes(&[
        ("closed at RCPT", &[("S02", "closed")], "inconclusive connection-lost"),
        ("reset at MAIL", &[("S02", "mail: reset")], "inconclusive connection-lost"),
        (
            "closed in place of a greeting",
            &[("S02", "greeting: closed")],
            "inconclusive connection-lost",
        ),
        ("no reply in time", &[("S02", "timeout")], "inconclusive timeout"),
        ("no reply at all", &[("S02", "fault")], "inconclusive peer-fault"),
        ("a reply that does not belong there", &[("S02", "354 go on")], "inconclusive peer-fault"),
        ("never answered", &[("S02", ""), ("S04", RELAY)], "inconclusive not-answered"),
        ("421 at RCPT", &[("S02", "421 4.3.2 closing")], "inconclusive throttled"),
        (
            "421 at MAIL",
            &[("S10", "mail: 421 4.7.0 too many errors"), ("S02", RELAY)],
            "inconclusive throttled",
        ),
        (
            "too many, permanently",
            &[("S02", "550 too many bad recipients")],
            "inconclusive throttled",
        ),
        (
            "too many at EHLO is no word on the name",
            &[("H01", "ehlo: 554 too many connections"), ("S02", RELAY)],
            "inconclusive throttled",
        ),
        (
            "relay wording stands, although it closes",
            &[("S02", "421 4.7.1 Relay access denied")],
            "refused relay",
        ),
        (
            "relay wording stands, although it complains",
            &[("S02", "554 5.7.1 Relaying denied, too many errors")],
            "refused relay",
        ),
        (
            "a greeting that is a refusal",
            &[("S02", "greeting: 554 no SMTP service here")],
            "inconclusive blocked",
        ),
        (
            "a greeting is no refusal to relay, whatever it says",
            &[("S02", "greeting: 554 Relaying denied")],
            "inconclusive blocked",
        ),
        (
            "a greeting asks for no login",
            &[("S02", "greeting: 530 Authentication required")],
            "inconclusive blocked",
        ),
        ("a greeting that puts off", &[("S02", "greeting: 421 busy")], "deferred"),
        (
            "a greeting that throttles",
            &[("S02", "greeting: 421 too many connections")],
            "inconclusive throttled",
        ),
        ("refused RSET is a complaint", &[("S02", "rset: 554 no more")], "inconclusive throttled"),
        ("unasked goodbye", &[("S02", "unasked: 554 idle")], "inconclusive connection-lost"),
        (
            "MAIL accepted and nothing asked",
            &[("S10", "mail: 250 ok"), ("S02", RELAY)],
            "inconclusive not-answered",
        ),
    ]);
}

/// Class 2: TLS or a login first.
#[test]
fn tls_and_login() {
    check_outcomes(&[
        (
            "TLS at MAIL",
            &[("S02", "mail: 530 5.7.0 Must issue a STARTTLS command first")],
            "tls-required",
        ),
        ("TLS at RCPT, in other words", &[("S02", "530 5.7.0 Encryption needed")], "tls-required"),
        (
            "TLS without 530",
            &[("S02", "mail: 451 5.7.3 STARTTLS is required to send mail")],
            "tls-required",
        ),
        ("login at MAIL", &[("S02", "mail: 530 5.7.0 Authentication required")], "auth-required"),
        ("login at RCPT", &[("S02", "503 AUTH first (#5.5.1)")], "auth-required"),
        ("login, by code alone", &[("S02", "530 not yet")], "auth-required"),
        (
            "530 and a list",
            &[("S02", "530 5.7.1 client is in the spamhaus blocklist")],
            "inconclusive blocked",
        ),
    ]);
}

/// Class 3: relay wording outranks client wording; a submission port that wants a login.
#[test]
fn relay_wording_and_submission() {
    check_outcomes(&[
        (
            "both in one reply",
            &[("S02", "554 5.7.1 Client host rejected: Relay access denied")],
            "refused relay",
        ),
        (
            "transient",
            &[("S02", "454 4.7.1 <c4n4ry@probe.example>: Relay access denied")],
            "refused relay",
        ),
        ("at MAIL", &[("S02", "mail: 550 we do not relay")], "refused relay"),
        (
            "the client only",
            &[("S02", "554 5.7.1 Client host rejected: Access denied")],
            "inconclusive blocked",
        ),
    ]);
    let everyone = "554 5.7.1 <x[198.51.100.66]>: Client host rejected: Access denied";
    let recipient = "554 5.7.1 <c4n4ry@probe.example>: Recipient address rejected: Access denied";
    let for_all: &[_] =
        &[("S02", recipient), ("S02 postmaster", recipient), ("S02 random", recipient)];
    let but_one: &[_] = &[("S02", recipient), ("S02 postmaster", OK), ("S02 random", recipient)];
    let unanswered: &[_] = &[("S02", recipient), ("S02 postmaster", recipient), ("S02 random", "")];
    let table: &[(&str, u16, bool, &[_], &str)] = &[
        ("587 with AUTH", 587, true, &[("S02", everyone)], "auth-required"),
        (
            "587 with AUTH, at MAIL",
            587,
            true,
            &[("S02", "mail: 554 5.7.1 Client host rejected: Access denied")],
            "auth-required",
        ),
        ("587 without AUTH", 587, false, &[("S02", everyone)], "inconclusive blocked"),
        ("25 with AUTH", 25, true, &[("S02", everyone)], "inconclusive blocked"),
        ("a list holds for us alone", 587, true, &[("S02", BLOCK)], "inconclusive blocked"),
        (
            "so does a missing name",
            587,
            true,
            &[("S02", "450 4.7.25 Client host rejected: cannot find your hostname")],
            "inconclusive blocked",
        ),
        (
            "not now is no login",
            587,
            true,
            &[("S02", "450 4.7.1 Client host rejected: try later")],
            "inconclusive blocked",
        ),
        ("every recipient alike", 587, true, for_all, "auth-required"),
        ("every recipient alike, but one", 587, true, but_one, "inconclusive no-local-user"),
        ("not everyone was asked", 587, true, unanswered, "inconclusive blocked"),
        ("every recipient alike, no AUTH", 587, false, for_all, "inconclusive blocked"),
        ("every recipient alike on 25", 25, true, for_all, "inconclusive blocked"),
        (
            "a greeting, after AUTH was seen",
            587,
            true,
            &[("S02", "greeting: 554 Client host rejected: Access denied")],
            "inconclusive blocked",
        ),
    ];
    for (name, port, auth, lines, want) in table {
        let mut evidence = on_port(*port, lines);
        evidence.extensions = auth.then(|| "AUTH".to_owned()).into_iter().collect();
        assert_eq!(outcome(&evidence), *want, "{name}");
    }
}

/// Class 4: refusals of our greeting name and of us.
#[test]
fn helo_and_client() {
    let not_me = "554 5.7.1 <mx.target.example>: Helo command rejected: You are not me";
    check_outcomes(&[
        (
            "own name refused at EHLO",
            &[("H01", "ehlo: 554 5.7.1 no"), ("S02", RELAY)],
            "refused helo",
        ),
        ("own name refused at HELO", &[("H01", "helo: 501 no"), ("S02", RELAY)], "refused helo"),
        (
            "own name refused at MAIL",
            &[("H01", "mail: 550 bad HELO"), ("S02", RELAY)],
            "refused helo",
        ),
        ("own name refused at RCPT", &[("H01", not_me), ("S02", RELAY)], "refused helo"),
        (
            "refused for everyone under that name, in any words",
            &[("H01", "550 nein"), ("H01 postmaster", "550 nein"), ("S02", RELAY)],
            "refused helo",
        ),
        (
            "no plain form was judged",
            &[("H01", not_me), ("S02", GREYLISTED)],
            "inconclusive helo-refused",
        ),
        ("no plain form was asked", &[("H01", not_me)], "inconclusive helo-refused"),
        (
            "a local sender is no plain form",
            &[("H01", not_me), ("S10", RELAY)],
            "inconclusive helo-refused",
        ),
        ("EHLO put off", &[("H01", "ehlo: 451 later"), ("S02", RELAY)], "deferred"),
        (
            "EHLO refused to the client",
            &[("H01", "ehlo: 554 Client host rejected"), ("S02", RELAY)],
            "inconclusive blocked",
        ),
        (
            "our own name is refused",
            &[("S02", "ehlo: 550 bad name"), ("S04", RELAY)],
            "inconclusive helo-refused",
        ),
        (
            "our own name is refused at RCPT",
            &[("R01", "550 5.7.1 HELO rejected"), ("S04", RELAY)],
            "inconclusive helo-refused",
        ),
        ("listed", &[("S02", BLOCK)], "inconclusive blocked"),
        (
            "listed, at MAIL",
            &[("S02", "mail: 554 5.7.1 rejected, see the blacklist")],
            "inconclusive blocked",
        ),
        ("no PTR record", &[("S02", "550 5.7.25 no PTR")], "inconclusive blocked"),
        (
            "listed, and relaying denied",
            &[("S02", "554 5.7.1 Relaying denied. Your IP is in the blocklist")],
            "refused relay",
        ),
    ]);
}

/// MAIL straight after the greeting of the server.
#[test]
fn no_greeting() {
    check_outcomes(&[
        (
            "503",
            &[("H06", "mail: 503 5.5.1 Error: send HELO/EHLO first"), ("S02", RELAY)],
            "refused helo",
        ),
        ("503 in any words", &[("H06", "mail: 503 nein"), ("S02", RELAY)], "refused helo"),
        (
            "550 for want of HELO",
            &[("H06", "mail: 550 5.5.1 HELO/EHLO needed"), ("S02", RELAY)],
            "refused helo",
        ),
        ("no plain form was judged", &[("H06", "mail: 503 nein")], "inconclusive helo-refused"),
        (
            "with a greeting it is our fault",
            &[("H01", "mail: 503 send HELO first"), ("S02", RELAY)],
            "inconclusive unknown-wording",
        ),
        ("accepted without", &[("H06", OK), ("S02", RELAY)], "accepted-recipient"),
        ("refused without", &[("H06", RELAY), ("S02", RELAY)], "refused relay"),
        ("put off", &[("H06", "mail: 450 later"), ("S02", RELAY)], "deferred"),
    ]);
}

/// Class 5: refusals of the sender.
#[test]
fn sender() {
    let refused =
        "mail: 553 5.7.1 <postmaster@target.example>: Sender address rejected: not logged in";
    check_outcomes(&[
        (
            "refused at MAIL, and a plain form judged",
            &[("S10", refused), ("S02", RELAY)],
            "refused sender",
        ),
        (
            "refused at RCPT",
            &[("S10", "550 Sender verify failed"), ("S02", RELAY)],
            "refused sender",
        ),
        ("in any words at MAIL", &[("S10", "mail: 550 nein"), ("S02", RELAY)], "refused sender"),
        (
            "plain form itself, by another plain one",
            &[("S01", "mail: 550 SPF"), ("S04", RELAY)],
            "refused sender",
        ),
        (
            "no plain form judged",
            &[("S10", refused), ("S02", GREYLISTED)],
            "inconclusive sender-refused",
        ),
        ("the only plain form", &[("S02", refused)], "inconclusive sender-refused"),
        (
            "a recipient form has no other sender",
            &[("R01", refused), ("S02", RELAY)],
            "inconclusive sender-refused",
        ),
        (
            "nor has a greeting form",
            &[("H01", refused), ("S02", RELAY)],
            "inconclusive sender-refused",
        ),
        ("not now", &[("S10", "mail: 451 4.3.0 try later"), ("S02", RELAY)], "deferred"),
        (
            "unresolvable for the moment",
            &[("R01", "450 4.1.8 Sender address rejected: Domain not found")],
            "inconclusive sender-refused",
        ),
        (
            "greylisted at MAIL",
            &[("S10", "mail: 450 4.7.1 greylisted"), ("S02", RELAY)],
            "deferred",
        ),
        (
            "out of sequence is our fault",
            &[("S10", "mail: 503 5.5.1 nested MAIL command"), ("S02", RELAY)],
            "inconclusive unknown-wording",
        ),
        (
            "its domain is unknown, at RCPT",
            &[("R01", "550 5.1.0 audit.example: no such domain")],
            "inconclusive sender-refused",
        ),
        (
            "it does not exist, at RCPT",
            &[("S01", "550 <probe@probe.example> does not exist"), ("S04", RELAY)],
            "refused sender",
        ),
    ]);
}
