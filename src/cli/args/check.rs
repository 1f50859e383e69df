//! The arguments of an audit, exactly as typed.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgGroup, Args, ValueEnum};

use crate::probe::Profile;

use super::{
    ConfirmArgs, FailOn, LibraryArgs, MailArgs, MatrixArgs, PopArgs, ReportArgs, TermsArgs,
    ZonesArgs,
};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("accounts").args(["credentials", "pop_credentials"]).multiple(true))]
#[command(after_help = "Examples:\n  \
    mxaudit check mx.example.org --local-domain example.org\n  \
    mxaudit check domain:example.org --profile thorough --evidence evidence\n  \
    mxaudit check 192.0.2.25 --port 25 --port 587 --format json=report.json\n  \
    mxaudit check mx.example.org --mail-report ops@example.org --smtp-url smtps://mail.example.org")]
pub(in crate::cli) struct CheckArgs {
    /// Host names, addresses or mail domains; host:NAME and domain:NAME say which of the two a
    /// name is
    #[arg(required = true, value_name = "TARGET")]
    pub(in crate::cli) targets: Vec<String>,

    /// Port to audit; may be given several times
    #[arg(long = "port", short, default_value = "25", value_name = "PORT",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) ports: Vec<u16>,

    /// How many probes run: quick finds most open relays, standard those that are worth a few
    /// connections more, thorough all
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard, value_name = "PROFILE")]
    pub(in crate::cli) profile: ProfileArg,

    /// Audit only this category of the grade; may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(in crate::cli) only: Vec<String>,

    /// Leave this category of the grade out (it counts as untested); may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(in crate::cli) skip: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) library: LibraryArgs,
    #[command(flatten)]
    pub(in crate::cli) consent: ConsentArgs,
    #[command(flatten)]
    pub(in crate::cli) identity: IdentityArgs,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArgs,
    #[command(flatten)]
    pub(in crate::cli) confirm: ConfirmArgs,
    #[command(flatten)]
    pub(in crate::cli) matrix: MatrixArgs,
    #[command(flatten)]
    pub(in crate::cli) pop: PopArgs,
    #[command(flatten)]
    pub(in crate::cli) zones: ZonesArgs,
    #[command(flatten)]
    pub(in crate::cli) timing: TimingArgs,
    #[command(flatten)]
    pub(in crate::cli) report: ReportArgs,
    #[command(flatten)]
    pub(in crate::cli) terms: TermsArgs,
    #[command(flatten)]
    pub(in crate::cli) mail: MailArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(in crate::cli) fail_on: FailOn,

    /// Write the dialogue of every connection into this folder, to keep or to replay
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) evidence: Option<PathBuf>,

    /// Say of each host and each connection on standard error how many round trips it took, and how
    /// long. A handshake counts as one with TLS 1.3 and as two with TLS 1.2
    #[arg(long)]
    pub(in crate::cli) timings: bool,

    /// Seed of the random parts of addresses, to repeat a run exactly
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Consent and scope")]
pub(in crate::cli) struct ConsentArgs {
    /// Configuration and scope file [default: ./mxaudit.toml if there is one]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,

    /// You administer these hosts, or act for those who do (at most 16 public addresses; not
    /// needed where a scope file permits them)
    #[arg(long)]
    pub(in crate::cli) authorized: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Identities")]
pub(in crate::cli) struct IdentityArgs {
    /// Your own domain, foreign to the targets: senders are in it
    #[arg(long, value_name = "DOMAIN")]
    pub(in crate::cli) auditor_domain: Option<String>,

    /// Your own mailbox that stands for a stranger's, tagged with + for each run [default: a
    /// random user at the auditor's domain]
    #[arg(long, value_name = "MAILBOX")]
    pub(in crate::cli) canary: Option<String>,

    /// Where mail for the canary's domain is taken, for forms with an address literal
    #[arg(long, value_name = "IP")]
    pub(in crate::cli) canary_address: Option<IpAddr>,

    /// Name to greet with [default: the auditor's domain, else the source address as a literal]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) helo: Option<String>,

    /// A domain that the targets take mail for; may be given several times
    #[arg(long = "local-domain", value_name = "DOMAIN")]
    pub(in crate::cli) local_domains: Vec<String>,

    /// A local part that exists there [default: postmaster]
    #[arg(long, value_name = "USER")]
    pub(in crate::cli) local_user: Option<String>,

    /// Where a target offers XCLIENT to us: claim to be the client with this address, one that the
    /// target trusts, and see whether it relays then
    #[arg(long = "xclient", value_name = "ADDR")]
    pub(in crate::cli) claimed_address: Option<IpAddr>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(in crate::cli) struct NetworkArgs {
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

    /// Hosts at once
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) max_hosts: u16,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Timing (seconds)")]
pub(in crate::cli) struct TimingArgs {
    /// Ask what is still deferred once more after this long, as greylists want it (0 = do not)
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(in crate::cli) greylist_wait: u32,

    /// For a connection
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) connect_timeout: u32,

    /// For the whole greeting
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) greeting_timeout: u32,

    /// For every other whole reply
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) reply_timeout: u32,

    /// For all of one host, the greylist wait and --pop-window not counted
    #[arg(long, default_value_t = 900, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) host_deadline: u32,
}

/// How many probes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ProfileArg {
    Quick,
    Standard,
    Thorough,
}

impl From<ProfileArg> for Profile {
    fn from(arg: ProfileArg) -> Self {
        match arg {
            ProfileArg::Quick => Self::Quick,
            ProfileArg::Standard => Self::Standard,
            ProfileArg::Thorough => Self::Thorough,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Vantage {
    /// A stranger to the targets
    Outside,
}

/// The address of a name server, port 53 unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct ServerAddress(pub(in crate::cli) SocketAddr);

impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(address));
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        bare.parse::<IpAddr>().map(|address| Self(SocketAddr::new(address, 53))).map_err(|_| {
            "give an address, such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53".into()
        })
    }
}
