//! What a folder keeps where nothing goes wrong, and what it refuses.

use super::*;
use crate::report::schema;

#[test]
fn what_was_written_is_there_when_the_run_is_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    for number in [5, 0, 99_999, 7] {
        assert!(!is_done(&folder, number));
        write(&mut folder, number).unwrap();
        assert!(is_done(&folder, number));
    }
    folder.dark(1, DialFault::Refused);
    folder.dark(2, DialFault::Timeout);
    folder.dark(3, DialFault::Unreachable);
    folder.dark(1, DialFault::Refused);
    for (number, fault) in [(4, DialFault::Local), (6, DialFault::OutOfScope)] {
        folder.dark(number, fault);
        assert!(!is_done(&folder, number), "{fault:?} is no fault of the address");
    }
    folder.error(8);
    let (tally, counts) = folder.counts();
    assert_eq!((tally.summary.hosts, tally.summary.open, tally.summary.closed), (4, 1, 2));
    assert_eq!((counts.dark.refused, counts.dark.timeout, counts.dark.unreachable), (1, 1, 1));
    assert_eq!((counts.jobs, counts.not_asked, counts.errors), (JOBS, JOBS - 7, 3));
    folder.checkpoint(LATER).unwrap();
    drop(folder);
    let Resumed { folder, dropped } = resume(dir.path());
    assert_eq!(dropped, [""; 0]);
    let done = (0..JOBS).filter(|number| is_done(&folder, *number)).collect::<Vec<_>>();
    assert_eq!(done, [0, 1, 2, 3, 5, 7, 99_999]);
    assert_eq!(folder.done(), 7);
    assert_eq!(folder.counts().0, tally);
    assert_eq!(folder.counts().1, SweepCounts { errors: 0, ..counts });
    assert_eq!(*folder.plan(), plan());
}

#[test]
fn a_line_of_a_host_is_written_when_the_call_returns() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    write(&mut folder, 3).unwrap();
    let Lines { evidence, report, .. } = lines(3);
    assert_eq!(both(dir.path()), (evidence, report), "while the folder is open");
}

#[test]
fn dark_addresses_reach_the_disk_at_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    folder.dark(10, DialFault::Timeout);
    folder.checkpoint(LATER).unwrap();
    folder.dark(11, DialFault::Timeout);
    drop(folder);
    let mut folder = resume(dir.path()).folder;
    assert!(is_done(&folder, 10) && !is_done(&folder, 11), "dialled again");
    write(&mut folder, 10).unwrap();
    assert_eq!(folder.counts().1.dark.timeout, 0, "it is dark no longer");
    assert_eq!(folder.done(), 1);
}

#[test]
fn the_end_is_written_and_a_run_that_ended_can_be_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    write(&mut folder, 1).unwrap();
    let now = RunFile::read(dir.path()).unwrap();
    assert_eq!((now.finished, now.interrupted), (None, false));
    folder.finish(LATER, true).unwrap();
    let ended = RunFile::read(dir.path()).unwrap();
    assert_eq!((ended.finished.as_deref(), ended.interrupted), (Some(LATER), true));
    let folder = resume(dir.path()).folder;
    let again = RunFile::read(dir.path()).unwrap();
    assert_eq!((again.finished, again.interrupted), (None, false));
    assert_eq!((again.started.as_str(), again.resumed), (STARTED, vec![LATER.to_owned()]));
    folder.finish(LATER, false).unwrap();
    assert!(!RunFile::read(dir.path()).unwrap().interrupted);
}

#[test]
fn a_run_that_is_only_looked_at_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    write(&mut folder, 1).unwrap();
    folder.finish(LATER, false).unwrap();
    let torn = [bytes(dir.path(), REPORTS).as_slice(), b"{\"num"].concat();
    fs::write(dir.path().join(REPORTS), &torn).unwrap();
    let before = bytes(dir.path(), plan::RUN);
    let stopped = open(dir.path()).unwrap();
    assert_eq!((stopped.done(), stopped.dropped().len()), (1, 1));
    assert!(
        matches!(open(dir.path()), Err(FolderError::Busy { .. })),
        "nobody else goes on with it"
    );
    // Something else speaks against going on.
    drop(stopped);
    assert_eq!(bytes(dir.path(), plan::RUN), before);
    assert_eq!(bytes(dir.path(), REPORTS), torn);
    // What lists have shown is looked at too, before it is added to.
    fs::write(dir.path().join(LISTS), "{}\n").unwrap();
    assert!(matches!(open(dir.path()), Err(FolderError::Proofs { line: 1, .. })));
    fs::remove_file(dir.path().join(LISTS)).unwrap();
    resume(dir.path());
    assert_ne!(bytes(dir.path(), plan::RUN), before);
    assert_ne!(bytes(dir.path(), REPORTS), torn);
}

#[test]
fn the_summary_holds_to_its_schema() {
    let dir = tempfile::tempdir().unwrap();
    let schema = jsonschema::validator_for(&schema::sweep_summary()).unwrap();
    let mut folder = create(dir.path());
    let summary =
        || -> serde_json::Value { serde_json::from_slice(&bytes(dir.path(), SUMMARY)).unwrap() };
    folder.checkpoint(LATER).unwrap();
    assert!(schema.is_valid(&summary()));
    assert!(summary()["summary"]["worst"].is_null() && summary()["finished"].is_null());
    write(&mut folder, 1).unwrap();
    write(&mut folder, 2).unwrap();
    folder.dark(3, DialFault::Unreachable);
    folder.finish(LATER, false).unwrap();
    let summary = summary();
    assert!(schema.is_valid(&summary), "{:?}", schema.validate(&summary));
    assert_eq!(summary["summary"]["open"], 1);
    assert_eq!(summary["sweep"]["dark"]["unreachable"], 1);
    assert_eq!(summary["sweep"]["not_asked"], JOBS - 3);
    assert_eq!(summary["finished"], LATER);
    let mut broken = summary.clone();
    broken["summary"]["worst"] = "E".into();
    assert!(!schema.is_valid(&broken));
}

#[test]
fn a_folder_holds_one_run() {
    let dir = stopped(&[1]);
    let before = both(dir.path());
    let taken = RunFolder::create(dir.path(), plan(), versions(), LATER).unwrap_err();
    assert!(matches!(taken, FolderError::Taken { .. }) && taken.to_string().contains("--resume"));
    assert_eq!(both(dir.path()), before);
    // Files of somebody else's that bear our names.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join(REPORTS), "precious\n").unwrap();
    let taken = RunFolder::create(other.path(), plan(), versions(), STARTED).unwrap_err();
    assert!(matches!(taken, FolderError::Taken { .. }), "{taken}");
    assert_eq!(bytes(other.path(), REPORTS), b"precious\n");
    // What a process left that was killed before it began.
    let begun = tempfile::tempdir().unwrap();
    fs::write(begun.path().join(REPORTS), "").unwrap();
    create(begun.path());
    let nowhere = begun.path().join(REPORTS).join("below");
    let error = RunFolder::create(&nowhere, plan(), versions(), STARTED).unwrap_err();
    assert!(matches!(&error, FolderError::Prepare { path, .. } if *path == nowhere), "{error}");
}

#[test]
fn two_runs_never_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = create(dir.path());
    let second = open(dir.path()).unwrap_err();
    assert!(matches!(second, FolderError::Busy { .. }), "{second}");
    drop(folder);
    let first = resume(dir.path());
    let second = open(dir.path()).unwrap_err();
    assert!(matches!(second, FolderError::Busy { .. }), "{second}");
    drop(first);
    resume(dir.path());
}

#[test]
fn a_host_is_never_written_twice_and_never_by_half() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    write(&mut folder, 4).unwrap();
    let before = both(dir.path());
    assert!(matches!(write(&mut folder, 4), Err(FolderError::Job { number: 4, .. })));
    let Lines { evidence, report, host } = lines(5);
    let counts = HostCounts::of(&host);
    let bad: [&[u8]; 4] = [b"", b"{}", b"{}\n{}\n", b"{\n}\n"];
    for bad in bad {
        for (evidence, report) in [(bad, &*report), (&*evidence, bad)] {
            let error = folder.host(5, evidence, report, &counts).unwrap_err();
            assert!(matches!(error, FolderError::Job { number: 5, .. }), "{error}");
        }
    }
    let strange = HostCounts { verdict: "safe", ..counts };
    assert!(folder.host(5, &evidence, &report, &strange).is_err());
    assert_eq!(both(dir.path()), before);
    assert!(!is_done(&folder, 5));
    folder.host(5, &evidence, &report, &counts).unwrap();
}

#[test]
fn only_what_the_run_was_begun_with_goes_on_with_it() {
    let dir = stopped(&[1]);
    let now = versions();
    let others = [
        (Versions { tool: "9.9.9".into(), ..now.clone() }, "mxaudit 9.9.9"),
        (Versions { probes: "0123456789abcdef".into(), ..now.clone() }, "the probes 0123456789ab"),
        (Versions { zones: now.zones + 1, ..now.clone() }, "of the lists"),
    ];
    for (versions, named) in others {
        let before = bytes(dir.path(), plan::RUN);
        let error = Stopped::open(dir.path(), &versions).unwrap_err();
        assert!(matches!(error, FolderError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert_eq!(bytes(dir.path(), plan::RUN), before);
    }
    resume(dir.path());
}

#[test]
fn a_run_goes_on_with_the_lists_that_it_was_begun_with() {
    let with = |lists: Option<&str>| Versions { lists: lists.map(str::to_owned), ..versions() };
    let dir = tempfile::tempdir().unwrap();
    RunFolder::create(dir.path(), plan(), with(Some("aaaaaaaaaaaaaaaa")), STARTED).unwrap();
    // Which they are is known later than that the folder holds a run.
    let stopped = open(dir.path()).unwrap();
    stopped.check(&with(Some("aaaaaaaaaaaaaaaa"))).unwrap();
    let error = stopped.check(&with(Some("bbbbbbbbbbbbbbbb"))).unwrap_err().to_string();
    for part in ["the choice aaaaaaaaaaaa of lists", "this is bbbbbbbbbbbb", "--skip-zone"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    drop(stopped);
    // A run that asks none has none to differ.
    let none = tempfile::tempdir().unwrap();
    RunFolder::create(none.path(), plan(), with(None), STARTED).unwrap();
    Stopped::open(none.path(), &with(Some("bbbbbbbbbbbbbbbb"))).unwrap();
}

#[test]
fn the_digest_of_the_probes_is_theirs_and_not_their_folders() {
    let registry = Registry::embedded().unwrap();
    let digest = |library: &Library| Versions::current(library, &registry).probes;
    let source =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/probes/relay/percent-host.toml"));
    let with = |folder: &str, source: &str| {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join(folder).join("relay/percent-host.toml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, source).unwrap();
        let mut library = Library::embedded().unwrap();
        library.overlay(Library::from_folder(&place.path().join(folder)).unwrap()).unwrap();
        digest(&library)
    };
    assert_eq!(digest(&LIBRARY), digest(&Library::embedded().unwrap()));
    assert_eq!(with("a", source), with("b", source));
    let other = source.replace("{canary.local}%", "{canary.local}%%");
    assert_ne!(other, source);
    assert_ne!(with("a", source), with("a", &other));
}

#[test]
fn what_is_no_run_is_told_what_it_is() {
    let table = [
        ("", "is not the index of a run"),
        ("{\"format\": 3}", "is not the index of a run"),
        ("{\"format\": \"mxaudit.sweep.v2\"}", "format `mxaudit.sweep.v2` is not"),
        ("{\"format\": \"mxaudit.evidence.v1\"}", "mxaudit replay"),
        ("{\"format\": \"mxaudit.sweep.v1\"}", "missing field"),
    ];
    for (index, said) in table {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(plan::RUN), index).unwrap();
        let errors = [open(dir.path()).err().unwrap(), RunReader::open(dir.path()).err().unwrap()];
        for error in errors {
            assert!(error.to_string().contains(said), "{index}: {error}");
            assert!(error.to_string().contains(plan::RUN), "{error}");
        }
        assert!(!dir.path().join(LOCK).exists(), "nothing is made in another's folder");
    }
    let empty = tempfile::tempdir().unwrap();
    let error = open(empty.path()).unwrap_err();
    assert!(error.to_string().contains("mxaudit sweep --out"), "{error}");
}
