//! What is asked, and what of it may be shown.

use std::fmt;

use super::super::name::{NameFault, normal_form};
use crate::evidence::lookup::{Lookup, LookupAnswer, LookupKind};

/// What stands in the place of a secret.
const MASK: &str = "{key}";

/// A question to a list.
///
/// Some lists give each user a key that is part of the name. [`Question::hiding`] keeps it out of everything that is
/// shown or stored: [`Debug`](fmt::Debug), [`Question::shown`], [`Question::evidence`], and what a server says in its
/// answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    name: String,
    kind: LookupKind,
    secret: Option<String>,
    fresh: bool,
}

impl Question {
    /// A question about a name; case, a final dot and U-labels are as for every name.
    ///
    /// # Errors
    /// [`NameFault`] where the text cannot be asked for, for example because a long domain below a long zone has more
    /// than 253 characters.
    pub fn new(name: &str, kind: LookupKind) -> Result<Self, NameFault> {
        Ok(Self { name: normal_form(name)?, kind, secret: None, fresh: false })
    }

    /// The same with a secret in its name that is shown as `{key}`.
    #[must_use]
    pub fn hiding(self, secret: &str) -> Self {
        let secret = Some(secret.to_ascii_lowercase()).filter(|secret| !secret.is_empty());
        Self { secret, ..self }
    }

    /// The same, to be put although an answer may be in store here. A name server keeps answers as well: whether it
    /// asks again is up to it.
    #[must_use]
    pub fn fresh(self) -> Self {
        Self { fresh: true, ..self }
    }

    /// The name as it is sent, secret and all, in lower case, as A-labels, without a final dot.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of record.
    pub fn kind(&self) -> LookupKind {
        self.kind
    }

    /// True where no stored answer will do.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The name as it may be shown.
    pub fn shown(&self) -> String {
        self.mask(&self.name)
    }

    /// The question with its answer, as it may be stored.
    pub fn evidence(&self, answer: LookupAnswer) -> Lookup {
        Lookup { name: self.shown(), kind: self.kind, answer: self.masked(answer) }
    }

    /// The answer without the secret, which names and texts can repeat.
    pub(in crate::dns) fn masked(&self, answer: LookupAnswer) -> LookupAnswer {
        let all = |texts: Vec<String>| texts.iter().map(|text| self.mask(text)).collect();
        match answer {
            LookupAnswer::Texts(texts) => LookupAnswer::Texts(all(texts)),
            LookupAnswer::Names(names) => LookupAnswer::Names(all(names)),
            LookupAnswer::Authority(zone) => LookupAnswer::Authority(self.mask(&zone)),
            other => other,
        }
    }

    /// A text without the secret, in whatever case it stands there.
    pub(in crate::dns) fn mask(&self, text: &str) -> String {
        let Some(secret) = &self.secret else { return text.to_owned() };
        let lower = text.to_ascii_lowercase();
        let (mut masked, mut end) = (String::new(), 0);
        for (at, _) in lower.match_indices(secret.as_str()) {
            // Lower case of ASCII has the same length, so the places agree.
            masked.push_str(text.get(end..at).unwrap_or_default());
            masked.push_str(MASK);
            end = at + secret.len();
        }
        masked.push_str(text.get(end..).unwrap_or_default());
        masked
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fresh = if self.fresh { ", fresh" } else { "" };
        write!(f, "Question({} {:?}{fresh})", self.shown(), self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed() -> Question {
        Question::new("2.0.0.127.S3cretKey.zen.test.", LookupKind::A).unwrap().hiding("S3cretKey")
    }

    #[test]
    fn the_name_is_sent_whole_and_shown_without_the_secret() {
        let question = keyed();
        assert_eq!(question.name(), "2.0.0.127.s3cretkey.zen.test");
        assert_eq!(question.shown(), "2.0.0.127.{key}.zen.test");
        let shown = format!("{question:?} {question:#?} {:?}", question.clone().fresh());
        assert!(!shown.to_lowercase().contains("s3cretkey"), "{shown}");
        assert!(shown.contains("2.0.0.127.{key}.zen.test A"), "{shown}");
    }

    #[test]
    fn a_server_that_repeats_the_secret_does_not_spread_it() {
        for answer in [
            LookupAnswer::Texts(vec!["see S3CRETKEY/s3cretkey".into(), "é s3cretKeyé".into()]),
            LookupAnswer::Names(vec!["s3cretkey.test".into()]),
            LookupAnswer::Authority("s3cretkey.zen.test".into()),
        ] {
            let lookup = keyed().evidence(answer);
            let text = format!("{lookup:?}");
            assert!(!text.to_lowercase().contains("s3cretkey"), "{text}");
            assert!(text.contains("{key}"), "{text}");
        }
    }

    #[test]
    fn without_a_secret_all_is_shown() {
        let question = Question::new("2.0.0.127.zen.test", LookupKind::Txt).unwrap().hiding("");
        let answer = LookupAnswer::Texts(vec!["zen".into()]);
        let lookup = question.evidence(answer.clone());
        assert_eq!((lookup.name.as_str(), lookup.answer), ("2.0.0.127.zen.test", answer));
    }

    #[test]
    fn what_cannot_be_asked_for_is_told() {
        let long = ["a".repeat(60).as_str(); 5].join(".");
        assert_eq!(Question::new(&long, LookupKind::A), Err(NameFault::TooLong));
        assert_eq!(Question::new("a..test", LookupKind::A), Err(NameFault::EmptyLabel));
    }
}
