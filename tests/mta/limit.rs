//! The limits that servers set to clients, each provoked by a client that is not mxaudit: they are where they are said to
//! be, and the server's log names them in the words by which an audit that ran into one is found out.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::case::Case;
use super::dialogue::Dialogue;
use super::family::{Family, Server};
use super::place::Place;
use super::{HARNESS, HARNESS6, OTHER_STRANGER};

/// From here on a reply is a slow one.
const SLOW: Duration = Duration::from_millis(900);

/// How many replies in a row must be slow: a busy machine delays one.
const SLOW_REPLIES: usize = 3;

/// Between two looks into a log.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a server may take to be itself again.
const RECOVERY: Duration = Duration::from_secs(60);

/// How long a log may lag behind.
const LOG_LAG: Duration = Duration::from_secs(10);

/// One limit of the server of one case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    /// The name, in trials and in the table of the README.
    pub(crate) name: &'static str,
    /// The case whose server is annoyed.
    pub(crate) case: &'static str,
    /// What is said first.
    pub(crate) prelude: &'static [&'static str],
    /// What is done again and again.
    pub(crate) deed: Deed,
    /// How often that goes well.
    pub(crate) free: usize,
    /// What happens the next time.
    pub(crate) then: Then,
    /// What stands in the log then.
    pub(crate) log: &'static str,
}

/// What a client does to annoy.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Says these lines, each after the reply to the one before.
    Say(&'static [&'static str]),
    /// Sends these bytes at once.
    Blurt(&'static str),
    /// Sends these bytes before the greeting, on a connection of their own.
    Interrupt(&'static str),
    /// Opens one more connection.
    Connect,
    /// Opens so many connections: the limit is among them, where the server's own processes count too.
    Crowd(usize),
    /// Opens one more connection, greets, and says goodbye.
    Visit,
    /// Says nothing.
    Wait,
}

/// What a limit does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    /// A reply holds these words, or a connection ends so.
    Says(&'static str),
    /// Replies come late.
    Slow,
    /// It is only noted in the log.
    Noted,
    /// Nothing: there is no such limit.
    Nothing,
}

/// What the client has to do with the server.
struct Client {
    server: SocketAddr,
    case: &'static Case,
    open: Vec<Dialogue>,
}

/// Annoys the server of a case, and holds it to what is known of its limit.
///
/// # Errors
///
/// Says what is otherwise.
pub(crate) fn provoke(
    limit: &Limit,
    case: &'static Case,
    place: &Place,
    server: &dyn Server,
) -> Result<()> {
    let before = server.settled_log()?.matches(limit.log).count();
    let mut client = Client { server: place.socket(case), case, open: Vec::new() };
    for line in limit.prelude {
        let reply = client.dialogue()?.say(line)?;
        ensure!(reply.starts_with(['2', '3']), "{line}: {reply}");
    }
    let mut quick = limit.free == 0;
    for number in 1..=limit.free {
        let (reply, time) = client.does(limit);
        quick |= time < SLOW;
        let met = matches!(limit.then, Then::Says(words) if reply.contains(words));
        ensure!(!met, "the limit comes at {number} already: {reply}");
        ensure!(!reply.starts_with("error: "), "at {number}: {reply}");
    }
    match limit.then {
        Then::Says(words) => {
            let (reply, _) = client.does(limit);
            ensure!(reply.contains(words), "no limit behind {}: {reply}", limit.free);
        }
        Then::Slow => {
            ensure!(quick, "slow from the beginning");
            for _ in 0..SLOW_REPLIES {
                let (reply, time) = client.does(limit);
                ensure!(time >= SLOW, "not slow but {time:?} behind {}: {reply}", limit.free);
            }
        }
        Then::Noted => {
            let (reply, _) = client.does(limit);
            ensure!(!reply.starts_with("error: "), "{reply}");
        }
        Then::Nothing => return Ok(()),
    }
    drop(client);
    recovered(case, place)?;
    let deadline = Instant::now() + LOG_LAG;
    while !limit.log.is_empty() {
        let log = server.settled_log()?;
        if log.matches(limit.log).count() > before {
            break;
        }
        thread::sleep(PAUSE);
        ensure!(Instant::now() < deadline, "the log does not say {:?}:\n{log}", limit.log);
    }
    Ok(())
}

/// Waits until the server is itself again, for those who come next.
fn recovered(case: &Case, place: &Place) -> Result<()> {
    let (server, deadline) = (place.socket(case), Instant::now() + RECOVERY);
    let client = if server.is_ipv4() { HARNESS.into() } else { HARNESS6.into() };
    loop {
        match Dialogue::open(client, server, case.transport) {
            Ok(dialogue) if dialogue.greeting.starts_with("220") => {
                dialogue.quit();
                return Ok(());
            }
            Ok(dialogue) => ensure!(Instant::now() < deadline, "{}", dialogue.greeting),
            Err(error) => ensure!(Instant::now() < deadline, "does not recover: {error:#}"),
        }
        thread::sleep(PAUSE);
    }
}

impl Client {
    fn connect(&self) -> Result<Dialogue> {
        Dialogue::open(OTHER_STRANGER.into(), self.server, self.case.transport)
    }

    /// The first connection, opened when it is needed.
    fn dialogue(&mut self) -> Result<&mut Dialogue> {
        if self.open.is_empty() {
            let dialogue = self.connect()?;
            self.open.push(dialogue);
        }
        self.open.first_mut().context("no connection")
    }

    /// Opens one more connection and returns the greeting.
    fn joined(&mut self) -> Result<String> {
        let dialogue = self.connect()?;
        let greeting = dialogue.greeting.clone();
        self.open.push(dialogue);
        // A server that no longer listens has perhaps not noticed yet that it is full.
        thread::sleep(PAUSE);
        Ok(greeting)
    }

    /// Does it once. Returns the reply, or `error: ` and what went wrong, and how long that took.
    fn does(&mut self, limit: &Limit) -> (String, Duration) {
        let since = Instant::now();
        let reply = self.tries(limit).unwrap_or_else(|error| format!("error: {error:#}"));
        (reply, since.elapsed())
    }

    fn tries(&mut self, limit: &Limit) -> Result<String> {
        let until = |reply: &str| matches!(limit.then, Then::Says(words) if reply.contains(words));
        match limit.deed {
            Deed::Say(lines) => {
                let mut replies = String::new();
                for line in lines {
                    let reply = self.dialogue()?.say(line)?;
                    replies.extend([&reply, "\n"]);
                }
                Ok(replies)
            }
            Deed::Blurt(bytes) => {
                let dialogue = self.dialogue()?;
                dialogue.send(bytes)?;
                dialogue.hear_until(until)
            }
            Deed::Interrupt(bytes) => {
                Dialogue::interrupting(OTHER_STRANGER.into(), self.server, bytes)?.hear_until(until)
            }
            Deed::Connect => self.joined(),
            Deed::Crowd(count) => {
                let mut greeting = String::new();
                for _ in 0..count {
                    greeting = self.joined()?;
                }
                Ok(greeting)
            }
            Deed::Visit => {
                let mut dialogue = self.connect()?;
                if !dialogue.greeting.starts_with('2') {
                    return Ok(dialogue.greeting);
                }
                let reply = dialogue.say("EHLO other.audit.test")?;
                dialogue.quit();
                Ok(reply)
            }
            Deed::Wait => self.dialogue()?.hear_until(until),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        for dialogue in self.open.drain(..) {
            dialogue.quit();
        }
    }
}

/// Checks that every word by which an audit is found out is shown to stand in a log.
///
/// # Errors
///
/// Names one that is not.
pub(crate) fn complete(family: &dyn Family) -> Result<()> {
    for complaint in family.complaints() {
        if !family.limits().iter().any(|limit| limit.log.contains(complaint)) {
            bail!("no limit shows that the log ever says {complaint:?}");
        }
    }
    Ok(())
}
