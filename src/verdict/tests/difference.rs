//! What the server's own users tell about a refusal without a clear wording.

use crate::finding::Confidence;
use crate::verdict::Judge;

use super::host::{GREYLISTED, Line, OK, RELAY, UNKNOWN, check_outcomes, host};

const NO: &str = "550 5.7.1 Zustellung verweigert";
const BLOCK: &str = "554 5.7.1 Client host [198.51.100.66] blocked using bl.test";

/// The same circumstances for every wording: what the locals got, and what the plain foreign form
/// comes out as with a foreign language, with "Access denied" and with "Invalid recipient".
#[test]
fn plain_form() {
    let own = "own";
    let table: [(&str, &[Line<'_>], [&str; 3]); 17] = [
        ("local user accepted", &[("S02 user", OK)], ["refused relay"; 3]),
        ("random user accepted", &[("S02 random", OK)], ["refused relay"; 3]),
        (
            "local user accepted, random user refused alike",
            &[("S02 user", OK), ("S02 random", own)],
            ["refused relay"; 3],
        ),
        (
            "only postmaster accepted",
            &[("S02 postmaster", OK)],
            ["inconclusive no-local-user", "refused relay", "refused relay"],
        ),
        (
            "random user told apart",
            &[("S02 postmaster", OK), ("S02 random", UNKNOWN)],
            ["refused relay"; 3],
        ),
        (
            "random user told apart, postmaster refused",
            &[("S02 postmaster", "550 5.2.1 disabled"), ("S02 random", UNKNOWN)],
            ["inconclusive unknown-wording"; 3],
        ),
        (
            "random user refused alike, postmaster exempt",
            &[("S02 postmaster", OK), ("S02 random", own)],
            ["inconclusive no-local-user", "inconclusive no-local-user", "refused relay"],
        ),
        (
            "one random user told apart, one refused alike",
            &[("S02 postmaster", OK), ("S02 random", UNKNOWN), ("R01 random", own)],
            ["inconclusive no-local-user", "inconclusive no-local-user", "refused relay"],
        ),
        (
            "random user put off",
            &[("S02 postmaster", OK), ("S02 random", GREYLISTED)],
            ["inconclusive no-local-user", "inconclusive no-local-user", "refused relay"],
        ),
        (
            "random user not asked",
            &[("S02 postmaster", OK), ("S02 random", "")],
            ["inconclusive no-local-user", "inconclusive no-local-user", "refused relay"],
        ),
        (
            "local user put off, random user told apart",
            &[("S02 postmaster", OK), ("S02 user", GREYLISTED), ("S02 random", UNKNOWN)],
            ["inconclusive no-local-user", "inconclusive no-local-user", "refused relay"],
        ),
        (
            "all refused alike",
            &[("S02 postmaster", own), ("S02 user", own), ("S02 random", own)],
            ["inconclusive blocked", "inconclusive blocked", "inconclusive unknown-wording"],
        ),
        (
            "the named user refused alike, postmaster exempt",
            &[("S02 postmaster", OK), ("S02 user", own)],
            ["inconclusive blocked", "inconclusive blocked", "refused relay"],
        ),
        (
            "all put off",
            &[("S02 postmaster", GREYLISTED), ("S02 user", GREYLISTED)],
            ["inconclusive unknown-wording"; 3],
        ),
        (
            "all lost",
            &[("S02 postmaster", "closed"), ("S02 user", "timeout")],
            ["inconclusive unknown-wording"; 3],
        ),
        ("no control", &[], ["inconclusive unknown-wording"; 3]),
        (
            "local users under another sender, and under another name",
            &[("S04 user", OK), ("H01 user", OK), ("S04 random", OK)],
            ["inconclusive unknown-wording"; 3],
        ),
    ];
    for (name, locals, wants) in table {
        for (foreign, want) in [NO, "550 Access denied", "550 Invalid recipient"].iter().zip(wants)
        {
            let mut lines = vec![("S02", *foreign)];
            let own = |reply| if reply == own { *foreign } else { reply };
            lines.extend(locals.iter().map(|(key, reply)| (*key, own(*reply))));
            assert_eq!(super::host::outcome(&host(&lines)), want, "{name}: {foreign}");
        }
    }
}

/// Controls that were deferred, are missing or say otherwise never cancel an explicit refusal.
#[test]
fn relay_wording_needs_no_control() {
    let controls: [&[Line<'_>]; 6] = [
        &[],
        &[("S02 postmaster", GREYLISTED), ("S02 user", GREYLISTED), ("S02 random", GREYLISTED)],
        &[("S02 postmaster", ""), ("S02 user", "")],
        &[("S02 postmaster", "closed"), ("S02 user", "fault")],
        &[("S02 postmaster", RELAY), ("S02 user", RELAY), ("S02 random", RELAY)],
        &[("S02 postmaster", BLOCK), ("S02 random", BLOCK)],
    ];
    for more in controls {
        let mut lines = vec![("S02", RELAY)];
        lines.extend(more);
        assert_eq!(super::host::outcome(&host(&lines)), "refused relay", "{more:?}");
    }
}

/// Nor does an accepted local user make a refusal of us one to relay.
#[test]
fn block_wording_is_never_a_difference() {
    check_outcomes(&[
        ("postmaster exempt", &[("S02", BLOCK), ("S02 postmaster", OK)], "inconclusive blocked"),
        (
            "postmaster exempt, random user blocked",
            &[("S02", BLOCK), ("S02 postmaster", OK), ("S02 random", BLOCK)],
            "inconclusive blocked",
        ),
        ("local user accepted", &[("S02", BLOCK), ("S02 user", OK)], "inconclusive blocked"),
    ]);
}

#[test]
fn forms_at_the_own_domain() {
    check_outcomes(&[
        (
            "as an unknown user, while a local user is accepted",
            &[("R01", NO), ("R01 random", NO), ("R01 user", OK)],
            "refused unknown-user",
        ),
        (
            "otherwise than an unknown user, while a local user is accepted",
            &[("R01", NO), ("R01 random", UNKNOWN), ("R01 user", OK)],
            "refused relay",
        ),
        (
            "as an unknown user elsewhere",
            &[("R01", NO), ("S02 random", NO), ("R01 user", OK)],
            "refused relay",
        ),
        (
            "as an unknown user, and only postmaster is accepted: it may be a block",
            &[("R01", NO), ("R01 random", NO), ("R01 postmaster", OK)],
            "inconclusive no-local-user",
        ),
        (
            "otherwise than an unknown user, and only postmaster is accepted",
            &[("R01", NO), ("R01 random", UNKNOWN), ("R01 postmaster", OK)],
            "refused relay",
        ),
        ("no control", &[("R01", NO)], "inconclusive unknown-wording"),
        ("all alike", &[("R01", NO), ("R01 postmaster", NO)], "inconclusive blocked"),
    ]);
}

/// The recipient that goes first in the same transaction is one of the server's own.
#[test]
fn a_first_recipient_is_a_local_one() {
    let table = [
        ("250 ok then 550 Invalid recipient", "refused relay"),
        ("250 ok then 550 nein", "inconclusive no-local-user"),
        ("550 no then 550 Invalid recipient", "inconclusive unknown-wording"),
        ("550 nein then 550 nein", "inconclusive blocked"),
        ("250 ok then 554 Relay access denied", "refused relay"),
        ("250 ok then 451 later", "deferred"),
        ("250 ok then 250 ok", "accepted-recipient"),
    ];
    for (answer, want) in table {
        assert_eq!(super::host::outcome(&host(&[("R39", answer)])), want, "{answer}");
    }
    let mut named = host(&[("R39", "250 ok then 550 nein")]);
    named.identity.local_user = "user".into();
    assert_eq!(super::host::outcome(&named), "refused relay");
}

/// Where only postmaster was asked, a plain form that was told the same and had a stranger beside
/// it says what the words mean.
#[test]
fn the_words_of_a_plain_form() {
    let h01: [Line<'_>; 2] = [("H01", NO), ("H01 postmaster", OK)];
    let table: [(&str, &[Line<'_>], &str); 7] = [
        (
            "told apart there",
            &[("S02", NO), ("S02 postmaster", OK), ("S02 random", UNKNOWN)],
            "refused relay",
        ),
        (
            "in other words",
            &[("S02", "550 5.7.1 Bis morgen"), ("S02 postmaster", OK), ("S02 random", UNKNOWN)],
            "inconclusive no-local-user",
        ),
        (
            "refused alike there",
            &[("S02", NO), ("S02 postmaster", OK), ("S02 random", NO)],
            "inconclusive no-local-user",
        ),
        (
            "put off there",
            &[("S02", NO), ("S02 postmaster", OK), ("S02 random", GREYLISTED)],
            "inconclusive no-local-user",
        ),
        (
            "a named user put off there",
            &[
                ("S02", NO),
                ("S02 postmaster", OK),
                ("S02 random", UNKNOWN),
                ("S02 user", GREYLISTED),
            ],
            "inconclusive no-local-user",
        ),
        (
            "nobody asked there",
            &[("S02", NO), ("S02 postmaster", OK)],
            "inconclusive no-local-user",
        ),
        (
            "nobody accepted there",
            &[("S02", NO), ("S02 postmaster", UNKNOWN), ("S02 random", UNKNOWN)],
            "inconclusive no-local-user",
        ),
    ];
    for (name, plain, want) in table {
        let lines: Vec<_> = h01.iter().chain(plain).copied().collect();
        assert_eq!(super::host::outcome(&host(&lines)), want, "{name}");
    }
}

/// Ticket numbers and addresses do not tell two refusals apart; another reason does.
#[test]
fn likeness() {
    let table = [
        ("550 5.7.1 go away (id a1-7)", "550 5.7.1 go away (id b2-9)", true),
        ("550 5.7.1 <a@b.example>: no", "550 5.7.1 nobody-x9@target.example: no", true),
        ("550 5.7.1 message refused ticket abc", "550 5.7.1 message refused ticket def", true),
        ("550 5.7.1 Zustellung verweigert", "550 5.7.1 Empfaenger unbekannt", false),
        ("550 5.7.1 no a1 b2 c3", "550 5.7.1 no d4 e5 f6", true),
        ("550 5.7.1 Empfaenger abgelehnt, kein Relais", "550 5.7.1 Empfaenger unbekannt", false),
        ("550 5.7.1 no", "550 5.2.0 no", false),
        ("550 no", "554 no", false),
    ];
    for (foreign, random, alike) in table {
        let lines = [("S02", foreign), ("S02 random", random), ("S02 postmaster", OK)];
        let want = if alike { "inconclusive no-local-user" } else { "refused relay" };
        assert_eq!(super::host::outcome(&host(&lines)), want, "{foreign} / {random}");
    }
}

#[test]
fn confidence_follows_the_control() {
    let table: [(&[Line<'_>], Confidence); 4] = [
        (&[("S02", RELAY)], Confidence::High),
        (&[("S02", NO), ("S02 user", OK)], Confidence::High),
        (&[("S02", "550 Invalid recipient"), ("S02 postmaster", OK)], Confidence::Medium),
        (&[("S02", NO), ("S02 postmaster", OK), ("S02 random", UNKNOWN)], Confidence::Low),
    ];
    for (lines, want) in table {
        assert_eq!(Judge::new(&host(lines)).form(0).confidence, want, "{lines:?}");
    }
}

/// Under one sender the server's own users are refused in the same words as a stranger, and under
/// another they are accepted: the sender is refused.
#[test]
fn the_sender_alone() {
    for words in [NO, "550 5.7.1 Access denied", "550 Invalid recipient: <x@y.example>"] {
        let of = |more: &[Line<'_>]| {
            let lines: Vec<_> = [("S10", words)].iter().chain(more).copied().collect();
            super::host::outcome(&host(&lines))
        };
        let plain = [("S02", RELAY), ("S02 postmaster", OK)];
        let with_plain =
            |more: &[Line<'_>]| of(&more.iter().chain(&plain).copied().collect::<Vec<_>>());
        assert_eq!(with_plain(&[("S10 postmaster", words)]), "refused sender", "{words}");
        let both = [("S10 postmaster", words), ("S10 user", words), ("S02 user", OK)];
        assert_eq!(with_plain(&both), "refused sender", "{words}");
        let unjudged = [("S10 postmaster", words), ("S02 postmaster", OK)];
        assert_eq!(of(&unjudged), "inconclusive sender-refused", "{words}");

        let not_of_the_sender: [&[Line<'_>]; 5] = [
            // Refused under the other sender too, put off there, or only taken under another name.
            &[("S10 postmaster", words), ("S02", RELAY), ("S02 postmaster", words)],
            &[("S10 postmaster", words), ("S02", RELAY), ("S02 postmaster", GREYLISTED)],
            &[("S10 postmaster", words), ("S02", RELAY), ("H01 postmaster", OK)],
            // Refused here for another reason; and a second user who was not told the same.
            &[("S10 postmaster", "550 5.2.1 disabled"), ("S02", RELAY), ("S02 postmaster", OK)],
            &[("S10 postmaster", words), ("S10 user", GREYLISTED), ("S02 postmaster", OK)],
        ];
        for more in not_of_the_sender {
            let got = of(more);
            assert!(!got.contains("sender"), "{words} {more:?}: {got}");
        }
    }
}
