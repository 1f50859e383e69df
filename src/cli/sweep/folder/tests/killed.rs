//! Other processes: one that is killed, one that runs at the same time, and one on a full disk.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// Tells this program what to do as another process, and where.
const VARIABLE: &str = "MXAUDIT_TEST_RUN_FOLDER";

/// This program as another process, which does `work` in a folder.
fn other(work: &str, dir: &Path, before: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let name = module_path!().split_once("::").unwrap().1;
    let test = format!("{name}::as_another_process");
    let mut words = before.to_vec();
    words.extend([program, "--exact", &test, "--ignored", "--nocapture"]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env(VARIABLE, format!("{work}={}", dir.display()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
#[ignore = "the other processes of these tests"]
fn as_another_process() {
    let Ok(value) = std::env::var(VARIABLE) else { return };
    let (work, dir) = value.split_once('=').unwrap();
    let dir = Path::new(dir);
    match work {
        "endless" => {
            let mut folder = match dir.join(plan::RUN).exists() {
                true => resume(dir).folder,
                false => create(dir),
            };
            for number in 0..JOBS {
                if !is_done(&folder, number) {
                    write(&mut folder, number).unwrap();
                }
            }
        }
        "full" => on_a_full_disk(dir),
        other => panic!("{other}"),
    }
}

fn length(dir: &Path) -> u64 {
    fs::metadata(dir.join(REPORTS)).map(|file| file.len()).unwrap_or(0)
}

fn wait_for(dir: &Path, bytes: u64, child: &mut Child) {
    let end = Instant::now() + Duration::from_secs(60);
    while length(dir) < bytes {
        assert!(child.try_wait().unwrap().is_none(), "it is at work");
        assert!(Instant::now() < end, "it writes");
        std::thread::yield_now();
    }
}

#[test]
fn a_process_that_is_killed_leaves_whole_hosts_and_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut hosts = 0;
    for _ in 0..5 {
        let before = length(dir);
        let mut child = other("endless", dir, &[]).spawn().unwrap();
        wait_for(dir, before + 40_000, &mut child);
        let second = open(dir).unwrap_err();
        assert!(matches!(second, FolderError::Busy { .. }), "{second}");
        // A reader minds neither the lock nor the line that is being written.
        let mut reader = RunReader::open(dir).unwrap();
        assert!(reader.len() > hosts);
        assert!(reader.head().run().finished.is_none());
        let last = reader.host(reader.len() - 1).unwrap().unwrap();
        assert_eq!(last.number, u64::try_from(reader.len()).unwrap() - 1);
        child.kill().unwrap();
        child.wait().unwrap();
        let done = resume(dir).folder.done();
        let now = usize::try_from(done).unwrap();
        assert!(now >= reader.len() && now > hosts, "nothing that was written is lost");
        hosts = now;
        let (evidence, reports) = both(dir);
        assert_eq!(evidence.split_inclusive(|byte| *byte == b'\n').count(), now);
        assert_eq!(reports.split_inclusive(|byte| *byte == b'\n').count(), now);
    }
    let undisturbed = stopped(&(0..u64::try_from(hosts).unwrap()).collect::<Vec<_>>());
    assert_eq!(both(dir), both(undisturbed.path()), "as if it had never been killed");
}

/// Fills the disk, goes on after room was made, and loses nothing.
fn on_a_full_disk(disk: &Path) {
    let dir = &disk.join("run");
    let mut folder = create(dir);
    folder.dark(90_000, DialFault::Timeout);
    folder.checkpoint(STARTED).unwrap();
    let (mut number, error) = (0, loop_until_full(&mut folder));
    let FolderError::Write { path, dir: named, source } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
    assert!(path.ends_with("hosts.jsonl") && named == dir, "{error}");
    assert!(error.to_string().contains("--resume"), "{error}");
    while is_done(&folder, number) {
        number += 1;
    }
    assert!(number > 20);
    let hosts = usize::try_from(number).unwrap();
    let acknowledged = both(dir);
    for file in [&acknowledged.0, &acknowledged.1] {
        assert_eq!(file.last(), Some(&b'\n'), "what was written by half is taken back");
        assert_eq!(file.split_inclusive(|byte| *byte == b'\n').count(), hosts);
    }
    // The bitmaps that are there are kept when newer ones find no room.
    fill(disk);
    (0..20_000).for_each(|even| folder.dark(50_000 + even * 2, DialFault::Timeout));
    let error = folder.checkpoint(LATER).unwrap_err();
    assert!(matches!(&error, FolderError::Write { path, .. } if path.ends_with("timeout.roaring")));
    let error = folder.finish(LATER, true).unwrap_err();
    assert!(matches!(error, FolderError::Write { .. }), "{error}");
    // Going on needs room too, and changes nothing without it.
    let error = go_on(open(dir).unwrap()).unwrap_err();
    assert!(matches!(error, FolderError::Write { .. }), "{error}");
    assert_eq!(both(dir), acknowledged);
    let mounted = Command::new("mount").args(["-o", "remount,size=16m"]).arg(disk).status();
    assert!(mounted.unwrap().success());
    let Resumed { mut folder, dropped } = resume(dir);
    assert_eq!(dropped, [""; 0]);
    assert_eq!(folder.done(), number + 1, "the hosts, and the address that was dark");
    assert!(is_done(&folder, 90_000));
    (0..200).filter(|at| *at >= number).for_each(|at| write(&mut folder, at).unwrap());
    folder.finish(LATER, false).unwrap();
    let undisturbed = stopped(&(0..200).collect::<Vec<_>>());
    assert_eq!(both(dir), both(undisturbed.path()));
}

fn loop_until_full(folder: &mut RunFolder) -> FolderError {
    (0..JOBS).find_map(|number| write(folder, number).err()).unwrap()
}

/// Takes the room that is left.
fn fill(disk: &Path) {
    let mut file = File::create(disk.join("filler")).unwrap();
    let full = std::iter::repeat(()).find_map(|()| std::io::Write::write(&mut file, b"x").err());
    assert_eq!(full.unwrap().kind(), std::io::ErrorKind::StorageFull);
}

/// Why the trial on a full disk cannot be made here.
fn no_namespace() -> Option<String> {
    let made = Command::new("unshare")
        .args(["--mount", "--", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("unshare --mount: {status}; it needs root")),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    if let Some(why) = no_namespace() {
        let required = std::env::var("MXAUDIT_REQUIRE").unwrap_or_default();
        assert!(required != "all", "MXAUDIT_REQUIRE=all, but {why}");
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("skipped: {name}: {why}\n"),
        );
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let script =
        format!("mount -t tmpfs -o size=300k none {} && exec \"$0\" \"$@\"", disk.path().display());
    let namespace = ["unshare", "--mount", "--", "sh", "-c", &script];
    let ended = other("full", disk.path(), &namespace).output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}
