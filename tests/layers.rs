//! Imports point down the list of layers only, and judgement and reporting never see the network.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::fs;
use std::path::{Path, PathBuf};

/// Every room, and the rooms that it may import from.
const ROOMS: &[(&str, &[&str])] = &[
    // L0 vocabulary
    ("smtp", &[]),
    ("target", &[]),
    ("finding", &[]),
    ("probe", &["smtp", "finding"]),
    ("dnsbl", &["finding"]),
    ("evidence", &["smtp", "target", "probe", "dnsbl"]),
    // L1 judgement
    ("verdict", &["smtp", "target", "finding", "probe", "dnsbl", "evidence"]),
    ("grade", &["smtp", "target", "finding", "probe", "dnsbl", "evidence", "verdict"]),
    // L2 wire
    ("dns", &["evidence"]),
    ("net", &["target", "evidence"]),
    ("session", &["smtp", "evidence", "net"]),
    ("canary", &["evidence"]),
    // L3 engine
    (
        "engine",
        &["smtp", "target", "probe", "dnsbl", "evidence", "verdict", "dns", "net", "session"],
    ),
    // L4 reporting
    ("report", &["smtp", "target", "finding", "probe", "dnsbl", "evidence", "verdict", "grade"]),
    // L5 shell
    ("practice", &[]),
    ("catcher", &["evidence"]),
    (
        "cli",
        &[
            "smtp", "target", "finding", "probe", "dnsbl", "evidence", "verdict", "grade", "dns",
            "net", "session", "canary", "engine", "report", "practice", "catcher",
        ],
    ),
];

/// Rooms without I/O, clock or chance.
const PURE: &[&str] =
    &["smtp", "target", "finding", "probe", "dnsbl", "evidence", "verdict", "grade", "report"];

/// What a pure room never names. `probe` reads the files of `--probes DIR` and nothing else, `dnsbl` none.
const IMPURE: &[&str] =
    &["tokio", "std::net::Tcp", "std::time::Instant", "SystemTime", "Timestamp::now", "fastrand"];

#[test]
fn imports_point_down() {
    let mut faults = Vec::new();
    for file in sources() {
        let code = code_of(&file);
        let Some(room) = room_of(&file) else { continue };
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            faults.push(format!("{}: the room `{room}` is not in the list", file.display()));
            continue;
        };
        for used in crate_paths(&code) {
            if used != room && !allowed.contains(&used.as_str()) {
                faults.push(format!("{}: `{room}` must not use `{used}`", file.display()));
            }
        }
        let pure = PURE.contains(&room.as_str());
        for word in IMPURE.iter().filter(|word| pure && code.contains(**word)) {
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
