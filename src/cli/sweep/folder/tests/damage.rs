//! Files that were not written whole, and files that somebody changed.

use super::*;
use crate::cli::exit::Exit;

/// Where the last line of a file begins.
fn last_line(bytes: &[u8]) -> usize {
    let before = &bytes[..bytes.len() - 1];
    before.iter().rposition(|byte| *byte == b'\n').unwrap() + 1
}

fn recovered(dir: &Path) -> Result<Recovered, FolderError> {
    let run = RunKey { started: STARTED, seed: 7 };
    recover(run, JOBS, &dir.join(EVIDENCE), &dir.join(REPORTS))
}

#[test]
fn a_last_line_is_dropped_wherever_it_was_torn() {
    let dir = stopped(&[8, 3, 5]);
    let (evidence, reports) = both(dir.path());
    let (first, second) = (last_line(&evidence), last_line(&reports));
    let two: Vec<u64> = vec![3, 8];
    let ends = (u64::try_from(first).unwrap(), u64::try_from(second).unwrap());
    // The evidence is written first, so that its line is whole wherever the report has begun.
    let cuts = (first..=evidence.len()).map(|cut| (cut, second));
    let cuts = cuts.chain((second..reports.len()).map(|cut| (evidence.len(), cut)));
    for (cut, report_cut) in cuts {
        fs::write(dir.path().join(EVIDENCE), &evidence[..cut]).unwrap();
        fs::write(dir.path().join(REPORTS), &reports[..report_cut]).unwrap();
        let got = recovered(dir.path()).unwrap();
        assert_eq!(got.done.iter().collect::<Vec<_>>(), two, "{cut} {report_cut}");
        assert_eq!((got.evidence, got.reports), ends, "{cut} {report_cut}");
        assert_eq!(got.tally.summary.hosts, 2);
        let clean = cut == first && report_cut == second;
        assert_eq!(got.dropped.is_empty(), clean, "{cut} {report_cut}: {:?}", got.dropped);
    }
    // And what is asked again is what was lost.
    let torn = [
        (first, second),
        (first + 1, second),
        (evidence.len() - 1, second),
        (evidence.len(), second),
        (evidence.len(), second + 1),
        (evidence.len(), reports.len() - 1),
    ];
    for (cut, report_cut) in torn {
        fs::write(dir.path().join(EVIDENCE), &evidence[..cut]).unwrap();
        fs::write(dir.path().join(REPORTS), &reports[..report_cut]).unwrap();
        // Killed again before anything was asked.
        drop(resume(dir.path()));
        let Resumed { mut folder, dropped } = resume(dir.path());
        assert_eq!(dropped, [""; 0], "said once");
        assert!(!is_done(&folder, 5) && is_done(&folder, 3) && is_done(&folder, 8));
        write(&mut folder, 5).unwrap();
        assert_eq!(both(dir.path()), (evidence.clone(), reports.clone()), "{cut} {report_cut}");
    }
}

#[test]
fn after_a_loss_of_power_the_files_agree_again() {
    let whole = stopped(&[0, 1, 2, 3, 4, 5]);
    let (evidence, reports) = both(whole.path());
    let line_ends = |bytes: &[u8]| -> Vec<usize> {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
    };
    let (given, shown) = (line_ends(&evidence), line_ends(&reports));
    let dir_with = |evidence_hosts: usize, report_hosts: usize| {
        let dir = stopped(&[]);
        fs::write(dir.path().join(EVIDENCE), &evidence[..given[evidence_hosts]]).unwrap();
        fs::write(dir.path().join(REPORTS), &reports[..shown[report_hosts]]).unwrap();
        dir
    };
    for (evidence_hosts, report_hosts) in [(6, 5), (2, 3), (0, 1), (1, 0), (0, 0)] {
        let dir = dir_with(evidence_hosts, report_hosts);
        let Resumed { mut folder, dropped } = resume(dir.path());
        let kept = u64::try_from(evidence_hosts.min(report_hosts)).unwrap();
        assert_eq!(folder.done(), kept);
        assert_eq!(dropped.len(), usize::from(evidence_hosts != report_hosts), "{dropped:?}");
        (kept..6).for_each(|number| write(&mut folder, number).unwrap());
        assert_eq!(both(dir.path()), (evidence.clone(), reports.clone()));
    }
    // More than one host in one file alone is more than is dropped unasked.
    for (evidence_hosts, report_hosts) in [(6, 4), (2, 6), (0, 3), (6, 0)] {
        let dir = dir_with(evidence_hosts, report_hosts);
        let before = both(dir.path());
        let error = open(dir.path()).unwrap_err();
        let FolderError::Apart { path, line, count, other } = &error else { panic!("{error}") };
        let (long, short) = match evidence_hosts > report_hosts {
            true => (EVIDENCE, REPORTS),
            false => (REPORTS, EVIDENCE),
        };
        assert_eq!((path, other), (&dir.path().join(long), &dir.path().join(short)));
        let kept = u64::try_from(evidence_hosts.min(report_hosts)).unwrap();
        let most = u64::try_from(evidence_hosts.max(report_hosts)).unwrap();
        assert_eq!((*line, *count), (kept + 1, most - kept));
        assert!(error.to_string().contains("give back the whole file"), "{error}");
        assert_eq!(both(dir.path()), before);
        assert_eq!(crate::cli::exit::Failure::from(error).exit, Exit::Usage);
    }
    // Blocks that the disk never got.
    fs::write(whole.path().join(EVIDENCE), [&evidence[..given[5]], &[0; 700]].concat()).unwrap();
    assert_eq!(resume(whole.path()).folder.done(), 5);
}

/// A line that is changed, where it is, and what has to be named.
fn damaged(name: &str, change: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) -> (FolderError, TempDir) {
    let dir = stopped(&[8, 3, 5, 6]);
    let path = dir.path().join(name);
    let text = fs::read(&path).unwrap();
    let lines = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    fs::write(&path, change(lines).concat()).unwrap();
    let before = (both(dir.path()), bytes(dir.path(), plan::RUN));
    let error = open(dir.path()).unwrap_err();
    assert_eq!((both(dir.path()), bytes(dir.path(), plan::RUN)), before, "nothing is changed");
    (error, dir)
}

fn assert_names(error: &FolderError, name: &str, line: u64, problem: &str) {
    let FolderError::Line { path, line: at, problem: said } = error else { panic!("{error}") };
    assert!(path.ends_with(name), "{error}");
    assert_eq!(*at, line, "{error}");
    assert!(said.contains(problem), "{error}");
}

#[test]
fn a_line_that_is_damaged_in_the_middle_is_named_and_nothing_is_deleted() {
    for name in [EVIDENCE, REPORTS] {
        for line in 0..4 {
            let cut = |mut lines: Vec<Vec<u8>>| {
                let half = lines[line].len() / 2;
                lines[line].drain(half..half + 40);
                lines
            };
            let number = u64::try_from(line).unwrap() + 1;
            let (error, dir) = damaged(name, cut);
            assert_names(&error, name, number, "is no host");
            let read = RunReader::open(dir.path());
            if name == EVIDENCE {
                assert_names(&read.err().unwrap(), name, number, "is no host");
            } else {
                read.unwrap();
            }
        }
        // Behind the last host that both files have.
        let behind = |mut lines: Vec<Vec<u8>>| {
            lines.push(b"{\"number\":\n".to_vec());
            lines.push(b"{\"num".to_vec());
            lines
        };
        assert_names(&damaged(name, behind).0, name, 5, "is no host");
    }
}

#[test]
fn lines_that_are_another_hosts_or_another_runs_are_named() {
    let twice = |mut lines: Vec<Vec<u8>>| {
        lines[3] = lines[1].clone();
        lines
    };
    let taken_away = |mut lines: Vec<Vec<u8>>| {
        lines.remove(1);
        lines
    };
    let exchanged = |mut lines: Vec<Vec<u8>>| {
        lines.swap(1, 2);
        lines
    };
    let replaced = |from: &'static str, to: &'static str| {
        move |mut lines: Vec<Vec<u8>>| {
            let text = String::from_utf8(lines[2].clone()).unwrap();
            assert!(text.contains(from), "{text}");
            lines[2] = text.replace(from, to).into_bytes();
            lines
        }
    };
    let about = "is about 127.0.0.5 port 25, and the evidence of this line about 127.0.0.3 port 25";
    assert_names(&damaged(REPORTS, taken_away).0, REPORTS, 2, about);
    assert_names(&damaged(REPORTS, exchanged).0, REPORTS, 2, about);
    assert_names(&damaged(EVIDENCE, exchanged).0, REPORTS, 2, "is about 127.0.0.3 port 25");
    assert_names(&damaged(EVIDENCE, twice).0, REPORTS, 4, "is about 127.0.0.6");
    let another = replaced(STARTED, "2025-01-01T00:00:00Z");
    assert_names(&damaged(REPORTS, another).0, REPORTS, 3, "is of another run");
    assert_names(&damaged(REPORTS, replaced("\"seed\":7", "\"seed\":8")).0, REPORTS, 3, "another");
    let verdict = replaced("\"verdict\":\"inconclusive\"", "\"verdict\":\"fine\"");
    assert_names(&damaged(REPORTS, verdict).0, REPORTS, 3, "`fine` is no verdict");
    let number = replaced("{\"number\":5,", "{\"number\":8,");
    let (error, dir) = damaged(EVIDENCE, number);
    assert_names(&error, EVIDENCE, 3, "job 8 is there a second time");
    let read = RunReader::open(dir.path()).err().unwrap();
    assert_names(&read, EVIDENCE, 3, "job 8 is there a second time");
    let beyond = replaced("{\"number\":5,", "{\"number\":100000,");
    assert_names(&damaged(EVIDENCE, beyond).0, EVIDENCE, 3, "is not among the 100000");
}

#[test]
fn a_damaged_bitmap_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    (0..50).for_each(|number| folder.dark(number, DialFault::Timeout));
    folder.checkpoint(LATER).unwrap();
    drop(folder);
    let path = dir.path().join("dark/timeout.roaring");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(&error, FolderError::Bitmap { path: at, .. } if *at == path), "{error}");
    assert!(matches!(RunReader::open(dir.path()), Err(FolderError::Bitmap { .. })));
    fs::remove_file(&path).unwrap();
    assert_eq!(resume(dir.path()).folder.done(), 0, "as the message says");
}

#[test]
fn a_half_written_file_never_takes_the_place_of_a_whole_one() {
    let dir = stopped(&[1]);
    let path = dir.path().join(plan::RUN);
    let before = fs::read(&path).unwrap();
    // A folder stands where the part would be written.
    fs::create_dir(dir.path().join(".run.json.partial")).unwrap();
    assert!(replace(&path, b"new").is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    let error = go_on(open(dir.path()).unwrap()).unwrap_err();
    assert!(matches!(&error, FolderError::Write { path: at, .. } if *at == path), "{error}");
    let failure = crate::cli::exit::Failure::from(error);
    assert_eq!(failure.exit, Exit::Incomplete, "the run did not come to its end");
    let fault = FolderError::Job { number: 1, problem: "has ended before".into() };
    assert_eq!(crate::cli::exit::Failure::from(fault).exit, Exit::Internal);
}
