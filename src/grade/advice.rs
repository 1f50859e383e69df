//! What would raise the letter by one.

use std::cmp::Reverse;

use super::policy::Policy;
use super::tally::{Asked, Tally, rate};
use super::{CheckOutcome, CheckResult, Letter};

/// Checks that raise the letter when all of them pass; none of them can be left out.
pub(super) fn one_letter_up(policy: &Policy, asked: &[Asked<'_>], letter: Letter) -> Vec<String> {
    let raises = |chosen: &[usize]| rate(policy, &passing(asked, chosen)).letter > letter;
    let mut candidates: Vec<usize> = (0..asked.len())
        .filter(|index| asked.get(*index).is_some_and(|one| shortfall(one.tally()) > 0))
        .collect();
    // Those that hold the letter down first, then the costliest.
    let binds = |one: &Asked<'_>| {
        policy.caps.iter().any(|cap| {
            cap.letter <= letter && cap.check == one.check.id && cap.holds(one.result.as_ref())
        })
    };
    candidates.sort_by_key(|index| {
        asked.get(*index).map(|one| (Reverse(binds(one)), Reverse(shortfall(one.tally()))))
    });
    let enough = (1..=candidates.len())
        .filter_map(|count| candidates.get(..count))
        .find(|chosen| raises(chosen));
    let Some(mut chosen) = enough.map(<[usize]>::to_vec) else { return Vec::new() };
    for index in chosen.clone().into_iter().rev() {
        let without: Vec<_> = chosen.iter().copied().filter(|other| *other != index).collect();
        if raises(&without) {
            chosen = without;
        }
    }
    chosen.into_iter().filter_map(|index| asked.get(index)).map(sentence).collect()
}

/// How far a check is from a full pass.
fn shortfall(own: Tally) -> u128 {
    own.asked - own.earned
}

/// The same checks, the chosen ones passed.
fn passing<'a>(asked: &[Asked<'a>], chosen: &[usize]) -> Vec<Asked<'a>> {
    let mut asked = asked.to_vec();
    for index in chosen {
        if let Some(one) = asked.get_mut(*index) {
            one.result = Some(CheckResult::new(&one.check.id, CheckOutcome::Pass, ""));
        }
    }
    asked
}

fn sentence(one: &Asked<'_>) -> String {
    let outcome = one.result.as_ref().map(|result| &result.outcome);
    let what = match outcome {
        Some(CheckOutcome::Fail | CheckOutcome::Warn) => "mend",
        Some(CheckOutcome::Pass) => "test the rest of",
        _ => "test",
    };
    format!("{what} {}, so that {}", one.check.id, one.check.title)
}
