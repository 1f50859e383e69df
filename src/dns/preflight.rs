//! What shows whether the name server can be used for lists at all.

use super::lookup::{Lookups, Question};
use super::name::NameFault;
use crate::evidence::listing::Preflight;
use crate::evidence::lookup::LookupKind;

/// Asks for `label` below `invalid`, a top-level domain that never exists.
///
/// A name server that gives it an address does so for every name that does not exist, and what it says of lists means
/// nothing. No third party is asked who asks for us: services that tell that see the user's address, and none is
/// needed to judge the answers. That 127.0.0.0/8 is stripped from answers is seen in the zones' own test entries.
///
/// # Errors
/// [`NameFault`] where the label is none.
pub async fn preflight(lookups: &dyn Lookups, label: &str) -> Result<Preflight, NameFault> {
    let question = Question::new(&format!("{label}.invalid"), LookupKind::A)?.fresh();
    let answer = lookups.lookup(&question).await;
    Ok(Preflight { invalid: Some(question.evidence(answer)) })
}

/// A label that nobody has: 8 to 20 letters and digits, the first a letter.
///
/// Some zones fail at names with hyphens at the ends or underscores.
pub fn random_label(chance: &mut fastrand::Rng) -> String {
    let length = chance.usize(8..=20);
    let first = chance.lowercase();
    let rest = (1..length).map(|_| match chance.u8(0..36) {
        digit @ 0..10 => char::from(b'0' + digit),
        _ => chance.lowercase(),
    });
    std::iter::once(first).chain(rest.collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::cached::{CachedLookups, LookupLimits};
    use super::super::zone::{ScriptedLookups, ZoneFile};
    use super::*;
    use crate::evidence::lookup::LookupAnswer;

    async fn invalid(zone: &str) -> (LookupAnswer, Vec<(String, LookupKind)>) {
        let lookups = ScriptedLookups::new(ZoneFile::parse(zone).unwrap());
        let found = preflight(&lookups, "x7f2k9qq").await.unwrap().invalid.unwrap();
        assert_eq!((found.name.as_str(), found.kind), ("x7f2k9qq.invalid", LookupKind::A));
        (found.answer, lookups.asked())
    }

    #[tokio::test]
    async fn one_name_below_invalid_is_asked_for() {
        let (answer, asked) = invalid("").await;
        assert_eq!(answer, LookupAnswer::NoSuchName);
        assert_eq!(asked, [("x7f2k9qq.invalid".to_owned(), LookupKind::A)]);
    }

    #[tokio::test]
    async fn what_a_rewriting_server_says_is_kept() {
        let (answer, _) = invalid("*.invalid A 203.0.113.9").await;
        assert_eq!(answer, LookupAnswer::Addresses(vec!["203.0.113.9".parse().unwrap()]));
        assert_eq!(invalid("*.invalid A TIMEOUT").await.0, LookupAnswer::Timeout);
    }

    #[tokio::test]
    async fn the_name_server_is_asked_again_each_time() {
        let scripted = Arc::new(ScriptedLookups::default().holding(Duration::from_secs(60)));
        let cached = CachedLookups::new(scripted.clone(), LookupLimits::default(), Vec::new());
        preflight(&cached, "x7f2k9qq").await.unwrap();
        preflight(&cached, "x7f2k9qq").await.unwrap();
        assert_eq!(scripted.asked().len(), 2);
    }

    #[tokio::test]
    async fn a_label_that_is_none_is_told() {
        let lookups = ScriptedLookups::new(ZoneFile::default());
        assert_eq!(preflight(&lookups, "a b").await, Err(NameFault::Character(' ')));
        assert!(lookups.asked().is_empty());
    }

    #[test]
    fn labels_are_harmless_and_of_many_lengths() {
        let mut chance = fastrand::Rng::with_seed(7);
        let labels: Vec<_> = (0..500).map(|_| random_label(&mut chance)).collect();
        let lengths: std::collections::BTreeSet<_> = labels.iter().map(String::len).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), (8..=20).collect::<Vec<_>>());
        for label in &labels {
            assert!(label.starts_with(|c: char| c.is_ascii_lowercase()), "{label}");
            assert!(label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{label}");
        }
        assert!(labels.iter().any(|label| label.contains(|c: char| c.is_ascii_digit())));
    }
}
