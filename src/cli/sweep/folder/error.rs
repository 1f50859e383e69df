//! What is wrong with a run folder, or with writing to it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::cli::exit::{Exit, Failure};

/// Why a run folder cannot be made, read, gone on with or written to.
#[derive(Debug, Error)]
pub(in crate::cli) enum FolderError {
    /// The folder holds a run.
    #[error("{}: holds another run; go on with that one by --resume, or name another folder", dir.display())]
    Taken {
        /// The folder.
        dir: PathBuf,
    },
    /// Another process writes to the run.
    #[error("{}: another mxaudit is writing to this run; wait until it has ended, or name another folder", dir.display())]
    Busy {
        /// The folder.
        dir: PathBuf,
    },
    /// A report would take the place of a file of the run.
    #[error("{}: belongs to the run in {} and is no place for a report; name another file", path.display(), dir.display())]
    Own {
        /// The file.
        path: PathBuf,
        /// The folder.
        dir: PathBuf,
    },
    /// Nothing can be made in the folder.
    #[error("{}: cannot be written: {source}; name a folder that can be made", path.display())]
    Prepare {
        /// What could not be made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the folder cannot be read.
    #[error("{}: cannot be read: {source}; give a folder that `mxaudit sweep --out` wrote", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `run.json` is none.
    #[error("{}: {problem}", path.display())]
    NoRun {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what would help.
        problem: String,
    },
    /// The run was begun with something else than what is here now.
    #[error(
        "{}: the run was begun with {then}, and this is {now}: its hosts would not be comparable; go on with what it \
         was begun with, or begin anew in another folder (`mxaudit report` shows what there is)",
        dir.display()
    )]
    Foreign {
        /// The folder.
        dir: PathBuf,
        /// What it was.
        then: String,
        /// What it is.
        now: String,
    },
    /// A whole line is not what it should be.
    #[error(
        "{}, line {line}: {problem}; the file was changed or damaged after it was written, and is left as it is: mend \
         or take away the line, in evidence/hosts.jsonl and in hosts.jsonl alike",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// More hosts stand in one file alone than a kill can leave there.
    #[error(
        "{}, line {line}: the {count} hosts from here on have no line in {}, which was cut off or damaged after it was \
         written; both are left as they are: give back the whole file, or take away these lines, and the hosts are asked \
         again",
        path.display(), other.display()
    )]
    Apart {
        /// The file that has them.
        path: PathBuf,
        /// Its first line of these, from 1.
        line: u64,
        /// How many they are.
        count: u64,
        /// The file that does not have them.
        other: PathBuf,
    },
    /// A whole line of what lists have shown is not what it should be.
    #[error(
        "{}, line {line}: holds no proofs of lists: {problem}; the file was changed or damaged after it was written: \
         give back the file that the sweep wrote",
        path.display()
    )]
    Proofs {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A bitmap is none.
    #[error("{}: is damaged ({source}); delete it, and its addresses are dialled again", path.display())]
    Bitmap {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A file of the run cannot be written any more.
    #[error(
        "cannot write {}: {source}; the run stops here, and what was written before is kept: make room, then go on with \
         --resume {}",
        path.display(), dir.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A job ended twice, or its lines are none.
    #[error("job {number}: {problem}")]
    Job {
        /// The number of the job.
        number: u64,
        /// What is wrong.
        problem: String,
    },
}

impl FolderError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(super) fn prepare(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Prepare { path, source }
    }

    pub(super) fn write(path: &Path, dir: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let (path, dir) = (path.to_owned(), dir.to_owned());
        move |source| Self::Write { path, dir, source }
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            // The run is not at its end, and can be gone on with.
            FolderError::Write { .. } => {
                Self { messages: vec![error.to_string()], exit: Exit::Incomplete }
            }
            FolderError::Job { .. } => Self::internal(error),
            _ => Self::usage(error),
        }
    }
}
