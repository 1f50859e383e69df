//! The command line, exactly as typed.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::finding::Severity;
use crate::probe::Profile;

use super::confirm::{ConfirmArgs, LateArgs};

/// Audits mail servers that you administer: is this server an open relay, by any known trick?
#[derive(Debug, Parser)]
#[command(name = "mxaudit", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 nothing found at or above --fail-on; 1 findings; 2 usage, \
    configuration, or a name that does not resolve; 3 incomplete (a verdict is unknown, or nothing \
    could be reached); 4 a fault of mxaudit.")]
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
    /// Audit nine built-in practice servers on loopback, as a first look at the tool
    Demo(DemoArgs),
    /// Explain a finding, a probe or a reason word; without one, list them all
    Explain {
        /// Such as open-relay, R01, relay-percent-host or local-control
        id: Option<String>,
    },
    /// Write a commented mxaudit.toml to start from
    Init(InitArgs),
    /// List, show or validate relay probes
    #[command(subcommand)]
    Probes(ProbesCommand),
    /// Judge stored evidence again, now that its messages have arrived: by their tokens, or by what
    /// the canary has got meanwhile
    Confirm(LateArgs),
    /// Judge stored evidence again and write its report, without any network
    Replay(ReplayArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum ProbesCommand {
    /// One line for each probe
    List,
    /// Everything about one probe
    Show {
        /// The probe's id or code, such as relay-percent-host or R01
        id: String,
    },
    /// Judge the vectors inside the probe files: each must come out as it says
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
pub(super) struct InitArgs {
    /// Where to write it
    #[arg(long, short, default_value = "mxaudit.toml", value_name = "FILE")]
    pub(super) output: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// A folder that --evidence wrote, or .smtp transcripts out of one
    #[arg(required = true, value_name = "DIR|FILE")]
    pub(super) evidence: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) library: LibraryArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,

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
pub(super) struct DemoArgs {
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Host names, addresses or mail domains; host:NAME and domain:NAME say which of the two a
    /// name is
    #[arg(required = true, value_name = "TARGET")]
    pub(super) targets: Vec<String>,

    /// Port to audit; may be given several times
    #[arg(long = "port", short, default_value = "25", value_name = "PORT",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) ports: Vec<u16>,

    /// How many probes run: quick finds most open relays, standard those that are worth a few
    /// connections more, thorough all
    #[arg(long, value_enum, default_value_t = ProfileArg::Standard, value_name = "PROFILE")]
    pub(super) profile: ProfileArg,

    /// Audit only this category of the grade; may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(super) only: Vec<String>,

    /// Leave this category of the grade out (it counts as untested); may be given several times
    #[arg(long, value_name = "CATEGORY")]
    pub(super) skip: Vec<String>,

    #[command(flatten)]
    pub(super) library: LibraryArgs,
    #[command(flatten)]
    pub(super) consent: ConsentArgs,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    #[command(flatten)]
    pub(super) network: NetworkArgs,
    #[command(flatten)]
    pub(super) confirm: ConfirmArgs,
    #[command(flatten)]
    pub(super) matrix: MatrixArgs,
    #[command(flatten)]
    pub(super) timing: TimingArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,

    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::High, value_name = "SEVERITY")]
    pub(super) fail_on: FailOn,

    /// Write the dialogue of every connection into this folder, to keep or to replay
    #[arg(long, value_name = "DIR")]
    pub(super) evidence: Option<PathBuf>,

    /// Seed of the random parts of addresses, to repeat a run exactly
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Consent and scope")]
pub(super) struct ConsentArgs {
    /// Configuration and scope file [default: ./mxaudit.toml if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// You administer these hosts, or act for those who do (at most 16 public addresses; not
    /// needed where a scope file permits them)
    #[arg(long)]
    pub(super) authorized: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Identities")]
pub(super) struct IdentityArgs {
    /// Your own domain, foreign to the targets: senders are in it
    #[arg(long, value_name = "DOMAIN")]
    pub(super) auditor_domain: Option<String>,

    /// Your own mailbox that stands for a stranger's, tagged with + for each run [default: a
    /// random user at the auditor's domain]
    #[arg(long, value_name = "MAILBOX")]
    pub(super) canary: Option<String>,

    /// Where mail for the canary's domain is taken, for forms with an address literal
    #[arg(long, value_name = "IP")]
    pub(super) canary_address: Option<IpAddr>,

    /// Name to greet with [default: the auditor's domain, else the source address as a literal]
    #[arg(long, value_name = "NAME")]
    pub(super) helo: Option<String>,

    /// A domain that the targets take mail for; may be given several times
    #[arg(long = "local-domain", value_name = "DOMAIN")]
    pub(super) local_domains: Vec<String>,

    /// A local part that exists there [default: postmaster]
    #[arg(long, value_name = "USER")]
    pub(super) local_user: Option<String>,

    /// Where a target offers XCLIENT to us: claim to be the client with this address, one that the
    /// target trusts, and see whether it relays then
    #[arg(long = "xclient", value_name = "ADDR")]
    pub(super) claimed_address: Option<IpAddr>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Source address of every connection
    #[arg(long, value_name = "ADDR")]
    pub(super) source: Option<IpAddr>,

    /// Assert that the targets treat this machine as a stranger, although its address says
    /// otherwise
    #[arg(long, value_enum, value_name = "WHERE")]
    pub(super) vantage: Option<Vantage>,

    /// Name server to ask [default: the system's]
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub(super) resolver: Option<ServerAddress>,

    /// Hosts at once
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) max_hosts: u16,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Relay matrix")]
pub(super) struct MatrixArgs {
    /// Ask for the relay matrix too: which client may send as whom and to whom, expected and
    /// observed. The two options below imply it
    #[arg(long)]
    pub(super) matrix: bool,

    /// Another address of this machine, one that the targets trust: the matrix is asked from there
    /// too
    #[arg(long, value_name = "ADDR")]
    pub(super) trusted_source: Option<IpAddr>,

    /// File with an account of your own (username, password, and where needed mechanism and
    /// address), readable by you alone: the matrix is asked after a login with it too. Certificates
    /// are not checked
    #[arg(long, value_name = "FILE")]
    pub(super) credentials: Option<PathBuf>,

    /// Log in even where the server offers no TLS
    #[arg(long, requires = "credentials")]
    pub(super) auth_in_clear: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Timing (seconds)")]
pub(super) struct TimingArgs {
    /// Ask what is still deferred once more after this long, as greylists want it (0 = do not)
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(super) greylist_wait: u32,

    /// For a connection
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) connect_timeout: u32,

    /// For the whole greeting
    #[arg(long, default_value_t = 300, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) greeting_timeout: u32,

    /// For every other whole reply
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) reply_timeout: u32,

    /// For all of one host, the greylist wait not counted
    #[arg(long, default_value_t = 900, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) host_deadline: u32,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportArgs {
    /// Form of the report; may be given several times, each but one with its file
    #[arg(long = "format", value_name = "FORMAT[=FILE]", help = formats_help())]
    pub(super) formats: Vec<FormatArg>,

    /// File for the report whose --format names none; an older one is replaced when the new one is
    /// whole [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Only the summary lines, and no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// How many probes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProfileArg {
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

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For reading
    Terminal,
    /// For machines: the v1 model
    Json,
    /// One host a line, and the summary in the last one
    Jsonl,
    /// One row a host, for spreadsheets
    CsvHosts,
    /// One row a finding
    CsvFindings,
    /// One row a cell of the relay matrix
    CsvMatrix,
}

/// A form, and the file that it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatArg {
    pub(super) format: Format,
    pub(super) file: Option<PathBuf>,
}

impl FromStr for FormatArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, file) = match text.split_once('=') {
            Some((_, "")) => return Err("name a file behind the =".into()),
            Some((word, file)) => (word, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = Format::from_str(word, true)
            .map_err(|_| format!("the forms are {}", format_words()))?;
        Ok(Self { format, file })
    }
}

fn format_words() -> String {
    let words = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    words.map(|word| word.get_name().to_owned()).collect::<Vec<_>>().join(", ")
}

fn formats_help() -> String {
    format!(
        "Form of the report, one of {}; may be given several times, each but one with its file \
         [default: terminal]",
        format_words()
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Vantage {
    /// A stranger to the targets
    Outside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl FailOn {
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}

/// The address of a name server, port 53 unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerAddress(pub(super) SocketAddr);

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
