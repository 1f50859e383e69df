//! What the fuzzer has found worth keeping, tried again: `fuzz/corpus` holds a folder for each
//! property of `fuzz/properties.rs`.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "../fuzz/properties.rs"]
#[allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "so do these")]
mod properties;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// Each file keeps the property, and a corpus holds both what is understood and what is not.
fn holds(name: &str, property: fn(&[u8]) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut understood, mut refused) = (0, 0);
    for file in files {
        let bytes = fs::read(&file).unwrap();
        match catch_unwind(|| property(&bytes)) {
            Ok(true) => understood += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("{} breaks the property above", file.display()),
        }
    }
    assert!(understood > 0 && refused > 0, "{name}: {understood} understood, {refused} not");
}

#[test]
fn replies() {
    holds("reply", properties::reply);
}

#[test]
fn transcripts() {
    holds("transcript", properties::transcript);
}

#[test]
fn probes() {
    holds("probe", properties::probe);
}

#[test]
fn targets() {
    holds("target", properties::target);
}

#[test]
fn answers() {
    holds("answer", properties::answer);
}
