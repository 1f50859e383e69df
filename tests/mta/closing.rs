//! A server that relays is closed, and opened again: what a comparison and a baseline say of its runs before and after.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::case::Case;
use super::dialogue::Dialogue;
use super::family::Server;
use super::place::Place;
use super::{AUDITOR_DOMAIN, LOCAL_DOMAIN, OTHER_STRANGER, STRANGER};

/// How long a server may take to hold to its new settings.
const RELOAD: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// How a server is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closing {
    open: &'static str,
    closed: &'static str,
}

/// How the server of a case is closed; `None` where that is not tried.
pub(crate) fn of(family: &str, case: &Case) -> Option<Closing> {
    match (family, case.name) {
        ("postfix", "wide-open") => Some(Closing {
            open: "smtpd_relay_restrictions = check_client_access static:OK, reject_unauth_destination",
            closed: "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination",
        }),
        _ => None,
    }
}

/// Audits the server, closes it, audits it again, and holds what is said to the truth. It is open again afterwards.
///
/// # Errors
///
/// Says what is otherwise.
pub(crate) fn hold(
    closing: Closing,
    case: &Case,
    place: &Place,
    server: &dyn Server,
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let audit = |more: &[&str], wanted: i32| audit(case, place, folder.path(), more, wanted);
    let said = audit(&["--format", "json=before.json"], 1)?;
    // An open relay counts, in the baseline or not.
    let known = audit(&["--baseline", "before.json"], 1)?;
    ensure!(known.contains("counts all the same"), "{said}\n{known}");
    let closed = set(closing.closed, '5', case, place, server).and_then(|()| {
        audit(&["--baseline", "before.json", "--format", "json=after.json"], 0)?;
        let said = ask(folder.path(), &["diff", "before.json", "after.json"], 0)?;
        ensure!(said.contains("relay open -> closed: fixed"), "{said}");
        ensure!(said.contains("fixed: critical[open-relay]"), "{said}");
        let said = ask(folder.path(), &["diff", "after.json", "before.json"], 1)?;
        ensure!(said.contains("relay closed -> open: new"), "{said}");
        let refused = ask(folder.path(), &["policy", "make", "--from", "before.json"], 2)?;
        ensure!(refused.contains("relays for strangers"), "{refused}");
        Ok(())
    });
    let opened = set(closing.open, '2', case, place, server);
    closed.and(opened)?;
    audit(&["--baseline", "after.json"], 1)?;
    Ok(())
}

/// Changes a setting, and waits until a stranger's recipient is answered so.
fn set(setting: &str, wanted: char, case: &Case, place: &Place, server: &dyn Server) -> Result<()> {
    server.set(setting)?;
    let deadline = Instant::now() + RELOAD;
    loop {
        let reply = stranger(case, place)?;
        if reply.starts_with(wanted) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{setting}: a stranger is answered {reply}");
        thread::sleep(PAUSE);
    }
}

/// What the server says to a stranger's mail for a stranger.
fn stranger(case: &Case, place: &Place) -> Result<String> {
    let mut dialogue = Dialogue::open(OTHER_STRANGER.into(), place.socket(case), case.transport)?;
    for line in ["EHLO other.test", "MAIL FROM:<a@other.test>"] {
        let reply = dialogue.say(line)?;
        ensure!(reply.starts_with('2'), "{line}: {reply}");
    }
    let reply = dialogue.say("RCPT TO:<b@elsewhere.test>")?;
    dialogue.quit();
    Ok(reply)
}

fn audit(case: &Case, place: &Place, folder: &Path, more: &[&str], wanted: i32) -> Result<String> {
    let server = place.socket(case);
    let (address, port) = (server.ip().to_string(), server.port().to_string());
    let source = STRANGER.to_string();
    let mut arguments = vec!["check", &address, "--port", &port, "--vantage", "outside"];
    arguments.extend(["--source", &source, "--profile", "quick", "--skip", "reputation"]);
    arguments.extend(["--auditor-domain", AUDITOR_DOMAIN, "--local-domain", LOCAL_DOMAIN]);
    arguments.extend(more);
    ask(folder, &arguments, wanted)
}

/// Runs mxaudit, and gives back all that it says where it ends as it should.
fn ask(folder: &Path, arguments: &[&str], wanted: i32) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .context("mxaudit cannot be run")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    // Lines are broken where the page ends.
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match output.status.code() {
        Some(code) if code == wanted => Ok(said),
        code => bail!("{arguments:?}: {code:?}, not {wanted}: {said}"),
    }
}
