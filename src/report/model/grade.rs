//! From the grade of a host to its report, and the count of each letter.

use crate::grade::{
    CategoryGrade, CheckOutcome, CheckResult, Grade, GradeReason, Letter, Standing,
};

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
            checks: grade.checks.iter().map(CheckReport::of).collect(),
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

impl CheckReport {
    fn of(result: &CheckResult) -> Self {
        let (outcome, reason) = match &result.outcome {
            CheckOutcome::Pass => (CheckWord::Pass, None),
            CheckOutcome::Warn => (CheckWord::Warn, None),
            CheckOutcome::Fail => (CheckWord::Fail, None),
            CheckOutcome::Unknown(why) => (CheckWord::Unknown, Some(why.clone())),
            CheckOutcome::NotApplicable => (CheckWord::NotApplicable, None),
            CheckOutcome::Skipped => (CheckWord::Skipped, None),
        };
        let judged = matches!(outcome, CheckWord::Pass | CheckWord::Warn | CheckWord::Fail);
        let tested = if judged { result.tested } else { 0 };
        Self { id: result.id.clone(), outcome, reason, tested }
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
