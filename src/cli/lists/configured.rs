//! `--from-config`: the lists that configuration files name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::input;
use crate::dnsbl::configured::{
    self, ConfiguredZone, Kind, Note, NoteKind, masked_before, masked_of,
};
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
        let limit = u64::try_from(configured::SIZE_LIMIT).unwrap_or(u64::MAX);
        let bytes = input::bytes(path, limit).map_err(|error| {
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
        hide(registry, file);
        let ConfiguredFile { lists, notes, .. } = file;
        for list in lists {
            if let Some((zone, key)) = keyed(registry, &list.configured) {
                list.configured.zone.clone_from(&zone.zone);
                adopt(zone, &key, keys);
                take(list, zone, registry, None, &mut chosen);
                continue;
            }
            let name = list.configured.zone.clone();
            if list.configured.key.is_some() {
                notes.push(Note {
                    line: list.configured.line,
                    kind: NoteKind::NotFollowed,
                    text: list.configured.text.clone(),
                    message: format!(
                        "{name} is not asked: the list is not known; a file for --zones can add it"
                    ),
                });
                continue;
            }
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
    list.known = registry.zones().any(|known| known.zone == zone.zone);
    list.refuses_in_band = list.known && registry.refuses_in_band(zone);
    if let Some((asked, _)) = chosen.iter().find(|(asked, _)| asked.zone == zone.zone) {
        list.list = Some(asked.id.clone());
        return;
    }
    let mut zone = zone.clone();
    // Different names can have the same words.
    let taken = |id: &str| {
        let mut zones = registry.zones().chain(chosen.iter().map(|(zone, _)| zone));
        zones.any(|other| other.id == id && other.zone != zone.zone)
    };
    let numbered = (2..).map(|number: u64| format!("{}-{number}", zone.id));
    let id = std::iter::once(zone.id.clone()).chain(numbered).find(|id| !taken(id));
    zone.id = id.unwrap_or_default();
    list.list = Some(zone.id.clone());
    chosen.push((zone, skipped));
}

fn kind_of(configured: &ConfiguredZone) -> Option<SubjectKind> {
    match configured.kind {
        Kind::Address => Some(SubjectKind::Ipv4),
        Kind::Domain => Some(SubjectKind::Domain),
        Kind::Hash => None,
    }
}

/// The list that a name with a key in it belongs to, and the key.
fn keyed<'a>(registry: &'a Registry, configured: &ConfiguredZone) -> Option<(&'a Zone, String)> {
    let name = &configured.zone;
    if let Some(key) = &configured.key {
        let zone = registry.zones().find(|zone| zone.zone == *name)?;
        return Some((zone, key.reveal().to_owned()));
    }
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

/// Masks a key in all that the file says, whichever list it belongs to.
fn hide(registry: &Registry, file: &mut ConfiguredFile) {
    let mut keys: Vec<String> = Vec::new();
    for list in &mut file.lists {
        let configured = &mut list.configured;
        if let Some((_, key)) = keyed(registry, configured) {
            keys.push(key);
        }
    }
    let suffixes = registry.zones().filter_map(|zone| Some(zone.zone.split_once(PLACEHOLDER)?.1));
    let suffixes: Vec<_> = suffixes.filter(|suffix| suffix.starts_with('.')).collect();
    let of_lists = file.lists.iter_mut().flat_map(|list| list.configured.texts());
    let of_notes = file.notes.iter_mut().flat_map(|note| [&mut note.text, &mut note.message]);
    keys.sort_unstable();
    keys.dedup();
    for text in of_lists.chain(of_notes) {
        let masked =
            suffixes.iter().fold(text.clone(), |text, suffix| masked_before(&text, suffix));
        *text = keys.iter().fold(masked, |text, key| masked_of(&text, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> (ConfiguredFile, Vec<String>, Keys) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.cf");
        std::fs::write(&path, text).unwrap();
        let mut files = read(&[path]).unwrap_or_default();
        let mut keys = Keys::default();
        let wanted = choose(&mut files, &Registry::embedded().unwrap(), &mut keys);
        let ids = wanted.into_iter().map(|(zone, _)| format!("{} {}", zone.id, zone.zone));
        (files.remove(0), ids.collect(), keys)
    }

    #[test]
    fn different_zones_have_different_ids() {
        let text = "smtpd_client_restrictions = reject_rbl_client bl.foo.bar.example.org, \
                    reject_rbl_client bl.foo-bar.example.org, reject_rbl_client spamhaus.zen, \
                    reject_rbl_client bl.foo.bar.example.org\n";
        let (file, ids, _) = chosen(text);
        let want = [
            "bl-foo-bar-example-org bl.foo.bar.example.org",
            "bl-foo-bar-example-org-2 bl.foo-bar.example.org",
            "spamhaus-zen-2 spamhaus.zen",
        ];
        assert_eq!(ids, want);
        assert!(file.lists.iter().all(|list| !list.known && list.list.is_some()));
    }

    #[test]
    fn a_key_serves_a_known_list_and_goes_to_no_other() {
        let text = "smtpd_client_restrictions = reject_rbl_client K3yOfMine.zen.dq.spamhaus.net, \
                    reject_rbl_client K3yOfMine.sbl.dq.spamhaus.net\n";
        let (file, ids, keys) = chosen(text);
        assert_eq!(ids, ["spamhaus-zen-dqs {key}.zen.dq.spamhaus.net"]);
        assert_eq!(keys.names().collect::<Vec<_>>(), ["spamhaus-dqs"]);
        assert!(file.notes.iter().any(|note| note.message.contains("is not asked")));
        assert!(!format!("{file:?}").to_ascii_lowercase().contains("k3y"), "{file:?}");
    }

    #[test]
    fn an_endless_file_is_refused() {
        let message = read(&[PathBuf::from("/dev/zero")]).unwrap_err().messages.join("\n");
        assert!(message.contains("/dev/zero") && message.contains("larger than"), "{message}");
    }
}
