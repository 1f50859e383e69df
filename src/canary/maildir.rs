//! A mailbox in the Maildir format, filled by another mail server.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;

use super::{Canary, CanaryError};
use crate::evidence::{Arrival, ArrivalReader, Handover};

/// Longer messages are none of ours.
const LONGEST_MESSAGE: u64 = 32 * 1024 * 1024;

/// The folders that hold delivered messages.
const FOLDERS: [&str; 2] = ["new", "cur"];

/// A Maildir, of which every message is read once.
#[derive(Debug)]
pub struct Maildir {
    path: PathBuf,
    since: Option<SystemTime>,
    /// What each message brought, by the part of its name that never changes.
    known: Mutex<HashMap<OsString, Vec<Arrival>>>,
}

impl Maildir {
    /// The Maildir at `path`; nothing is opened before it is asked for.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), since: None, known: Mutex::default() }
    }

    /// Leaves out messages that were there before this time, so that an old mailbox is not read
    /// from its beginning.
    pub fn since(self, time: SystemTime) -> Self {
        Self { since: Some(time), ..self }
    }

    /// The arrivals of one message; none where the file is too long, is no plain file, or has been
    /// moved away.
    fn message(&self, path: &Path) -> Result<Option<Vec<Arrival>>, CanaryError> {
        let fault = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Ok(None),
            _ => Err(CanaryError::read(path)(error)),
        };
        let facts = match fs::symlink_metadata(path) {
            Ok(facts) => facts,
            Err(error) => return fault(error),
        };
        let time = match facts.modified() {
            Ok(time) => time,
            Err(error) => return fault(error),
        };
        let old = self.since.is_some_and(|since| time < since);
        if !facts.is_file() || facts.len() > LONGEST_MESSAGE || old {
            return Ok(Some(Vec::new()));
        }
        let mut file = match File::open(path) {
            Ok(file) => file.take(LONGEST_MESSAGE),
            Err(error) => return fault(error),
        };
        let mut reader = ArrivalReader::default();
        let mut piece = vec![0; 64 * 1024];
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => reader.take(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return fault(error),
            }
        }
        let at = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
        Ok(Some(reader.finish(Handover { at, ..Handover::default() })))
    }
}

impl Canary for Maildir {
    /// Reads `new` before `cur`: a message that another program moves meanwhile is seen in one of
    /// them.
    fn arrivals(&self) -> Result<Vec<Arrival>, CanaryError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in FOLDERS {
            let folder = self.path.join(folder);
            let entries = fs::read_dir(&folder).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                    CanaryError::NoMaildir(self.path.clone())
                }
                _ => CanaryError::read(&folder)(error),
            })?;
            for entry in entries {
                let entry = entry.map_err(CanaryError::read(&folder))?;
                let name = entry.file_name();
                let unique = unique_part(&name);
                if name.as_encoded_bytes().starts_with(b".") || known.contains_key(&unique) {
                    continue;
                }
                if let Some(arrivals) = self.message(&entry.path())? {
                    known.insert(unique, arrivals);
                }
            }
        }
        let mut arrivals: Vec<_> = known.values().flatten().cloned().collect();
        arrivals.sort_by(|a, b| (&a.at, &a.token).cmp(&(&b.at, &b.token)));
        Ok(arrivals)
    }
}

/// The name of a message without its flags, which change when it is moved or read.
fn unique_part(name: &OsString) -> OsString {
    let text = name.to_string_lossy();
    match text.split_once(":2,") {
        Some((unique, _)) => unique.into(),
        None => name.clone(),
    }
}
