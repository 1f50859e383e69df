//! Statements of an ACL.

use super::super::reading::{Reading, mentions_lists};
use super::super::{NoteKind, Use};
use super::item;
use super::lines::Logical;

/// The verbs that begin a statement.
const VERBS: [&str; 7] = ["accept", "defer", "deny", "discard", "drop", "require", "warn"];

/// The statement that is being read.
#[derive(Default)]
pub(super) struct Statement {
    verb: Option<&'static str>,
}

impl Statement {
    /// Reads one line: the name of an ACL, a verb with or without a condition, or a condition.
    pub(super) fn read(&mut self, line: &Logical, reading: &mut Reading) {
        let text = line.text.trim();
        let word = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let after = text.get(word.len()..).unwrap_or_default();
        let verb = VERBS.iter().find(|verb| verb.eq_ignore_ascii_case(word));
        match verb.filter(|_| after.is_empty() || after.starts_with([' ', '\t', '!'])) {
            Some(verb) => {
                self.verb = Some(verb);
                self.condition(line.number, after.trim(), reading);
            }
            None if text.ends_with(':') && !text.contains('=') => self.verb = None,
            None => self.condition(line.number, text, reading),
        }
    }

    fn condition(&self, line: usize, text: &str, reading: &mut Reading) {
        let bare = text.trim_start_matches(['!', ' ', '\t']);
        let negated = text.chars().take_while(|c| *c != '=').filter(|c| *c == '!').count() % 2 == 1;
        let value =
            bare.strip_prefix("dnslists").and_then(|rest| rest.trim_start().strip_prefix('='));
        let Some(value) = value else {
            if text.contains("reverse_ip") || mentions_lists(name_of(text)) {
                let message = "it may ask a list by a name that it computes";
                reading.not_followed(line, text, message);
            }
            return;
        };
        let Some(verb) = self.verb else {
            let message = "the condition `dnslists` stands outside of a statement";
            reading.not_followed(line, text, message);
            return;
        };
        let shown = format!("{verb} {text}");
        if verb == "accept" && negated {
            let message = "only what is not listed is accepted here; what is listed goes on to the \
                           next statement";
            reading.note(NoteKind::Meaning, line, &shown, message);
        }
        item::read_list(value, usage(verb, negated), line, &shown, reading);
    }
}

/// What a listing does, by the verb and by `!dnslists`.
fn usage(verb: &str, negated: bool) -> Use {
    match (verb, negated) {
        ("warn", _) => Use::Warn,
        ("accept" | "require", true) | ("deny" | "drop", false) => Use::Reject,
        ("defer", false) => Use::Defer,
        ("discard", false) => Use::Discard,
        _ => Use::Allow,
    }
}

/// The part of a condition in front of its value.
fn name_of(text: &str) -> &str {
    text.split('=').next().unwrap_or_default()
}
