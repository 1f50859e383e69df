//! POP-before-SMTP at a real Postfix that a real Dovecot tells who has logged in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::case::Case;
use super::dovecot::{self, PASSWORD};
use super::family::Server as _;
use super::place::Place;
use super::{AUDITOR_DOMAIN, LOCAL_DOMAIN, STRANGER};

/// How long the Postfix with POP-before-SMTP grants relaying, in seconds; as in its `master.cf`.
const WINDOW: f64 = 36.0;

/// Whether a case has POP-before-SMTP; `None` where that is not asked.
pub(crate) fn of(family: &str, case: &Case) -> Option<bool> {
    match (family, case.name) {
        ("postfix", "pop-before-smtp") => Some(true),
        ("postfix", "stock") => Some(false),
        _ => None,
    }
}

/// Asks with the right password and then with a wrong one, after which Dovecot is slow to answer this address, and
/// holds what is said to the truth.
///
/// # Errors
///
/// Says what is otherwise, with the log of the POP3 server.
pub(crate) fn hold(has_it: bool, case: &Case, place: &Place) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (state, logins) = (folder.path().join("dovecot"), place.directory.join("shared"));
    // Whoever logs in runs as a user of its own in there.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    fs::create_dir(&state)?;
    let server = dovecot::start(place, &state, &logins)?;
    let held = right(has_it, case, place, folder.path(), &logins)
        .and_then(|()| wrong(case, place, folder.path()));
    held.with_context(|| format!("Dovecot's log:\n{}", server.log().unwrap_or_default()))
}

/// A refused login: nothing is known, and said so.
fn wrong(case: &Case, place: &Place, folder: &Path) -> Result<()> {
    let (exit, pop, said) = ask(case, place, folder, "verkehrt", &[])?;
    let known = (pop["outcome"].as_str(), pop["reason"].as_str());
    ensure!(known == (Some("unknown"), Some("pop-login-refused")), "{known:?}\n{said}\n{pop:#}");
    ensure!(exit == 3 && said.contains("pop-login-refused (-ERR "), "exit {exit}\n{said}");
    Ok(())
}

/// The login: what is granted after it, and how long.
fn right(has_it: bool, case: &Case, place: &Place, folder: &Path, logins: &Path) -> Result<()> {
    // The one comes by TLS from the first byte, the other by STLS.
    let more: &[&str] = if has_it { &[] } else { &["--pop-port", "110", "--pop-window", "15"] };
    let (exit, pop, said) = ask(case, place, folder, PASSWORD, more)?;
    ensure!(exit == 0, "exit {exit}\n{said}");
    let login = &pop["logins"][0];
    ensure!(login["result"] == "logged-in", "{pop:#}");
    ensure!(login["tls"]["version"] == "TLSv1.3", "{pop:#}");
    if !has_it {
        ensure!(pop["outcome"] == "not-granted", "{said}\n{pop:#}");
        return Ok(());
    }
    ensure!(pop["outcome"] == "granted", "{said}\n{pop:#}");
    let bound = |name: &str| pop["window"][name].as_f64().with_context(|| format!("no {name}"));
    let (at_least, below) = (bound("at_least_seconds")?, bound("below_seconds")?);
    let decisions = fs::read_to_string(logins.join("decisions"))?;
    let context = || format!("{at_least} to {below}\n{pop:#}\n{decisions}");
    ensure!(at_least <= WINDOW && WINDOW <= below, "not the truth: {}", context());
    // Every decision of the server after the login is a question of ours, and the one by which it
    // began to refuse ends the questions.
    let decided = |action: &str| decisions.lines().filter(|line| line.ends_with(action)).count();
    let checks = pop["checks"].as_array().context("no checks")?.len();
    ensure!(decided("OK") + 2 == checks && decided("DUNNO") == 1, "{}", context());
    ensure!(at_least >= WINDOW * 0.9 && below <= WINDOW * 1.1, "too wide: {}", context());
    Ok(())
}

fn ask(
    case: &Case,
    place: &Place,
    folder: &Path,
    password: &str,
    more: &[&str],
) -> Result<(i32, Value, String)> {
    let account = folder.join("account.toml");
    fs::write(&account, format!("username = \"jane\"\npassword = \"{password}\"\n"))?;
    fs::set_permissions(&account, fs::Permissions::from_mode(0o600))?;
    let server = place.socket(case);
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .args(["check", &server.ip().to_string(), "--port", &server.port().to_string()])
        .args(["--vantage", "outside", "--source", &STRANGER.to_string(), "--profile", "quick"])
        .args(["--auditor-domain", AUDITOR_DOMAIN, "--local-domain", LOCAL_DOMAIN])
        .args(["--pop-credentials", "account.toml", "--format", "json"])
        .args(more)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("mxaudit cannot be run")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| said.clone())?;
    let host = &report["hosts"][0];
    ensure!(host["relay"]["verdict"] == "closed", "{said}\n{host:#}");
    ensure!(!report.to_string().contains(password), "the password is in the report");
    let found = host["findings"].as_array().context("no findings")?;
    let found = found.iter().any(|finding| finding["id"] == "pop-before-smtp");
    let pop = host["pop_before_smtp"].clone();
    ensure!(found == (pop["outcome"] == "granted"), "{host:#}");
    Ok((output.status.code().context("mxaudit was ended")?, pop, said))
}
