//! `mxaudit sweep` from its command line: the plan, the scope, exclusions, kills and what is gone on
//! with, against practice servers on loopback.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/dns_server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod dns_server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use dns_server::DnsServer;
use mxaudit::practice::{Behaviour, PracticeServer, RelayPolicy};
use serde_json::Value;

/// Servers at the first addresses of 127.77.N.0/26; every fifth is open, nobody is at every fourth.
struct Street {
    network: u8,
    port: u16,
    servers: BTreeMap<Ipv4Addr, PracticeServer>,
}

impl Street {
    async fn start(network: u8) -> Self {
        let mut servers = BTreeMap::new();
        let mut port = 0;
        for number in (1..64_u8).filter(|number| !number.is_multiple_of(4)) {
            let address = Ipv4Addr::new(127, 77, network, number);
            let mut behaviour = Behaviour::closed();
            if number.is_multiple_of(5) {
                behaviour.relay = RelayPolicy::Open;
            }
            let server =
                PracticeServer::start(behaviour, SocketAddr::from((address, port))).await.unwrap();
            port = server.address().port();
            servers.insert(address, server);
        }
        Self { network, port, servers }
    }

    fn range(&self) -> String {
        format!("127.77.{}.0/26", self.network)
    }

    fn asked(&self) -> BTreeSet<Ipv4Addr> {
        let asked = self.servers.iter().filter(|(_, server)| server.counters().connections > 0);
        asked.map(|(address, _)| *address).collect()
    }
}

const SCOPE: &str = "[auditor]\ndomain = \"audit.test\"\n[local]\ndomains = [\"practice.test\"]\n";

/// The command in a folder with a scope file.
fn mxaudit(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
    command.current_dir(folder).args(words).stdin(Stdio::null());
    command
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mxaudit.toml"), SCOPE).unwrap();
    folder
}

fn sweep(street: &Street, more: &[&str]) -> Vec<String> {
    let port = street.port.to_string();
    let words = ["--port", &port, "--vantage", "outside", "--skip", "reputation", "--seed", "5"];
    let all = ["sweep"].iter().chain(&words).chain(more);
    let mut all: Vec<_> = all.map(ToString::to_string).collect();
    all.push(street.range());
    all
}

fn run(folder: &Path, words: &[String]) -> Output {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    mxaudit(folder, &words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The reports of a run by target, without what two runs cannot have in common.
fn hosts(run: &Path) -> BTreeMap<String, Value> {
    let lines = fs::read_to_string(run.join("hosts.jsonl")).unwrap();
    let mut hosts = BTreeMap::new();
    for line in lines.lines() {
        let mut host: Value = serde_json::from_str(line).unwrap();
        strip(&mut host);
        let target = host["target"]["address"].as_str().unwrap().to_owned();
        assert!(hosts.insert(target.clone(), host).is_none(), "{target} stands there twice");
    }
    hosts
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["elapsed_ms", "started", "local", "elapsed"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn summary(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("summary.json")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_is_swept_and_reported() {
    let street = Street::start(1).await;
    let folder = folder();
    let done = run(folder.path(), &sweep(&street, &["--out", "run", "--exclude", "127.77.1.5"]));
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "open relays are findings: {said}");
    for part in ["the plan:", "63 addresses", "1 that you exclude", "open relay: 127.77.1.10:"] {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
    let hosts = hosts(&folder.path().join("run"));
    assert_eq!(hosts.len(), 47, "48 servers, one of them excluded");
    for (address, host) in &hosts {
        let number: u8 = address.rsplit('.').next().unwrap().parse().unwrap();
        let want = if number.is_multiple_of(5) { "open" } else { "closed" };
        assert_eq!(host["relay"]["verdict"], want, "{address}");
    }
    assert!(!street.asked().contains(&Ipv4Addr::new(127, 77, 1, 5)), "it is excluded");
    let summary = summary(&folder.path().join("run"));
    assert_eq!(summary["summary"]["open"], 8, "{summary}");
    assert_eq!(summary["sweep"]["dark"]["refused"], 16, "{summary}");
    assert_eq!(summary["sweep"]["not_asked"], 0, "{summary}");
    let report =
        mxaudit(folder.path(), &["report", "run", "--format", "csv-hosts"]).output().unwrap();
    assert_eq!(text(&report.stdout).lines().count(), 48, "a head and 47 hosts");
    let same = mxaudit(folder.path(), &["diff", "run", "run"]).output().unwrap();
    let (shown, said) = (text(&same.stdout), text(&same.stderr));
    assert_eq!(same.status.code(), Some(0), "nothing is new: {shown}{said}");
    assert!(shown.contains("47 before, 47 now; 0 only before"), "{shown}");
    // The folder is another run's now.
    let again = run(folder.path(), &sweep(&street, &["--out", "run"]));
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("--resume"), "{}", text(&again.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_tells_the_plan() {
    let street = Street::start(2).await;
    let folder = folder();
    let done = run(folder.path(), &sweep(&street, &["--dry-run"]));
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let plan = text(&done.stdout);
    for part in ["64 addresses", "permitted", "connections", "time", "pace", "512 hosts at once"] {
        assert!(plan.contains(part), "{part} is missing: {plan}");
    }
    assert!(street.asked().is_empty());
}

#[test]
fn without_leave_nothing_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let done = mxaudit(folder.path(), &["sweep", "127.77.3.1", "--out", "run"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("mxaudit init"), "{}", text(&done.stderr));
    fs::write(folder.path().join("mxaudit.toml"), SCOPE).unwrap();
    let foreign =
        mxaudit(folder.path(), &["sweep", "192.0.2.0/24", "--out", "run"]).output().unwrap();
    assert_eq!(foreign.status.code(), Some(2));
    assert!(text(&foreign.stderr).contains("192.0.2.0"), "{}", text(&foreign.stderr));
    assert!(!folder.path().join("run").exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_refuses_another_plan() {
    let street = Street::start(6).await;
    let folder = folder();
    let done = run(folder.path(), &sweep(&street, &["--out", "run"]));
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    let before = fs::read(folder.path().join("run/run.json")).unwrap();
    let range = street.range();
    for (words, named) in [
        (&["--port", "26"][..], "--port"),
        (&["--exclude", "127.77.6.7"], "--exclude"),
        (&["--profile", "quick"], "--profile"),
        (&["--seed", "6"], "--seed"),
        (&["--skip", "tls"], "--skip"),
        (&["--out", "other"], "--out"),
        (&[&range], "TARGET"),
    ] {
        let words = [&["sweep", "--resume", "run"], words].concat();
        let mixed = mxaudit(folder.path(), &words).output().unwrap();
        let said = text(&mixed.stderr);
        assert_eq!(mixed.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains("cannot be used with") && said.contains(named), "{words:?}: {said}");
    }
    assert_eq!(fs::read(folder.path().join("run/run.json")).unwrap(), before);
    // The authority is that of the day on which the run goes on.
    fs::rename(folder.path().join("mxaudit.toml"), folder.path().join("new.toml")).unwrap();
    let words = ["sweep", "--resume", "run", "--config", "new.toml"];
    let again = mxaudit(folder.path(), &words).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stderr));
    let index = fs::read_to_string(folder.path().join("run/run.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    assert_eq!(index["plan"]["scope_file"], "new.toml");
}

/// A domain that could be somebody's. Only the name server of a test is asked about it.
const DOMAIN: &str = "mxaudit-lab.net";

async fn dry_run(zone: &str, words: &[&str]) -> Output {
    let dns = DnsServer::with_zone(zone).await;
    let folder = folder();
    let server = dns.address().to_string();
    let all = ["sweep", "--dry-run", "--skip", "reputation", "--resolver", &server];
    mxaudit(folder.path(), &[&all, words].concat()).output().unwrap()
}

/// What a target accepts for a domain whose mail it takes by right proves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_canarys_own_mail_host_is_no_target() {
    let zone = format!("{DOMAIN} MX 10 mx.{DOMAIN}\nmx.{DOMAIN} A 127.77.7.2\n");
    let range = ["127.77.7.0/29", "--auditor-domain", DOMAIN];
    let refused = dry_run(&zone, &range).await;
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("(127.77.7.2), which takes its mail by right"), "{said}");
    let without = dry_run(&zone, &[&range[..], &["--exclude", "127.77.7.2"]].concat()).await;
    assert_eq!(without.status.code(), Some(0), "{}", text(&without.stderr));
    let unknown = dry_run(&format!("other.{DOMAIN} A 127.77.7.2\n"), &range).await;
    assert_eq!(unknown.status.code(), Some(0), "{}", text(&unknown.stderr));
}

/// Hosts that other lists are asked about would not be comparable.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_with_its_lists() {
    let zone = format!("{DOMAIN} MX 10 mx.{DOMAIN}\nmx.{DOMAIN} A 127.77.10.1\n");
    let dns = DnsServer::with_zone(&zone).await;
    let (server, folder) = (dns.address().to_string(), folder());
    let domain = format!("domain:{DOMAIN}");
    let lists = ["--zone", "dbl.spamhaus.org", "--resolver", &server];
    let words = ["sweep", &domain, "--port", "9", "--out", "run"];
    let begun = mxaudit(folder.path(), &[&words, &lists[..]].concat()).output().unwrap();
    let index = folder.path().join("run/run.json");
    let before = fs::read_to_string(&index);
    let before = before.unwrap_or_else(|error| panic!("{error}: {}", text(&begun.stderr)));
    let goes_on = |lists: &[&str]| {
        let words = [&["sweep", "--resume", "run"], lists].concat();
        mxaudit(folder.path(), &words).output().unwrap()
    };
    let other = goes_on(&["--resolver", &server]);
    let said = text(&other.stderr);
    assert_eq!(other.status.code(), Some(2), "{said}");
    assert!(said.contains("of lists") && said.contains("--skip-zone"), "{said}");
    assert_eq!(fs::read_to_string(&index).unwrap(), before);
    let same = goes_on(&lists);
    assert!(same.status.code() != Some(2), "{}", text(&same.stderr));
    assert_ne!(fs::read_to_string(&index).unwrap(), before);
}

/// The scope is not asked about what is excluded, so that half of a host can be swept.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_swept_without_its_excluded_addresses() {
    let zone = format!("mx.{DOMAIN} A 127.77.8.1\nmx.{DOMAIN} AAAA 2001:db8::25\n");
    let host = format!("host:mx.{DOMAIN}");
    let whole = dry_run(&zone, &[&host]).await;
    assert_eq!(whole.status.code(), Some(2), "{}", text(&whole.stderr));
    assert!(text(&whole.stderr).contains("2001:db8::25"), "{}", text(&whole.stderr));
    let half = dry_run(&zone, &[&host, "--exclude", "2001:db8::/64"]).await;
    assert_eq!(half.status.code(), Some(0), "{}", text(&half.stderr));
    let plan = text(&half.stdout);
    assert!(plan.contains("1 addresses, 1 port") || plan.contains("1 addresses, port"), "{plan}");
    assert!(plan.contains("1 that you exclude"), "{plan}");
    let none = dry_run(&zone, &[&host, "--exclude", "::/0", "--exclude", "127.0.0.0/8"]).await;
    assert_eq!(none.status.code(), Some(2), "{}", text(&none.stderr));
    assert!(text(&none.stderr).contains("nothing is left to sweep"), "{}", text(&none.stderr));
}

/// A run goes on as politely as it began, unless the user says otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn limits_and_times_are_kept_with_the_run() {
    let street = Street::start(5).await;
    let folder = folder();
    let slow = ["--out", "run", "--rate", "30", "--per-prefix", "0", "--deadline", "1"];
    let slow = [&slow[..], &["--connect-timeout", "3", "--greylist-wait", "1"]].concat();
    let begun = run(folder.path(), &sweep(&street, &slow));
    assert!(text(&begun.stderr).contains("1 s are over"), "{}", text(&begun.stderr));
    let plan = || -> Value {
        let index = fs::read_to_string(folder.path().join("run/run.json")).unwrap();
        serde_json::from_str::<Value>(&index).unwrap()["plan"].clone()
    };
    let goes_on = |more: &[&str]| {
        let words = [&["sweep", "--resume", "run"], more].concat();
        mxaudit(folder.path(), &words).output().unwrap()
    };
    let same = goes_on(&["--deadline", "1"]);
    let said = text(&same.stderr);
    for part in ["30 new ones a second", "an end after 1 s", "1 s are over"] {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
    assert_eq!(plan()["timing"]["connect_timeout"], 3);
    let anew = goes_on(&["--rate", "500", "--greylist-wait", "0"]);
    let said = text(&anew.stderr);
    assert_eq!(anew.status.code(), Some(1), "{said}");
    assert!(said.contains("500 new ones a second") && !said.contains("an end after"), "{said}");
    let limits = serde_json::json!({
        "max_hosts": 512, "per_host": 1, "rate": 500, "per_prefix": 0, "deadline": 0,
    });
    assert_eq!(plan()["limits"], limits, "what was said last");
    assert_eq!(plan()["timing"]["greylist_wait"], 0);
    assert_eq!(summary(&folder.path().join("run"))["sweep"]["not_asked"], 0);
}

/// Killed at twenty moments and gone on with each time, a run comes to what it comes to undisturbed.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_loses_nothing() {
    let street = Street::start(4).await;
    let folder = folder();
    let slow = ["--max-hosts", "2", "--rate", "100", "--per-prefix", "0"];
    let undisturbed =
        run(folder.path(), &sweep(&street, &[&["--out", "whole"], &slow[..]].concat()));
    assert_eq!(undisturbed.status.code(), Some(1), "{}", text(&undisturbed.stderr));
    let mut random = fastrand::Rng::with_seed(11);
    let first = sweep(&street, &[&["--out", "killed"], &slow[..]].concat());
    let goes_on = ["sweep", "--resume", "killed"].iter().chain(&slow);
    let goes_on: Vec<_> = goes_on.map(ToString::to_string).collect();
    let (mut kills, mut unfinished) = (0, 0);
    let mut words = first;
    while kills < 20 {
        let words_now: Vec<_> = words.iter().map(String::as_str).collect();
        let mut command = mxaudit(folder.path(), &words_now);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A random moment is what this test is about.
        sleep(Duration::from_millis(random.u64(20..500)));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if folder.path().join("killed/run.json").exists() {
            words.clone_from(&goes_on);
            let run = fs::read_to_string(folder.path().join("killed/run.json")).unwrap();
            let run: Value = serde_json::from_str(&run).unwrap();
            unfinished += usize::from(run["finished"].is_null());
        }
    }
    assert!(unfinished >= 5, "only {unfinished} kills found the run at work");
    let done = run(folder.path(), &goes_on);
    assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert_eq!(hosts(&killed), hosts(&whole));
    let counts = |run: &Path| {
        let summary = summary(run);
        (summary["summary"].clone(), summary["sweep"].clone())
    };
    assert_eq!(counts(&killed), counts(&whole));
}

/// What a checkpoint wrote of addresses without an answer is not dialled again.
#[tokio::test(flavor = "multi_thread")]
async fn dark_addresses_of_a_checkpoint_are_done_for_a_run_that_was_killed() {
    let street = Street::start(9).await;
    let folder = folder();
    let words = sweep(&street, &["--out", "run", "--rate", "10", "--per-prefix", "0"]);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut command = mxaudit(folder.path(), &words);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (place, begun) = (folder.path().join("run"), std::time::Instant::now());
    while !place.join("dark/refused.roaring").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it is at work");
        assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint");
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ended = fs::read_to_string(place.join("hosts.jsonl")).unwrap().matches('\n').count();
    let words = ["sweep", "--resume", "run", "--rate", "0"];
    let done = mxaudit(folder.path(), &words).output().unwrap();
    let said = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    let before = said.split(" of them done before").next().unwrap().rsplit(' ').next().unwrap();
    let before: usize = before.parse().unwrap();
    assert!(before > ended, "{before} were done, {ended} of them hosts: {said}");
    let summary = summary(&place);
    assert_eq!(summary["sweep"]["dark"]["refused"], 16, "{summary}");
    assert_eq!(summary["sweep"]["not_asked"], 0, "{summary}");
    assert_eq!(hosts(&place).len(), 48);
}
