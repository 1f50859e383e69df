//! The folder of a sweep as a reader of the published format has it: `mxaudit report` in every form, also while the
//! run goes on.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code)]
mod lab;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lab::{audited, settings};
use mxaudit::evidence::Evidence;
use mxaudit::practice::demo_fleet;
use serde_json::{Value, json};
use tempfile::TempDir;

const STARTED: &str = "2026-01-01T00:00:00Z";
const FINISHED: &str = "2026-01-01T00:10:00Z";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn mxaudit(args: &[&str], dir: &Path) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
    let output = command.args(args).arg(dir).env("NO_COLOR", "1").stdin(Stdio::null()).output();
    let output = output.unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn validator(schema: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schema").join(schema);
    let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// The practice servers whose names begin with these words.
async fn hosts<const N: usize>(names: [&str; N]) -> Vec<Evidence> {
    let mut all = Vec::new();
    for name in names {
        let fleet = demo_fleet();
        let server = fleet.into_iter().find(|server| server.behaviour.name.starts_with(name));
        all.push(audited(server.expect(name).behaviour, settings()).await.0);
    }
    all
}

fn index(finished: Option<&str>) -> Value {
    json!({
        "format": "mxaudit.sweep.v1",
        "started": STARTED,
        "resumed": [],
        "finished": finished,
        "interrupted": false,
        "versions": { "tool": "0.1.0", "probes": "00", "zones": 1 },
        "plan": {
            "targets": ["127.0.0.0/29"],
            "named": [],
            "ports": [25, 587],
            "jobs": 16,
            "order": "random",
            "seed": 7,
            "profile": "adaptive",
            "identity": settings().identity,
            "source": null,
            "outside_asserted": true,
            "skipped": [],
            "own_probes": [],
            "scope_file": "mxaudit.toml",
            "authority": [{
                "source": "scope-file",
                "file": "mxaudit.toml",
                "authorized_by": "J. Postmaster",
                "expires": "2026-03-01",
                "targets": ["127.0.0.0/29"],
            }],
            "not_probed": [],
        },
    })
}

fn write_index(dir: &Path, finished: Option<&str>) {
    fs::write(dir.join("run.json"), index(finished).to_string()).unwrap();
}

/// A folder with these hosts, in the order in which they ended.
fn folder(hosts: &[(u64, &Evidence)], finished: Option<&str>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("evidence")).unwrap();
    write_index(dir.path(), finished);
    fs::write(dir.path().join("evidence/hosts.jsonl"), "").unwrap();
    for (number, evidence) in hosts {
        add(dir.path(), *number, evidence);
    }
    dir
}

fn line(number: u64, evidence: &Evidence) -> String {
    let authority = json!({
        "source": "scope-file",
        "file": "mxaudit.toml",
        "authorized_by": "J. Postmaster",
        "expires": "2026-03-01",
    });
    let line = json!({ "number": number, "evidence": evidence, "authority": authority });
    format!("{line}\n")
}

fn append(dir: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(dir.join("evidence/hosts.jsonl")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn add(dir: &Path, number: u64, evidence: &Evidence) {
    append(dir, &line(number, evidence));
}

fn verdicts(out: &str) -> Vec<String> {
    let line = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let lines: Vec<_> = out.lines().map(line).collect();
    let verdict = |line: &Value| line["relay"]["verdict"].as_str().unwrap_or("end").to_owned();
    lines.iter().map(verdict).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_shows_the_hosts_in_the_order_of_their_addresses() {
    let hosts = hosts(["mx-open", "mx-closed", "mx-greylist"]).await;
    let dir = folder(&[(9, &hosts[0]), (2, &hosts[1]), (4, &hosts[2])], Some(FINISHED));
    let dir = dir.path();
    let lines = mxaudit(&["report", "--format", "jsonl"], dir);
    assert_eq!((lines.code, lines.err.as_str()), (Some(1), ""));
    let order = verdicts(&lines.out);
    assert_eq!(order[0], "closed");
    assert_eq!(order[2..], ["open", "end"]);
    let schema = validator("jsonl-v1.json");
    for line in lines.out.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&line), "{:?}", schema.validate(&line));
        assert_eq!((&line["run"]["started"], &line["run"]["seed"]), (&json!(STARTED), &json!(7)));
    }
    let last: Value = serde_json::from_str(lines.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["run"]["profile"], "adaptive");
    assert_eq!(last["run"]["finished"], FINISHED);
    assert_eq!(last["run"]["authority"][0]["targets"], json!(["127.0.0.0/29"]));
    assert_eq!((&last["summary"]["hosts"], &last["summary"]["worst"]), (&json!(3), &json!("F")));
    assert_eq!((&last["sweep"]["jobs"], &last["sweep"]["not_asked"]), (&json!(16), &json!(13)));
    assert_eq!(last["sweep"]["severities"]["critical"], 1);

    let whole = mxaudit(&["report", "--format", "json"], dir);
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    let schema = validator("v1.json");
    assert!(schema.is_valid(&whole), "{:?}", schema.validate(&whole));
    assert_eq!(whole["sweep"], last["sweep"]);
    for (host, line) in whole["hosts"].as_array().unwrap().iter().zip(lines.out.lines()) {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().retain(|field, _| field != "schema" && field != "run");
        assert_eq!(*host, line);
    }

    for (form, rows) in
        [("csv-hosts", 3), ("csv-findings", 1), ("csv-listings", 0), ("csv-matrix", 0)]
    {
        let table = mxaudit(&["report", "--format", form], dir).out;
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let ports: Vec<String> = reader.records().map(|row| row.unwrap()[2].to_owned()).collect();
        assert!(ports.len() >= rows && (rows > 0 || ports.is_empty()), "{form}: {table}");
        if form == "csv-hosts" {
            let want = [1, 2, 0].map(|at: usize| hosts[at].target.port().to_string());
            assert_eq!(ports, want);
        }
    }

    let suites = mxaudit(&["report", "--format", "junit"], dir).out;
    assert_eq!(suites.matches("<testsuite ").count(), 4, "{suites}");
    let page = mxaudit(&["report", "--format", "html"], dir).out;
    assert_eq!(page.matches("<details id=").count(), 3, "{page}");
    let metrics = mxaudit(&["report", "--format", "prometheus"], dir).out;
    assert!(metrics.contains("mxaudit_hosts{verdict=\"open\"} 1\n"), "{metrics}");
    let dark =
        format!("mxaudit_dark_ports{{reason=\"refused\"}} {}\n", last["sweep"]["dark"]["refused"]);
    assert!(metrics.contains(&dark), "{metrics}");
    let log = mxaudit(&["report", "--format", "sarif"], dir).out;
    let log: Value = serde_json::from_str(&log).unwrap();
    let not_asked = last["sweep"]["not_asked"].as_u64().unwrap();
    let unknown = last["summary"]["inconclusive"].as_u64().unwrap()
        + last["summary"]["unreachable"].as_u64().unwrap();
    let invocation = &log["runs"][0]["invocations"][0];
    let told = invocation["toolExecutionNotifications"].as_array().unwrap().len() as u64;
    let cut = u64::from(whole["run"]["interrupted"] == true);
    assert_eq!(told, unknown + u64::from(not_asked > 0) + cut, "{invocation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_what_is_not_plainly_closed_and_the_rest_in_numbers() {
    let hosts = hosts(["mx-open", "mx-closed", "mx-blocked"]).await;
    let all = [(1, &hosts[0]), (2, &hosts[1]), (3, &hosts[1]), (5, &hosts[2])];
    let dir = folder(&all, Some(FINISHED));
    let shown = mxaudit(&["report"], dir.path()).out;
    let label = |at: usize| format!("127.0.0.1:{}", hosts[at].target.port());
    assert!(shown.contains("error[open-relay]"), "{shown}");
    assert!(shown.contains(&format!("{}   F   open", label(0))), "{shown}");
    assert!(shown.contains(&format!("{}   N   inconclusive", label(2))), "{shown}");
    assert!(shown.contains("\n    why: "), "{shown}");
    assert!(!shown.contains(&label(1)), "a closed host is counted: {shown}");
    let end = shown.rsplit_once("\n\n4 hosts").unwrap().1;
    let want = ": 1 open, 2 closed, 1 inconclusive\n";
    assert!(end.starts_with(want), "{end}");
    assert!(end.contains("16 addresses and ports: 4 took a connection, 12 not asked\n"), "{end}");
    let authority = "authorized by J. Postmaster until 2026-03-01, scope file mxaudit.toml\n";
    assert!(end.ends_with(authority), "{end}");
    let quiet = mxaudit(&["report", "--quiet"], dir.path()).out;
    let letters: Vec<_> = quiet.lines().map(|line| line.split("   ").nth(1).unwrap()).collect();
    assert_eq!((letters.len(), letters[0], letters[3]), (4, "F", "N"));
    let critical = mxaudit(&["report", "--fail-on", "critical"], dir.path());
    assert_eq!(critical.code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_shown_while_it_goes_on() {
    let hosts = hosts(["mx-closed", "mx-open"]).await;
    let dir = folder(&[(3, &hosts[0])], None);
    let dir = dir.path();
    let whole = line(1, &hosts[1]);
    for written in [0, 1, whole.len() / 2, whole.len() - 1] {
        let before = fs::read(dir.join("evidence/hosts.jsonl")).unwrap();
        append(dir, &whole[..written]);
        let shown = mxaudit(&["report", "--format", "jsonl"], dir);
        assert_eq!(verdicts(&shown.out), ["closed", "end"], "{written}");
        assert!(shown.err.contains("this run has not ended"), "{}", shown.err);
        assert_eq!(shown.code, Some(3), "not all is known");
        let last: Value = serde_json::from_str(shown.out.lines().last().unwrap()).unwrap();
        assert_eq!(last["run"]["interrupted"], true);
        assert!(validator("jsonl-v1.json").is_valid(&last));
        let size = before.len() + written;
        assert_eq!(fs::read(dir.join("evidence/hosts.jsonl")).unwrap().len(), size, "only read");
        fs::write(dir.join("evidence/hosts.jsonl"), before).unwrap();
    }
    append(dir, &whole);
    let shown = mxaudit(&["report", "--format", "jsonl"], dir);
    assert_eq!(verdicts(&shown.out), ["open", "closed", "end"]);
    assert_eq!(shown.code, Some(1));
    write_index(dir, Some(FINISHED));
    let shown = mxaudit(&["report"], dir);
    assert_eq!(shown.err, "");
    assert!(!shown.out.contains("incomplete"), "{}", shown.out);
    let names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is added: {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_forms_are_written_at_once_and_only_when_they_are_whole() {
    let hosts = hosts(["mx-closed", "mx-open"]).await;
    let dir = folder(&[(3, &hosts[0]), (4, &hosts[1])], Some(FINISHED));
    let out = tempfile::tempdir().unwrap();
    let place = |name: &str| out.path().join(name).display().to_string();
    let (lines, table) = (place("hosts.jsonl"), place("hosts.csv"));
    let forms = [format!("jsonl={lines}"), format!("csv-hosts={table}")];
    let args = ["report", "--format", &forms[0], "--format", &forms[1]];
    let ran = mxaudit(&args, dir.path());
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    let good = (fs::read(&lines).unwrap(), fs::read(&table).unwrap());
    assert_eq!(good.0, mxaudit(&["report", "--format", "jsonl"], dir.path()).out.into_bytes());
    assert_eq!(good.1, mxaudit(&["report", "--format", "csv-hosts"], dir.path()).out.into_bytes());
    // A host whose answers stand nowhere is found only when it is judged.
    let mut lost = hosts[1].clone();
    lost.transcripts.clear();
    add(dir.path(), 9, &lost);
    let ran = mxaudit(&args, dir.path());
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("evidence/hosts.jsonl, line 3: an answer is said to"), "{}", ran.err);
    assert_eq!((fs::read(&lines).unwrap(), fs::read(&table).unwrap()), good, "the older ones stay");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2);
}

#[test]
fn each_folder_is_shown_by_its_own_command() {
    let sweep = folder(&[], Some(FINISHED));
    let commands: [&[&str]; 2] = [&["replay"], &["confirm", "--catcher", "/dev/null"]];
    for command in commands {
        let ran = mxaudit(command, sweep.path());
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        let pointer = format!("mxaudit report {}", sweep.path().display());
        assert!(ran.err.contains(&pointer), "{}", ran.err);
    }
    let check = tempfile::tempdir().unwrap();
    fs::write(check.path().join("run.json"), "{\"format\":\"mxaudit.evidence.v1\"}").unwrap();
    let ran = mxaudit(&["report"], check.path());
    assert!(ran.code == Some(2) && ran.err.contains("mxaudit replay"), "{}", ran.err);
    let nothing = tempfile::tempdir().unwrap();
    let ran = mxaudit(&["report"], nothing.path());
    assert!(ran.code == Some(2) && ran.err.contains("run.json: cannot be read"), "{}", ran.err);
    append(sweep.path(), "{\"number\":1,\"evidence\":\n");
    let ran = mxaudit(&["report"], sweep.path());
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("hosts.jsonl, line 1: is no host"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_never_takes_the_place_of_the_run() {
    let hosts = hosts(["mx-closed"]).await;
    let dir = folder(&[(2, &hosts[0])], Some(FINISHED));
    let dir = dir.path();
    fs::write(dir.join("hosts.jsonl"), "precious").unwrap();
    for name in ["hosts.jsonl", "run.json", "evidence/hosts.jsonl"] {
        let before = fs::read(dir.join(name)).unwrap();
        let file = dir.join(name).display().to_string();
        for flags in [["--output", &file], ["--format", &format!("jsonl={file}")]] {
            let ran = mxaudit(&[&["report"], &flags[..]].concat(), dir);
            assert_eq!(ran.code, Some(2), "{name}: {}", ran.err);
            assert!(ran.err.contains(name) && ran.err.contains("name another file"), "{}", ran.err);
            assert_eq!(fs::read(dir.join(name)).unwrap(), before, "{name}");
        }
    }
    let beside = dir.join("mine.jsonl").display().to_string();
    let ran = mxaudit(&["report", "--format", "jsonl", "--output", &beside], dir);
    assert!(ran.code != Some(2) && dir.join("mine.jsonl").exists(), "{}", ran.err);
    // The same before a sweep begins.
    let scope = dir.join("mxaudit.toml");
    fs::write(&scope, "[auditor]\ndomain = \"audit.test\"\n").unwrap();
    let scope = scope.display().to_string();
    let out = TempDir::new().unwrap();
    let file = format!("jsonl={}", out.path().join("hosts.jsonl").display());
    let words =
        ["sweep", "127.77.99.1", "--port", "9", "--config", &scope, "--format", &file, "--out"];
    let ran = mxaudit(&words, out.path());
    assert!(ran.code == Some(2) && ran.err.contains("name another file"), "{}", ran.err);
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "nothing is made");
}
