//! The one command: starts a farm, lets mxaudit, the least client and nmap loose on it one after
//! the other, checks every verdict and prints what each of them took.

mod clients;
mod field;
mod namespace;
mod table;
mod verdicts;

use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use clap::Args;
use ipnet::Ipv4Net;

use crate::behaviour::{Behaviour, Mix, Profile, addresses, is_alive};
use crate::error::{Error, Result};
use crate::farm::{Report, Rest};
use crate::least::Lesson;
use crate::measure::Measured;
use crate::script::Recorded;

use clients::{Client, NmapSettings};
use field::Field;
use table::Row;

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Length of the prefix that is swept
    #[arg(long, value_name = "PREFIX", default_value_t = 18, value_parser = clap::value_parser!(u8).range(9..=32))]
    hosts: u8,
    /// Where it begins
    #[arg(long, value_name = "ADDRESS", default_value = "127.16.0.0")]
    base: Ipv4Addr,
    /// Round trips in milliseconds, each a run of its own
    #[arg(long, value_name = "MS,…", value_delimiter = ',', default_value = "0")]
    delay: Vec<u64>,
    /// The profile of mxaudit
    #[arg(long, default_value = "standard")]
    profile: Profile,
    /// closed, standard, adaptive, tarpits, or a list of BEHAVIOUR=SHARE [default: adaptive for
    /// that profile, else standard]
    #[arg(long)]
    mix: Option<Mix>,
    /// Hosts at once, of mxaudit and of the least client [default: 4096, `adaptive` 256, with a delay 8192]
    #[arg(long, value_name = "N")]
    max_hosts: Option<usize>,
    /// One address in so many answers
    #[arg(long, value_name = "N", default_value_t = 1)]
    alive: u32,
    /// What the other addresses do
    #[arg(long, default_value = "refuse")]
    rest: Rest,
    /// New connections a second of mxaudit (0: no limit); the farm counts them
    #[arg(long, value_name = "N", default_value_t = 0)]
    rate: u64,
    /// New connections a second to one /24 (0: no limit); the farm counts them
    #[arg(long, value_name = "N", default_value_t = 0)]
    per_prefix: u64,
    /// The port of the farm
    #[arg(long, default_value_t = 2525)]
    port: u16,
    /// The mxaudit to measure
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_mxaudit"))]
    mxaudit: PathBuf,
    /// Leave the least client out, which is left out anyway with --rest dark
    #[arg(long)]
    skip_least: bool,
    /// Leave nmap out, which is left out anyway where it is not installed
    #[arg(long)]
    skip_nmap: bool,
    /// Length of the prefix that nmap gets, at the same base
    #[arg(long, value_name = "PREFIX", default_value_t = 22)]
    nmap_hosts: u8,
    /// How nmap is set: with the twenty sockets that it gives its scripts, or with 1,024
    #[arg(long, default_value = "stock", value_delimiter = ',')]
    nmap: Vec<NmapSettings>,
    /// Print tables as Markdown
    #[arg(long)]
    markdown: bool,
    /// Keep all files here [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Stay in the machine's network namespace
    #[arg(long)]
    no_namespace: bool,
    /// More options for `mxaudit sweep`
    #[arg(last = true)]
    more: Vec<String>,
}

/// Runs all; `false` when a verdict is wrong or a limit was not kept.
pub(crate) fn run(args: &RunArgs) -> Result<bool> {
    if !args.no_namespace
        && let Some(done) = namespace::run_inside()?
    {
        return Ok(done);
    }
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let temporary = tempfile::tempdir()?;
    let folder = args.keep.clone().unwrap_or_else(|| temporary.path().into());
    let mut right = true;
    for delay in &args.delay {
        let folder = folder.join(format!("{delay}ms"));
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        right &= Round::new(args, *delay, folder)?.run()?;
    }
    Ok(right)
}

/// All that is measured at one delay.
struct Round<'a> {
    args: &'a RunArgs,
    delay: u64,
    folder: PathBuf,
    network: Ipv4Net,
    mix: Mix,
    max_hosts: usize,
    field: Field,
}

impl<'a> Round<'a> {
    fn new(args: &'a RunArgs, delay: u64, folder: PathBuf) -> Result<Self> {
        let usual = if args.profile == Profile::Adaptive { "adaptive" } else { "standard" };
        let mix = match &args.mix {
            Some(mix) => mix.clone(),
            None => usual.parse().map_err(Error::Farm)?,
        };
        let network = prefix(args.base, args.hosts);
        let block = (args.alive > 1).then_some((network, args.alive, args.rest));
        let field = Field::start(args.port, &mix, delay, block)?;
        let usual = match (delay, args.profile) {
            (0, Profile::Adaptive) => 256,
            (0, _) => 4096,
            _ => 8192,
        };
        let max_hosts = args.max_hosts.unwrap_or(usual);
        Ok(Self { args, delay, folder, network, mix, max_hosts, field })
    }

    fn alive(&self, network: Ipv4Net) -> impl Iterator<Item = Ipv4Addr> {
        addresses(network).filter(|address| is_alive(*address, self.args.alive))
    }

    fn run(mut self) -> Result<bool> {
        let hosts = self.alive(self.network).count() as u64;
        let mut rows = Vec::new();
        let mut right = true;

        let client = Client::mxaudit(&self.args.mxaudit, &self.folder)?;
        let swept = self.folder.join("run");
        let command = self.sweep(&client, &[self.network.to_string()], &swept);
        let (measured, seen) = self.measure("mxaudit", &client, &command)?;
        let checked =
            verdicts::check(&swept.join("hosts.jsonl"), self.alive(self.network), &self.mix)?;
        let limits = self.limits(&seen);
        right &= checked.is_right() && limits.iter().all(|limit| limit.kept);
        let name = format!("mxaudit, {}", self.args.profile.word());
        rows.push(Row::new(name, hosts, &measured, &seen));

        let mut notes = vec![checked.to_string()];
        notes.extend(limits.iter().map(|limit| limit.text.clone()));
        // It waits for every SYN that is dropped as long as the system does.
        let dark = self.args.alive > 1 && self.args.rest == Rest::Dark;
        if !self.args.skip_least && !dark {
            let lesson = self.learn(&client)?;
            let client = Client::least(&self.folder, &lesson)?;
            let command = client.least_command(
                self.network,
                (self.args.port, self.args.alive, self.max_hosts),
                &self.mix,
            );
            let (measured, seen) = self.measure("least", &client, &command)?;
            let played = client.played()?;
            if played.failures > 0 || played.hosts != hosts {
                right = false;
                notes.push(format!(
                    "least client: {} hosts, {} connections did not go as recorded",
                    played.hosts, played.failures
                ));
            }
            rows.push(Row::new("least client".into(), hosts, &measured, &seen));
        }
        let settings: &[NmapSettings] = if self.args.skip_nmap { &[] } else { &self.args.nmap };
        for settings in settings {
            let Some(client) = Client::nmap(&self.folder) else {
                notes.push("nmap is not installed".into());
                break;
            };
            let network = prefix(self.args.base, self.args.nmap_hosts.max(self.args.hosts));
            let hosts = self.alive(network).count() as u64;
            let output = self.folder.join(format!("nmap-{}.txt", settings.word()));
            let command = client.nmap_command(network, self.args.port, *settings, &output);
            let (measured, seen) = self.measure("nmap", &client, &command)?;
            let wrong = verdicts::check_nmap(&output, self.alive(network), &self.mix)?;
            notes.push(format!("nmap ({}): {wrong}", settings.word()));
            rows.push(Row::new(format!("nmap, {}", settings.word()), hosts, &measured, &seen));
        }
        self.print(&rows, &notes)?;
        self.field.stop()?;
        Ok(right)
    }

    fn sweep(&self, client: &Client, targets: &[String], out: &Path) -> Vec<String> {
        let mut command = client.sweep_command(targets, self.args.port, out);
        let pairs = [
            ("--profile", self.args.profile.word().to_owned()),
            ("--max-hosts", self.max_hosts.to_string()),
            ("--rate", self.args.rate.to_string()),
            ("--per-prefix", self.args.per_prefix.to_string()),
        ];
        command.extend(pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        command.extend(self.args.more.iter().cloned());
        command
    }

    /// Records what mxaudit asks of one host of each behaviour.
    fn learn(&mut self, client: &Client) -> Result<Lesson> {
        let mut samples: Vec<(Behaviour, Ipv4Addr)> = Vec::new();
        for address in self.alive(self.network) {
            let behaviour = self.mix.truth(address);
            if !samples.iter().any(|(known, _)| *known == behaviour) {
                samples.push((behaviour, address));
            }
        }
        let targets: Vec<String> = samples.iter().map(|(_, one)| one.to_string()).collect();
        self.field.ask(&format!("record {}", targets.join(" ")))?;
        let command = self.sweep(client, &targets, &self.folder.join("lesson"));
        client.measure("lesson", &command)?;
        let answer = self.field.ask("recorded")?;
        let recorded: Vec<Recorded> =
            serde_json::from_str(&answer).map_err(Error::json("the record of the farm"))?;
        let mut lesson = Lesson::new();
        for (behaviour, address) in samples {
            let heard = recorded.iter().find(|one| one.address == address);
            let heard = heard.filter(|one| !one.connections.is_empty());
            lesson
                .insert(behaviour, heard.cloned().ok_or(Error::NothingRecorded(behaviour.word()))?);
        }
        Ok(lesson)
    }

    /// Runs a client between two reports of the farm.
    fn measure(
        &mut self,
        name: &str,
        client: &Client,
        command: &[String],
    ) -> Result<(Measured, Report)> {
        self.field.report()?;
        let measured = client.measure(name, command)?;
        Ok((measured, self.field.report()?))
    }

    /// What the farm has counted of the limits that were given.
    fn limits(&self, seen: &Report) -> Vec<Limit> {
        let limits = [
            ("new connections in a second", self.args.rate, seen.most_in_a_second),
            (
                "new connections in a second to one /24",
                self.args.per_prefix,
                seen.most_in_a_second_of_one_prefix,
            ),
            ("connections of one host at once", 1, seen.at_once_of_one_address),
            ("hosts at once", self.max_hosts as u64, seen.at_once),
        ];
        let given = limits.into_iter().filter(|(_, limit, _)| *limit > 0);
        given.map(|(what, limit, counted)| Limit::new(what, limit, counted)).collect()
    }

    fn print(&self, rows: &[Row], notes: &[String]) -> Result<()> {
        let mut out = std::io::stdout().lock();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        writeln!(
            out,
            "\n{} ({} hosts), mix {}, round trip {} ms, {} hosts at once, {cores} cores for all\n",
            self.network,
            self.alive(self.network).count(),
            self.mix.text(),
            self.delay,
            self.max_hosts,
        )?;
        table::print(&mut out, rows, self.args.markdown)?;
        writeln!(out)?;
        for note in table::ratios(rows).iter().chain(notes) {
            writeln!(out, "{}{note}", if self.args.markdown { "- " } else { "" })?;
        }
        Ok(out.flush()?)
    }
}

/// A limit, and whether it was kept.
struct Limit {
    kept: bool,
    text: String,
}

impl Limit {
    /// The farm counts when it accepts, which is some milliseconds after the client has dialled
    /// and not always equally many: one in fifty more is not held against the client. Nor is it with
    /// hosts at once: one that has just been met may have to wait for its turn, connected.
    fn new(what: &str, limit: u64, counted: u64) -> Self {
        let exact = what.starts_with("connections of one host");
        let kept = counted <= if exact { limit } else { limit + limit / 50 + 1 };
        let sign = if kept { "" } else { ": NOT KEPT" };
        Self { kept, text: format!("counted by the farm: {counted} {what}, {limit} allowed{sign}") }
    }
}

fn prefix(base: Ipv4Addr, length: u8) -> Ipv4Net {
    Ipv4Net::new(base, length).unwrap_or_default().trunc()
}
