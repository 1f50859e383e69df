//! The arguments of `policy`, exactly as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Hold a stored report to a policy, without any network
    Check(PolicyCheckArgs),
    /// Make a policy from a report: what is so today is expected from then on
    Make(PolicyMakeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit policy check --policy policy.toml report.json\n  \
    mxaudit policy check --policy mxaudit.toml run --format json\n\n\
    Exit codes: 0 all is as expected; 1 something is not, or is not known, or a host relays for strangers; 3 no host, \
    a host whose verdict is unknown, or a run that did not end.")]
pub(in crate::cli) struct PolicyCheckArgs {
    /// The policy: a file with a [policy] table
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: PathBuf,

    /// The report: of --format json or jsonl, or the folder of a sweep
    #[arg(value_name = "REPORT")]
    pub(in crate::cli) report: PathBuf,

    /// Form of what is said
    #[arg(long, value_enum, default_value_t = PolicyFormat::Terminal, value_name = "FORMAT")]
    pub(in crate::cli) format: PolicyFormat,

    /// File for it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}

/// The forms of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PolicyFormat {
    /// For reading
    Terminal,
    /// For machines: mxaudit.policy.v1
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit policy make --from report.json\n  \
    mxaudit policy make --from run --name 'example.org mail' --output policy.toml\n\n\
    A report with a host that relays for strangers makes no policy. Of what the report does not tell, the policy says \
    nothing: it is named, and the exit code is 3.")]
pub(in crate::cli) struct PolicyMakeArgs {
    /// The report: of --format json or jsonl, or the folder of a sweep
    #[arg(long, value_name = "REPORT")]
    pub(in crate::cli) from: PathBuf,

    /// The name of the policy
    #[arg(long, default_value = "mail servers", value_name = "NAME")]
    pub(in crate::cli) name: String,

    /// Its version; count it up with each change
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(in crate::cli) version: u32,

    /// File for the policy [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
}
