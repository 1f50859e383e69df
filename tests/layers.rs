//! Imports point down the list of layers only, and judgement and reporting never see the network.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::fs;
use std::path::{Path, PathBuf};

/// A row of the table in the documentation of `src/lib.rs`.
#[derive(Clone, Debug)]
struct Room {
    name: String,
    layer: String,
    pure: bool,
    may_use: Vec<String>,
}

/// The table, with the names of layers replaced by their rooms.
fn rooms() -> Vec<Room> {
    let text = fs::read_to_string(source_root().join("lib.rs")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut rooms = Vec::new();
    let mut uses = Vec::new();
    for row in rows.skip(1) {
        let cells: Vec<_> = row.trim_end_matches(" |").split(" | ").collect();
        let [layer, names, _, may_use] = cells[..] else { panic!("four columns: {row}") };
        let (layer, pure) = match layer.split_once(", ") {
            Some((layer, "pure")) => (layer, true),
            _ => (layer, false),
        };
        for name in names.split(", ") {
            let name = name.trim_matches(['[', ']', '`']).to_owned();
            rooms.push(Room { name, layer: layer.into(), pure, may_use: Vec::new() });
            uses.push(may_use);
        }
    }
    let all = rooms.clone();
    for (at, (room, uses)) in rooms.iter_mut().zip(uses).enumerate() {
        for used in uses.split(", ").filter(|used| *used != "nothing") {
            // Above the row stands what may use it, and nothing that it may use.
            let below = || all[at + 1..].iter().chain(&all[..at]);
            let of_layer = |other: &&Room| used == "all" || other.layer == used;
            let named = |other: &&Room| used.trim_matches('`') == other.name;
            let found: Vec<_> = below().filter(|other| of_layer(other) || named(other)).collect();
            assert!(!found.is_empty(), "`{}`: there is no {used}", room.name);
            room.may_use.extend(found.into_iter().map(|other| other.name.clone()));
        }
    }
    assert!(rooms.len() > 12, "the table was read: {rooms:?}");
    rooms
}

/// The order of the table is the order of the rooms: nothing may use what stands above it. Rooms of one
/// row stand beside each other.
#[test]
fn the_table_points_down() {
    let rooms = rooms();
    for (at, room) in rooms.iter().enumerate().filter(|(_, room)| room.layer != "shell") {
        for used in &room.may_use {
            let stands = rooms.iter().position(|other| other.name == *used).unwrap();
            assert!(stands > at, "`{used}` stands above `{}`, which may use it", room.name);
        }
    }
    let text = fs::read_to_string(source_root().join("lib.rs")).unwrap();
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let mut modules: Vec<_> = modules.map(|name| name.trim_end_matches(';')).collect();
    let mut named: Vec<_> = rooms.iter().map(|room| room.name.as_str()).collect();
    modules.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, modules, "every room has its row");
}

/// What a pure room never names. `probe` reads the files of `--probes DIR` and nothing else, `dnsbl` none.
const IMPURE: &[&str] =
    &["tokio", "std::net::Tcp", "std::time::Instant", "SystemTime", "Timestamp::now", "fastrand"];

#[test]
fn imports_point_down() {
    let mut faults = Vec::new();
    let rooms = rooms();
    for file in sources() {
        let code = code_of(&file);
        let Some(room) = room_of(&file) else { continue };
        let Some(known) = rooms.iter().find(|known| known.name == room) else {
            faults.push(format!("{}: the room `{room}` is not in the table", file.display()));
            continue;
        };
        for used in crate_paths(&code) {
            if used != room && !known.may_use.contains(&used) {
                faults.push(format!("{}: `{room}` must not use `{used}`", file.display()));
            }
        }
        for word in IMPURE.iter().filter(|word| known.pure && code.contains(**word)) {
            faults.push(format!("{}: `{room}` is pure and names `{word}`", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_reader_of_edges_reads_them() {
    let code =
        "use crate::smtp::{Reply};\nuse crate::{net, dns::Mx};\nlet x = crate::engine::run();";
    assert_eq!(crate_paths(code), ["smtp", "net", "dns", "engine"]);
}

/// No file is so long that it is two.
#[test]
fn files_are_short() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|file| (code_of(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file but those of tests.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![source_root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") && name != "tests.rs" {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 20, "the sources were found");
    found
}

/// The file without its tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The top-level module that a file belongs to; none for `lib.rs` and `main.rs`.
fn room_of(file: &Path) -> Option<String> {
    let inner = file.strip_prefix(source_root()).unwrap();
    (inner.components().count() > 1)
        .then(|| inner.components().next().unwrap().as_os_str().to_string_lossy().into_owned())
}

/// The first segment behind every `crate::`, groups included.
fn crate_paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let group = rest.strip_prefix('{').map_or(rest, |inner| inner);
            let names = if rest.starts_with('{') { group.split(',').collect() } else { vec![rest] };
            for name in names {
                let name = name.trim();
                let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                found.push(name[..end.unwrap_or(name.len())].to_owned());
            }
        }
    }
    found
}
