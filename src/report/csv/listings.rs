//! The columns of the table of listings: a list, what it was asked about a host, and what it said.

use super::{HostRow, given, sentences, word};
use crate::report::lists::{SubjectReport, WordReport, ZoneKindReport, ZoneReport};
use crate::report::model::HostReport;

/// A column: its header, and its cell for a row.
type Column = (&'static str, fn(&ListingRow<'_>) -> String);

/// A row: one question to one list.
pub(super) struct ListingRow<'a> {
    host: HostRow<'a>,
    subject: &'a SubjectReport,
    said: &'a WordReport,
    zone: Option<&'a ZoneReport>,
    kind: Option<&'a ZoneKindReport>,
}

/// What was asked of whom, what came back, and whether the list is to be believed.
pub(super) const LISTINGS: [Column; 23] = [
    ("Test started", |row| row.host.run.started.clone()),
    ("Subject", |row| row.subject.subject.clone()),
    ("Kind", |row| word(&row.subject.kind)),
    ("Standing", |row| row.subject.standing.to_owned()),
    ("Lists usable", |row| row.subject.usable.to_string()),
    ("Lists wanted", |row| row.subject.wanted.to_string()),
    ("List", |row| row.said.list.clone()),
    ("Zone", |row| row.zone.map(|zone| zone.zone.clone()).unwrap_or_default()),
    ("Purpose", |row| row.zone.map(|zone| word(&zone.purpose)).unwrap_or_default()),
    ("Health of the list", |row| row.kind.map(|kind| kind.state).unwrap_or_default().to_owned()),
    ("Health in words", |row| row.kind.map(|kind| kind.text.clone()).unwrap_or_default()),
    ("Word", |row| row.said.word.to_owned()),
    ("Why unknown", |row| given(&row.said.reason)),
    ("In words", |row| given(&row.said.text)),
    ("Remedy", |row| given(&row.said.remedy)),
    ("Answers", |row| {
        let mut answers: Vec<_> =
            row.said.codes.iter().map(|code| code.answer.to_string()).collect();
        answers.dedup();
        answers.join(", ")
    }),
    ("Meanings", |row| {
        let codes = row.said.codes.iter();
        sentences(codes.map(|code| code.meaning.as_deref().unwrap_or("not documented")))
    }),
    ("Weight", |row| row.said.weight.map(|weight| word(&weight)).unwrap_or_default()),
    ("Text of the list", |row| sentences(row.said.texts.iter().map(String::as_str))),
    ("Lookup", |row| given(&row.said.lookup)),
    ("Removal", |row| given(&row.said.delisting)),
    ("Resolvers", |row| {
        row.host.run.lists.as_ref().map(|lists| lists.resolvers.join(", ")).unwrap_or_default()
    }),
    ("Registry", |row| {
        let registry = row.host.run.lists.as_ref().map(|lists| &lists.registry);
        registry.map(|data| format!("{} of {}", data.version, data.date)).unwrap_or_default()
    }),
];

/// The rows of a host, in the order of the questions.
pub(super) fn rows<'a>(
    host: &'a HostReport,
    of_host: impl Fn() -> HostRow<'a>,
) -> impl Iterator<Item = ListingRow<'a>> {
    let questions =
        host.lists.iter().flat_map(|subject| subject.words.iter().map(move |said| (subject, said)));
    questions.map(move |(subject, said)| {
        let host = of_host();
        let mut zones = host.run.lists.iter().flat_map(|lists| &lists.zones);
        let zone = zones.find(|zone| zone.id == said.list);
        let kind = zone.and_then(|zone| zone.kinds.iter().find(|kind| kind.kind == subject.kind));
        ListingRow { host, subject, said, zone, kind }
    })
}
