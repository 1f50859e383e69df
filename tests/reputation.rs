//! Lists as part of an audit: what they say of a domain, what is not asked, and what silence costs.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/dns_server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod dns_server;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use dns_server::DnsServer;
use mxaudit::dnsbl::{Keys, Registry, SubjectKind, Zone};
use mxaudit::practice::{Behaviour, PracticeServer};
use serde_json::Value;

/// A domain that could be somebody's. Only the name servers of these tests are asked about it.
const DOMAIN: &str = "bad.mxaudit-lab.net";

fn domain_zones(registry: &Registry) -> Vec<&Zone> {
    let chosen = registry.chosen(&Keys::default()).into_iter();
    chosen.filter(|zone| zone.entry(SubjectKind::Domain).is_some()).collect()
}

/// Every list for domains that is asked by default, healthy; the first of them lists what is given.
fn zone_text(listed: &[&str]) -> String {
    let registry = Registry::embedded().unwrap();
    let mut text = String::new();
    for (number, zone) in domain_zones(&registry).into_iter().enumerate() {
        let entry = zone.entry(SubjectKind::Domain).unwrap();
        let positive = entry.positive.as_deref().unwrap();
        let code =
            entry.answer.or_else(|| zone.codes.iter().map(|code| code.first).next()).unwrap();
        let name = zone.entry_name(SubjectKind::Domain, positive, None).unwrap();
        text.push_str(&format!("{} A {code}\n", name.asked()));
        for domain in listed.iter().filter(|_| number == 0) {
            text.push_str(&format!("{domain}.{} A {}\n", zone.zone, zone.codes[0].first));
        }
    }
    text
}

async fn server() -> PracticeServer {
    let mut behaviour = Behaviour::closed();
    behaviour.local_domains.push(DOMAIN.into());
    PracticeServer::start(behaviour, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap()
}

struct Ran {
    code: Option<i32>,
    report: Value,
    err: String,
}

fn check_in(folder: &Path, server: &PracticeServer, more: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .args(["check", "127.0.0.1", "--port", &server.address().port().to_string()])
        .args(["--vantage", "outside", "--auditor-domain", "audit.test", "--format", "json"])
        .args(["--profile", "quick"])
        .args(more)
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}\n{err}"));
    Ran { code: output.status.code(), report, err }
}

fn check(server: &PracticeServer, more: &[&str]) -> Ran {
    check_in(tempfile::tempdir().unwrap().path(), server, more)
}

impl Ran {
    fn host(&self) -> &Value {
        &self.report["hosts"][0]
    }

    fn findings(&self) -> Vec<&str> {
        let all = self.host()["findings"].as_array().unwrap();
        all.iter().filter_map(|finding| finding["id"].as_str()).collect()
    }

    /// Letter, score and coverage of the category.
    fn reputation(&self) -> (&Value, &Value, &Value) {
        let all = self.host()["grade"]["categories"].as_array().unwrap();
        let own = all.iter().find(|category| category["id"] == "reputation").unwrap();
        (&own["letter"], &own["score"], &own["standing"])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_is_listed_and_one_that_is_not() {
    let server = server().await;
    for (listed, code, found) in [(vec![DOMAIN], Some(1), true), (vec![], Some(0), false)] {
        let dns = DnsServer::with_zone(&zone_text(&listed)).await;
        let resolver = dns.address().to_string();
        let ran = check(&server, &["--local-domain", DOMAIN, "--resolver", &resolver]);
        assert_eq!(ran.code, code, "{}\n{:#}", ran.err, ran.report);
        assert_eq!(ran.findings().contains(&"listed-critical"), found, "{:#}", ran.report);
        let letter = if found { "F" } else { "A+" };
        assert_eq!(ran.reputation().0, letter, "{:#}", ran.host()["grade"]);
        let lists = &ran.host()["lists"][0];
        assert_eq!(lists["subject"], DOMAIN);
        assert_eq!(lists["standing"], if found { "listed" } else { "not-listed" });
        let run = &ran.report["run"]["lists"];
        assert_eq!(run["resolvers"][0], resolver);
        assert_eq!(run["registry"]["version"], 1);
        let states =
            run["zones"].as_array().unwrap().iter().flat_map(|zone| zone["kinds"].as_array());
        assert!(states.flatten().all(|kind| kind["state"] == "healthy"), "{run:#}");
        let questions = dns.asked();
        let registry = Registry::embedded().unwrap();
        for zone in domain_zones(&registry) {
            let about = format!("udp {DOMAIN}.{} A", zone.zone);
            let times = questions.iter().filter(|question| **question == about).count();
            assert_eq!(times, 1, "{about}: {questions:?}");
        }
        let of_addresses = |question: &&String| question.contains("zen.spamhaus.org");
        assert_eq!(questions.iter().find(of_addresses), None, "a loopback address is nobody's");
    }
}

/// What is not known never looks like what is good.
#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_is_gone_costs_coverage() {
    let server = server().await;
    let deaf = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let ran = check(&server, &["--local-domain", DOMAIN, "--resolver", &deaf.to_string()]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains(&format!("no list says anything about {DOMAIN}")), "{}", ran.err);
    assert_eq!(ran.host()["relay"]["verdict"], "closed");
    let grade = &ran.host()["grade"];
    assert_eq!(ran.reputation().2, "untested", "{grade:#}");
    assert!(grade["coverage"].as_u64().unwrap() < 90, "{grade:#}");
    assert_eq!(grade["letter"], "B", "{grade:#}");
}

/// Nobody is asked about names and addresses that are nobody's, and not where the user does not want it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_asked() {
    let server = server().await;
    let dns = DnsServer::with_zone(&zone_text(&[DOMAIN])).await;
    let resolver = dns.address().to_string();
    let ran = check(&server, &["--local-domain", "practice.test", "--resolver", &resolver]);
    assert_eq!(ran.reputation().2, "not-applicable");
    let skipped = ["--local-domain", DOMAIN, "--resolver", &resolver, "--skip", "reputation"];
    let ran = check(&server, &skipped);
    assert_eq!((ran.reputation().2.as_str(), ran.findings()), (Some("untested"), vec![]));
    assert_eq!(dns.asked(), Vec::<String>::new());
    // Only the list that is named.
    let named = ["--local-domain", DOMAIN, "--resolver", &resolver, "--zone", "spamhaus-dbl"];
    let ran = check(&server, &named);
    assert_eq!(ran.findings(), ["listed-critical"]);
    let asked = dns.asked();
    assert!(
        asked.iter().all(|q| q.contains("dbl.spamhaus.org") || q.contains(".invalid")),
        "{asked:?}"
    );
}

/// The lists stand in the text and the tables too, and mistakes are told before anything is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_sees() {
    let server = server().await;
    let dns = DnsServer::with_zone(&zone_text(&[DOMAIN])).await;
    let resolver = dns.address().to_string();
    let port = server.address().port().to_string();
    let run = |more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .current_dir(folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .args(["check", "127.0.0.1", "--port", &port, "--vantage", "outside"])
            .args(["--profile", "quick", "--auditor-domain", "audit.test"])
            .args(["--local-domain", DOMAIN, "--resolver", &resolver])
            .args(more)
            .output()
            .unwrap()
    };
    let text = String::from_utf8(run(&[]).stdout).unwrap();
    assert!(text.contains("error[listed-critical]"), "{text}");
    assert!(text.contains(&format!("lists: {DOMAIN}   listed in 1 list")), "{text}");
    let text = String::from_utf8(run(&["--format", "csv-findings"]).stdout).unwrap();
    assert!(text.contains("listed-critical"), "{text}");
    let text = String::from_utf8(run(&["--format", "csv-listings"]).stdout).unwrap();
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let column = table.headers().unwrap().iter().position(|name| name == "Word").unwrap();
    let words: Vec<_> = table.records().map(|row| row.unwrap()[column].to_owned()).collect();
    let lists = domain_zones(&Registry::embedded().unwrap()).len();
    assert_eq!(words.iter().filter(|word| *word == "listed").count(), 1, "{text}");
    assert_eq!(words.iter().filter(|word| *word == "not-listed").count(), lists - 1, "{text}");
    let asked = dns.asked().len();
    for (more, word) in [
        (["--zone", "nosuch"], "nosuch"),
        (["--zones", "missing.toml"], "missing.toml"),
        (["--keys", "missing.toml"], "missing.toml"),
    ] {
        let output = run(&more);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains(word), "{err}");
    }
    assert_eq!(dns.asked().len(), asked, "nothing was asked");
}

/// The answers of the lists are evidence too.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_holds_the_answers() {
    let server = server().await;
    let dns = DnsServer::with_zone(&zone_text(&[DOMAIN])).await;
    let resolver = dns.address().to_string();
    let folder = tempfile::tempdir().unwrap();
    let more = ["--local-domain", DOMAIN, "--resolver", &resolver, "--evidence", "evidence"];
    let ran = check_in(folder.path(), &server, &more);
    let replayed = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder.path())
        .args(["replay", "evidence", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(replayed.status.code(), ran.code);
    let report: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(report, ran.report);
}
