//! The command line, exactly as typed.

mod check;
mod confirm;
mod diff;
mod lists;
mod mail;
mod matrix;
mod policy;
mod pop;
mod report;
mod sweep;
mod terms;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(super) use check::{CheckArgs, IdentityArgs, ServerAddress, TimingArgs};
pub(super) use confirm::{ConfirmArgs, LateArgs};
pub(super) use diff::{DiffArgs, DiffFormat};
pub(super) use lists::{DnsArgs, ListsArgs, ZonesArgs};
pub(super) use mail::MailArgs;
pub(super) use matrix::MatrixArgs;
pub(super) use policy::{PolicyCheckArgs, PolicyCommand, PolicyFormat, PolicyMakeArgs};
pub(super) use pop::PopArgs;
pub(super) use report::{FailOn, Format, FormatArg, ListsFormat, ListsReportArgs, ReportArgs};
pub(super) use sweep::{LimitArgs, SweepArgs, SweepProfile, SweepTimingArgs};
pub(super) use terms::{StoredTermsArgs, TermsArgs};

/// Audits mail servers that you administer: is this server an open relay, by any known trick?
#[derive(Debug, Parser)]
#[command(name = "mxaudit", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Examples:\n  \
    mxaudit demo                                     # a first look, on loopback\n  \
    mxaudit check mx.example.org --local-domain example.org\n  \
    mxaudit sweep 192.0.2.0/24 --out run\n  \
    mxaudit man check                                # all of a command, for `man -l -`\n\n\
    Exit codes: 0 nothing found at or above --fail-on; 1 findings, or a \
    policy that is violated; 2 usage, configuration, or a name that does not resolve; 3 incomplete \
    (a verdict is unknown, nothing could be reached, or a report could not be mailed); 4 a fault of mxaudit.")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve your canary's mail domain: note which test messages arrive there, and relay nothing
    Catch(CatchArgs),
    /// Audit hosts, addresses or mail domains
    Check(Box<CheckArgs>),
    /// Print a script that completes commands and options in a shell
    #[command(after_help = "Examples:\n  \
        mxaudit completions bash > /etc/bash_completion.d/mxaudit\n  \
        mxaudit completions zsh > \"${fpath[1]}/_mxaudit\"\n  \
        mxaudit completions fish > ~/.config/fish/completions/mxaudit.fish")]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Audit nine built-in practice servers on loopback, as a first look at the tool
    Demo(DemoArgs),
    /// Compare two stored reports: what is new, fixed, unchanged, or can no longer be told
    Diff(DiffArgs),
    /// Explain a finding, a probe or a reason word; without one, list them all
    #[command(after_help = "Examples:\n  \
        mxaudit explain open-relay\n  \
        mxaudit explain R01")]
    Explain {
        /// Such as open-relay, R01, relay-percent-host or local-control
        id: Option<String>,
    },
    /// Write a commented mxaudit.toml to start from
    Init(InitArgs),
    /// Look addresses, ranges and domains up in DNS-based block lists, each of which proves first
    /// that it works
    Lists(Box<ListsArgs>),
    /// Print the manual page of mxaudit or of a command, or write all of them into a folder
    Man(ManArgs),
    /// What you expect of your servers: make a policy from a report, or hold a report to one
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        mxaudit policy make --from report.json --output policy.toml\n  \
        mxaudit policy check --policy policy.toml report.json"
    )]
    Policy(PolicyCommand),
    /// List, show or validate relay probes
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        mxaudit probes list\n  \
        mxaudit probes show R01\n  \
        mxaudit probes validate my-probes"
    )]
    Probes(ProbesCommand),
    /// Judge stored evidence again, now that its messages have arrived: by their tokens, or by what
    /// the canary has got meanwhile
    Confirm(LateArgs),
    /// Judge stored evidence again and write its report, without any network
    Replay(ReplayArgs),
    /// Write the report of a sweep from its folder, also while it goes on
    Report(FolderArgs),
    /// Audit the ranges that you administer: fast, polite, and resumable
    Sweep(Box<SweepArgs>),
}

#[derive(Debug, Subcommand)]
pub(super) enum ProbesCommand {
    /// One line for each probe
    #[command(after_help = "Example:\n  mxaudit probes list")]
    List,
    /// Everything about one probe
    #[command(after_help = "Example:\n  mxaudit probes show relay-percent-host")]
    Show {
        /// The probe's id or code, such as relay-percent-host or R01
        id: String,
    },
    /// Judge the vectors inside the probe files: each must come out as it says
    #[command(after_help = "Example:\n  mxaudit probes validate my-probes")]
    Validate {
        /// A folder of <family>/<name>.toml files; the built-in library if left out
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit catch --listen 0.0.0.0:25 --domain canary.example.org --store arrivals.jsonl\n  \
    mxaudit catch --listen [::]:2525 --domain canary.example.org --store arrivals.jsonl\n\n\
    The MX record of the domain has to name this machine. Each token that arrives is a line on \
    standard output and a line of JSON in the store, on the disk before the message is confirmed. \
    It ends with Ctrl-C or SIGTERM.")]
pub(super) struct CatchArgs {
    /// Address and port to listen on; [::] is every address of this machine
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: SocketAddr,

    /// The only domain whose mail is taken, any local part
    #[arg(long, value_name = "DOMAIN")]
    pub(super) domain: String,

    /// Where arrivals are noted, one line of JSON each; appended to if it exists
    #[arg(long, value_name = "FILE")]
    pub(super) store: PathBuf,

    /// Name of this server in its greeting [default: the domain]
    #[arg(long, value_name = "HOST")]
    pub(super) name: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit man | man -l -\n  \
    mxaudit man probes show | man -l -\n  \
    mxaudit man --output /usr/local/share/man/man1")]
pub(super) struct ManArgs {
    /// The command; the whole if left out
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    pub(super) command: Vec<String>,

    /// Write all pages into this folder, each as a file of its own
    #[arg(long, short, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mxaudit init --output mxaudit.toml")]
pub(super) struct InitArgs {
    /// Where to write it
    #[arg(long, short, default_value = "mxaudit.toml", value_name = "FILE")]
    pub(super) output: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit replay evidence\n  \
    mxaudit replay evidence --format json=report.json\n  \
    mxaudit replay evidence --mail-report ops@example.org --smtp-url smtps://mail.example.org")]
pub(super) struct ReplayArgs {
    /// A folder that --evidence wrote, or .smtp transcripts out of one
    #[arg(required = true, value_name = "DIR|FILE")]
    pub(super) evidence: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) library: LibraryArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
    #[command(flatten)]
    pub(super) terms: StoredTermsArgs,
    #[command(flatten)]
    pub(super) mail: MailArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(super) fail_on: FailOn,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit report run\n  \
    mxaudit report run --format csv-hosts=hosts.csv --format json=report.json\n  \
    mxaudit report run --quiet --mail-report ops@example.org --smtp-url smtps://audit@mail.example.org \
    --smtp-credentials smtp.toml\n\n\
    Every form but json and prometheus is written host by host, whatever their number; json needs all of them in \
    memory, prometheus a line of each. The hosts stand in the order of their addresses. In the terminal form, closed hosts without a finding of \
    high severity are counted and not shown; with --quiet each host has its line.")]
pub(super) struct FolderArgs {
    /// The folder that `mxaudit sweep --out` wrote, or is writing
    #[arg(value_name = "DIR")]
    pub(super) run: PathBuf,

    #[command(flatten)]
    pub(super) library: LibraryArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
    #[command(flatten)]
    pub(super) terms: StoredTermsArgs,
    #[command(flatten)]
    pub(super) mail: MailArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(super) fail_on: FailOn,
}

#[derive(Debug, Args)]
pub(super) struct LibraryArgs {
    /// Your own probes, <family>/<name>.toml below this folder: those with a known id take its
    /// place, the others are added
    #[arg(long = "probes", value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit demo\n  \
    mxaudit demo --format json=demo.json")]
pub(super) struct DemoArgs {
    #[command(flatten)]
    pub(super) report: ReportArgs,
}
