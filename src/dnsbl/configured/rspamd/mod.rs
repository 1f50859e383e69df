//! rspamd: the objects of the module `rbl`.

mod rbl;
mod ucl;

use super::NoteKind;
use super::reading::{Reading, mentions_lists};
use ucl::{Object, Value};

/// How deep objects are searched.
const DEPTH_LIMIT: usize = 16;

/// Reads an `rbl.conf`, whole or as `local.d` and `override.d` have it.
pub(super) fn read(text: &str, reading: &mut Reading) {
    let document = ucl::parse(text, reading);
    walk(&document, &rbl::Defaults::default(), false, 0, reading);
}

/// Searches for lists: the members of `rbls`, and any other object that names one.
fn walk(
    object: &Object,
    defaults: &rbl::Defaults,
    within: bool,
    depth: usize,
    reading: &mut Reading,
) {
    let inherited = defaults.within(object);
    for member in &object.members {
        let key = member.key.to_ascii_lowercase();
        match &member.value {
            Value::Object(inner) if inner.get("rbl").and_then(Value::text).is_some() => {
                rbl::read(&member.key, member.line, inner, &inherited, reading);
            }
            Value::Object(inner) if within => {
                changed(&member.key, member.line, inner, reading);
            }
            Value::Object(inner) if depth < DEPTH_LIMIT => {
                walk(inner, &inherited, key == "rbls", depth + 1, reading);
            }
            Value::Object(_) => {
                let message = "it is nested too deeply to be read";
                reading.not_followed(member.line, &member.key, message);
            }
            // The module `surbl` of rspamd before 2.0, and the module `emails`.
            Value::Text(zone) if ["suffix", "dnsbl"].contains(&key.as_str()) => {
                let message =
                    format!("`{} = {zone}` may name a list; only `rbl` is read", member.key);
                reading.not_followed(member.line, zone, message);
            }
            Value::List(list) if mentions_lists(&member.key) => {
                let message = format!("`{}` is a list of {} and not read", member.key, list.len());
                reading.not_followed(member.line, &member.key, message);
            }
            _ => {}
        }
    }
}

/// A member of `rbls` without a zone of its own changes one that another file defines.
fn changed(name: &str, line: usize, object: &Object, reading: &mut Reading) {
    if rbl::is_disabled(object) {
        let message = format!("`{name}` of another file is turned off here");
        reading.note(NoteKind::Disabled, line, name, message);
    } else {
        let message = format!("`{name}` changes a list that another file names; give that too");
        reading.not_followed(line, name, message);
    }
}
