//! From the grade of a host to its report, and from those of all hosts to their counts.

use crate::grade::{CategoryGrade, Grade, GradeReason, Letter, Standing};

use super::*;

/// From worst to best.
const LETTERS: [Letter; 7] =
    [Letter::F, Letter::N, Letter::D, Letter::C, Letter::B, Letter::A, Letter::APlus];

impl GradeReport {
    /// The report's form of a grade.
    pub(in crate::report) fn of(grade: &Grade) -> Self {
        Self {
            letter: grade.letter.as_str(),
            // A score of the little that was tested says nothing.
            score: grade.score.filter(|_| grade.letter != Letter::N),
            coverage: grade.coverage,
            categories: grade.categories.iter().map(CategoryReport::of).collect(),
            judged_categories: grade.judged_categories.clone(),
            reasons: grade.reasons.iter().map(GradeReasonReport::of).collect(),
            one_letter_up: grade.one_letter_up.clone(),
            policy: PolicyReport { name: grade.policy.clone(), version: grade.policy_version },
        }
    }
}

impl CategoryReport {
    fn of(category: &CategoryGrade) -> Self {
        Self {
            id: category.id.clone(),
            title: category.title.clone(),
            letter: category.letter.as_str(),
            score: category.score,
            coverage: category.coverage,
            standing: match category.standing {
                Standing::Judged => CategoryStanding::Judged,
                Standing::Untested => CategoryStanding::Untested,
                Standing::NotApplicable => CategoryStanding::NotApplicable,
                Standing::NotBuilt => CategoryStanding::NotBuilt,
            },
        }
    }
}

impl GradeReasonReport {
    fn of(reason: &GradeReason) -> Self {
        Self {
            rule: reason.rule.clone(),
            text: reason.text.clone(),
            effect: reason.effect.to_string(),
        }
    }
}

impl LetterCounts {
    /// The hosts with each letter.
    pub(super) fn of(hosts: &[HostReport]) -> Self {
        let of = |letter: Letter| with(letter, hosts).count();
        Self {
            a_plus: of(Letter::APlus),
            a: of(Letter::A),
            b: of(Letter::B),
            c: of(Letter::C),
            d: of(Letter::D),
            n: of(Letter::N),
            f: of(Letter::F),
        }
    }
}

/// The worst letter of the hosts; none without hosts. Letters have no mean.
pub(super) fn worst(hosts: &[HostReport]) -> Option<&'static str> {
    let mut letters = LETTERS.into_iter();
    letters.find(|letter| with(*letter, hosts).next().is_some()).map(Letter::as_str)
}

fn with(letter: Letter, hosts: &[HostReport]) -> impl Iterator<Item = &HostReport> {
    hosts.iter().filter(move |host| host.grade.letter == letter.as_str())
}
