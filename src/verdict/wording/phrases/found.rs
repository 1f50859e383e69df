//! Which lists have a phrase in a text, by one pass over it.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{LISTS, List};

/// The lists with a phrase in a text: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::verdict::wording) struct Found(u32);

const _: () = assert!(LISTS.len() <= 32, "a list without a bit");

impl Found {
    /// Looks for all phrases in words that are each framed by spaces.
    pub(in crate::verdict::wording) fn of(words: &str) -> Self {
        let matches = SEARCH.automaton.find_overlapping_iter(words);
        let bits = matches.filter_map(|found| SEARCH.bits.get(found.pattern().as_usize()));
        Self(bits.fold(0, |all, bit| all | bit))
    }

    pub(in crate::verdict::wording) fn has(self, list: List) -> bool {
        self.0 & bit(list) != 0
    }
}

fn bit(list: List) -> u32 {
    1 << list as u32
}

struct Search {
    automaton: AhoCorasick,
    /// The bit of each phrase.
    bits: Vec<u32>,
}

static SEARCH: LazyLock<Search> = LazyLock::new(|| {
    let phrases = LISTS
        .iter()
        .flat_map(|(list, phrases)| phrases.iter().map(|phrase| (framed(phrase), bit(*list))));
    let (phrases, bits): (Vec<_>, _) = phrases.unzip();
    let automaton = AhoCorasick::new(phrases).expect("an automaton of a few hundred phrases");
    Search { automaton, bits }
});

/// A phrase as it stands between other words: a space before it, and one behind it unless its last
/// word is open.
fn framed(phrase: &str) -> String {
    match phrase.strip_suffix('*') {
        Some(open) => format!(" {open}"),
        None => format!(" {phrase} "),
    }
}

#[cfg(test)]
mod tests;
