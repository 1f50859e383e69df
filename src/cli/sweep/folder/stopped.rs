//! A run that nobody is at work on: what it holds, before anything of it is changed.

use std::fs::File;
use std::path::{Path, PathBuf};

use roaring::RoaringTreemap;

use crate::report::model::RunKey;

use super::dark::Dark;
use super::error::FolderError;
use super::place::Journal;
use super::plan::{Plan, RUN, RunFile, Versions};
use super::read::proofs;
use super::recover::{Recovered, recover};
use super::{EVIDENCE, LISTS, REPORTS, RunFolder, lock};

/// A run that could be gone on with. Its folder is locked, read and found whole, and not yet changed.
#[derive(Debug)]
pub(in crate::cli) struct Stopped {
    dir: PathBuf,
    run: RunFile,
    recovered: Recovered,
    dark: Dark,
    lock: File,
}

impl Stopped {
    /// Reads the run of a folder.
    ///
    /// # Errors
    /// Where the folder holds no run, one that was begun with other versions, or one with a damaged line.
    pub(in crate::cli) fn open(dir: &Path, versions: &Versions) -> Result<Self, FolderError> {
        // Before the lock, which would make a file in a folder that is no run.
        RunFile::read(dir)?;
        let lock = lock(dir)?;
        let run = RunFile::read(dir)?;
        run.check(versions, dir)?;
        let key = RunKey { started: &run.started, seed: run.plan.seed };
        let recovered = recover(key, run.plan.jobs, &dir.join(EVIDENCE), &dir.join(REPORTS))?;
        // They are added to when the run goes on, which is too late to find that they are none.
        proofs(&dir.join(LISTS))?;
        let mut dark = Dark::read(dir)?;
        for number in &recovered.done {
            dark.remove(number);
        }
        Ok(Self { dir: dir.to_owned(), run, recovered, dark, lock })
    }

    /// Refuses other versions, once more is known of them than when the folder was opened.
    ///
    /// # Errors
    /// Where the run was begun with others.
    pub(in crate::cli) fn check(&self, versions: &Versions) -> Result<(), FolderError> {
        self.run.check(versions, &self.dir)
    }

    /// What the run set out to do.
    pub(in crate::cli) fn plan(&self) -> &Plan {
        &self.run.plan
    }

    /// How many jobs have their report or are known to be dark.
    pub(in crate::cli) fn done(&self) -> u64 {
        self.recovered.done.len() + self.dark.counts().all()
    }

    /// What of the run is not whole and will be asked again, one sentence each, for the user.
    pub(in crate::cli) fn dropped(&self) -> &[String] {
        &self.recovered.dropped
    }

    /// Goes on with the run: notes that, and cuts off what was not written whole. `plan` is its own with what may be
    /// said anew, `now` the time, RFC 3339.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub(in crate::cli) fn go_on(self, plan: Plan, now: &str) -> Result<RunFolder, FolderError> {
        let Self { dir, mut run, recovered, dark, lock } = self;
        run.plan = plan;
        run.finished = None;
        run.interrupted = false;
        run.resumed.push(now.to_owned());
        run.write(&dir).map_err(FolderError::write(&dir.join(RUN), &dir))?;
        let open = |name: &str, length| {
            let path = dir.join(name);
            Journal::open(path.clone(), length).map_err(FolderError::prepare(&path))
        };
        let Recovered { done, tally, unheard, .. } = recovered;
        Ok(RunFolder {
            evidence: open(EVIDENCE, recovered.evidence)?,
            reports: open(REPORTS, recovered.reports)?,
            dir,
            run,
            done,
            dark,
            tally,
            unheard,
            errors: RoaringTreemap::new(),
            _lock: lock,
        })
    }
}
