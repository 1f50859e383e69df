//! `check --confirm`: the canary is proved before anything is sent to a target, and looked into
//! when all messages are out.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use tokio::time::{Instant, sleep};

use crate::canary::{Canary, CatcherFile, Maildir};
use crate::dns::{DnsError, Resolver};
use crate::engine::Letters;
use crate::evidence::{Answer, Arrival, Evidence, Exchange, Identity, Report};
use crate::net::{Dialer as _, TcpDialer};
use crate::session::{Deadlines, Session};
use crate::smtp::{Command, Severity};
use crate::target::scope::{Candidate, Consent, Scope};
use crate::target::{Target, Via};

use super::args::{ConfirmArgs, LateArgs};
use super::exit::{self, Exit, Failure};
use super::reports::Reports;
use super::store::{self, Record};
use super::{probes, run, terms};

/// Messages to one host.
const MESSAGES: usize = 5;
/// How often the canary is looked into.
const PERIOD: Duration = Duration::from_millis(500);
/// What the token of the proof is for.
const PROOF: &str = "the canary itself";

/// How accepted forms are confirmed.
pub(super) struct Confirmation {
    letters: Letters,
    canary: Option<Box<dyn Canary>>,
    wait: Duration,
    port: u16,
    source: Option<IpAddr>,
    connect_timeout: Duration,
    deadlines: Deadlines,
}

impl Confirmation {
    /// Reads what the user wants; `None` without `--confirm`.
    pub(super) fn new(
        args: &ConfirmArgs,
        identity: &Identity,
        source: Option<IpAddr>,
        connect_timeout: Duration,
        deadlines: Deadlines,
    ) -> Result<Option<Self>, Failure> {
        if !args.confirm {
            return Ok(None);
        }
        if identity.is_reserved() {
            return Err(Failure::usage(
                "--confirm sends messages to a mailbox of yours: name it with --canary, and your \
                 own domain with --auditor-domain",
            ));
        }
        let canary = place(args.catcher.as_deref(), args.canary_maildir.as_deref());
        if let Some(canary) = &canary {
            // A place that cannot be read is a mistake to be told of before anything is sent.
            arrivals(canary.as_ref())?;
        } else if !io::stdin().is_terminal() {
            return Err(Failure::usage(
                "--confirm needs to know where mail for the canary arrives: --catcher FILE, the \
                 store of a running `mxaudit catch`, or --canary-maildir DIR; by hand, it has to \
                 be run on a terminal",
            ));
        }
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| Failure::internal("no random numbers"))?;
        let mut run = [0; 8];
        rand::fill(&mut run).map_err(|_| Failure::internal("no random numbers"))?;
        let run = HEXLOWER.encode(&run);
        Ok(Some(Self {
            letters: Letters::new(&key, run, SystemTime::now(), MESSAGES),
            canary,
            wait: Duration::from_secs(args.confirm_wait.into()),
            port: args.canary_port,
            source,
            connect_timeout,
            deadlines,
        }))
    }

    /// What the engine writes its messages with.
    pub(super) fn letters(&self) -> Letters {
        self.letters.clone()
    }

    /// Delivers one token straight to the canary's own mail server and reads it back.
    pub(super) async fn prove(
        &self,
        identity: &Identity,
        resolver: &dyn Resolver,
    ) -> Result<(), Failure> {
        let token = self.letters.token(PROOF);
        // Of the shape that the forms will have: a canary that takes no tags would return them all.
        let mailbox = identity.tagged_canary(&token);
        let addresses = self.addresses(identity, resolver).await?;
        let text = self.letters.write(identity, &mailbox, &token, PROOF);
        let text = text.map_err(|error| Failure::usage(error.to_string()))?;
        let mut refusals = Vec::new();
        for address in addresses {
            match self.send(address, identity, &mailbox, &text).await {
                Ok(()) => return self.read_back(&mailbox, &token).await,
                Err(why) => {
                    refusals.push(format!("{}: {why}", SocketAddr::new(address, self.port)))
                }
            }
        }
        Err(Failure::usage(format!(
            "--confirm: the canary {mailbox} takes no mail, so nothing was sent to any target: {}",
            refusals.join("; ")
        )))
    }

    /// Where mail for the canary's domain is taken.
    async fn addresses(
        &self,
        identity: &Identity,
        resolver: &dyn Resolver,
    ) -> Result<Vec<IpAddr>, Failure> {
        if let Some(address) = identity.canary_address {
            return Ok(vec![address]);
        }
        let domain = &identity.canary.1;
        let fault = |error: DnsError| {
            Failure::usage(format!(
                "--confirm: the mail servers of the canary's domain {domain} cannot be found: \
                 {error}; name the address with --canary-address"
            ))
        };
        let hosts = match resolver.mx(domain).await {
            Ok(all) => all.into_iter().map(|mx| mx.exchange).collect(),
            Err(DnsError::NoData { .. }) => vec![domain.clone()],
            Err(error) => return Err(fault(error)),
        };
        let mut addresses = Vec::new();
        let mut last = None;
        for host in hosts {
            match resolver.addresses(&host).await {
                Ok(found) => addresses.extend(found),
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) if addresses.is_empty() => Err(fault(error)),
            _ => Ok(addresses),
        }
    }

    /// One message over a plain session; the words of what went wrong.
    async fn send(
        &self,
        address: IpAddr,
        identity: &Identity,
        mailbox: &str,
        text: &[u8],
    ) -> Result<(), String> {
        let (target, dialer) = self.dialer(address)?;
        let connection = dialer.dial(&target).await.map_err(|failure| failure.text)?;
        let own = identity.helo.clone();
        let own = own.unwrap_or_else(|| crate::smtp::literal(connection.local.ip()));
        let sender = identity.sender().unwrap_or_default();
        let mut session = Session::new(connection, self.deadlines);
        let command = |made: Result<Command, _>| {
            made.map_err(|error: crate::smtp::CommandError| error.to_string())
        };
        answered(&session.greeting().await, Severity::Positive)?;
        for (command, wanted) in [
            (command(Command::ehlo(own.as_bytes()))?, Severity::Positive),
            (command(Command::mail(sender.as_bytes()))?, Severity::Positive),
            (command(Command::rcpt(mailbox.as_bytes()))?, Severity::Positive),
            (Command::data(), Severity::Intermediate),
        ] {
            answered(&session.ask(&command).await, wanted)?;
        }
        answered(&session.send_message(text).await, Severity::Positive)?;
        session.quit().await;
        Ok(())
    }

    /// The canary is the auditor's own, and nothing else is dialled with this.
    fn dialer(&self, address: IpAddr) -> Result<(Target, TcpDialer), String> {
        let mut scope = Scope::authorized(Consent::Flag);
        let candidate = Candidate {
            name: None,
            address,
            port: self.port,
            mail_domain: None,
            via: Via::Address,
            named_by_user: true,
        };
        let target = scope.admit(candidate).map_err(|refusal| refusal.to_string())?;
        let source = self.source.filter(|source| source.is_ipv4() == address.is_ipv4());
        Ok((target, TcpDialer::new(scope.admitted(), source, self.connect_timeout)))
    }

    async fn read_back(&self, mailbox: &str, token: &str) -> Result<(), Failure> {
        let arrived = match &self.canary {
            Some(canary) => {
                let wanted = [token.to_owned()];
                // A bounce says that the canary takes mail for a while and then does not.
                self.wait_for(canary.as_ref(), &wanted).await?.iter().any(|one| !one.bounce)
            }
            None => asked(mailbox, token),
        };
        if arrived {
            return Ok(());
        }
        Err(Failure::usage(format!(
            "--confirm: a message for {mailbox} was taken by its own mail server, and its token \
             was not read back within {} s, so nothing was sent to any target: name a canary whose \
             mail you can read, with --catcher or --canary-maildir",
            self.wait.as_secs()
        )))
    }

    /// Looks until all tokens have come, at most for the time that the user gave.
    async fn wait_for(
        &self,
        canary: &dyn Canary,
        tokens: &[String],
    ) -> Result<Vec<Arrival>, Failure> {
        let deadline = Instant::now() + self.wait;
        loop {
            let mut all = arrivals(canary)?;
            all.retain(|arrival| tokens.contains(&arrival.token));
            let settles = |one: &Arrival| !one.bounce || one.is_final_return();
            let came = |token: &String| {
                all.iter().any(|arrival| arrival.token == *token && settles(arrival))
            };
            if tokens.iter().all(came) || Instant::now() >= deadline {
                return Ok(all);
            }
            sleep(PERIOD).await;
        }
    }

    /// Looks for what was sent and writes down what arrived.
    pub(super) async fn collect(&self, record: &mut Record) -> Result<(), Failure> {
        let Some(canary) = &self.canary else { return Ok(()) };
        let sent = record.hosts.iter().flat_map(|host| &host.evidence.messages);
        let tokens: Vec<String> = sent.map(|message| message.token.clone()).collect();
        if tokens.is_empty() {
            return Ok(());
        }
        let arrived = self.wait_for(canary.as_ref(), &tokens).await?;
        for host in &mut record.hosts {
            let evidence = &mut host.evidence;
            if evidence.messages.is_empty() {
                continue;
            }
            evidence.awaited = Some(self.wait.as_secs());
            write_down(evidence, &arrived);
        }
        Ok(())
    }
}

/// `mxaudit confirm`: judges stored evidence again by what has arrived since.
pub(super) fn late(args: &LateArgs) -> Result<Exit, Failure> {
    let canary = place(args.catcher.as_deref(), args.canary_maildir.as_deref());
    if args.tokens.is_empty() && canary.is_none() {
        return Err(Failure::usage(
            "name the tokens that have arrived, or where to look for them: --catcher FILE or \
             --canary-maildir DIR",
        ));
    }
    let mut record = store::read_folder(&args.evidence)?;
    let sent = |record: &Record| record.hosts.iter().any(|h| !h.evidence.messages.is_empty());
    if !sent(&record) {
        return Err(Failure::usage(format!(
            "{}: no message was sent in this run; run it with --confirm",
            args.evidence.display()
        )));
    }
    let terms = terms::stored(&args.terms)?;
    let library = Arc::new(probes::library(&args.library)?);
    let mut reports = Reports::prepare(&args.report)?;
    note_tokens(&mut record, &args.tokens, &jiff::Timestamp::now().to_string())?;
    if let Some(canary) = canary {
        let arrived = arrivals(canary.as_ref())?;
        record.hosts.iter_mut().for_each(|host| write_down(&mut host.evidence, &arrived));
    }
    let (_, report) = run::judge_record(&record, &library, &terms)?;
    reports.write(&report, "")?;
    let exit = exit::of_audit(&report, args.fail_on.severity());
    Ok(run::with_missing(&record, exit))
}

/// The place where arrivals are read, if the user names one.
fn place(catcher: Option<&Path>, maildir: Option<&Path>) -> Option<Box<dyn Canary>> {
    match (catcher, maildir) {
        (Some(file), _) => Some(Box::new(CatcherFile::new(file))),
        (_, Some(folder)) => Some(Box::new(Maildir::new(folder))),
        (None, None) => None,
    }
}

/// Adds to the evidence what arrived of its messages.
fn write_down(evidence: &mut Evidence, arrived: &[Arrival]) {
    let own =
        |arrival: &&Arrival| evidence.messages.iter().any(|message| message.token == arrival.token);
    let fresh: Vec<_> =
        arrived.iter().filter(own).filter(|a| !evidence.arrivals.contains(a)).cloned().collect();
    evidence.arrivals.extend(fresh);
}

fn arrivals(canary: &dyn Canary) -> Result<Vec<Arrival>, Failure> {
    canary.arrivals().map_err(|error| Failure::usage(format!("--confirm: {error}")))
}

fn answered(exchange: &Exchange, wanted: Severity) -> Result<(), String> {
    match &exchange.answer {
        Answer::Reply(reply) if reply.severity() == wanted => Ok(()),
        Answer::Reply(reply) => Err(format!("{} was answered {reply}", exchange.sent)),
        Answer::Lost(loss) => Err(loss.to_string()),
    }
}

/// Asks on the terminal for the token that arrived.
fn asked(mailbox: &str, token: &str) -> bool {
    let mut out = anstream::stderr();
    let _ = write!(
        out,
        "A message was sent to {mailbox}. Type the token in its subject to show that you can read \
         it: "
    );
    let _ = out.flush();
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.is_ok() && line.trim() == token
}

/// Notes tokens that the user saw arrive.
fn note_tokens(record: &mut Record, tokens: &[String], at: &str) -> Result<(), Failure> {
    let mut unknown = Vec::new();
    for token in tokens {
        let mut of = record.hosts.iter_mut().map(|host| &mut host.evidence);
        let Some(evidence) = of.find(|e| e.messages.iter().any(|m| m.token == *token)) else {
            unknown.push(format!(
                "{token}: no message of this run carried it; the report lists the tokens of each \
                 host"
            ));
            continue;
        };
        let known = evidence.arrivals.iter().any(|a| a.token == *token && !a.bounce);
        if !known {
            evidence.arrivals.push(Arrival {
                token: token.clone(),
                at: at.to_owned(),
                client: None,
                helo: None,
                reverse_path: String::new(),
                forward_paths: Vec::new(),
                received: Vec::new(),
                bounce: false,
                report: Report::default(),
                size: 0,
            });
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure { messages: unknown, exit: Exit::Usage })
}
