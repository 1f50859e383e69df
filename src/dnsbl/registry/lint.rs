//! What must hold of the data, beyond their form.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Fault, Registry, Tombstone, with_some_key};
use crate::dnsbl::code::{Code, Decoding, Weight, bits_of};
use crate::dnsbl::name;
use crate::dnsbl::query::{PLACEHOLDER, entry_prefix};
use crate::dnsbl::zone::{Access, Entry, Purpose, Status, Zone};

impl Registry {
    /// Everything in the data that cannot be so. Empty for the built-in ones.
    pub fn lint(&self) -> Vec<Fault> {
        let mut faults: Vec<Fault> = self.zones.iter().flat_map(zone).collect();
        faults.extend(unique(&self.zones));
        faults.extend(self.tombstones.iter().flat_map(tombstone));
        for zone in &self.zones {
            if !self.is_own(zone) {
                faults.extend(origin(zone));
            }
            if let Some(stone) = self.tombstone(&with_some_key(zone)) {
                let message = format!("is dead: {}; remove this entry", stone.what);
                faults.push(fault(zone, "zone", message));
            }
            for id in &zone.replaces {
                if *id == zone.id || !self.zones.iter().any(|known| known.id == *id) {
                    let message = format!("`{id}` is not the id of another zone; correct it");
                    faults.push(fault(zone, "replaces", message));
                }
            }
        }
        faults
    }
}

fn fault(zone: &Zone, field: &'static str, message: impl Into<String>) -> Fault {
    Fault { entry: "zone", id: zone.id.clone(), field, message: message.into() }
}

/// Ids and names that two zones have: one of them would be asked in place of the other, or twice.
pub(super) fn unique(zones: &[Zone]) -> Vec<Fault> {
    let mut ids = BTreeMap::new();
    let mut names = BTreeMap::new();
    let mut faults = Vec::new();
    for zone in zones {
        if ids.insert(&zone.id, ()).is_some() {
            faults.push(fault(zone, "id", "is used by two zones; give each its own"));
        }
        if let Some(other) = names.insert(&zone.zone, &zone.id) {
            let message = format!(
                "`{}` is already the zone `{other}`; use the id `{other}` to replace it",
                zone.zone
            );
            faults.push(fault(zone, "zone", message));
        }
    }
    faults
}

/// What must hold of a zone alone.
pub(super) fn zone(zone: &Zone) -> Vec<Fault> {
    let mut faults = names(zone);
    faults.extend(entries(zone));
    faults.extend(codes(zone));
    faults.extend(refusals(zone));
    let mut wrong = |field, message: &str| faults.push(fault(zone, field, message));
    for (field, text) in [("title", &zone.title), ("terms", &zone.terms), ("source", &zone.source)]
    {
        if text.trim().is_empty() {
            wrong(field, "is empty; fill it in, or leave it out in a file of your own");
        }
    }
    for (field, url) in [("homepage", &zone.homepage), ("delisting", &zone.delisting)] {
        let web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if url.as_ref().is_some_and(|url| !web(url)) {
            wrong(field, "is no web address; begin it with https://");
        }
    }
    if zone.daily_limit == Some(0) {
        wrong("daily_limit", "is 0; leave it out where the operator states none");
    }
    if zone.per_second == Some(0) {
        wrong("per_second", "is 0; leave it out where the operator states none");
    }
    faults
}

/// What the built-in data say of where they are from, and a user's own may leave out.
fn origin(zone: &Zone) -> Vec<Fault> {
    let mut faults = Vec::new();
    if zone.checked.is_none() {
        faults.push(fault(zone, "checked", "is missing; say when its source was read"));
    }
    if zone.homepage.is_none() {
        faults.push(fault(zone, "homepage", "is missing; say where the operator describes it"));
    }
    if zone.status == Status::Unconfirmed && zone.default {
        let message = "is true for a zone that nobody confirmed; make it false";
        faults.push(fault(zone, "default", message));
    }
    faults
}

fn names(zone: &Zone) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !is_id(&zone.id) {
        let message = "is not of the form my-list; use small letters, digits and single hyphens";
        faults.push(fault(zone, "id", message));
    }
    let keyed = zone.zone.contains(PLACEHOLDER);
    let whole = zone.zone.split('.').all(|it| it == PLACEHOLDER || !it.contains(PLACEHOLDER));
    if zone.zone.matches(PLACEHOLDER).count() > 1 || !whole {
        faults.push(fault(zone, "zone", "has {key} inside a label or twice; make it one label"));
    } else if let Err(why) = name::check(&with_some_key(zone)) {
        faults.push(fault(zone, "zone", format!("`{}` is no name: {why}", zone.zone)));
    } else if !zone.zone.contains('.') {
        faults.push(fault(zone, "zone", "is a single label; give the whole name"));
    }
    if keyed != (zone.access == Access::Key) {
        let message = "is key where the zone has {key} in its name, and only there; correct either";
        faults.push(fault(zone, "access", message));
    }
    if let Some(key) = &zone.key {
        if zone.access != Access::Key {
            faults.push(fault(zone, "key", "is given for a zone without {key}; leave it out"));
        } else if !is_id(key) {
            faults.push(fault(zone, "key", "is not of the form my-list; correct it"));
        }
    }
    faults
}

/// Lower case, digits and single hyphens: what can be part of an environment variable and of a command line.
pub(in crate::dnsbl) fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.split('-').all(|part| !part.is_empty() && part.chars().all(plain))
}

fn entries(zone: &Zone) -> Vec<Fault> {
    let mut faults = Vec::new();
    if zone.entries.is_empty() {
        faults.push(fault(zone, "entries", "is empty; say what the zone can be asked about"));
    }
    for (at, entry) in zone.entries.iter().enumerate() {
        if zone.entries.iter().take(at).any(|other| other.kind == entry.kind) {
            let message = format!("has {} twice; keep one", entry.kind);
            faults.push(fault(zone, "entries", message));
        }
        faults.extend(test_entry(zone, entry));
    }
    faults
}

fn test_entry(zone: &Zone, entry: &Entry) -> Vec<Fault> {
    let mut faults = Vec::new();
    let kind = entry.kind;
    for (field, text) in [("positive", &entry.positive), ("negative", &entry.negative)] {
        match text {
            None if zone.default => {
                let message = format!(
                    "has no entry for {kind}, so nobody can see whether the zone works; give one, \
                     or set default = false"
                );
                faults.push(fault(zone, field, message));
            }
            Some(text) if entry_prefix(kind, text).is_none() => {
                let message = format!("`{}` is not one of {kind}; correct it", text.escape_debug());
                faults.push(fault(zone, field, message));
            }
            _ => {}
        }
    }
    let prefix = |text: &Option<String>| text.as_deref().and_then(|it| entry_prefix(kind, it));
    if entry.positive.is_some() && prefix(&entry.positive) == prefix(&entry.negative) {
        faults.push(fault(zone, "negative", "is the positive entry too; give another"));
    }
    if let Some(answer) = entry.answer {
        if entry.positive.is_none() {
            faults.push(fault(zone, "answer", "is given without a positive entry; give that too"));
        } else if !zone.read(&[answer]).is_documented() {
            let message = format!("{answer} is none of the codes; add it to them or correct it");
            faults.push(fault(zone, "answer", message));
        }
    }
    faults
}

fn codes(zone: &Zone) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut wrong = |message: String| faults.push(fault(zone, "codes", message));
    if zone.codes.is_empty() {
        wrong("is empty; give at least one, or leave it out for 127.0.0.2".to_owned());
    }
    for (at, code) in zone.codes.iter().enumerate() {
        let first = code.first;
        let last = code.last.unwrap_or(first);
        if code.meaning.trim().is_empty() {
            wrong(format!("{first} has no meaning; say what the operator means by it"));
        }
        if !first.is_loopback() || !last.is_loopback() {
            wrong(format!("{first} is outside 127.0.0.0/8, where no code is; correct it"));
        }
        if last < first {
            wrong(format!("{first} begins behind its end {last}; exchange them"));
        }
        if last.is_loopback() && last >= ERROR_BLOCK {
            wrong(format!("{first} reaches into 127.255.255.0/24, which tells errors; correct it"));
        }
        if code.last.is_some() && zone.decoding != Decoding::Range {
            wrong(format!("{first} has an end; set decoding = \"range\" or leave last out"));
        }
        if zone.decoding == Decoding::Bitmask && !is_bit(first) {
            wrong(format!(
                "{first} is no single bit; give each bit its own code, 127.0.0.1 to .128"
            ));
        }
        let overlaps =
            |other: &Code| other.first <= last && first <= other.last.unwrap_or(other.first);
        if zone.codes.iter().take(at).any(overlaps) {
            wrong(format!("{first} lies in a code before it; let no two overlap"));
        }
        if code.listing && last != first && code.holds(Ipv4Addr::new(127, 0, 0, 1)) {
            wrong(format!("{first} to {last} makes 127.0.0.1 a listing; begin at 127.0.0.2"));
        }
        if code.weight == Weight::Allow && code.listing {
            wrong(format!("{first} is of weight allow and a listing; correct either"));
        }
        if zone.purpose == Purpose::Allow && code.listing {
            wrong(format!("{first} is a listing in an allow list; set listing = false"));
        }
    }
    faults
}

/// The first address of the block that tells errors everywhere.
const ERROR_BLOCK: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 0);

fn is_bit(answer: Ipv4Addr) -> bool {
    bits_of(answer).is_some_and(u8::is_power_of_two)
}

fn refusals(zone: &Zone) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut wrong = |message: String| faults.push(fault(zone, "refusals", message));
    for (at, refusal) in zone.refusals.iter().enumerate() {
        let answer = refusal.answer;
        if refusal.meaning.trim().is_empty() || refusal.remedy.trim().is_empty() {
            wrong(format!("{answer} has no meaning or no remedy; give both"));
        }
        if !answer.is_loopback() {
            wrong(format!("{answer} is outside 127.0.0.0/8; correct it"));
        }
        if zone.decoding == Decoding::Bitmask && answer < ERROR_BLOCK && !is_bit(answer) {
            wrong(format!("{answer} is no single bit; give 127.0.0.1 to .128"));
        }
        if zone.codes.iter().any(|code| code.holds(answer)) {
            wrong(format!("{answer} is a code too; keep one of them"));
        }
        if zone.refusals.iter().take(at).any(|other| other.answer == answer) {
            wrong(format!("{answer} is there twice; keep one"));
        }
    }
    faults
}

fn tombstone(stone: &Tombstone) -> Vec<Fault> {
    let fault = |field, message: String| Fault {
        entry: "tombstone",
        id: stone.domain.clone(),
        field,
        message,
    };
    let mut faults = Vec::new();
    for (field, text) in [("what", &stone.what), ("source", &stone.source)] {
        if text.trim().is_empty() {
            faults.push(fault(field, "is empty; fill it in".to_owned()));
        }
    }
    let new = stone.renamed.as_deref();
    for (field, text) in [("domains", Some(stone.domain.as_str())), ("renamed", new)] {
        if let Some(Err(why)) = text.map(name::check) {
            faults.push(fault(field, format!("is no name: {why}")));
        }
    }
    faults
}
