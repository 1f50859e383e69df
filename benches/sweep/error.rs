//! What can go wrong in a benchmark.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The result of a step of the benchmark.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a step of the benchmark could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("listening on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the event loop of the farm: {0}")]
    Poll(io::Error),
    #[error("starting {program}: {source}")]
    Start { program: String, source: io::Error },
    #[error("the farm: {0}")]
    Farm(String),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{what}: {source}")]
    Json { what: String, source: serde_json::Error },
    #[error("asking what a process has used: {0}")]
    Usage(nix::Error),
    #[error("starting the threads of the least client: {0}")]
    Runtime(io::Error),
    #[error("no connection of {0} was recorded: does the client reach the farm?")]
    NothingRecorded(&'static str),
    #[error("{program} ended with {status}; its messages are in {log}")]
    Failed { program: String, status: String, log: PathBuf },
    #[error("{0} does not know the command sweep; --mxaudit PATH names another one")]
    NoSweep(PathBuf),
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// A fault of the file at `path`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// What `what` says is not the JSON that it should be.
    pub(crate) fn json(what: impl Into<String>) -> impl FnOnce(serde_json::Error) -> Self {
        let what = what.into();
        move |source| Self::Json { what, source }
    }
}
