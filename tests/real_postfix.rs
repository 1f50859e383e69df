//! mxaudit judged against a real Postfix, closed and deliberately open.
//!
//! Each case is a `.cf` file below `tests/mta/postfix`. Its *truth* trial finds out without mxaudit by which techniques the
//! server really relays; its *audit* trial holds mxaudit to that, and reads in the server's log that it stayed polite.

mod mta;

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use mta::audit::{self, Audit};
use mta::dialogue::{Dialogue, Envelope};
use mta::loopback::{self, Addresses};
use mta::postfix::cases::{BLOCKED, CASES, Case, GREYLISTED, PLAIN, Verdict, View};
use mta::postfix::{self, Server, log};
use mta::sink::Sink;
use mta::technique::{self, TECHNIQUES};
use mta::{AUDITOR_DOMAIN, LOCAL_DOMAIN, SINK, STRANGER, TRUSTED, isolation, requirement};

/// From this number of errors on, Postfix slows a session down.
const SOFT_ERROR_LIMIT: u32 = 10;

/// All that the trials share. Fields are dropped in this order.
#[derive(Debug)]
struct Lab {
    /// One instance a case, started by the first trial that needs it.
    servers: [OnceLock<Result<Mutex<Server>, String>>; CASES.len()],
    sink: Sink,
    _addresses: Addresses,
    directory: tempfile::TempDir,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(&Err("listed only".to_owned()))).exit_code();
    }
    if let Some(code) = isolation::rerun() {
        return code;
    }
    // The trials wait for servers rather than compute.
    arguments.test_threads.get_or_insert(2 * CASES.len());
    let lab = Lab::prepare().map(Arc::new).map_err(|error| format!("{error:#}"));
    let conclusion = libtest_mimic::run(&arguments, trials(&lab));
    drop(lab);
    conclusion.exit_code()
}

fn trials(lab: &Result<Arc<Lab>, String>) -> Vec<Trial> {
    type Judge = fn(&Lab, usize, &Server) -> Result<()>;
    let kinds: [(&str, Judge); 3] =
        [("truth", truth), ("audit", audited), ("thorough", audited_thoroughly)];
    let named = (0..CASES.len()).flat_map(|index| kinds.map(|(kind, judge)| (index, kind, judge)));
    named
        .map(|(index, kind, judge)| {
            let lab = lab.clone();
            Trial::ignorable_test(format!("postfix::{}::{kind}", CASES[index].name), move || {
                match lab {
                    Ok(lab) => lab.judge(index, judge),
                    Err(reason) => requirement::missing("postfix", &reason),
                }
            })
        })
        .collect()
}

impl Lab {
    /// Makes what the servers need; that it cannot be made is the machine's fault and not a server's.
    fn prepare() -> Result<Self> {
        postfix::available()?;
        ensure!(isolation::root(), "Postfix needs root to start");
        if isolation::isolated() {
            loopback::up()?;
        }
        let addresses = Addresses::add((0..CASES.len()).map(address))?;
        let sink = Sink::listen(SINK)?;
        let directory = tempfile::Builder::new()
            .prefix("mxaudit-postfix-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()?;
        let servers = [const { OnceLock::new() }; CASES.len()];
        Ok(Self { servers, sink, _addresses: addresses, directory })
    }

    /// Runs one trial of a case, alone with the case's server.
    fn judge(
        &self,
        index: usize,
        judge: fn(&Self, usize, &Server) -> Result<()>,
    ) -> Result<Completion, Failed> {
        let server = self.servers[index].get_or_init(|| {
            let directory = self.directory.path().join(CASES[index].name);
            let server = Server::start(directory, address(index), CASES[index].settings);
            server.map(Mutex::new).map_err(|error| format!("{error:#}"))
        });
        let server = server.as_ref().map_err(|error| format!("Postfix does not start: {error}"))?;
        let server = server.lock().unwrap_or_else(PoisonError::into_inner);
        judge(self, index, &server).map_err(|error| format!("{error:#}"))?;
        Ok(Completion::Completed)
    }
}

/// The address of a case's server: 127.20.1.1 for the first.
fn address(index: usize) -> Ipv4Addr {
    let last = u8::try_from(index + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 20, 1, last)
}

/// Finds out what is true of a server, and that it is what the case says.
fn truth(lab: &Lab, index: usize, server: &Server) -> Result<()> {
    let case = &CASES[index];
    // A server that relays for nobody at all would be called closed for the wrong reason.
    delivered(lab, TRUSTED, server, |user| technique::plain(format!("{user}@{AUDITOR_DOMAIN}")))
        .context("a trusted client cannot relay")?;
    for view in std::iter::once(&case.truth).chain(&case.other) {
        true_for(lab, view, server).with_context(|| format!("client {}", view.client))?;
    }
    let limited = server.settled_log()?.contains("too many errors");
    ensure!(limited == case.low_error_limit, "the log shows an error limit: {limited}");
    Ok(())
}

fn true_for(lab: &Lab, view: &View, server: &Server) -> Result<()> {
    for technique in &TECHNIQUES {
        if view.relays.contains(&technique.id) {
            delivered(lab, view.client, server, |user| technique.envelope(user))
                .with_context(|| format!("{} does not relay", technique.id))?;
            continue;
        }
        let reply = offered(view.client, server, &technique.envelope(&token()))?;
        let relay_wording = view.refusal == BLOCKED || reply.contains("Relay access denied");
        let as_expected = if view.deferred.contains(&technique.id) {
            reply.contains(GREYLISTED)
        } else {
            reply.contains(view.refusal) && relay_wording && !reply.starts_with('2')
        };
        ensure!(as_expected, "{}: {reply}", technique.id);
    }
    for (user, expected) in [("postmaster", view.postmaster), (token().as_str(), view.nobody)] {
        let envelope = technique::plain(format!("{user}@{LOCAL_DOMAIN}"));
        let reply = offered(view.client, server, &envelope)?;
        ensure!(reply.contains(expected), "local recipient {user}: {reply}");
    }
    Ok(())
}

/// The reply to `RCPT`, on a connection of its own.
fn offered(client: Ipv4Addr, server: &Server, envelope: &Envelope) -> Result<String> {
    let mut dialogue = Dialogue::open(client, server.address)?;
    let reply = dialogue.offer(envelope)?;
    dialogue.quit();
    Ok(reply)
}

/// Sends a whole message and sees it arrive at the sink, for the foreign recipient.
fn delivered(
    lab: &Lab,
    client: Ipv4Addr,
    server: &Server,
    envelope: impl FnOnce(&str) -> Envelope,
) -> Result<()> {
    let token = token();
    let mut dialogue = Dialogue::open(client, server.address)?;
    let reply = dialogue.offer(&envelope(&token))?;
    ensure!(reply.starts_with("250"), "RCPT: {reply}");
    dialogue.message(&token)?;
    dialogue.quit();
    let Some(message) = lab.sink.wait_for(&token) else {
        bail!("the message does not arrive\nlog:\n{}", server.log()?);
    };
    let foreign = format!("<{token}@{AUDITOR_DOMAIN}>");
    ensure!(message.forward_paths == [foreign.as_str()], "arrived for {:?}", message.forward_paths);
    Ok(())
}

fn token() -> String {
    std::iter::repeat_with(fastrand::lowercase).take(16).collect()
}

/// Audits a server with the probes whose truth is established, and holds the report and the server's log to the case.
fn audited(lab: &Lab, index: usize, server: &Server) -> Result<()> {
    audited_with(lab, index, server, "quick", reported)
}

/// Audits a server with every probe: the verdict stays the same, and the server is not annoyed.
fn audited_thoroughly(lab: &Lab, index: usize, server: &Server) -> Result<()> {
    audited_with(lab, index, server, "thorough", reported_broadly)
}

fn audited_with(
    lab: &Lab,
    index: usize,
    server: &Server,
    profile: &str,
    judge: fn(&Case, &Audit) -> Result<()>,
) -> Result<()> {
    let case = &CASES[index];
    let before = server.settled_log()?.len();
    let directory = lab.directory.path().join(format!("{}-{profile}", case.name));
    let audit = audit::run(&directory, STRANGER, server.address, profile)?;
    let log = server.settled_log()?;
    let log = log.get(before..).context("the log shrank")?;
    judge(case, &audit).with_context(|| format!("{audit:#?}\nlog:\n{log}"))?;
    polite(case, log).with_context(|| format!("log:\n{log}"))
}

/// Holds the verdict of a thorough audit to the case; a plain form may be accepted only where one relays in truth.
fn reported_broadly(case: &Case, audit: &Audit) -> Result<()> {
    let (verdict, exit) = match case.name {
        // Typed and commented addresses at its own domain are taken like any other user's: only delivery can tell
        // whether they are rewritten afterwards.
        "catch-all" => ("inconclusive", 3),
        _ => expected(case),
    };
    let host = &audit.host;
    ensure!(host.relay.verdict == verdict, "verdict {}, not {verdict}", host.relay.verdict);
    ensure!(audit.exit == exit, "exit code {}, not {exit}", audit.exit);
    ensure!(host.probes.len() >= 60, "{} probes", host.probes.len());
    let mut accepted = host.probes.iter().filter(|probe| probe.outcome.starts_with("accepted"));
    let plainly = PLAIN.iter().any(|id| case.truth.relays.contains(id));
    let plain = accepted.clone().any(|probe| PLAIN.contains(&&*probe.id));
    ensure!(plain == plainly, "a plain form accepted: {plain}, in truth: {plainly}");
    ensure!(accepted.next().is_some() == (verdict == "open"), "accepted, and {verdict}");
    Ok(())
}

/// The verdict and the exit code that are right for a case.
fn expected(case: &Case) -> (&'static str, i32) {
    match case.verdict {
        Verdict::Open => ("open", 1),
        Verdict::Closed => ("closed", 0),
        Verdict::Inconclusive => ("inconclusive", 3),
    }
}

/// Holds a report to what is true.
fn reported(case: &Case, audit: &Audit) -> Result<()> {
    let (verdict, exit) = expected(case);
    let host = &audit.host;
    ensure!(host.relay.verdict == verdict, "verdict {}, not {verdict}", host.relay.verdict);
    ensure!(audit.exit == exit, "exit code {}, not {exit}", audit.exit);

    // Controls may stand beside the probes; they have names of another family.
    let probes = || host.probes.iter().filter(|probe| probe.id.starts_with("relay-"));
    let outcome = |id: &str| probes().find(|probe| probe.id == id).map(|probe| &*probe.outcome);
    for technique in &TECHNIQUES {
        ensure!(outcome(technique.id).is_some(), "{} is not in the report", technique.id);
    }
    let accepted = || probes().filter(|probe| probe.outcome.starts_with("accepted"));
    for probe in accepted() {
        ensure!(case.truth.relays.contains(&&*probe.id), "{} does not relay", probe.id);
    }
    for id in case.truth.deferred {
        let open_question = matches!(outcome(id), Some("deferred" | "inconclusive"));
        ensure!(open_question, "{id}, which is put off, is called {:?}", outcome(id));
    }
    if case.truth.refusal == BLOCKED {
        let judged = PLAIN.iter().find(|id| outcome(id) == Some("refused"));
        ensure!(judged.is_none(), "{judged:?} is judged by the refusal of the client");
    }

    let found = host.findings.iter().find(|finding| finding.id == "open-relay");
    match case.verdict {
        Verdict::Open => {
            ensure!(accepted().next().is_some(), "open, with no accepted probe");
            let plainly = PLAIN.iter().any(|id| case.truth.relays.contains(id));
            let plain = accepted().any(|probe| PLAIN.contains(&&*probe.id));
            ensure!(plain == plainly, "a plain form accepted: {plain}, in truth: {plainly}");
            // Nothing was delivered to the auditor, so that nothing more is proven.
            let proof = host.relay.proof.as_deref();
            ensure!(proof == Some("suspected"), "proof {proof:?}");
            let severity = found.map(|finding| &*finding.severity);
            ensure!(severity == Some("critical"), "finding open-relay: {found:?}");
        }
        Verdict::Closed => {
            ensure!(found.is_none(), "finding {found:?}");
            let refused = PLAIN.iter().any(|id| outcome(id) == Some("refused"));
            ensure!(refused, "closed, with no plain form refused");
            let judged = |outcome: &str| matches!(outcome, "refused" | "auth-required" | "not-run");
            let unjudged = probes().find(|probe| !judged(&probe.outcome));
            ensure!(unjudged.is_none(), "closed, with {unjudged:?}");
        }
        Verdict::Inconclusive => {
            ensure!(found.is_none(), "finding {found:?}");
            ensure!(!host.relay.reasons.is_empty(), "inconclusive without a reason");
        }
    }
    Ok(())
}

/// Holds the sessions of an audit to the limits of a Postfix with ordinary limits.
fn polite(case: &Case, log: &str) -> Result<()> {
    let sessions = log::sessions(log, STRANGER).map_err(|line| anyhow::anyhow!(line))?;
    ensure!(!sessions.is_empty(), "no session of the audit is in the log");
    if case.low_error_limit {
        return Ok(());
    }
    ensure!(!log.contains("too many errors"), "the audit ran into the error limit");
    let rude = sessions.iter().find(|session| session.errors >= SOFT_ERROR_LIMIT);
    ensure!(rude.is_none(), "the audit was slowed down: {rude:?}");
    Ok(())
}
