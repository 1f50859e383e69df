//! Files of lines, read one line at a time.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::evidence::listing::{Listed, Listings};
use crate::target::scope::Authority;

use super::error::FolderError;

/// Bytes that the line of a closed host fits in.
const ROOM: usize = 24 << 10;

/// One host of a run: a line of its evidence.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cli) struct Host {
    /// The number of the job.
    pub(in crate::cli) number: u64,
    /// All that it was asked and answered, the dialogues included.
    pub(in crate::cli) evidence: Evidence,
    /// On whose authority it was asked.
    pub(in crate::cli) authority: Option<Authority>,
    /// What lists said about it, where they were asked.
    #[serde(default)]
    pub(in crate::cli) listed: Option<ListedHost>,
}

/// What lists said about one host, and by which proofs it is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct ListedHost {
    /// The part of the run: the number of a line of proofs, from 0.
    pub(in crate::cli) part: usize,
    /// What they said.
    pub(in crate::cli) said: Listed,
}

/// The same, to be written.
#[derive(Serialize)]
struct HostLine<'a> {
    number: u64,
    evidence: &'a Evidence,
    authority: Option<&'a Authority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listed: Option<&'a ListedHost>,
}

/// The line of a host's evidence.
pub(in crate::cli) fn evidence_line(
    number: u64,
    evidence: &Evidence,
    authority: Option<&Authority>,
    listed: Option<&ListedHost>,
) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut line, &HostLine { number, evidence, authority, listed })?;
    line.push(b'\n');
    Ok(line)
}

/// The whole lines of a file, and how much of a line is behind them.
pub(super) struct Lines {
    reader: BufReader<File>,
    path: PathBuf,
    line: Vec<u8>,
    /// The number of the line that was read last, from 1.
    number: u64,
    /// Where it begins and where it ends.
    span: (u64, u64),
    torn: bool,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, FolderError> {
        let file = File::open(path).map_err(FolderError::read(path))?;
        Ok(Self {
            reader: BufReader::with_capacity(1 << 16, file),
            path: path.to_owned(),
            line: Vec::new(),
            number: 0,
            span: (0, 0),
            torn: false,
        })
    }

    /// Reads the next whole line; false at the end. What is behind the last line end is no line: a run that was
    /// killed, or one that is just writing it, leaves it so.
    pub(super) fn next(&mut self) -> Result<bool, FolderError> {
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        let read = read.map_err(FolderError::read(&self.path))?;
        if self.line.last() != Some(&b'\n') {
            self.torn = read > 0;
            return Ok(false);
        }
        let (_, end) = self.span;
        self.span = (end, end + u64::try_from(read).unwrap_or(u64::MAX));
        self.number += 1;
        Ok(true)
    }

    /// Reads the line that begins at `start` and is the `number`th.
    pub(super) fn read_at(&mut self, start: u64, number: u64) -> Result<bool, FolderError> {
        let sought = self.reader.seek(SeekFrom::Start(start));
        sought.map_err(FolderError::read(&self.path))?;
        (self.span, self.number) = ((start, start), number.saturating_sub(1));
        self.next()
    }

    /// The line as a document.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, FolderError> {
        serde_json::from_slice(&self.line)
            .map_err(|error| self.fault(format!("is no host: {error}")))
    }

    /// The line as what lists have shown of themselves.
    pub(super) fn proofs(&self) -> Result<Listings, FolderError> {
        serde_json::from_slice(&self.line).map_err(|error| FolderError::Proofs {
            path: self.path.clone(),
            line: self.number,
            problem: error.to_string(),
        })
    }

    /// The line is not what it should be.
    pub(super) fn fault(&self, problem: String) -> FolderError {
        FolderError::Line { path: self.path.clone(), line: self.number, problem }
    }

    /// Which line was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Where the line that was read last begins.
    pub(super) fn start(&self) -> u64 {
        self.span.0
    }

    /// Where the whole lines that were read end.
    pub(super) fn end(&self) -> u64 {
        self.span.1
    }

    /// True when there is a part of a line behind them.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }
}
