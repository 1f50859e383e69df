//! One pass finds what a search for each phrase finds.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// The rule by itself: a phrase stands between spaces, or with a `*` behind one.
fn stands_in(words: &str, phrase: &str) -> bool {
    let stem = phrase.strip_suffix('*');
    let found = stem.unwrap_or(phrase);
    words.match_indices(found).any(|(at, _)| {
        let (before, after) = (&words[..at], &words[at + found.len()..]);
        before.ends_with(' ') && (stem.is_some() || after.starts_with(' '))
    })
}

fn assert_found(words: &str) -> Result<(), TestCaseError> {
    let found = Found::of(words);
    for (list, phrases) in LISTS {
        let want = phrases.iter().any(|phrase| stands_in(words, phrase));
        prop_assert_eq!(found.has(*list), want, "{:?} in {:?}", list, words);
    }
    Ok(())
}

fn all_phrases() -> Vec<&'static str> {
    LISTS.iter().flat_map(|(_, phrases)| phrases.iter().copied()).collect()
}

/// A phrase, its first or its last part, or a word of no list.
fn piece() -> impl Strategy<Value = String> {
    let phrase =
        || select(all_phrases()).prop_map(|phrase| phrase.trim_end_matches('*').to_owned());
    let part = (phrase(), any::<Index>(), any::<bool>()).prop_map(|(phrase, at, first)| {
        let (one, other) = phrase.split_at(at.index(phrase.len()));
        if first { one.to_owned() } else { other.to_owned() }
    });
    let other = select(vec!["_", "|", "no", "s", "für", "ümläut’", "-", "", "relayed"]);
    prop_oneof![3 => phrase(), 2 => part, 2 => other.prop_map(str::to_owned)]
}

/// Pieces with or without a space between them.
fn text() -> impl Strategy<Value = String> {
    let gap = prop_oneof![4 => Just(" "), 1 => Just("")];
    proptest::collection::vec((gap, piece()), 0..12)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(gap, piece)| [gap.to_owned(), piece]))
        .prop_map(|texts| texts.chain([" ".to_owned()]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_pass_finds_what_a_plain_search_finds(words in text()) {
        assert_found(&words)?;
    }
}

/// Each phrase by itself, framed and not, and as the beginning and the end of longer words.
#[test]
fn every_phrase_is_found_where_it_stands() {
    for (list, phrases) in LISTS {
        for phrase in *phrases {
            let stem = phrase.trim_end_matches('*');
            let found = Found::of(&format!(" no {stem} no ")).has(*list);
            assert!(found, "{phrase} of {list:?}");
            for words in
                [format!(" {stem}"), format!("{stem} "), format!(" {stem}x "), format!(" x{stem} ")]
            {
                assert_found(&words).unwrap();
            }
        }
    }
}
