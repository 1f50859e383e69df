//! The binary, end to end, against practice servers on loopback.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/dns_server.rs"]
#[allow(dead_code)]
mod dns_server;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use dns_server::DnsServer;
use mxaudit::practice::{
    Behaviour, Delivery, LOCAL_DOMAIN, PracticeServer, RelayPolicy, Temporary, Wording,
};
use serde_json::Value;

/// The binary in a folder of its own, so that no configuration is found by accident.
fn mxaudit(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
    command.current_dir(folder).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// The report, which must be what the schema says in every test.
    fn json(&self) -> Value {
        let report = serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err));
        holds_to_schema(&report);
        report
    }
}

fn holds_to_schema(report: &Value) {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schema/v1.json");
        let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    let faults: Vec<_> = SCHEMA.iter_errors(report).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

fn run(args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), args)
}

fn run_in(folder: &Path, args: &[&str]) -> Ran {
    mxaudit(folder).args(args).output().unwrap().into()
}

async fn start(behaviour: Behaviour) -> PracticeServer {
    PracticeServer::start(behaviour, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap()
}

/// `check` with a full identity, on one practice server.
fn check_args(server: &PracticeServer) -> Vec<String> {
    let port = server.address().port().to_string();
    [
        "check",
        "127.0.0.1",
        "--port",
        &port,
        "--vantage",
        "outside",
        "--auditor-domain",
        "audit.test",
    ]
    .into_iter()
    .chain(["--local-domain", LOCAL_DOMAIN])
    .map(str::to_owned)
    .collect()
}

fn check(server: &PracticeServer, more: &[&str]) -> Ran {
    let args = check_args(server);
    let args: Vec<_> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    run(&args)
}

#[test]
fn the_demo_is_as_expected() {
    let start = Instant::now();
    let ran = run(&["demo", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(start.elapsed() < Duration::from_secs(20), "a hang is no demonstration");
    let report = ran.json();
    let verdicts: Vec<_> = report["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| {
            (host["relay"]["verdict"].as_str().unwrap(), host["relay"]["proof"].as_str().unwrap())
        })
        .collect();
    let want = [
        ("closed", "none"),
        ("open", "suspected"),
        ("open", "suspected"),
        ("open", "suspected"),
        ("open", "suspected"),
        ("inconclusive", "none"),
        ("closed", "none"),
        ("open", "suspected"),
        ("inconclusive", "none"),
    ];
    assert_eq!(verdicts, want);
}

#[test]
fn the_demo_prints_its_table() {
    let ran = run(&["demo"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.contains("9 of 9 as expected"), "{}", ran.out);
    assert!(ran.out.contains("error[open-relay]"), "{}", ran.out);
    assert!(ran.out.contains("--greylist-wait"), "the remedy is named\n{}", ran.out);
    assert!(ran.out.contains("S10 relay-sender-local-domain") || ran.out.contains("S06"));
    assert!(!ran.out.contains('\u{1b}'), "no colour in a pipe");
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_and_fixed_names() {
    let open = Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() };
    let grey = Temporary::Always { reply: "451 4.7.1 try later".into() };
    let grey = Behaviour { temporary: Some(grey), ..Behaviour::closed() };
    for (behaviour, verdict, proof, code) in [
        (Behaviour::closed(), "closed", "none", 0),
        (open, "open", "suspected", 1),
        (grey, "inconclusive", "none", 3),
    ] {
        let server = start(behaviour).await;
        let ran = check(&server, &["--format", "json"]);
        assert_eq!(ran.code, Some(code), "{verdict}: {}", ran.err);
        let report = ran.json();
        let host = &report["hosts"][0];
        assert_eq!(host["target"]["address"], "127.0.0.1");
        assert_eq!(host["target"]["port"], server.address().port());
        assert_eq!(
            (&host["relay"]["verdict"], &host["relay"]["proof"]),
            (&verdict.into(), &proof.into())
        );
        assert!(!host["relay"]["reasons"].as_array().unwrap().is_empty());
        for probe in host["probes"].as_array().unwrap() {
            assert!(probe["id"].is_string() && probe["outcome"].is_string(), "{probe}");
        }
        let findings = host["findings"].as_array().unwrap();
        assert_eq!(findings.iter().any(|finding| finding["id"] == "open-relay"), verdict == "open");
        for finding in findings {
            assert!(
                finding["severity"].is_string() && finding["confidence"].is_string(),
                "{finding}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_threshold_is_the_users() {
    let server = start(Behaviour { delivery: Delivery::BareLf, ..Behaviour::closed() }).await;
    assert_eq!(check(&server, &[]).code, Some(0), "a low finding is below the default threshold");
    assert_eq!(check(&server, &["--fail-on", "low"]).code, Some(1));
    // Findings outrank what is missing.
    let open = start(Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() }).await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    assert_eq!(check(&open, &["--port", &dead]).code, Some(1));
    assert_eq!(check(&server, &["--port", &dead]).code, Some(3));
}

/// What --timings says is what the server counted, and the report is the same without it.
#[tokio::test(flavor = "multi_thread")]
async fn timings_are_what_the_server_counts() {
    for (profile, most) in [("quick", (4, 24)), ("standard", (12, 80))] {
        let server = start(Behaviour::closed()).await;
        let ran = check(&server, &["--profile", profile, "--timings", "--format", "json"]);
        ran.json();
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let seen = server.counters();
        let trips = seen.connections + seen.answers;
        assert!(seen.connections <= most.0 && trips <= most.1, "{profile}: {seen:?}");
        let at = server.address();
        let all = format!(
            "mxaudit: timings {at}: {} connections, {trips} round trips, ",
            seen.connections
        );
        let lines: Vec<_> = ran.err.lines().filter(|line| line.contains("timings")).collect();
        assert!(lines[0].starts_with(&all) && lines[0].ends_with(" s"), "{all}\n{}", ran.err);
        let each = lines[1..].iter().enumerate().map(|(index, line)| {
            let begins = format!("mxaudit: timings {at}: connection {}: ", index + 1);
            let rest = line.strip_prefix(&begins).unwrap_or_else(|| panic!("{line}"));
            rest.split(' ').next().unwrap().parse::<u64>().unwrap()
        });
        assert_eq!(each.collect::<Vec<_>>().iter().sum::<u64>(), trips, "{}", ran.err);
        assert_eq!(lines.len() as u64, 1 + seen.connections);
    }
    let server = start(Behaviour::closed()).await;
    assert!(!check(&server, &["--profile", "quick"]).err.contains("timings"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_report_shows_the_dialogue_and_the_fix() {
    let server = start(Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() }).await;
    let ran = check(&server, &["--canary", "canary@canary.test"]);
    assert_eq!(ran.code, Some(1));
    for text in [
        "error[open-relay]",
        "C: MAIL FROM:<postmaster@",
        "C: RCPT TO:<canary+",
        "S: 250 2.1.5 Ok",
        "again on a fresh connection",
        "fix: Postfix",
        "swaks --server 127.0.0.1",
        "mxaudit explain open-relay",
        "not sent past RCPT",
    ] {
        assert!(ran.out.contains(text), "{text}\n{}", ran.out);
    }
    let quiet = check(&server, &["--quiet"]);
    assert!(quiet.out.contains("open") && !quiet.out.contains("C: MAIL"), "{}", quiet.out);
}

/// Mistakes are one line that says what, where and how to mend it; the exit code is 2.
#[test]
fn mistakes_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("broken.toml", "[auditor]\ndomain = \"audit.test\"\nratee = 1\n");
    write(
        "local.toml",
        "[local]\ndomains = [\"practice.test\"]\n[auditor]\ncanary = \"x@mail.practice.test\"\n",
    );
    write("scope.toml", "[[scope]]\nnetworks = [\"10.9.9.0/30\"]\n");
    let cases: &[(&[&str], &[&str])] = &[
        (&["check", "127.0.0.1", "--port", "99999"], &["99999", "--port"]),
        (&["check", "127.0.0.1", "--port", "0"], &["--port"]),
        (&["check", "127.0.0.1", "--prot", "25"], &["--prot"]),
        (&["check"], &["TARGET"]),
        (&["check", "192.0.2.1"], &["192.0.2.1", "--authorized"]),
        (
            &["check", "192.0.2.1", "--config", "scope.toml"],
            &["192.0.2.1", "scope.toml", "networks"],
        ),
        (&["check", "127.0.0.1", "--config", "broken.toml"], &["broken.toml:3:1", "ratee"]),
        (&["check", "127.0.0.1", "--config", "local.toml"], &["local.toml:4:", "practice.test"]),
        (&["check", "127.0.0.1", "--config", "missing.toml"], &["missing.toml", "mxaudit init"]),
        (
            &[
                "check",
                "127.0.0.1",
                "--local-domain",
                "practice.test",
                "--canary",
                "x@mail.practice.test",
            ],
            &["mail.practice.test", "inside the local domain practice.test"],
        ),
        (&["check", "127.0.0.1", "--canary", "nobody"], &["--canary", "nobody"]),
        (
            &["check", "127.0.0.1", "--output", "no/such/folder/report.json"],
            &["no/such/folder/report.json"],
        ),
        (&["check", "127.0.0.1", "--output", "."], &["--output"]),
        (&["check", "127.0.0.1", "--format", "json=no/such/r.json"], &["--format no/such/r.json"]),
        (&["check", "127.0.0.1", "--format", "json=r", "--format", "jsonl=r"], &["two reports"]),
        (
            &["check", "127.0.0.1", "--source", "203.0.113.9"],
            &["--source 203.0.113.9", "this machine"],
        ),
        (&["check", "192.0.2.0/24"], &["192.0.2.0/24"]),
        (&["check", "jane@example.test"], &["jane@example.test", "example.test"]),
        (&["check", "300.1.1.1"], &["300.1.1.1"]),
        (&["check", "127.0.0.1", "--resolver", "nonsense"], &["--resolver"]),
        (&["probes", "show", "Z99"], &["Z99", "probes list"]),
        (&["probes", "validate", "nowhere"], &["nowhere"]),
        (&["explain", "nothing"], &["nothing", "mxaudit explain"]),
    ];
    for (args, words) in cases {
        let ran = run_in(folder.path(), args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.err.trim_end().lines().count(), 1, "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{args:?}");
        for word in *words {
            assert!(ran.err.contains(word), "{args:?} lacks {word:?}: {}", ran.err);
        }
    }
}

#[test]
fn a_broken_probe_is_named_with_file_line_and_caret() {
    let folder = tempfile::tempdir().unwrap();
    let probes = Path::new(env!("CARGO_MANIFEST_DIR")).join("probes/relay");
    std::fs::create_dir(folder.path().join("relay")).unwrap();
    let source = std::fs::read_to_string(probes.join("bang.toml")).unwrap();
    let good = folder.path().join("relay/bang.toml");
    std::fs::write(&good, &source).unwrap();
    let ran = run_in(folder.path(), &["probes", "validate", "."]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for (from, to, words) in [
        ("{canary.local}", "{canary.lokal}", "unknown placeholder"),
        ("axis       = \"recipient\"", "axis       = \"receiver\"", "receiver"),
        ("code       = ", "kode       = ", "kode"),
        ("outcome = \"deferred\"", "outcome = \"refused\"", "| outcome = \"refused\""),
    ] {
        let broken = source.replacen(from, to, 1);
        assert_ne!(broken, source, "{from} is in the file");
        std::fs::write(&good, broken).unwrap();
        let ran = run_in(folder.path(), &["probes", "validate", "."]);
        assert_eq!(ran.code, Some(2), "{to}");
        assert!(ran.err.contains("bang.toml") && ran.err.contains(words), "{to}: {}", ran.err);
    }
}

#[test]
fn the_library_shows_itself() {
    let list = run(&["probes", "list"]);
    let count = mxaudit::probe::Library::embedded().unwrap().len();
    assert!(list.out.contains(&format!("{count} probes")), "{}", list.out);
    let show = run(&["probes", "show", "r01"]);
    assert!(
        show.out.contains("relay-percent-host") && show.out.contains("Postfix"),
        "{}",
        show.out
    );
    let valid = run(&["probes", "validate"]);
    assert_eq!(valid.code, Some(0), "{}", valid.err);
    for id in [
        "open-relay",
        "H01",
        "local-control",
        "no-local-domain",
        "auth-failed",
        "lists-world",
        "listed-major",
        "pop-no-tls",
    ] {
        assert_eq!(run(&["explain", id]).code, Some(0), "{id}");
    }
    assert!(run(&["explain"]).out.contains("open-relay"));
}

#[test]
fn init_writes_a_file_that_works_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run_in(folder.path(), &["init"]).code, Some(0));
    // The file is found by its name and permits nothing yet.
    let ran = run_in(folder.path(), &["check", "192.0.2.1"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    let again = run_in(folder.path(), &["init"]);
    assert!(again.code == Some(2) && again.err.contains("mxaudit.toml exists"), "{}", again.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_file_is_whole_or_the_old_one() {
    let server = start(Behaviour::closed()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    std::fs::write(&path, "old").unwrap();
    let shown = path.display().to_string();
    let ran = check(&server, &["--format", "json", "--output", &shown]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(report["hosts"][0]["relay"]["verdict"], "closed");
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["report.json"], "nothing is left behind");
    // A run that fails leaves the old report alone.
    std::fs::write(&path, "old").unwrap();
    assert_eq!(run(&["check", "no good", "--output", &shown]).code, Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
}

/// Names go through a real resolver; mail hosts of others are listed and left alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_domain_is_resolved_and_others_hosts_are_left_alone() {
    let server = start(Behaviour::closed()).await;
    let zone = format!(
        "{LOCAL_DOMAIN} MX 10 mx1.{LOCAL_DOMAIN}\n{LOCAL_DOMAIN} MX 20 mail.provider.test\n\
         mx1.{LOCAL_DOMAIN} A 127.0.0.1\nmail.provider.test A 192.0.2.99\n\
         null.test MX 0 .\nbroken.test MX SERVFAIL\nclient.test MX 10 mx1.{LOCAL_DOMAIN}\n"
    );
    let dns = DnsServer::with_zone(&zone).await;
    let (resolver, port) = (dns.address().to_string(), server.address().port().to_string());
    let check = |name: &str, more: &[&str]| {
        let args =
            ["check", name, "--resolver", &resolver, "--port", &port, "--vantage", "outside"];
        let identity = ["--auditor-domain", "audit.test", "--format", "json"];
        run(&args.iter().chain(&identity).chain(more).copied().collect::<Vec<_>>())
    };
    let ran = check(LOCAL_DOMAIN, &["--authorized"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["hosts"].as_array().unwrap().len(), 1);
    assert_eq!(report["hosts"][0]["target"]["name"], format!("mx1.{LOCAL_DOMAIN}"));
    assert_eq!(report["not_probed"][0]["host"], "mail.provider.test");
    // The mail domain is known, so the forms that need it ran.
    let s10 = report["hosts"][0]["probes"].as_array().unwrap().iter().find(|p| p["code"] == "S10");
    assert_eq!(s10.unwrap()["outcome"], "refused");
    for (name, word) in
        [("nowhere.test", "nowhere.test"), ("null.test", "null MX"), ("broken.test", "broken.test")]
    {
        let ran = check(name, &["--authorized"]);
        assert_eq!(ran.code, Some(2), "{name}");
        assert!(ran.err.contains(word) && ran.err.trim_end().lines().count() == 1, "{}", ran.err);
    }
    let hosted = check(LOCAL_DOMAIN, &["--authorized", "--canary", "x@client.test"]);
    assert!(hosted.code == Some(2) && hosted.err.contains("by right"), "{}", hosted.err);
    let own = check(LOCAL_DOMAIN, &["--authorized", "--canary", &format!("x@{LOCAL_DOMAIN}")]);
    assert_eq!(own.code, Some(2), "a canary inside the target's own domain\n{}", own.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_do_no_harm() {
    let hostile =
        b"220 mx.practice.test \x1b[31mred\x1b[0m \x07 \xff\xfe \xe2\x80\xae evil <script> =1+1"
            .to_vec();
    let wording = "550 5.7.1 \u{1b}]0;owned\u{7} Relaying denied \u{202e}drawkcab".to_owned();
    let behaviour = Behaviour {
        banner: Some(hostile),
        wording: Wording::Custom(wording),
        delivery: Delivery::BareLf,
        ..Behaviour::closed()
    };
    let server = start(behaviour).await;
    let forms = [
        "terminal",
        "json",
        "jsonl",
        "csv-hosts",
        "csv-findings",
        "csv-listings",
        "csv-matrix",
        "html",
        "junit",
        "prometheus",
        "sarif",
    ];
    for format in forms {
        let ran = check(&server, &["--format", format]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let bad = |c: char| {
            (c.is_control() && !['\n', '\r'].contains(&c)) || ('\u{202a}'..='\u{202e}').contains(&c)
        };
        let found: Vec<_> = ran.out.chars().filter(|c| bad(*c)).collect();
        assert!(found.is_empty(), "{format}: {found:?}");
    }
    let long =
        start(Behaviour { delivery: Delivery::LongLine(1 << 20), ..Behaviour::closed() }).await;
    let ran = check(&long, &[]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.out.len() < 20_000 && ran.out.contains("peer-fault"), "{}", ran.out.len());
}

/// Ctrl-C ends the run with a report of what was seen.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_gives_a_partial_report() {
    let grey = Temporary::Always { reply: "451 4.7.1 try later".into() };
    let server = start(Behaviour { temporary: Some(grey), ..Behaviour::closed() }).await;
    let folder = tempfile::tempdir().unwrap();
    let mut args = check_args(&server);
    args.extend(["--format", "json", "--greylist-wait", "600"].map(str::to_owned));
    let child: Child = mxaudit(folder.path())
        .args(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first deferral has been seen: the run is under way.
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.counters().refused_recipients == 0 {
        assert!(Instant::now() < deadline, "the run does not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["run"]["interrupted"], true);
    assert_eq!(report["hosts"][0]["relay"]["verdict"], "inconclusive");
    assert!(ran.err.contains("stopping"), "{}", ran.err);
}

/// Stored evidence gives the same report again, byte for byte, without any server.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_replays_to_the_same_bytes() {
    let open = start(Behaviour { relay: RelayPolicy::PercentHack, ..Behaviour::closed() }).await;
    let hangs_up = Behaviour {
        error_limit: Some(mxaudit::practice::ErrorLimit::HangUpAfterErrors(3)),
        delivery: Delivery::BareLf,
        ..Behaviour::closed()
    };
    let closed = start(hangs_up).await;
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("evidence").display().to_string();
    let port = closed.address().port().to_string();
    let ran = check(&open, &["--port", &port, "--format", "json", "--evidence", &evidence]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    drop((open, closed));
    let again = run(&["replay", &evidence, "--format", "json"]);
    assert_eq!((again.code, &again.out), (Some(1), &ran.out), "{}", again.err);
    // Evidence is never overwritten.
    let second = run(&["check", "127.0.0.1", "--port", &port, "--evidence", &evidence]);
    assert!(second.code == Some(2) && second.err.contains("another run"), "{}", second.err);
    // The transcripts of one host judge alone to the same verdict on the probes that they hold.
    let mut files: Vec<_> = std::fs::read_dir(&evidence)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|name| name.ends_with(".smtp"))
        .collect();
    files.sort();
    let first_host: Vec<_> = files.iter().filter(|name| name.contains("/001-")).collect();
    let mut args = vec!["replay", "--format", "json"];
    args.extend(first_host.iter().map(|name| name.as_str()));
    let alone = run(&args);
    assert_eq!(alone.code, Some(1), "{}", alone.err);
    let (all, one) = (ran.json(), alone.json());
    assert_eq!(all["hosts"][0]["relay"], one["hosts"][0]["relay"]);
    assert_eq!(all["hosts"][0]["findings"], one["hosts"][0]["findings"]);
    // An edited transcript that is no dialogue is an error with its place.
    let text = std::fs::read_to_string(&files[0]).unwrap();
    std::fs::write(&files[0], text.replacen("C: EHLO", "C: OLEH", 1)).unwrap();
    for args in [["replay", &evidence], ["replay", &files[0]]] {
        let broken = run(&args);
        assert_eq!(broken.code, Some(2));
        assert!(
            broken.err.contains("`OLEH` is no command") && broken.err.contains("^"),
            "{}",
            broken.err
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_reports_in_one_run() {
    let server = start(Behaviour::closed()).await;
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let arg = format!("json={}", json.display());
    let ran = check(&server, &["--format", "terminal", "--format", &arg]);
    assert!(ran.code == Some(0) && ran.out.contains("closed"), "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["hosts"][0]["relay"]["verdict"], "closed");
    let twice = run(&["check", "127.0.0.1", "--format", "json", "--format", "terminal"]);
    assert!(twice.code == Some(2) && twice.err.contains("only one report"), "{}", twice.err);
}

/// Every form of the report, from one run, each read by what reads such files.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_in_one_run() {
    let server = start(Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() }).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut args = Vec::new();
    for (format, name) in [
        ("json", "r.json"),
        ("jsonl", "r.jsonl"),
        ("csv-hosts", "hosts.csv"),
        ("csv-findings", "findings.csv"),
        ("csv-listings", "listings.csv"),
        ("csv-matrix", "matrix.csv"),
        ("html", "r.html"),
        ("junit", "r.xml"),
        ("prometheus", "r.prom"),
        ("sarif", "r.sarif"),
        ("terminal", "r.txt"),
    ] {
        args.extend(["--format".to_owned(), format!("{format}={}", file(name).display())]);
    }
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let ran = check(&server, &args);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    holds_to_schema(&serde_json::from_str(&read("r.json")).unwrap());
    let lines: Vec<Value> =
        read("r.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["relay"]["verdict"], "open");
    for (name, rows) in
        [("hosts.csv", 1), ("findings.csv", 1), ("listings.csv", 0), ("matrix.csv", 0)]
    {
        let text = read(name);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.records().map(Result::unwrap).count(), rows, "{name}");
    }
    assert!(read("r.txt").contains("error[open-relay]"));
    assert!(read("r.xml").contains("<failure message=\"open: accepted-recipient\">"));
    let page = read("r.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("RCPT TO:&lt;"), "{page}");
    assert!(read("r.prom").contains(",verdict=\"open\"} 1\n"));
    let log: Value = serde_json::from_str(&read("r.sarif")).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "open-relay");
}

/// The user's own probes take the place of built-in ones, or stand beside them.
#[tokio::test(flavor = "multi_thread")]
async fn own_probes_overlay_the_library() {
    let server = start(Behaviour::closed()).await;
    let folder = tempfile::tempdir().unwrap();
    let relay = folder.path().join("relay");
    std::fs::create_dir(&relay).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("probes/relay");
    let source = std::fs::read_to_string(root.join("bang.toml")).unwrap();
    std::fs::write(relay.join("bang.toml"), source.replace("quick", "thorough")).unwrap();
    let own = source.replace("relay-bang", "relay-mine").replace("\"R19\"", "\"R99\"");
    let own = own.replace("'{canary.domain}!{canary.local}'", "'{canary.domain}!!{canary.local}'");
    std::fs::write(relay.join("mine.toml"), own).unwrap();
    let shown = folder.path().display().to_string();
    let ran = check(&server, &["--probes", &shown, "--profile", "quick", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report = ran.json();
    let codes: Vec<_> = report["hosts"][0]["probes"].as_array().unwrap().iter().collect();
    let has = |code: &str| codes.iter().any(|probe| probe["code"] == code);
    assert!(has("R99") && !has("R19"), "{codes:?}");
    let own: Vec<_> = report["run"]["own_probes"].as_array().unwrap().iter().collect();
    assert!(own.len() == 2 && own[1]["id"] == "relay-mine", "{own:?}");
    std::fs::write(relay.join("mine.toml"), "id = 3").unwrap();
    let broken = check(&server, &["--probes", &shown]);
    assert!(broken.code == Some(2) && broken.err.contains("mine.toml:1:6"), "{}", broken.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_grow() {
    let server = start(Behaviour::closed()).await;
    let mut counts = Vec::new();
    for profile in ["quick", "standard", "thorough"] {
        let ran = check(&server, &["--profile", profile, "--format", "json"]);
        assert_eq!(ran.code, Some(0), "{profile}: {}", ran.err);
        counts.push(ran.json()["hosts"][0]["probes"].as_array().unwrap().len());
    }
    assert!(counts[0] >= 12 && counts[1] > counts[0] && counts[2] > counts[1], "{counts:?}");
    assert!(counts[2] >= 60, "{counts:?}");
}

/// What is left out is untested, and never a pass.
#[tokio::test(flavor = "multi_thread")]
async fn categories_can_be_left_out() {
    let server = start(Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() }).await;
    let ran = check(&server, &["--skip", "relay", "--format", "json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let report = ran.json();
    let host = &report["hosts"][0];
    assert_eq!(host["relay"]["verdict"], "inconclusive");
    assert_eq!(host["relay"]["reasons"][0], "skipped");
    assert_eq!(host["grade"]["letter"], "N");
    assert_eq!(report["run"]["skipped"][0], "relay");
    // No foreign recipient but in the control that stands before any MAIL: none at all.
    let foreign = |path: &[u8]| !String::from_utf8_lossy(path).ends_with(LOCAL_DOMAIN);
    assert!(server.envelopes().iter().all(|seen| !foreign(&seen.forward_path)));
    let closed = start(Behaviour::closed()).await;
    let ran = check(&closed, &["--only", "relay", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report = ran.json();
    assert_ne!(report["hosts"][0]["grade"]["letter"], "A+", "what was left out was not tested");
    for args in [["--only", "beauty"], ["--skip", "transport"]] {
        let ran = check(&closed, &args);
        assert!(ran.code == Some(2) && ran.err.contains("is none of relay"), "{}", ran.err);
    }
}
