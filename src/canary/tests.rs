use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::evidence::Handover;

const TOKEN: &str = "mxa1abcdefghijklmnopqrstuvwx";
const OTHER: &str = "mxa1234567abcdefghijklmnopqr";

fn line(token: &str) -> String {
    let handover = Handover { at: "2026-01-02T03:04:05Z".into(), ..Handover::default() };
    let arrival = Arrival::read(token.as_bytes(), handover).remove(0);
    serde_json::to_string(&arrival).unwrap() + "\n"
}

fn tokens(canary: &impl Canary) -> Vec<String> {
    canary.arrivals().unwrap().into_iter().map(|arrival| arrival.token).collect()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_store_is_read_as_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = CatcherFile::new(&path);
    assert!(matches!(store.arrivals(), Err(CanaryError::NoStore(_))));
    append(&path, &line(TOKEN));
    assert_eq!(tokens(&store), [TOKEN]);
    let whole = line(OTHER);
    let (first, rest) = whole.split_at(40);
    append(&path, first);
    assert_eq!(tokens(&store), [TOKEN], "a torn last line is ignored");
    append(&path, rest);
    assert_eq!(tokens(&store), [TOKEN, OTHER]);
    assert_eq!(tokens(&store), [TOKEN, OTHER]);
    fs::write(&path, line(OTHER)).unwrap();
    assert_eq!(tokens(&store), [OTHER], "a shorter file is another one");
}

#[test]
fn a_broken_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    append(&path, &format!("{}not json\n{}", line(TOKEN), line(OTHER)));
    let error = CatcherFile::new(&path).arrivals().unwrap_err().to_string();
    assert!(error.contains("store, line 2: "), "{error}");
    let store = CatcherFile::new(&path);
    assert!(store.arrivals().is_err());
    assert!(store.arrivals().is_err(), "it stays an error");
    fs::write(&path, vec![b'x'; 5 * 1024 * 1024]).unwrap();
    let error = CatcherFile::new(&path).arrivals().unwrap_err();
    assert!(matches!(error, CanaryError::LongLine { line: 1, .. }), "{error}");
}

#[test]
fn a_maildir_is_read_once_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let maildir = Maildir::new(root);
    assert!(matches!(maildir.arrivals(), Err(CanaryError::NoMaildir(_))));
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    assert!(tokens(&maildir).is_empty());
    let message = format!(
        "Return-Path: <>\nDelivered-To: u@audit.test\n\
         Received: from mx.target.test\n\tby mx.audit.test\nSubject: x\n\n{TOKEN}\n"
    );
    fs::write(root.join("new/1.a.host"), &message).unwrap();
    fs::write(root.join("cur/2.b.host:2,S"), OTHER).unwrap();
    fs::write(root.join("cur/3.c.host:2,S"), "no token").unwrap();
    fs::write(root.join("cur/.hidden"), TOKEN).unwrap();
    fs::write(root.join("tmp/4.d.host"), TOKEN).unwrap();
    fs::create_dir(root.join("new/folder")).unwrap();
    let arrivals = maildir.arrivals().unwrap();
    assert_eq!(arrivals.len(), 2);
    let first = arrivals.iter().find(|arrival| arrival.token == TOKEN).unwrap();
    assert!(first.bounce);
    assert_eq!(first.reverse_path, "");
    assert_eq!(first.forward_paths, ["u@audit.test"]);
    assert_eq!(first.received, ["from mx.target.test by mx.audit.test"]);
    assert_eq!((first.client, first.helo.as_deref()), (None, None));
    let at: jiff::Timestamp = first.at.parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(at).as_secs().abs() < 60);
    // Read and flagged by another program: the same message.
    fs::rename(root.join("new/1.a.host"), root.join("cur/1.a.host:2,S")).unwrap();
    assert_eq!(maildir.arrivals().unwrap(), arrivals);
    fs::remove_file(root.join("cur/1.a.host:2,S")).unwrap();
    assert_eq!(maildir.arrivals().unwrap(), arrivals, "what arrived has arrived");
}

#[test]
fn long_and_old_messages_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("new/1.a.host");
    fs::write(&path, TOKEN).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(33 * 1024 * 1024).unwrap();
    assert!(tokens(&Maildir::new(folder.path())).is_empty());
    file.set_len(28).unwrap();
    assert_eq!(tokens(&Maildir::new(folder.path())), [TOKEN]);
    let now = SystemTime::now();
    file.set_modified(now - Duration::from_secs(3600)).unwrap();
    assert!(tokens(&Maildir::new(folder.path()).since(now - Duration::from_secs(60))).is_empty());
}

#[cfg(unix)]
#[test]
fn links_in_a_maildir_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let aside = folder.path().join("aside");
    fs::write(&aside, TOKEN).unwrap();
    std::os::unix::fs::symlink(&aside, folder.path().join("new/1.a.host")).unwrap();
    assert!(tokens(&Maildir::new(folder.path())).is_empty());
}
