//! What all lists together say about one address or domain.

use crate::dnsbl::{Hit, Purpose, Reading, Weight, Zone};
use crate::evidence::listing::{Listings, Subject, SubjectEvidence, ZoneAnswer, ZoneEvidence};
use crate::evidence::lookup::LookupAnswer;

use super::health::{Health, ZoneState, health};
use super::resolver::resolver_faults;

/// What one list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It lists the subject.
    Listed(Vec<Hit>),
    /// It says something about the subject that is no listing, such as a good reputation.
    Noted(Vec<Hit>),
    /// It does not list it.
    NotListed,
    /// Nothing is known; the word of the report and what was seen.
    Unknown(&'static str, String),
}

/// One list and its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneWord {
    /// The list.
    pub zone: Zone,
    /// Whether it works.
    pub health: Health,
    /// What it says.
    pub word: Word,
    /// The question and the answer; `None` where it was not asked.
    pub answer: Option<ZoneAnswer>,
}

/// What all of them say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// At least one block list that works lists the subject, for more than information.
    Listed,
    /// No block list that works lists it, and there is at least one.
    NotListed,
    /// No block list that works has said anything.
    Unknown,
}

impl Standing {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NotListed => "not-listed",
            Self::Unknown => "unknown",
        }
    }
}

/// One subject and what lists say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectVerdict {
    /// Whom it is about.
    pub subject: Subject,
    /// What all say together.
    pub standing: Standing,
    /// Block lists that were wanted for this kind of subject.
    pub wanted: usize,
    /// Those of them that said whether they list it.
    pub usable: usize,
    /// Every list for this kind of subject.
    pub words: Vec<ZoneWord>,
}

impl SubjectVerdict {
    /// What is known of a subject that no list was asked about.
    pub fn unasked(subject: Subject) -> Self {
        Self { subject, standing: Standing::Unknown, wanted: 0, usable: 0, words: Vec::new() }
    }

    /// The listings that matter most first.
    pub fn listings(&self) -> Vec<(&ZoneWord, Weight)> {
        let mut found: Vec<_> =
            self.words.iter().filter_map(|word| Some((word, word.weight()?))).collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.zone.id.cmp(&b.0.zone.id)));
        found
    }

    /// How many of a hundred wanted lists were usable, rounded down.
    pub fn coverage(&self) -> usize {
        (100 * self.usable).checked_div(self.wanted).unwrap_or(0)
    }
}

impl ZoneWord {
    /// How much a listing matters; `None` where there is none.
    pub fn weight(&self) -> Option<Weight> {
        match &self.word {
            Word::Listed(hits) => hits.iter().filter(|hit| hit.listing).map(|hit| hit.weight).max(),
            _ => None,
        }
    }
}

/// Judges every subject of a run.
pub fn listings(listings: &Listings) -> Vec<SubjectVerdict> {
    each_listing(listings).collect()
}

/// Judges every subject of a run, one after the other: a verdict is many times larger than the answers behind it.
pub fn each_listing(listings: &Listings) -> impl Iterator<Item = SubjectVerdict> {
    let distrust = resolver_faults(listings).into_iter().find(|fault| fault.disqualifies);
    let distrust = distrust.map(|fault| fault.text);
    listings.subjects.iter().map(move |subject| judge(listings, subject, distrust.as_deref()))
}

fn judge(
    listings: &Listings,
    evidence: &SubjectEvidence,
    distrust: Option<&str>,
) -> SubjectVerdict {
    let kind = evidence.subject.kind();
    let of_kind = listings.zones.iter().filter(|zone| zone.zone.entry(kind).is_some());
    let words: Vec<_> = of_kind
        .map(|zone| {
            let answer = evidence.answers.iter().find(|answer| answer.zone == zone.zone.id);
            let health = health(zone, kind);
            let word = match distrust {
                Some(text) => Word::Unknown("resolver", text.to_owned()),
                None => word(zone, &health, answer, kind),
            };
            ZoneWord { zone: zone.zone.clone(), health, word, answer: answer.cloned() }
        })
        .collect();
    let blocks = || words.iter().filter(|word| word.zone.purpose == Purpose::Block);
    let usable = blocks().filter(|word| !matches!(word.word, Word::Unknown(..))).count();
    let listed = blocks().any(|word| word.weight().is_some_and(|weight| weight > Weight::Info));
    let standing = match (listed, usable) {
        (true, _) => Standing::Listed,
        (false, 0) => Standing::Unknown,
        (false, _) => Standing::NotListed,
    };
    SubjectVerdict {
        subject: evidence.subject.clone(),
        standing,
        wanted: blocks().count(),
        usable,
        words,
    }
}

fn word(
    zone: &ZoneEvidence,
    health: &Health,
    answer: Option<&ZoneAnswer>,
    kind: crate::dnsbl::SubjectKind,
) -> Word {
    if health.state != ZoneState::Healthy {
        return Word::Unknown(health.state.as_str(), health.text.clone());
    }
    let Some(answer) = answer else {
        return Word::Unknown("not-asked", "it was not asked about this".into());
    };
    let seen = &answer.lookup.answer;
    let unknown = |state: ZoneState, text: String| Word::Unknown(state.as_str(), text);
    match seen {
        LookupAnswer::NoSuchName | LookupAnswer::NoData => return Word::NotListed,
        LookupAnswer::Addresses(_) => {}
        LookupAnswer::Timeout => return unknown(ZoneState::Silent, seen.to_string()),
        LookupAnswer::Refused => return unknown(ZoneState::Refused, seen.to_string()),
        LookupAnswer::NotAsked => return Word::Unknown("not-asked", seen.to_string()),
        _ => return unknown(ZoneState::Broken, seen.to_string()),
    }
    match zone.zone.read(seen.addresses()) {
        Reading::Codes(hits) if hits.iter().any(|hit| hit.listing) => {
            // A zone that began to list the world in the middle would show it here.
            let entry = zone.entries.iter().find(|entry| entry.kind == kind);
            let again = entry.and_then(|entry| entry.negative_again.as_ref());
            let still = |answer: &LookupAnswer| {
                matches!(answer, LookupAnswer::NoSuchName | LookupAnswer::NoData)
            };
            match again {
                Some(again) if still(&again.answer) => Word::Listed(hits),
                Some(again) => unknown(
                    ZoneState::Broken,
                    format!("its listing was not confirmed: asked again, {again}"),
                ),
                None => unknown(
                    ZoneState::Unproven,
                    "its listing was not confirmed: it was not asked again what it must not list"
                        .into(),
                ),
            }
        }
        Reading::Codes(hits) => Word::Noted(hits),
        Reading::Refused(refusal) => unknown(
            ZoneState::Refused,
            format!("it answers {}: {}", refusal.answer, refusal.meaning),
        ),
        Reading::Outside(_) => unknown(ZoneState::Parked, format!("it answers {seen}")),
        Reading::Nothing => unknown(ZoneState::Broken, "it answers without an address".into()),
    }
}
