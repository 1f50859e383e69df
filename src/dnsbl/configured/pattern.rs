//! Patterns that are matched against the text of an answer.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// A compiled pattern of SpamAssassin (a Perl regular expression) or rspamd (a Lua pattern or a glob).
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// A regular expression that may match anywhere. `None` where it needs what a finite automaton cannot do, such as
    /// a look-ahead.
    pub(super) fn regex(text: &str) -> Option<Self> {
        Self::compile(text, text)
    }

    /// A Lua pattern that must match the whole answer. `None` for captures, balances and frontiers.
    pub(super) fn lua(text: &str) -> Option<Self> {
        let mut regex = String::from("^(?:");
        let mut chars = text.chars();
        let mut in_set = false;
        while let Some(c) = chars.next() {
            match c {
                '%' => match chars.next()? {
                    'd' => regex.push_str(r"\d"),
                    'D' if !in_set => regex.push_str(r"\D"),
                    'a' => regex.push_str("[A-Za-z]"),
                    'w' => regex.push_str("[A-Za-z0-9]"),
                    'x' => regex.push_str("[A-Fa-f0-9]"),
                    's' => regex.push_str(r"\s"),
                    escaped if escaped.is_ascii_punctuation() => {
                        regex.push('\\');
                        regex.push(escaped);
                    }
                    _ => return None,
                },
                '[' if !in_set => {
                    in_set = true;
                    regex.push('[');
                }
                '[' => regex.push_str(r"\["),
                ']' => {
                    in_set = false;
                    regex.push(']');
                }
                '-' if !in_set => regex.push_str("*?"),
                '(' | ')' => return None,
                '{' | '}' | '|' | '\\' | '&' | '~' => {
                    regex.push('\\');
                    regex.push(c);
                }
                // A `^` or `$` of its own is literal except at the ends, where it adds nothing here.
                '^' | '$' if !in_set => {}
                other => regex.push(other),
            }
        }
        regex.push_str(")$");
        Self::compile(text, &regex)
    }

    /// A glob that must match the whole answer.
    pub(super) fn glob(text: &str) -> Option<Self> {
        let mut regex = String::from("^(?:");
        for c in text.chars() {
            match c {
                '*' => regex.push_str("[^\n]*"),
                '?' => regex.push_str("[^\n]"),
                '[' | ']' | '-' => regex.push(c),
                c if c.is_ascii_punctuation() => {
                    regex.push('\\');
                    regex.push(c);
                }
                other => regex.push(other),
            }
        }
        regex.push_str(")$");
        Self::compile(text, &regex)
    }

    fn compile(text: &str, regex: &str) -> Option<Self> {
        const SIZE: usize = 256 * 1024;
        let regex = RegexBuilder::new(regex)
            .unicode(false)
            .size_limit(SIZE)
            .dfa_size_limit(SIZE)
            .nest_limit(50)
            .build()
            .ok()?;
        Some(Self { text: text.to_owned(), regex })
    }

    /// The pattern as the file writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the answer matches.
    pub(super) fn matches(&self, answer: &str) -> bool {
        self.regex.is_match(answer.as_bytes())
    }

    /// Whether it matches answers that have nothing in common but 127 and that no zone uses together.
    pub(super) fn is_open(&self) -> bool {
        ["127.0.0.0", "127.0.0.2", "127.13.57.99", "127.200.101.246", "127.255.255.255"]
            .iter()
            .all(|answer| self.matches(answer))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.text)
    }
}
