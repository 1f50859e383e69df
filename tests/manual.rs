//! Manual pages and shell completions, as the shell and `man` take them.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn mxaudit(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mxaudit")).args(args).output().unwrap()
}

#[test]
fn pages_are_printed_and_written() {
    let printed = mxaudit(&["man", "probes", "show"]);
    assert_eq!(printed.status.code(), Some(0));
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    let written = mxaudit(&["man", "--output", pages.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    assert_eq!(std::fs::read(pages.join("mxaudit-probes-show.1")).unwrap(), printed.stdout);
    assert!(std::fs::read_dir(&pages).unwrap().count() > 12);
    let file = pages.join("mxaudit.1");
    let below_a_file = mxaudit(&["man", "--output", file.join("x").to_str().unwrap()]);
    assert_eq!(below_a_file.status.code(), Some(2));
    let unknown = mxaudit(&["man", "relay"]);
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("`relay`") && said.contains("mxaudit probes show"), "{said}");
}

#[test]
fn bash_reads_its_script() {
    let script = mxaudit(&["completions", "bash"]).stdout;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(&script).unwrap();
    assert!(bash.wait().unwrap().success());
    assert_eq!(mxaudit(&["completions", "tcsh"]).status.code(), Some(2));
}
