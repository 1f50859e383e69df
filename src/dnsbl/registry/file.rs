//! The files that zones stand in: TOML in, values out, with the defaults that make an own entry short.

use std::net::Ipv4Addr;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::{RegistryError, Tombstone};
use crate::dnsbl::code::{Code, Decoding, Refusal, Weight};
use crate::dnsbl::name;
use crate::dnsbl::query::PLACEHOLDER;
use crate::dnsbl::zone::{Access, Entry, Purpose, Status, SubjectKind, Zone};

/// The registry's own file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegistry {
    version: u32,
    date: Spanned<Day>,
    zone: Vec<RawZone>,
    #[serde(default)]
    tombstone: Vec<RawTombstone>,
}

/// A file of the user's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOwn {
    #[serde(default)]
    zone: Vec<RawZone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawZone {
    id: Spanned<String>,
    zone: String,
    title: Option<String>,
    #[serde(default = "block")]
    purpose: Purpose,
    kind: Option<Kinds>,
    entries: Option<Vec<Entry>>,
    #[serde(default = "exact")]
    decoding: Decoding,
    codes: Option<Vec<Code>>,
    #[serde(default)]
    refusals: Vec<Refusal>,
    access: Option<Access>,
    key: Option<String>,
    #[serde(default)]
    replaces: Vec<String>,
    terms: Option<String>,
    daily_limit: Option<u64>,
    per_second: Option<u32>,
    homepage: Option<String>,
    delisting: Option<String>,
    #[serde(default = "alive")]
    status: Status,
    source: Option<String>,
    checked: Option<Spanned<Day>>,
    default: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTombstone {
    domains: Vec<String>,
    ended: Option<String>,
    what: String,
    renamed: Option<String>,
    source: String,
}

/// One kind, or several.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected ipv4, ipv6 or domain, or a list of them")]
enum Kinds {
    One(SubjectKind),
    Several(Vec<SubjectKind>),
}

/// A day as a TOML date or as text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a date such as 2026-11-16")]
enum Day {
    Date(toml::value::Datetime),
    Text(String),
}

fn block() -> Purpose {
    Purpose::Block
}

fn exact() -> Decoding {
    Decoding::Exact
}

fn alive() -> Status {
    Status::Alive
}

/// What a file holds.
pub(super) struct Content {
    pub(super) version: u32,
    pub(super) date: Date,
    pub(super) zones: Vec<Zone>,
    pub(super) tombstones: Vec<Tombstone>,
}

/// Reads the text of a registry.
pub(super) fn registry(text: &str, file: &str) -> Result<Content, RegistryError> {
    let place = Place { text, file };
    let raw: RawRegistry = toml::from_str(text).map_err(|error| place.syntax(&error))?;
    let date = place.day(&raw.date)?;
    let zones = raw.zone.into_iter().map(|zone| place.zone(zone)).collect::<Result<_, _>>()?;
    let tombstones = raw.tombstone.into_iter().flat_map(RawTombstone::each).collect();
    Ok(Content { version: raw.version, date, zones, tombstones })
}

/// Reads the text of a file of the user's own.
pub(super) fn own(text: &str, file: &str) -> Result<Vec<Zone>, RegistryError> {
    let place = Place { text, file };
    let raw: RawOwn = toml::from_str(text).map_err(|error| place.syntax(&error))?;
    if raw.zone.is_empty() {
        let message = "no zone is in it; write [[zone]] and below it id, zone and kind";
        return Err(place.at(0, message.to_owned()));
    }
    raw.zone.into_iter().map(|zone| place.zone(zone)).collect()
}

/// A file while it is being read.
struct Place<'a> {
    text: &'a str,
    file: &'a str,
}

impl Place<'_> {
    fn syntax(&self, error: &toml::de::Error) -> RegistryError {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        self.at(error.span().map_or(0, |span| span.start), message)
    }

    fn at(&self, start: usize, message: String) -> RegistryError {
        let (line, column) = position(self.text, start);
        RegistryError::Syntax { file: self.file.to_owned(), line, column, message }
    }

    fn day(&self, day: &Spanned<Day>) -> Result<Date, RegistryError> {
        let text = match day.get_ref() {
            Day::Date(date) => date.to_string(),
            Day::Text(text) => text.clone(),
        };
        let wrong = |_| {
            let shown = text.escape_debug();
            self.at(day.span().start, format!("`{shown}` is no date; write one such as 2026-11-16"))
        };
        text.parse().map_err(wrong)
    }

    fn zone(&self, raw: RawZone) -> Result<Zone, RegistryError> {
        let at = raw.id.span().start;
        let id = raw.id.into_inner();
        let zone = name::folded(&raw.zone);
        let entries = match (raw.kind, raw.entries) {
            (Some(Kinds::One(kind)), None) => vec![entry_of(kind)],
            (Some(Kinds::Several(kinds)), None) => kinds.into_iter().map(entry_of).collect(),
            (None, Some(entries)) => entries,
            (kind, _) => {
                let what = if kind.is_some() { "kind and entries" } else { "neither" };
                let message = format!(
                    "zone `{id}` has {what}; give kind, one or more of ipv4, ipv6 and domain, for \
                     the test entries of RFC 5782, or entries for others"
                );
                return Err(self.at(at, message));
            }
        };
        let keyed = zone.contains(PLACEHOLDER);
        let access = raw.access.unwrap_or(if keyed { Access::Key } else { Access::Free });
        let provable = entries.iter().all(|it| it.positive.is_some() && it.negative.is_some());
        let usual = access == Access::Free && provable;
        Ok(Zone {
            title: raw.title.unwrap_or_else(|| zone.clone()),
            purpose: raw.purpose,
            decoding: raw.decoding,
            codes: raw.codes.unwrap_or_else(|| vec![listed(raw.purpose)]),
            refusals: raw.refusals,
            key: raw.key,
            replaces: raw.replaces,
            terms: raw.terms.unwrap_or_else(|| "not stated".to_owned()),
            daily_limit: raw.daily_limit,
            per_second: raw.per_second,
            homepage: raw.homepage,
            delisting: raw.delisting,
            status: raw.status,
            source: raw.source.unwrap_or_else(|| self.file.to_owned()),
            checked: raw.checked.map(|day| self.day(&day)).transpose()?,
            default: raw.default.unwrap_or(usual),
            id,
            zone,
            entries,
            access,
        })
    }
}

impl RawTombstone {
    fn each(self) -> impl Iterator<Item = Tombstone> {
        let Self { domains, ended, what, renamed, source } = self;
        domains.into_iter().map(move |domain| Tombstone {
            domain: name::folded(&domain),
            ended: ended.clone(),
            what: what.clone(),
            renamed: renamed.clone(),
            source: source.clone(),
        })
    }
}

/// What [`Zone::undescribed`] promises.
pub(super) fn undescribed(name: &str, kinds: &[SubjectKind], terms: &str) -> Zone {
    let zone = name::folded(name);
    let words = zone.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    Zone {
        id: words.collect::<Vec<_>>().join("-"),
        title: zone.clone(),
        purpose: Purpose::Block,
        entries: kinds.iter().map(|kind| entry_of(*kind)).collect(),
        decoding: Decoding::Range,
        codes: vec![Code {
            last: Some(Ipv4Addr::new(127, 255, 254, 255)),
            meaning: "listed; what the answer means is not known here".to_owned(),
            weight: Weight::Info,
            ..listed(Purpose::Block)
        }],
        refusals: Vec::new(),
        access: Access::Free,
        key: None,
        replaces: Vec::new(),
        terms: terms.to_owned(),
        daily_limit: None,
        per_second: None,
        homepage: None,
        delisting: None,
        status: Status::Unconfirmed,
        source: "not in the registry".to_owned(),
        checked: None,
        default: false,
        zone,
    }
}

/// The test entries of RFC 5782 section 5.
fn entry_of(kind: SubjectKind) -> Entry {
    let (positive, negative) = match kind {
        SubjectKind::Ipv4 => ("127.0.0.2", "127.0.0.1"),
        SubjectKind::Ipv6 => ("::ffff:7f00:2", "::ffff:7f00:1"),
        SubjectKind::Domain => ("TEST", "INVALID"),
    };
    Entry {
        kind,
        positive: Some(positive.to_owned()),
        answer: None,
        negative: Some(negative.to_owned()),
    }
}

/// The one code of a zone that names none: the customary answer of RFC 5782 section 2.1.
fn listed(purpose: Purpose) -> Code {
    let listing = purpose == Purpose::Block;
    Code {
        first: Ipv4Addr::new(127, 0, 0, 2),
        last: None,
        meaning: "listed".to_owned(),
        weight: if listing { Weight::Minor } else { Weight::Allow },
        listing,
    }
}

/// Line and column of a byte, both counted from 1.
pub(in crate::dnsbl) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
