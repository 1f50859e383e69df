//! What stands under the line of a host: the categories of its grade, why it is what it is, and
//! what would raise it.

use std::io::{self, Write};

use crate::report::escape::{capped, terminal};
use crate::report::model::{CategoryStanding, GradeReport};

use super::style::letter;
use super::wrap::{paragraph, styled};

/// Columns before each line, and before what is broken off it.
const INDENT: usize = 4;
const HANGING: usize = 6;
/// Reasons that are printed.
const REASONS: usize = 4;
/// Characters of a reason that are printed; a server's reply may be part of it.
const SHOWN: usize = 300;

/// The lines of a grade.
pub(super) fn write(grade: &GradeReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    categories(grade, out)?;
    if !grade.reasons.is_empty() {
        let text = format!("{:INDENT$}why: {}", "", reasons(grade).join("; "));
        paragraph(out, &terminal(&text), HANGING, width)?;
    }
    if !grade.one_letter_up.is_empty() {
        let text = format!("{:INDENT$}one letter up: {}", "", grade.one_letter_up.join("; "));
        paragraph(out, &terminal(&text), HANGING, width)?;
    }
    Ok(())
}

/// The categories that were judged and those that should have been, then the numbers.
fn categories(grade: &GradeReport, out: &mut dyn Write) -> io::Result<()> {
    let mut between = "    ";
    for category in &grade.categories {
        match category.standing {
            CategoryStanding::Judged => {
                write!(out, "{between}{} ", terminal(&category.id))?;
                styled(out, letter(category.letter), category.letter)?;
            }
            CategoryStanding::Untested => {
                write!(out, "{between}{} untested", terminal(&category.id))?;
            }
            CategoryStanding::NotApplicable | CategoryStanding::NotBuilt => continue,
        }
        between = " · ";
    }
    if between != " · " {
        write!(out, "    nothing asked")?;
    }
    let score = grade.score.map_or("no score".to_owned(), |score| format!("score {score}"));
    let (coverage, policy) = (grade.coverage, &grade.policy);
    let name = terminal(&policy.name);
    writeln!(out, "   {score}, coverage {coverage} %, policy {name} {}", policy.version)
}

/// The first of the reasons, each with its effect before it, and how many more there are.
fn reasons(grade: &GradeReport) -> Vec<String> {
    let shown = grade.reasons.iter().take(REASONS);
    let mut shown: Vec<_> =
        shown.map(|reason| format!("{}: {}", reason.effect, capped(&reason.text, SHOWN))).collect();
    match grade.reasons.len().saturating_sub(REASONS) {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown
}
