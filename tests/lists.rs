//! `mxaudit lists`, end to end, against a name server on loopback.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/dns_server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod dns_server;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use dns_server::DnsServer;
use serde_json::Value;

const ZONES: &str = r#"
[[zone]]
id = "good"
zone = "good.lists.test"
kind = ["ipv4", "domain"]
codes = [{ first = "127.0.0.2", meaning = "spam", weight = "critical", listing = true }]
[[zone]]
id = "small"
zone = "small.lists.test"
kind = "ipv4"
daily_limit = 20
[[zone]]
id = "world"
zone = "world.lists.test"
kind = "ipv4"
[[zone]]
id = "shut"
zone = "shut.lists.test"
kind = "ipv4"
[[zone]]
id = "keyed"
zone = "{key}.keyed.test"
kind = "ipv4"
[[zone]]
id = "members"
zone = "members.lists.test"
kind = "ipv4"
access = "registered"
"#;

const ANSWERS: &str = "
2.0.0.127.good.lists.test     A 127.0.0.2
test.good.lists.test          A 127.0.0.2
1.2.0.192.good.lists.test     A 127.0.0.2
2.0.0.127.small.lists.test    A 127.0.0.2
2.0.0.127.members.lists.test  A 127.0.0.2
2.0.0.127.s3cretkey.keyed.test A 127.0.0.2
1.2.0.192.s3cretkey.keyed.test A 127.0.0.2
*.world.lists.test            A 127.0.0.2
*.shut.lists.test             A 127.255.255.254
";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Value {
        let report = serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schema/lists-v1.json");
        let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<_> = schema.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        report
    }
}

/// A name server, and a folder with the lists that it serves.
struct Bench {
    server: DnsServer,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(answers: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("zones.toml"), ZONES).unwrap();
        Self { server: DnsServer::with_zone(answers).await, folder }
    }

    /// Runs with the lists of the file, and none of the others unless they are named.
    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[])
    }

    fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .args(["lists", "--zones", "zones.toml", "--dns-timeout", "1"])
            .args(["--resolver", &self.server.address().to_string()])
            .args(args)
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn asked(&self, name: &str) -> usize {
        self.server.asked().iter().filter(|asked| asked.contains(name)).count()
    }
}

fn standing(report: &Value, subject: usize) -> &str {
    report["subjects"][subject]["standing"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_is_found_and_decides_the_exit_code() {
    let bench = Bench::new(ANSWERS).await;
    let ran = bench.run(&["192.0.2.1", "192.0.2.2", "example.org", "--zone", "good"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(
        ran.out.contains(
            "error[listed-critical]: 192.0.2.1 is listed in good.lists.test: 127.0.0.2 (spam)"
        ),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\n192.0.2.2   not listed on 1 of 1 lists\n"), "{}", ran.out);
    assert!(ran.out.contains("\nexample.org   not listed on 1 of 1 lists\n"), "{}", ran.out);
    let ran = bench.run(&["192.0.2.2", "--zone", "good"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let ran =
        bench.run(&["192.0.2.1", "--zone", "good", "--fail-on", "critical", "--format", "json"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(standing(&ran.json(), 0), "listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_fail_their_own_test_say_nothing() {
    let bench = Bench::new(ANSWERS).await;
    let args = ["192.0.2.1", "--zone", "world", "--zone", "SHUT.lists.test.", "--format", "json"];
    let ran = bench.run(&args);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let report = ran.json();
    assert_eq!(standing(&report, 0), "unknown");
    let reasons: Vec<_> = report["subjects"][0]["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| &word["reason"])
        .collect();
    assert_eq!(reasons, ["lists-world", "refused"]);
    assert_eq!(bench.asked("1.2.0.192"), 0, "a list that does not work is asked about nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_no_target() {
    let bench = Bench::new(ANSWERS).await;
    let ran = bench.run(&["--health", "--zone", "good", "--zone", "world"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let row = |id: &str| ran.out.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(row("good").contains("healthy"), "{}", ran.out);
    assert!(row("world").contains("lists-world"), "{}", ran.out);
    let ran = bench.run(&["--health", "--zone", "good", "--zone", "shut", "--quiet"]);
    assert_eq!(ran.code, Some(3), "nothing was learned of one");
    assert_eq!(ran.out, "good   ipv4   healthy\ngood   domain   healthy\nshut   ipv4   refused\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_list_shows_its_story_and_is_asked_on_demand_only() {
    let bench = Bench::new(ANSWERS).await;
    let ran = bench.run(&["192.0.2.1", "--zone", "relays.ordb.org"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.out.contains("tombstoned") && ran.out.contains("ended 2006-12-18"), "{}", ran.out);
    assert_eq!(bench.asked("ordb"), 0);
    let ran = bench.run(&["192.0.2.1", "--zone", "relays.ordb.org", "--ask-dead"]);
    assert!(!ran.out.contains("tombstoned"), "{}", ran.out);
    assert!(bench.asked("ordb") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_a_list_for_members_says_to_be_one() {
    let bench = Bench::new(ANSWERS).await;
    let ran = bench.run(&["192.0.2.2", "--zone", "members", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = bench.run(&["192.0.2.2", "--zone", "keyed", "--format", "json"]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.json()["subjects"][0]["words"][0]["reason"], "unregistered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_used_and_shown_nowhere() {
    let bench = Bench::new(ANSWERS).await;
    let args = [
        "192.0.2.1",
        "--zone",
        "keyed",
        "--fail-on",
        "info",
        "--format",
        "terminal",
        "--format",
        "json=a.json",
        "--format",
        "jsonl=a.jsonl",
        "--format",
        "csv=a.csv",
    ];
    let ran = bench.run_with(&args, &[("MXAUDIT_KEY_KEYED", "S3cretKey")]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(bench.asked("s3cretkey") > 0);
    let files = ["a.json", "a.jsonl", "a.csv"]
        .map(|name| fs::read_to_string(bench.folder.path().join(name)).unwrap());
    for text in files.iter().chain([&ran.out, &ran.err]) {
        assert!(!text.to_ascii_lowercase().contains("s3cret"), "{text}");
    }
    assert!(files.iter().all(|text| text.contains("{key}")));
    assert!(ran.out.contains("listed in {key}.keyed.test"), "{}", ran.out);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_keys_is_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new(ANSWERS).await;
    let path = bench.folder.path().join("keys.toml");
    fs::write(&path, "keyed = \"S3cretKey\"\n").unwrap();
    for (mode, code) in [(0o644, 2), (0o640, 2), (0o600, 0)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ran = bench.run(&["192.0.2.2", "--zone", "keyed", "--keys", "keys.toml"]);
        assert_eq!(ran.code, Some(code), "{mode:o}: {}", ran.err);
        assert!(!format!("{}{}", ran.out, ran.err).contains("S3cret"));
        assert_eq!(ran.err.contains("chmod 600"), code == 2, "{}", ran.err);
    }
    fs::write(&path, "keyde = \"S3cretKey\"\n").unwrap();
    let ran = bench.run(&["192.0.2.2", "--keys", "keys.toml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("no list takes a key by the name `keyde`"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_tells_its_cost_and_keeps_to_what_a_list_bears() {
    let bench = Bench::new(ANSWERS).await;
    let ran =
        bench.run(&["192.0.2.0/29", "--zone", "good", "--zone", "small", "--fail-on", "high"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert_eq!(ran.err, "mxaudit: 8 subjects in 2 lists take 28 queries, at most 14 to one list\n");
    for n in 0..8 {
        let name = format!("udp {n}.2.0.192.good.lists.test A");
        assert_eq!(bench.asked(&name), 1, "{name}");
    }
    let args = ["192.0.2.0/28", "--zone", "good", "--zone", "small"];
    let before = bench.server.asked().len();
    let ran = bench.run(&args);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.starts_with("mxaudit: small: 22 queries, and its operator allows 20 in a day"),
        "{}",
        ran.err
    );
    assert_eq!(bench.server.asked().len(), before, "nothing was asked");
    let ran = bench.run(&[&args[..], &["--over-limit"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_told_before_anything_is_asked() {
    let bench = Bench::new(ANSWERS).await;
    for (args, want) in [
        (&["10.0.0.0/8"][..], "more than 65,536 addresses"),
        (&[], "TARGET"),
        (&["192.0.2.1", "--health"], "--health"),
        (&["192.0.2.1", "--zone", "goood"], "did you mean good"),
        (&["192.0.2.1", "--zone", "nowhere.example"], "a file of your own for --zones can add it"),
        (&["192.0.2.1", "--ask-dead"], "--zone"),
        (&["192.0.2.1", "--zones", "missing.toml"], "--zones"),
        (&["192.0.2.1", "--keys", "missing.toml"], "--keys missing.toml: cannot be read"),
        (&["192.0.2.1", "--resolver", "ns.example"], "--resolver"),
        (&["192.0.2.1", "--format", "xml"], "terminal, json, jsonl, csv"),
        (
            &["--from-config", "missing.cf", "--from-config", "zones.toml"],
            "missing.cf: cannot be read",
        ),
        (&["--from-config", "missing.cf", "--from-config", "zones.toml"], "nothing in it is known"),
    ] {
        let ran = bench.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(want), "{args:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{args:?}");
    }
    assert_eq!(bench.server.asked(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_lies_is_a_finding_and_nothing_is_believed_through_it() {
    let bench = Bench::new(&format!("{ANSWERS}\n*.invalid A 203.0.113.9\n")).await;
    let ran = bench.run(&["192.0.2.1", "--zone", "good", "--format", "json"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["resolver_findings"][0]["id"], "resolver-rewrites");
    assert_eq!(report["subjects"][0]["words"][0]["reason"], "resolver");
    let ran = bench.run(&["192.0.2.1", "--zone", "good", "--fail-on", "medium"]);
    assert_eq!(ran.code, Some(1));
    let ran = bench.run(&["--health", "--zone", "good"]);
    assert_eq!(ran.code, Some(3), "health through such a resolver is none");
}

/// Lists that the registry knows, as a name server of somebody else could serve them.
const PUBLIC: &str = "
2.0.0.127.zen.spamhaus.org   A 127.0.0.2
2.0.0.127.psbl.surriel.com   A 127.0.0.2
2.0.0.127.own.lists.test     A 127.0.0.5
2.0.0.127.s3cret.zen.dq.spamhaus.net A 127.0.0.2
*.bl.spamcop.net             A 127.0.0.2
";

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_judged_by_its_lists() {
    let bench = Bench::new(PUBLIC).await;
    let write = |name: &str, text: &str| fs::write(bench.folder.path().join(name), text).unwrap();
    write(
        "main.cf",
        "smtpd_client_restrictions =\n  reject_rbl_client rbl.maps.vix.com\n  \
         reject_rbl_client zen.spamhaus.org\n  reject_rbl_client psbl.surriel.com=127.0.0.2\n  \
         reject_rbl_client own.lists.test\n  reject_rbl_client s3cret.zen.dq.spamhaus.net=127.0.0.[2..11]\n",
    );
    write("exim.conf", "begin acl\nacl_check_rcpt:\n  deny dnslists = bl.spamcop.net\n");
    let args = ["--from-config", "main.cf", "--from-config", "exim.conf"];
    let ran = bench.run(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let report = ran.json();
    let found = |file: usize| {
        let lists = report["configurations"][file]["lists"].as_array().unwrap();
        let of = |list: &Value| {
            let ids = list["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned());
            (list["line"].as_u64().unwrap(), ids.collect::<Vec<_>>().join(" "))
        };
        lists.iter().map(of).collect::<Vec<_>>()
    };
    let own = |line: u64, ids: &str| (line, ids.to_owned());
    let want = [
        own(2, "configured-list-dead"),
        own(3, "configured-list-unfiltered"),
        own(4, ""),
        own(5, ""),
        own(6, ""),
    ];
    assert_eq!(found(0), want);
    assert_eq!(found(1), [own(3, "configured-list-lists-world")]);
    assert_eq!(report["configurations"][0]["lists"][3]["known"], false);
    assert_eq!(report["configurations"][0]["lists"][4]["zone"], "{key}.zen.dq.spamhaus.net");
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
    assert!(bench.asked("s3cret") > 0, "the file's own key is used");
    assert_eq!(bench.asked("maps.vix.com"), 0);
    let ran = bench.run(&args);
    for text in [
        "main.cf:2 asks rbl.maps.vix.com, which is dead:",
        "write: reject_rbl_client zen.spamhaus.org=127.0.0.[2..4;9..11;30]",
        "exim.conf:3 asks bl.spamcop.net, which lists everything",
        "line 5: own.lists.test is not in the registry",
    ] {
        let flat = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(text), "{text}: {}", ran.out);
    }
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_without_lists_has_no_fault() {
    let bench = Bench::new(PUBLIC).await;
    let stock = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/dnsbl/configured/tests/fixtures/postfix-stock.cf");
    let ran = bench.run(&["--from-config", stock.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("names 0 lists"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_could_not_be_followed_is_not_called_good() {
    let bench = Bench::new(PUBLIC).await;
    let run = |more: &str| {
        let text = format!(
            "smtpd_client_restrictions =\n  reject_rbl_client psbl.surriel.com=127.0.0.2\n  {more}\n"
        );
        fs::write(bench.folder.path().join("main.cf"), text).unwrap();
        bench.run(&["--from-config", "main.cf"])
    };
    let followed = "no fault found in what could be followed";
    for (more, code, partial) in [
        ("permit_mynetworks", 0, false),
        ("check_client_access hash:/etc/postfix/clients", 0, false),
        ("reject_rbl_client $mylist", 3, true),
    ] {
        let ran = run(more);
        assert_eq!(ran.code, Some(code), "{more}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("no fault found"), "{more}: {}", ran.out);
        assert_eq!(ran.out.contains(followed), partial, "{more}: {}", ran.out);
    }
    let text = "smtpd_client_restrictions = reject_rbl_client $one, reject_rbl_client $other\n";
    fs::write(bench.folder.path().join("main.cf"), text).unwrap();
    let ran = bench.run(&["--from-config", "main.cf"]);
    assert_eq!(ran.code, Some(3), "{}{}", ran.out, ran.err);
    let why = "names 0 lists that could be followed, and 2 settings that could not";
    assert!(ran.out.contains(why), "{}", ran.out);
}

/// Healthy lists by the numbers of their names, to be asked as often as they like.
fn many(count: usize, per_second: u32) -> (String, String) {
    let zone = |n| {
        format!(
            "[[zone]]\nid = \"many-{n}\"\nzone = \"many{n}.test\"\nkind = \"ipv4\"\nper_second = {per_second}\n"
        )
    };
    let answer = |n| format!("2.0.0.127.many{n}.test A 127.0.0.2\n");
    ((0..count).map(zone).collect(), (0..count).map(answer).collect())
}

async fn bench_of_many(count: usize, per_second: u32) -> (Bench, Vec<String>) {
    let (zones, answers) = many(count, per_second);
    let bench = Bench::new(&answers).await;
    fs::write(bench.folder.path().join("zones.toml"), zones).unwrap();
    let args = (0..count).flat_map(|n| ["--zone".to_owned(), format!("many-{n}")]);
    (bench, args.collect())
}

/// Waits until so many addresses were asked about.
async fn asked_about(server: &DnsServer, count: usize) {
    let about = |asked: &&String| asked.contains(".2.0.192.many0");
    let waiting = async {
        while server.asked().iter().filter(about).count() < count {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let end = tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await;
    assert!(end.is_ok(), "a run that asks nobody: {:?}", server.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_list_is_asked_once_about_each_address_of_a_range() {
    let (bench, mut args) = bench_of_many(10, 10_000).await;
    args.extend(["192.0.2.0/24", "--format", "json"].map(str::to_owned));
    let ran = bench.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("256 subjects in 10 lists take 2,620 queries, at most 262"),
        "{}",
        ran.err
    );
    let summary = &ran.json()["summary"];
    assert_eq!((&summary["not_listed"], &summary["healthy"]), (&256.into(), &10.into()));
    let asked = bench.server.asked();
    let mut about: Vec<_> = asked.iter().filter(|name| name.contains(".2.0.192.many")).collect();
    assert_eq!(about.len(), 2560);
    about.sort();
    about.dedup();
    assert_eq!(about.len(), 2560);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_dies_midway_leaves_the_rest_unknown() {
    let (bench, mut args) = bench_of_many(1, 40).await;
    args.extend(["192.0.2.0/25", "--format", "json", "--dns-timeout", "1"].map(str::to_owned));
    let Bench { server, folder } = bench;
    let child = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder.path())
        .args(["lists", "--zones", "zones.toml", "--resolver", &server.address().to_string()])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    asked_about(&server, 15).await;
    drop(server);
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let summary = &report["summary"];
    let (known, unknown) =
        (summary["not_listed"].as_u64().unwrap(), summary["unknown"].as_u64().unwrap());
    assert_eq!(known + unknown, 128);
    assert!(known >= 14 && unknown > 0, "{summary}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn who_stops_a_run_keeps_the_listings_that_it_found() {
    let (bench, mut args) = bench_of_many(1, 20).await;
    let (_, answers) = many(1, 20);
    let server =
        DnsServer::with_zone(&format!("{answers}0.2.0.192.many0.test A 127.0.0.2\n")).await;
    args.extend(["192.0.2.0/25", "--format", "json", "--fail-on", "info"].map(str::to_owned));
    let child = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(bench.folder.path())
        .args(["lists", "--zones", "zones.toml", "--resolver", &server.address().to_string()])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    asked_about(&server, 15).await;
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("stopping: no new questions"), "{err}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["run"]["interrupted"], true);
    assert_eq!(standing(&report, 0), "listed");
    assert_eq!(standing(&report, 127), "unknown");
    assert_eq!(report["subjects"][127]["words"][0]["reason"], "not-asked");
}
