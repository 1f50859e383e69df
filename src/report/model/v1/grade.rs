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
    /// Every check that it is made of.
    pub checks: Vec<CheckReport>,
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

/// What became of one check of a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Its id in the rules of the grade.
    pub id: String,
    /// What came out.
    pub outcome: CheckWord,
    /// Why it is not known, where it is not.
    pub reason: Option<String>,
    /// How much of it was judged, in percent.
    pub tested: u32,
}

/// What comes out of a check, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckWord {
    /// Not as it should be.
    Fail,
    /// Not as it should be, and no failure.
    Warn,
    /// As it should be.
    Pass,
    /// Nothing was learned.
    Unknown,
    /// The user left it out.
    Skipped,
    /// It makes no sense for this host.
    NotApplicable,
}

impl CheckWord {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Fail, Self::Warn, Self::Pass, Self::Unknown, Self::Skipped, Self::NotApplicable];

    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// True where nothing is known of what should be.
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown | Self::Skipped)
    }
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
