//! Acceptances: what they prove, and when they prove nothing.

use crate::finding::Confidence;
use crate::verdict::{Judge, findings, judge};

use super::host::{GREYLISTED, OK, RELAY, UNKNOWN, check_outcomes, host, outcome, verdict};

/// A recipient that the server may have taken for one of its own.
#[test]
fn outer_own_needs_a_refused_control() {
    for code in ["R01", "R02", "R03", "R06"] {
        let random = format!("{code} random");
        let table = [
            ("refused", "550 5.1.1 User unknown", "accepted-recipient"),
            ("refused in any words", "550 nein", "accepted-recipient"),
            ("refused for its form", "501 must contain a domain", "accepted-recipient"),
            ("refused as relaying", "454 4.7.1 Relay access denied", "accepted-recipient"),
            ("accepted", OK, "inconclusive local-control"),
            ("deferred", GREYLISTED, "inconclusive local-control"),
            ("softly unknown", "450 4.1.1 User unknown", "inconclusive local-control"),
            ("lost", "closed", "inconclusive local-control"),
            ("not asked", "", "inconclusive local-control"),
            ("blocked", "554 5.7.1 blocked using bl.test", "inconclusive local-control"),
            (
                "refused to the client",
                "554 5.7.1 Client host rejected",
                "inconclusive local-control",
            ),
            ("throttled", "550 too many errors", "inconclusive local-control"),
            ("sender refused", "550 Sender verify failed", "inconclusive local-control"),
            ("HELO refused", "550 bad HELO", "inconclusive local-control"),
            ("login", "530 5.7.0 Authentication required", "inconclusive local-control"),
            ("TLS", "530 5.7.0 STARTTLS first", "inconclusive local-control"),
            ("out of sequence", "503 5.5.1 need MAIL", "inconclusive local-control"),
            ("refused before RCPT", "mail: 550 no", "inconclusive local-control"),
        ];
        for (name, control, want) in table {
            let evidence = host(&[(code, OK), (&random, control)]);
            assert_eq!(outcome(&evidence), want, "{code}: {name}");
        }
    }
}

#[test]
fn the_control_must_be_its_own() {
    check_outcomes(&[
        ("another outer", &[("R01", OK), ("R06 random", UNKNOWN)], "inconclusive local-control"),
        (
            "another local domain",
            &[("R03#1", OK), ("R03 random", UNKNOWN)],
            "inconclusive local-control",
        ),
        ("its local domain", &[("R03#1", OK), ("R03#1 random", UNKNOWN)], "accepted-recipient"),
        ("another sender", &[("R01<>", OK), ("R01 random", UNKNOWN)], "inconclusive local-control"),
        ("a foreign domain needs none", &[("S02", OK), ("S02 random", OK)], "accepted-recipient"),
    ]);
}

/// The control is asked again with the confirmation; the newest answer counts.
#[test]
fn the_newest_control_counts() {
    check_outcomes(&[
        (
            "accepted on the second try",
            &[("R01", OK), ("R01 random", UNKNOWN), ("R01 random!", OK)],
            "inconclusive local-control",
        ),
        (
            "refused on the second try",
            &[("R01", OK), ("R01 random", GREYLISTED), ("R01 random!", UNKNOWN)],
            "accepted-recipient",
        ),
        (
            "no answer on the second try",
            &[("R01", OK), ("R01 random", UNKNOWN), ("R01 random!", "closed")],
            "accepted-recipient",
        ),
        (
            "refused only before RCPT",
            &[("R01", OK), ("R01 random!", "mail: 550 no")],
            "inconclusive local-control",
        ),
    ]);
}

#[test]
fn a_sink_proves_nothing() {
    check_outcomes(&[
        ("sink", &[("S02", OK), ("rcpt-first", OK)], "inconclusive scripted-sink"),
        ("no sink", &[("S02", OK), ("rcpt-first", "503 need MAIL")], "accepted-recipient"),
        ("cannot tell", &[("S02", OK), ("rcpt-first", "closed")], "accepted-recipient"),
        (
            "refused before RCPT",
            &[("S02", OK), ("rcpt-first", "ehlo: 250 ok")],
            "accepted-recipient",
        ),
        ("a refusal stays one", &[("S02", RELAY), ("rcpt-first", OK)], "refused relay"),
    ]);
    let evidence = host(&[("S02", OK), ("rcpt-first", OK)]);
    assert_eq!(verdict(&evidence), "inconclusive: scripted-sink");
}

/// The server may take the canary's mail by right.
#[test]
fn the_canary_may_be_local() {
    let table = [
        ("mx.probe.example", "inconclusive canary-maybe-local"),
        ("probe.example", "inconclusive canary-maybe-local"),
        ("mx.noprobe.example", "accepted-recipient"),
        ("example", "accepted-recipient"),
        ("mx.target.example", "accepted-recipient"),
    ];
    for (name, want) in table {
        let mut evidence = host(&[("S02", OK)]);
        evidence.server_names = vec![name.into()];
        assert_eq!(outcome(&evidence), want, "{name}");
        let mut evidence = host(&[("S02", RELAY)]);
        evidence.server_names = vec![name.into()];
        assert_eq!(outcome(&evidence), "refused relay", "{name}");
    }
}

#[test]
fn the_vantage() {
    let table = [
        ("127.0.0.1:1", "127.0.0.1:25", false, true),
        ("192.0.2.25:1", "192.0.2.25:25", false, true),
        ("10.1.0.1:1", "192.168.0.25:25", false, true),
        ("127.0.0.1:1", "127.0.0.1:25", true, false),
        ("10.1.0.1:1", "192.0.2.25:25", false, false),
        ("198.51.100.66:1", "192.0.2.25:25", false, false),
    ];
    for (local, peer, asserted, inside) in table {
        for answer in [OK, RELAY] {
            let mut evidence = host(&[("S02", answer), ("S02 end", answer)]);
            evidence.outside_asserted = asserted;
            for transcript in &mut evidence.transcripts {
                (transcript.local, transcript.peer) =
                    (local.parse().unwrap(), peer.parse().unwrap());
            }
            let want = match (inside, answer == OK) {
                (true, true) => {
                    ["inconclusive vantage-inside", "inconclusive: vantage-inside changed"]
                }
                (true, false) => ["refused relay", "inconclusive: vantage-inside"],
                (false, true) => ["accepted-recipient", "open: accepted-recipient"],
                (false, false) => ["refused relay", "closed: relay-refused"],
            };
            let case = format!("{local} {peer} {asserted} {answer}");
            assert_eq!(outcome(&evidence), want[0], "{case}");
            let verdict = verdict(&evidence);
            assert!(verdict.starts_with(want[1].trim_end_matches(" changed")), "{case}: {verdict}");
        }
    }
}

/// Suspected all the same, but not sure: an acceptance that was not repeated.
#[test]
fn confidence_needs_a_repetition() {
    let table: [(&str, &[_], Option<bool>, Confidence); 6] = [
        ("repeated", &[("S02", OK), ("S02!", OK)], Some(true), Confidence::High),
        ("not tried", &[("S02", OK)], None, Confidence::Low),
        ("refused", &[("S02", OK), ("S02!", RELAY)], Some(false), Confidence::Low),
        ("lost", &[("S02", OK), ("S02!", "closed")], Some(false), Confidence::Low),
        ("not past MAIL", &[("S02", OK), ("S02!", "mail: 250 ok")], Some(false), Confidence::Low),
        (
            "at the own domain",
            &[("R01", OK), ("R01 random", UNKNOWN), ("R01!", OK)],
            Some(true),
            Confidence::Medium,
        ),
    ];
    for (name, lines, repeated, confidence) in table {
        let evidence = host(lines);
        let form = Judge::new(&evidence).form(0);
        assert_eq!((form.repeated, form.confidence), (repeated, confidence), "{name}");
        let relay = judge(&evidence);
        assert_eq!(relay.verdict.as_str(), "open", "{name}");
        assert_eq!(relay.proof.as_str(), "suspected", "{name}");
        let found = findings(&evidence, &relay);
        assert_eq!((found[0].id, found[0].confidence), ("open-relay", confidence), "{name}");
    }
}

/// Where bounces are relayed whatever their form, a form that only they get through shows nothing
/// of its own; where the plain bounce is refused, it does.
#[test]
fn bounces_explain_what_only_they_get_through() {
    let codes = |lines: &[super::host::Line<'_>]| {
        let relay = judge(&host(lines));
        let open =
            relay.probes.iter().filter(|p| p.verdict.outcome.as_str() == "accepted-recipient");
        open.map(|probe| probe.code.clone()).collect::<Vec<_>>()
    };
    let bounces = [("S02", RELAY), ("S04", OK)];
    let h01 = [("H01", RELAY), ("H01<>", OK)];
    assert_eq!(codes(&[&bounces[..], &h01].concat()), ["S04"]);
    assert_eq!(codes(&[&[("S02", RELAY), ("S04", RELAY)], &h01[..]].concat()), ["H01"]);
    assert_eq!(codes(&[&bounces[..], &[("H01", OK), ("H01<>", OK)]].concat()), ["S04", "H01"]);
    // What was not asked under a sender that is judged stays with the bounce.
    assert_eq!(
        codes(&[&bounces[..], &[("H01", GREYLISTED), ("H01<>", OK)]].concat()),
        ["S04", "H01"]
    );
    let evidence = host(&[("S02", RELAY), ("S04", OK)]);
    let found = findings(&evidence, &judge(&evidence));
    assert!(found[0].summary.ends_with("from the null reverse-path"), "{}", found[0].summary);
}
