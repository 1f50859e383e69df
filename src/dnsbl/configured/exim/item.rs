//! The items of a `dnslists` list.

use std::net::{IpAddr, Ipv4Addr};

use super::super::filter::{Accepted, Filter};
use super::super::reading::{Reading, zone_name};
use super::super::{Asked, ConfiguredZone, NoteKind, Use};

/// Reads the value of a condition.
pub(super) fn read_list(value: &str, usage: Use, line: usize, text: &str, reading: &mut Reading) {
    for item in split(value) {
        if let Some(option) = item.strip_prefix('+') {
            unknown(option, line, text, reading);
        } else if !item.is_empty() {
            read_item(&item, usage, line, text, reading);
        }
    }
}

/// `+include_unknown` and its kin.
fn unknown(option: &str, line: usize, text: &str, reading: &mut Reading) {
    let message = match option.to_ascii_lowercase().as_str() {
        "include_unknown" => "a lookup that fails counts as a listing for the lists that follow",
        "exclude_unknown" => return,
        "defer_unknown" => "a lookup that fails defers the mail for the lists that follow",
        _ => {
            let message = format!("`+{option}` is no option of dnslists");
            reading.not_followed(line, text, message);
            return;
        }
    };
    reading.note(NoteKind::Meaning, line, text, format!("`+{option}`: {message}"));
}

/// `zone`, `text zone,zone`, and behind it a filter and `/keys`.
fn read_item(whole: &str, usage: Use, line: usize, text: &str, reading: &mut Reading) {
    let (item, key) = match split_key(whole) {
        (item, Some(key)) => (item, Some(key)),
        (item, None) => (item, None),
    };
    let (zones, filter) = match condition(item) {
        Some((zones, filter)) => (zones, Some(filter)),
        None => (item, None),
    };
    let (texts, zone) = match zones.split_once(',') {
        Some((texts, zone)) => (Some(texts), zone),
        None => (None, zones),
    };
    let Some(name) = zone_name(zone) else {
        let message = match zone.contains('$') {
            true => format!("`{whole}` is computed when mail arrives"),
            false => format!(
                "`{zone}` is no name of a zone; if it is a macro, this file does not define it"
            ),
        };
        reading.not_followed(line, text, message);
        return;
    };
    let asked = key.map_or_else(|| vec![Asked::ClientAddress], asked);
    let shown = format!("{text} ({item})");
    for kind in kinds(&asked) {
        let of_kind: Vec<_> =
            asked.iter().copied().filter(|one| one.kind() == kind.kind()).collect();
        let mut found = ConfiguredZone::new(name.clone(), usage, kind, line, &shown);
        found.asked = of_kind.clone();
        found.keys = key.map(str::to_owned);
        // Without a filter, Exim drops answers outside 127.0.0.0/8; with one, it compares them.
        found.loopback_only = filter.is_none();
        found.filter = filter.clone().map(|filter| filter.read(line, text, reading));
        reading.zone(found);
        let Some(other) = texts else { continue };
        match zone_name(other) {
            Some(other) => {
                let mut found = ConfiguredZone::new(other, Use::Confirm, kind, line, &shown);
                found.asked = of_kind;
                found.loopback_only = true;
                reading.zone(found);
            }
            None => {
                let message = format!("`{other}` is no name of a zone");
                reading.not_followed(line, text, message);
            }
        }
    }
}

/// One of each kind.
fn kinds(asked: &[Asked]) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    for one in asked {
        if !found.iter().any(|known| known.kind() == one.kind()) {
            found.push(*one);
        }
    }
    found
}

/// A filter as it is written.
#[derive(Clone)]
struct Condition<'a> {
    bits: bool,
    negated: bool,
    every: bool,
    addresses: &'a str,
    text: &'a str,
}

impl Condition<'_> {
    fn read(self, line: usize, text: &str, reading: &mut Reading) -> Filter {
        let mut accepted = Vec::new();
        for address in self.addresses.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            match address.parse::<Ipv4Addr>() {
                Ok(mask) if self.bits => {
                    accepted.push(Accepted::AllBitsOfLoopback(mask.to_bits()));
                }
                Ok(address) => accepted.push(Accepted::Exact(address)),
                Err(_) => {
                    let message = format!("`{address}` is no IPv4 address, so no answer equals it");
                    reading.not_followed(line, text, message);
                }
            }
        }
        Filter { accepted, negated: self.negated, every: self.every, text: self.text.to_owned() }
    }
}

/// The zones and the filter of an item: `=`, `&`, `==`, `=&`, each also behind `!`.
fn condition(item: &str) -> Option<(&str, Condition<'_>)> {
    let (at, mut bits) = match item.find('=') {
        Some(at) => (at, false),
        None => (item.find('&')?, true),
    };
    let (zones, text) = item.split_at_checked(at)?;
    let mut addresses = text.get(1..)?;
    let mut every = false;
    if !bits && addresses.starts_with(['=', '&']) {
        bits = addresses.starts_with('&');
        every = true;
        addresses = addresses.get(1..)?;
    }
    let (zones, negated) = match zones.strip_suffix('!') {
        Some(zones) => (zones, true),
        None => (zones, false),
    };
    let text = item.get(zones.len()..)?;
    Some((zones, Condition { bits, negated, every, addresses, text }))
}

/// The item and its keys.
fn split_key(item: &str) -> (&str, Option<&str>) {
    match item.split_once('/') {
        Some((item, key)) => (item.trim(), Some(key.trim())),
        None => (item, None),
    }
}

/// What the keys behind the slash are, as far as they say it.
fn asked(keys: &str) -> Vec<Asked> {
    const VARIABLES: [(&str, Asked); 7] = [
        ("sender_address_domain", Asked::Sender),
        ("sender_helo_name", Asked::Helo),
        ("sender_host_name", Asked::ReverseName),
        ("sender_host_address", Asked::ClientAddress),
        ("sender_address", Asked::Sender),
        ("domain", Asked::Recipient),
        ("dkim_", Asked::Content),
    ];
    let mut found = Vec::new();
    for key in split(keys) {
        let variable = key.trim_start_matches(['$', '{']);
        let known = VARIABLES.iter().find(|(name, _)| variable.starts_with(name));
        found.push(match known {
            _ if key.contains("dnsdb") => Asked::OtherAddress,
            Some((_, asked)) if key.starts_with('$') => *asked,
            _ if key.parse::<IpAddr>().is_ok() => Asked::OtherAddress,
            _ => Asked::OtherName,
        });
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() { vec![Asked::OtherName] } else { found }
}

/// The items of a list of Exim: separated by colons or by what `<` sets at its beginning; a doubled separator is one
/// character of an item, and nothing within `${…}` separates.
fn split(list: &str) -> Vec<String> {
    let list = list.trim_start();
    let changed = list
        .strip_prefix('<')
        .and_then(|rest| rest.chars().next().filter(|c| c.is_ascii_punctuation() && *c != '\\'));
    let (separator, list) = match changed {
        Some(c) => (c, list.get(1 + c.len_utf8()..).unwrap_or_default()),
        None => (':', list),
    };
    let mut items = vec![String::new()];
    let mut level = 0_usize;
    let mut chars = list.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' => level += 1,
            '}' => level = level.saturating_sub(1),
            _ => {}
        }
        let separates = c == separator && level == 0;
        if separates && chars.next_if_eq(&separator).is_none() {
            items.push(String::new());
            continue;
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).collect()
}
