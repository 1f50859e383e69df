//! The arguments of `mxaudit sweep`, exactly as typed.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::check::Vantage;
use super::{
    FailOn, IdentityArgs, LibraryArgs, MailArgs, ReportArgs, ServerAddress, TermsArgs, ZonesArgs,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit sweep 192.0.2.0/24 198.51.100.10-40 --dry-run\n  \
    mxaudit sweep 192.0.2.0/24 --exclude 192.0.2.7 --out run\n  \
    mxaudit sweep --targets scan.xml --out run --format csv-hosts=hosts.csv\n  \
    mxaudit sweep --resume run\n  \
    mxaudit report run --format csv-findings\n\n\
    A scope file must permit every address: `mxaudit init` writes one. The run folder holds run.json \
    (what was to be done), hosts.jsonl (a host report a line, as they finish), evidence/ and \
    summary.json. Ctrl-C, a kill or a full disk loses nothing: --resume goes on. Exit codes as with \
    check; 3 also where the run did not come to its end.")]
pub(in crate::cli) struct SweepArgs {
    /// Addresses, ranges such as 192.0.2.0/24 or 192.0.2.10-40, host names and mail domains; IPv6
    /// addresses one by one
    #[arg(value_name = "TARGET", required_unless_present_any = ["target_files", "resume"])]
    pub(in crate::cli) targets: Vec<String>,

    /// File of targets, - for standard input: a plain list (divided by blanks or lines; # begins a
    /// comment), nmap XML (-oX), masscan JSON or zmap CSV; may be given several times
    #[arg(long = "targets", value_name = "FILE")]
    pub(in crate::cli) target_files: Vec<PathBuf>,

    /// Address, range or prefix to leave out; may be given several times
    #[arg(long, value_name = "RANGE")]
    pub(in crate::cli) exclude: Vec<String>,

    /// File of addresses, ranges and prefixes to leave out, one a line; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) exclude_file: Vec<PathBuf>,

    /// Port to audit; may be given several times
    #[arg(long = "port", short, default_value = "25", value_name = "PORT",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) ports: Vec<u16>,

    /// Ask in the order of the addresses [default: shuffled by the seed, so that no network is
    /// asked all at once]
    #[arg(long)]
    pub(in crate::cli) in_order: bool,

    /// How many probes run: adaptive asks the quick ones, and the standard ones of each host that
    /// these do not show plainly closed
    #[arg(long, value_enum, default_value_t = SweepProfile::Adaptive, value_name = "PROFILE")]
    pub(in crate::cli) profile: SweepProfile,

    /// Audit only this category of the grade; may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(in crate::cli) only: Vec<String>,

    /// Leave this category of the grade out (it counts as untested); may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(in crate::cli) skip: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
    #[command(flatten)]
    pub(in crate::cli) library: LibraryArgs,

    /// Scope file: what may be swept, on whose authority and until when [default: ./mxaudit.toml]
    #[arg(long, value_name = "FILE", help_heading = "Consent and scope")]
    pub(in crate::cli) config: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) identity: IdentityArgs,
    #[command(flatten)]
    pub(in crate::cli) network: SweepNetworkArgs,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
    #[command(flatten)]
    pub(in crate::cli) zones: ZonesArgs,
    #[command(flatten)]
    pub(in crate::cli) timing: SweepTimingArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ReportArgs,
    #[command(flatten)]
    pub(in crate::cli) terms: TermsArgs,
    #[command(flatten)]
    pub(in crate::cli) mail: MailArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: FailOn,

    /// Seed of the random parts of addresses and of the order, to repeat a run exactly
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(in crate::cli) struct RunArgs {
    /// Folder that the run is written to
    #[arg(long, value_name = "DIR", required_unless_present_any = ["resume", "dry_run"])]
    pub(in crate::cli) out: Option<PathBuf>,

    /// Go on with the run in this folder exactly where it stopped: its targets, probes and names
    /// stand, and so do its limits and times where none are given anew
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "out", "targets", "target_files", "exclude", "exclude_file", "ports", "in_order", "profile",
        "only", "skip", "seed", "dry_run", "auditor_domain", "canary", "canary_address", "helo",
        "local_domains", "local_user", "claimed_address", "source", "vantage",
    ])]
    pub(in crate::cli) resume: Option<PathBuf>,

    /// Print the plan and send nothing; names are looked up all the same
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(in crate::cli) struct SweepNetworkArgs {
    /// Source address of every connection
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) source: Option<IpAddr>,

    /// Assert that the targets treat this machine as a stranger, although its address says
    /// otherwise
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(in crate::cli) vantage: Option<Vantage>,

    /// Name server to ask [default: the system's]
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(in crate::cli) resolver: Option<ServerAddress>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits (0 = no limit; with --resume those of the run)")]
pub(in crate::cli) struct LimitArgs {
    /// Hosts at once; who does not answer, or lets us wait for more than 2 s, does not count
    /// [default: 512]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_hosts: Option<u32>,

    /// Connections at once to one address [default: 1]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) per_host: Option<u32>,

    /// New connections a second [default: 1000]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) rate: Option<u32>,

    /// New connections a second to one /24 (IPv6: /64) [default: 20]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) per_prefix: Option<u32>,

    /// Seconds after which the run stops dialling; --resume goes on, to the end unless given anew
    /// [default: 0]
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) deadline: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Timing (seconds; with --resume those of the run)")]
pub(in crate::cli) struct SweepTimingArgs {
    /// Ask what is still deferred once more after this long, as greylists want it (0 = do not)
    /// [default: 0]
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) greylist_wait: Option<u32>,

    /// For a connection [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) connect_timeout: Option<u32>,

    /// For the whole greeting [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) greeting_timeout: Option<u32>,

    /// For every other whole reply [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) reply_timeout: Option<u32>,

    /// For all of one host, without the greylist wait and what the limits made it wait for
    /// [default: 900]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) host_deadline: Option<u32>,
}

/// How many probes run in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SweepProfile {
    Adaptive,
    Quick,
    Standard,
    Thorough,
}
