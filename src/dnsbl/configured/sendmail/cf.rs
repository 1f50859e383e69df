//! A generated sendmail.cf: the rules that look a zone up in a dns map.

use std::collections::BTreeSet;

use super::super::reading::{Reading, zone_name};
use super::super::{Asked, ConfiguredZone, Use};

/// A lookup whose answers the next rules judge.
struct Lookup {
    zone: ConfiguredZone,
    patterns: Vec<String>,
}

/// Reads a sendmail.cf.
pub(in super::super) fn read_cf(text: &str, reading: &mut Reading) {
    let mut maps = BTreeSet::from(["host".to_owned()]);
    let mut open: Option<Lookup> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if let Some(map) = line.strip_prefix('K') {
            let mut words = map.split_whitespace();
            if let (Some(name), Some("dns" | "host")) = (words.next(), words.next()) {
                maps.insert(name.to_owned());
            }
            continue;
        }
        let Some(rule) = line.strip_prefix('R') else {
            // Continued lines belong to the rule, and comments stand between rules.
            let within = line.starts_with(char::is_whitespace) || line.starts_with('#');
            if !within && !line.is_empty() {
                close(&mut open, reading);
            }
            continue;
        };
        let (left, right) = rule.split_once('\t').unwrap_or((rule, ""));
        if let Some(found) = lookup(right, &maps, number, line, reading) {
            close(&mut open, reading);
            open = found.map(|zone| Lookup { zone, patterns: Vec::new() });
        } else if let Some(lookup) = &mut open {
            answer(left, right.trim(), lookup);
        }
    }
    close(&mut open, reading);
}

/// The zone that a right side looks up. The inner `None` is a lookup of a list whose zone cannot be read.
fn lookup(
    right: &str,
    maps: &BTreeSet<String>,
    line: usize,
    text: &str,
    reading: &mut Reading,
) -> Option<Option<ConfiguredZone>> {
    let (_, call) = right.split_once("$(")?;
    let (map, rest) = call.split_once(' ')?;
    if !maps.contains(map) {
        return None;
    }
    let key = rest.split([' ', '\t']).next().unwrap_or_default();
    let (asked, zone) = match key.strip_prefix("$4.$3.$2.$1.") {
        Some(zone) => (Asked::ClientAddress, zone),
        None if map.contains("nsbl") => (Asked::Sender, key.strip_prefix("$2.").unwrap_or(key)),
        None => return None,
    };
    let Some(zone) = zone_name(zone) else {
        reading.not_followed(line, text, format!("`{key}` is not read as the name of a zone"));
        return Some(None);
    };
    Some(Some(ConfiguredZone::new(zone, Use::Reject, asked, line, text)))
}

/// A rule behind a lookup: `R<?>PATTERN`, and what is done on it.
fn answer(left: &str, right: &str, lookup: &mut Lookup) {
    let Some(pattern) = left.trim().strip_prefix("<?>").map(str::trim) else { return };
    if pattern == "OK" || pattern.ends_with("<TMP>") {
        return;
    }
    lookup.zone.usage = match right {
        right if right.starts_with("$#discard") => Use::Discard,
        right if right.contains("$@ quarantine") => Use::Quarantine,
        _ => Use::Reject,
    };
    lookup.patterns.push(pattern.to_owned());
}

fn close(open: &mut Option<Lookup>, reading: &mut Reading) {
    let Some(Lookup { mut zone, patterns }) = open.take() else { return };
    if patterns.is_empty() {
        let message = format!("no rule behind it judges the answers of {}", zone.zone);
        reading.not_followed(zone.line, &zone.text.clone(), message);
    } else {
        super::set_patterns(&mut zone, &patterns, reading);
    }
    reading.zone(zone);
}
