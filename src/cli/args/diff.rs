//! The arguments of `diff`, exactly as typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FailOn;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit diff last-week.json today.json\n  \
    mxaudit diff run-1 run-2 --format json --output diff.json\n  \
    mxaudit diff run-1 run-2 --format html --output diff.html\n\n\
    What the newer report does not tell is never fixed: it is no longer testable. Exit codes: 0 nothing new; 1 a \
    host relays that was not known to, or a new finding at or above --fail-on; 3 something cannot be told now.")]
pub(in crate::cli) struct DiffArgs {
    /// The older report: of --format json or jsonl, or the folder of a sweep
    #[arg(value_name = "OLD")]
    pub(in crate::cli) old: PathBuf,

    /// The newer one
    #[arg(value_name = "NEW")]
    pub(in crate::cli) new: PathBuf,

    /// Form of the comparison
    #[arg(long, value_enum, default_value_t = DiffFormat::Terminal, value_name = "FORMAT")]
    pub(in crate::cli) format: DiffFormat,

    /// File for the comparison [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Lowest severity of a new finding that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: FailOn,
}

/// The forms of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DiffFormat {
    /// For reading
    Terminal,
    /// For machines: mxaudit.diff.v1
    Json,
    /// One page for a browser
    Html,
}
