//! The report on lists as a table: one row for each subject and list; without subjects, one for each list and kind.
//! Lists that a configuration file names have rows of their own behind them.

use std::io::{self, Write};

use super::model::{ConfigurationReport, ConfiguredReport, ListsReport, SubjectReport, WordReport};
use super::model::{ZoneKindReport, ZoneReport};
use crate::report::csv::{Table, given, sentences, word};

/// A column: its header, and its cell for a row.
type Column = (&'static str, fn(&Row<'_>) -> String);

/// A row; what it is not about is missing.
struct Row<'a> {
    report: &'a ListsReport,
    subject: Option<&'a SubjectReport>,
    word: Option<&'a WordReport>,
    zone: Option<&'a ZoneReport>,
    kind: Option<&'a ZoneKindReport>,
    configured: Option<(&'a ConfigurationReport, &'a ConfiguredReport)>,
}

const COLUMNS: [Column; 27] = [
    ("Subject", |row| row.subject.map(|s| s.subject.clone()).unwrap_or_default()),
    ("Kind", |row| {
        let kind = row.subject.map(|s| s.kind).or(row.kind.map(|k| k.kind));
        kind.map(|kind| word(&kind)).unwrap_or_default()
    }),
    ("Standing", |row| row.subject.map(|s| s.standing.to_owned()).unwrap_or_default()),
    ("Lists usable", |row| row.subject.map(|s| s.usable.to_string()).unwrap_or_default()),
    ("Lists wanted", |row| row.subject.map(|s| s.wanted.to_string()).unwrap_or_default()),
    ("List", |row| {
        let configured = row.configured.and_then(|(_, list)| list.list.clone());
        row.zone.map(|zone| zone.id.clone()).or(configured).unwrap_or_default()
    }),
    ("Zone", |row| {
        let configured = row.configured.map(|(_, list)| list.zone.clone());
        row.zone.map(|zone| zone.zone.clone()).or(configured).unwrap_or_default()
    }),
    ("Purpose", |row| row.zone.map(|zone| word(&zone.purpose)).unwrap_or_default()),
    ("State of the list", |row| {
        let configured = row.configured.and_then(|(_, list)| list.state);
        row.kind.map(|kind| kind.state).or(configured).unwrap_or_default().to_owned()
    }),
    ("Word", |row| row.word.map(|w| w.word.to_owned()).unwrap_or_default()),
    ("Why unknown", |row| row.word.and_then(|w| w.reason).unwrap_or_default().to_owned()),
    ("In words", |row| {
        let of_word = row.word.and_then(|w| w.text.clone());
        let of_zone = || row.kind.filter(|_| row.word.is_none()).map(|kind| kind.text.clone());
        of_word.or_else(of_zone).unwrap_or_default()
    }),
    ("Remedy", |row| {
        let of_word = row.word.and_then(|w| w.remedy.clone());
        let of_zone = || row.kind.filter(|_| row.word.is_none()).map(|kind| kind.remedy.clone());
        of_word.or_else(of_zone).unwrap_or_default()
    }),
    ("Answers", |row| {
        let codes = row.word.iter().flat_map(|w| &w.codes).map(|code| code.answer.to_string());
        let mut codes: Vec<_> = codes.collect();
        codes.dedup();
        codes.join(", ")
    }),
    ("Meanings", |row| {
        let codes = row.word.iter().flat_map(|w| &w.codes);
        sentences(codes.map(|code| code.meaning.as_deref().unwrap_or("not documented")))
    }),
    ("Weight", |row| row.word.and_then(|w| w.weight).map(|w| word(&w)).unwrap_or_default()),
    ("Text of the list", |row| {
        sentences(row.word.iter().flat_map(|w| &w.texts).map(String::as_str))
    }),
    ("Lookup", |row| match (row.word, row.kind) {
        (Some(word), _) => given(&word.lookup),
        (None, Some(kind)) => sentences(kind.shown.iter().map(String::as_str)),
        (None, None) => String::new(),
    }),
    ("Removal", |row| row.word.map(|w| given(&w.delisting)).unwrap_or_default()),
    ("File", |row| row.configured.map(|(file, _)| file.file.clone()).unwrap_or_default()),
    ("Line", |row| row.configured.map(|(_, list)| list.line.to_string()).unwrap_or_default()),
    ("Findings", |row| {
        let found = row.configured.iter().flat_map(|(_, list)| &list.findings);
        found.map(|finding| finding.id).collect::<Vec<_>>().join(", ")
    }),
    ("Findings in words", |row| {
        let found = row.configured.iter().flat_map(|(_, list)| &list.findings);
        sentences(found.map(|finding| finding.summary.as_str()))
    }),
    ("Resolvers", |row| row.report.run.resolvers.join(", ")),
    ("Faults of the resolver", |row| {
        let found = row.report.resolver_findings.iter();
        found.map(|finding| finding.id).collect::<Vec<_>>().join(", ")
    }),
    ("Registry", |row| {
        let registry = &row.report.run.registry;
        format!("{} of {}", registry.version, registry.date)
    }),
    ("Test started", |row| row.report.run.started.clone()),
];

/// Writes the table: a header and its rows.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &ListsReport, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(out);
    table.row(COLUMNS.iter().map(|(header, _)| (*header).to_owned()))?;
    let empty = Row { report, subject: None, word: None, zone: None, kind: None, configured: None };
    let mut write = |row: Row<'_>| table.row(COLUMNS.iter().map(|(_, cell)| cell(&row)));
    for subject in &report.subjects {
        for said in &subject.words {
            let zone = report.zones.iter().find(|zone| zone.id == said.list);
            let kind = zone.and_then(|zone| zone.kinds.iter().find(|k| k.kind == subject.kind));
            write(Row { subject: Some(subject), word: Some(said), zone, kind, ..empty })?;
        }
    }
    for zone in report.zones.iter().filter(|_| report.subjects.is_empty()) {
        for kind in &zone.kinds {
            write(Row { zone: Some(zone), kind: Some(kind), ..empty })?;
        }
    }
    for file in &report.configurations {
        for list in &file.lists {
            write(Row { configured: Some((file, list)), ..empty })?;
        }
    }
    table.end().map(drop)
}
