//! The store of `mxaudit catch`, read while the catcher appends to it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{Canary, CanaryError};
use crate::evidence::Arrival;

/// The longest line of a store, far more than the catcher writes.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// A store of JSON lines, one arrival each.
#[derive(Debug)]
pub struct CatcherFile {
    path: PathBuf,
    known: Mutex<Known>,
}

/// What was read before: the catcher never changes a whole line.
#[derive(Debug, Default)]
struct Known {
    bytes: u64,
    lines: u64,
    arrivals: Vec<Arrival>,
}

impl CatcherFile {
    /// The store at `path`; nothing is opened before it is asked for.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), known: Mutex::default() }
    }
}

impl Canary for CatcherFile {
    /// A last line without its end is one that is being written, and is left for the next time.
    fn arrivals(&self) -> Result<Vec<Arrival>, CanaryError> {
        let file = File::open(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CanaryError::NoStore(self.path.clone()),
            _ => CanaryError::read(&self.path)(error),
        })?;
        let read_fault = |error| CanaryError::read(&self.path)(error);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if file.metadata().map_err(read_fault)?.len() < known.bytes {
            // Another file has taken its place.
            *known = Known::default();
        }
        let mut reader = BufReader::new(file);
        reader.seek(SeekFrom::Start(known.bytes)).map_err(read_fault)?;
        loop {
            let mut line = Vec::new();
            let length =
                (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(read_fault)?
                    as u64;
            if line.pop() != Some(b'\n') {
                if length == LONGEST_LINE {
                    let line = known.lines + 1;
                    return Err(CanaryError::LongLine { path: self.path.clone(), line });
                }
                return Ok(known.arrivals.clone());
            }
            let arrival = Arrival::from_line(&line).map_err(|source| CanaryError::BrokenLine {
                path: self.path.clone(),
                line: known.lines + 1,
                source,
            })?;
            known.arrivals.push(arrival);
            known.bytes += length;
            known.lines += 1;
        }
    }
}
