//! `--from-config`: the lists that configuration files name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::dnsbl::configured::{self, ConfiguredZone, Kind, Note, NoteKind};
use crate::dnsbl::{Keys, Registry, SubjectKind, Zone};
use crate::evidence::listing::Skipped;
use crate::verdict::listing::{ConfiguredFile, ConfiguredList};

use super::Wanted;
use super::zones::story;

/// What stands in the place of a key.
const PLACEHOLDER: &str = "{key}";

/// Reads all files; every one that cannot be read is named.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<ConfiguredFile>, Failure> {
    let (mut files, mut messages) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            format!(
                "cannot be read: {error}; name the configuration file of a mail server or filter"
            )
        });
        let read = bytes
            .and_then(|bytes| configured::read(&name, &bytes).map_err(|error| error.to_string()));
        match read {
            Err(message) => messages.push(format!("--from-config {name}: {message}")),
            Ok(configured) => {
                let list = |configured| ConfiguredList {
                    configured,
                    list: None,
                    known: false,
                    refuses_in_band: false,
                };
                let lists = configured.zones.into_iter().map(list).collect();
                let (dialect, notes) = (configured.dialect, configured.notes);
                files.push(ConfiguredFile { name, dialect, lists, notes });
            }
        }
    }
    match messages.is_empty() {
        true => Ok(files),
        false => Err(Failure { messages, exit: Exit::Usage }),
    }
}

/// The lists that the files name, each once. What is known of them is noted in the files; keys in their names are
/// taken for `keys`, and masked.
pub(super) fn choose(
    files: &mut [ConfiguredFile],
    registry: &Registry,
    keys: &mut Keys,
) -> Vec<Wanted> {
    let mut kinds: BTreeMap<String, Vec<SubjectKind>> = BTreeMap::new();
    for list in files.iter().flat_map(|file| &file.lists) {
        let known = kinds.entry(list.configured.zone.clone()).or_default();
        known.extend(kind_of(&list.configured).filter(|kind| !known.contains(kind)));
    }
    let mut chosen: Vec<Wanted> = Vec::new();
    for file in files {
        let ConfiguredFile { lists, notes, .. } = file;
        for list in lists {
            if let Some((zone, key)) = keyed(registry, &list.configured.zone) {
                hide(&key, list, notes);
                adopt(zone, &key, keys);
                take(list, zone, registry, None, &mut chosen);
                continue;
            }
            let name = list.configured.zone.clone();
            let kinds = kinds.get(&name).map(Vec::as_slice).unwrap_or_default();
            if let Some(zone) = registry.zone(&name) {
                take(list, &zone.clone(), registry, None, &mut chosen);
            } else if !kinds.is_empty() {
                let stone = registry.tombstone(&name);
                let terms = stone.map_or_else(|| "not stated".to_owned(), story);
                match Zone::undescribed(&name, kinds, &terms) {
                    Ok(zone) => {
                        let dead = stone.map(|_| Skipped::Dead);
                        take(list, &zone, registry, dead, &mut chosen);
                        list.known = stone.is_some();
                    }
                    Err(error) => notes.push(Note {
                        line: list.configured.line,
                        kind: NoteKind::NotFollowed,
                        text: list.configured.text.clone(),
                        message: format!("{name} cannot be asked: {error}"),
                    }),
                }
            }
        }
    }
    chosen
}

fn take(
    list: &mut ConfiguredList,
    zone: &Zone,
    registry: &Registry,
    skipped: Option<Skipped>,
    chosen: &mut Vec<Wanted>,
) {
    list.list = Some(zone.id.clone());
    list.known = registry.zone(&zone.id).is_some();
    list.refuses_in_band = list.known && registry.refuses_in_band(zone);
    if !chosen.iter().any(|(known, _)| known.id == zone.id) {
        chosen.push((zone.clone(), skipped));
    }
}

fn kind_of(configured: &ConfiguredZone) -> Option<SubjectKind> {
    match configured.kind {
        Kind::Address => Some(SubjectKind::Ipv4),
        Kind::Domain => Some(SubjectKind::Domain),
        Kind::Hash => None,
    }
}

/// The list that a name with a key in it belongs to, and the key.
fn keyed<'a>(registry: &'a Registry, name: &str) -> Option<(&'a Zone, String)> {
    registry.zones().find_map(|zone| {
        let (before, after) = zone.zone.split_once(PLACEHOLDER)?;
        let key = name.strip_prefix(before)?.strip_suffix(after)?;
        (!key.is_empty() && !key.contains('.')).then(|| (zone, key.to_owned()))
    })
}

/// The file's key serves where the user gave none.
fn adopt(zone: &Zone, key: &str, keys: &mut Keys) {
    let Some(name) = zone.key_name().filter(|_| keys.of(zone).is_none()) else { return };
    if let Ok(own) = Keys::read(&format!("{name} = \"{key}\""), "the configuration") {
        keys.overlay(own);
    }
}

fn hide(key: &str, list: &mut ConfiguredList, notes: &mut [Note]) {
    let configured = &mut list.configured;
    let filter = configured.filter.as_mut().map(|filter| &mut filter.text);
    let texts = [&mut configured.zone, &mut configured.text].into_iter().chain(filter);
    let texts = texts.chain(configured.unread_filter.as_mut()).chain(configured.rule.as_mut());
    let of_notes = notes.iter_mut().flat_map(|note| [&mut note.text, &mut note.message]);
    for text in texts.chain(of_notes) {
        *text = masked(text, key);
    }
}

/// The text without the key, in whatever case it stands there.
fn masked(text: &str, key: &str) -> String {
    let (lower, key) = (text.to_ascii_lowercase(), key.to_ascii_lowercase());
    let (mut out, mut end) = (String::new(), 0);
    for (at, _) in lower.match_indices(&key) {
        out.push_str(text.get(end..at).unwrap_or_default());
        out.push_str(PLACEHOLDER);
        end = at + key.len();
    }
    out.push_str(text.get(end..).unwrap_or_default());
    out
}
