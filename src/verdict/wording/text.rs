//! The words of a reply, without the names and addresses in it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::smtp::{EnhancedStatus, Phase, Reply};

use super::Class;
use super::phrases::{Found, List};

/// Every name that may stand in a reply without meaning anything.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Lower case, longest first.
    names: Vec<String>,
    /// How replies were read: most of a server's are the same but for what stands in brackets, so
    /// that there are few.
    pub(super) read: Mutex<Vec<(Said, Class)>>,
}

/// All of a reply that its class depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) code: u16,
    pub(super) enhanced: Option<EnhancedStatus>,
    pub(super) phase: Phase,
    /// Line by line, lower case, without brackets.
    pub(super) text: String,
}

/// What a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wording {
    said: Found,
    /// The same with host names and links taken apart, for the lists that they name.
    named: Found,
}

impl Names {
    pub(crate) fn new(names: impl IntoIterator<Item = String>, addresses: &[IpAddr]) -> Self {
        let texts = addresses.iter().map(IpAddr::to_string);
        let names = names.into_iter().chain(texts).map(|name| name.to_lowercase());
        let mut names: Vec<_> = names.filter(|name| is_long_enough(name)).collect();
        names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        names.dedup();
        Self { names, read: Mutex::default() }
    }

    /// True for a lower case name that means nothing, because it is one of these or too short to look
    /// for.
    pub(crate) fn holds(&self, name: &str) -> bool {
        !is_long_enough(name) || self.names.iter().any(|known| known == name)
    }

    /// What lines say that are [`bare`].
    pub(super) fn wording(&self, bare: &str) -> Wording {
        let text = self.without_names(bare);
        let (words, has_hosts) = cut(&text, false);
        let said = Found::of(&words);
        let named = if has_hosts { Found::of(&cut(&text, true).0) } else { said };
        Wording { said, named }
    }

    /// True when more than half of the words of two texts that are [`bare`] are the same.
    pub(super) fn resemble(&self, one: &str, other: &str) -> bool {
        let words = |bare| cut(&self.without_names(bare), false).0;
        let (one, other) = (words(one), words(other));
        let (one, other) = (vocabulary(&one), vocabulary(&other));
        let shared = one.intersection(&other).count();
        one == other || 2 * shared > one.len().max(other.len())
    }

    fn without_names<'a>(&self, bare: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(bare);
        for name in &self.names {
            if text.contains(name.as_str()) {
                text = Cow::Owned(without_name(&text, name));
            }
        }
        text
    }
}

fn is_long_enough(name: &str) -> bool {
    name.len() > 2
}

impl Said {
    pub(super) fn new(reply: &Reply, phase: Phase) -> Self {
        let text = bare(reply.texts());
        Self { code: reply.code(), enhanced: reply.enhanced(), phase, text }
    }
}

/// Lines in lower case and without brackets.
pub(super) fn bare<'a>(lines: impl Iterator<Item = &'a [u8]>) -> String {
    // Most replies are shorter.
    let mut text = String::with_capacity(120);
    for line in lines {
        text.push('\n');
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) => text.push_str(&String::from_utf8_lossy(line)),
        }
    }
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        text = text.to_lowercase();
    }
    without_brackets(text)
}

impl Wording {
    /// True when one of the list's phrases stands in the reply.
    pub(super) fn says(&self, list: List) -> bool {
        self.said.has(list)
    }

    /// The same, with the names of hosts and links read as words.
    pub(super) fn names(&self, list: List) -> bool {
        self.named.has(list)
    }
}

fn vocabulary(words: &str) -> BTreeSet<&str> {
    words.split(' ').filter(|word| !matches!(*word, "" | "_" | "|")).collect()
}

/// The words of a text: each framed by spaces, `|` between sentences, `_` in place of addresses and
/// whatever holds a digit. `hosts` tells whether host names and links are cut into words too, or
/// replaced; whether there are any is told beside the words.
fn cut(text: &str, hosts: bool) -> (String, bool) {
    let mut out = String::with_capacity(text.len() + 2);
    let mut has_hosts = false;
    out.push(' ');
    for word in text.split_whitespace().filter(|word| !is_status(word)) {
        let core = word.trim_matches(|c| !is_of_word(c));
        let (lead, tail) = word.split_once(core).unwrap_or((word, ""));
        if core.is_empty() || core.bytes().all(|b| b == b'-') || lead.contains(ends_sentence) {
            out.push_str("| ");
        }
        let is_host = is_host(core) || word.contains("://");
        has_hosts |= is_host;
        if core.contains('@') || !hosts && is_host {
            out.push_str("_ ");
        } else if is_host {
            let labels = core.split(|c: char| !is_of_word(c) || c == '_');
            labels.filter(|label| !label.is_empty()).for_each(|label| push(&mut out, label));
        } else {
            cut_core(&mut out, core);
        }
        if tail.contains(ends_sentence) {
            out.push_str("| ");
        }
    }
    (out, has_hosts)
}

/// Appends the words of a core, which may have punctuation inside.
fn cut_core(out: &mut String, core: &str) {
    let mut word = String::new();
    for c in core.chars().filter(|c| !matches!(c, '\'' | '’' | '`')) {
        if is_of_word(c) {
            word.push(c);
            continue;
        }
        push(out, &std::mem::take(&mut word));
        if ends_sentence(c) {
            out.push_str("| ");
        }
    }
    push(out, &word);
}

fn push(out: &mut String, word: &str) {
    match word {
        "" | "-" => return,
        _ if word.chars().any(char::is_numeric) => out.push('_'),
        _ => out.push_str(word),
    }
    out.push(' ');
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii() && c != '’'
}

fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | ':' | ';' | '!' | '?')
}

/// True for a word with a dot inside, as host names have it.
fn is_host(word: &str) -> bool {
    word.split('.').filter(|label| !label.is_empty()).count() > 1
}

/// Puts ` _ ` in place of a name, where it stands by itself.
fn without_name(text: &str, name: &str) -> String {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, tail) = rest.split_at(at);
        let after = tail.get(name.len()..).unwrap_or_default();
        let mut behind = after.chars();
        let alone = !before.ends_with(of_name)
            && !before.ends_with('.')
            && match behind.next() {
                Some('.') => !behind.next().is_some_and(of_name),
                Some(c) => !of_name(c),
                None => true,
            };
        out.push_str(before);
        out.push_str(if alone { " _ " } else { name });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Puts ` _ ` in place of `<…>` and `[…]`; an opening bracket without its partner stays.
fn without_brackets(text: String) -> String {
    let bracket = |text: &str| memchr::memchr2(b'<', b'[', text.as_bytes());
    if bracket(&text).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = bracket(rest) {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let close = if tail.starts_with('<') { '>' } else { ']' };
        match tail.find(close) {
            Some(end) => {
                out.push_str(" _ ");
                rest = tail.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push_str(tail);
                rest = "";
            }
        }
    }
    out.push_str(rest);
    out
}

/// An enhanced status such as `5.7.1` or `(#5.7.1)`.
fn is_status(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let mut parts = word.split('.');
    let class = parts.next().is_some_and(|c| matches!(c, "2" | "4" | "5"));
    let numbers = parts.clone().count() == 2;
    class && numbers && parts.all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}
