//! The text form of a zone.

use std::collections::btree_map::Entry as Slot;

use super::super::name::{NameFault, normal_form};
use super::{Entry, Mx, Outcome, RecordKind, ZoneFile, ZoneRecord};

/// A line of a zone text that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct ZoneError {
    /// Number of the line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: ZoneFault,
}

/// What is wrong with a line of a zone text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneFault {
    /// The line is not a name, a type and a value.
    #[error("expected a name, a type and a value")]
    Fields,
    /// The type is not one of those that a zone text can have.
    #[error("unknown type {0:?}")]
    Type(String),
    /// A domain name is not valid.
    #[error("{name:?} is not a domain name: {why}")]
    Name {
        /// The text that stands for the name.
        name: String,
        /// What is wrong with it.
        why: NameFault,
    },
    /// The value of an A or AAAA record is not an address of that family.
    #[error("{0:?} is not an address of this type")]
    Address(String),
    /// The value of a TXT record is not one text in quotes.
    #[error("{0} is not one text in quotes")]
    Text(String),
    /// The value of an MX record does not start with a number from 0 to 65535.
    #[error("{0:?} is not a preference")]
    Preference(String),
    /// The same record stands in an earlier line.
    #[error("the record stands in an earlier line")]
    Duplicate,
    /// The name has a CNAME record and this or another line gives it more (RFC 1034 section 3.6.2).
    #[error("a name with a CNAME record can have no other line")]
    BesideAlias,
    /// The name has records and an outcome, or two outcomes, for the same type.
    #[error("a name with an outcome for a type can have no other line of that type")]
    BesideOutcome,
}

pub(super) fn parse(text: &str) -> Result<ZoneFile, ZoneError> {
    let mut zone = ZoneFile::default();
    for (index, line) in text.lines().enumerate() {
        let content = without_comment(line);
        if !content.trim().is_empty() {
            let added = parse_line(content).and_then(|line| add(&mut zone, line));
            added.map_err(|fault| ZoneError { line: index + 1, fault })?;
        }
    }
    Ok(zone)
}

/// The line up to the first `#` outside quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return line.get(..at).unwrap_or_default(),
            _ => {}
        }
    }
    line
}

/// One line: the name in normal form, the type, and what the name has of it.
struct Line {
    name: String,
    kind: RecordKind,
    entry: Entry,
}

fn parse_line(content: &str) -> Result<Line, ZoneFault> {
    let mut fields = content.split_whitespace();
    let mut field = || fields.next().ok_or(ZoneFault::Fields);
    let name = parse_owner(field()?)?;
    let kind_text = field()?;
    let kind = parse_kind(kind_text).ok_or_else(|| ZoneFault::Type(kind_text.to_owned()))?;
    if let Some(text) = content.split_once('"').filter(|_| kind == RecordKind::Txt) {
        let record = ZoneRecord::Txt(parse_text(text)?);
        return Ok(Line { name, kind, entry: Entry::Records(vec![record]) });
    }
    let value = field()?;
    let entry = match parse_outcome(value) {
        Some(outcome) if kind != RecordKind::Cname => Entry::Outcome(outcome),
        _ => Entry::Records(vec![match kind {
            RecordKind::A => ZoneRecord::A(parse_address(value)?),
            RecordKind::Aaaa => ZoneRecord::Aaaa(parse_address(value)?),
            RecordKind::Mx => {
                let preference =
                    value.parse().map_err(|_| ZoneFault::Preference(value.to_owned()))?;
                let exchange = match field()? {
                    "." => String::new(),
                    host => parse_name(host)?,
                };
                ZoneRecord::Mx(Mx { preference, exchange })
            }
            RecordKind::Txt => return Err(ZoneFault::Text(value.to_owned())),
            RecordKind::Soa => ZoneRecord::Soa(parse_name(value)?),
            RecordKind::Ptr => ZoneRecord::Ptr(parse_name(value)?),
            RecordKind::Cname | RecordKind::Address => ZoneRecord::Cname(parse_name(value)?),
        }]),
    };
    if fields.next().is_some() {
        return Err(ZoneFault::Fields);
    }
    Ok(Line { name, kind, entry })
}

fn parse_kind(text: &str) -> Option<RecordKind> {
    let kinds = [
        RecordKind::A,
        RecordKind::Aaaa,
        RecordKind::Cname,
        RecordKind::Mx,
        RecordKind::Txt,
        RecordKind::Soa,
        RecordKind::Ptr,
    ];
    kinds.into_iter().find(|kind| kind.to_string().eq_ignore_ascii_case(text))
}

fn parse_outcome(text: &str) -> Option<Outcome> {
    Some(match text {
        "NXDOMAIN" => Outcome::NoSuchName,
        "NODATA" => Outcome::NoData,
        "SERVFAIL" => Outcome::ServerFailure,
        "REFUSED" => Outcome::Refused,
        "TIMEOUT" => Outcome::Timeout,
        _ => return None,
    })
}

fn parse_name(text: &str) -> Result<String, ZoneFault> {
    normal_form(text).map_err(|why| ZoneFault::Name { name: text.to_owned(), why })
}

/// The name that has the record, which may stand for all names below another one.
fn parse_owner(text: &str) -> Result<String, ZoneFault> {
    match text.strip_prefix("*.") {
        Some(parent) => Ok(format!("*.{}", parse_name(parent)?)),
        None => parse_name(text),
    }
}

/// The text between the quotes, with nothing but type and name before it and nothing behind it.
fn parse_text((before, quoted): (&str, &str)) -> Result<String, ZoneFault> {
    let whole = || ZoneFault::Text(format!("\"{quoted}"));
    if before.split_whitespace().count() != 2 {
        return Err(ZoneFault::Fields);
    }
    let (text, rest) = quoted.split_once('"').ok_or_else(whole)?;
    if rest.trim().is_empty() { Ok(text.to_owned()) } else { Err(whole()) }
}

fn parse_address<T: std::str::FromStr>(text: &str) -> Result<T, ZoneFault> {
    text.parse().map_err(|_| ZoneFault::Address(text.to_owned()))
}

fn add(zone: &mut ZoneFile, line: Line) -> Result<(), ZoneFault> {
    let types = zone.names.entry(line.name).or_default();
    let had_alias = types.contains_key(&RecordKind::Cname);
    let had_other = types.keys().any(|kind| *kind != RecordKind::Cname);
    let is_alias = line.kind == RecordKind::Cname;
    match types.entry(line.kind) {
        Slot::Vacant(_) if had_alias || (is_alias && had_other) => {
            return Err(ZoneFault::BesideAlias);
        }
        Slot::Vacant(slot) => {
            slot.insert(line.entry);
        }
        Slot::Occupied(mut slot) => match (slot.get_mut(), line.entry) {
            (Entry::Records(old), Entry::Records(new)) => {
                if new.iter().any(|record| old.contains(record)) {
                    return Err(ZoneFault::Duplicate);
                }
                if is_alias {
                    return Err(ZoneFault::BesideAlias);
                }
                old.extend(new);
            }
            _ => return Err(ZoneFault::BesideOutcome),
        },
    }
    Ok(())
}
