//! Version 1 of the report on lists, `mxaudit.lists.v1`. Field names and words may grow, never change.
//!
//! Texts of lists and of files are as they came; the writers escape them. Keys stand nowhere: `{key}` is in their
//! place.

use std::net::Ipv4Addr;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::SCHEMA;
use crate::dnsbl::configured::NoteKind;
use crate::dnsbl::{Access, Purpose, SubjectKind, Weight};
use crate::finding::{Confidence, Severity};
use crate::report::model::{Tool, words};

/// What lists say about any number of addresses and domains, and what each list has shown of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListsReport {
    /// The name of this format: `mxaudit.lists.v1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// What all of it has in common.
    pub run: ListsRun,
    /// What is wrong with the resolver.
    pub resolver_findings: Vec<ListFindingReport>,
    /// Every list that was wanted.
    pub zones: Vec<ZoneReport>,
    /// Configuration files whose lists were judged.
    pub configurations: Vec<ConfigurationReport>,
    /// Every address and domain, in the order that they were given in.
    pub subjects: Vec<SubjectReport>,
    /// Counts.
    pub summary: ListsSummary,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListsRun {
    /// When it began, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub started: String,
    /// When it ended, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub finished: String,
    /// True when the user interrupted it.
    pub interrupted: bool,
    /// True where nothing that comes through the resolver can be believed.
    pub resolver_disqualified: bool,
    /// The name servers that were asked.
    pub resolvers: Vec<String>,
    /// The data that the lists are from.
    pub registry: RegistryReport,
}

/// The built-in data about lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryReport {
    /// Their version.
    pub version: u32,
    /// Their date.
    pub date: Date,
    /// True where they are so old that lists have died that they take for alive.
    pub stale: bool,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ZoneReport {
    /// Its short name.
    pub id: String,
    /// The domain below which it is asked; `{key}` stands for the user's key.
    pub zone: String,
    /// Who runs it and what it is.
    pub title: String,
    /// Block list or allow list.
    #[schemars(with = "words::ListPurpose")]
    pub purpose: Purpose,
    /// Who may ask it.
    #[schemars(with = "words::ListAccess")]
    pub access: Access,
    /// The operator's terms.
    pub terms: String,
    /// Where the operator describes it.
    pub homepage: Option<String>,
    /// Where this is known from.
    pub source: String,
    /// Its state for each kind of subject that was wanted.
    pub kinds: Vec<ZoneKindReport>,
}

/// The state of a list for one kind of subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ZoneKindReport {
    /// The kind.
    #[schemars(with = "words::SubjectKind")]
    pub kind: SubjectKind,
    /// The state.
    #[schemars(with = "words::ZoneState")]
    pub state: &'static str,
    /// What was seen.
    pub text: String,
    /// What to do; empty where there is nothing to do.
    pub remedy: String,
    /// The questions and answers that show it.
    pub shown: Vec<String>,
}

/// One address or domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubjectReport {
    /// The address or the domain.
    pub subject: String,
    /// Which it is.
    #[schemars(with = "words::SubjectKind")]
    pub kind: SubjectKind,
    /// What all lists together say.
    #[schemars(with = "words::Standing")]
    pub standing: &'static str,
    /// Block lists that were wanted for this kind of subject.
    pub wanted: usize,
    /// Those of them that said whether they list it.
    pub usable: usize,
    /// What each list says.
    pub words: Vec<WordReport>,
    /// The listings as findings, the worst first.
    pub findings: Vec<ListFindingReport>,
}

/// What one list says about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WordReport {
    /// The list's short name.
    pub list: String,
    /// What it says.
    #[schemars(with = "words::ListWord")]
    pub word: &'static str,
    /// Why nothing is known, for `unknown`: the state of the list, or `not-asked` or `resolver`.
    #[schemars(with = "Option<words::UnknownReason>")]
    pub reason: Option<&'static str>,
    /// The same in words.
    pub text: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What its answers mean.
    pub codes: Vec<CodeReport>,
    /// How much a listing matters.
    #[schemars(with = "Option<words::ListWeight>")]
    pub weight: Option<Weight>,
    /// What the operator says of the listing.
    pub texts: Vec<String>,
    /// The question and its answer.
    pub lookup: Option<String>,
    /// Where the listing can be removed.
    pub delisting: Option<String>,
}

/// One thing that an answer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CodeReport {
    /// The address that was answered.
    #[schemars(extend("format" = "ipv4"))]
    pub answer: Ipv4Addr,
    /// Which bit of it, where it is a sum of bits.
    pub bit: Option<u8>,
    /// What the operator means by it; `null` where that is not documented.
    pub meaning: Option<String>,
    /// How much it matters.
    #[schemars(with = "words::ListWeight")]
    pub weight: Weight,
    /// False where it is no reproach.
    pub listing: bool,
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListFindingReport {
    /// The entry of the catalogue.
    #[schemars(with = "words::FindingId")]
    pub id: &'static str,
    /// The entry's title.
    pub title: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was seen.
    pub summary: String,
    /// What shows it.
    pub notes: Vec<String>,
    /// What to do.
    pub remedy: &'static str,
    /// RFC sections and manuals.
    pub references: &'static [&'static str],
}

/// One configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfigurationReport {
    /// The file, as it was named.
    pub file: String,
    /// The language that it is written in.
    pub dialect: String,
    /// The lists that it names.
    pub lists: Vec<ConfiguredReport>,
    /// What else there is to know of it.
    pub notes: Vec<NoteReport>,
}

impl ConfigurationReport {
    /// Whether a setting that names a list could not be followed.
    pub fn is_partial(&self) -> bool {
        self.not_followed().next().is_some()
    }

    /// The settings that name a list and could not be followed.
    pub fn not_followed(&self) -> impl Iterator<Item = &NoteReport> {
        self.notes.iter().filter(|note| note.kind == NoteKind::NotFollowed.as_str())
    }
}

/// One list that a configuration file names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfiguredReport {
    /// The line, counted from 1.
    pub line: usize,
    /// The setting, shortened.
    pub setting: String,
    /// The zone as it is written there.
    pub zone: String,
    /// The list's short name; `null` where it was not asked.
    pub list: Option<String>,
    /// Whether the built-in data know it.
    pub known: bool,
    /// Its state; `null` where it was not asked.
    #[schemars(with = "Option<words::ZoneState>")]
    pub state: Option<&'static str>,
    /// What is wrong.
    pub findings: Vec<ListFindingReport>,
}

/// Something to know about a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoteReport {
    /// The line, counted from 1.
    pub line: usize,
    /// What it means for the lists of the file.
    #[schemars(with = "words::NoteKind")]
    pub kind: &'static str,
    /// What there is to know.
    pub text: String,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[allow(missing_docs)]
pub struct ListsSummary {
    pub subjects: usize,
    pub listed: usize,
    pub not_listed: usize,
    pub unknown: usize,
    /// Lists that were wanted.
    pub lists: usize,
    /// Those of them that are healthy for every kind that was wanted.
    pub healthy: usize,
}
