//! What no policy may allow: a grade that rises when a host gets worse or is known less.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::grade::{CheckOutcome, CheckResult, Grade, Letter, Policy, grade};

/// A category: weight, and for each check its points and whether it is built.
type Shape = Vec<(u32, Vec<(u32, bool)>)>;

/// A policy file with any weights, points, caps, thresholds and bounds that a file may have.
fn policy() -> impl Strategy<Value = Policy> {
    let check = (1u32..=20, prop::bool::weighted(0.85));
    let category = (1u32..=20, prop::collection::vec(check, 1..=4));
    let shape = prop::collection::vec(category, 1..=5);
    let cap = (any::<Index>(), 0usize..6, 0usize..3);
    let caps = prop::collection::vec(cap, 0..=4);
    let steps = prop::collection::btree_set(1u32..=100, 5);
    let belows = prop::collection::vec(1u32..=100, 5);
    (shape, caps, steps, belows).prop_map(|(shape, caps, steps, belows)| {
        let text = file(shape, &caps, &steps.into_iter().collect::<Vec<_>>(), &belows);
        Policy::parse("any.toml", &text).unwrap_or_else(|error| panic!("{error:#}\n{text}"))
    })
}

fn file(mut shape: Shape, caps: &[(Index, usize, usize)], steps: &[u32], belows: &[u32]) -> String {
    let rest: u32 = shape.iter().skip(1).map(|(weight, _)| weight).sum();
    shape[0].0 = 100 - rest;
    let names = ["d", "c", "b", "a", "a_plus"];
    let thresholds: Vec<_> =
        names.iter().zip(steps).map(|(name, least)| format!("{name} = {least}")).collect();
    let mut text =
        format!("version = 1\nname = \"any\"\nthresholds = {{ {} }}\n", thresholds.join(", "));
    let limits = [("A", 100), ("B", steps[3]), ("C", steps[2]), ("D", steps[1]), ("N", steps[1])];
    for ((letter, limit), below) in limits.into_iter().zip(belows) {
        let below = (*below).min(limit);
        text += &format!("[[coverage]]\nbelow = {below}\nat_most = \"{letter}\"\n");
    }
    let mut checks = Vec::new();
    for (at, (weight, own)) in shape.iter().enumerate() {
        text +=
            &format!("[[category]]\nid = \"c{at}\"\ntitle = \"c\"\nweight = {weight}\ncheck = [");
        for (points, built) in own {
            let id = format!("k{}", checks.len());
            text +=
                &format!("{{ id = \"{id}\", points = {points}, title = \"k\", built = {built} }},");
            checks.push(id);
        }
        text += "]\n";
    }
    for (number, (check, letter, when)) in caps.iter().enumerate() {
        let letter = ["F", "N", "D", "C", "B", "A"][*letter];
        let (id, check) = (format!("p{number}"), &checks[check.index(checks.len())]);
        let mut cap = |id: &str, when: &str| {
            text += &format!(
                "[[cap]]\nid = \"{id}\"\nletter = \"{letter}\"\ncheck = \"{check}\"\nwhen = \"{when}\"\ntext = \"t\"\n"
            );
        };
        cap(&id, ["fail", "warn", "untested"][*when]);
        if *when == 2 {
            cap(&format!("{id}-failed"), "fail");
        }
    }
    text
}

fn outcome() -> impl Strategy<Value = CheckOutcome> {
    prop_oneof![
        6 => Just(CheckOutcome::Pass),
        2 => Just(CheckOutcome::Warn),
        2 => Just(CheckOutcome::Fail),
        2 => Just(CheckOutcome::Unknown("why".into())),
        1 => Just(CheckOutcome::NotApplicable),
        1 => Just(CheckOutcome::Skipped),
    ]
}

/// A policy, and a result for each of its checks.
fn host() -> impl Strategy<Value = (Policy, Vec<CheckResult>)> {
    policy().prop_flat_map(|policy| {
        let ids: Vec<_> =
            policy.categories.iter().flat_map(|c| c.checks.iter().map(|k| k.id.clone())).collect();
        let tested = prop_oneof![3 => Just(100u32), 1 => 0u32..=100];
        let results = prop::collection::vec((outcome(), tested), ids.len());
        results.prop_map(move |made| {
            let result = |(id, (outcome, tested)): (&String, (CheckOutcome, u32))| CheckResult {
                tested,
                ..CheckResult::new(id, outcome, "")
            };
            (policy.clone(), ids.iter().zip(made).map(result).collect())
        })
    })
}

/// The grades before and after one result was changed, one of those that `fits` allows; `None`
/// where there is no such result.
fn compare(
    policy: &Policy,
    results: &[CheckResult],
    at: Index,
    fits: impl Fn(&CheckResult) -> bool,
    change: impl Fn(&mut CheckResult),
) -> Option<(Grade, Grade)> {
    let mut changed = results.to_vec();
    let mut fitting: Vec<_> = changed.iter_mut().filter(|result| fits(result)).collect();
    let at = (!fitting.is_empty()).then(|| at.index(fitting.len()))?;
    change(fitting[at]);
    Some((grade(policy, results), grade(policy, &changed)))
}

/// Pairs of letters, the host's first, then each category's.
fn letters(before: &Grade, after: &Grade) -> Vec<(Letter, Letter)> {
    let categories = before.categories.iter().zip(&after.categories);
    let mut pairs = vec![(before.letter, after.letter)];
    pairs.extend(categories.map(|(b, a)| (b.letter, a.letter)));
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A pass that becomes anything else that counts never raises a letter.
    #[test]
    fn a_lost_pass_never_raises(
        (policy, results) in host(),
        at in any::<Index>(),
        to in 0usize..5,
        less in 0u32..=100,
    ) {
        let passes = |result: &CheckResult| result.outcome == CheckOutcome::Pass;
        let pair = compare(&policy, &results, at, passes, |result| match to {
            0 => result.outcome = CheckOutcome::Unknown("why".into()),
            1 => result.outcome = CheckOutcome::Skipped,
            2 => result.outcome = CheckOutcome::Warn,
            3 => result.outcome = CheckOutcome::Fail,
            _ => result.tested = result.tested.min(less),
        });
        for (before, after) in pair.iter().flat_map(|(before, after)| letters(before, after)) {
            prop_assert!(after <= before, "{before} became {after}");
        }
    }

    /// A result that goes missing is a pass that becomes unknown.
    #[test]
    fn a_missing_result_is_unknown((policy, results) in host(), at in any::<Index>()) {
        let at = at.index(results.len());
        let mut missing = results.clone();
        missing.remove(at);
        let mut unknown = results;
        unknown[at].outcome = CheckOutcome::Unknown("why".into());
        let (missing, unknown) = (grade(&policy, &missing), grade(&policy, &unknown));
        prop_assert_eq!(missing.letter, unknown.letter);
        prop_assert_eq!(missing.score, unknown.score);
        prop_assert_eq!(missing.coverage, unknown.coverage);
    }

    /// A failure that is added, to whatever was there before, never raises a letter; only what was
    /// not graded may then be graded, at D or worse.
    #[test]
    fn a_new_failure_never_raises((policy, results) in host(), at in any::<Index>()) {
        let fresh = |result: &CheckResult| result.outcome != CheckOutcome::Fail;
        let pair = compare(&policy, &results, at, fresh, |result| {
            // What was tested in part is not tested more for having failed.
            if !matches!(result.outcome, CheckOutcome::Pass | CheckOutcome::Warn) {
                result.tested = 100;
            }
            result.outcome = CheckOutcome::Fail;
        });
        for (before, after) in pair.iter().flat_map(|(before, after)| letters(before, after)) {
            let most = if before == Letter::N { Letter::D } else { before };
            prop_assert!(after <= most, "{before} became {after}");
        }
    }

    /// The same for a second result for a check that has one.
    #[test]
    fn a_second_result_never_raises((policy, results) in host(), at in any::<Index>(), second in outcome()) {
        let passes =
            |r: &&CheckResult| r.outcome == CheckOutcome::Pass && r.tested == 100;
        let passing: Vec<_> = results.iter().filter(passes).collect();
        if !passing.is_empty() {
            let first = passing[at.index(passing.len())];
            let mut more = results.clone();
            more.push(CheckResult::new(&first.id, second, ""));
            prop_assert!(grade(&policy, &more).letter <= grade(&policy, &results).letter);
        }
    }

    /// Numbers keep to their ranges, and the best letter is only for the best host.
    #[test]
    fn numbers_keep_to_their_ranges((policy, results) in host()) {
        let grade = grade(&policy, &results);
        prop_assert!(grade.score.is_none_or(|score| score <= 100));
        prop_assert!(grade.coverage <= 100);
        prop_assert_eq!(grade.score.is_none(), grade.judged_categories.is_empty());
        prop_assert!(grade.score.is_some() || grade.letter <= Letter::N);
        if grade.letter == Letter::APlus {
            prop_assert_eq!(grade.coverage, 100);
            prop_assert!(grade.reasons.is_empty());
            prop_assert!(grade.one_letter_up.is_empty());
        }
    }

    /// What is advised does raise the letter, and no part of it can be left out.
    #[test]
    fn the_way_up_leads_up((policy, results) in host()) {
        let before = grade(&policy, &results);
        let id = |line: &String| line.split([' ', ',']).find(|w| w.starts_with('k')).map(str::to_owned);
        let chosen: Vec<_> = before.one_letter_up.iter().filter_map(id).collect();
        prop_assert_eq!(chosen.len(), before.one_letter_up.len());
        let raised = |left_out: Option<&String>| {
            let mut results = results.clone();
            for result in results.iter_mut().filter(|r| chosen.contains(&r.id) && Some(&r.id) != left_out) {
                result.outcome = CheckOutcome::Pass;
                result.tested = 100;
            }
            grade(&policy, &results).letter > before.letter
        };
        if chosen.is_empty() {
            let nothing_asked = before.categories.iter().all(|c| c.coverage == 0 && c.score.is_none());
            prop_assert!(before.letter == Letter::APlus || nothing_asked);
        } else {
            prop_assert!(raised(None));
            prop_assert!(chosen.iter().all(|id| !raised(Some(id))));
        }
    }
}
