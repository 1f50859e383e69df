//! The canary: the auditor's own mailbox, where a message can only arrive if a server relayed it.
//!
//! [`Canary`] is the port; [`CatcherFile`] reads the store of `mxaudit catch`, [`Maildir`] the
//! mailbox that another mail server fills.
#![warn(clippy::indexing_slicing)]

mod catcher_file;
mod maildir;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use catcher_file::CatcherFile;
pub use maildir::Maildir;

use crate::evidence::Arrival;

/// A place where messages with tokens arrive.
pub trait Canary {
    /// All that has arrived so far, the known ones included.
    ///
    /// # Errors
    /// [`CanaryError`] when the place cannot be read: what has arrived is unknown then.
    fn arrivals(&self) -> Result<Vec<Arrival>, CanaryError>;
}

/// Why the canary cannot be read.
#[derive(Debug, Error)]
pub enum CanaryError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store does not exist.
    #[error("{} does not exist; name the --store of a running `mxaudit catch`", .0.display())]
    NoStore(PathBuf),
    /// A line of the store is none that the catcher wrote.
    #[error("{}, line {line}: {source}; this is not a store of `mxaudit catch`", path.display())]
    BrokenLine {
        /// The store.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A line of the store is longer than any that the catcher writes.
    #[error("{}, line {line}: too long; this is not a store of `mxaudit catch`", path.display())]
    LongLine {
        /// The store.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
    },
    /// The folder has no `new` and `cur`.
    #[error("{} is no Maildir: it has no folders new and cur", .0.display())]
    NoMaildir(PathBuf),
}

impl CanaryError {
    fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }
}
