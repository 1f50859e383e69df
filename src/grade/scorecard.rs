//! The grade of one host, with everything that led to it.

use std::cmp::Reverse;
use std::fmt;

use super::policy::{Category, Policy};
use super::tally::{Asked, Rating, asked, by_coverage, rate, share};
use super::{CheckOutcome, CheckResult, Letter, advice};

/// The grade of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// The letter.
    pub letter: Letter,
    /// 0 to 100, rounded down; none where nothing could be judged.
    pub score: Option<u32>,
    /// How much of what the policy asks for was tested, in percent, rounded down.
    pub coverage: u32,
    /// Every category of the policy, in its order.
    pub categories: Vec<CategoryGrade>,
    /// Why: caps first, worst first; then the bound of the coverage; then lost points, largest
    /// first; then what was not tested.
    pub reasons: Vec<GradeReason>,
    /// What would, all together, raise the letter by at least one; empty for A+ and where nothing
    /// applies.
    pub one_letter_up: Vec<String>,
    /// The categories that the letter speaks of. Print them beside it.
    pub judged_categories: Vec<String>,
    /// Every check of the policy that is built, in its order; of two results for one check the worse.
    pub checks: Vec<CheckResult>,
    /// The name of the policy.
    pub policy: String,
    /// Its version.
    pub policy_version: u32,
}

/// The grade of one category, from its own checks and caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryGrade {
    /// Its id in the policy.
    pub id: String,
    /// As printed.
    pub title: String,
    /// N unless it was judged.
    pub letter: Letter,
    /// As in [`Grade::score`].
    pub score: Option<u32>,
    /// As in [`Grade::coverage`].
    pub coverage: u32,
    /// Whether it counts.
    pub standing: Standing,
}

/// Whether a category counts, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Some of it was tested.
    Judged,
    /// It counts, and none of it was tested.
    Untested,
    /// It does not count: none of its checks applies to the host.
    NotApplicable,
    /// It does not count: none of its checks is built.
    NotBuilt,
}

/// One reason for the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GradeReason {
    /// The id of the cap or the check, or `coverage`.
    pub rule: String,
    /// What was seen or what it means, one line.
    pub text: String,
    /// What it does to the grade.
    pub effect: Effect,
}

/// What a reason does to the grade. `{}` is the short form that reports print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It holds the letter down.
    AtMost(Letter),
    /// It costs that many tenths of a point of the score.
    Lost(u32),
    /// That many tenths of a percent were not tested.
    Untested(u32),
}

impl CategoryGrade {
    /// True where some of it was tested.
    pub fn is_judged(&self) -> bool {
        self.standing == Standing::Judged
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(Letter::N) => f.write_str("not graded"),
            Self::AtMost(letter) => write!(f, "at most {letter}"),
            Self::Lost(tenths) => write!(f, "-{}.{} points", tenths / 10, tenths % 10),
            Self::Untested(tenths) => write!(f, "{}.{} % untested", tenths / 10, tenths % 10),
        }
    }
}

/// Grades one host. Results for checks that the policy does not ask for are left aside; of two
/// results for one check the worse one counts; a check without a result is untested.
pub fn grade(policy: &Policy, results: &[CheckResult]) -> Grade {
    let asked = asked(policy, results);
    let rating = rate(policy, &asked);
    let categories: Vec<_> =
        policy.categories.iter().map(|category| of_category(policy, category, &asked)).collect();
    let judged = categories.iter().filter(|category| category.is_judged());
    Grade {
        letter: rating.letter,
        score: rating.tally.score(),
        coverage: rating.tally.coverage(),
        reasons: reasons(policy, &asked, &rating),
        one_letter_up: advice::one_letter_up(policy, &asked, rating.letter),
        judged_categories: judged.map(|category| category.id.clone()).collect(),
        categories,
        checks: checks(policy, results),
        policy: policy.name.clone(),
        policy_version: policy.version,
    }
}

fn checks(policy: &Policy, results: &[CheckResult]) -> Vec<CheckResult> {
    let all = policy.categories.iter().flat_map(|category| &category.checks);
    let of = |id: &str| {
        let own = results.iter().filter(|result| result.id == id);
        let worst = own.min_by_key(|result| result.rank()).cloned();
        worst.unwrap_or_else(|| CheckResult::unknown(id, "not-asked", "it was not asked"))
    };
    all.filter(|check| check.built).map(|check| of(&check.id)).collect()
}

fn of_category(policy: &Policy, category: &Category, asked: &[Asked<'_>]) -> CategoryGrade {
    let own: Vec<_> = asked.iter().filter(|one| one.category.id == category.id).cloned().collect();
    let rating = rate(policy, &own);
    let standing = if category.checks.iter().all(|check| !check.built) {
        Standing::NotBuilt
    } else if own.is_empty() {
        Standing::NotApplicable
    } else if rating.tally.possible == 0 {
        Standing::Untested
    } else {
        Standing::Judged
    };
    CategoryGrade {
        id: category.id.clone(),
        title: category.title.clone(),
        letter: rating.letter,
        score: rating.tally.score(),
        coverage: rating.tally.coverage(),
        standing,
    }
}

fn reasons(policy: &Policy, asked: &[Asked<'_>], rating: &Rating<'_>) -> Vec<GradeReason> {
    let mut caps = rating.caps.clone();
    caps.sort_by_key(|cap| cap.letter);
    let mut reasons: Vec<_> = caps
        .into_iter()
        .map(|cap| GradeReason {
            rule: cap.id.clone(),
            text: cap.text.clone(),
            effect: Effect::AtMost(cap.letter),
        })
        .collect();
    reasons.extend(bound(policy, rating));
    let each: Vec<_> = asked.iter().map(|one| (one, one.tally())).collect();
    let mut lost: Vec<_> = each
        .iter()
        .map(|(one, own)| (one, share(own.possible - own.earned, rating.tally.possible, 1000)))
        .filter(|(one, _)| !one.is_without_loss())
        .collect();
    lost.sort_by_key(|(_, tenths)| Reverse(*tenths));
    reasons.extend(lost.into_iter().map(|(one, tenths)| one.reason(Effect::Lost(tenths))));
    let mut untested: Vec<_> = each
        .iter()
        .filter(|(_, own)| own.tested < own.asked)
        .map(|(one, own)| (one, share(own.asked - own.tested, rating.tally.asked, 1000)))
        .collect();
    untested.sort_by_key(|(_, tenths)| Reverse(*tenths));
    reasons.extend(untested.into_iter().map(|(one, tenths)| one.reason(Effect::Untested(tenths))));
    reasons
}

/// What incomplete testing does to a letter that the score would give.
fn bound(policy: &Policy, rating: &Rating<'_>) -> Option<GradeReason> {
    let tally = rating.tally;
    let reason = |text: String, letter| {
        Some(GradeReason { rule: "coverage".into(), text, effect: Effect::AtMost(letter) })
    };
    let (coverage, score) = (tally.coverage(), tally.score());
    if score.is_none() {
        return reason("nothing could be judged".into(), Letter::N);
    }
    if rating.base == Letter::N {
        let text = "the score is low, but what was not tested could still save it";
        return reason(text.into(), Letter::N);
    }
    let letter = by_coverage(policy, tally).filter(|letter| *letter < rating.base)?;
    let sound = tally.soundness();
    if sound < coverage {
        let text = format!(
            "{coverage} % of what the policy asks for was tested, and {sound} % did not fail"
        );
        return reason(text, letter);
    }
    reason(format!("{coverage} % of what the policy asks for was tested"), letter)
}

impl Asked<'_> {
    fn is_without_loss(&self) -> bool {
        let own = self.tally();
        own.earned == own.possible
    }

    fn reason(&self, effect: Effect) -> GradeReason {
        let Some(result) = &self.result else {
            let text = format!("no result: {}", self.check.title);
            return GradeReason { rule: self.check.id.clone(), text, effect };
        };
        let text = match &result.outcome {
            CheckOutcome::Unknown(why) if result.detail.is_empty() => format!("unknown ({why})"),
            CheckOutcome::Unknown(why) => format!("unknown ({why}): {}", result.detail),
            _ if result.detail.is_empty() => format!("not so: {}", self.check.title),
            _ => result.detail.clone(),
        };
        GradeReason { rule: self.check.id.clone(), text, effect }
    }
}
