//! The relay matrix of mxaudit at real servers: a stranger, a trusted client, and one that logs in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::case::Case;
use super::place::Place;
use super::{AUDITOR_DOMAIN, LOCAL_DOMAIN, STRANGER, TRUSTED};

const YES: &str = "accepted";
const NO: &str = "refused";
const LOGIN: &str = "auth-required";

/// What a row holds: from the foreign, the local and the null sender, each to a foreign and a local recipient; or
/// why it was not tested.
type Row = &'static [&'static str];

/// The matrix of one server with the password that it knows.
#[derive(Debug)]
pub(crate) struct Rows {
    foreign: Row,
    authenticated: Row,
    findings: &'static [&'static str],
}

/// What is known of a case, if it is one of those whose matrix is asked for.
pub(crate) fn of(family: &str, case: &Case) -> Option<Rows> {
    let stock = Rows {
        foreign: &[NO, YES, NO, YES, NO, YES],
        authenticated: &["auth-not-offered"],
        findings: &["own-domain-spoofing"],
    };
    let submission = Rows {
        foreign: &[LOGIN; 6],
        authenticated: &[YES; 6],
        findings: &["auth-sends-as-anyone"],
    };
    match (family, case.name) {
        ("postfix" | "exim", "stock") => Some(stock),
        ("postfix" | "exim", "submission") => Some(submission),
        _ => None,
    }
}

/// Asks for the matrix twice, with the right password and with a wrong one, and holds it to what is known.
///
/// # Errors
///
/// Says what is otherwise.
pub(crate) fn hold(rows: &Rows, case: &Case, place: &Place) -> Result<()> {
    for (password, good) in [("secret", true), ("verkehrt", false)] {
        let (exit, report, said) = ask(case, place, password)?;
        let host = &report["hosts"][0];
        let matrix = &host["relay_matrix"];
        let offered = rows.authenticated.len() == 6;
        let authenticated = if good || !offered { rows.authenticated } else { &["auth-failed"] };
        let wanted =
            [("foreign", rows.foreign), ("trusted", &[YES; 6]), ("authenticated", authenticated)];
        for (client, wanted) in wanted {
            let got = row(matrix, client)?;
            ensure!(got == wanted, "{client}: {got:?}, not {wanted:?}\n{said}\n{matrix:#}");
        }
        let failed = offered && !good;
        ensure!(exit == if failed { 3 } else { 0 }, "exit {exit}\n{said}");
        ensure!(said.contains("auth-failed (535") == failed, "said: {said}");
        if good {
            let found = host["findings"].as_array().context("findings")?;
            let found: Vec<_> = found.iter().filter_map(|finding| finding["id"].as_str()).collect();
            let missing = rows.findings.iter().find(|id| !found.contains(id));
            ensure!(missing.is_none(), "not found: {missing:?} in {found:?}");
        }
        let text = report.to_string();
        ensure!(!text.contains(password), "the password is in the report");
    }
    Ok(())
}

/// The words of a row.
fn row(matrix: &Value, client: &str) -> Result<Vec<String>> {
    let rows = matrix["rows"].as_array().context("no matrix")?;
    let row = rows.iter().find(|row| row["client"] == client).context("no such row")?;
    if let Some(reason) = row["reason"].as_str() {
        return Ok(vec![reason.to_owned()]);
    }
    let cells = row["cells"].as_array().context("no cells")?;
    let word = |cell: &Value| Some(cell["observed"].as_str()?.to_owned());
    cells.iter().map(|cell| word(cell).context("no word")).collect()
}

fn ask(case: &Case, place: &Place, password: &str) -> Result<(i32, Value, String)> {
    let folder = tempfile::tempdir()?;
    let account = folder.path().join("account.toml");
    fs::write(&account, format!("username = \"jane\"\npassword = \"{password}\"\n"))?;
    fs::set_permissions(&account, fs::Permissions::from_mode(0o600))?;
    let server = place.socket(case);
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .args(["check", &server.ip().to_string(), "--port", &server.port().to_string()])
        .args(["--vantage", "outside", "--source", &STRANGER.to_string(), "--profile", "quick"])
        .args(["--auditor-domain", AUDITOR_DOMAIN, "--local-domain", LOCAL_DOMAIN])
        .args(["--trusted-source", &TRUSTED.to_string(), "--credentials", "account.toml"])
        .args(["--format", "json"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .context("mxaudit cannot be run")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).with_context(|| said.clone())?;
    Ok((output.status.code().context("mxaudit was ended")?, report, said))
}
