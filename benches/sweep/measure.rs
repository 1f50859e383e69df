//! What a process costs: time, processor time and memory.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What processes have used.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Processor time in seconds, that of the system on their behalf included.
    pub(crate) processor: f64,
    /// Of that, the time in the system.
    pub(crate) system: f64,
    /// The most memory that one of them held, in bytes.
    pub(crate) memory: u64,
}

impl Spent {
    /// By this process so far.
    pub(crate) fn of_this_process() -> Result<Self> {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    fn of(whom: UsageWho) -> Result<Self> {
        let usage = getrusage(whom).map_err(Error::Usage)?;
        let seconds = |time: nix::sys::time::TimeVal| time.num_microseconds() as f64 / 1e6;
        Ok(Self {
            processor: seconds(usage.user_time()) + seconds(usage.system_time()),
            system: seconds(usage.system_time()),
            memory: u64::try_from(usage.max_rss()).unwrap_or(0) * 1024,
        })
    }

    /// Without what was used before; the peak of memory stays.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            processor: self.processor - before.processor,
            system: self.system - before.system,
            memory: self.memory,
        }
    }
}

/// A command that has run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// How long it ran, in seconds.
    pub(crate) seconds: f64,
    /// What it used.
    pub(crate) spent: Spent,
    /// Its exit code, absent where a signal ended it.
    pub(crate) code: Option<i32>,
}

/// Options of `measure`.
#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// Where to note what it cost, as JSON
    #[arg(long, value_name = "FILE")]
    note: PathBuf,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command. It is the only child of this process, so that what children have used is
/// what it has used.
pub(crate) fn measure(args: &MeasureArgs) -> Result<()> {
    // The command line wants at least one word.
    let Some((program, arguments)) = args.command.split_first() else { return Ok(()) };
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .status()
        .map_err(|source| Error::Start { program: program.display().to_string(), source })?;
    let seconds = start.elapsed().as_secs_f64();
    let spent = Spent::of(UsageWho::RUSAGE_CHILDREN)?;
    let file = File::create(&args.note).map_err(Error::file(&args.note))?;
    let measured = Measured { seconds, spent, code: status.code() };
    serde_json::to_writer(file, &measured).map_err(Error::json(args.note.display().to_string()))
}
