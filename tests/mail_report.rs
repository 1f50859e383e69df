//! `--mail-report` from the command line, against relays made by hand. A real Postfix has its trial in
//! the proving ground.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use mxaudit::practice::{Behaviour, PracticeServer, RelayPolicy};

const PASSWORD: &str = "MXAUDIT_SMTP_PASSWORD";

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the program in `folder`.
fn mxaudit(folder: &Path, args: &[&str], password: Option<&str>) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
    command.current_dir(folder).env("NO_COLOR", "1").env_remove(PASSWORD).stdin(Stdio::null());
    if let Some(password) = password {
        command.env(PASSWORD, password);
    }
    let output = command.args(args).output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A relay in the clear that refuses `refused` and takes everything else, and what it got.
struct Relay {
    url: String,
    heard: Arc<Mutex<String>>,
}

impl Relay {
    fn start(refused: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://127.0.0.1:{}?tls=none", listener.local_addr().unwrap().port());
        let heard = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                stream.write_all(b"220 relay.test ESMTP\r\n").unwrap();
                let mut in_mail = false;
                while let Some(Ok(line)) = lines.next() {
                    told.lock().unwrap().push_str(&format!("{line}\n"));
                    let reply: &[u8] = match line.as_str() {
                        "." if in_mail => {
                            in_mail = false;
                            b"250 2.0.0 queued as 7\r\n"
                        }
                        _ if in_mail => continue,
                        "DATA" => {
                            in_mail = true;
                            b"354 go on\r\n"
                        }
                        "QUIT" => b"221 bye\r\n",
                        line if !refused.is_empty() && line.contains(refused) => {
                            b"550 5.1.1 no such user \x1b[2J\r\n"
                        }
                        _ => b"250 ok\r\n",
                    };
                    stream.write_all(reply).unwrap();
                }
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

async fn target(behaviour: Behaviour) -> PracticeServer {
    PracticeServer::start(behaviour, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap()
}

fn open() -> Behaviour {
    Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() }
}

/// `check` of a target, quick and without lists, with what else is given.
fn check(folder: &Path, target: &PracticeServer, more: &[&str], password: Option<&str>) -> Ran {
    let port = target.address().port().to_string();
    let args =
        ["check", "127.0.0.1", "--port", &port, "--vantage", "outside", "--profile", "quick"];
    let own = ["--auditor-domain", "audit.test", "--local-domain", "target.test"];
    let args: Vec<_> = args.iter().chain(&own).chain(more).copied().collect();
    mxaudit(folder, &args, password)
}

/// The report goes out, whatever the verdict; the exit code is the verdict's.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_sent_and_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    for (behaviour, code, subject) in [
        (open(), 1, "Subject: mxaudit: open relay, grade F: 127.0.0.1:"),
        (Behaviour::closed(), 0, "Subject: mxaudit: closed, grade "),
    ] {
        let (target, relay) = (target(behaviour).await, Relay::start(""));
        let more = ["--mail-report", "a@ops.test", "--mail-report", "b@ops.test"];
        let more = [&more[..], &["--smtp-url", &relay.url]].concat();
        let ran = check(folder.path(), &target, &more, None);
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        let said =
            "mxaudit: the report was sent to a@ops.test, b@ops.test: 250 2.0.0 queued as 7\n";
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(!ran.out.is_empty(), "the report is still written");
        let heard = relay.heard();
        for line in [
            "EHLO [127.0.0.1]\n",
            "MAIL FROM:<postmaster@audit.test>\nRCPT TO:<a@ops.test>\nRCPT TO:<b@ops.test>\nDATA\n",
            "From: postmaster@audit.test\n",
            "To: a@ops.test, b@ops.test\n",
            subject,
            "filename=\"report.json\"",
        ] {
            assert!(heard.contains(line), "{line}: {heard}");
        }
    }
}

/// What is wrong with it is said before a byte goes to the target, and no password is repeated.
#[tokio::test(flavor = "multi_thread")]
async fn mistakes_cost_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(Behaviour::closed()).await;
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    };
    let account = "username = \"me\"\npassword = \"s3cret\"\n";
    file("open.toml", account, 0o644);
    file("own.toml", account, 0o600);
    file("scram.toml", &format!("{account}mechanism = \"SCRAM-SHA-256\"\n"), 0o600);
    file("address.toml", &format!("{account}address = \"me\"\n"), 0o600);
    file("no.pem", "nothing\n", 0o644);
    let to: &[&str] = &["--mail-report", "a@ops.test"];
    let table: &[(&[&str], Option<&str>, &str)] = &[
        (to, None, "--smtp-url"),
        (&["--smtp-url", "smtps://h"], None, "--mail-report"),
        (&["--smtp-ca", "no.pem"], None, "--mail-report"),
        (
            &["--mail-report", "a@ops.test", "--smtp-url", "smtps://me:s3cret@localhost"],
            None,
            "--smtp-credentials FILE",
        ),
        (&["--mail-report", "a@ops.test", "--smtp-url", "smtp://me:s3cret@h:x"], None, "is no URL"),
        (&["--mail-report", "a@ops.test", "--smtp-url", "smtp://localhost"], None, "tls=required"),
        (
            &["--mail-report", "a@ops.test", "--smtp-url", "smtp://192.0.2.1?tls=none"],
            None,
            "on this machine only",
        ),
        (&["--mail-report", "a@ops.test", "--smtp-url", "smtps://me@localhost"], None, PASSWORD),
        (
            &["--mail-report", "a@ops.test", "--smtp-url", "smtps://localhost"],
            Some("s3cret"),
            "names no user",
        ),
        (
            &["--mail-report", "a@ops.test", "--smtp-url", "smtps://me@localhost"],
            Some(""),
            "set the password anew",
        ),
        (
            &["--mail-report", "a@ops.test", "--smtp-url", "smtp://me@localhost?tls=none"],
            Some("s3cret"),
            "not sent in the clear",
        ),
        (
            &["--mail-report", "a@ops.test", "--smtp-url", "smtps://nowhere.invalid"],
            None,
            "has no address",
        ),
        (&["--mail-report", "ops.test", "--smtp-url", "smtps://localhost"], None, "is no address"),
        (
            &["--mail-report", "a@ops.test\r\nBcc: x@y.test", "--smtp-url", "smtps://localhost"],
            None,
            "is no address",
        ),
        (
            &["--mail-report", "ä@ops.test", "--smtp-url", "smtps://localhost"],
            None,
            "is no address",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://localhost",
                "--mail-from",
                "me",
            ],
            None,
            "--mail-from",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://localhost",
                "--smtp-ca",
                "no.pem",
            ],
            None,
            "no certificate in PEM form",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://localhost",
                "--smtp-ca",
                "x.pem",
            ],
            None,
            "cannot be read",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://localhost",
                "--smtp-credentials",
                "open.toml",
            ],
            None,
            "chmod 600",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://localhost",
                "--smtp-credentials",
                "scram.toml",
            ],
            None,
            "PLAIN or LOGIN",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://localhost",
                "--smtp-credentials",
                "address.toml",
            ],
            None,
            "address",
        ),
        (
            &[
                "--mail-report",
                "a@ops.test",
                "--smtp-url",
                "smtps://you@localhost",
                "--smtp-credentials",
                "own.toml",
            ],
            None,
            "another user",
        ),
    ];
    for (more, password, word) in table {
        let ran = check(folder.path(), &target, more, *password);
        assert_eq!(ran.code, Some(2), "{more:?}: {}", ran.err);
        assert!(ran.err.contains(word), "{more:?}: {}", ran.err);
        assert!(!ran.err.contains("s3cret"), "{more:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{more:?}: {}", ran.err);
    }
    let port = target.address().port().to_string();
    let ran = mxaudit(
        folder.path(),
        &[
            "check",
            "127.0.0.1",
            "--port",
            &port,
            "--mail-report",
            "a@ops.test",
            "--smtp-url",
            "smtps://localhost",
        ],
        None,
    );
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("--mail-from ADDR"), "{}", ran.err);
    assert_eq!(target.counters().connections, 0, "nothing was probed");
}

/// A relay that refuses costs the mail, not the report; the exit code tells it.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_not_sent_is_still_written() {
    let folder = tempfile::tempdir().unwrap();
    let closed = target(Behaviour::closed()).await;
    let relay = Relay::start("b@ops.test");
    let of_b = ["--mail-report", "b@ops.test", "--smtp-url", &relay.url, "--format", "json=r.json"];
    let ran = check(folder.path(), &closed, &[&of_b[..], &["--evidence", "e"]].concat(), None);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let said = r"the report was not sent: 127.0.0.1:";
    assert!(ran.err.contains(said), "{}", ran.err);
    assert!(ran.err.contains(r"b@ops.test: 550 5.1.1 no such user \u{1b}[2J"), "{}", ran.err);
    let url = &relay.url;
    let again = format!("mxaudit replay e --mail-report b@ops.test --smtp-url '{url}'\n");
    assert!(ran.err.contains(&again), "{}", ran.err);
    let report = std::fs::read(folder.path().join("r.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&report).unwrap();
    assert!(!relay.heard().contains("DATA"), "{}", relay.heard());
    // The others get it, and only who has not is named in what sends it again.
    let more = ["replay", "e", "--mail-report", "a@ops.test", "--mail-report", "b@ops.test"];
    let ran = mxaudit(folder.path(), &[&more[..], &["--smtp-url", url]].concat(), None);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("was sent to a@ops.test: 250 2.0.0 queued as 7\n"), "{}", ran.err);
    assert!(ran.err.contains("not sent to everybody: b@ops.test: 550 "), "{}", ran.err);
    assert!(ran.err.contains(&again), "{}", ran.err);
    // What sends it again judges it in the same way.
    let terms = ["replay", "e", "--baseline", "r.json", "--mail-report", "b@ops.test"];
    let ran = mxaudit(folder.path(), &[&terms[..], &["--smtp-url", url]].concat(), None);
    assert!(ran.err.contains(&format!("--smtp-url '{url}' --baseline r.json\n")), "{}", ran.err);
    // Findings outrank what is missing, as everywhere.
    let ran = check(folder.path(), &target(open()).await, &of_b, None);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("cannot be sent again"), "{}", ran.err);
    // A relay that is not there.
    let more = ["replay", "e", "--quiet", "--mail-report", "a@ops.test", "--smtp-url"];
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = format!("smtps://127.0.0.1:{gone}");
    let ran = mxaudit(folder.path(), &[&more[..], &[&gone]].concat(), None);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("no connection to 127.0.0.1:"), "{}", ran.err);
    assert!(ran.out.contains("closed"), "{}", ran.out);
}

/// A sweep sends its report at its end, and `mxaudit report` sends that of one that is stored.
#[tokio::test(flavor = "multi_thread")]
async fn sweeps_send_and_so_do_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(open()).await;
    let port = target.address().port().to_string();
    let scope = "[auditor]\ndomain = \"audit.test\"\n\n[[scope]]\nnetworks = [\"127.0.0.0/8\"]\n";
    std::fs::write(folder.path().join("mxaudit.toml"), scope).unwrap();
    let relay = Relay::start("b@ops.test");
    let sweep = |more: &[&str]| {
        let args = ["sweep", "127.0.0.1", "--port", &port, "--vantage", "outside", "--skip"];
        let args = [&args[..], &["reputation", "--quiet"], more].concat();
        mxaudit(folder.path(), &args, None)
    };
    let bad = sweep(&["--out", "run", "--mail-report", "a@ops.test", "--smtp-url", "smtp://h"]);
    assert_eq!(bad.code, Some(2), "{}", bad.err);
    assert!(!folder.path().join("run").exists() && target.counters().connections == 0);
    let to = ["--mail-report", "b@ops.test", "--smtp-url", &relay.url];
    let ran = sweep(&[&["--out", "run"], &to[..]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let again = format!("mxaudit report run --mail-report b@ops.test --smtp-url '{}'\n", relay.url);
    assert!(ran.err.contains(&again), "{}", ran.err);
    assert!(!ran.out.contains("error[open-relay]"), "only the counts: {}", ran.out);
    assert!(!relay.heard().contains("DATA"), "{}", relay.heard());
    let more = ["report", "run", "--format", "json=r.json", "--mail-report", "a@ops.test"];
    let from = ["--mail-from", "sweeps@audit.test", "--smtp-url", &relay.url];
    let ran = mxaudit(folder.path(), &[&more[..], &from].concat(), None);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.err.contains("was sent to a@ops.test"), "{}", ran.err);
    let heard = relay.heard();
    for line in [
        "MAIL FROM:<sweeps@audit.test>\nRCPT TO:<a@ops.test>\nDATA\n",
        "Subject: mxaudit: open relay, grade F: 127.0.0.1:",
    ] {
        assert!(heard.contains(line), "{line}: {heard}");
    }
}
