//! The lookups that ask recursive name servers directly.
//!
//! The resolver library answers names below `invalid`, `localhost` and loopback addresses by itself, tries servers in
//! an order of its own, and reports a closed port as a timeout. Its client for single servers passes over answers to
//! other questions without a word. Here each of these is a different thing to say about a list, so the messages are
//! the library's and the exchange is our own.

mod answer;
mod exchange;

use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::sync::OnceLock;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use hickory_resolver::proto::op::{Edns, Message, Query};
use hickory_resolver::proto::rr::Name;

use self::exchange::{Fault, tcp, udp};
use super::error::AnswerFault;
use super::hickory::{QueryLimits, SetupError};
use super::lookup::{Lookups, Question, TimedAnswer};
use crate::evidence::lookup::LookupAnswer;

/// The octets of an answer that we take over UDP: what fits into a frame everywhere.
const UDP_PAYLOAD: u16 = 1232;

/// Asks recursive name servers, over UDP and, after a truncated answer, over TCP.
///
/// With several servers, the first that answers anything at all is the one for the rest of the run: no question goes
/// to another one afterwards, not even after SERVFAIL or silence. Two resolvers can differ in the very things that
/// matter to lists (one strips 127.0.0.0/8, one is refused as a public resolver), so an answer of a second server
/// behind the controls of the first would prove nothing. Before that, silence, an unreachable server and an unreadable
/// answer pass the question on to the next server. SERVFAIL and REFUSED are answers: behind a resolver they are what
/// the list said, more often than a fault of the resolver.
///
/// DNSSEC is the name server's business: where it says that a SERVFAIL comes from failed validation (extended errors,
/// RFC 8914) the answer is [`LookupAnswer::Bogus`]; where it does not say so it cannot be told from other failures.
#[derive(Debug)]
pub struct DirectResolver {
    servers: Vec<SocketAddr>,
    limits: QueryLimits,
    answered: OnceLock<SocketAddr>,
}

impl DirectResolver {
    /// Two attempts of two seconds.
    pub const LIMITS: QueryLimits =
        QueryLimits { timeout: Duration::from_secs(2), attempts: NonZeroU8::MIN.saturating_add(1) };

    /// Asks the name servers of this machine, in their order.
    ///
    /// # Errors
    /// [`SetupError`] when the system configuration cannot be read or names no server.
    pub fn from_system(limits: QueryLimits) -> Result<Self, SetupError> {
        let (system, _) = hickory_resolver::system_conf::read_system_conf()
            .map_err(|error| SetupError::SystemConfig { source: error.into() })?;
        let servers = system.name_servers().iter().map(|server| {
            let port = server.connections.first().map_or(53, |connection| connection.port);
            SocketAddr::new(server.ip, port)
        });
        Self::with_servers(servers.collect(), limits)
    }

    /// Asks these name servers, in this order.
    ///
    /// # Errors
    /// [`SetupError::SystemConfig`] when there is none.
    pub fn with_servers(servers: Vec<SocketAddr>, limits: QueryLimits) -> Result<Self, SetupError> {
        let mut own: Vec<SocketAddr> = Vec::new();
        for server in servers {
            if !own.contains(&server) {
                own.push(server);
            }
        }
        if own.is_empty() {
            let source: Box<dyn Error + Send + Sync> = "no name server is named".into();
            return Err(SetupError::SystemConfig { source });
        }
        Ok(Self { servers: own, limits, answered: OnceLock::new() })
    }

    /// The servers that a question goes to, in turn.
    fn candidates(&self) -> &[SocketAddr] {
        self.answered.get().map_or(&self.servers, std::slice::from_ref)
    }

    async fn ask(&self, question: &Question) -> TimedAnswer {
        let Some(query) = query(question) else {
            return TimedAnswer::untimed(LookupAnswer::NotAsked);
        };
        let (mut worst, mut asked) = (None, Vec::new());
        for &server in self.candidates() {
            // A question that ran at the same time may have settled on another one meanwhile.
            if self.answered.get().is_some_and(|only| *only != server) {
                continue;
            }
            asked.push(server);
            match self.ask_server(server, question, &query).await {
                Ok(told) if *self.answered.get_or_init(|| server) == server => return told,
                Ok(_) => {}
                Err(fault) => worst = worst.max(Some(fault)),
            }
        }
        if let Some(only) = self.answered.get().filter(|only| !asked.contains(only)) {
            return match self.ask_server(*only, question, &query).await {
                Ok(told) => told,
                Err(fault) => TimedAnswer::untimed(fault.into_answer()),
            };
        }
        TimedAnswer::untimed(worst.map_or(LookupAnswer::NotAsked, Fault::into_answer))
    }

    async fn ask_server(
        &self,
        server: SocketAddr,
        question: &Question,
        query: &Query,
    ) -> Result<TimedAnswer, Fault> {
        let mut worst = None;
        for _ in 0..self.limits.attempts.get() {
            match self.attempt(server, query).await {
                Ok(Some(message)) => match answer::read(question, query.name(), &message) {
                    Ok(told) => return Ok(told),
                    Err(why) => worst = worst.max(Some(Fault::Unreadable(why))),
                },
                Ok(None) => return Ok(TimedAnswer::untimed(LookupAnswer::Truncated)),
                Err(fault @ Fault::Unreachable(_)) => {
                    return Err(worst.max(Some(fault.clone())).unwrap_or(fault));
                }
                Err(fault) => worst = worst.max(Some(fault)),
            }
        }
        Err(worst.unwrap_or(Fault::Silent))
    }

    /// One attempt; `None` where the answer did not fit over UDP and could not be had whole over TCP.
    async fn attempt(&self, server: SocketAddr, query: &Query) -> Result<Option<Message>, Fault> {
        let short = udp(server, &request(query), self.limits.timeout).await?;
        if !short.metadata.truncation {
            return Ok(Some(short));
        }
        let whole = tcp(server, &request(query), self.limits.timeout).await;
        Ok(whole.ok().filter(|message| !message.metadata.truncation))
    }
}

/// What `bytes` say that came as the answer to `question` under this id; `None` where they are marked
/// as truncated.
///
/// [`DirectResolver`] reads datagrams and streams by the same steps.
///
/// # Errors
/// [`AnswerFault`] where they are no answer to the question.
pub fn read_answer(
    question: &Question,
    id: u16,
    bytes: &[u8],
) -> Result<Option<TimedAnswer>, AnswerFault> {
    let query = query(question).ok_or(AnswerFault::OtherQuestion)?;
    let mut request = request(&query);
    request.metadata.id = id;
    let message = exchange::decoded(bytes, &request)?;
    if message.metadata.truncation {
        return Ok(None);
    }
    answer::read(question, query.name(), &message).map(Some)
}

/// A question has a name in normal form, which the library takes.
fn query(question: &Question) -> Option<Query> {
    let name = Name::from_ascii(format!("{}.", question.name())).ok()?;
    Some(Query::query(name, answer::record_type(question.kind())))
}

/// The message that asks, with an id of its own.
fn request(query: &Query) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(query.clone());
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_PAYLOAD);
    message.set_edns(edns);
    message
}

impl Lookups for DirectResolver {
    fn lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, LookupAnswer> {
        self.ask(question).map(|told| told.answer).boxed()
    }

    fn servers(&self) -> Vec<String> {
        let text = |server: &SocketAddr| match server.port() {
            53 => server.ip().to_string(),
            _ => server.to_string(),
        };
        self.candidates().iter().map(text).collect()
    }

    fn timed_lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, TimedAnswer> {
        self.ask(question).boxed()
    }
}

#[cfg(test)]
mod tests;
