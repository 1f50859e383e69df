//! Lists as part of a sweep: what they say of each host, what that costs, and that a report says the same later.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/dns_server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod dns_server;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use dns_server::DnsServer;
use mxaudit::dnsbl::{Keys, Registry, SubjectKind, Zone};
use mxaudit::practice::{Behaviour, PracticeServer};
use serde_json::Value;
use tempfile::TempDir;

/// Domains that could be somebody's. Only the name servers of these tests are asked about them.
const DOMAIN: &str = "mxaudit-lab.net";
const LISTED: &str = "bad.mxaudit-lab.net";
const CLEAN: &str = "good.mxaudit-lab.net";
const UNKNOWN: &str = "dark.mxaudit-lab.net";

fn registry() -> Registry {
    Registry::embedded().unwrap()
}

fn domain_zones(registry: &Registry) -> Vec<&Zone> {
    let chosen = registry.chosen(&Keys::default()).into_iter();
    chosen.filter(|zone| zone.entry(SubjectKind::Domain).is_some()).collect()
}

/// The first of the lists for domains, which is the one that lists somebody.
fn first() -> Zone {
    domain_zones(&registry())[0].clone()
}

/// Every list for domains that is asked by default, healthy but for the `dead` first ones; of the rest the first lists
/// [`LISTED`], and none answers about [`UNKNOWN`].
fn lists(dead: usize) -> String {
    let registry = registry();
    let mut text = String::new();
    for (number, zone) in domain_zones(&registry).into_iter().enumerate() {
        if number < dead {
            text.push_str(&format!("*.{} A TIMEOUT\n", zone.zone));
            continue;
        }
        let entry = zone.entry(SubjectKind::Domain).unwrap();
        let positive = entry.positive.as_deref().unwrap();
        let code =
            entry.answer.or_else(|| zone.codes.iter().map(|code| code.first).next()).unwrap();
        let name = zone.entry_name(SubjectKind::Domain, positive, None).unwrap();
        text.push_str(&format!("{} A {code}\n", name.asked()));
        text.push_str(&format!("{UNKNOWN}.{} A SERVFAIL\n", zone.zone));
        if number == dead {
            text.push_str(&format!("{LISTED}.{} A {}\n", zone.zone, zone.codes[0].first));
        }
    }
    text
}

/// The mail hosts of these domains, from 127.0.78.1 on.
fn mail_hosts(domains: &[&str]) -> String {
    let one = |(number, domain): (usize, &&str)| {
        format!("{domain} MX 10 mx.{domain}\nmx.{domain} A 127.0.78.{}\n", number + 1)
    };
    domains.iter().enumerate().map(one).collect()
}

/// Closed servers at 127.0.78.1 and on, all on one port.
async fn servers(count: u8) -> (Vec<PracticeServer>, u16) {
    let mut servers: Vec<PracticeServer> = Vec::new();
    for number in 1..=count {
        let port = servers.first().map_or(0, |server| server.address().port());
        let mut behaviour = Behaviour::closed();
        behaviour.local_domains.push(DOMAIN.into());
        let address = SocketAddr::from(([127, 0, 78, number], port));
        servers.push(PracticeServer::start(behaviour, address).await.unwrap());
    }
    let port = servers[0].address().port();
    (servers, port)
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Where a run begins: with a scope file that permits this machine.
fn place() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let config = "[auditor]\ndomain = \"audit.test\"\n";
    fs::write(dir.path().join("mxaudit.toml"), config).unwrap();
    dir
}

fn mxaudit(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
    command.current_dir(dir).env("NO_COLOR", "1").stdin(Stdio::null()).args(args);
    let output = command.output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn sweep(dir: &Path, port: u16, dns: SocketAddr, more: &[&str]) -> Ran {
    let (port, dns) = (port.to_string(), dns.to_string());
    let mut args = vec!["sweep", "--out", "run", "--port", &port, "--resolver", &dns];
    args.extend(["--profile", "quick", "--vantage", "outside", "--rate", "0", "--per-prefix", "0"]);
    args.extend(more);
    mxaudit(dir, &args)
}

/// The lines that a sweep wrote, in order of the jobs, after a report says the same byte for byte.
fn hosts(dir: &Path) -> Vec<Value> {
    let lines = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(dir.join("run").join(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let numbers = lines("evidence/hosts.jsonl").into_iter().map(|line| {
        let line: Value = serde_json::from_str(&line).unwrap();
        line["number"].as_u64().unwrap()
    });
    let mut written: Vec<_> = numbers.zip(lines("hosts.jsonl")).collect();
    written.sort();
    let written: Vec<_> = written.into_iter().map(|(_, line)| line).collect();
    let report = mxaudit(dir, &["report", "run", "--format", "jsonl"]).out;
    let mut reported: Vec<_> = report.lines().collect();
    reported.pop();
    assert_eq!(reported, written);
    written.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn standing(host: &Value) -> &str {
    host["lists"][0]["standing"].as_str().unwrap_or("none")
}

fn standings(hosts: &[Value]) -> Vec<&str> {
    hosts.iter().map(standing).collect()
}

fn findings(host: &Value) -> Vec<&str> {
    let all = host["findings"].as_array().unwrap();
    all.iter().filter_map(|finding| finding["id"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_host_is_judged_by_what_lists_say_of_it() {
    let (servers, port) = servers(4).await;
    let domains = [LISTED, CLEAN, UNKNOWN];
    let dns = DnsServer::with_zone(&(lists(0) + &mail_hosts(&domains))).await;
    let dir = place();
    let ran = sweep(dir.path(), port, dns.address(), &[&domains[..], &["127.0.78.4"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let found = hosts(dir.path());
    assert_eq!(standings(&found), ["listed", "not-listed", "unknown", "none"]);
    let of_lists: Vec<_> = found.iter().map(|host| findings(host).len()).collect();
    assert_eq!(of_lists, [1, 0, 0, 0], "{found:#?}");
    assert_eq!(findings(&found[0]), ["listed-critical"]);
    let message = format!(
        "no list says anything about 1 host, whether they are listed is not known: {UNKNOWN} of "
    );
    for (number, err) in [ran.err, mxaudit(dir.path(), &["report", "run"]).err].iter().enumerate() {
        assert_eq!(err.matches(&message).count(), 1, "{number}: {err}");
    }
    let proofs = fs::read_to_string(dir.path().join("run/evidence/lists.jsonl")).unwrap();
    assert_eq!(proofs.lines().count(), 1);
    drop(servers);
}

/// The domain of all hosts costs what one host costs, its listing included.
#[tokio::test(flavor = "multi_thread")]
async fn one_domain_of_many_hosts_is_asked_about_once() {
    let (_servers, port) = servers(6).await;
    let dns = DnsServer::with_zone(&lists(0)).await;
    let dir = place();
    let ran = sweep(dir.path(), port, dns.address(), &["127.0.78.1-6", "--local-domain", LISTED]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert_eq!(standings(&hosts(dir.path())), ["listed"; 6]);
    let asked = dns.asked();
    let times = |name: &str| {
        let question = format!("udp {name} A");
        asked.iter().filter(|asked| **asked == question).count()
    };
    for zone in domain_zones(&registry()) {
        assert_eq!(times(&format!("{LISTED}.{}", zone.zone)), 1, "{}: {asked:?}", zone.zone);
        let negative = zone.entry(SubjectKind::Domain).unwrap().negative.as_deref().unwrap();
        let name = zone.entry_name(SubjectKind::Domain, negative, None).unwrap();
        let want = if zone.id == first().id { 2 } else { 1 };
        assert_eq!(times(name.asked()), want, "{}: {asked:?}", zone.zone);
    }
    let of_addresses = |asked: &&String| asked.contains("zen.spamhaus.org");
    assert_eq!(asked.iter().find(of_addresses), None, "loopback addresses are nobody's");
    // The plan counts no less than what was asked.
    let plan = ran.err.lines().find(|line| line.contains(" lists ")).unwrap();
    let told: String = plan.chars().filter(char::is_ascii_digit).collect();
    assert!(told.parse::<usize>().unwrap() >= asked.len() - 1, "{plan}: {}", asked.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_nothing_is_known_of_are_told_in_one_line() {
    let (_servers, port) = servers(5).await;
    let dns = DnsServer::with_zone(&lists(0)).await;
    let dir = place();
    let ran = sweep(dir.path(), port, dns.address(), &["127.0.78.1-5", "--local-domain", UNKNOWN]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert_eq!(standings(&hosts(dir.path())), ["unknown"; 5]);
    let report = mxaudit(dir.path(), &["report", "run"]);
    assert_eq!(report.code, Some(3), "{}", report.err);
    // Without hosts to ask, what is known of them comes from the folder.
    let resumed = mxaudit(
        dir.path(),
        &["sweep", "--resume", "run", "--resolver", &dns.address().to_string()],
    );
    assert_eq!(resumed.code, Some(3), "{}", resumed.err);
    for err in [ran.err, report.err, resumed.err] {
        let lines: Vec<_> = err.lines().filter(|line| line.contains("no list says")).collect();
        assert_eq!(lines.len(), 1, "{err}");
        assert!(lines[0].contains("about 5 hosts"), "{err}");
        assert!(lines[0].ends_with("and of 2 more"), "{err}");
    }
}

/// Lists come and go while a run is at rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_has_died_since_the_first_part_is_dead_for_the_second() {
    let (_servers, port) = servers(3).await;
    let dns = DnsServer::with_zone(&lists(0)).await;
    let dir = place();
    let targets = ["127.0.78.1-3", "--in-order", "--local-domain", LISTED];
    sweep(dir.path(), port, dns.address(), &[&targets[..], &["--max-hosts", "1"]].concat());
    assert_eq!(standings(&hosts(dir.path())), ["listed"; 3]);
    // As if the last host had never been asked, and the proofs of a second part had been cut off by a kill.
    for name in ["run/hosts.jsonl", "run/evidence/hosts.jsonl"] {
        let text = fs::read_to_string(dir.path().join(name)).unwrap();
        let kept: Vec<_> = text.lines().take(2).collect();
        fs::write(dir.path().join(name), kept.join("\n") + "\n").unwrap();
    }
    let proofs = dir.path().join("run/evidence/lists.jsonl");
    let before = fs::read_to_string(&proofs).unwrap();
    fs::write(&proofs, format!("{before}{{\"registry_ver")).unwrap();
    assert_eq!(hosts(dir.path()).len(), 2, "a line by half is none");
    let zones = lists(1).replace(&format!("{LISTED}."), "nobody.");
    let later = DnsServer::with_zone(&zones).await;
    let resolver = later.address().to_string();
    let ran =
        mxaudit(dir.path(), &["sweep", "--resume", "run", "--resolver", &resolver, "--rate", "0"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let found = hosts(dir.path());
    assert_eq!(standings(&found), ["listed", "listed", "not-listed"]);
    let words = |host: &Value| {
        let words = host["lists"][0]["words"].as_array().unwrap();
        let own = words.iter().find(|word| word["list"] == first().id.as_str()).unwrap();
        (own["word"].as_str().unwrap().to_owned(), own["reason"].as_str().map(str::to_owned))
    };
    assert_eq!(words(&found[0]), ("listed".to_owned(), None));
    assert_eq!(words(&found[2]), ("unknown".to_owned(), Some("silent".to_owned())));
    let after = fs::read_to_string(&proofs).unwrap();
    assert!(after.starts_with(&before) && after.lines().count() == 2, "{after}");
    // A host that speaks of a part that is not there is no host of this run.
    fs::write(&proofs, before).unwrap();
    let report = mxaudit(dir.path(), &["report", "run"]);
    assert_eq!(report.code, Some(2), "{}", report.err);
    assert!(report.err.contains("hosts.jsonl, line 3: was judged by line 2 of"), "{}", report.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_name_server_is_told_before_anything_is_sent_or_made() {
    let (servers, port) = servers(1).await;
    let deaf = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let address = deaf.local_addr().unwrap();
    let dir = place();
    let targets = ["127.0.78.1", "--local-domain", CLEAN];
    let ran = sweep(dir.path(), port, address, &targets);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(
        ran.err.contains(&address.to_string())
            && ran.err.contains("name another one with --resolver")
            && ran.err.contains("--skip reputation"),
        "{}",
        ran.err
    );
    assert!(!dir.path().join("run").exists());
    assert_eq!(servers[0].counters().connections, 0);
    let skipped = [&targets[..], &["--skip", "reputation"]].concat();
    let ran = sweep(dir.path(), port, address, &skipped);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(hosts(dir.path())[0]["lists"][0]["standing"], "unknown");
    assert!(servers[0].counters().connections > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_asked() {
    let (_servers, port) = servers(2).await;
    let dns = DnsServer::with_zone(&lists(0)).await;
    let of_lists = |asked: Vec<String>| -> Vec<String> {
        // The mail servers of the canary's domain are looked up all the same.
        asked.into_iter().filter(|question| !question.contains("audit.test")).collect()
    };
    for more in [
        &["--local-domain", "practice.test"][..],
        &[],
        &["--local-domain", LISTED, "--skip", "reputation"],
        &["--local-domain", LISTED, "--dry-run"],
    ] {
        let dir = place();
        let ran = sweep(dir.path(), port, dns.address(), &[&["127.0.78.1-2"], more].concat());
        assert_eq!(ran.code, Some(0), "{more:?}: {}", ran.err);
        assert_eq!(of_lists(dns.asked()), Vec::<String>::new(), "{more:?}");
        let told = format!("{}{}", ran.err, ran.out);
        assert_eq!(told.contains("none are asked"), !more.contains(&"--dry-run"), "{told}");
        assert!(!dir.path().join("run/evidence/lists.jsonl").exists());
    }
    let dir = place();
    let targets = ["127.0.78.1-2", "--local-domain", LISTED, "--zone", "nosuch"];
    let ran = sweep(dir.path(), port, dns.address(), &targets);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("nosuch") && !dir.path().join("run").exists(), "{}", ran.err);
    assert_eq!(of_lists(dns.asked()), Vec::<String>::new());
}

/// What an operator allows in a day is held, and what is not known for that is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_asked_no_more_than_its_operator_allows() {
    let (_servers, port) = servers(5).await;
    let names: Vec<_> = (0..5).map(|number| format!("host{number}.{DOMAIN}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let own = "[[zone]]\nid = \"small\"\nzone = \"small.example\"\nkind = \"domain\"\n\
               daily_limit = 7\nper_second = 100\n";
    let zone = format!("test.small.example A 127.0.0.2\n{}", mail_hosts(&names));
    for (more, known) in [(&[][..], 2), (&["--over-limit"], 5)] {
        let dns = DnsServer::with_zone(&zone).await;
        let dir = place();
        fs::write(dir.path().join("zones.toml"), own).unwrap();
        let zones = ["--zones", "zones.toml", "--zone", "small"];
        let ran = sweep(dir.path(), port, dns.address(), &[&names[..], &zones, more].concat());
        let found = hosts(dir.path());
        let standings = standings(&found);
        let count = standings.iter().filter(|standing| **standing == "not-listed").count();
        assert_eq!(count, known, "{standings:?} {}", ran.err);
        let told = ran.err.matches("small: its operator allows 7 questions in a day").count();
        let planned = ran.err.matches("small is asked no more than 7 a day").count();
        let unheard = ran.err.matches("no list says anything about 3 hosts").count();
        let want = if known == 5 { (0, 0, 0, Some(0)) } else { (1, 1, 1, Some(3)) };
        assert_eq!((told, planned, unheard, ran.code), want, "{}", ran.err);
        let asked = dns.asked();
        let count = asked.iter().filter(|question| question.contains("small.example")).count();
        assert_eq!(count, if known == 5 { 10 } else { 7 }, "{asked:?}");
    }
}
