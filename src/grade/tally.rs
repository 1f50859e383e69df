//! The arithmetic: from outcomes to points, coverage and a letter. Integers only, and exact.

use super::policy::{Cap, Category, Check, Policy};
use super::{CheckOutcome, CheckResult, Letter};

/// A check that is built and applies to the host.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) category: &'a Category,
    pub(super) check: &'a Check,
    /// None where there is no result: untested.
    pub(super) result: Option<CheckResult>,
    /// The weight of one percent of half of the check, in units that all checks share.
    unit: u128,
}

/// Sums of weights. `earned <= possible <= asked` and `sound <= tested <= asked`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// What the checks earned.
    pub(super) earned: u128,
    /// What they could have earned, without what is not known.
    pub(super) possible: u128,
    /// What was tested.
    pub(super) tested: u128,
    /// What was tested and did not fail.
    pub(super) sound: u128,
    /// What the policy asks for.
    pub(super) asked: u128,
}

/// A letter and what it comes from.
#[derive(Clone, Debug)]
pub(super) struct Rating<'a> {
    pub(super) letter: Letter,
    /// What the score alone gives.
    pub(super) base: Letter,
    pub(super) tally: Tally,
    pub(super) caps: Vec<&'a Cap>,
}

/// The checks that count, with their weights.
pub(super) fn asked<'a>(policy: &'a Policy, results: &[CheckResult]) -> Vec<Asked<'a>> {
    let mut asked = Vec::new();
    for category in &policy.categories {
        for check in category.checks.iter().filter(|check| check.built) {
            let of_check = results.iter().filter(|result| result.id == check.id);
            let result = of_check.min_by_key(|result| result.rank()).cloned();
            if !result.as_ref().is_some_and(|r| r.outcome == CheckOutcome::NotApplicable) {
                asked.push(Asked { category, check, result, unit: 0 });
            }
        }
    }
    let total = |of: &Category, asked: &[Asked<'_>]| -> u128 {
        let own = asked.iter().filter(|other| other.category.id == of.id);
        own.map(|other| u128::from(other.check.points)).sum()
    };
    let totals: Vec<_> = asked.iter().map(|one| total(one.category, &asked)).collect();
    let common = totals.iter().fold(1, |common, total| common / gcd(common, *total) * total);
    for (one, total) in asked.iter_mut().zip(totals) {
        one.unit =
            u128::from(one.category.weight) * u128::from(one.check.points) * (common / total);
    }
    asked
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Asked<'_> {
    /// What this check adds to the sums. Half of a warning counts, and all of a failure, however
    /// little of the check was tested.
    pub(super) fn tally(&self) -> Tally {
        let (half, whole) = (self.unit, 2 * self.unit);
        let asked = whole * 100;
        let Some(result) = &self.result else { return Tally { asked, ..Tally::default() } };
        let percent = u128::from(result.tested.min(100));
        let tested = whole * percent;
        let (earned, possible, tested, sound) = match result.outcome {
            CheckOutcome::Pass => (tested, tested, tested, tested),
            CheckOutcome::Warn => (half * percent, tested, tested, tested),
            CheckOutcome::Fail => (0, asked, tested, 0),
            CheckOutcome::Unknown(_) | CheckOutcome::Skipped | CheckOutcome::NotApplicable => {
                (0, 0, 0, 0)
            }
        };
        Tally { earned, possible, tested, sound, asked }
    }

    /// True where it is neither a pass nor untested.
    fn is_flawed(&self) -> bool {
        let outcome = self.result.as_ref().map(|result| &result.outcome);
        matches!(outcome, Some(CheckOutcome::Warn | CheckOutcome::Fail))
    }
}

impl Tally {
    pub(super) fn of<'a>(asked: impl IntoIterator<Item = &'a Asked<'a>>) -> Self {
        let mut sum = Self::default();
        for one in asked.into_iter().map(Asked::tally) {
            sum.earned += one.earned;
            sum.possible += one.possible;
            sum.tested += one.tested;
            sum.sound += one.sound;
            sum.asked += one.asked;
        }
        sum
    }

    /// 0 to 100, rounded down; none where nothing could be judged.
    pub(super) fn score(self) -> Option<u32> {
        (self.possible > 0).then(|| share(self.earned, self.possible, 100))
    }

    /// Percent, rounded down.
    pub(super) fn coverage(self) -> u32 {
        share(self.tested, self.asked, 100)
    }

    /// Percent of what was asked that was tested and did not fail, rounded down.
    pub(super) fn soundness(self) -> u32 {
        share(self.sound, self.asked, 100)
    }

    /// The score if everything that is not known passed.
    fn best_score(self) -> u32 {
        share(self.earned + self.asked - self.possible, self.asked, 100)
    }
}

/// `part` of `whole`, in `parts`, rounded down; 0 of nothing.
pub(super) fn share(part: u128, whole: u128, parts: u128) -> u32 {
    let share = (part * parts).checked_div(whole).unwrap_or(0);
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// The letter of some checks.
pub(super) fn rate<'a>(policy: &'a Policy, asked: &[Asked<'_>]) -> Rating<'a> {
    let tally = Tally::of(asked);
    let holds = |cap: &&Cap| {
        asked.iter().any(|one| one.check.id == cap.check && cap.holds(one.result.as_ref()))
    };
    let caps: Vec<_> = policy.caps.iter().filter(holds).collect();
    let flawed = asked.iter().any(Asked::is_flawed);
    let base = by_score(policy, tally, flawed);
    let caps_at = caps.iter().map(|cap| cap.letter).min();
    let bound = by_coverage(policy, tally);
    let letter = [Some(base), caps_at, bound].into_iter().flatten().min().unwrap_or(Letter::N);
    Rating { letter, base, tally, caps }
}

/// A low score is an F only where nothing that is not known could save it; otherwise the host is
/// not graded. So a relay test without an answer beside one small failure is no F.
fn by_score(policy: &Policy, tally: Tally, flawed: bool) -> Letter {
    let Some(score) = tally.score() else { return Letter::N };
    if score < policy.thresholds.d {
        let lost = tally.best_score() < policy.thresholds.d;
        return if lost { Letter::F } else { Letter::N };
    }
    let steps = policy.thresholds.steps().into_iter();
    let fits = |letter: Letter| letter != Letter::APlus || (!flawed && tally.coverage() == 100);
    steps
        .filter(|(letter, least)| score >= *least && fits(*letter))
        .map(|(letter, _)| letter)
        .max()
        .unwrap_or(Letter::N)
}

/// The best letter that the coverage allows. A failure is tested, but it earns no better bound
/// than not knowing would: otherwise one more failure could raise the letter.
pub(super) fn by_coverage(policy: &Policy, tally: Tally) -> Option<Letter> {
    let bounds = policy.bounds.iter().filter_map(|bound| {
        if tally.coverage() < bound.below {
            Some(bound.at_most)
        } else {
            (tally.soundness() < bound.below).then(|| bound.at_most.max(Letter::D))
        }
    });
    bounds.min()
}
