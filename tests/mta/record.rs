//! Dialogues with real servers, kept for the vectors of the probe files.

use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::case::{Case, Transport};
use super::place::Place;
use super::technique::{Envelope, PLAIN, RANDOM_USERS, TECHNIQUES};
use super::truth::{self, Truth};
use super::{LOCAL_DOMAIN, STRANGER, stranger};

/// The variable that names the directory.
const VARIABLE: &str = "MXAUDIT_RECORD";

/// The directory for one server's dialogues, where one is wanted.
///
/// # Errors
///
/// Fails where it cannot be made.
pub(crate) fn directory(family: &str, case: &str) -> Result<Option<PathBuf>> {
    let Some(directory) = env::var_os(VARIABLE) else { return Ok(None) };
    let directory = PathBuf::from(directory).join(format!("{family}-{case}"));
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    Ok(Some(directory))
}

/// Asks for recipients and sends nothing. Writes `<technique>.rcpt.txt`; `<technique>.local.txt`, with the server's
/// postmaster under the same greeting and sender; `random-<outer>.txt`, with a random user at the server's own domains; and
/// `<technique>.clear.txt` for the plain techniques in the clear, where the case is about TLS.
///
/// # Errors
///
/// Fails where a file cannot be written.
pub(crate) fn recipients(directory: &Path, case: &Case, place: &Place) -> Result<()> {
    let server = place.socket(case);
    let mut client = stranger(server.ip());
    let ask_by = |transport: Transport, client: IpAddr, file: String, envelope: &Envelope| {
        let said = truth::ask(client, server, transport, envelope);
        let said = said.unwrap_or_else(|error| format!("{error:#}\n"));
        write(&directory.join(file), &said)
    };
    let ask = |client, file, envelope: &Envelope| ask_by(case.transport, client, file, envelope);
    let tried = |id: &str| case.tried.is_none_or(|ids| ids.contains(&id));
    for (number, technique) in (1..).zip(&TECHNIQUES).filter(|(_, one)| tried(one.id)) {
        if case.name.starts_with("postscreen") {
            // It puts a client off once, and then knows it.
            let [a, b, c, _] = STRANGER.octets();
            client = Ipv4Addr::new(a, b, c + 1, number).into();
        }
        let envelope = technique.envelope("c4n4ry", place, server.ip());
        ask(client, format!("{}.rcpt.txt", technique.id), &envelope)?;
        if case.transport == Transport::StartTls && PLAIN.contains(&technique.id) {
            let file = format!("{}.clear.txt", technique.id);
            ask_by(Transport::Plain, client, file, &envelope)?;
        }
        let rcpt_to = format!("<postmaster@{LOCAL_DOMAIN}>");
        let envelope = Envelope { first: None, rcpt_to, ..envelope };
        ask(client, format!("{}.local.txt", technique.id), &envelope)?;
    }
    for random in RANDOM_USERS.iter().filter(|_| case.tried.is_none()) {
        let envelope = random.envelope("r4nd0m", place, server.ip());
        ask(client, format!("{}.txt", random.id), &envelope)?;
    }
    Ok(())
}

/// Writes `<technique>.txt` for every technique of the truth.
///
/// # Errors
///
/// Fails where a file cannot be written.
pub(crate) fn keep(directory: &Path, truth: &Truth) -> Result<()> {
    for attempt in &truth.attempts {
        let what = match (attempt.relayed, attempt.returned) {
            (true, _) => "relayed",
            (false, true) => "returned",
            (false, false) => "not relayed",
        };
        let path = directory.join(format!("{}.txt", attempt.id));
        write(&path, &format!("{}# {what}\n", attempt.said))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| path.display().to_string())
}
