//! Stored dialogues, judged again. Each folder below `tests/transcripts` holds the `.smtp` files of one
//! host, as `--evidence` writes them; the first one says what the judgement must be:
//! `; expect VERDICT PROOF CODE…`, with the codes of the accepted probes.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::fs;
use std::path::Path;

use mxaudit::evidence::record::{from_texts, to_texts};
use mxaudit::verdict::judge;

#[test]
fn stored_dialogues_are_judged_as_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 4);
    for folder in folders {
        let name = folder.display().to_string();
        let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        let files: Vec<_> = paths
            .iter()
            .map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()))
            .collect();
        let expect = files[0].1.lines().find_map(|line| line.strip_prefix("; expect "));
        let expect = expect.unwrap_or_else(|| panic!("{name}: no `; expect` in the first file"));
        let evidence = from_texts(&files).unwrap_or_else(|e| panic!("{e:#}")).unwrap();
        let verdict = judge(&evidence);
        let accepted =
            verdict.probes.iter().filter(|p| p.verdict.outcome.as_str() == "accepted-recipient");
        let mut got = vec![verdict.verdict.as_str().to_owned(), verdict.proof.as_str().to_owned()];
        got.extend(accepted.map(|probe| probe.code.clone()));
        let reasons: Vec<_> = verdict.reasons.iter().map(|reason| reason.code).collect();
        assert_eq!(got.join(" "), expect, "{name}: {reasons:?}");
        // What is written again is what was read, but for the line that says what to expect.
        for (text, (file, stored)) in to_texts(&evidence).unwrap().iter().zip(&files) {
            let dialogue = |text: &str| -> Vec<String> {
                text.lines().filter(|line| !line.starts_with(';')).map(str::to_owned).collect()
            };
            assert_eq!(dialogue(text), dialogue(stored), "{file}");
        }
    }
}
