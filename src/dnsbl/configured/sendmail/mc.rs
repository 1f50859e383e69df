//! The m4 source.

use std::collections::HashMap;

use super::super::reading::{Reading, mentions_lists, zone_name};
use super::super::{Asked, ConfiguredZone, NoteKind, Use};
use super::m4::{Call, calls};

/// The zone of `FEATURE(`dnsbl')` without an argument, from 8.11.2 until the argument became required.
const DEFAULT: &str = "blackholes.mail-abuse.org";
/// The same in 8.10, and of `FEATURE(`rbl')` in 8.9.
const OLD_DEFAULT: &str = "rbl.maps.vix.com";

/// Reads a .mc file.
pub(in super::super) fn read_mc(text: &str, reading: &mut Reading) {
    let mut macros: HashMap<String, String> = HashMap::new();
    for call in calls(text, &["FEATURE", "define", "include", "sinclude", "undivert", "HACK"]) {
        let first = call.arguments.first().map(|text| text.trim()).unwrap_or_default();
        match call.name.as_str() {
            "define" => {
                let value = call.arguments.get(1).cloned().unwrap_or_default();
                macros.insert(first.to_owned(), value);
            }
            "FEATURE" => feature(&call, first, &macros, reading),
            "HACK" if !mentions_lists(first) => {}
            name => {
                let message = format!("`{name}({first})` may hold settings that ask lists");
                reading.note(NoteKind::Elsewhere, call.line, &call.text, message);
            }
        }
    }
    for (index, line) in text.lines().enumerate() {
        let local = ["$(dnsbl ", "$(ednsbl "].iter().any(|map| line.contains(map));
        let comment = ["#", "dnl"].iter().any(|start| line.trim_start().starts_with(start));
        if local && !comment {
            let message =
                "a rule of this file asks a list itself; give the generated sendmail.cf too";
            reading.not_followed(index + 1, line, message);
        }
    }
}

fn feature(call: &Call, feature: &str, macros: &HashMap<String, String>, reading: &mut Reading) {
    let argument = |index: usize| {
        let text = call.arguments.get(index).map(|text| text.trim()).unwrap_or_default();
        macros.get(text).map_or(text, |value| value.trim()).to_owned()
    };
    let asked = match feature {
        "dnsbl" | "enhdnsbl" | "rbl" => Asked::ClientAddress,
        "rhsbl" => Asked::Sender,
        other => {
            if mentions_lists(other) {
                let message = format!("FEATURE(`{other}') is not known; it may ask lists");
                reading.not_followed(call.line, &call.text, message);
            }
            return;
        }
    };
    if call.quoted {
        let message =
            format!("FEATURE(`{feature}') is within another macro; it is taken to be used");
        reading.note(NoteKind::Assumed, call.line, &call.text, message);
    }
    let named = argument(1);
    let usage = super::usage(&argument(2));
    if named.is_empty() {
        default_zone(call, feature, usage, reading);
        return;
    }
    let Some(name) = zone_name(&named) else {
        let message = format!(
            "`{named}` is no name of a zone; if it is a macro, this file does not define it"
        );
        reading.not_followed(call.line, &call.text, message);
        return;
    };
    let mut zone = ConfiguredZone::new(name, usage, asked, call.line, &call.text);
    if feature == "enhdnsbl" {
        let further = (5..call.arguments.len().min(10)).map(argument);
        let first = Some(argument(4)).filter(|first| !first.is_empty());
        let mut patterns = vec![first.unwrap_or_else(|| "$+".to_owned())];
        patterns.extend(further.filter(|pattern| !pattern.is_empty()));
        super::set_patterns(&mut zone, &patterns, reading);
    }
    reading.zone(zone);
}

/// A feature without a zone: what it asks depends on the version.
fn default_zone(call: &Call, feature: &str, usage: Use, reading: &mut Reading) {
    let (zone, message) = match feature {
        "dnsbl" => (
            DEFAULT,
            format!(
                "FEATURE(`dnsbl') without a zone asks {DEFAULT} since 8.11.2 and {OLD_DEFAULT} \
                 before; newer versions refuse it"
            ),
        ),
        "rbl" => (OLD_DEFAULT, format!("FEATURE(`rbl') without a zone asks {OLD_DEFAULT}")),
        _ => {
            let message = format!("FEATURE(`{feature}') names no zone");
            reading.not_followed(call.line, &call.text, message);
            return;
        }
    };
    reading.note(NoteKind::Meaning, call.line, &call.text, message);
    let zone = zone.to_owned();
    reading.zone(ConfiguredZone::new(zone, usage, Asked::ClientAddress, call.line, &call.text));
}
