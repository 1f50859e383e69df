//! The arguments of a confirmation, exactly as typed.

use std::path::PathBuf;

use clap::Args;

use super::{FailOn, LibraryArgs, ReportArgs, StoredTermsArgs};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit confirm evidence --catcher arrivals.jsonl\n  \
    mxaudit confirm evidence --canary-maildir ~/Maildir")]
pub(in crate::cli) struct LateArgs {
    /// A folder that --evidence wrote
    #[arg(value_name = "DIR")]
    pub(in crate::cli) evidence: PathBuf,

    /// Tokens that you have seen arrive, as the report lists them
    #[arg(value_name = "TOKEN")]
    pub(in crate::cli) tokens: Vec<String>,

    /// Where `mxaudit catch` stores what arrives
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) catcher: Option<PathBuf>,

    /// The Maildir that the canary's mail is delivered into
    #[arg(long, value_name = "DIR", conflicts_with = "catcher")]
    pub(in crate::cli) canary_maildir: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) library: LibraryArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ReportArgs,
    #[command(flatten)]
    pub(in crate::cli) terms: StoredTermsArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: FailOn,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Confirmation")]
pub(in crate::cli) struct ConfirmArgs {
    /// Carry accepted forms through DATA, at most 5 messages a host, and see whether they arrive at
    /// the canary; first the canary itself is proved to be yours
    #[arg(long)]
    pub(in crate::cli) confirm: bool,

    /// Where a running `mxaudit catch` stores what arrives
    #[arg(long, value_name = "FILE", requires = "confirm")]
    pub(in crate::cli) catcher: Option<PathBuf>,

    /// The Maildir that the canary's mail is delivered into
    #[arg(long, value_name = "DIR", requires = "confirm", conflicts_with = "catcher")]
    pub(in crate::cli) canary_maildir: Option<PathBuf>,

    /// How long to wait for arrivals
    #[arg(long, default_value_t = 60, value_name = "SECONDS", requires = "confirm")]
    pub(in crate::cli) confirm_wait: u32,

    /// The port of the canary's own mail server
    #[arg(long, default_value_t = 25, value_name = "PORT", requires = "confirm", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) canary_port: u16,
}
