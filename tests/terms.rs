//! What counts for the exit code, end to end: baselines and suppressions.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/dns_server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod dns_server;

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use dns_server::DnsServer;
use mxaudit::dnsbl::{Keys, Registry, SubjectKind, Zone};
use mxaudit::practice::{Behaviour, PracticeServer, RelayPolicy};
use serde_json::Value;
use tempfile::TempDir;

/// A domain that could be somebody's. Only the name servers of these tests are asked about it.
const DOMAIN: &str = "bad.mxaudit-lab.net";

/// Every list for domains that is asked by default, healthy; the first of them lists the domain where that is wanted.
async fn lists(listed: bool) -> DnsServer {
    let registry = Registry::embedded().unwrap();
    let is_asked = |zone: &&Zone| zone.entry(SubjectKind::Domain).is_some();
    let mut text = String::new();
    for (number, zone) in registry.chosen(&Keys::default()).into_iter().filter(is_asked).enumerate()
    {
        let entry = zone.entry(SubjectKind::Domain).unwrap();
        let positive = entry.positive.as_deref().unwrap();
        let code =
            entry.answer.or_else(|| zone.codes.iter().map(|code| code.first).next()).unwrap();
        let name = zone.entry_name(SubjectKind::Domain, positive, None).unwrap();
        text.push_str(&format!("{} A {code}\n", name.asked()));
        if listed && number == 0 {
            text.push_str(&format!("{DOMAIN}.{} A {}\n", zone.zone, zone.codes[0].first));
        }
    }
    DnsServer::with_zone(&text).await
}

/// A name server that takes questions and never answers.
fn deaf() -> (std::net::UdpSocket, String) {
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

fn closed() -> Behaviour {
    let mut behaviour = Behaviour::closed();
    behaviour.local_domains.push(DOMAIN.into());
    behaviour
}

fn open() -> Behaviour {
    Behaviour { relay: RelayPolicy::Open, ..closed() }
}

/// Starts a server, at the port of one that has just been stopped where that is wanted.
async fn start(behaviour: Behaviour, port: u16) -> PracticeServer {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    loop {
        match PracticeServer::start(behaviour.clone(), address).await {
            Ok(server) => return server,
            Err(error) if port == 0 => panic!("{error}"),
            // The one before is not quite gone.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// A folder in which runs are made.
struct Place(TempDir);

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// Whether the report has these words, however its lines are broken.
    fn says(&self, words: &str) -> bool {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\n{self:?}"))
    }
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Runs with these arguments, divided by blanks.
    fn run(&self, arguments: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
        command.current_dir(self.0.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        let output = command.args(arguments.split_whitespace()).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Audits a server, with the lists that a name server gives.
    fn check(&self, server: &PracticeServer, resolver: &str, more: &str) -> Ran {
        let port = server.address().port();
        self.run(&format!(
            "check 127.0.0.1 --port {port} --vantage outside --auditor-domain audit.test --profile quick \
             --local-domain {DOMAIN} --resolver {resolver} {more}"
        ))
    }
}

fn suppress(check: &str, expires: &str) -> String {
    format!(
        "[[suppress]]\ncheck = \"{check}\"\ntarget = \"127.0.0.0/8\"\nreason = \"delisting asked for\"\n\
         expires = {expires}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_new_fails_against_a_baseline() {
    let (place, server) = (Place::new(), start(closed(), 0).await);
    let (clean, listed) = (lists(false).await, lists(true).await);
    let (clean, listed) = (clean.address().to_string(), listed.address().to_string());
    let ran = place.check(&server, &clean, "--format json=clean.json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = place.check(&server, &listed, "--format json=listed.json --evidence evidence");
    assert_eq!(ran.code, Some(1), "{ran:?}");

    let ran = place.check(&server, &listed, "--baseline clean.json");
    assert_eq!(ran.code, Some(1), "new against a clean run: {ran:?}");
    assert!(ran.says("1 finding new; 0 findings known"), "{ran:?}");

    let ran = place.check(&server, &listed, "--baseline listed.json --format json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = ran.json();
    let said = &report["run"]["baseline"];
    assert_eq!(
        (&said["known"], &said["left_out"], &said["new"]),
        (&1.into(), &1.into(), &0.into())
    );
    let finding = &report["hosts"][0]["findings"][0];
    assert_eq!(
        (&finding["id"], &finding["baseline"]),
        (&"listed-critical".into(), &"known".into())
    );
    // The grade is that of the server, whatever is known of it.
    let before: Value =
        serde_json::from_str(&fs::read_to_string(place.0.path().join("listed.json")).unwrap())
            .unwrap();
    assert_eq!(report["hosts"][0]["grade"], before["hosts"][0]["grade"]);

    let ran = place.check(&server, &listed, "--baseline listed.json");
    assert!(ran.says("error[listed-critical]"), "shown all the same: {ran:?}");
    assert!(ran.says("does not count for the exit code; known"), "{ran:?}");
    assert!(ran.says("1 finding known, of which 1 do not count"), "{ran:?}");

    // Stored evidence is held to the same baseline.
    for (baseline, code) in [("listed.json", 0), ("clean.json", 1)] {
        let ran = place.run(&format!("replay evidence --baseline {baseline}"));
        assert_eq!(ran.code, Some(code), "{baseline}: {ran:?}");
    }
    // What is not known is no success, however well it was known once.
    let (_socket, silent) = deaf();
    let ran = place.check(&server, &silent, "--baseline listed.json --format json=silent.json");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let ran = place.run("diff listed.json silent.json");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.says("no longer testable: high[listed-critical]"), "{ran:?}");
    assert!(ran.says("0 new, 0 fixed, 0 unchanged, 1 no longer testable"), "{ran:?}");
    let ran = place.run("diff listed.json clean.json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.says("fixed: high[listed-critical]"), "{ran:?}");
}

/// The run before and the run after a relay is closed, against each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_closed() {
    let place = Place::new();
    let dns = lists(false).await;
    let resolver = dns.address().to_string();
    let server = start(open(), 0).await;
    let port = server.address().port();
    let ran = place.check(&server, &resolver, "--format json=before.json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    // An open relay fails, in the baseline or not.
    let ran = place.check(&server, &resolver, "--baseline before.json --fail-on critical");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.says("counts all the same"), "{ran:?}");
    drop(server);

    let server = start(closed(), port).await;
    let more = "--baseline before.json --format json=after.json";
    assert_eq!(place.check(&server, &resolver, more).code, Some(0));
    let ran = place.run("diff before.json after.json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.says("relay open -> closed: fixed"), "{ran:?}");
    assert!(ran.says("fixed: critical[open-relay]"), "{ran:?}");
    drop(server);

    // Nobody is there any more: that is no repair.
    let server = start(open(), 0).await;
    let gone = place.run(&format!(
        "check 127.0.0.1 --port {port} --vantage outside --auditor-domain audit.test --profile quick \
         --skip reputation --baseline before.json --format json=gone.json"
    ));
    assert_eq!(gone.code, Some(3), "{gone:?}");
    let ran = place.run("diff before.json gone.json");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.says("no longer testable: critical[open-relay]"), "{ran:?}");
    assert!(!ran.says(": fixed") && ran.says("0 fixed"), "{ran:?}");
    // Another server is another host.
    let ran = place.check(&server, &resolver, "--baseline before.json --format json");
    assert_eq!((ran.code, &ran.json()["run"]["baseline"]["known"]), (Some(1), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_baseline_is_refused_before_anything_is_sent() {
    let (place, server) = (Place::new(), start(closed(), 0).await);
    place.write("empty.json", "");
    place.write("other.json", "{\"schema\":\"mxaudit.lists.v1\"}");
    place.write("half.json", "{\"schema\":\"mxaudit.report.v1\",\"hosts\":[");
    for (file, want) in [
        ("none.json", "cannot be read: "),
        ("empty.json", "it is empty"),
        ("other.json", "\"mxaudit.lists.v1\" is not one that can be compared"),
        ("half.json", "no whole report of mxaudit"),
    ] {
        let ran = place.check(&server, "127.0.0.1:9", &format!("--baseline {file}"));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.starts_with(&format!("mxaudit: --baseline {file}: ")), "{ran:?}");
        assert!(ran.err.contains(want) && ran.err.lines().count() == 1, "{ran:?}");
    }
    assert_eq!(server.counters().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_finding_is_shown_and_does_not_count() {
    let (place, server) = (Place::new(), start(closed(), 0).await);
    let dns = lists(true).await;
    let resolver = dns.address().to_string();
    place.write("mxaudit.toml", &suppress("listed-critical", "2999-01-01"));
    let ran = place.check(&server, &resolver, "--evidence evidence");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for want in [
        "error[listed-critical]",
        "note: does not count for the exit code; suppressed until 2999-01-01 (mxaudit.toml:1)",
        "suppressed until 2999-01-01: listed-critical on 127.0.0.0/8, 1 finding",
        "delisting asked for",
    ] {
        assert!(ran.says(want), "{want}: {ran:?}");
    }
    // The stored run says the same, byte for byte, and without the file it does not.
    let again = place.run("replay evidence");
    assert_eq!((again.code, again.out.as_str()), (Some(0), ran.out.as_str()));
    place.write("other.toml", "");
    assert_eq!(place.run("replay evidence --config other.toml").code, Some(1));

    place.write("mxaudit.toml", &suppress("listed-critical", "2020-01-01"));
    let ran = place.check(&server, &resolver, "");
    assert_eq!(ran.code, Some(1), "it re-opens: {ran:?}");
    for want in [
        "note: counts again: its suppression ended after 2020-01-01 (mxaudit.toml:1)",
        "suppression ended after 2020-01-01: listed-critical on 127.0.0.0/8, 1 finding, which count",
    ] {
        assert!(ran.says(want), "{want}: {ran:?}");
    }
    place.write("mxaudit.toml", &suppress("late-refusal", "2999-01-01"));
    let ran = place.check(&server, &resolver, "");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.says("suppression without effect: there is no late-refusal"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_relay_cannot_be_suppressed() {
    let (place, server) = (Place::new(), start(open(), 0).await);
    place.write("mxaudit.toml", &suppress("open-relay", "2999-01-01"));
    let ran = place.check(&server, "127.0.0.1:9", "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    let want = "mxaudit: mxaudit.toml:2:9: check: `open-relay` cannot be suppressed: a server that relays for \
                strangers fails every run until it is closed; `mxaudit explain open-relay` says how to close it, \
                then remove this [[suppress]] table\n";
    assert_eq!(ran.err, want);
    assert_eq!(server.counters().connections, 0, "nothing was sent");
}

/// A sweep, and the report of its folder later.
#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_is_held_to_the_same_terms() {
    let (place, server) = (Place::new(), start(closed(), 0).await);
    let (dns, clean) = (lists(true).await, lists(false).await);
    let (dns, clean) = (dns.address().to_string(), clean.address().to_string());
    let port = server.address().port();
    let sweep = |resolver: &str, more: &str| {
        place.run(&format!(
            "sweep 127.0.0.1 --port {port} --vantage outside --auditor-domain audit.test --profile quick \
             --local-domain {DOMAIN} --resolver {resolver} {more}"
        ))
    };
    place.write("mxaudit.toml", "");
    assert_eq!(sweep(&clean, "--out clean").code, Some(0));
    let ran = sweep(&dns, "--out first");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    for (baseline, code, words) in [("first", 0, "1 do not count"), ("clean", 1, "1 finding new")] {
        for (out, report) in [("-plain", ""), ("-report", "--format terminal")] {
            let ran = sweep(&dns, &format!("--out {baseline}{out} --baseline {baseline} {report}"));
            assert_eq!(ran.code, Some(code), "{baseline} {report}: {ran:?}");
            assert!(ran.says(words), "{baseline} {report}: {ran:?}");
        }
        let ran = place.run(&format!("report first --baseline {baseline} --format json"));
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert_eq!(ran.json()["run"]["baseline"]["hosts"], 1);
    }
    let ran = place.run("report first --baseline empty");
    assert!(ran.code == Some(2) && ran.err.contains("--baseline empty: cannot be read"), "{ran:?}");

    place.write("mxaudit.toml", &suppress("listed-critical", "2999-01-01"));
    let ran = sweep(&dns, "--out suppressed");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.says("suppressed until 2999-01-01: listed-critical"), "{ran:?}");
    let stored = place.run("report suppressed --format terminal");
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert!(stored.says("suppressed until 2999-01-01"), "{stored:?}");
    let quiet = place.run("report suppressed --quiet");
    assert!(quiet.says("suppressed until 2999-01-01"), "{quiet:?}");
    place.write("mxaudit.toml", &suppress("open-relay", "2999-01-01"));
    for arguments in ["report suppressed", "sweep --resume suppressed"] {
        let ran = place.run(arguments);
        assert!(ran.code == Some(2) && ran.err.contains("cannot be suppressed"), "{ran:?}");
    }
}
