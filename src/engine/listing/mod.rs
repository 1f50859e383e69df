//! The course of a run through DNS-based lists: each zone proves itself first, and only those that work are asked
//! about anybody.

mod allowance;
mod proved;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::future::{join, join_all, join3};
use futures::stream::FuturesUnordered;
use jiff::civil::Date;
use tokio_util::sync::CancellationToken;

use crate::dns::{Lookups, Question, preflight, random_label};
use crate::dnsbl::{About, Keys, QueryError, QueryName, SubjectKind, Zone};
use crate::evidence::listing::{
    Confirmation, EntryEvidence, Listed, Listings, Skipped, Subject, SubjectEvidence, ZoneAnswer,
    ZoneEvidence,
};
use crate::evidence::lookup::{Lookup, LookupAnswer, LookupKind};
use crate::verdict::listing::{ZoneState, health};

pub use allowance::Allowance;
pub use proved::ProvedLists;

/// Questions about subjects that wait at once; the port bounds what is really in flight.
const AHEAD: usize = 512;

/// What is to be asked.
#[derive(Debug)]
pub struct ListPlan {
    /// The registry that the zones are from: its version and date.
    pub registry: (u32, Date),
    /// The zones, with why one is not to be asked.
    pub zones: Vec<(Zone, Option<Skipped>)>,
    /// Whom to look up. Without anybody, each zone only proves itself.
    pub subjects: Vec<Subject>,
    /// Whether each zone proves all its kinds, and not only those of the subjects.
    pub prove_all: bool,
    /// The user's keys.
    pub keys: Keys,
    /// Where chance begins.
    pub seed: u64,
}

/// Asks all lists about all subjects. After `stop`, what was not asked is noted as such. `done` is called for each
/// answer about a subject.
pub async fn ask_lists(
    lookups: &dyn Lookups,
    mut plan: ListPlan,
    stop: &CancellationToken,
    done: impl Fn(),
) -> Listings {
    let subjects = std::mem::take(&mut plan.subjects);
    let kinds = subjects.iter().filter(|_| !plan.prove_all).map(Subject::kind).collect();
    let (keys, mut listings) = prove(lookups, plan, &kinds, &Allowance::default(), stop).await;
    let port = Port { lookups, keys: &keys, allowance: &Allowance::default(), stop };
    // Who stops the run keeps the listings that it found, and without a confirmation these would be worth nothing.
    let never = CancellationToken::new();
    let listed = port.ask_all(&listings.zones, subjects, &never, done).await;
    listings.add(listed);
    listings
}

/// Has all zones of a plan prove these kinds, or all of them where none is named.
async fn prove(
    lookups: &dyn Lookups,
    plan: ListPlan,
    kinds: &BTreeSet<SubjectKind>,
    allowance: &Allowance,
    stop: &CancellationToken,
) -> (Keys, Listings) {
    let mut chance = fastrand::Rng::with_seed(plan.seed);
    let port = Port { lookups, keys: &plan.keys, allowance, stop };
    let label = random_label(&mut chance);
    let proofs: Vec<_> = plan
        .zones
        .into_iter()
        .map(|(zone, skipped)| port.prove(zone, skipped, kinds, random_label(&mut chance)))
        .collect();
    let (preflight, zones) = join(preflight(lookups, &label), join_all(proofs)).await;
    let listings = Listings {
        registry_version: plan.registry.0,
        registry_date: plan.registry.1,
        resolvers: lookups.servers(),
        preflight: preflight.unwrap_or_default(),
        zones,
        subjects: Vec::new(),
    };
    (plan.keys, listings)
}

/// What every question needs.
#[derive(Clone, Copy)]
struct Port<'a> {
    lookups: &'a dyn Lookups,
    keys: &'a Keys,
    allowance: &'a Allowance,
    stop: &'a CancellationToken,
}

impl Port<'_> {
    /// Asks a zone what it must answer, and what it must not.
    async fn prove(
        &self,
        zone: Zone,
        skipped: Option<Skipped>,
        kinds: &BTreeSet<SubjectKind>,
        label: String,
    ) -> ZoneEvidence {
        let wanted = |kind| kinds.is_empty() || kinds.contains(&kind);
        let wanted: Vec<_> =
            zone.entries.iter().map(|entry| entry.kind).filter(|kind| wanted(*kind)).collect();
        let skipped = skipped.or_else(|| wanted.is_empty().then_some(Skipped::OtherKind));
        if skipped.is_some() {
            return ZoneEvidence {
                zone,
                skipped,
                authority: None,
                random: None,
                entries: Vec::new(),
            };
        }
        let key = self.keys.of(&zone);
        let (authority, random, entries) = join3(
            self.ask(&zone, zone.own_name(key), LookupKind::Soa, false),
            self.ask(&zone, zone.label_name(&label, key), LookupKind::A, false),
            join_all(wanted.into_iter().map(|kind| self.entry(&zone, kind))),
        )
        .await;
        ZoneEvidence { zone, skipped: None, authority, random, entries }
    }

    async fn entry(&self, zone: &Zone, kind: SubjectKind) -> EntryEvidence {
        let name = zone.entry(kind).and_then(|entry| entry.positive.as_deref());
        let positive = async |wanted| {
            let name = zone.entry_name(kind, name?, self.keys.of(zone));
            self.ask(zone, name, wanted, false).await
        };
        let (positive, positive_text, negative) = join3(
            positive(LookupKind::A),
            positive(LookupKind::Txt),
            self.negative(zone, kind, false),
        )
        .await;
        EntryEvidence { kind, positive, positive_text, negative, negative_again: None }
    }

    async fn negative(&self, zone: &Zone, kind: SubjectKind, fresh: bool) -> Option<Lookup> {
        let entry = zone.entry(kind)?.negative.as_deref()?;
        let name = zone.entry_name(kind, entry, self.keys.of(zone));
        self.ask(zone, name, LookupKind::A, fresh).await
    }

    /// Asks every zone that works about everybody whom it can list, and those with a listing once more what they must
    /// not list: a zone that begins to list the world in the middle of a run is found out by this.
    async fn ask_all(
        &self,
        zones: &[ZoneEvidence],
        subjects: Vec<Subject>,
        confirm_until: &CancellationToken,
        done: impl Fn(),
    ) -> Listed {
        let mut subjects: Vec<_> = subjects
            .into_iter()
            .map(|subject| SubjectEvidence { subject, answers: Vec::new() })
            .collect();
        let listed = self.ask_about(zones, &mut subjects, done).await;
        let port = Port { stop: confirm_until, ..*self };
        let again = zones.iter().flat_map(|ZoneEvidence { zone, entries, .. }| {
            let kinds = entries.iter().map(|entry| entry.kind);
            let doubtful = kinds.filter(|kind| listed.contains(&(zone.id.clone(), *kind)));
            doubtful.map(move |kind| async move {
                let negative = port.negative(zone, kind, true).await?;
                Some(Confirmation { zone: zone.id.clone(), kind, negative })
            })
        });
        let confirmations = join_all(again).await.into_iter().flatten().collect();
        Listed { subjects, confirmations }
    }

    /// Asks every zone that works about everybody whom it can list; returns where there was a listing.
    async fn ask_about(
        &self,
        zones: &[ZoneEvidence],
        subjects: &mut [SubjectEvidence],
        done: impl Fn(),
    ) -> BTreeSet<(String, SubjectKind)> {
        let usable: BTreeSet<_> = zones
            .iter()
            .flat_map(|zone| zone.entries.iter().map(move |entry| (zone, entry.kind)))
            .filter(|(zone, kind)| health(zone, *kind).state == ZoneState::Healthy)
            .map(|(zone, kind)| (zone.zone.id.as_str(), kind))
            .collect();
        let whom: Vec<_> = subjects.iter().map(|evidence| evidence.subject.clone()).collect();
        let mut listed = BTreeSet::new();
        let mut note = |(index, zone, answer): (usize, &Zone, ZoneAnswer)| {
            done();
            let Some(evidence) = subjects.get_mut(index) else { return };
            if zone.read(answer.lookup.answer.addresses()).is_listing() {
                listed.insert((zone.id.clone(), evidence.subject.kind()));
            }
            evidence.answers.push(answer);
        };
        let mut asked = FuturesUnordered::new();
        for (index, subject) in whom.iter().enumerate() {
            for ZoneEvidence { zone, .. } in zones {
                if !usable.contains(&(zone.id.as_str(), subject.kind())) {
                    continue;
                }
                asked.push(async move { (index, zone, self.about(zone, subject).await) });
                if asked.len() >= AHEAD
                    && let Some(answer) = asked.next().await
                {
                    note(answer);
                }
            }
        }
        while let Some(answer) = asked.next().await {
            note(answer);
        }
        drop(asked);
        // They came in the order of the network.
        for evidence in subjects {
            evidence.answers.sort_by(|a, b| a.zone.cmp(&b.zone));
        }
        listed
    }

    /// One zone about one subject, with the text where it is listed.
    async fn about(&self, zone: &Zone, subject: &Subject) -> ZoneAnswer {
        let about = match subject {
            Subject::Address(address) => About::Address(*address),
            Subject::Domain(domain) => About::Domain(domain),
        };
        let name = || zone.query_name(about, self.keys.of(zone));
        let nothing = || Lookup {
            name: format!("{subject} in {}", zone.zone),
            kind: LookupKind::A,
            answer: LookupAnswer::Malformed("no such question can be put".into()),
        };
        let lookup = self.ask(zone, name(), LookupKind::A, false).await.unwrap_or_else(nothing);
        let listing = zone.read(lookup.answer.addresses()).is_listing();
        let text = match listing {
            true => self.ask(zone, name(), LookupKind::Txt, false).await,
            false => None,
        };
        ZoneAnswer { zone: zone.id.clone(), lookup, text }
    }

    /// Puts one question; `None` where there is no such name.
    async fn ask(
        &self,
        zone: &Zone,
        name: Result<QueryName, QueryError>,
        kind: LookupKind,
        fresh: bool,
    ) -> Option<Lookup> {
        let question = Question::new(name.ok()?.asked(), kind).ok()?;
        let question = match self.keys.of(zone) {
            Some(key) => question.hiding(key),
            None => question,
        };
        let question = if fresh { question.fresh() } else { question };
        let answer = match self.stop.is_cancelled() || !self.allowance.take(&zone.id) {
            true => LookupAnswer::NotAsked,
            false => tokio::select! {
                biased;
                () = self.stop.cancelled() => LookupAnswer::NotAsked,
                answer = self.lookups.lookup(&question) => answer,
            },
        };
        Some(question.evidence(answer))
    }
}
