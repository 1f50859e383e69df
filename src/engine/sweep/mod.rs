//! Many addresses: tried in the order of a source, each host's course in a task of its own, and what
//! became of them handed to a sink. Memory grows with what runs at once, never with the number of
//! addresses.

mod window;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::pace::{PacedDialer, Rates};
use super::{Interrupt, Settings, blank, host};
use crate::evidence::{DialFailure, DialFault, Evidence, Stop};
use crate::net::{Connection, Dialer};
use crate::target::Target;

use window::Window;

/// One port of one address.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number in the run, whatever the order: random texts come from it.
    pub number: u64,
    /// What is to be audited.
    pub target: Target,
}

/// How much goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections to one address.
    pub per_host: usize,
    /// Addresses that are tried, hosts among them ([`Settings::max_hosts`] bounds those).
    pub addresses: usize,
    /// New connections a second.
    pub rates: Rates,
}

/// What became of a job.
#[derive(Debug)]
pub enum Ended<T> {
    /// Somebody took the connection; what was made of the evidence.
    Host(T),
    /// Nobody did.
    Dark(DialFault),
    /// It was not tried, or not to its end: the run ended before, or this machine could not.
    NotAsked(DialFailure),
}

/// What every job needs.
struct Crew<T> {
    settings: Arc<Settings>,
    per_host: usize,
    dialer: Arc<dyn Dialer>,
    interrupt: Interrupt,
    /// Turns of hosts.
    turns: Semaphore,
    make: Box<dyn Fn(u64, Evidence) -> BoxFuture<'static, T> + Send + Sync>,
}

/// One job that has ended, and whether it had to wait for its turn.
struct Return<T> {
    number: u64,
    ended: Ended<T>,
    waited: bool,
}

/// Tries all jobs; each item of `addresses` holds those of one address. `make` turns the evidence of
/// a host into what the sink takes, in the host's own task. The sink gets each job once; its first
/// error ends the run and is returned.
///
/// After [`Interrupt::finish`] no connection is opened any more, and hosts that were not through are
/// [`Ended::NotAsked`].
///
/// # Errors
/// That of the sink.
pub async fn sweep<T: Send + 'static, F: Future<Output = T> + Send + 'static, E>(
    mut addresses: impl Iterator<Item = Vec<Job>>,
    settings: Arc<Settings>,
    limits: Limits,
    dialer: impl Dialer + 'static,
    interrupt: Interrupt,
    make: impl Fn(u64, Evidence) -> F + Send + Sync + 'static,
    mut sink: impl FnMut(u64, Ended<T>) -> Result<(), E>,
) -> Result<(), E> {
    let finish = interrupt.finish.clone();
    let hosts = settings.max_hosts.max(1);
    let crew = Arc::new(Crew {
        settings,
        per_host: limits.per_host.max(1),
        dialer: Arc::new(PacedDialer::new(dialer, limits.rates, finish.clone())),
        interrupt,
        turns: Semaphore::new(hosts),
        make: Box::new(move |number, evidence| Box::pin(make(number, evidence))),
    });
    let mut window = Window::new(hosts, limits.addresses);
    let mut running = JoinSet::new();
    loop {
        while running.len() < window.size()
            && !finish.is_cancelled()
            && let Some(jobs) = addresses.next()
        {
            running.spawn(Arc::clone(&crew).address(jobs));
        }
        let Some(joined) = running.join_next().await else { return Ok(()) };
        // The jobs of an address look after their own faults.
        for Return { number, ended, waited } in joined.unwrap_or_default() {
            match &ended {
                Ended::Dark(_) => window.dark(),
                Ended::Host(_) if waited => window.waited(),
                _ => {}
            }
            sink(number, ended)?;
        }
    }
}

impl<T: Send + 'static> Crew<T> {
    /// All jobs of one address.
    async fn address(self: Arc<Self>, jobs: Vec<Job>) -> Vec<Return<T>> {
        let at_once = self.per_host;
        let courses = jobs.into_iter().map(|job| Arc::clone(&self).job(job));
        stream::iter(courses).buffer_unordered(at_once).collect().await
    }

    async fn job(self: Arc<Self>, Job { number, target }: Job) -> Return<T> {
        let mut waited = false;
        let ended = match self.dialer.dial(&target).await {
            Err(failure) => match failure.kind {
                DialFault::Local | DialFault::OutOfScope => Ended::NotAsked(failure),
                kind => Ended::Dark(kind),
            },
            Ok(connection) => {
                let turn = match self.turns.try_acquire() {
                    Ok(turn) => Some(turn),
                    Err(_) => {
                        waited = true;
                        self.turns.acquire().await.ok()
                    }
                };
                let ended = self.host(number, target, connection).await;
                drop(turn);
                ended
            }
        };
        Return { number, ended, waited }
    }

    /// The course of a host that has taken a connection.
    async fn host(
        self: &Arc<Self>,
        number: u64,
        target: Target,
        connection: Connection,
    ) -> Ended<T> {
        let again = target.clone();
        let first = Mutex::new(Some(connection));
        let dialer = Arc::new(Primed { first, next: Arc::clone(&self.dialer) });
        let (settings, interrupt) = (Arc::clone(&self.settings), self.interrupt.clone());
        let course = host::audit_host(number, target, settings, dialer, interrupt);
        let crew = Arc::clone(self);
        // A task of its own, so that a fault in one host ends that host only.
        let made = tokio::spawn(async move {
            let evidence = course.await;
            let stopped = evidence.stopped;
            // What the end of the run cut short is asked again by the run that resumes it.
            let ending = crew.interrupt.finish.is_cancelled() && stopped.is_some();
            if stopped == Some(Stop::Interrupted) || ending {
                return Ended::NotAsked(interrupted());
            }
            Ended::Host((crew.make)(number, evidence).await)
        });
        match made.await {
            Ok(ended) => ended,
            Err(_) => {
                let mut evidence = blank(&again, &self.settings);
                evidence.stopped = Some(Stop::Internal);
                Ended::Host((self.make)(number, evidence).await)
            }
        }
    }
}

fn interrupted() -> DialFailure {
    let text = "the run ended before the host was through".to_owned();
    DialFailure { kind: DialFault::Local, text }
}

/// Hands out a connection that is open already, and then opens others.
struct Primed {
    first: Mutex<Option<Connection>>,
    next: Arc<dyn Dialer>,
}

impl Dialer for Primed {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(connection) => Box::pin(async { Ok(connection) }),
            None => self.next.dial(target),
        }
    }

    fn dial_from<'a>(
        &'a self,
        target: &'a Target,
        source: IpAddr,
    ) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        self.next.dial_from(target, source)
    }
}
