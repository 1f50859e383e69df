//! POP-before-SMTP: the engine against scripted servers in no time, and the binary on loopback.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;
#[path = "support/pop.rs"]
mod pop;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use lab::{self_signed, settings, target};
use mxaudit::engine::{Interrupt, PopSettings, Settings, audit, most_checks};
use mxaudit::evidence::matrix::Gap;
use mxaudit::evidence::pop::PopEnd;
use mxaudit::evidence::{DialFailure, DialFault, Evidence, Stop, record};
use mxaudit::net::{Connection, Dialer};
use mxaudit::practice::{
    Behaviour, Block, BlockStage, LOCAL_DOMAIN, RelayPolicy, SenderMatch, Temporary,
};
use mxaudit::session::{Credentials, PopTls, Secret};
use mxaudit::target::Target;
use mxaudit::verdict::{PopOutcome, PopReason, PopVerdict, Undecided, findings, judge};
use mxaudit::verdict::{PopWindow, Verdict, pop_before_smtp};
use pop::{PASSWORD, Site};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const MAIL: u16 = 2525;
const POP: u16 = 2110;

/// Connections that never leave this process.
struct Inside {
    site: Site,
    /// What the questions seem to come from.
    source: [u8; 4],
    /// A port where nothing listens.
    dead: Option<u16>,
}

impl Dialer for Inside {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        let is_pop = target.port() == POP;
        if self.dead == Some(target.port()) {
            let text = "connection refused".to_owned();
            return Box::pin(async { Err(DialFailure { kind: DialFault::Refused, text }) });
        }
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let site = self.site.clone();
        if is_pop {
            tokio::spawn(site.pop(theirs));
        } else {
            tokio::spawn(site.smtp(theirs));
        }
        let local = if is_pop { [127, 0, 0, 1] } else { self.source };
        let connection = Connection {
            stream: Box::new(ours),
            local: SocketAddr::from((local, 40000)),
            peer: SocketAddr::new(target.address(), target.port()),
        };
        Box::pin(async { Ok(connection) })
    }
}

fn loopback(port: u16) -> Target {
    target(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn asked_for(window: u64, tls: PopTls, password: &str) -> Settings {
    let password = Secret::new(password.into());
    let account = Credentials { username: "jane".into(), password, mechanism: None, address: None };
    let servers = vec![(loopback(POP), tls)];
    let window = Duration::from_secs(window);
    Settings { pop: Some(PopSettings { account, servers, window }), ..settings() }
}

async fn run(dialer: Inside, settings: Settings) -> Evidence {
    let dialer = Arc::new(dialer);
    let targets = vec![loopback(MAIL)];
    let settings = Arc::new(settings);
    let mut all = audit(targets, settings, dialer, Interrupt::default(), |_| {}).await;
    all.pop().unwrap()
}

async fn asked(site: &Site, window: u64) -> (Evidence, PopVerdict) {
    let dialer = Inside { site: site.clone(), source: [127, 0, 0, 1], dead: None };
    let evidence = run(dialer, asked_for(window, PopTls::StlsOrClear, PASSWORD)).await;
    let verdict = pop_before_smtp(&evidence).unwrap();
    (evidence, verdict)
}

fn found(evidence: &Evidence) -> Vec<&'static str> {
    findings(evidence, &judge(evidence)).iter().map(|finding| finding.id).collect()
}

fn heard(site: &Site) -> Vec<String> {
    site.heard.lock().unwrap().clone()
}

/// Windows of half a minute, of half an hour and of ten hours, each known to less than 10 %.
#[tokio::test(start_paused = true)]
async fn a_window_is_measured() {
    for truth in [30, 100, 1800, 36000] {
        let site = Site::new(Duration::from_secs(truth));
        let (evidence, verdict) = asked(&site, 86400).await;
        assert_eq!(verdict.outcome, PopOutcome::Granted, "{verdict:?}");
        let PopWindow { at_least, below } = verdict.window.unwrap();
        let (truth, below) = (truth * 1000, below.unwrap());
        assert!(at_least <= truth && truth <= below, "{at_least} to {below}");
        assert!((below - at_least) * 10 < at_least, "{at_least} to {below}");
        assert_eq!(found(&evidence), ["pop-before-smtp"]);
        assert_eq!(judge(&evidence).verdict, Verdict::Closed, "for strangers it is");
        let checks = evidence.pop.as_ref().unwrap().checks.len();
        assert!(checks <= most_checks(Duration::from_secs(truth / 1000 * 2)), "{checks}");
        // One login, no connection left open, nothing past RCPT.
        assert_eq!(heard(&site), ["STLS", "USER jane", "PASS Kx7-sesame-9q", "QUIT"]);
        let seen = site.ledger.counters();
        assert_eq!((seen.data, seen.concurrent_peak), (0, 1), "{seen:?}");
        assert_eq!(seen.quits, seen.connections, "{seen:?}");
        // The evidence alone says the same, whole or from its texts.
        let texts = record::to_texts(&evidence).unwrap();
        let texts: Vec<_> = texts.into_iter().map(|text| ("x.smtp".to_owned(), text)).collect();
        let again = record::from_texts(&texts).unwrap().unwrap();
        assert_eq!(pop_before_smtp(&again).unwrap(), verdict);
    }
}

/// A server may count from the password on or from its answer, which may take long.
#[tokio::test(start_paused = true)]
async fn a_slow_login_widens_the_bounds() {
    for counts_early in [true, false] {
        let slow = Duration::from_secs(4);
        let site = Site { slow, counts_early, ..Site::new(Duration::from_secs(100)) };
        let (_, verdict) = asked(&site, 3600).await;
        let PopWindow { at_least, below } = verdict.window.unwrap();
        assert!(at_least <= 100_000 && 100_000 <= below.unwrap(), "{verdict:?}");
    }
}

/// A server that stops answering leaves the end open.
#[tokio::test(start_paused = true)]
async fn an_end_that_nobody_sees_is_none() {
    let listed = "554 5.7.1 Client host [127.0.0.1] blocked using bl.test".to_owned();
    let block = Block { stage: BlockStage::Rcpt, reply: listed, exempt_postmaster: false };
    let site = Site::new(Duration::from_secs(30));
    let blocked = Behaviour { block_client: Some(block), ..Behaviour::closed() };
    let site = Site { after: Some(blocked), ..site };
    let (_, verdict) = asked(&site, 3600).await;
    let window = verdict.window.unwrap();
    assert!(window.below.is_none() && window.at_least >= 27_000, "{verdict:?}");
    assert_eq!(verdict.heard.iter().flatten().filter(|heard| heard.reason().is_some()).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_window_without_an_end_is_at_least_so_long() {
    let site = Site::new(Duration::from_secs(36000));
    let (evidence, verdict) = asked(&site, 60).await;
    let window = PopWindow { at_least: 60000, below: None };
    assert_eq!((verdict.outcome, verdict.window), (PopOutcome::Granted, Some(window)));
    let found = findings(&evidence, &judge(&evidence));
    assert!(found[0].summary.ends_with("may relay for at least 60.0 s"), "{}", found[0].summary);
    assert!(found[0].notes.iter().any(|note| note.contains("in the clear")), "{:?}", found[0]);
}

/// A server that reads a log notices a login late.
#[tokio::test(start_paused = true)]
async fn a_late_notice_is_waited_for() {
    let site = Site { delay: Duration::from_secs(12), ..Site::new(Duration::from_secs(300)) };
    let (_, verdict) = asked(&site, 3600).await;
    let PopWindow { at_least, below } = verdict.window.unwrap();
    assert!(at_least <= 300_000 && 300_000 <= below.unwrap(), "{verdict:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_without_it_says_no() {
    let site = Site::new(Duration::ZERO);
    let (evidence, verdict) = asked(&site, 3600).await;
    assert_eq!((verdict.outcome, verdict.window), (PopOutcome::NotGranted, None));
    assert_eq!(evidence.pop.as_ref().unwrap().checks.len(), 6, "one before and five after");
    assert_eq!(found(&evidence), [""; 0]);
    assert_eq!(verdict.missing(&evidence), None);
}

/// What was granted before cannot have been granted by the login, which then is not made.
#[tokio::test(start_paused = true)]
async fn an_open_relay_is_not_measured() {
    let open = Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() };
    let site = Site { closed: open, ..Site::new(Duration::from_secs(30)) };
    let (evidence, verdict) = asked(&site, 3600).await;
    assert_eq!(verdict.outcome, PopOutcome::NotMeasured);
    assert_eq!((heard(&site), found(&evidence)), (vec![], vec!["open-relay"]));
    assert!(verdict.missing(&evidence).unwrap().contains("granted-before-login"));
}

/// The mail server says nothing about relaying: before the login, so that none is made, or after.
#[tokio::test(start_paused = true)]
async fn what_says_nothing_is_unknown() {
    let later = Temporary::Always { reply: "451 4.3.0 try again later".into() };
    let deferred = Behaviour { temporary: Some(later), ..Behaviour::closed() };
    let listed = "554 5.7.1 Client host [127.0.0.1] blocked using bl.test".to_owned();
    let block = Block { stage: BlockStage::Rcpt, reply: listed, exempt_postmaster: false };
    let blocked = Behaviour { block_client: Some(block), ..Behaviour::closed() };
    let refused = "550 5.1.8 Sender address rejected: Domain not found".to_owned();
    let sender =
        Behaviour { refuse_sender: Some((SenderMatch::Any, refused)), ..Behaviour::closed() };
    let unsure = "450 4.1.1 <x@audit.test>: Recipient address rejected: User unknown";
    let unsure = Temporary::Always { reply: unsure.into() };
    let unsure = Behaviour { temporary: Some(unsure), ..Behaviour::closed() };
    let undecided = PopReason::Undecided;
    let table = [
        (deferred, PopReason::Deferred),
        (unsure, PopReason::Deferred),
        (blocked, undecided(Undecided::Blocked)),
        (sender, undecided(Undecided::SenderRefused)),
    ];
    for (behaviour, why) in table {
        let site = Site { closed: behaviour.clone(), ..Site::new(Duration::from_secs(30)) };
        let (evidence, verdict) = asked(&site, 3600).await;
        assert_eq!(verdict.outcome, PopOutcome::Unknown(why));
        assert_eq!((heard(&site), found(&evidence).contains(&"pop-before-smtp")), (vec![], false));
        assert!(verdict.missing(&evidence).unwrap().contains(why.as_str()));
        let site = Site { open: behaviour, ..Site::new(Duration::from_secs(300)) };
        let (evidence, verdict) = asked(&site, 60).await;
        assert_eq!(verdict.outcome, PopOutcome::Unknown(why));
        assert_eq!((heard(&site).len(), found(&evidence)), (4, vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn no_login_is_unknown() {
    let tls = |at_once| Site {
        tls: Some(TlsAcceptor::from(self_signed("pop.test"))),
        at_once,
        ..Site::new(Duration::from_secs(30))
    };
    let site = || Site::new(Duration::from_secs(30));
    let table = [
        (site(), PopTls::Stls, PASSWORD, PopEnd::NoTls, "STLS QUIT"),
        (site(), PopTls::AtOnce, PASSWORD, PopEnd::NoTls, ""),
        (site(), PopTls::StlsOrClear, "verkehrt", PopEnd::Refused, "STLS USER PASS QUIT"),
        (tls(false), PopTls::Stls, "verkehrt", PopEnd::Refused, "STLS USER PASS QUIT"),
        (
            Site { pop_greeting: "-ERR busy", ..site() },
            PopTls::Stls,
            PASSWORD,
            PopEnd::NoGreeting,
            "QUIT",
        ),
        (
            Site { pop_greeting: "220 mx ESMTP", ..site() },
            PopTls::Stls,
            PASSWORD,
            PopEnd::NoGreeting,
            "",
        ),
    ];
    for (site, tls, password, end, want) in table {
        let dialer = Inside { site: site.clone(), source: [127, 0, 0, 1], dead: None };
        let evidence = run(dialer, asked_for(3600, tls, password)).await;
        let verdict = pop_before_smtp(&evidence).unwrap();
        assert_eq!(verdict.outcome, PopOutcome::Unknown(PopReason::Login(end)), "{evidence:?}");
        let heard = heard(&site);
        // The start of a handshake is no line, and a server without TLS hears it.
        let spoken = |line: &&String| {
            ["STLS", "USER", "PASS", "QUIT"].contains(&line.split(' ').next().unwrap())
        };
        let lines = heard.iter().filter(spoken);
        let verbs: Vec<_> = lines.map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(verbs.join(" "), want);
        assert_eq!(evidence.pop.as_ref().unwrap().checks.len(), 1, "nothing is asked after it");
        assert!(!format!("{evidence:?}").contains(password), "the password is nowhere");
    }
    let dialer = Inside { site: site(), source: [127, 0, 0, 1], dead: Some(POP) };
    let evidence = run(dialer, asked_for(3600, PopTls::Stls, PASSWORD)).await;
    let verdict = pop_before_smtp(&evidence).unwrap();
    assert_eq!(verdict.outcome, PopOutcome::Unknown(PopReason::Login(PopEnd::NoConnection)));
    assert!(verdict.missing(&evidence).unwrap().contains("(connection refused)"));
}

/// Where the password could not be sent, the next server is tried; where it was refused, none.
#[tokio::test(start_paused = true)]
async fn a_password_is_sent_once() {
    for (password, first, spoken) in [
        (PASSWORD, PopTls::Stls, "STLS QUIT STLS USER PASS QUIT"),
        ("verkehrt", PopTls::StlsOrClear, "STLS USER PASS QUIT"),
    ] {
        let site = Site::new(Duration::from_secs(30));
        let dialer = Inside { site: site.clone(), source: [127, 0, 0, 1], dead: None };
        let mut settings = asked_for(60, PopTls::StlsOrClear, password);
        settings.pop.as_mut().unwrap().servers.insert(0, (loopback(POP), first));
        run(dialer, settings).await;
        let heard = heard(&site);
        let verbs: Vec<_> = heard.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(verbs.join(" "), spoken);
    }
}

/// Where nobody answers there is nothing to log in for.
#[tokio::test(start_paused = true)]
async fn an_unreachable_server_gets_no_login() {
    let site = Site::new(Duration::from_secs(30));
    let dialer = Inside { site: site.clone(), source: [127, 0, 0, 1], dead: Some(MAIL) };
    let evidence = run(dialer, asked_for(3600, PopTls::StlsOrClear, PASSWORD)).await;
    let verdict = pop_before_smtp(&evidence).unwrap();
    assert_eq!(verdict.outcome, PopOutcome::Unknown(PopReason::Gap(Gap::NoConnection)));
    assert_eq!((judge(&evidence).verdict, heard(&site)), (Verdict::Unreachable, vec![]));
}

/// The server opened to an address that is not the one that asks.
#[tokio::test(start_paused = true)]
async fn two_sources_are_unknown() {
    let site = Site::new(Duration::ZERO);
    let dialer = Inside { site, source: [127, 0, 0, 2], dead: None };
    let evidence = run(dialer, asked_for(10, PopTls::StlsOrClear, PASSWORD)).await;
    let verdict = pop_before_smtp(&evidence).unwrap();
    assert_eq!(verdict.outcome, PopOutcome::Unknown(PopReason::OtherSource));
}

/// An interrupt leaves what was seen, and the verdict on relaying as it was.
#[tokio::test(start_paused = true)]
async fn an_interrupt_keeps_what_was_seen() {
    for (window, at_least) in [(36000, true), (0, false)] {
        let site = Site::new(Duration::from_secs(window));
        let login = Arc::clone(&site.login);
        let dialer = Arc::new(Inside { site, source: [127, 0, 0, 1], dead: None });
        let interrupt = Interrupt::default();
        let finish = interrupt.finish.clone();
        tokio::spawn(async move {
            while login.lock().unwrap().is_none() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            tokio::time::sleep(Duration::from_secs(8)).await;
            finish.cancel();
        });
        let settings = Arc::new(asked_for(3600, PopTls::StlsOrClear, PASSWORD));
        let mut all = audit(vec![loopback(MAIL)], settings, dialer, interrupt, |_| {}).await;
        let evidence = all.pop().unwrap();
        let verdict = pop_before_smtp(&evidence).unwrap();
        assert_eq!(evidence.pop.as_ref().unwrap().stopped, Some(Stop::Interrupted));
        assert_eq!(judge(&evidence).verdict, Verdict::Closed);
        assert_eq!(verdict.window.is_some_and(|window| window.below.is_none()), at_least);
        let stopped = PopOutcome::Unknown(PopReason::Login(PopEnd::Stopped));
        assert_eq!(verdict.outcome, if at_least { PopOutcome::Granted } else { stopped });
    }
}

/// Both servers of a site on loopback: the mail server's port and the POP3 server's.
async fn on_loopback(site: &Site) -> (u16, u16) {
    let (mail, pop) = (
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
        TcpListener::bind("127.0.0.1:0").await.unwrap(),
    );
    let ports = (mail.local_addr().unwrap().port(), pop.local_addr().unwrap().port());
    let both = (site.clone(), site.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = mail.accept().await {
            tokio::spawn(both.0.clone().smtp(stream));
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = pop.accept().await {
            tokio::spawn(both.1.clone().pop(stream));
        }
    });
    ports
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
    folder: TempDir,
}

impl Ran {
    fn pop(&self) -> Value {
        let report: Value = serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schema/v1.json");
        let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<_> = schema.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        report["hosts"][0]["pop_before_smtp"].clone()
    }
}

fn check(ports: (u16, u16), password: &str, mode: u32, more: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.toml");
    fs::write(&file, format!("username = \"jane\"\npassword = \"{password}\"\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .args(["check", "127.0.0.1", "--port", &ports.0.to_string(), "--vantage", "outside"])
        .args(["--auditor-domain", "audit.test", "--local-domain", LOCAL_DOMAIN])
        .args(["--profile", "quick", "--pop-credentials", "account.toml"])
        .args(["--pop-port", &ports.1.to_string(), "--pop-window", "1"])
        .args(more)
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        folder,
    }
}

const JSON: [&str; 2] = ["--format", "json"];

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_says_yes_no_and_cannot_tell() {
    let tls = Some(TlsAcceptor::from(self_signed("pop.test")));
    let site = Site { tls, ..Site::new(Duration::from_secs(3600)) };
    let ports = on_loopback(&site).await;
    let ran = check(ports, PASSWORD, 0o600, &JSON);
    let pop = ran.pop();
    assert_eq!((ran.code, &pop["outcome"]), (Some(0), &"granted".into()), "{}", ran.err);
    assert_eq!(pop["window"]["below_seconds"], Value::Null);
    assert!(pop["window"]["at_least_seconds"].as_f64().unwrap() >= 0.9, "{pop}");
    assert_eq!(pop["logins"][0]["result"], "logged-in");
    assert_eq!(pop["logins"][0]["tls"]["version"], "TLSv1.3");
    let announced = "mxaudit: POP-before-SMTP: after all else one POP3 login (127.0.0.1:";
    assert!(ran.err.starts_with(announced) && ran.err.lines().count() == 1, "{}", ran.err);
    assert!(ran.err.ends_with("for at most 1 s and on at most 3 connections\n"), "{}", ran.err);
    // Medium findings fail only where the user says so.
    *site.login.lock().unwrap() = None;
    let ran = check(ports, PASSWORD, 0o600, &["--fail-on", "medium", "--quiet"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);

    let ports = on_loopback(&Site::new(Duration::ZERO)).await;
    let ran = check(ports, PASSWORD, 0o600, &["--auth-in-clear", "--format", "json"]);
    assert_eq!((ran.code, &ran.pop()["outcome"]), (Some(0), &"not-granted".into()), "{}", ran.err);
    let ran = check(ports, PASSWORD, 0o600, &JSON);
    assert_eq!((ran.code, &ran.pop()["reason"]), (Some(3), &"pop-no-tls".into()), "{}", ran.err);
    assert!(ran.err.contains("--auth-in-clear"), "{}", ran.err);
    let ran = check(ports, "verkehrt", 0o600, &["--auth-in-clear", "--format", "json"]);
    assert_eq!((ran.code, &ran.pop()["reason"]), (Some(3), &"pop-login-refused".into()));
    assert!(ran.err.contains("pop-login-refused (-ERR [AUTH] *** is wrong): "), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_before_anything_is_sent() {
    let (usual, nowhere): (&[&str], _) = (&[], (1, 1));
    let table: [(u32, &[&str], &str); 7] = [
        (0o644, usual, "--pop-credentials account.toml: others can read it (mode 644)"),
        (0o600, &["127.0.0.2"], "takes one server with one port, and these targets are 2"),
        (0o600, &["--port", "587"], "takes one server with one port, and these targets are 2"),
        (0o600, &["--pop-server", "192.0.2.1"], "--pop-server: 192.0.2.1"),
        (0o600, &["--pop-server", "::1"], "--pop-server: it has no IPv4 address"),
        (0o600, &["--pop-server", "a b"], "--pop-server: "),
        (0o600, &["--source", "127.0.0.1", "--pop-window", "86401"], "--pop-window"),
    ];
    for (mode, more, want) in table {
        let ran = check(nowhere, PASSWORD, mode, more);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{more:?}: {}", ran.err);
        assert!(ran.err.contains(want) && ran.err.lines().count() == 1, "{want}: {}", ran.err);
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut found): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    for folder in folders {
        found.extend(files(&folder));
    }
    found
}

/// Whatever the server does with the password, it is in no file and in no stream; and replay says
/// the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_nowhere() {
    for (password, code) in [(PASSWORD, 0), ("ver-kehrt-9q", 3)] {
        let ports = on_loopback(&Site::new(Duration::from_secs(3600))).await;
        let forms = [
            "json=r.json",
            "jsonl=r.jsonl",
            "csv-hosts=hosts.csv",
            "csv-findings=findings.csv",
            "csv-matrix=matrix.csv",
            "terminal",
        ];
        let mut more = vec!["--auth-in-clear", "--evidence", "evidence"];
        more.extend(forms.iter().flat_map(|form| ["--format", *form]));
        let ran = check(ports, password, 0o600, &more);
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        let replayed = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .current_dir(ran.folder.path())
            .args(["replay", "evidence", "--format", "json=again.json", "--format", "terminal"])
            .output()
            .unwrap();
        let mut read = vec![
            ("stdout".to_owned(), ran.out.clone().into_bytes()),
            ("stderr".to_owned(), ran.err.clone().into_bytes()),
            ("replay".to_owned(), [replayed.stdout.clone(), replayed.stderr].concat()),
        ];
        for file in files(ran.folder.path()) {
            if !file.ends_with("account.toml") {
                read.push((file.display().to_string(), fs::read(&file).unwrap()));
            }
        }
        assert!(read.len() > 10, "{read:?}");
        for (name, bytes) in &read {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(password), "{name}: {text}");
        }
        let report = |name| fs::read_to_string(ran.folder.path().join(name)).unwrap();
        assert!(report("r.json").contains("PASS ***"), "the dialogue is kept");
        assert_eq!(report("r.json"), report("again.json"), "replay gives the same");
        assert_eq!(String::from_utf8(replayed.stdout).unwrap(), ran.out);
        assert_eq!(replayed.status.code(), ran.code);
        let said =
            "    POP-before-SMTP: yes: relaying is granted after a POP3 login, for at least ";
        assert_eq!(ran.out.contains(said), code == 0, "{}", ran.out);
        assert_eq!(report("findings.csv").contains("pop-before-smtp"), code == 0);
    }
}
