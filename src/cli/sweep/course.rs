//! The sweep itself: jobs in their order, hosts judged as they end, everything written at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::folder::{FolderError, ListedHost, RunFolder, evidence_line};
use super::progress::Progress;
use crate::cli::judge::{Judging, Said};
use crate::cli::reputation;
use crate::engine::{self, Ended, Interrupt, Job, Limits, ProvedLists, Settings};
use crate::evidence::Evidence;
use crate::evidence::listing::Listings;
use crate::net::TcpDialer;
use crate::report::jsonl::host_line;
use crate::report::lists::SubjectReport;
use crate::report::model::{HostCounts, RunKey};
use crate::target::Target;
use crate::target::order::Order;
use crate::target::scope::Scope;
use crate::target::set::AddressSet;
use crate::verdict::{Reading, Verdict};

/// How often the folder is brought up to date beyond what each host writes.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// What is swept.
pub(super) struct Sweep {
    pub(super) addresses: AddressSet,
    /// Addresses that were found by a name.
    pub(super) named: HashMap<(IpAddr, u16), Target>,
    pub(super) ports: Vec<u16>,
    pub(super) order: Order,
    pub(super) scope: Arc<Scope>,
    pub(super) settings: Arc<Settings>,
    pub(super) limits: Limits,
    pub(super) dialer: TcpDialer,
    pub(super) judging: Judging,
    /// Lists to ask about each host, with the part of the run whose proofs are theirs.
    pub(super) lists: Option<(ProvedLists, usize)>,
    pub(super) interrupt: Interrupt,
    pub(super) quiet: bool,
}

/// What a host comes to, ready to be written.
struct Made {
    evidence: std::io::Result<Vec<u8>>,
    report: std::io::Result<Vec<u8>>,
    target: String,
    verdict: Verdict,
    counts: HostCounts<'static>,
    subjects: Vec<SubjectReport>,
}

/// What makes a host ready to be written.
struct Maker {
    scope: Arc<Scope>,
    judging: Judging,
    lists: Option<(ProvedLists, usize)>,
    interrupt: Interrupt,
    started: String,
    seed: u64,
}

impl Maker {
    /// Asks lists about the host, and judges it; `None` where the end of the run cut the lists short.
    async fn make(&self, number: u64, evidence: Evidence, reading: &Reading) -> Option<Made> {
        let listed = self.listed(&evidence).await;
        let cut_short = listed.as_ref().is_some_and(|(_, listed)| listed.said.has_gaps());
        if cut_short && self.interrupt.finish.is_cancelled() {
            return None;
        }
        let said = listed.as_ref().map(|(proofs, listed)| Said::of_host(proofs, &listed.said));
        let authority = self.scope.authority(evidence.target.address());
        let judged = self.judging.judge_as(&evidence, reading, &said.unwrap_or_default());
        let report = self.judging.report(&evidence, &judged, authority.as_ref());
        let run = RunKey { started: &self.started, seed: self.seed };
        let listed = listed.as_ref().map(|(_, listed)| listed);
        Some(Made {
            evidence: evidence_line(number, &evidence, authority.as_ref(), listed),
            report: host_line(run, &report),
            target: evidence.target.to_string(),
            verdict: judged.relay.verdict,
            counts: HostCounts::of(&report),
            subjects: report.lists,
        })
    }

    /// What lists say of a host, with their proofs; `None` where there is nothing to ask.
    async fn listed(&self, evidence: &Evidence) -> Option<(&Listings, ListedHost)> {
        let (lists, part) = self.lists.as_ref()?;
        let subjects = reputation::subjects_of(&evidence.target, &evidence.identity);
        if subjects.is_empty() {
            return None;
        }
        let said = lists.about(subjects, &self.interrupt).await;
        Some((lists.proofs(), ListedHost { part: *part, said }))
    }
}

impl Sweep {
    /// Asks every job that is not done and writes what became of it.
    ///
    /// # Errors
    /// Where the folder cannot be written any more.
    pub(super) async fn run(self, folder: &mut RunFolder) -> Result<(), FolderError> {
        let progress = Progress::begin(folder.plan().jobs, folder.done(), self.quiet);
        let maker = Arc::new(Maker {
            scope: Arc::clone(&self.scope),
            judging: self.judging,
            lists: self.lists,
            interrupt: self.interrupt.clone(),
            started: folder.key().started.to_owned(),
            seed: folder.key().seed,
        });
        let make = move |number: u64, evidence: Evidence, reading: Reading| {
            let maker = Arc::clone(&maker);
            async move { maker.make(number, evidence, &reading).await }
        };
        let done = folder.done_jobs();
        let (addresses, ports, named) = (&self.addresses, &self.ports, &self.named);
        let job = |number: u64, address: IpAddr, port: u16| {
            let known = named.get(&(address, port)).cloned();
            let target = known.or_else(|| self.scope.target(address, port).ok())?;
            (!done.contains(number)).then_some(Job { number, target })
        };
        let jobs = self.order.iter().filter_map(|index| {
            let address = addresses.nth(index)?;
            let first = index.saturating_mul(ports.len() as u64);
            let numbered = (first..).zip(ports.iter().copied());
            let jobs: Vec<_> =
                numbered.filter_map(|(number, port)| job(number, address, port)).collect();
            (!jobs.is_empty()).then_some(jobs)
        });
        let finish = self.interrupt.finish.clone();
        let mut written = Instant::now();
        let sink = |number, ended| {
            match ended {
                Ended::Host(Some(made)) => write(folder, number, made, &progress)?,
                // It is asked again by the run that resumes this one.
                Ended::Host(None) => {}
                Ended::Dark(fault) => {
                    folder.dark(number, fault);
                    progress.dark();
                }
                // What the end of the run cut short is no error.
                Ended::NotAsked(_) if finish.is_cancelled() => {}
                Ended::NotAsked(_) => {
                    folder.error(number);
                    progress.error();
                }
            }
            if written.elapsed() >= CHECKPOINT {
                folder.checkpoint(&Timestamp::now().to_string())?;
                written = Instant::now();
            }
            Ok(())
        };
        let (settings, limits, dialer) = (self.settings, self.limits, self.dialer);
        let ended = engine::sweep(jobs, settings, limits, dialer, self.interrupt, make, sink).await;
        progress.end();
        ended
    }
}

fn write(
    folder: &mut RunFolder,
    number: u64,
    made: Made,
    progress: &Progress,
) -> Result<(), FolderError> {
    let fault = |error: std::io::Error| FolderError::Job { number, problem: error.to_string() };
    let evidence = made.evidence.map_err(fault)?;
    let report = made.report.map_err(fault)?;
    folder.host(number, &evidence, &report, &made.counts)?;
    folder.hear(&made.target, &made.subjects);
    progress.host(&made.target, made.verdict, made.counts.proof);
    Ok(())
}
