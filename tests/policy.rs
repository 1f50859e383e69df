//! Policies end to end: made from a report, held to a stored one and to a run.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use mxaudit::practice::{Behaviour, Delivery, LOCAL_DOMAIN, PracticeServer, RelayPolicy};
use serde_json::Value;
use tempfile::TempDir;

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
}

/// A folder in which runs are made.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Runs with these arguments, divided by blanks.
    fn run(&self, arguments: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
        command.current_dir(self.0.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        let output = command.args(arguments.split_whitespace()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn check(&self, server: &PracticeServer, more: &str) -> Ran {
        let port = server.address().port();
        self.run(&format!(
            "check 127.0.0.1 --port {port} --vantage outside --auditor-domain audit.test \
             --local-domain {LOCAL_DOMAIN} {more}"
        ))
    }
}

async fn start(behaviour: Behaviour) -> PracticeServer {
    PracticeServer::start(behaviour, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_made_from_a_report_is_met_by_it_and_by_the_server() {
    let (place, server) = (Place::new(), start(Behaviour::closed()).await);
    let ran = place.check(
        &server,
        "--matrix --format json=report.json --format jsonl=report.jsonl --evidence evidence",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for from in ["report.json", "report.jsonl"] {
        let ran = place.run(&format!("policy make --from {from} --output policy.toml"));
        let text = place.read("policy.toml");
        // Trusted clients and users who have logged in were not asked.
        assert_eq!(ran.code, Some(3), "{ran:?}\n{text}");
        assert!(
            ran.err.contains("left out: matrix trusted.foreign.foreign: it is not known"),
            "{ran:?}"
        );
        assert!(text.contains("# Left out: matrix trusted.foreign.foreign"), "{text}");
        assert!(text.contains("foreign.foreign.foreign = \"no\""), "{text}");
        assert!(text.contains("id = \"relay.variants\"\nrequired = [\"pass\"]"), "{text}");
        for report in ["report.json", "report.jsonl"] {
            let ran = place.run(&format!("policy check --policy policy.toml {report}"));
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert!(ran.says(": as expected"), "{ran:?}");
            assert!(
                ran.says("policy mail servers 1 (policy.toml), hosts: met by all of 1"),
                "{ran:?}"
            );
        }
    }
    let ran = place.check(&server, "--matrix --policy policy.toml --format json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&report["run"]["policy"]["met"], &report["hosts"][0]["policy"]),
        (&true.into(), &Value::Array(Vec::new()))
    );
    // Without the matrix it is not known, and the exit code says so in every command.
    let ran = place.check(&server, "--policy policy.toml");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let want = "policy violated: matrix foreign.foreign.foreign: expected no, found not asked (not known is not met)";
    assert!(ran.says(want), "{ran:?}");
    assert_eq!(place.run("replay evidence --policy policy.toml").code, Some(0));
    place.write("mxaudit.toml", &place.read("policy.toml"));
    assert_eq!(place.check(&server, "").code, Some(1), "the table of the configuration");
    assert_eq!(place.run("replay evidence").code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_became_worse_violates_its_policy() {
    let (place, server) = (Place::new(), start(Behaviour::closed()).await);
    assert_eq!(place.check(&server, "--format json=good.json").code, Some(0));
    let made = place.run("policy make --from good.json --name example.org --version 4");
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{made:?}");
    place.write("policy.toml", &made.out);
    let sloppy = Behaviour { delivery: Delivery::BareLf, ..Behaviour::closed() };
    let worse = start(sloppy).await;
    assert_eq!(
        place.check(&worse, "--format json=worse.json").code,
        Some(0),
        "a finding of low severity"
    );
    let ran = place.check(&worse, "--policy policy.toml");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.says("policy violated: protocol.conformance: expected pass, found warn"),
        "{ran:?}"
    );
    let ran = place.run("policy check --policy policy.toml worse.json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.says("policy example.org 4 (policy.toml), hosts: violated by 1 of 1"), "{ran:?}");
    let ran = place.run("policy check --policy policy.toml worse.json --format json");
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &said["policy"]["version"]), (Some(1), &4.into()), "{ran:?}");
    assert_eq!(said["hosts"][0]["violations"][0]["found"], "warn", "{ran:?}");
    // Nobody answers any more: that is not known, and no success.
    let port = worse.address().port();
    drop(worse);
    let gone = place.run(&format!(
        "check 127.0.0.1 --port {port} --format json=gone.json --policy policy.toml"
    ));
    assert_eq!(gone.code, Some(1), "{gone:?}");
    let empty = "[policy]\nname = \"nothing\"\nversion = 1\n";
    place.write("nothing.toml", empty);
    let ran = place.run("policy check --policy nothing.toml gone.json");
    assert_eq!(ran.code, Some(3), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_policy_expects_an_open_relay() {
    let open = Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() };
    let (place, server) = (Place::new(), start(open).await);
    assert_eq!(place.check(&server, "--format json=open.json").code, Some(1));
    let ran = place.run("policy make --from open.json --output policy.toml");
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    assert!(
        ran.err.starts_with("mxaudit: open.json: 127.0.0.1:")
            && ran.err.contains("relays for strangers (open)"),
        "{ran:?}"
    );
    assert!(!place.0.path().join("policy.toml").exists());
    place.write("nothing.toml", "[policy]\nname = \"nothing\"\nversion = 1\n");
    let ran = place.run("policy check --policy nothing.toml open.json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.says("relay: expected closed, found open"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_is_held_to_a_policy_too() {
    let (place, server) = (Place::new(), start(Behaviour::closed()).await);
    place.write("mxaudit.toml", "");
    let port = server.address().port();
    let sweep = format!(
        "sweep 127.0.0.1 --port {port} --vantage outside --auditor-domain audit.test --local-domain {LOCAL_DOMAIN}"
    );
    assert_eq!(place.run(&format!("{sweep} --out first")).code, Some(0));
    let made = place.run("policy make --from first --output policy.toml");
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(place.run("policy check --policy policy.toml first").code, Some(0));
    let ran = place.run(&format!("{sweep} --out second --policy policy.toml"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.says("hosts: met by all of 1"), "{ran:?}");
    let better = place.read("policy.toml").replace("version = 1", "version = 2")
        + "\n[[policy.mx]]\ndomain = \"example.test\"\nhosts = [\"mx.example.test\"]\n";
    place.write("policy.toml", &better);
    for command in
        ["report second --policy policy.toml", "policy check --policy policy.toml second"]
    {
        let ran = place.run(command);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.says("mx example.test: expected mx.example.test, found not known"), "{ran:?}");
    }
}

#[test]
fn what_is_no_policy_is_refused() {
    let place = Place::new();
    place.write("empty.toml", "");
    place.write("lists.json", "{\"schema\":\"mxaudit.lists.v1\"}");
    place.write("policy.toml", "[policy]\nname = \"x\"\nversion = 1\n");
    for (arguments, want) in [
        ("check 127.0.0.1 --policy none.toml", "none.toml: cannot be read: "),
        ("check 127.0.0.1 --policy empty.toml", "empty.toml:1:1: there is no [policy] table"),
        (
            "policy check --policy empty.toml lists.json",
            "empty.toml:1:1: there is no [policy] table",
        ),
        (
            "policy check --policy policy.toml lists.json",
            "lists.json: the schema \"mxaudit.lists.v1\"",
        ),
        ("policy make --from lists.json", "lists.json: the schema \"mxaudit.lists.v1\""),
        ("policy make --from none.json", "none.json: cannot be read"),
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments}: {ran:?}");
        assert!(ran.err.starts_with(&format!("mxaudit: {want}")), "{arguments}: {ran:?}");
    }
}
