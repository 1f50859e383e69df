//! `mxaudit diff`, end to end, on the sample report.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Exit code, standard output and standard error.
fn diff(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
    let command = command.current_dir(folder).env("NO_COLOR", "1");
    let ran = command.args(["diff", "old", "new"]).args(more).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/samples");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The hosts of the sample whose verdict is known, the open one first.
fn told() -> Value {
    let mut report: Value = serde_json::from_str(&sample("report.json")).unwrap();
    report["hosts"].as_array_mut().unwrap().truncate(2);
    report
}

fn compared(old: &Value, new: &Value, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), old.to_string()).unwrap();
    fs::write(folder.path().join("new"), new.to_string()).unwrap();
    diff(folder.path(), more)
}

#[test]
fn exit_codes_say_what_is_new_and_what_is_not_known() {
    let old = told();
    let (code, out, err) = compared(&old, &old, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("findings: 0 new, 0 fixed, 3 unchanged, 0 no longer testable"), "{out}");

    let mut silent = old.clone();
    silent["hosts"][0]["relay"]["verdict"] = json!("inconclusive");
    silent["hosts"][0]["findings"] = json!([]);
    let (code, out, _) = compared(&old, &silent, &[]);
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains("relay open -> inconclusive: no longer testable"), "{out}");
    let (code, ..) = compared(&silent, &old, &[]);
    assert_eq!(code, Some(1), "open now");

    let mut spoofed = old.clone();
    let findings = spoofed["hosts"][1]["findings"].as_array_mut().unwrap();
    findings.retain(|finding| finding["id"] != "own-domain-spoofing");
    let (code, ..) = compared(&spoofed, &old, &[]);
    assert_eq!(code, Some(0), "below the threshold");
    let (code, out, _) = compared(&spoofed, &old, &["--fail-on", "info", "--format", "json"]);
    assert_eq!(code, Some(1), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["schema"], "mxaudit.diff.v1");
    assert_eq!(report["hosts"][1]["findings"][0]["standing"], "new");

    let mut cut = old.clone();
    cut["run"]["interrupted"] = json!(true);
    assert_eq!(compared(&old, &cut, &[]).0, Some(3), "not all was asked");
}

#[test]
fn a_page_for_a_browser() {
    let old = told();
    let mut closed = old.clone();
    closed["hosts"][0]["relay"]["verdict"] = json!("inconclusive");
    let (code, out, _) = compared(&old, &closed, &["--format", "html"]);
    assert_eq!(code, Some(3), "{out}");
    assert!(out.starts_with("<!doctype html>") && out.contains("no longer testable"), "{out}");
}

#[test]
fn lines_are_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), sample("report.json")).unwrap();
    fs::write(folder.path().join("new"), sample("report.jsonl")).unwrap();
    let (code, out, err) = diff(folder.path(), &[]);
    assert_eq!((code, err.as_str()), (Some(3), ""), "two verdicts are unknown in both: {out}");
    assert!(out.contains("findings: 0 new, 0 fixed, 3 unchanged, 0 no longer testable"), "{out}");
    assert!(out.contains("inconclusive -> inconclusive: still untestable"), "{out}");
}

#[test]
fn what_is_no_report_is_refused() {
    let old = told();
    let mut other = old.clone();
    other["schema"] = json!("mxaudit.report.v9");
    let lists: Value = serde_json::from_str(&sample("lists.json")).unwrap();
    for (new, want) in [
        (other, "\"mxaudit.report.v9\" is not one that can be compared"),
        (lists, "\"mxaudit.lists.v1\" is not one that can be compared"),
        (json!({}), "no field `schema`"),
        (json!([1]), "no whole report of mxaudit"),
    ] {
        let (code, out, err) = compared(&old, &new, &[]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(want) && err.starts_with("mxaudit: new: "), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old"), old.to_string()).unwrap();
    let (code, _, err) = diff(folder.path(), &[]);
    assert!(code == Some(2) && err.contains("new: cannot be read"), "{err}");
    fs::write(folder.path().join("new"), "").unwrap();
    let (code, _, err) = diff(folder.path(), &[]);
    assert!(code == Some(2) && err.contains("it is empty"), "{err}");
    let half = sample("report.jsonl");
    fs::write(folder.path().join("new"), &half[..half.len() - 40]).unwrap();
    let (code, _, err) = diff(folder.path(), &[]);
    assert!(code == Some(2) && err.contains("no whole report"), "{err}");
}
