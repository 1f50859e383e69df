//! From the grade of a host to its report, and the count of each letter.

use crate::grade::{CategoryGrade, Grade, GradeReason, Letter, Standing};

use super::*;

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
    /// The count of one letter.
    pub(super) fn of(&mut self, letter: Letter) -> &mut usize {
        match letter {
            Letter::APlus => &mut self.a_plus,
            Letter::A => &mut self.a,
            Letter::B => &mut self.b,
            Letter::C => &mut self.c,
            Letter::D => &mut self.d,
            Letter::N => &mut self.n,
            Letter::F => &mut self.f,
        }
    }
}
