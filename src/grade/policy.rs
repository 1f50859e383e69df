//! The policy: weights, points, caps and thresholds. Data, read from a file.

use serde::Deserialize;

use super::{CheckOutcome, CheckResult, Letter};
use crate::probe::SourceError;

const EMBEDDED: &str = include_str!("../../reports/policy/v1.toml");

/// The rules of a grade. A grade names the policy and its version; the same results under the same
/// policy give the same grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Counted up whenever a rule changes.
    pub version: u32,
    /// What the policy is called.
    pub name: String,
    /// The least score for each letter.
    pub thresholds: Thresholds,
    /// What incomplete testing does to the letter.
    pub bounds: Vec<CoverageBound>,
    /// The categories, in the order of printing; their weights make 100.
    pub categories: Vec<Category>,
    /// What holds the letter down whatever the score.
    pub caps: Vec<Cap>,
}

/// The least score, 0 to 100, for each letter. Below D is F.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Thresholds {
    pub a_plus: u32,
    pub a: u32,
    pub b: u32,
    pub c: u32,
    pub d: u32,
}

/// The most that a grade can be when less than so many percent were tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageBound {
    /// In percent.
    pub below: u32,
    /// The best letter then.
    pub at_most: Letter,
}

/// A category of checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Unique.
    pub id: String,
    /// As printed.
    pub title: String,
    /// Its share of 100.
    pub weight: u32,
    /// Its checks.
    pub checks: Vec<Check>,
}

/// A check that a policy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Unique in the policy.
    pub id: String,
    /// Its share of the category, in proportion to the other applicable checks.
    pub points: u32,
    /// What is true when it passes.
    pub title: String,
    /// False for a check that is planned: it counts nowhere.
    pub built: bool,
}

/// A rule that holds the letter down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Unique in the policy.
    pub id: String,
    /// The best letter while it holds.
    pub letter: Letter,
    /// The check that it looks at.
    pub check: String,
    /// The outcomes for which it holds.
    pub when: When,
    /// It holds only if this finding caused the outcome.
    pub finding: Option<String>,
    /// What it means, one line.
    pub text: String,
}

/// The outcomes for which a cap holds. There is no word for a pass, so that no pass can lower a
/// grade, and a warning includes the failure, so that a failure is never better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The check failed.
    Fail,
    /// The check failed or has a warning.
    Warn,
    /// Nothing is known: unknown, skipped, or no result at all.
    Untested,
}

impl Policy {
    /// The policy that is built into the binary.
    pub fn embedded() -> Result<Self, SourceError> {
        Self::parse("reports/policy/v1.toml", EMBEDDED)
    }

    /// The check with this id, and its category.
    pub fn find(&self, check: &str) -> Option<(&Category, &Check)> {
        let mut all = self.categories.iter().flat_map(|c| c.checks.iter().map(move |k| (c, k)));
        all.find(|(_, candidate)| candidate.id == check)
    }
}

impl Thresholds {
    /// The letters that a score can give, best first, each with its least score.
    pub(super) fn steps(self) -> [(Letter, u32); 5] {
        [
            (Letter::APlus, self.a_plus),
            (Letter::A, self.a),
            (Letter::B, self.b),
            (Letter::C, self.c),
            (Letter::D, self.d),
        ]
    }
}

impl Cap {
    /// True when it holds for what became of its check.
    pub(super) fn holds(&self, result: Option<&CheckResult>) -> bool {
        let Some(result) = result else { return self.when == When::Untested };
        let hit = match self.when {
            When::Fail => result.outcome == CheckOutcome::Fail,
            When::Warn => matches!(result.outcome, CheckOutcome::Fail | CheckOutcome::Warn),
            When::Untested => result.is_untested(),
        };
        hit && (self.finding.is_none() || self.finding == result.finding)
    }
}

#[cfg(test)]
impl Policy {
    /// The embedded policy as it will be when every check is built.
    pub(super) fn complete() -> Self {
        Self::parse("complete.toml", &EMBEDDED.replace(", built = false", "")).unwrap()
    }
}
