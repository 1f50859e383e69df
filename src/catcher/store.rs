//! The file of arrivals: what was confirmed is in it, whatever happens to this process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::evidence::Arrival;

/// The longest line of a store, far more than is ever written.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;
/// The longest store, in bytes: strangers decide how much arrives.
const LONGEST_STORE: u64 = 1024 * 1024 * 1024;
/// How every line begins.
const LINE_BEGINNING: &[u8] = b"{\"token\":\"mxa1";
/// How many messages wait for the disk at once.
const WAITING: usize = 256;

/// Why a file cannot be the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be opened, read or written.
    #[error("cannot be used: {0}")]
    Unusable(#[from] io::Error),
    /// It is a folder, a device or a pipe.
    #[error("is no plain file")]
    NoFile,
    /// Another process writes it.
    #[error("is in use by another `mxaudit catch`")]
    InUse,
    /// It holds something else, and is left as it is.
    #[error("holds something else: line {0} is not an arrival; name a new file")]
    Foreign(u64),
}

/// Why arrivals were not stored.
#[derive(Debug, Error)]
pub(super) enum AppendError {
    #[error("cannot write to the store: {0}")]
    Write(#[from] io::Error),
    #[error("the store has reached 1 GiB")]
    Full,
}

/// An open store, at its end.
#[derive(Debug)]
pub struct Store {
    file: File,
    /// A failed write could not be taken back: the file is to be cut to this length first.
    cut_to: Option<u64>,
    /// How many bytes of a torn last line were cut off when it was opened.
    repaired: u64,
}

impl Store {
    /// Opens or creates the store, and cuts off a last line that a dying process left unfinished.
    ///
    /// # Errors
    /// [`StoreError`]; the file is unchanged then.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let known = fs::metadata(path);
        if known.as_ref().is_ok_and(|known| !known.is_file()) {
            return Err(StoreError::NoFile);
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // Elsewhere a lock would also keep readers out.
        if cfg!(unix) && matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
            return Err(StoreError::InUse);
        }
        let length = file.metadata()?.len();
        let whole = length_of_whole_lines(&file)?;
        if whole < length {
            file.set_len(whole)?;
        }
        file.sync_all()?;
        if known.is_err() {
            sync_folder(path)?;
        }
        Ok(Self { file, cut_to: None, repaired: length - whole })
    }

    /// How many bytes of an unfinished last line were cut off.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Appends whole lines; when this returns, they are on the disk. A failed write leaves nothing
    /// behind.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), AppendError> {
        if let Some(length) = self.cut_to {
            self.file.set_len(length)?;
            self.cut_to = None;
        }
        let before = self.file.metadata()?.len();
        if before.saturating_add(lines.len() as u64) > LONGEST_STORE {
            return Err(AppendError::Full);
        }
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        if written.is_err() && self.file.set_len(before).is_err() {
            self.cut_to = Some(before);
        }
        Ok(written?)
    }
}

/// The length of the file without an unfinished last line.
fn length_of_whole_lines(file: &File) -> Result<u64, StoreError> {
    let mut reader = BufReader::new(file);
    let mut whole = 0;
    for number in 1.. {
        let mut line = Vec::new();
        let length = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
        if line.last() != Some(&b'\n') {
            let torn = line.starts_with(LINE_BEGINNING) || LINE_BEGINNING.starts_with(&line);
            if !torn || length == LONGEST_LINE {
                return Err(StoreError::Foreign(number));
            }
            break;
        }
        if Arrival::from_line(&line).is_err() {
            return Err(StoreError::Foreign(number));
        }
        whole += length;
    }
    Ok(whole)
}

/// Makes the name of a new file as lasting as its content.
fn sync_folder(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.map_or_else(|| PathBuf::from("."), Path::to_owned))?.sync_all()
}

/// Arrivals of one message, and who waits for them.
struct Job {
    lines: Vec<u8>,
    done: oneshot::Sender<bool>,
}

/// The way to the thread that writes.
#[derive(Clone, Debug)]
pub(super) struct Writer(mpsc::Sender<Job>);

impl Writer {
    /// Starts the thread. It ends when the last clone of the writer is dropped. `on_fault` hears
    /// why arrivals were not stored.
    pub(super) fn start(
        mut store: Store,
        mut on_fault: impl FnMut(String) + Send + 'static,
    ) -> (Self, JoinHandle<()>) {
        let (sender, mut jobs) = mpsc::channel::<Job>(WAITING);
        let thread = thread::spawn(move || {
            while let Some(first) = jobs.blocking_recv() {
                // What came meanwhile goes to the disk together.
                let mut group = vec![first];
                while let Ok(job) = jobs.try_recv() {
                    group.push(job);
                }
                let lines: Vec<_> = group.iter().flat_map(|job| &job.lines).copied().collect();
                let written = store.append(&lines);
                let stored = written.is_ok();
                if let Err(error) = written {
                    on_fault(error.to_string());
                }
                for job in group {
                    // A client that is gone does not wait.
                    let _ = job.done.send(stored);
                }
            }
        });
        (Self(sender), thread)
    }

    /// True when the arrivals are on the disk.
    pub(super) async fn store(&self, arrivals: &[Arrival]) -> bool {
        let mut lines = Vec::new();
        for arrival in arrivals {
            if serde_json::to_writer(&mut lines, arrival).is_err() {
                return false;
            }
            lines.push(b'\n');
        }
        let (done, stored) = oneshot::channel();
        self.0.send(Job { lines, done }).await.is_ok() && stored.await.unwrap_or(false)
    }
}
