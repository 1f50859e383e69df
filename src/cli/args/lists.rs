//! The arguments of `mxaudit lists`, exactly as typed.

use std::path::PathBuf;

use clap::Args;

use super::{FailOn, ListsReportArgs, ServerAddress};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    mxaudit lists 192.0.2.25 example.org\n  \
    mxaudit lists 192.0.2.0/24 --format csv=lists.csv\n  \
    mxaudit lists --health --resolver 127.0.0.1\n  \
    mxaudit lists --from-config /etc/postfix/main.cf\n\n\
    Each list is first asked for what it must list and for what it must not; one that fails says \
    nothing about anybody, neither \"listed\" nor \"not listed\". Keys of lists that want one are in \
    --keys FILE, or in the environment: MXAUDIT_KEY_SPAMHAUS_DQS for spamhaus-dqs.")]
pub(in crate::cli) struct ListsArgs {
    /// Addresses, ranges such as 192.0.2.0/24 (at most 65,536 addresses each), and domains
    #[arg(required_unless_present_any = ["health", "from_config"], value_name = "TARGET")]
    pub(in crate::cli) targets: Vec<String>,

    /// Only say which lists work; nobody is looked up
    #[arg(long, conflicts_with = "targets")]
    pub(in crate::cli) health: bool,

    /// Judge the lists that a configuration names (Postfix main.cf or master.cf, Exim, Sendmail .mc
    /// or .cf, rspamd rbl.conf, SpamAssassin); may be given several times. Targets are then looked
    /// up in these lists
    #[arg(long, value_name = "FILE", conflicts_with_all = ["zone", "skip_zone", "health"])]
    pub(in crate::cli) from_config: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) zones: ZonesArgs,
    #[command(flatten)]
    pub(in crate::cli) dns: DnsArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ListsReportArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: FailOn,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lists")]
pub(in crate::cli) struct ZonesArgs {
    /// Lists of your own (TOML): those with a known id take its place, the others are added
    #[arg(id = "zones", long = "zones", value_name = "FILE")]
    pub(in crate::cli) own: Option<PathBuf>,

    /// Ask only this list, by its id or its zone; may be given several times. Naming one that
    /// answers registered resolvers only says that yours is registered
    #[arg(long, value_name = "ID|NAME")]
    pub(in crate::cli) zone: Vec<String>,

    /// Do not ask this list; may be given several times
    #[arg(long, value_name = "ID|NAME")]
    pub(in crate::cli) skip_zone: Vec<String>,

    /// Ask a list that is named with --zone although it is known to be dead
    #[arg(long, requires = "zone")]
    pub(in crate::cli) ask_dead: bool,

    /// Keys of lists that want one, a line `name = "key"` each; nobody else may read the file
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) keys: Option<PathBuf>,

    /// Ask a list more than its operator allows in a day
    #[arg(long)]
    pub(in crate::cli) over_limit: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Name server")]
pub(in crate::cli) struct DnsArgs {
    /// Name server to ask [default: the system's]
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(in crate::cli) resolver: Option<ServerAddress>,

    /// Seconds to wait for an answer, in each of two attempts
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(in crate::cli) dns_timeout: u32,
}
