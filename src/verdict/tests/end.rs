//! The plain recipient at the start and at the end, and what else keeps a host from being closed.

use super::host::{CLOSED, GREYLISTED, Line, OK, RELAY, UNKNOWN, closed_and, host, verdict};
use crate::evidence::Stop;

const NO: &str = "550 5.7.1 Zustellung verweigert";
const BLOCK: &str = "554 5.7.1 Client host [198.51.100.66] blocked using bl.test";

fn check(table: &[(&str, &[Line<'_>], &str)]) {
    for (name, lines, want) in table {
        assert_eq!(verdict(&host(lines)), *want, "{name}");
    }
}

#[test]
fn start_and_end() {
    check(&[
        ("both", &CLOSED, "closed: relay-refused"),
        ("a null sender alone", &[("S04", RELAY), ("S04 end", RELAY)], "closed: relay-refused"),
        (
            "a login at both",
            &[
                ("S02", "530 5.7.0 Authentication required"),
                ("S02 end", "530 5.7.0 Authentication required"),
            ],
            "closed: relay-refused",
        ),
        ("no end", &[("S02", RELAY)], "inconclusive: not-answered"),
        ("no start", &[("S10", RELAY), ("S02 end", RELAY)], "inconclusive: no-plain-probe"),
        (
            "the start was a local sender's",
            &[("S10", RELAY), ("S10 end", RELAY)],
            "inconclusive: no-plain-probe",
        ),
        ("end not asked", &[("S02", RELAY), ("S02 end", "")], "inconclusive: not-answered"),
        ("end put off", &[("S02", RELAY), ("S02 end", GREYLISTED)], "inconclusive: changed-midway"),
        ("end blocked", &[("S02", RELAY), ("S02 end", BLOCK)], "inconclusive: changed-midway"),
        ("end lost", &[("S02", RELAY), ("S02 end", "closed")], "inconclusive: changed-midway"),
        (
            "end refused for its sender",
            &[("S02", RELAY), ("S02 end", "mail: 550 no")],
            "inconclusive: changed-midway",
        ),
        (
            "end wants TLS",
            &[("S02", RELAY), ("S02 end", "530 STARTTLS first")],
            "inconclusive: changed-midway",
        ),
        ("end accepted", &[("S02", RELAY), ("S02 end", OK)], "open: accepted-recipient"),
        (
            "end accepted by a sink",
            &[("S02", RELAY), ("S02 end", OK), ("rcpt-first", OK)],
            "inconclusive: changed-midway",
        ),
        ("start accepted", &[("S02", OK), ("S02 end", RELAY)], "open: accepted-recipient"),
    ]);
}

/// Without a wording, difference decides; a ban in other words must not pass for the refusal of
/// the start.
#[test]
fn an_end_in_other_words() {
    let same: &[_] =
        &[("S02", NO), ("S02 user", OK), ("S02 end", "550 5.7.1 Zustellung verweigert (2)")];
    let other: &[_] = &[("S02", NO), ("S02 user", OK), ("S02 end", "550 5.7.1 Bis morgen")];
    let banned: &[_] = &[("S02", RELAY), ("S02 user", OK), ("S02 end", "554 5.7.1 Genug")];
    let worded: &[_] = &[("S02", NO), ("S02 user", OK), ("S02 end", RELAY)];
    check(&[
        ("the same", same, "closed: relay-refused"),
        ("another", other, "inconclusive: changed-midway"),
        ("a ban after relay wording", banned, "inconclusive: changed-midway"),
        ("relay wording after another", worded, "closed: relay-refused"),
    ]);
}

#[test]
fn one_open_form_is_enough() {
    for code in ["S10", "H01", "R15"] {
        let evidence = host(&closed_and(&[(code, OK)]));
        assert_eq!(verdict(&evidence), "open: accepted-recipient", "{code}");
    }
    let evidence = host(&closed_and(&[("R01", OK), ("R01 random", UNKNOWN), ("H01", GREYLISTED)]));
    assert_eq!(verdict(&evidence), "open: accepted-recipient", "beside an undecided one");
}

/// One form that is not judged keeps the host from being closed, whatever it is.
#[test]
fn one_undecided_form_is_enough() {
    let table = [
        ("H01", GREYLISTED, "deferred"),
        ("H01", "mail: 451 later", "deferred"),
        ("R01", OK, "local-control"),
        ("R01", "closed", "connection-lost"),
        ("R01", "timeout", "timeout"),
        ("R01", "fault", "peer-fault"),
        ("R01", "421 too many errors", "throttled"),
        ("R01", "", "not-answered"),
        ("R01", NO, "unknown-wording"),
        ("R01", "mail: 550 no", "sender-refused"),
        ("R15", "550 5.1.1 User unknown", "recipient-verification"),
        ("S10", BLOCK, "blocked"),
        ("S10", "530 5.7.0 Must issue a STARTTLS command first", "tls-required"),
        ("S10", "mail: 530 5.7.0 Must issue a STARTTLS command first", "tls-required"),
    ];
    for (code, answer, reason) in table {
        let evidence = host(&closed_and(&[(code, answer)]));
        assert_eq!(verdict(&evidence), format!("inconclusive: {reason}"), "{code} {answer}");
    }
}

/// Refusals of a form alone leave the host closed, where a plain form was judged.
#[test]
fn refusals_of_a_form_leave_it_closed() {
    let table = [
        ("H01", "ehlo: 554 5.7.1 You are not me"),
        ("H01", RELAY),
        ("S10", "mail: 553 5.7.1 Sender address rejected: not logged in"),
        ("S10", "mail: 530 5.7.0 Authentication required"),
        ("R01", "550 5.1.1 User unknown"),
        ("R01", "550 restricted characters in address"),
        ("R06", "501 must contain a domain"),
    ];
    for (code, answer) in table {
        let evidence = host(&closed_and(&[(code, answer)]));
        assert_eq!(verdict(&evidence), "closed: relay-refused", "{code} {answer}");
    }
}

/// The same form from the null sender.
#[test]
fn another_sender() {
    for code in ["H01", "R01", "R15"] {
        let null = format!("{code}<>");
        let table = [
            (GREYLISTED, RELAY, "closed: relay-refused"),
            ("mail: 550 no such domain", RELAY, "closed: relay-refused"),
            (GREYLISTED, GREYLISTED, "inconclusive: deferred"),
            (GREYLISTED, "", "inconclusive: deferred"),
            ("mail: 550 SPF", "mail: 550 no bounces", "inconclusive: sender-refused"),
            ("mail: 550 SPF", GREYLISTED, "inconclusive: sender-refused"),
            (RELAY, "mail: 550 no bounces", "closed: relay-refused"),
        ];
        for (foreign, from_null, want) in table {
            let evidence = host(&closed_and(&[(code, foreign), (&null, from_null)]));
            assert_eq!(verdict(&evidence), want, "{code}: {foreign}, {from_null}");
        }
    }
    let open = host(&closed_and(&[("H01", "mail: 550 SPF"), ("H01<>", OK)]));
    assert_eq!(verdict(&open), "open: accepted-recipient");
    let open = host(&closed_and(&[("H01", OK), ("H01<>", RELAY)]));
    assert_eq!(verdict(&open), "open: accepted-recipient");
}

/// A probe of several local domains is as bad as the worst of them.
#[test]
fn several_local_domains() {
    let table = [
        (RELAY, RELAY, "closed: relay-refused"),
        (RELAY, OK, "open: accepted-recipient"),
        (OK, RELAY, "open: accepted-recipient"),
        (GREYLISTED, OK, "open: accepted-recipient"),
        (RELAY, GREYLISTED, "inconclusive: deferred"),
        (GREYLISTED, RELAY, "inconclusive: deferred"),
        (RELAY, "", "inconclusive: not-answered"),
    ];
    for (first, second, want) in table {
        let evidence = host(&closed_and(&[("S10", first), ("S10#1", second)]));
        assert_eq!(verdict(&evidence), want, "{first}, {second}");
    }
}

/// Why the course ended is said once, and nothing is said to have changed.
#[test]
fn a_course_that_was_cut_short() {
    let stops = [
        (Stop::Interrupted, "interrupted"),
        (Stop::Deadline, "deadline"),
        (Stop::ConnectionCap, "connection-cap"),
        (Stop::TooMuchSaid, "too-much-said"),
        (Stop::NoProgress, "no-progress"),
        (Stop::DialFailed, "connection-lost"),
        (Stop::Internal, "internal"),
    ];
    for (stop, word) in stops {
        let cases: [Vec<Line<'_>>; 4] = [
            vec![("S02", RELAY), ("S10", "")],
            vec![("S02", RELAY), ("S02 end", "")],
            vec![("S02", ""), ("S04", "")],
            closed_and(&[]),
        ];
        for lines in cases {
            let mut evidence = host(&lines);
            evidence.stopped = Some(stop);
            assert_eq!(verdict(&evidence), format!("inconclusive: {word}"), "{lines:?}");
        }
        let mut evidence = host(&[("S02", OK), ("S04", "")]);
        evidence.stopped = Some(stop);
        assert_eq!(verdict(&evidence), "open: accepted-recipient");
    }
}
