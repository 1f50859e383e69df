//! Whether a zone works, by what it says about entries whose answers are known beforehand.

use crate::dnsbl::{Entry, Reading, Refusal, SubjectKind, Zone};
use crate::evidence::listing::{EntryEvidence, Skipped, ZoneEvidence};
use crate::evidence::lookup::{Lookup, LookupAnswer};

/// What a zone has shown of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneState {
    /// It lists what it must list, and nothing that it must not.
    Healthy,
    /// It lists what it must not: everything, probably.
    ListsWorld,
    /// It answers with addresses that mean nothing: its domain is parked, or the answers are rewritten.
    Parked,
    /// It answers about who asks.
    Refused,
    /// It does not answer.
    Silent,
    /// Its domain does not exist.
    Gone,
    /// It lists nothing, not even what it must.
    Emptied,
    /// It is known to be dead, and was not asked.
    Tombstoned,
    /// It wants a key or a registration that we do not have, and was not asked.
    Unregistered,
    /// Its answers are errors, or contradict what is documented.
    Broken,
    /// It has no entry whose answer is known beforehand, or that was not asked.
    Unproven,
}

impl ZoneState {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Healthy,
        Self::ListsWorld,
        Self::Parked,
        Self::Refused,
        Self::Silent,
        Self::Gone,
        Self::Emptied,
        Self::Tombstoned,
        Self::Unregistered,
        Self::Broken,
        Self::Unproven,
    ];

    /// What it means, one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Healthy => {
                "the list lists its test entry, and neither what it must not list nor a random name"
            }
            Self::ListsWorld => {
                "the list lists what no list may: who obeys it refuses all mail; stop asking it"
            }
            Self::Parked => {
                "the list answers with addresses outside 127.0.0.0/8: its domain is parked or hijacked, or a resolver \
                 rewrites answers; stop asking it"
            }
            Self::Refused => {
                "the list answers about who asks: a public resolver, too many queries, a wrong name; the answer says \
                 which, and what to do"
            }
            Self::Silent => "the list does not answer in time; ask again later",
            Self::Gone => "the domain of the list does not exist; stop asking it",
            Self::Emptied => {
                "the list does not even list its test entry: it has ended, or hides it from this resolver"
            }
            Self::Tombstoned => "the list is known to be dead, and was not asked; stop asking it",
            Self::Unregistered => "the list wants a key or a registration that was not given",
            Self::Broken => "the answers of the list are errors, or contradict what is documented",
            Self::Unproven => {
                "the list has no entry whose answer is known beforehand, or that was not asked"
            }
        }
    }

    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::ListsWorld => "lists-world",
            Self::Parked => "parked",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Gone => "gone",
            Self::Emptied => "emptied",
            Self::Tombstoned => "tombstoned",
            Self::Unregistered => "unregistered",
            Self::Broken => "broken",
            Self::Unproven => "unproven",
        }
    }

    /// True where it cannot come back by itself: who still asks it should stop.
    pub fn is_dead(self) -> bool {
        matches!(
            self,
            Self::ListsWorld | Self::Parked | Self::Gone | Self::Emptied | Self::Tombstoned
        )
    }
}

/// The state of a zone for one kind of subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The state.
    pub state: ZoneState,
    /// What was seen, in one sentence without a full stop.
    pub text: String,
    /// What to do; empty where there is nothing to do.
    pub remedy: String,
    /// The questions and answers that show it.
    pub shown: Vec<Lookup>,
}

impl Health {
    fn new(state: ZoneState, text: impl Into<String>, remedy: &str, shown: &[&Lookup]) -> Self {
        let shown = shown.iter().map(|lookup| (*lookup).clone()).collect();
        Self { state, text: text.into(), remedy: remedy.to_owned(), shown }
    }
}

const STOP_ASKING: &str = "remove this list from every mail server and filter that still asks it";
const GONE: &str = "its domain does not exist";
const ASK_AGAIN: &str = "run again later; look at what the resolver says of this zone";

/// Judges a zone for one kind of subject.
pub fn health(evidence: &ZoneEvidence, kind: SubjectKind) -> Health {
    if let Some(skipped) = evidence.skipped {
        return unasked(evidence, skipped);
    }
    let asked = evidence.entries.iter().find(|entry| entry.kind == kind);
    let documented = evidence.zone.entry(kind);
    let (Some(asked), Some(documented)) = (asked, documented) else {
        return Health::new(
            ZoneState::Unproven,
            "it has no test entries of this kind",
            "name them in a file for --zones, if its operator documents them",
            &[],
        );
    };
    let all: Vec<&Lookup> =
        [&asked.positive, &asked.negative, &asked.negative_again, &evidence.random]
            .into_iter()
            .filter_map(Option::as_ref)
            .collect();
    by_refusal(&evidence.zone, &all)
        .or_else(|| by_place(&evidence.zone, &all))
        .or_else(|| by_listing_of_all(asked, evidence.random.as_ref()))
        .unwrap_or_else(|| by_entries(evidence, asked, documented))
}

fn unasked(evidence: &ZoneEvidence, skipped: Skipped) -> Health {
    let zone = &evidence.zone;
    match skipped {
        Skipped::Dead => Health::new(ZoneState::Tombstoned, zone.terms.as_str(), STOP_ASKING, &[]),
        Skipped::NoKey => Health::new(
            ZoneState::Unregistered,
            "it wants a key, which was not given",
            "give the key with --keys FILE or in the environment",
            &[],
        ),
        Skipped::NotRegistered => Health::new(
            ZoneState::Unregistered,
            "it answers only resolvers that their users have registered",
            "register your resolver with its operator, and name the list with --zone",
            &[],
        ),
        Skipped::OtherKind => {
            Health::new(ZoneState::Unproven, "it lists nothing of this kind", "", &[])
        }
    }
}

/// One refusal is enough, whichever question it answers.
fn by_refusal(zone: &Zone, all: &[&Lookup]) -> Option<Health> {
    for lookup in all {
        if let Reading::Refused(Refusal { answer, meaning, remedy }) =
            zone.read(lookup.answer.addresses())
        {
            let text = format!("it answers {answer}: {meaning}");
            return Some(Health::new(ZoneState::Refused, text, &remedy, &[lookup]));
        }
    }
    let refused = all.iter().find(|lookup| lookup.answer == LookupAnswer::Refused)?;
    let text = "the name server refuses the question (REFUSED)";
    let remedy = "ask through a resolver of your own that its operator admits";
    Some(Health::new(ZoneState::Refused, text, remedy, &[refused]))
}

/// Addresses outside 127.0.0.0/8 are no answers of a list (RFC 5782 section 2.1).
fn by_place(zone: &Zone, all: &[&Lookup]) -> Option<Health> {
    all.iter().find_map(|lookup| {
        let Reading::Outside(places) = zone.read(lookup.answer.addresses()) else { return None };
        let places: Vec<_> = places.iter().map(ToString::to_string).collect();
        let text = format!(
            "it answers {}, outside 127.0.0.0/8: its domain is parked or hijacked, or a resolver rewrites answers",
            places.join(", ")
        );
        Some(Health::new(ZoneState::Parked, text, STOP_ASKING, &[lookup]))
    })
}

fn by_listing_of_all(asked: &EntryEvidence, random: Option<&Lookup>) -> Option<Health> {
    let never = [&asked.negative, &asked.negative_again].into_iter().filter_map(Option::as_ref);
    let lookup = never.chain(random).find(|lookup| !lookup.answer.addresses().is_empty())?;
    let text = format!("it lists what no list may: {}", lookup.name);
    Some(Health::new(ZoneState::ListsWorld, text, STOP_ASKING, &[lookup]))
}

/// What the entries say where none of them is a refusal, a parked address or a listing of all.
fn by_entries(evidence: &ZoneEvidence, asked: &EntryEvidence, documented: &Entry) -> Health {
    let (Some(positive), Some(negative)) = (&asked.positive, &asked.negative) else {
        let missing = |lookup: &Option<Lookup>| {
            lookup.as_ref().is_some_and(|lookup| lookup.answer == LookupAnswer::NoSuchName)
        };
        if let Some(authority) = evidence.authority.as_ref().filter(|_| missing(&evidence.random))
            && missing(&evidence.authority)
        {
            return Health::new(ZoneState::Gone, GONE, STOP_ASKING, &[authority]);
        }
        if let Some(random) =
            evidence.random.as_ref().filter(|random| !random.answer.is_statement())
        {
            return failure(&random.answer, random);
        }
        return Health::new(
            ZoneState::Unproven,
            "its operator documents no test entries, so it cannot be seen to work",
            "",
            &[],
        );
    };
    match &positive.answer {
        LookupAnswer::Addresses(answers) => {
            let reading = evidence.zone.read(answers);
            let as_documented = reading.is_documented()
                && documented.answer.is_none_or(|answer| answers.contains(&answer));
            if !as_documented {
                let text = format!(
                    "it answers its own test entry otherwise than documented: {}",
                    positive.answer
                );
                return Health::new(ZoneState::Broken, text, ASK_AGAIN, &[positive]);
            }
        }
        LookupAnswer::NoSuchName => return emptied(evidence, positive),
        LookupAnswer::NoData => {
            return Health::new(
                ZoneState::Broken,
                "its test entry has no data: a resolver that strips answers in 127.0.0.0/8 does this",
                "ask through a resolver without rebinding protection for this zone",
                &[positive],
            );
        }
        failed => return failure(failed, positive),
    }
    for lookup in [Some(negative), evidence.random.as_ref()].into_iter().flatten() {
        if !matches!(lookup.answer, LookupAnswer::NoSuchName | LookupAnswer::NoData) {
            return failure(&lookup.answer, lookup);
        }
    }
    let Some(random) = &evidence.random else {
        return Health::new(
            ZoneState::Unproven,
            "it was not asked for a random name",
            ASK_AGAIN,
            &[],
        );
    };
    Health::new(
        ZoneState::Healthy,
        "it lists its test entry, and neither what it must not list nor a random name",
        "",
        &[positive, negative, random],
    )
}

/// It does not list what it must: is there a zone at all?
fn emptied(evidence: &ZoneEvidence, positive: &Lookup) -> Health {
    let Some(authority) = &evidence.authority else {
        return Health::new(
            ZoneState::Emptied,
            "it does not list its own test entry: it is emptied, or hides it from us",
            STOP_ASKING,
            &[positive],
        );
    };
    let shown = [positive, authority];
    match &authority.answer {
        LookupAnswer::NoSuchName => Health::new(ZoneState::Gone, GONE, STOP_ASKING, &shown),
        answer if answer.is_statement() => Health::new(
            ZoneState::Emptied,
            "it does not list its own test entry: it is emptied, or hides it from us",
            STOP_ASKING,
            &shown,
        ),
        _ => Health::new(
            ZoneState::Broken,
            "it does not list its own test entry, and whether its domain still exists is not known",
            ASK_AGAIN,
            &shown,
        ),
    }
}

fn failure(answer: &LookupAnswer, lookup: &Lookup) -> Health {
    let state = match answer {
        LookupAnswer::Timeout => ZoneState::Silent,
        LookupAnswer::NotAsked => ZoneState::Unproven,
        _ => ZoneState::Broken,
    };
    Health::new(state, format!("{}: {answer}", lookup.name), ASK_AGAIN, &[lookup])
}
