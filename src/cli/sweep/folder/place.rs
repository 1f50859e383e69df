//! Files of a run folder on disk: one that is replaced whole, and one that only grows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Puts a file in the place of an older one, at once: a reader finds the one or the other, never a part. It is on the
/// disk when this returns.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let written = File::create(&partial)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path))
        .and_then(|()| sync_folder_of(path));
    if written.is_err() {
        // On a full disk it would only take room.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Waits until the folder of a file knows it by its name, which outlives no loss of power before.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    // Elsewhere a folder is no file that could be opened.
    match path.parent() {
        Some(folder) if cfg!(unix) => sync_folder(folder),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// A file of lines that only grows, and never by a part of one.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Journal {
    /// An empty one. What a run that never began left behind may be there, as long as it is empty.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(&path)?;
        match file.metadata()?.len() {
            0 => {
                sync_folder_of(&path)?;
                Ok(Self { file, path, length: 0 })
            }
            _ => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// One whose first `length` bytes are whole lines; what is behind them is cut off.
    pub(super) fn open(path: PathBuf, length: u64) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).open(&path)?;
        file.set_len(length)?;
        Ok(Self { file, path, length })
    }

    /// Hands whole lines to the operating system in one write, so that they outlive this process from here on. What
    /// was written of them when that fails is cut off again.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(lines) {
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Takes the newest lines back.
    pub(super) fn cut(&mut self, length: u64) -> io::Result<()> {
        self.length = length;
        self.file.set_len(length)
    }

    /// Waits until everything is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
