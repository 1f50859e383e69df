//! The arguments that say what counts for the exit code, exactly as typed.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "What counts for the exit code")]
pub(in crate::cli) struct TermsArgs {
    /// An earlier report, of --format json or jsonl or the folder of a sweep: findings that it knows are shown and do
    /// not count; a server that relays for strangers always does
    #[arg(long, value_name = "FILE|DIR")]
    pub(in crate::cli) baseline: Option<PathBuf>,

    /// A policy: the grade, the outcomes, the MX hosts and the relay matrix that are expected; what is not so, or not
    /// known, makes the exit code 1 [default: the [policy] table of the configuration]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,
}

/// The same for commands that read stored evidence, and need no other part of the configuration.
#[derive(Debug, Args)]
#[command(next_help_heading = "What counts for the exit code")]
pub(in crate::cli) struct StoredTermsArgs {
    #[command(flatten)]
    pub(in crate::cli) terms: TermsArgs,

    /// Configuration of which the tables [[suppress]] and [policy] are read [default: ./mxaudit.toml if there is one]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
}
