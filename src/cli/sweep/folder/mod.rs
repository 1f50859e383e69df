//! The folder of a run: what was planned, each host as it ends, and what was found dark.
//!
//! | file | what it holds |
//! |---|---|
//! | `run.json` | the plan and the versions, the start and the end |
//! | `hosts.jsonl` | the report of each host that took a connection, a line each, as they end |
//! | `evidence/hosts.jsonl` | their evidence with all dialogues, in the same order |
//! | `evidence/lists.jsonl` | what DNS-based lists have shown of themselves, a line for each part of the run |
//! | `dark/*.roaring` | the numbers of the jobs without a connection, by the reason |
//! | `summary.json` | the counts |
//! | `lock` | locked while a process writes; the system lets go of it when that process ends, however it does |
//!
//! A line is handed to the operating system at once and in one write, evidence before report. That outlives the
//! process, kill -9 included. The disk is waited for at each checkpoint and at the end only, so that a loss of power
//! costs the newest hosts, which are asked again. Where one of the two files of hosts has lost more than one that the other
//! still has, nothing is dropped: the user says which of them holds.

mod dark;
mod error;
mod lines;
mod own;
mod pace;
mod place;
mod plan;
mod read;
mod recover;
mod stopped;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use roaring::RoaringTreemap;

use crate::cli::reputation::Unheard;
use crate::evidence::DialFault;
use crate::evidence::listing::Listings;
use crate::report::json;
use crate::report::lists::SubjectReport;
use crate::report::model::{HostCounts, RunKey, SweepCounts, SweepSummary, Tally, Tool};

pub(in crate::cli) use error::FolderError;
pub(in crate::cli) use lines::{Host, ListedHost, evidence_line};
pub(in crate::cli) use own::check_report;
pub(in crate::cli) use pace::{Pace, Times};
pub(in crate::cli) use plan::{Covered, FORMAT, Order, Plan, RunFile, Versions, format_of};
pub(in crate::cli) use read::{RunHead, RunReader};
pub(in crate::cli) use stopped::Stopped;

use dark::Dark;
use lines::Lines;
use place::{Journal, replace};

const REPORTS: &str = "hosts.jsonl";
const EVIDENCE: &str = "evidence/hosts.jsonl";
const LISTS: &str = "evidence/lists.jsonl";
const SUMMARY: &str = "summary.json";
const LOCK: &str = "lock";

/// The folder of a run that this process writes to, and nobody else.
#[derive(Debug)]
pub(in crate::cli) struct RunFolder {
    dir: PathBuf,
    run: RunFile,
    evidence: Journal,
    reports: Journal,
    done: RoaringTreemap,
    dark: Dark,
    tally: Tally,
    unheard: Unheard,
    /// Jobs that failed on this side since the start of this process.
    errors: RoaringTreemap,
    /// Holds the lock.
    _lock: File,
}

impl RunFolder {
    /// Finds out before anything is sent whether the folder holds another run.
    ///
    /// # Errors
    /// Where it does.
    pub(in crate::cli) fn check_vacant(dir: &Path) -> Result<(), FolderError> {
        match dir.join(plan::RUN).exists() {
            true => Err(FolderError::Taken { dir: dir.to_owned() }),
            false => Ok(()),
        }
    }

    /// Makes the folder of a new run, and proves that it can be written to. `started` is the time, RFC 3339.
    ///
    /// # Errors
    /// Where the folder holds another run, or cannot be made.
    pub(in crate::cli) fn create(
        dir: &Path,
        plan: Plan,
        versions: Versions,
        started: &str,
    ) -> Result<Self, FolderError> {
        fs::create_dir_all(dir).map_err(FolderError::prepare(dir))?;
        let taken = || FolderError::Taken { dir: dir.to_owned() };
        // Told before the lock, so that a folder that is no run of ours gets no file.
        Self::check_vacant(dir)?;
        let lock = lock(dir)?;
        Self::check_vacant(dir)?;
        let folder = dir.join("evidence");
        fs::create_dir_all(&folder).map_err(FolderError::prepare(&folder))?;
        let journal = |name: &str| {
            let path = dir.join(name);
            Journal::create(path.clone()).map_err(|error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => taken(),
                _ => FolderError::prepare(&path)(error),
            })
        };
        let (evidence, reports) = (journal(EVIDENCE)?, journal(REPORTS)?);
        Dark::create(dir).map_err(FolderError::prepare(dir))?;
        let run = RunFile::new(plan, versions, started);
        // What makes the folder a run comes last.
        run.write(dir).map_err(FolderError::prepare(&dir.join(plan::RUN)))?;
        Ok(Self {
            dir: dir.to_owned(),
            run,
            evidence,
            reports,
            done: RoaringTreemap::new(),
            dark: Dark::default(),
            tally: Tally::default(),
            unheard: Unheard::default(),
            errors: RoaringTreemap::new(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub(in crate::cli) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the run set out to do.
    pub(in crate::cli) fn plan(&self) -> &Plan {
        &self.run.plan
    }

    /// What ties the lines of this run together, for [`host_line`](crate::report::jsonl::host_line).
    pub(in crate::cli) fn key(&self) -> RunKey<'_> {
        RunKey { started: &self.run.started, seed: self.run.plan.seed }
    }

    /// The numbers of all jobs that have their report or are known to be dark, as they are now.
    pub(in crate::cli) fn done_jobs(&self) -> RoaringTreemap {
        self.dark.jobs() | &self.done
    }

    /// How many jobs these are.
    pub(in crate::cli) fn done(&self) -> u64 {
        self.done.len() + self.dark.counts().all()
    }

    /// Writes a host that took a connection: its report, and the line of [`evidence_line`]. A host whose course
    /// the user interrupted is not written, and so asked again when the run is gone on with.
    ///
    /// # Errors
    /// Where a file cannot be written, which ends the run: what was written of the host is taken back. The same job a
    /// second time, and lines that are none, are errors too.
    pub(in crate::cli) fn host(
        &mut self,
        number: u64,
        evidence: &[u8],
        report: &[u8],
        counts: &HostCounts<'_>,
    ) -> Result<(), FolderError> {
        let job = |problem: String| FolderError::Job { number, problem };
        if !is_one_line(evidence) || !is_one_line(report) {
            return Err(job("its evidence or its report is not one line".into()));
        }
        if self.done.contains(number) {
            return Err(job("has ended before".into()));
        }
        let mut tally = self.tally;
        tally.add(counts).map_err(|error| job(error.to_string()))?;
        let before = self.evidence.length();
        let appended = self.evidence.append(evidence);
        appended.map_err(FolderError::write(self.evidence.path(), &self.dir))?;
        if let Err(error) = self.reports.append(report) {
            // If that fails as well, going on drops it.
            let _ = self.evidence.cut(before);
            return Err(FolderError::write(self.reports.path(), &self.dir)(error));
        }
        self.tally = tally;
        self.done.insert(number);
        self.dark.remove(number);
        self.errors.remove(number);
        Ok(())
    }

    /// Notes a job where no connection came about. It reaches the disk at the next checkpoint; until then a kill costs
    /// that it is dialled again. A failure on our own side makes no job dark: it is counted, and asked again when the
    /// run is gone on with.
    pub(in crate::cli) fn dark(&mut self, number: u64, fault: DialFault) {
        match self.dark.insert(number, fault) {
            true => self.errors.remove(number),
            false => self.errors.insert(number),
        };
    }

    /// Notes a job that failed on our side in another way.
    pub(in crate::cli) fn error(&mut self, number: u64) {
        self.errors.insert(number);
    }

    /// Hosts that no list knows anything about, where lists were to be asked.
    pub(in crate::cli) fn unheard(&self) -> Unheard {
        match self.run.plan.asks_lists() {
            true => self.unheard.clone(),
            false => Unheard::default(),
        }
    }

    /// Counts a host that was written among those that no list knows anything about, if it is one.
    pub(in crate::cli) fn hear(&mut self, target: &str, subjects: &[SubjectReport]) {
        let subjects = subjects.iter().map(|one| (one.subject.as_str(), one.standing));
        self.unheard.add(target, subjects);
    }

    /// Adds what DNS-based lists have shown of themselves in this part of the run, and returns its number, from 0; what
    /// they said about hosts belongs into the lines of these.
    ///
    /// # Errors
    /// Where the file cannot be written, or holds a line that is none.
    pub(in crate::cli) fn lists(&self, proofs: &Listings) -> Result<usize, FolderError> {
        let path = self.dir.join(LISTS);
        let fault = FolderError::write(&path, &self.dir);
        let (mut parts, mut end) = (0, 0);
        let is_there = path.exists();
        if is_there {
            let mut lines = Lines::open(&path)?;
            while lines.next()? {
                lines.proofs()?;
                parts += 1;
            }
            end = lines.end();
        }
        let proofs = Listings { subjects: Vec::new(), ..proofs.clone() };
        let append = || {
            let mut line = serde_json::to_vec(&proofs)?;
            line.push(b'\n');
            let mut journal = match is_there {
                true => Journal::open(path.clone(), end)?,
                false => Journal::create(path.clone())?,
            };
            journal.append(&line)?;
            // Before a host speaks of it.
            journal.sync()
        };
        append().map_err(fault)?;
        Ok(parts)
    }

    /// The counts so far: those of the hosts that took a connection, and of the rest.
    pub(in crate::cli) fn counts(&self) -> (Tally, SweepCounts) {
        let (dark, jobs) = (self.dark.counts(), self.run.plan.jobs);
        let counts = SweepCounts {
            jobs,
            dark,
            not_asked: jobs.saturating_sub(self.done()),
            errors: self.errors.len(),
            proofs: self.tally.proofs,
            severities: self.tally.severities,
        };
        (self.tally, counts)
    }

    /// Writes the dark jobs and the counts, and waits until the disk has everything. Every few seconds is often enough.
    ///
    /// # Errors
    /// Where a file cannot be written, which ends the run.
    pub(in crate::cli) fn checkpoint(&mut self, now: &str) -> Result<(), FolderError> {
        for journal in [&self.evidence, &self.reports] {
            journal.sync().map_err(FolderError::write(journal.path(), &self.dir))?;
        }
        self.dark.write(&self.dir)?;
        let (tally, sweep) = self.counts();
        let summary = SweepSummary {
            schema: SweepSummary::SCHEMA,
            tool: Tool::this(),
            run: self.key(),
            written: now,
            finished: self.run.finished.as_deref(),
            interrupted: self.run.interrupted,
            summary: tally.summary,
            sweep,
        };
        let path = self.dir.join(SUMMARY);
        let mut bytes = Vec::new();
        json::write_sweep_summary(&summary, &mut bytes)
            .and_then(|()| replace(&path, &bytes))
            .map_err(FolderError::write(&path, &self.dir))
    }

    /// Ends the run, whether its plan is done or the user `interrupted` it.
    ///
    /// # Errors
    /// Where a file cannot be written; the run can be gone on with all the same.
    pub(in crate::cli) fn finish(
        mut self,
        now: &str,
        interrupted: bool,
    ) -> Result<(), FolderError> {
        self.run.finished = Some(now.to_owned());
        self.run.interrupted = interrupted;
        self.checkpoint(now)?;
        let path = self.dir.join(plan::RUN);
        self.run.write(&self.dir).map_err(FolderError::write(&path, &self.dir))
    }
}

/// Takes the lock of a folder, or tells that another process has it.
fn lock(dir: &Path) -> Result<File, FolderError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(FolderError::prepare(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderError::Busy { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(FolderError::Prepare { path, source }),
    }
}

fn is_one_line(bytes: &[u8]) -> bool {
    memchr::memchr(b'\n', bytes).is_some_and(|at| at + 1 == bytes.len())
}
