//! The grade of one host in version 1 of the report.

use schemars::JsonSchema;
use serde::Serialize;

use super::words;

/// The grade of one host. It speaks of `judged_categories` and of nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GradeReport {
    /// `A+`, `A`, `B`, `C`, `D`, `F`, or `N` for "not graded".
    #[schemars(with = "words::Letter")]
    pub letter: &'static str,
    /// 0 to 100, rounded down; `null` where nothing could be judged.
    pub score: Option<u32>,
    /// How much of what the policy asks for was tested, in percent, rounded down.
    pub coverage: u32,
    /// Every category of the policy, in its order.
    pub categories: Vec<CategoryReport>,
    /// The ids of the categories that the letter speaks of.
    pub judged_categories: Vec<String>,
    /// Why, most important first.
    pub reasons: Vec<GradeReasonReport>,
    /// What would, all together, raise the letter by at least one.
    pub one_letter_up: Vec<String>,
    /// The rules that it was made by.
    pub policy: PolicyReport,
}

/// The grade of one category, from its own checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CategoryReport {
    /// Its id in the policy.
    pub id: String,
    /// Its title.
    pub title: String,
    /// As in the grade; `N` unless it was judged.
    #[schemars(with = "words::Letter")]
    pub letter: &'static str,
    /// As in the grade.
    pub score: Option<u32>,
    /// As in the grade.
    pub coverage: u32,
    /// Whether it counts.
    pub standing: CategoryStanding,
}

/// Whether a category counts, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryStanding {
    /// Some of it was tested.
    Judged,
    /// It counts, and none of it was tested.
    Untested,
    /// It does not count: none of its checks applies to the host.
    NotApplicable,
    /// It does not count: the program has none of its checks yet.
    NotBuilt,
}

/// One reason for a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GradeReasonReport {
    /// The id of the cap or the check in the policy, or `coverage`.
    pub rule: String,
    /// What was seen or what it means.
    pub text: String,
    /// What it does to the grade: `at most B`, `not graded`, `-6.6 points`, `5.0 % untested`.
    pub effect: String,
}

/// The policy of a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyReport {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// Hosts, counted by letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct LetterCounts {
    #[serde(rename = "A+")]
    pub a_plus: usize,
    #[serde(rename = "A")]
    pub a: usize,
    #[serde(rename = "B")]
    pub b: usize,
    #[serde(rename = "C")]
    pub c: usize,
    #[serde(rename = "D")]
    pub d: usize,
    #[serde(rename = "N")]
    pub n: usize,
    #[serde(rename = "F")]
    pub f: usize,
}
