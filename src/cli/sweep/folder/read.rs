//! A run folder that is read, also while a sweep writes to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::store;
use crate::evidence::listing::Listings;
use crate::report::model::{DarkCounts, SweepCounts, Tally};

use super::dark::Dark;
use super::error::FolderError;
use super::lines::{Host, Lines};
use super::{EVIDENCE, LISTS, RunFile, SUMMARY};

/// The hosts of a run, one after another by the numbers of their jobs. In memory are their places only.
pub(in crate::cli) struct RunReader {
    head: RunHead,
    dark: DarkCounts,
    lines: Lines,
    places: Vec<Place>,
}

/// What is known of a run without its hosts.
pub(in crate::cli) struct RunHead {
    dir: PathBuf,
    run: RunFile,
    lists: Vec<Listings>,
    newest: Newest,
}

/// Where the evidence of a host stands.
struct Place {
    number: u64,
    start: u64,
    line: u64,
}

/// What of the newest counts cannot be counted again.
#[derive(Default, Deserialize)]
struct Newest {
    written: Option<String>,
    #[serde(default)]
    sweep: NewestCounts,
}

#[derive(Default, Deserialize)]
struct NewestCounts {
    #[serde(default)]
    errors: u64,
}

/// The number of a line of evidence; the rest of it is only seen to be a document.
#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

impl RunHead {
    /// Reads what a folder says of the whole run.
    ///
    /// # Errors
    /// Where the folder holds no run.
    pub(in crate::cli) fn open(dir: &Path) -> Result<Self, FolderError> {
        let run = RunFile::read(dir)?;
        let newest = optional(&dir.join(SUMMARY))?.unwrap_or_default();
        let lists = proofs(&dir.join(LISTS))?;
        Ok(Self { dir: dir.to_owned(), run, lists, newest })
    }

    /// The folder.
    pub(in crate::cli) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The plan, the start and the end.
    pub(in crate::cli) fn run(&self) -> &RunFile {
        &self.run
    }

    /// What DNS-based lists have shown of themselves last, where they were asked.
    pub(in crate::cli) fn newest_lists(&self) -> Option<&Listings> {
        self.lists.last()
    }

    /// What they had shown in the part of the run that a host was asked in. It is there for every host that
    /// [`RunReader::host`] returns.
    pub(in crate::cli) fn lists(&self, part: usize) -> Option<&Listings> {
        self.lists.get(part)
    }

    /// When the run ended, or when its newest counts were written where it has not.
    pub(in crate::cli) fn finished(&self) -> &str {
        let newest = self.run.finished.as_ref().or(self.newest.written.as_ref());
        newest.unwrap_or(&self.run.started)
    }
}

impl RunReader {
    /// Finds all hosts of a folder. A last line that is written by half is left out.
    ///
    /// # Errors
    /// Where the folder holds no run, or a whole line is no host.
    pub(in crate::cli) fn open(dir: &Path) -> Result<Self, FolderError> {
        let mut head = RunHead::open(dir)?;
        let mut lines = Lines::open(&dir.join(EVIDENCE))?;
        let mut places = Vec::new();
        while lines.next()? {
            let Numbered { number } = lines.parse()?;
            places.push(Place { number, start: lines.start(), line: lines.number() });
        }
        places.sort_by_key(|place| (place.number, place.line));
        let twice = places.windows(2).find_map(|pair| match pair {
            [one, other] if one.number == other.number => Some(other),
            _ => None,
        });
        if let Some(place) = twice {
            lines.read_at(place.start, place.line)?;
            return Err(lines.fault(format!("job {} is there a second time", place.number)));
        }
        // After the hosts, so that no part of the run is missing that one of them speaks of.
        head.lists = proofs(&dir.join(LISTS))?;
        // After the hosts, so that no job that was dark a moment ago is missing.
        let dark = Dark::read(dir)?.counts();
        Ok(Self { head, dark, lines, places })
    }

    /// What is known of the run without its hosts.
    pub(in crate::cli) fn head(&self) -> &RunHead {
        &self.head
    }

    /// How many hosts there are.
    pub(in crate::cli) fn len(&self) -> usize {
        self.places.len()
    }

    /// The `index`th host by the numbers of the jobs; `None` behind the last.
    ///
    /// # Errors
    /// Where its line is not what a sweep writes.
    pub(in crate::cli) fn host(&mut self, index: usize) -> Result<Option<Host>, FolderError> {
        let Some(place) = self.places.get(index) else { return Ok(None) };
        if !self.lines.read_at(place.start, place.line)? {
            return Err(self.lines.fault("is gone since the file was opened".into()));
        }
        let host: Host = self.lines.parse()?;
        if host.number != place.number {
            return Err(self.lines.fault("has changed since the file was opened".into()));
        }
        store::check_places(&host.evidence).map_err(|problem| self.lines.fault(problem))?;
        if let Some(part) = host.listed.as_ref().map(|listed| listed.part)
            && part >= self.head.lists.len()
        {
            let problem = format!(
                "was judged by line {} of {LISTS}, which has {}",
                part.saturating_add(1),
                self.head.lists.len()
            );
            return Err(self.lines.fault(problem));
        }
        Ok(Some(host))
    }

    /// What is counted beside the verdicts of these hosts.
    pub(in crate::cli) fn counts(&self, hosts: &Tally) -> SweepCounts {
        let (jobs, dark) = (self.head.run.plan.jobs, self.dark);
        let done = dark.all().saturating_add(u64::try_from(self.len()).unwrap_or(u64::MAX));
        SweepCounts {
            jobs,
            dark,
            not_asked: jobs.saturating_sub(done),
            errors: self.head.newest.sweep.errors,
            proofs: hosts.proofs,
            severities: hosts.severities,
        }
    }
}

/// What lists have shown of themselves, part by part. A last line that is written by half is left out.
pub(super) fn proofs(path: &Path) -> Result<Vec<Listings>, FolderError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let (mut lines, mut all) = (Lines::open(path)?, Vec::new());
    while lines.next()? {
        all.push(lines.proofs()?);
    }
    Ok(all)
}

/// A document that need not be there.
fn optional<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, FolderError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FolderError::read(path)(error)),
    };
    let read = serde_json::from_slice(&bytes);
    read.map(Some).map_err(|error| FolderError::read(path)(error.into()))
}
