//! Mail that a server should take: refused, taken, and cannot tell.

use crate::evidence::Evidence;
use crate::finding::{Confidence, Finding, Severity};
use crate::verdict::{Taken, Verdict, findings, judge, own_mail};

use super::host::{GREYLISTED, Line, OK, RELAY, UNKNOWN, host, on_port};

const NO: &str = "550 5.7.1 Nein danke";
const BLOCK: &str = "554 5.7.1 Client host [198.51.100.66] blocked using bl.test";
const END: Line<'_> = ("S02 end", RELAY);

const HELO: &str = "helo-overblocking";
const NULL: &str = "null-sender-refused";
const POSTMASTER: &str = "postmaster-refused";

fn found(evidence: &Evidence, id: &str) -> Option<Finding> {
    let found = findings(evidence, &judge(evidence));
    found.into_iter().find(|finding| finding.id == id)
}

/// `accepted`, `refused` with the confidence, `not-applicable`, or why nothing is known. The
/// finding goes with the refusal and with nothing else.
fn taken(evidence: &Evidence, id: &str) -> String {
    let mail = own_mail(evidence, &judge(evidence));
    let taken = match id {
        HELO => mail.mismatched_helo,
        NULL => mail.null_sender,
        _ => mail.postmaster,
    };
    let refused = matches!(taken, Taken::Refused(_));
    assert_eq!(found(evidence, id).is_some(), refused, "{id}");
    match taken {
        Taken::Accepted => "accepted".into(),
        Taken::Refused(refused) => format!("refused {}", refused.confidence.as_str()),
        Taken::Unknown { why, .. } => why.into(),
        Taken::NotApplicable => "not-applicable".into(),
    }
}

fn check(id: &str, table: &[(&str, &[Line<'_>], &str)]) {
    for (name, lines, want) in table {
        assert_eq!(taken(&host(lines), id), *want, "{name}");
    }
}

#[test]
fn a_name_that_is_not_ours() {
    let with = |answer| [("S02", RELAY), ("S02 postmaster", OK), ("S02 mismatch", answer), END];
    let yes = "refused medium";
    let cases = [
        (OK, "accepted"),
        ("ehlo: 550 5.7.1 HELO does not match your address", yes),
        ("helo: 550 no", yes),
        ("mail: 550 5.7.1 Nein danke", yes),
        (NO, yes),
        ("550 5.7.1 <mismatch-x9.audit.example>: Helo command rejected: Host not found", yes),
        // The same client is answered as before under its own name.
        (BLOCK, yes),
        ("450 4.7.1 Helo command rejected: Host not found", "helo-refused"),
        (GREYLISTED, "deferred"),
        ("554 5.7.0 too many errors", "throttled"),
        ("mail: 530 5.7.0 Must issue a STARTTLS command first", "tls-required"),
        ("530 5.7.0 Authentication required", "auth-required"),
        ("greeting: 554 no", "blocked"),
        ("closed", "connection-lost"),
        ("timeout", "timeout"),
        ("", "not-answered"),
    ];
    for (answer, want) in cases {
        assert_eq!(taken(&host(&with(answer)), HELO), want, "{answer}");
    }
}

#[test]
fn a_name_that_is_not_ours_needs_a_comparison() {
    check(
        HELO,
        &[
            ("not asked", &[("S02", RELAY), ("S02 postmaster", OK), END], "not-asked"),
            (
                "refused under our own name too",
                &[("S02", RELAY), ("S02 postmaster", UNKNOWN), ("S02 mismatch", UNKNOWN), END],
                "unknown-user",
            ),
            (
                "not asked under our own name",
                &[("S02", RELAY), ("S02 mismatch", NO), END],
                "not-asked",
            ),
            (
                "accepted from another sender only",
                &[("S02", RELAY), ("S04 postmaster", OK), ("S02 mismatch", NO), END],
                "not-asked",
            ),
            (
                "another recipient",
                &[("S02", RELAY), ("S02 user", OK), ("S02 mismatch", NO), END],
                "not-asked",
            ),
            (
                "blocked from then on",
                &[("S02", RELAY), ("S02 postmaster", OK), ("S02 mismatch", NO), ("S02 end", BLOCK)],
                "changed-midway",
            ),
            (
                "no end",
                &[("S02", RELAY), ("S02 postmaster", OK), ("S02 mismatch", NO)],
                "changed-midway",
            ),
            (
                "the end came before",
                &[("S02", RELAY), ("S02 postmaster", OK), END, ("S02 mismatch", NO)],
                "changed-midway",
            ),
            (
                "an open relay, accepting again afterwards",
                &[("S02", OK), ("S02 postmaster", OK), ("S02 mismatch", NO), ("S02!", OK)],
                "refused medium",
            ),
            (
                "an open relay, refusing afterwards",
                &[("S02", OK), ("S02 postmaster", OK), ("S02 mismatch", NO), ("S02!", NO)],
                "changed-midway",
            ),
            (
                "refused at first, then taken",
                &[
                    ("S02", RELAY),
                    ("S02 postmaster", OK),
                    ("S02 mismatch", GREYLISTED),
                    ("S02 mismatch", OK),
                    END,
                ],
                "accepted",
            ),
            (
                "a sink",
                &[("rcpt-first", OK), ("S02", RELAY), ("S02 postmaster", OK), ("S02 mismatch", NO)],
                "scripted-sink",
            ),
        ],
    );
}

/// Whatever becomes of the name that is not ours, the relay verdict stays as it is.
#[test]
fn a_name_that_is_not_ours_changes_no_verdict() {
    let answers = [OK, NO, BLOCK, GREYLISTED, RELAY, "ehlo: 550 no", "mail: 550 no", "closed", ""];
    let starts = [(RELAY, Verdict::Closed), (OK, Verdict::Open), (NO, Verdict::Inconclusive)];
    for (start, want) in starts {
        let lines = [("S02", start), ("S02 postmaster", NO), ("S02 random", UNKNOWN)];
        let without = host(&[&lines[..], &[END]].concat());
        let before = judge(&without);
        assert_eq!(before.verdict, want);
        for answer in answers {
            let with = host(&[&lines[..], &[("S02 mismatch", answer), END]].concat());
            let after = judge(&with);
            let facts = |relay: &crate::verdict::RelayVerdict| {
                let reasons: Vec<_> = relay.reasons.iter().map(|reason| reason.code).collect();
                let outcomes: Vec<_> = relay.probes.iter().map(|p| p.verdict.outcome).collect();
                (relay.verdict, reasons, outcomes, relay.coverage)
            };
            assert_eq!(facts(&after), facts(&before), "{start} {answer}");
        }
    }
}

#[test]
fn the_finding_of_a_name_that_is_not_ours() {
    let lines = [("S02", RELAY), ("S02 postmaster", OK), ("S02 mismatch", "ehlo: 550 no"), END];
    let mut evidence = host(&lines);
    let finding = found(&evidence, HELO).unwrap();
    assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Medium));
    assert_eq!((finding.evidence, finding.probe), (Some((2, 1)), None));
    assert!(finding.summary.contains("mismatch-x9.audit.example"), "{}", finding.summary);
    assert_eq!(finding.notes.len(), 2);
    evidence.identity.auditor_domain = None;
    let notes = found(&evidence, HELO).unwrap().notes;
    assert!(notes.iter().any(|note| note.starts_with("identity: reserved")), "{notes:?}");
}

#[test]
fn mail_for_postmaster() {
    check(
        POSTMASTER,
        &[
            ("accepted", &[("S02", RELAY), ("S02 postmaster", OK)], "accepted"),
            (
                "no such user, where strangers are judged",
                &[("S02", RELAY), ("S02 postmaster", UNKNOWN)],
                "refused high",
            ),
            (
                "no such user, at an open relay",
                &[("S02", OK), ("S02 postmaster", UNKNOWN)],
                "refused high",
            ),
            (
                "in any words, where another mailbox is accepted",
                &[("S02", BLOCK), ("S02 postmaster", NO), ("S02 user", OK)],
                "refused high",
            ),
            (
                "in words that say nothing, where strangers are judged",
                &[("S02", RELAY), ("S02 postmaster", NO), END],
                "refused low",
            ),
            (
                "accepted from another sender",
                &[("S02", RELAY), ("S02 postmaster", UNKNOWN), ("S04 postmaster", OK)],
                "accepted",
            ),
            (
                "as relaying, where another mailbox of the domain is accepted",
                &[("S02", RELAY), ("S02 postmaster", RELAY), ("S02 user", OK)],
                "refused high",
            ),
            (
                "as relaying: the domain is not the server's",
                &[("S02", RELAY), ("S02 postmaster", RELAY)],
                "no-local-domain",
            ),
            (
                "no such domain",
                &[("S02", RELAY), ("S02 postmaster", "550 5.1.2 Host unknown")],
                "no-local-domain",
            ),
            (
                "in words that say nothing, and another user too",
                &[("S02", RELAY), ("S02 postmaster", NO), ("S02 user", NO), END],
                "blocked",
            ),
            (
                "in words that say nothing, by a server that changed",
                &[("S02", RELAY), ("S02 postmaster", NO), ("S02 end", NO)],
                "changed-midway",
            ),
            (
                "strangers are judged from another sender only",
                &[("S04", RELAY), ("S02 postmaster", UNKNOWN)],
                "unknown-user",
            ),
            ("everything is refused", &[("S02", NO), ("S02 postmaster", NO)], "blocked"),
            ("we are blocked", &[("S02", RELAY), ("S02 postmaster", BLOCK)], "blocked"),
            (
                "our sender is refused",
                &[("S02", RELAY), ("S02 postmaster", "550 5.7.1 Sender address rejected")],
                "sender-refused",
            ),
            (
                "our sender is refused at MAIL",
                &[("S02", "mail: 550 no"), ("S02 postmaster", "mail: 550 no")],
                "sender-refused",
            ),
            (
                "a login",
                &[("S02", RELAY), ("S02 postmaster", "530 5.7.0 Authentication required")],
                "auth-required",
            ),
            (
                "TLS",
                &[("S02", RELAY), ("S02 postmaster", "530 5.7.0 Must issue a STARTTLS command")],
                "tls-required",
            ),
            ("deferred", &[("S02", RELAY), ("S02 postmaster", GREYLISTED)], "deferred"),
            (
                "too many errors",
                &[("S02", RELAY), ("S02 postmaster", "550 too many errors")],
                "throttled",
            ),
            ("lost", &[("S02", RELAY), ("S02 postmaster", "closed")], "connection-lost"),
            ("not asked", &[("S02", RELAY)], "not-asked"),
            (
                "under a name that is part of a test",
                &[("S02", RELAY), ("H01 postmaster", UNKNOWN)],
                "not-asked",
            ),
            (
                "from a sender that pretends to be local",
                &[("S10", RELAY), ("S10 postmaster", UNKNOWN)],
                "not-asked",
            ),
            (
                "a sink",
                &[("rcpt-first", OK), ("S02", RELAY), ("S02 postmaster", UNKNOWN)],
                "scripted-sink",
            ),
        ],
    );
    let lines = [("S02", RELAY), ("S02 postmaster", UNKNOWN)];
    assert_eq!(taken(&on_port(587, &lines), POSTMASTER), "not-applicable");
}

#[test]
fn a_domain_that_is_not_the_servers_is_named() {
    let evidence = host(&[("S02", RELAY), ("S02 postmaster", RELAY)]);
    let Taken::Unknown { detail, .. } = own_mail(&evidence, &judge(&evidence)).postmaster else {
        panic!("nothing is known");
    };
    assert!(detail.contains("target.example") && detail.contains("--local-domain"), "{detail}");
}

#[test]
fn mail_from_nobody() {
    let sender = "550 5.7.1 null sender not accepted";
    let at_mail = "mail: 550 5.7.1 null sender not accepted";
    check(
        NULL,
        &[
            ("accepted", &[("S04", RELAY), ("S04 postmaster", OK)], "accepted"),
            (
                "at MAIL, where another sender is accepted",
                &[("S02 postmaster", OK), ("S04 postmaster", at_mail)],
                "refused high",
            ),
            (
                "at MAIL without words, where another sender is accepted",
                &[("S02 postmaster", UNKNOWN), ("S04 postmaster", "mail: 550 no")],
                "refused high",
            ),
            (
                "at MAIL, where one that pretends to be local is accepted",
                &[("S10 postmaster", OK), ("S04 postmaster", at_mail)],
                "refused high",
            ),
            (
                "at RCPT, as a sender",
                &[("S02 postmaster", OK), ("S04 postmaster", sender)],
                "refused high",
            ),
            (
                "at RCPT without words",
                &[("S02 postmaster", OK), ("S04 postmaster", NO)],
                "refused medium",
            ),
            (
                "at RCPT, by a server that changed",
                &[("S02", RELAY), ("S02 postmaster", OK), ("S04 postmaster", NO), ("S02 end", NO)],
                "changed-midway",
            ),
            (
                "every sender is refused",
                &[("S02 postmaster", "mail: 550 no"), ("S04 postmaster", at_mail)],
                "sender-refused",
            ),
            ("no other sender", &[("S04 postmaster", at_mail)], "sender-refused"),
            (
                "the recipient is refused from everybody",
                &[("S02 postmaster", UNKNOWN), ("S04 postmaster", UNKNOWN)],
                "unknown-user",
            ),
            ("another recipient", &[("S02 user", OK), ("S04 postmaster", UNKNOWN)], "unknown-user"),
            ("a block", &[("S02 postmaster", OK), ("S04 postmaster", BLOCK)], "blocked"),
            (
                "TLS at MAIL",
                &[
                    ("S02 postmaster", OK),
                    ("S04 postmaster", "mail: 530 5.7.0 Must issue a STARTTLS command"),
                ],
                "tls-required",
            ),
            (
                "a login at MAIL",
                &[
                    ("S02 postmaster", OK),
                    ("S04 postmaster", "mail: 530 5.7.0 Authentication required"),
                ],
                "auth-required",
            ),
            ("deferred", &[("S02 postmaster", OK), ("S04 postmaster", GREYLISTED)], "deferred"),
            ("not asked", &[("S02 postmaster", OK)], "not-asked"),
            (
                "a sink",
                &[("rcpt-first", OK), ("S02 postmaster", OK), ("S04 postmaster", at_mail)],
                "scripted-sink",
            ),
        ],
    );
    let lines = [("S02 postmaster", OK), ("S04 postmaster", at_mail)];
    assert_eq!(taken(&on_port(587, &lines), NULL), "not-applicable");
    let finding = found(&host(&lines), NULL).unwrap();
    assert_eq!((finding.evidence, finding.severity), (Some((1, 1)), Severity::Medium));
    assert_eq!(finding.notes, ["MAIL from <probe@audit.example> is accepted"]);
}
