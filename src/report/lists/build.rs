//! From what was asked and answered to the model.

use super::SCHEMA;
use super::model::{
    CodeReport, ConfigurationReport, ConfiguredReport, ListFindingReport, ListsReport, ListsRun,
    ListsSummary, NoteReport, RegistryReport, SubjectReport, WordReport, ZoneKindReport,
    ZoneReport,
};
use crate::dnsbl::configured::Note;
use crate::dnsbl::{Hit, Reading};
use crate::evidence::listing::{Listings, Skipped, ZoneEvidence};
use crate::evidence::lookup::LookupAnswer;
use crate::finding::{Finding, catalogue};
use crate::report::model::{PROGRAM, Tool};
use crate::verdict::listing::{
    ConfiguredFile, ConfiguredList, Standing, SubjectVerdict, Word, ZoneState, ZoneWord,
    configured_findings, configured_health, each_listing, health, listing_findings,
    resolver_faults, resolver_findings,
};

/// What the evidence does not say of a run.
#[derive(Clone, Debug)]
pub struct ListsDetails {
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// Whether the user interrupted it.
    pub interrupted: bool,
    /// Whether the registry is old.
    pub stale: bool,
}

impl ListsReport {
    /// Judges a run and builds its report. The same evidence gives the same report.
    pub fn build(details: ListsDetails, listings: &Listings, files: &[ConfiguredFile]) -> Self {
        let subjects: Vec<_> = each_listing(listings).map(|one| SubjectReport::of(&one)).collect();
        let zones: Vec<_> = listings.zones.iter().map(ZoneReport::of).collect();
        let standing =
            |word: Standing| subjects.iter().filter(|one| one.standing == word.as_str()).count();
        let healthy = |zone: &&ZoneReport| {
            let healthy = ZoneState::Healthy.as_str();
            !zone.kinds.is_empty() && zone.kinds.iter().all(|kind| kind.state == healthy)
        };
        let summary = ListsSummary {
            subjects: subjects.len(),
            listed: standing(Standing::Listed),
            not_listed: standing(Standing::NotListed),
            unknown: standing(Standing::Unknown),
            lists: zones.len(),
            healthy: zones.iter().filter(healthy).count(),
        };
        Self {
            schema: SCHEMA,
            tool: Tool { name: PROGRAM, version: env!("CARGO_PKG_VERSION") },
            run: ListsRun {
                started: details.started,
                finished: details.finished,
                interrupted: details.interrupted,
                resolver_disqualified: resolver_faults(listings)
                    .iter()
                    .any(|fault| fault.disqualifies),
                resolvers: listings.resolvers.clone(),
                registry: RegistryReport {
                    version: listings.registry_version,
                    date: listings.registry_date,
                    stale: details.stale,
                },
            },
            resolver_findings: findings(resolver_findings(listings)),
            zones,
            configurations: files.iter().map(|file| configuration(file, listings)).collect(),
            subjects,
            summary,
        }
    }

    /// Every finding of the report.
    pub fn findings(&self) -> impl Iterator<Item = &ListFindingReport> {
        let lists = self.configurations.iter().flat_map(|file| &file.lists);
        let subjects = self.subjects.iter().flat_map(|subject| &subject.findings);
        self.resolver_findings.iter().chain(lists.flat_map(|list| &list.findings)).chain(subjects)
    }
}

impl ZoneReport {
    pub(in crate::report) fn of(evidence: &ZoneEvidence) -> Self {
        let zone = &evidence.zone;
        let wanted = |kind| {
            let asked = evidence.entries.iter().any(|entry| entry.kind == kind);
            asked || evidence.skipped.is_some_and(|why| why != Skipped::OtherKind)
        };
        let kinds = zone.entries.iter().map(|entry| entry.kind).filter(|kind| wanted(*kind));
        let kinds = kinds.map(|kind| {
            let health = health(evidence, kind);
            ZoneKindReport {
                kind,
                state: health.state.as_str(),
                text: health.text,
                remedy: health.remedy,
                shown: health.shown.iter().map(ToString::to_string).collect(),
            }
        });
        Self {
            id: zone.id.clone(),
            zone: zone.zone.clone(),
            title: zone.title.clone(),
            purpose: zone.purpose,
            access: zone.access,
            terms: zone.terms.clone(),
            homepage: zone.homepage.clone(),
            source: zone.source.clone(),
            kinds: kinds.collect(),
        }
    }
}

impl SubjectReport {
    pub(in crate::report) fn of(verdict: &SubjectVerdict) -> Self {
        Self {
            subject: verdict.subject.to_string(),
            kind: verdict.subject.kind(),
            standing: verdict.standing.as_str(),
            wanted: verdict.wanted,
            usable: verdict.usable,
            words: verdict.words.iter().map(WordReport::of).collect(),
            findings: findings(listing_findings(verdict)),
        }
    }
}

impl WordReport {
    fn of(said: &ZoneWord) -> Self {
        let (word, reason, hits): (_, _, &[Hit]) = match &said.word {
            Word::Listed(hits) => ("listed", None, hits),
            Word::Noted(hits) => ("noted", None, hits),
            Word::NotListed => ("not-listed", None, &[]),
            Word::Unknown(reason, text) => ("unknown", Some((*reason, text)), &[]),
        };
        let answer = said.answer.as_ref();
        let texts = answer.and_then(|answer| answer.text.as_ref()).map(|text| &text.answer);
        let texts = match texts {
            Some(LookupAnswer::Texts(texts)) => texts.clone(),
            _ => Vec::new(),
        };
        Self {
            list: said.zone.id.clone(),
            word,
            reason: reason.map(|(reason, _)| reason),
            text: reason.map(|(_, text)| text.clone()),
            remedy: reason.map(|(reason, _)| remedy(said, reason)),
            codes: hits.iter().map(CodeReport::of).collect(),
            weight: said.weight(),
            texts,
            lookup: answer.map(|answer| answer.lookup.to_string()),
            delisting: said.zone.delisting.clone().filter(|_| word == "listed"),
        }
    }
}

impl CodeReport {
    fn of(hit: &Hit) -> Self {
        Self {
            answer: hit.answer,
            bit: hit.bit,
            meaning: hit.meaning.clone(),
            weight: hit.weight,
            listing: hit.listing,
        }
    }
}

/// What to do where a list says nothing about a subject.
fn remedy(said: &ZoneWord, reason: &str) -> String {
    const AGAIN: &str = "run again later";
    if reason == "resolver" {
        return "mend the resolver first, or name another one with --resolver".to_owned();
    }
    if said.health.state != ZoneState::Healthy {
        return said.health.remedy.clone();
    }
    let answered = said.answer.as_ref().map(|answer| answer.lookup.answer.addresses());
    match answered.map(|addresses| said.zone.read(addresses)) {
        Some(Reading::Refused(refusal)) => refusal.remedy,
        _ => AGAIN.to_owned(),
    }
}

fn configuration(file: &ConfiguredFile, listings: &Listings) -> ConfigurationReport {
    let list = |list| ConfiguredReport::of(file, list, listings);
    let note = |note: &Note| NoteReport {
        line: note.line,
        kind: note.kind.as_str(),
        text: note.message.clone(),
    };
    ConfigurationReport {
        file: file.name.clone(),
        dialect: file.dialect.to_string(),
        lists: file.lists.iter().map(list).collect(),
        notes: file.notes.iter().map(note).collect(),
    }
}

impl ConfiguredReport {
    fn of(file: &ConfiguredFile, list: &ConfiguredList, listings: &Listings) -> Self {
        Self {
            line: list.configured.line,
            setting: list.configured.text.clone(),
            zone: list.configured.zone.clone(),
            list: list.list.clone(),
            known: list.known,
            state: configured_health(list, listings).map(|health| health.state.as_str()),
            findings: findings(configured_findings(file, list, listings)),
        }
    }
}

/// Findings with the words of the catalogue.
fn findings(found: Vec<Finding>) -> Vec<ListFindingReport> {
    let of = |finding: Finding| {
        let entry = catalogue::find(finding.id)?;
        Some(ListFindingReport {
            id: entry.id,
            title: entry.title,
            severity: finding.severity,
            confidence: finding.confidence,
            summary: finding.summary,
            notes: finding.notes,
            remedy: entry.remedy,
            references: entry.references,
        })
    };
    found.into_iter().filter_map(of).collect()
}
