//! What nmap's smtp-open-relay says about a server. Recorded beside mxaudit's verdict, and judged by nobody.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::{AUDITOR_DOMAIN, STRANGER, loopback};

/// How long nmap may take for a server.
const PATIENCE: &str = "240s";

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// `Server is an open relay`, with its count of tests.
    Open(String),
    /// `Server doesn't seem to be an open relay`.
    Closed,
    /// Anything else, and nothing.
    NoVerdict(String),
}

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(tests) => write!(formatter, "open {tests}"),
            Self::Closed => formatter.write_str("not open"),
            Self::NoVerdict(said) => write!(formatter, "no verdict ({said})"),
        }
    }
}

/// Whether this machine has nmap.
pub(crate) fn available() -> bool {
    let version = Command::new("nmap").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Makes every connection to a server come from the stranger, unless it is bound to another address.
///
/// # Errors
///
/// Names the `ip` command that failed.
pub(crate) fn from_the_stranger() -> Result<()> {
    loopback::ip(&format!("route replace local 127.20.0.0/16 dev lo src {STRANGER} table local"))
}

/// Asks nmap about `server`, with the domain that mxaudit also uses and its defaults otherwise.
///
/// # Errors
///
/// Fails where nmap cannot be run.
pub(crate) fn ask(server: SocketAddr) -> Result<Word> {
    let (address, port) = (server.ip().to_string(), server.port().to_string());
    let arguments = format!("smtp-open-relay.domain={AUDITOR_DOMAIN}");
    let mut command = Command::new("nmap");
    command.args(["-Pn", "-n", "-sT", "-p", &port, "--host-timeout", PATIENCE]).args([
        "--script",
        "smtp-open-relay",
        "--script-args",
        &arguments,
        "-oN",
        "-",
    ]);
    if matches!(server.ip(), IpAddr::V6(_)) {
        command.arg("-6");
    }
    let output = command.arg(&address).stdin(Stdio::null()).output().context("nmap")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some((_, said)) = text.lines().find_map(|line| line.split_once("smtp-open-relay: ")) else {
        let timed_out = text.contains("due to host timeout");
        let why = if timed_out { "timeout" } else { "nothing said" };
        return Ok(Word::NoVerdict(why.to_owned()));
    };
    Ok(if said.contains("is an open relay") {
        let tests = said.split_once('(').map_or("", |(_, tests)| tests);
        Word::Open(tests.trim_end_matches([')', ' ']).to_owned())
    } else if said.contains("doesn't seem to be an open relay") {
        Word::Closed
    } else {
        Word::NoVerdict(said.trim().to_owned())
    })
}
