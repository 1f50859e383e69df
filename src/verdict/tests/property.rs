//! What must hold of any evidence at all.

use proptest::prelude::*;

use crate::evidence::{Control, Evidence, Form, Lacking, NotPlanned, Stop};
use crate::verdict::{NotRun, Outcome, Refusal, Verdict, judge};

use super::host::{GREYLISTED, OK, RELAY, UNKNOWN, add, on_port};

const BLOCK: &str = "554 5.7.1 Client host [198.51.100.66] blocked using bl.test";
const NO: &str = "550 5.7.1 Zustellung verweigert";

/// Probes and controls; those without a twin that differs in the sender only.
const KEYS: &[&str] = &[
    "rcpt-first",
    "S01",
    "S01 postmaster",
    "S01 random",
    "S02",
    "S02 postmaster",
    "S02 user",
    "S02 random",
    "S04",
    "S04 postmaster",
    "S04 user",
    "S10",
    "S10#1",
    "S10 user",
    "H01",
    "H01 postmaster",
    "H01 user",
    "R01",
    "R01 random",
    "R03",
    "R03#1",
    "R03 random",
    "R06",
    "R06 random",
    "R15",
    "S02 mismatch",
    "S02 end",
];

const ANSWERS: &[&str] = &[
    RELAY,
    RELAY,
    RELAY,
    RELAY,
    RELAY,
    OK,
    GREYLISTED,
    UNKNOWN,
    BLOCK,
    NO,
    "550 Access denied",
    "550 Invalid recipient",
    "553 nein",
    "550 mailbox unavailable",
    "550 5.1.2 Host unknown",
    "550 restricted characters in address",
    "501 nein",
    "421 closing",
    "530 5.7.0 Authentication required",
    "530 5.7.0 STARTTLS first",
    "554 5.7.1 Client host rejected: Access denied",
    "550 Sender verify failed",
    "550 bad HELO",
    "550 Callout verification failed: 550 no",
    "354 go on",
    "closed",
    "timeout",
    "fault",
    "mail: 550 no",
    "mail: 553 5.7.1 Sender address rejected",
    "mail: 450 later",
    "mail: 250 ok",
    "ehlo: 550 no",
    "ehlo: 450 later",
    "greeting: 554 no",
    "greeting: closed",
    "rset: 554 no",
    "unasked: 421 idle",
    "",
];

/// A removal, losses and deferrals.
const LESS: &[&str] = &["", "closed", "timeout", "fault", "451 4.3.0 later", "mail: 451 later"];

fn evidence() -> impl Strategy<Value = Evidence> {
    let answer = || prop_oneof![4 => Just(RELAY), 6 => proptest::sample::select(ANSWERS)];
    let answers = proptest::collection::vec(proptest::option::weighted(0.7, answer()), KEYS.len());
    let stops = [None, None, None, None, Some(Stop::Deadline), Some(Stop::ConnectionCap)];
    let stop = proptest::sample::select(stops.to_vec());
    let port = prop_oneof![3 => Just(25u16), 1 => Just(587)];
    // Mostly refusals, or hardly any host would be closed.
    let calm = any::<bool>();
    (answers, stop, port, calm, any::<bool>()).prop_map(|(answers, stop, port, calm, lack)| {
        let mut evidence = on_port(port, &[]);
        for (place, (key, answer)) in KEYS.iter().zip(answers).enumerate() {
            let Some(answer) = answer else { continue };
            let control = key.contains([' ', '-']) && *key != "S02 end";
            let odd = place % 7 == 0;
            add(&mut evidence, key, if calm && !control && !odd { RELAY } else { answer });
        }
        if port == 587 {
            evidence.extensions.push("AUTH".into());
        }
        if lack {
            evidence.not_planned.push(NotPlanned {
                probe: "relay-s11".into(),
                code: "S11".into(),
                gate: false,
                why: Lacking::LocalDomain,
            });
        }
        evidence.stopped = stop.filter(|_| !calm);
        evidence
    })
}

fn is_pass(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Refused(_) | Outcome::AuthRequired | Outcome::NotRun(NotRun::Lacking(_))
    )
}

fn is_relay_refusal(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Refused(Refusal::Relay) | Outcome::AuthRequired)
}

fn is_closed(evidence: &Evidence) -> bool {
    judge(evidence).verdict == Verdict::Closed
}

/// The evidence in which form `index` was answered so, or not at all.
fn with_answer(evidence: &Evidence, index: usize, key: &str, answer: &str) -> Evidence {
    let mut changed = evidence.clone();
    changed.attempts.retain(|attempt| attempt.form != index);
    if !answer.is_empty() {
        add(&mut changed, key, answer);
    }
    changed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn closed_means_that_everything_was_refused(evidence in evidence()) {
        let relay = judge(&evidence);
        if relay.verdict == Verdict::Closed {
            for probe in &relay.probes {
                prop_assert!(is_pass(probe.verdict.outcome), "{} {:?}", probe.code, probe.verdict);
            }
            let start = relay.probes.iter().any(|probe| {
                let form = probe.form.and_then(|form| evidence.forms.get(form));
                form.is_some_and(Form::is_plain) && is_relay_refusal(probe.verdict.outcome)
            });
            let end = relay.controls.iter().any(|(form, verdict)| {
                evidence.forms[*form].control() == Some(Control::PlainAtEnd)
                    && is_relay_refusal(verdict.outcome)
            });
            prop_assert!(start && end);
            prop_assert!(evidence.stopped.is_none());
        }
    }

    #[test]
    fn open_means_that_a_form_was_accepted(evidence in evidence()) {
        let relay = judge(&evidence);
        let verdicts = relay.probes.iter().map(|probe| probe.verdict);
        let mut all = verdicts.chain(relay.controls.iter().map(|(_, verdict)| *verdict));
        let open = relay.verdict == Verdict::Open;
        prop_assert!(!open || all.any(|v| v.outcome == Outcome::AcceptedRecipient));
        let probed = relay.probes.iter().any(|p| p.verdict.outcome == Outcome::AcceptedRecipient);
        prop_assert!(open || !probed);
        prop_assert!(!relay.reasons.is_empty());
    }

    /// Knowing less never makes a host closed.
    #[test]
    fn less_evidence_never_closes(
        evidence in evidence(),
        key in proptest::sample::select(KEYS),
        answer in proptest::sample::select(LESS),
    ) {
        let form = super::host::form(key);
        let index = evidence.forms.iter().position(|other| *other == form);
        prop_assume!(index.is_some() && !is_closed(&evidence));
        let changed = with_answer(&evidence, index.unwrap(), key, answer);
        prop_assert!(!is_closed(&changed), "{} answered {:?}", key, answer);
    }

    #[test]
    fn the_same_evidence_gives_the_same_verdict(evidence in evidence()) {
        let text = serde_json::to_string(&evidence).unwrap();
        let back: Evidence = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(format!("{:?}", judge(&evidence)), format!("{:?}", judge(&back)));
    }
}

/// The strategy must reach every verdict, or the properties say nothing.
#[test]
fn the_strategy_reaches_every_verdict() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<_, usize>::new();
    for _ in 0..600 {
        let evidence = evidence().new_tree(&mut runner).unwrap().current();
        *seen.entry(judge(&evidence).verdict.as_str()).or_default() += 1;
    }
    for verdict in ["closed", "inconclusive", "open"] {
        assert!(seen.get(verdict).is_some_and(|count| *count >= 10), "{seen:?}");
    }
}
