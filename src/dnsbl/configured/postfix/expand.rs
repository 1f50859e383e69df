//! `$name` in values, and the words of what comes out.

use std::collections::{HashMap, HashSet};
use std::ptr;

use super::super::NoteKind;
use super::super::reading::{Reading, mentions_lists};
use super::syntax::Parameter;

/// The characters that all expansions of a file may look at: values can multiply each other.
const BUDGET: usize = 1 << 19;
/// How often a value may be within another.
const DEPTH_LIMIT: usize = 20;

/// A word of a value.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

/// Looks parameters up within the file.
pub(super) struct Expander<'a> {
    parameters: HashMap<&'a str, &'a Parameter>,
    used: HashSet<*const Parameter>,
    budget: usize,
}

/// A text of which each character knows its line.
type Chars = Vec<(char, usize)>;
type Slice<'a> = &'a [(char, usize)];

impl<'a> Expander<'a> {
    /// Of two settings of one parameter, the last counts.
    pub(super) fn new(parameters: &'a [Parameter], reading: &mut Reading) -> Self {
        let mut found: HashMap<&str, &Parameter> = HashMap::new();
        for parameter in parameters {
            let Some(earlier) = found.insert(&parameter.name, parameter) else { continue };
            if mentions_lists(&earlier.text()) {
                let message = format!(
                    "`{}` is set again in line {}, and only that counts",
                    parameter.name, parameter.line
                );
                reading.note(NoteKind::Disabled, earlier.line, &earlier.text(), message);
            }
        }
        Self { parameters: found, used: HashSet::new(), budget: BUDGET }
    }

    /// The parameter of this name, marked as used.
    pub(super) fn parameter(&mut self, name: &str) -> Option<&'a Parameter> {
        let found = self.parameters.get(name).copied()?;
        self.used.insert(found);
        Some(found)
    }

    /// Whether this setting is the one that counts.
    pub(super) fn counts(&self, parameter: &Parameter) -> bool {
        self.parameters.get(parameter.name.as_str()).is_some_and(|last| ptr::eq(*last, parameter))
    }

    /// Whether the setting was used, or another one replaces it.
    pub(super) fn has_used(&self, parameter: &Parameter) -> bool {
        self.used.contains(&ptr::from_ref(parameter)) || !self.counts(parameter)
    }

    /// Whether the expansions came to more than can be followed.
    pub(super) fn is_exhausted(&self) -> bool {
        self.budget == 0
    }

    /// The whole value of a parameter after expansion.
    pub(super) fn value(&mut self, name: &str) -> Option<String> {
        let parameter = self.parameter(name)?;
        let chars = self.expanded(parameter);
        Some(chars.into_iter().map(|(c, _)| c).collect::<String>().trim().to_owned())
    }

    /// The words of a parameter's value after expansion. What cannot be expanded stays as it is.
    pub(super) fn words(&mut self, parameter: &Parameter) -> Vec<Word> {
        self.used.insert(parameter);
        let chars = self.expanded(parameter);
        let mut words = Vec::new();
        let mut word: Option<Word> = None;
        let mut level = 0_usize;
        for (c, line) in chars {
            if level == 0 && (c.is_whitespace() || c == ',') {
                words.extend(word.take());
                continue;
            }
            match c {
                '{' => level += 1,
                '}' => level = level.saturating_sub(1),
                _ => {}
            }
            word.get_or_insert_with(|| Word { text: String::new(), line }).text.push(c);
        }
        words.extend(word);
        words
    }

    fn expanded(&mut self, parameter: &Parameter) -> Chars {
        let mut out = Chars::new();
        self.expand(&characters(parameter), 0, &mut out);
        out
    }

    fn expand(&mut self, text: Slice<'_>, depth: usize, out: &mut Chars) {
        let mut rest = text;
        while let Some((&(c, line), after)) = rest.split_first() {
            let Some(left) = self.budget.checked_sub(1) else { return };
            self.budget = left;
            rest = after;
            if c != '$' {
                out.push((c, line));
                continue;
            }
            let (inner, after) = match rest.first() {
                Some(('$', _)) => {
                    out.push(('$', line));
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
                Some((open @ ('{' | '('), _)) => {
                    let end = closing(rest, *open);
                    self.budget = self.budget.saturating_sub(end.unwrap_or(rest.len()));
                    match end {
                        Some(end) => (
                            rest.get(1..end).unwrap_or_default(),
                            rest.get(end + 1..).unwrap_or_default(),
                        ),
                        None => (&[][..], rest),
                    }
                }
                _ => {
                    let end = rest.iter().take_while(|(c, _)| is_name(*c)).count();
                    rest.split_at_checked(end).unwrap_or((&[], rest))
                }
            };
            rest = after;
            if inner.is_empty() || !self.substitute(inner, depth, out) {
                out.push(('$', line));
                out.push(('{', line));
                out.extend(inner);
                out.push(('}', line));
            }
        }
    }

    /// Puts in what an expression stands for. False where the file does not say it.
    fn substitute(&mut self, inner: Slice<'_>, depth: usize, out: &mut Chars) -> bool {
        let end = inner.iter().take_while(|(c, _)| is_name(*c)).count();
        let (name, rest) = inner.split_at_checked(end).unwrap_or((inner, &[]));
        let name: String = name.iter().map(|(c, _)| *c).collect();
        let rest = trim(rest);
        if name.is_empty() || depth >= DEPTH_LIMIT {
            return false;
        }
        let Some(parameter) = self.parameter(&name) else { return false };
        let mut value = Chars::new();
        self.expand(&characters(parameter), depth + 1, &mut value);
        let Some(((operator, _), branches)) = rest.split_first() else {
            out.append(&mut value);
            return true;
        };
        let (first, second) = branch(branches);
        let set = !trim(&value).is_empty();
        let chosen = match (operator, set) {
            ('?', true) | (':', false) => first,
            ('?', false) => second,
            (':', true) => &[],
            _ => return false,
        };
        self.expand(chosen, depth + 1, out);
        true
    }
}

/// The first text of a condition, and the one behind its colon.
fn branch(text: Slice<'_>) -> (Slice<'_>, Slice<'_>) {
    let text = trim(text);
    if text.first().map(|(c, _)| *c) != Some('{') {
        return (text, &[]);
    }
    let Some(end) = closing(text, '{') else { return (text, &[]) };
    let first = text.get(1..end).unwrap_or_default();
    let after = trim(text.get(end + 1..).unwrap_or_default());
    let second = match after.split_first() {
        Some(((':', _), second)) => branch(second).0,
        _ => &[],
    };
    (first, second)
}

/// Where the bracket at the beginning is closed.
fn closing(text: Slice<'_>, open: char) -> Option<usize> {
    let close = if open == '{' { '}' } else { ')' };
    let mut level = 0_usize;
    for (at, (c, _)) in text.iter().enumerate() {
        if *c == open {
            level += 1;
        } else if *c == close {
            level = level.checked_sub(1)?;
            if level == 0 {
                return Some(at);
            }
        }
    }
    None
}

fn trim(mut text: Slice<'_>) -> Slice<'_> {
    while let [(c, _), rest @ ..] = text {
        if !c.is_whitespace() {
            break;
        }
        text = rest;
    }
    while let [rest @ .., (c, _)] = text {
        if !c.is_whitespace() {
            break;
        }
        text = rest;
    }
    text
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The characters of a value with their lines; the end of a line within it is a space.
fn characters(parameter: &Parameter) -> Chars {
    let mut chars = Chars::new();
    for (line, text) in &parameter.value {
        chars.extend(text.chars().map(|c| (c, *line)));
        chars.push((' ', *line));
    }
    trim(&chars).to_vec()
}
