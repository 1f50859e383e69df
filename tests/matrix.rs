//! The relay matrix, end to end: strangers, trusted addresses and logins at practice servers.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::BASE64;
use lab::self_signed;
use mxaudit::practice::{
    Account, AuthOffer, Behaviour, Block, BlockStage, LOCAL_DOMAIN, PracticeServer, RelayPolicy,
    SenderMatch, Tls,
};
use serde_json::Value;
use tempfile::TempDir;

const PASSWORD: &str = "Kx7-sesame-9q";
const PLAIN: &str = "username = \"user\"\npassword = \"Kx7-sesame-9q\"\nmechanism = \"PLAIN\"\n";
const LOGIN: &str = "username = \"user\"\npassword = \"Kx7-sesame-9q\"\nmechanism = \"login\"\n";

/// A closed server with one account that may log in inside TLS and send as itself, and that trusts
/// one address.
fn served() -> Behaviour {
    Behaviour {
        tls: Some(Tls::starttls(self_signed("mx.practice.test"))),
        auth: Some(AuthOffer::InsideTls),
        account: Some(Account {
            user: "user".into(),
            password: PASSWORD.into(),
            sends_as: Some(format!("user@{LOCAL_DOMAIN}")),
            indiscreet: false,
        }),
        trusted_clients: vec!["127.0.0.2".parse().unwrap()],
        refuse_sender: Some((SenderMatch::Local, "553 5.7.1 Sender address rejected".into())),
        ..Behaviour::closed()
    }
}

fn with_account(change: impl FnOnce(&mut Account)) -> Behaviour {
    let mut behaviour = served();
    change(behaviour.account.as_mut().unwrap());
    behaviour
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
    folder: TempDir,
}

impl Ran {
    fn host(&self) -> Value {
        let report: Value = serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schema/v1.json");
        let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<_> = schema.iter_errors(&report).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        report["hosts"][0].clone()
    }

    /// The observed words of a row, from foreign, local and null, each to foreign and local; or
    /// why it was not tested.
    fn row(&self, client: &str) -> Vec<String> {
        let host = self.host();
        let rows = host["relay_matrix"]["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["client"] == client).expect("the row").clone();
        if let Some(reason) = row["reason"].as_str() {
            return vec![reason.to_owned()];
        }
        let cells = row["cells"].as_array().unwrap().iter();
        cells.map(|cell| cell["observed"].as_str().unwrap().to_owned()).collect()
    }

    fn findings(&self) -> Vec<String> {
        let host = self.host();
        let findings = host["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
    }
}

async fn start(behaviour: Behaviour) -> PracticeServer {
    PracticeServer::start(behaviour, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap()
}

fn credentials(folder: &TempDir, text: &str, mode: u32) -> PathBuf {
    let path = folder.path().join("account.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// Audits a server as a stranger, a trusted client and with an account.
fn check_in(folder: TempDir, port: u16, account: Option<&str>, more: &[&str]) -> Ran {
    let file = account.map(|text| credentials(&folder, text, 0o600).display().to_string());
    let file: Vec<_> = file.iter().flat_map(|file| ["--credentials", file.as_str()]).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .args(["check", "127.0.0.1", "--port", &port.to_string(), "--vantage", "outside"])
        .args(["--auditor-domain", "audit.test", "--local-domain", LOCAL_DOMAIN])
        .args(["--profile", "quick"])
        .args(file)
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

fn check(server: &PracticeServer, account: Option<&str>, more: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let more = [more, &["--format", "json"]].concat();
    check_in(folder, server.address().port(), account, &more)
}

const TRUSTED: [&str; 2] = ["--trusted-source", "127.0.0.2"];

#[tokio::test(flavor = "multi_thread")]
async fn three_clients_at_a_sound_server() {
    for account in [PLAIN, LOGIN] {
        let server = start(served()).await;
        let ran = check(&server, Some(account), &TRUSTED);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
        let [no, yes] = ["refused", "accepted"];
        assert_eq!(ran.row("foreign"), [no, yes, no, no, no, yes]);
        assert_eq!(ran.row("trusted"), [yes; 6]);
        assert_eq!(ran.row("authenticated"), [no, no, yes, yes, yes, yes]);
        assert_eq!(ran.host()["relay_matrix"]["mismatches"], 0);
        assert_eq!(ran.findings(), [""; 0]);
        let rows = &ran.host()["relay_matrix"]["rows"];
        assert_eq!(
            (&rows[0]["source"], &rows[1]["source"]),
            (&"127.0.0.1".into(), &"127.0.0.2".into())
        );
        assert_eq!(rows[2]["mechanism"], if account == PLAIN { "PLAIN" } else { "LOGIN" });
        assert!(rows[2]["cells"][2]["mail_from"] == format!("user@{LOCAL_DOMAIN}"));
        // Polite, and nothing past RCPT.
        let seen = server.counters();
        assert_eq!((seen.data, seen.concurrent_peak), (0, 1), "{seen:?}");
        assert_eq!(seen.quits, seen.connections, "{seen:?}");
        assert!(seen.most_resets <= 5 && seen.most_refused_recipients <= 9, "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_is_asked_where_it_is_wanted() {
    let server = start(served()).await;
    let without = check(&server, None, &[]);
    assert_eq!(without.host()["relay_matrix"], Value::Null);
    let with = check(&server, None, &["--matrix"]);
    let rows = with.host()["relay_matrix"]["rows"].as_array().unwrap().len();
    assert_eq!((with.code, rows), (Some(0), 1), "{}", with.err);
    // Without a domain of theirs only what needs none is asked.
    let folder = tempfile::tempdir().unwrap();
    let port = server.address().port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder.path())
        .args(["check", "127.0.0.1", "--port", &port, "--vantage", "outside", "--matrix"])
        .args(["--format", "json"])
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let bare = Ran { code: None, out, err: String::new(), folder };
    let missing = "not-tested";
    assert_eq!(bare.row("foreign"), [missing, missing, missing, missing, "refused", missing]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found() {
    let anyone = with_account(|account| account.sends_as = None);
    let ran = check(&start(anyone).await, Some(PLAIN), &[]);
    assert_eq!(ran.findings(), ["auth-sends-as-anyone"]);
    assert_eq!(ran.row("authenticated"), ["accepted"; 6]);

    let untrusting = Behaviour { trusted_clients: Vec::new(), ..served() };
    let ran = check(&start(untrusting).await, None, &TRUSTED);
    assert_eq!(ran.findings(), ["trusted-cannot-relay"]);

    let spoofed = Behaviour { refuse_sender: None, ..served() };
    let ran = check(&start(spoofed).await, None, &["--matrix"]);
    assert_eq!(ran.findings(), ["own-domain-spoofing"]);

    let login = "530 5.7.0 Authentication required".to_owned();
    let block = Block { stage: BlockStage::Rcpt, reply: login, exempt_postmaster: false };
    let send_only = Behaviour { block_client: Some(block), ..served() };
    let ran = check(&start(send_only).await, None, &["--matrix"]);
    assert!(ran.findings().contains(&"send-only".to_owned()), "{:?}", ran.findings());
    assert_eq!(ran.code, Some(1), "high");

    // An open relay is the finding of the probes, and the login is not to blame.
    let open = with_account(|account| account.sends_as = None);
    let open = Behaviour { relay: RelayPolicy::Open, ..open };
    let ran = check(&start(open).await, Some(PLAIN), &[]);
    assert_eq!(ran.findings(), ["open-relay"]);
}

/// What the user wants of a cell outranks the rule.
#[tokio::test(flavor = "multi_thread")]
async fn expectations_are_the_users() {
    let anyone = with_account(|account| account.sends_as = None);
    let server = start(anyone).await;
    let folder = tempfile::tempdir().unwrap();
    let text = "[matrix]\nauthenticated.foreign.foreign = \"any\"\nforeign.local.local = \"yes\"\n";
    fs::write(folder.path().join("mxaudit.toml"), text).unwrap();
    let ran = check_in(folder, server.address().port(), Some(PLAIN), &["--format", "json"]);
    assert_eq!(ran.findings(), [""; 0], "{}", ran.err);
    let cell = &ran.host()["relay_matrix"]["rows"][0]["cells"][3];
    assert_eq!((&cell["expected"], &cell["expected_by_user"]), (&"yes".into(), &true.into()));
    assert_eq!(cell["mismatch"], true, "it is refused: {cell}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_a_clear_error() {
    for account in [PLAIN, LOGIN] {
        let server = start(with_account(|account| account.password = "another".into())).await;
        let ran = check(&server, Some(account), &TRUSTED);
        assert_eq!(ran.code, Some(3), "{}", ran.err);
        let port = server.address().port();
        let start = format!(
            "mxaudit: 127.0.0.1:{port}: the matrix row `authenticated` is not tested, auth-failed \
             (535 5.7.8 Error: authentication failed): "
        );
        assert!(ran.err.starts_with(&start) && ran.err.lines().count() == 1, "{}", ran.err);
        assert_eq!(ran.row("authenticated"), ["auth-failed"]);
        assert_eq!(ran.row("trusted"), ["accepted"; 6], "the others are asked");
        let host = ran.host();
        let connections = host["connections"].as_array().unwrap().iter();
        let exchanges = connections.flat_map(|c| c["exchanges"].as_array().unwrap());
        let tries = exchanges.filter(|e| e["sent"].as_str().is_some_and(|s| s.starts_with("AUTH")));
        assert_eq!(tries.count(), 1, "servers lock accounts for less");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_needs_tls_and_an_offer() {
    // No AUTH anywhere: an answer like any other.
    let none = Behaviour { auth: None, ..served() };
    let ran = check(&start(none).await, Some(PLAIN), &[]);
    assert_eq!((ran.row("authenticated"), ran.code), (vec!["auth-not-offered".into()], Some(0)));
    // AUTH in the clear: not without the user's word.
    let clear = Behaviour { tls: None, auth: Some(AuthOffer::Everywhere), ..served() };
    let server = start(clear).await;
    let ran = check(&server, Some(PLAIN), &[]);
    assert_eq!((ran.row("authenticated"), ran.code), (vec!["no-tls".into()], Some(3)));
    assert!(ran.err.contains("--auth-in-clear"), "{}", ran.err);
    assert!(!ran.out.contains("AUTH PLAIN ***"), "nothing was sent");
    let ran = check(&server, Some(PLAIN), &["--auth-in-clear"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.row("authenticated")[2], "accepted");
    assert!(ran.out.contains("AUTH PLAIN ***"));
    // A source that does not reach the server.
    let ran = check(&server, None, &["--trusted-source", "::1"]);
    assert_eq!((ran.row("trusted"), ran.code), (vec!["no-connection".into()], Some(3)));
}

#[test]
fn a_file_of_credentials_is_the_users_own() {
    let cases = [
        (PLAIN, 0o644, "mode 644); run: chmod 600"),
        (PLAIN, 0o640, "mode 640); run: chmod 600"),
        ("username = \"user\"\npassword = Kx7-sesame-9q\n", 0o600, "account.toml:2:"),
        (
            "username = \"user\"\npassword = \"Kx7-sesame-9q\"\nKx7-sesame-9q = 1\n",
            0o600,
            "account.toml:3:1: no credentials",
        ),
        (
            "username = \"user\"\npassword = \"Kx7-sesame-9q\\n\"\n",
            0o600,
            "password: give 1 to 256 bytes",
        ),
        (
            "username = \"user\"\npassword = \"Kx7-sesame-9q\"\nmechanism = \"X\"\n",
            0o600,
            "mechanism: use one of SCRAM-SHA-256, PLAIN, LOGIN",
        ),
        (
            "username = \"user\"\npassword = \"Kx7-sesame-9q\"\naddress = \"x\"\n",
            0o600,
            "address: write it like",
        ),
    ];
    for (text, mode, want) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = credentials(&folder, text, mode).display().to_string();
        let ran = check_in(folder, 1, None, &["--credentials", &file]);
        assert_eq!(ran.code, Some(2), "{text}: {}", ran.err);
        assert!(ran.err.contains(want) && ran.err.lines().count() == 1, "{want}: {}", ran.err);
        assert!(!ran.err.contains(PASSWORD) && ran.out.is_empty(), "{}", ran.err);
    }
    let folder = tempfile::tempdir().unwrap();
    let ran = check_in(folder, 1, None, &["--credentials", "nowhere.toml"]);
    assert!(ran.code == Some(2) && ran.err.contains("cannot be read"), "{}", ran.err);
    for source in ["192.0.2.1", "2001:db8::1"] {
        let folder = tempfile::tempdir().unwrap();
        let ran = check_in(folder, 1, None, &["--trusted-source", source]);
        assert!(ran.code == Some(2) && ran.err.contains("--trusted-source"), "{}", ran.err);
    }
}

/// Whatever the server does with the password, it is in no file and in no stream.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_nowhere() {
    let forms = [
        "json=r.json",
        "jsonl=r.jsonl",
        "csv-hosts=hosts.csv",
        "csv-findings=findings.csv",
        "csv-matrix=matrix.csv",
        "terminal",
    ];
    let good = |account: &mut Account| account.indiscreet = true;
    let bad = |account: &mut Account| account.user = "another".into();
    for (text, refused) in [(PLAIN, false), (LOGIN, false), (PLAIN, true), (LOGIN, true)] {
        let server = start(with_account(|account| {
            good(account);
            if refused {
                bad(account);
            }
        }))
        .await;
        let folder = tempfile::tempdir().unwrap();
        let mut more = vec!["--evidence", "evidence", "--trusted-source", "127.0.0.2"];
        more.extend(forms.iter().flat_map(|form| ["--format", *form]));
        let ran = check_in(folder, server.address().port(), Some(text), &more);
        assert_eq!(ran.code, Some(if refused { 3 } else { 0 }), "{}{}", ran.out, ran.err);
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
        let files = files(ran.folder.path());
        assert!(files.len() > 8, "{files:?}");
        for file in &files {
            if !file.ends_with("account.toml") {
                read.push((file.display().to_string(), fs::read(file).unwrap()));
            }
        }
        let plain = format!("\0user\0{PASSWORD}");
        let encoded = [PASSWORD, &plain].map(|text| BASE64.encode(text.as_bytes()));
        for (name, bytes) in &read {
            let text = String::from_utf8_lossy(bytes);
            for secret in [PASSWORD, &encoded[0], &encoded[1]] {
                assert!(!text.contains(secret), "{name}: {secret}");
            }
        }
        let transcripts = read.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes));
        let shown = transcripts.filter(|text| text.contains("C: AUTH ")).count();
        assert!(shown > 0, "the dialogue is kept, without the secret");
        let report = |name| fs::read_to_string(ran.folder.path().join(name)).unwrap();
        assert_eq!(report("r.json"), report("again.json"), "replay gives the same");
        assert_eq!(String::from_utf8(replayed.stdout).unwrap(), ran.out);
        assert_eq!(replayed.status.code(), ran.code);
        assert!(ran.out.contains("relay matrix at RCPT"), "{}", ran.out);
        let table = report("matrix.csv");
        assert_eq!(csv::Reader::from_reader(table.as_bytes()).records().count(), 18);
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

/// Transcripts alone, and some of them, judge to the same cells as far as they hold them.
#[tokio::test(flavor = "multi_thread")]
async fn transcripts_hold_their_cells() {
    let server = start(served()).await;
    let ran = check(&server, Some(PLAIN), &["--evidence", "evidence", TRUSTED[0], TRUSTED[1]]);
    let mut names: Vec<_> = files(&ran.folder.path().join("evidence"));
    names.retain(|name| name.extension().is_some_and(|end| end == "smtp"));
    names.sort();
    let replay = |names: &[PathBuf]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .args(["replay", "--format", "json"])
            .args(names)
            .output()
            .unwrap();
        let (out, err) = (output.stdout, String::from_utf8(output.stderr).unwrap());
        let out = String::from_utf8(out).unwrap();
        Ran { code: output.status.code(), out, err, folder: tempfile::tempdir().unwrap() }
    };
    let all = replay(&names);
    for client in ["foreign", "trusted", "authenticated"] {
        assert_eq!(all.row(client), ran.row(client), "{}", all.err);
    }
    let last = replay(&names[names.len() - 1..]);
    assert_eq!(last.row("authenticated"), ran.row("authenticated"));
    assert_eq!(last.row("foreign"), ["unknown"; 6]);
}

/// A server that ends the session, or bears little, is asked on further connections.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_session_is_gone_on_with() {
    use mxaudit::practice::{Delivery, ErrorLimit};
    let impatient = [
        Behaviour { error_limit: Some(ErrorLimit::HangUpAfterErrors(2)), ..served() },
        Behaviour { error_limit: Some(ErrorLimit::Reply421AfterErrors(2)), ..served() },
        Behaviour { delivery: Delivery::CloseAfter(7), ..served() },
    ];
    for behaviour in impatient {
        let server = start(behaviour).await;
        let ran = check(&server, None, &["--matrix"]);
        let [no, yes] = ["refused", "accepted"];
        assert_eq!(ran.row("foreign"), [no, yes, no, no, no, yes], "{}", ran.err);
    }
}

/// A server that wants TLS first is asked inside it.
#[tokio::test(flavor = "multi_thread")]
async fn who_wants_tls_is_asked_inside() {
    let behaviour =
        Behaviour { tls_required: Some(mxaudit::practice::MUST_START_TLS.into()), ..served() };
    let ran = check(&start(behaviour).await, Some(PLAIN), &TRUSTED);
    let [no, yes] = ["refused", "accepted"];
    assert_eq!(ran.row("foreign"), [no, yes, no, no, no, yes], "{}", ran.err);
    assert_eq!(ran.row("trusted"), [yes; 6]);
    assert_eq!(ran.row("authenticated"), [no, no, yes, yes, yes, yes]);
}
