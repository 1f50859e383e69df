//! The folder of a run: what it keeps, and what every kind of stop leaves of it.

mod damage;
mod killed;
mod live;
mod whole;

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use tempfile::TempDir;

use super::recover::{Recovered, recover};
use super::*;
use crate::cli::judge::{Judging, Said};
use crate::dnsbl::Registry;
use crate::evidence::{DialFailure, Evidence, Identity};
use crate::probe::Library;
use crate::report::jsonl::host_line;
use crate::report::model::{HostReport, RunProfile};
use crate::target::scope::{Candidate, Scope};
use crate::target::{Target, Via};

const STARTED: &str = "2026-01-01T00:00:00Z";
const LATER: &str = "2026-01-01T00:10:00Z";
const JOBS: u64 = 100_000;

static LIBRARY: LazyLock<Arc<Library>> = LazyLock::new(|| Arc::new(Library::embedded().unwrap()));

static JUDGING: LazyLock<Judging> =
    LazyLock::new(|| Judging::new(Arc::clone(&LIBRARY), &[], None).unwrap());

fn versions() -> Versions {
    Versions::current(&LIBRARY, &Registry::embedded().unwrap())
}

fn identity() -> Identity {
    Identity {
        auditor_domain: Some("audit.test".into()),
        contact: None,
        canary: (String::new(), "canary.test".into()),
        canary_address: None,
        helo: None,
        local_domains: Vec::new(),
        local_user: "postmaster".into(),
        client_name: None,
        partners: Vec::new(),
        mx_domain: None,
        claimed_address: None,
    }
}

fn plan() -> Plan {
    Plan {
        targets: vec!["127.0.0.0/15".into()],
        named: Vec::new(),
        ports: vec![25],
        jobs: JOBS,
        order: Order::Random,
        seed: 7,
        profile: RunProfile::Adaptive,
        limits: Pace::default(),
        timing: Times::default(),
        identity: identity(),
        source: None,
        outside_asserted: true,
        skipped: Vec::new(),
        own_probes: Vec::new(),
        scope_file: None,
        authority: Vec::new(),
        not_probed: Vec::new(),
    }
}

fn target(number: u64) -> Target {
    let address = std::net::Ipv4Addr::from_bits(0x7f00_0000 + u32::try_from(number).unwrap());
    let candidate = Candidate {
        name: None,
        address: address.into(),
        port: 25,
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    };
    Scope::loopback_only().admit(candidate).unwrap()
}

/// A host with the verdict that its number says.
struct Lines {
    evidence: Vec<u8>,
    report: Vec<u8>,
    host: HostReport,
}

fn lines(number: u64) -> Lines {
    let mut evidence = Evidence::new(target(number), identity(), true);
    let text = format!("host {number}");
    evidence.dial_failures.push(DialFailure { kind: DialFault::Refused, text });
    let judged = JUDGING.judge(&evidence, &Said::default());
    let mut host = JUDGING.report(&evidence, &judged, None);
    let verdicts = [("closed", "A+"), ("open", "F"), ("inconclusive", "N")];
    (host.relay.verdict, host.grade.letter) = verdicts[usize::try_from(number % 3).unwrap()];
    let run = RunKey { started: STARTED, seed: 7 };
    Lines {
        evidence: evidence_line(number, &evidence, None, None).unwrap(),
        report: host_line(run, &host).unwrap(),
        host,
    }
}

fn create(dir: &Path) -> RunFolder {
    RunFolder::create(dir, plan(), versions(), STARTED).unwrap()
}

/// A run that is gone on with, and what was said to be dropped.
struct Resumed {
    folder: RunFolder,
    dropped: Vec<String>,
}

fn resume(dir: &Path) -> Resumed {
    let stopped = open(dir).unwrap();
    let dropped = stopped.dropped().to_vec();
    Resumed { folder: go_on(stopped).unwrap(), dropped }
}

fn go_on(stopped: Stopped) -> Result<RunFolder, FolderError> {
    let plan = stopped.plan().clone();
    stopped.go_on(plan, LATER)
}

fn open(dir: &Path) -> Result<Stopped, FolderError> {
    Stopped::open(dir, &versions())
}

fn write(folder: &mut RunFolder, number: u64) -> Result<(), FolderError> {
    let Lines { evidence, report, host } = lines(number);
    folder.host(number, &evidence, &report, &HostCounts::of(&host))
}

/// A folder with hosts, and nobody at work on it.
fn stopped(numbers: &[u64]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = create(dir.path());
    for number in numbers {
        write(&mut folder, *number).unwrap();
    }
    dir
}

fn bytes(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).unwrap()
}

fn is_done(folder: &RunFolder, number: u64) -> bool {
    folder.done_jobs().contains(number)
}

fn both(dir: &Path) -> (Vec<u8>, Vec<u8>) {
    (bytes(dir, EVIDENCE), bytes(dir, REPORTS))
}
