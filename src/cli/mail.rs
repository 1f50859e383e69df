//! `--mail-report`: the report to the postmaster, by the user's own relay.
//!
//! All that can be wrong with it is said before anything is probed. What is wrong later, such as a
//! relay that is down, costs the mail and not the report.

use std::fmt::Write as _;
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lettre::Address;
use lettre::message::header::Date;

use crate::report::escape;
use crate::report::mail::{Contents, Head, LARGEST};
use crate::report::model::RunReport;
use crate::submission::{self, Account, Relay, RelayError, Roots, RootsError, Security, Taken};

use super::args::{MailArgs, ReportArgs, TermsArgs};
use super::complain;
use super::credentials;
use super::exit::Failure;
use super::input;
use super::interrupt::Signals;

/// Where the password may be, if not in a file.
const PASSWORD: &str = "MXAUDIT_SMTP_PASSWORD";
/// How to give one.
const WAYS: &str = "give it in a file that only you can read (--smtp-credentials FILE), or in the \
                    environment as MXAUDIT_SMTP_PASSWORD";
/// Characters of the relay's words that are shown.
const SHOWN: usize = 1000;

/// A mail that is wanted: everything about it but the sender is known.
#[derive(Debug)]
pub(super) struct Wanted {
    to: Vec<Address>,
    from: Option<Address>,
    relay: Relay,
    /// What was typed, but for the addresses.
    options: String,
}

/// Where else a report is.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// In the folder of a sweep.
    Sweep(PathBuf),
    /// In a folder of evidence.
    Evidence(PathBuf),
    /// In these files at most.
    Files(Vec<PathBuf>),
}

/// A mail that can be sent as soon as there is a report.
#[derive(Debug)]
pub(super) struct Mail {
    wanted: Wanted,
    from: Address,
    kept: Kept,
    quiet: bool,
}

impl Wanted {
    /// Reads what was typed, and the files that it names. Nothing where no mail is wanted.
    /// `terms` and `config` are what sends the same report again.
    pub(super) fn read(
        args: &MailArgs,
        terms: &TermsArgs,
        config: Option<&Path>,
    ) -> Result<Option<Self>, Failure> {
        let Some(url) = args.smtp_url.as_deref().filter(|_| !args.mail_report.is_empty()) else {
            return Ok(None);
        };
        let to = args.mail_report.iter().map(|text| address("--mail-report", text));
        let to = to.collect::<Result<Vec<_>, _>>()?;
        let from =
            args.mail_from.as_deref().map(|text| address("--mail-from", text)).transpose()?;
        let mut relay = relay(url, args.smtp_ca.as_deref())?;
        let (account, of_account) = account(&relay, args.smtp_credentials.as_deref())?;
        relay.account = account;
        let reached = (relay.host.as_str(), relay.port).to_socket_addrs();
        reached.map_err(|error| {
            let (host, error) = (&relay.host, escape::terminal(&error.to_string()));
            Failure::usage(format!("--smtp-url: {host} has no address: {error}; name your relay"))
        })?;
        let from = from.map_or(of_account, |from| Ok(Some(from)))?;
        Ok(Some(Self { to, from, relay, options: options(args, url, terms, config) }))
    }

    /// Adds the sender, who is at `domain` where none was named.
    pub(super) fn by(self, domain: Option<&str>, kept: Kept, quiet: bool) -> Result<Mail, Failure> {
        let from = match (&self.from, domain) {
            (Some(from), _) => from.clone(),
            (None, Some(domain)) => {
                address("the auditor's domain", &format!("postmaster@{domain}"))?
            }
            (None, None) => {
                return Err(Failure::usage(
                    "--mail-report: the mail has no sender: name one with --mail-from ADDR, or your \
                     domain with --auditor-domain or as `domain` below [auditor] in mxaudit.toml",
                ));
            }
        };
        Ok(Mail { wanted: self, from, kept, quiet })
    }
}

/// The options that send it to others in the same way.
fn options(args: &MailArgs, url: &str, terms: &TermsArgs, config: Option<&Path>) -> String {
    let mut options = format!(" --smtp-url '{url}'");
    let files = [
        ("smtp-credentials", args.smtp_credentials.as_deref()),
        ("smtp-ca", args.smtp_ca.as_deref()),
        ("baseline", terms.baseline.as_deref()),
        ("policy", terms.policy.as_deref()),
        ("config", config),
    ];
    for (name, file) in files {
        if let Some(file) = file {
            let _ = write!(options, " --{name} {}", file.display());
        }
    }
    if let Some(from) = &args.mail_from {
        let _ = write!(options, " --mail-from {from}");
    }
    options
}

/// A mailbox that every relay takes.
fn address(flag: &str, text: &str) -> Result<Address, Failure> {
    let read: Option<Address> = text.parse().ok();
    // Addresses beyond ASCII are for relays that offer SMTPUTF8.
    read.filter(|_| text.is_ascii() && text.len() <= 254).ok_or_else(|| {
        let shown = escape::capped(&escape::terminal(text), 100);
        Failure::usage(format!(
            "{flag}: `{shown}` is no address; write it like postmaster@example.org, a domain with \
             other letters in its xn-- form"
        ))
    })
}

fn relay(url: &str, ca: Option<&Path>) -> Result<Relay, Failure> {
    let named = |error: RelayError| {
        let remedy = match error {
            RelayError::Password => format!("; {WAYS}, and change this one"),
            _ => String::new(),
        };
        Failure::usage(format!("--smtp-url: {}{remedy}", said_of_url(error)))
    };
    // What the URL says is wrong before any file is.
    let read = |roots| Relay::parse(url, roots).map_err(named);
    let nobody = read(Roots::none())?;
    let roots = match ca {
        Some(_) if nobody.security == Security::Clear => {
            return Err(Failure::usage(
                "--smtp-ca: nothing is certified in the clear; leave it out, or ask for TLS in \
                 --smtp-url",
            ));
        }
        Some(file) => {
            let shown = file.display();
            let bytes = input::bytes(file, input::BY_HAND).map_err(|error| {
                Failure::usage(format!("--smtp-ca {shown}: cannot be read: {error}; name a PEM file"))
            })?;
            Roots::of_pem(&bytes).map_err(|error| {
                Failure::usage(format!("--smtp-ca {shown}: {error}; name the CA's certificate"))
            })?
        }
        None if nobody.security == Security::Clear => Roots::none(),
        None => Roots::of_system().map_err(|error: RootsError| {
            Failure::usage(format!(
                "{error}; install the package ca-certificates, or name the relay's CA with --smtp-ca"
            ))
        })?,
    };
    Ok(Relay { roots, ..nobody })
}

/// The same, beginning with what it speaks of.
fn said_of_url(error: RelayError) -> String {
    format!("the URL {error}")
}

type Found = (Option<Account>, Result<Option<Address>, Failure>);

/// How to log in, and the address that goes with it.
fn account(relay: &Relay, file: Option<&Path>) -> Result<Found, Failure> {
    let password = match std::env::var_os(PASSWORD) {
        None => None,
        Some(value) => {
            let text = value.into_string().ok().filter(|text| credentials::is_usable(text));
            Some(text.ok_or_else(|| {
                Failure::usage(format!(
                    "{PASSWORD}: is empty, too long, or not plain text; set the password anew"
                ))
            })?)
        }
    };
    let (account, address_of_account) = match (file, &relay.user, password) {
        (Some(file), user, _) => {
            let flag = "--smtp-credentials";
            let found = credentials::account(flag, file)?;
            let shown = file.display();
            if user.as_ref().is_some_and(|user| *user != found.username) {
                return Err(Failure::usage(format!(
                    "--smtp-url names another user than {flag} {shown}; leave the user out of the URL"
                )));
            }
            if found.mechanism == Some(crate::session::Mechanism::ScramSha256) {
                return Err(Failure::usage(format!(
                    "{flag} {shown}: mails are sent with PLAIN or LOGIN; leave mechanism out"
                )));
            }
            let from = found.address.map(|text| address(flag, &text)).transpose();
            let account = Account { username: found.username, password: found.password };
            (Some(account), from)
        }
        (None, Some(user), Some(password)) => {
            let (username, password) = (user.clone(), password);
            (Some(Account { username, password }), Ok(None))
        }
        (None, Some(_), None) => {
            return Err(Failure::usage(format!(
                "--smtp-url: there is no password for the user in the URL; {WAYS}"
            )));
        }
        (None, None, Some(_)) => {
            return Err(Failure::usage(format!(
                "{PASSWORD} is set, but --smtp-url names no user for it: write \
                 smtps://USER@HOST, or unset {PASSWORD}"
            )));
        }
        (None, None, None) => (None, Ok(None)),
    };
    if account.is_some() && relay.security == Security::Clear {
        return Err(Failure::usage(
            "--smtp-url: a password is not sent in the clear; ask for TLS, or leave the user out",
        ));
    }
    Ok((account, address_of_account))
}

impl Mail {
    /// Sends the report of a run, and says what came of it. False where it was not sent to everybody.
    pub(super) fn send_report(&self, report: &RunReport) -> bool {
        match Contents::of(report, LARGEST) {
            Ok(contents) => self.send(contents),
            Err(error) => self.failed(&error.to_string()),
        }
    }

    /// Sends what was gathered.
    pub(super) fn send(&self, contents: Contents) -> bool {
        let elsewhere = self.elsewhere();
        let token = token();
        let date = Date::new(Timestamp::now().into());
        let (from, to) = (&self.from, self.wanted.to.as_slice());
        let head = Head { from, to, date, token: &token, elsewhere: &elsewhere };
        let message = match contents.message(&head) {
            Ok(message) => message,
            Err(error) => return self.failed(&chain(&error)),
        };
        let runtime = match super::runtime() {
            Ok(runtime) => runtime,
            Err(failure) => return self.failed(&failure.messages.join("; ")),
        };
        let ended = runtime.block_on(async {
            let mut signals = Signals::take();
            tokio::select! {
                sent = submission::submit(&self.wanted.relay, from, to, &message.bytes) => Some(sent),
                () = signals.next() => None,
            }
        });
        runtime.shutdown_background();
        match ended {
            None => self.failed("it was interrupted"),
            Some(Err(error)) => {
                let remedy = match error {
                    submission::SubmitError::Tls { .. } => {
                        "; where its certificate is from a CA of your own, name that with --smtp-ca"
                    }
                    _ => "",
                };
                self.failed(&format!("{error}{remedy}"))
            }
            Some(Ok(taken)) => self.sent(&taken, &message.left_out),
        }
    }

    fn sent(&self, taken: &Taken, left_out: &[&str]) -> bool {
        let missed =
            |address: &&Address| taken.refused.iter().any(|(refused, _)| refused == *address);
        let reached = self.wanted.to.iter().filter(|address| !missed(address));
        let reached: Vec<_> = reached.map(ToString::to_string).collect();
        if !self.quiet {
            let reply = shown(&taken.reply);
            complain(&format!("the report was sent to {}: {reply}", reached.join(", ")));
        }
        if !left_out.is_empty() {
            complain(&format!(
                "the mail is without {}, with which it would be too large",
                left_out.join(", ")
            ));
        }
        if taken.refused.is_empty() {
            return true;
        }
        let each = taken.refused.iter().map(|(address, said)| format!("{address}: {said}"));
        let each = each.collect::<Vec<_>>().join("; ");
        let whom: Vec<_> = taken.refused.iter().map(|(address, _)| address.clone()).collect();
        self.complain_of(&format!("the report was not sent to everybody: {each}"), &whom)
    }

    fn failed(&self, why: &str) -> bool {
        self.complain_of(&format!("the report was not sent: {why}"), &self.wanted.to)
    }

    /// Says what went wrong, and how to send it to those who have not got it.
    fn complain_of(&self, what: &str, whom: &[Address]) -> bool {
        complain(&shown(what));
        let mut options = String::new();
        for address in whom {
            let _ = write!(options, " --mail-report {address}");
        }
        options.push_str(&self.wanted.options);
        complain(&match self.kept.command() {
            Some(command) => escape::terminal(&format!("to send it again: {command}{options}")),
            None => {
                "this check was not stored, so it cannot be sent again; next time keep it with \
                     --evidence DIR, which `mxaudit replay DIR --mail-report …` sends"
                    .to_owned()
            }
        });
        false
    }

    /// Where the reader of a mail finds what is not in it.
    fn elsewhere(&self) -> String {
        let files = match &self.kept {
            Kept::Files(files) => files.iter().map(|file| file.display().to_string()).collect(),
            Kept::Sweep(_) | Kept::Evidence(_) => Vec::new(),
        };
        match self.kept.command() {
            Some(command) => {
                format!("All of it is stored: {command} --format json=report.json writes it.")
            }
            None if files.is_empty() => {
                "It is nowhere else: next time keep it with --evidence DIR or --format json=FILE."
                    .to_owned()
            }
            None => format!("The report was also written to: {}.", files.join(", ")),
        }
    }
}

impl Kept {
    /// Where a check keeps its report.
    pub(super) fn of_check(evidence: Option<&Path>, report: &ReportArgs) -> Self {
        match evidence {
            Some(dir) => Self::Evidence(dir.to_owned()),
            None => Self::Files(report.files().map(Path::to_owned).collect()),
        }
    }

    /// The command that makes the report again.
    fn command(&self) -> Option<String> {
        match self {
            Self::Sweep(dir) => Some(format!("mxaudit report {}", dir.display())),
            Self::Evidence(dir) => Some(format!("mxaudit replay {}", dir.display())),
            Self::Files(_) => None,
        }
    }
}

/// A relay's words, as a terminal may have them.
fn shown(text: &str) -> String {
    escape::capped(&escape::terminal(text), SHOWN)
}

fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

/// What no other message has.
fn token() -> String {
    format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
}
