//! What is wrong with the resolver that asks for us: its faults look like answers of the lists.

use std::collections::BTreeSet;

use crate::evidence::listing::Listings;
use crate::evidence::lookup::LookupAnswer;

/// A fault of the user's own resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverFault {
    /// The check's id in the catalogue.
    pub id: &'static str,
    /// What was seen.
    pub text: String,
    /// The questions and answers that show it.
    pub notes: Vec<String>,
    /// True where nothing that comes through it can be believed.
    pub disqualifies: bool,
}

/// Zones that have to look stripped before it is the resolver's doing.
const UNRELATED: usize = 2;

/// What the answers show of the resolver.
pub fn resolver_faults(listings: &Listings) -> Vec<ResolverFault> {
    let rewriting = listings.preflight.invalid.as_ref().and_then(|lookup| {
        let exists = matches!(lookup.answer, LookupAnswer::Addresses(_) | LookupAnswer::NoData);
        exists.then(|| ResolverFault {
            id: "resolver-rewrites",
            text: "the resolver gives an answer for a name that cannot exist".into(),
            notes: vec![lookup.to_string()],
            disqualifies: true,
        })
    });
    let public = listings.public_resolvers().into_iter().map(|(address, resolver)| ResolverFault {
        id: "resolver-public",
        text: format!(
            "{address} is a public resolver ({}), which many lists refuse to answer",
            resolver.name
        ),
        notes: Vec::new(),
        disqualifies: false,
    });
    rewriting
        .into_iter()
        .chain(knowing_nothing(listings))
        .chain(stripping(listings))
        .chain(texts_blocked(listings))
        .chain(public)
        .collect()
}

/// The test entries of unrelated zones have no data: the addresses were taken out on the way.
fn stripping(listings: &Listings) -> Option<ResolverFault> {
    let stripped = listings.zones.iter().filter_map(|zone| {
        let mut entries = zone.entries.iter().filter_map(|entry| entry.positive.as_ref());
        let lookup = entries.find(|lookup| lookup.answer == LookupAnswer::NoData)?;
        Some((operator(&zone.zone.zone), lookup))
    });
    let stripped: Vec<_> = stripped.collect();
    let operators: BTreeSet<_> = stripped.iter().map(|(operator, _)| operator).collect();
    (operators.len() >= UNRELATED).then(|| ResolverFault {
        id: "resolver-strips-loopback",
        text: "the resolver takes addresses in 127.0.0.0/8 out of answers: every list looks empty through it".into(),
        notes: stripped.iter().map(|(_, lookup)| lookup.to_string()).collect(),
        disqualifies: true,
    })
}

/// No zone of unrelated operators exists: not all of them have died at once.
fn knowing_nothing(listings: &Listings) -> Option<ResolverFault> {
    let asked: Vec<_> = listings
        .zones
        .iter()
        .filter_map(|zone| Some((operator(&zone.zone.zone), zone.authority.as_ref()?)))
        .collect();
    let operators: BTreeSet<_> = asked.iter().map(|(operator, _)| operator).collect();
    let none = asked.iter().all(|(_, lookup)| lookup.answer == LookupAnswer::NoSuchName);
    let mut entries = listings.zones.iter().flat_map(|zone| &zone.entries);
    let answers = entries.any(|entry| {
        entry.positive.as_ref().is_some_and(|positive| !positive.answer.addresses().is_empty())
    });
    (none && !answers && operators.len() >= UNRELATED).then(|| ResolverFault {
        id: "resolver-knows-nothing",
        text: "the resolver says of every list that its domain does not exist".into(),
        notes: asked.iter().map(|(_, lookup)| lookup.to_string()).collect(),
        disqualifies: true,
    })
}

/// Lists answer addresses, and none of those has its text.
fn texts_blocked(listings: &Listings) -> Option<ResolverFault> {
    let texts: Vec<_> = listings
        .zones
        .iter()
        .flat_map(|zone| &zone.entries)
        .filter(|entry| entry.positive.as_ref().is_some_and(|p| !p.answer.addresses().is_empty()))
        .filter_map(|entry| entry.positive_text.as_ref())
        .collect();
    let failed =
        |answer: &LookupAnswer| !answer.is_statement() && *answer != LookupAnswer::NotAsked;
    (texts.len() >= UNRELATED && texts.iter().all(|text| failed(&text.answer))).then(|| ResolverFault {
        id: "resolver-blocks-txt",
        text: "the resolver answers no question for TXT records: why something is listed cannot be read".into(),
        notes: texts.iter().map(|lookup| lookup.to_string()).collect(),
        disqualifies: false,
    })
}

/// The last two labels: zones below one domain have one operator.
fn operator(zone: &str) -> String {
    let labels: Vec<_> = zone.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}
