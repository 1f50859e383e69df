//! Fixtures of every dialect, and what is read from them.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

mod dialects;
mod errors;
mod filters;
mod postfix;

use super::*;

/// A fixture of this folder.
fn fixture(name: &str) -> (String, Vec<u8>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dnsbl/configured/tests/fixtures");
    (name.to_owned(), std::fs::read(format!("{folder}/{name}")).unwrap())
}

fn read_fixture(name: &str) -> Configured {
    let (name, bytes) = fixture(name);
    read(&name, &bytes).unwrap()
}

/// A zone in one line.
fn show(zone: &ConfiguredZone) -> String {
    let mut text = format!("{} {:?} {} {:?}", zone.line, zone.usage, zone.zone, zone.asked);
    if let Some(filter) = &zone.filter {
        text.push_str(&format!(" ={}", filter.text));
    }
    if let Some(filter) = &zone.unread_filter {
        text.push_str(&format!(" ?{filter}"));
    }
    if let Some(rule) = &zone.rule {
        text.push_str(&format!(" {rule}"));
    }
    if let Some(weight) = zone.weight {
        text.push_str(&format!(" *{weight}"));
    }
    text
}

/// Compares what was read, line by line; the messages of the notes are given by their beginning.
fn expect(found: &Configured, dialect: Dialect, zones: &[&str], notes: &[(usize, NoteKind, &str)]) {
    assert_eq!(found.dialect, dialect);
    let shown: Vec<_> = found.zones.iter().map(show).collect();
    assert_eq!(shown, zones, "zones of {dialect}");
    for zone in &found.zones {
        assert_eq!(zone.kind, zone.asked[0].kind(), "{}", zone.zone);
        assert!(zone.asked.iter().all(|asked| asked.kind() == zone.kind), "{}", zone.zone);
        assert!(!zone.text.is_empty());
    }
    let shown: Vec<_> =
        found.notes.iter().map(|note| (note.line, note.kind, note.message.as_str())).collect();
    let same = shown.len() == notes.len()
        && shown.iter().zip(notes).all(|(a, b)| a.0 == b.0 && a.1 == b.1 && a.2.contains(b.2));
    assert!(same, "notes of {dialect}: found {shown:#?}\nexpected {notes:#?}");
}
