//! Where a report goes: standard output, or a file that appears only when it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::exit::Failure;

/// A place for the report, proved to be writable before anything is sent.
#[derive(Debug)]
pub(super) enum Output {
    /// Standard output.
    Standard,
    /// A pipe or device that was named as a file.
    Device(File),
    /// A file beside the final one, renamed when complete, so that an older report is not lost
    /// to a failed run.
    File {
        /// The file under its temporary name.
        file: File,
        /// That name.
        partial: PathBuf,
        /// The final name.
        path: PathBuf,
    },
}

impl Output {
    /// Opens the place.
    pub(super) fn prepare(path: Option<&Path>, flag: &str) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Standard) };
        let fault = |error: io::Error| {
            Failure::usage(format!(
                "{flag} {}: cannot be written: {error}; name a file in a folder that exists and is \
                 yours",
                path.display()
            ))
        };
        if path.is_dir() {
            return Err(fault(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
            let device = OpenOptions::new().write(true).open(path).map_err(fault)?;
            return Ok(Self::Device(device));
        }
        if path.exists() {
            // A file that we may not write is not replaced behind its owner's back.
            OpenOptions::new().append(true).open(path).map_err(fault)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let partial = path.with_file_name(format!(".{name}.{}.partial", std::process::id()));
        let file = File::create_new(&partial).map_err(fault)?;
        Ok(Self::File { file, partial, path: path.to_owned() })
    }

    /// Writes the whole report.
    pub(super) fn write(&mut self, report: &[u8]) -> Result<(), Failure> {
        self.write_all(report).map_err(Failure::internal)?;
        self.finish()
    }

    /// Ends a report that was written in parts.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.flush().map_err(Failure::internal)?;
        let Self::File { file, partial, path } = self else { return Ok(()) };
        let ended = file.sync_all().and_then(|()| fs::rename(&*partial, &*path));
        ended
            .map_err(|error| Failure::internal(format!("cannot write {}: {error}", path.display())))
    }

    /// An error with the name of the place.
    fn named(&self, error: &io::Error) -> io::Error {
        let name = match self {
            Self::Standard => "to standard output".to_owned(),
            Self::Device(_) => "the report".to_owned(),
            Self::File { path, .. } => path.display().to_string(),
        };
        io::Error::new(error.kind(), format!("cannot write {name}: {error}"))
    }

    /// True when a person may be reading.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self, Self::Standard)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Self::Standard => match io::stdout().write(bytes) {
                // A reader that has gone away is no fault.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
                written => written,
            },
            Self::Device(file) | Self::File { file, .. } => file.write(bytes),
        };
        written.map_err(|error| match error.kind() {
            // For `write_all`, which goes on.
            io::ErrorKind::Interrupted => error,
            _ => self.named(&error),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match self {
            Self::Standard => match io::stdout().flush() {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                flushed => flushed,
            },
            Self::Device(file) | Self::File { file, .. } => file.flush(),
        };
        flushed.map_err(|error| self.named(&error))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Self::File { partial, .. } = self {
            // Gone already where the report was completed.
            let _ = fs::remove_file(partial);
        }
    }
}
