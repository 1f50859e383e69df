//! Lines, macros and conditions of an Exim configuration.

use super::super::NoteKind;
use super::super::reading::{Reading, mentions_lists};

/// Macros beyond this number are not expanded, and no line grows beyond this length by them.
const MACRO_LIMIT: usize = 500;
const LENGTH_LIMIT: usize = 64 * 1024;

/// A setting or condition: a line with those that continue it, macros expanded.
#[derive(Debug)]
pub(super) struct Logical {
    pub(super) number: usize,
    pub(super) text: String,
}

/// What a line defined.
enum Defined {
    Nothing,
    Macro,
    TooMany,
}

#[derive(Default)]
struct Macros(Vec<(String, String)>);

impl Macros {
    /// Defines a macro where the line does so: `NAME = value`, or `NAME == value` for another value.
    fn define(&mut self, line: &str) -> Defined {
        let Some((name, value)) = line.split_once('=').filter(|_| is_definition(line)) else {
            return Defined::Nothing;
        };
        let name = name.trim_end();
        let value = self.expand(value.trim_start_matches('=').trim());
        let full = self.0.len() >= MACRO_LIMIT;
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None if full => return Defined::TooMany,
            None => self.0.push((name.to_owned(), value)),
        }
        Defined::Macro
    }

    /// The line with every occurrence of every macro replaced, in the order of their definition.
    fn expand(&self, line: &str) -> String {
        let mut text = line.to_owned();
        if !line.bytes().any(|b| b.is_ascii_uppercase()) {
            return text;
        }
        for (name, value) in &self.0 {
            let count = text.matches(name.as_str()).count();
            if count > 0 && text.len() + count * value.len() <= LENGTH_LIMIT {
                text = text.replace(name.as_str(), value);
            }
        }
        text
    }
}

/// The logical lines of a file. What stands in a branch that its macros do not choose is left out, with a note where
/// it is about lists.
pub(super) fn logical_lines(text: &str, reading: &mut Reading) -> Vec<Logical> {
    let mut macros = Macros::default();
    let mut conditions = Conditions::default();
    let mut found: Vec<Logical> = Vec::new();
    let mut current: Option<Logical> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let bare = line.trim_start();
        if bare.starts_with('#') {
            continue;
        }
        if bare.starts_with('.') && conditions.follow(bare, &macros) {
            continue;
        }
        if !conditions.hold() {
            if mentions_lists(bare) {
                let (kind, message) = conditions.why();
                reading.note(kind, number, bare, message);
            }
            continue;
        }
        if bare.starts_with(".include") {
            let message = "the included file may ask lists; give it too";
            reading.note(NoteKind::Elsewhere, number, bare, message);
            continue;
        }
        let continued = current.is_some();
        // A definition is a line of its own, and nothing in front of its `=` is replaced.
        let expanded = match !continued && is_definition(bare) {
            true => bare.to_owned(),
            false => macros.expand(bare),
        };
        let line = current.get_or_insert_with(|| Logical { number, text: String::new() });
        let expanded = expanded.trim_end();
        if let Some(part) = expanded.strip_suffix('\\') {
            if line.text.len() < LENGTH_LIMIT {
                line.text.push_str(part);
            }
            continue;
        }
        line.text.push_str(expanded);
        if let Some(line) = current.take().filter(|line| !line.text.is_empty()) {
            match macros.define(&line.text) {
                Defined::Nothing => found.push(line),
                Defined::Macro => {}
                Defined::TooMany => {
                    let message = format!("beyond {MACRO_LIMIT} macros, none is followed");
                    reading.not_followed(line.number, &line.text, message);
                }
            }
        }
    }
    found.extend(current);
    found
}

fn is_definition(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default().trim_end();
    line.contains('=')
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The open `.ifdef` and their kin.
#[derive(Default)]
struct Conditions(Vec<Condition>);

struct Condition {
    text: String,
    /// Whether those around it hold.
    outer: bool,
    holds: bool,
    /// Whether a branch of it was already chosen.
    chosen: bool,
}

impl Conditions {
    fn hold(&self) -> bool {
        self.0.last().is_none_or(|last| last.outer && last.holds)
    }

    /// Why the lines are left out: another branch was chosen, or a macro is not defined in this file.
    fn why(&self) -> (NoteKind, String) {
        let last = self.0.iter().rev().find(|one| !one.holds);
        let text = last.map_or("", |one| one.text.as_str());
        if last.is_some_and(|one| one.chosen) {
            (NoteKind::Disabled, format!("it is in a branch of `{text}` that is not chosen"))
        } else {
            let message =
                format!("it is behind `{text}`, which the macros of this file do not fulfil");
            (NoteKind::NotFollowed, message)
        }
    }

    /// Follows a conditional directive. False where the line is none.
    fn follow(&mut self, line: &str, macros: &Macros) -> bool {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let set = macros.0.iter().any(|(name, _)| rest.contains(name.as_str()));
        let text = line.trim().to_owned();
        let outer = self.hold();
        match word {
            ".ifdef" => self.0.push(Condition { text, outer, holds: set, chosen: set }),
            ".ifndef" => self.0.push(Condition { text, outer, holds: !set, chosen: !set }),
            ".elifdef" => self.next(set, text),
            ".elifndef" => self.next(!set, text),
            ".else" => self.next(true, text),
            ".endif" => {
                self.0.pop();
            }
            _ => return false,
        }
        true
    }

    fn next(&mut self, set: bool, text: String) {
        if let Some(last) = self.0.last_mut() {
            last.holds = set && !last.chosen;
            last.chosen |= set;
            if text != ".else" {
                last.text = text;
            }
        }
    }
}
