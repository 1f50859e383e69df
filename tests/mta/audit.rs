//! One run of mxaudit and its report.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::case::Case;
use super::place::Place;
use super::{
    AUDITOR_DOMAIN, CATCHER, CLIENT_NAME, LOCAL_DOMAIN, PARTNER_DOMAIN, SINK, TRUSTED, stranger,
};

/// How long one audit may take.
const PATIENCE: Duration = Duration::from_secs(400);

/// How many seconds a message may take to arrive.
const ARRIVAL: &str = "15";

/// What mxaudit said about one host, and how it ended.
#[derive(Debug)]
pub(crate) struct Audit {
    /// The exit code.
    pub(crate) exit: i32,
    /// The host's part of the report.
    pub(crate) host: Host,
    /// Every connection, from the evidence.
    pub(crate) dialogues: Vec<Dialogue>,
}

/// The part of the report that the tests judge.
#[derive(Debug, Deserialize)]
pub(crate) struct Host {
    /// Whom the report is about.
    pub(crate) target: Target,
    /// The verdict on relaying.
    pub(crate) relay: Relay,
    /// Each probe that was planned.
    pub(crate) probes: Vec<Probe>,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
}

/// The audited address.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    /// The IP address.
    pub(crate) address: String,
    /// The TCP port.
    pub(crate) port: u16,
}

/// The verdict on relaying.
#[derive(Debug, Deserialize)]
pub(crate) struct Relay {
    /// `open`, `closed`, `conditional`, `inconclusive` or `unreachable`.
    pub(crate) verdict: String,
    /// The level of proof of an open relay.
    pub(crate) proof: Option<String>,
    /// Why nothing can be said.
    #[serde(default)]
    pub(crate) reasons: Vec<serde_json::Value>,
}

/// One probe and its outcome.
#[derive(Debug, Deserialize)]
pub(crate) struct Probe {
    /// The probe's id.
    pub(crate) id: String,
    /// What came of it.
    pub(crate) outcome: String,
    envelope: Option<Envelope>,
}

/// The envelope that a probe sent.
#[derive(Debug, Deserialize)]
struct Envelope {
    mail_from: String,
}

impl Probe {
    /// Whether the reverse-path was the null one.
    pub(crate) fn has_null_sender(&self) -> bool {
        self.envelope.as_ref().is_some_and(|envelope| envelope.mail_from.is_empty())
    }
}

/// One finding.
#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    /// The check's id.
    pub(crate) id: String,
    /// How bad it is.
    pub(crate) severity: String,
}

#[derive(Debug, Deserialize)]
struct Report {
    hosts: Vec<Host>,
}

/// Audits the server of a case at `place` as the stranger, an outsider, with the probes of `profile` and its files in
/// `directory`. Where `store` is given, acceptances are confirmed by what arrives there.
///
/// # Errors
///
/// Fails where mxaudit does not end in time or leaves no report about exactly this host.
pub(crate) fn run(
    directory: &Path,
    case: &Case,
    place: &Place,
    profile: &str,
    store: Option<&Path>,
) -> Result<Audit> {
    fs::create_dir(directory)?;
    let path = |name: &str| directory.join(name);
    fs::write(path("mxaudit.toml"), configuration(place))?;
    let server = place.socket(case);
    let (address, port) = (server.ip().to_string(), server.port());
    let mut child = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .args(["check", &address, "--port", &port.to_string(), "--vantage", "outside"])
        .args(["--source", &stranger(server.ip()).to_string(), "--profile", profile])
        .args(["--evidence", "evidence", "--format", "json=report.json"])
        .args(case.arguments)
        // Only IPv4 has addresses that nobody else can have.
        .args(case.ipv6.then_some("--authorized"))
        .args(store.map(|store| confirmation(case, store)).unwrap_or_default())
        .current_dir(directory)
        .env("HOME", directory)
        .env_remove("XDG_CONFIG_HOME")
        .stdin(Stdio::null())
        .stdout(fs::File::create(path("stdout"))?)
        .stderr(fs::File::create(path("stderr"))?)
        .spawn()
        .context("mxaudit cannot be run")?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!("mxaudit takes longer than {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(20));
    };
    let said = |name| fs::read_to_string(path(name)).unwrap_or_default();
    let text = fs::read_to_string(path("report.json")).with_context(|| {
        format!("no report ({status})\nstdout: {}\nstderr: {}", said("stdout"), said("stderr"))
    })?;
    let report: Report = serde_json::from_str(&text).with_context(|| format!("report: {text}"))?;
    let exit = status.code().with_context(|| format!("mxaudit was ended: {status}"))?;
    let [host] = <[Host; 1]>::try_from(report.hosts)
        .map_err(|hosts| anyhow::anyhow!("{} hosts in the report", hosts.len()))?;
    let about = (host.target.address.as_str(), host.target.port);
    ensure!(about == (address.as_str(), port), "the report is about {about:?}, not {server}");
    let dialogues = dialogues(&path("evidence"))?;
    Ok(Audit { exit, host, dialogues })
}

/// What it takes to confirm; XCLIENT, where it is offered, is used then.
fn confirmation(case: &Case, store: &Path) -> Vec<String> {
    let mut arguments: Vec<_> = ["--confirm", "--confirm-wait", ARRIVAL].map(str::to_owned).into();
    arguments.extend(["--canary-address".to_owned(), CATCHER.to_string()]);
    arguments.extend(["--catcher".to_owned(), store.display().to_string()]);
    if case.reasons.contains(&"xclient-offered") {
        arguments.extend(["--xclient".to_owned(), TRUSTED.to_string()]);
    }
    arguments
}

/// The configuration file: everything that a form may need.
fn configuration(place: &Place) -> String {
    format!(
        "[auditor]\ndomain = \"{AUDITOR_DOMAIN}\"\ncanary_address = \"{SINK}\"\n\
         client_name = \"{CLIENT_NAME}\"\n\
         [local]\ndomains = [\"{LOCAL_DOMAIN}\"]\npartners = [\"{PARTNER_DOMAIN}\"]\n\
         mx_domain = \"{}\"\n",
        place.mx_domain()
    )
}

/// Every dialogue below `directory`, in the order of the connections.
fn dialogues(directory: &Path) -> Result<Vec<Dialogue>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "smtp") {
                found.push(path);
            }
        }
    }
    found.sort();
    found.iter().map(|path| Ok(Dialogue { text: fs::read_to_string(path)? })).collect()
}

/// One connection of an audit, from the evidence.
#[derive(Debug)]
pub(crate) struct Dialogue {
    text: String,
}

impl Dialogue {
    /// Whether a reply holds these words, in small letters.
    pub(crate) fn heard(&self, words: &str) -> bool {
        let heard = |line: &str| line.starts_with('S') && line.to_ascii_lowercase().contains(words);
        self.text.lines().any(heard)
    }

    /// Whether TLS was asked for.
    pub(crate) fn is_in_tls(&self) -> bool {
        self.sent().any(|line| line == "STARTTLS")
    }

    /// How often the server was greeted, since TLS where there is any.
    pub(crate) fn greetings(&self) -> usize {
        let sent: Vec<_> = self.sent().collect();
        let behind = sent.rsplit(|line| *line == "STARTTLS").next().unwrap_or_default();
        behind.iter().filter(|line| line.starts_with("EHLO ") || line.starts_with("HELO ")).count()
    }

    /// How many commands were sent.
    pub(crate) fn commands(&self) -> usize {
        self.sent().count()
    }

    /// The commands, alone or in a group.
    fn sent(&self) -> impl Iterator<Item = &str> {
        let sent = |line: &'_ str| line.starts_with("C:") || line.starts_with("C|");
        self.text
            .lines()
            .filter(move |line| sent(line))
            .map(|line| line.get(3..).unwrap_or_default())
    }
}
