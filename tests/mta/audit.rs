//! One run of mxaudit and its report.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::{AUDITOR_DOMAIN, LOCAL_DOMAIN};

/// How long one audit may take.
const PATIENCE: Duration = Duration::from_secs(50);

/// What mxaudit said about one host, and how it ended.
#[derive(Debug)]
pub(crate) struct Audit {
    /// The exit code.
    pub(crate) exit: i32,
    /// The host's part of the report.
    pub(crate) host: Host,
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

/// Audits port 25 of `server` from `source`, as an outsider, with the probes of `profile` and its files in
/// `directory`.
///
/// # Errors
///
/// Fails where mxaudit does not end in time or leaves no report about exactly this host.
pub(crate) fn run(
    directory: &Path,
    source: Ipv4Addr,
    server: Ipv4Addr,
    profile: &str,
) -> Result<Audit> {
    fs::create_dir(directory)?;
    let path = |name: &str| directory.join(name);
    let (source, server) = (source.to_string(), server.to_string());
    let mut child = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .args(["check", &server, "--port", "25", "--source", &source, "--vantage", "outside"])
        .args(["--auditor-domain", AUDITOR_DOMAIN, "--local-domain", LOCAL_DOMAIN])
        .args(["--profile", profile, "--format", "json", "--output"])
        .arg(path("report.json"))
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
    ensure!(about == (server.as_str(), 25), "the report is about {about:?}, not {server}");
    Ok(Audit { exit, host })
}
