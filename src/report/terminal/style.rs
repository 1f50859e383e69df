//! The colours. Nothing depends on them: every word says what its colour says.

use anstyle::{AnsiColor, Style};

use crate::finding::Severity;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const FRAME: Style = AnsiColor::Blue.on_default().bold();
pub(super) const UNKNOWN: Style = AnsiColor::Magenta.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
const FAIR: Style = AnsiColor::Green.on_default();
const POOR: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// The word at the head of a finding, and its colour.
pub(super) fn level(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Critical | Severity::High => ("error", ERROR),
        Severity::Medium | Severity::Low => ("warning", WARNING),
        Severity::Info => ("note", NOTE),
    }
}

/// The colour of the letter of a grade.
pub(super) fn letter(letter: &str) -> Style {
    match letter {
        "A+" | "A" => GOOD,
        "B" => FAIR,
        "C" => POOR,
        "D" => BAD,
        "F" => ERROR,
        _ => WARNING,
    }
}

/// The colour of what all lists together say.
pub(super) fn standing(word: &str) -> Style {
    match word {
        "listed" => ERROR,
        "not-listed" => GOOD,
        _ => UNKNOWN,
    }
}

/// The colour of a verdict word.
pub(super) fn verdict(word: &str) -> Style {
    match word {
        "open" | "conditional" => ERROR,
        "closed" => GOOD,
        _ => UNKNOWN,
    }
}
