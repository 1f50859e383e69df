//! Many addresses: tried in the order of a source, each host's course in a task of its own, and what
//! became of them handed to a sink. Memory grows with what runs at once, never with the number of
//! addresses.

mod window;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::pace::{Order, PacedDialer, Rates};
use super::turn::{Listening, Turn, Turns};
use super::{Interrupt, Settings, blank, host};
use crate::evidence::{DialFailure, DialFault, Evidence, Stop};
use crate::net::{Connection, Dialer};
use crate::target::Target;
use crate::verdict::Reading;

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
    /// Addresses at hand, of whatever kind: those that are dialled, hosts that are asked
    /// ([`Settings::max_hosts`] bounds those), and hosts that let us wait.
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
    dialer: Arc<PacedDialer>,
    interrupt: Interrupt,
    turns: Arc<Turns>,
    make: Box<dyn Fn(u64, Evidence, Reading) -> BoxFuture<'static, T> + Send + Sync>,
    ends: UnboundedSender<(u64, Ended<T>)>,
}

/// Tries all jobs; each item of `addresses` holds those of one address. `make` turns the evidence of
/// a host, and the way to read its replies, into what the sink takes, in the host's own task. The sink gets each job once; its first
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
    make: impl Fn(u64, Evidence, Reading) -> F + Send + Sync + 'static,
    mut sink: impl FnMut(u64, Ended<T>) -> Result<(), E>,
) -> Result<(), E> {
    let finish = interrupt.finish.clone();
    let hosts = settings.max_hosts.max(1);
    let turns = Arc::new(Turns::new(hosts));
    let (ends, mut ended) = unbounded_channel();
    let crew = Arc::new(Crew {
        settings,
        per_host: limits.per_host.max(1),
        dialer: Arc::new(PacedDialer::new(dialer, limits.rates, finish.clone())),
        interrupt,
        turns: Arc::clone(&turns),
        make: Box::new(move |number, evidence, reading| Box::pin(make(number, evidence, reading))),
        ends,
    });
    let mut window = Window::new(hosts, limits.addresses);
    let mut running = JoinSet::new();
    loop {
        if turns.waiting() > 0 {
            window.crowded();
        }
        while turns.waiting() == 0
            && running.len().saturating_sub(turns.idle()) < window.size()
            && running.len() < window.most()
            && !finish.is_cancelled()
            && let Some(jobs) = addresses.next()
        {
            running.spawn(Arc::clone(&crew).address(jobs));
        }
        tokio::select! {
            // What has ended is taken first, so that it does not pile up behind a slow sink.
            biased;
            Some((number, ended)) = ended.recv() => sink(number, ended)?,
            joined = running.join_next() => match joined {
                // The jobs of an address look after their own faults.
                Some(is_dark) => if is_dark.unwrap_or_default() { window.dark() },
                None => break,
            },
            () = turns.changed() => {}
        }
    }
    while let Ok((number, ended)) = ended.try_recv() {
        sink(number, ended)?;
    }
    Ok(())
}

impl<T: Send + 'static> Crew<T> {
    /// All jobs of one address; true where nobody took a connection.
    async fn address(self: Arc<Self>, jobs: Vec<Job>) -> bool {
        let at_once = self.per_host;
        let courses = jobs.into_iter().map(|job| Arc::clone(&self).job(job));
        let mut courses = stream::iter(courses).buffer_unordered(at_once);
        let mut is_dark = true;
        while let Some(dark) = courses.next().await {
            is_dark &= dark;
        }
        is_dark
    }

    /// One job, handed over as soon as it ends; true where nobody took the connection.
    async fn job(self: Arc<Self>, Job { number, target }: Job) -> bool {
        let ended = match self.dialer.open(&target, None, Order::First(&self.turns)).await {
            Err(failure) => match failure.kind {
                DialFault::Local | DialFault::OutOfScope => Ended::NotAsked(failure),
                kind => Ended::Dark(kind),
            },
            Ok(connection) => self.host(number, target, connection).await,
        };
        let is_dark = matches!(ended, Ended::Dark(_));
        // Where nobody listens any more, the run is over.
        let _ = self.ends.send((number, ended));
        is_dark
    }

    /// The course of a host that has taken a connection.
    async fn host(
        self: &Arc<Self>,
        number: u64,
        target: Target,
        connection: Connection,
    ) -> Ended<T> {
        let again = target.clone();
        let turn = Arc::new(Turn::of(&self.turns));
        let dialer = Arc::new(Primed {
            first: Mutex::new(Some(connection)),
            next: Arc::clone(&self.dialer),
            turn: Arc::clone(&turn),
        });
        let (settings, interrupt) = (Arc::clone(&self.settings), self.interrupt.clone());
        let crew = Arc::clone(self);
        // A task of its own, so that a fault in one host ends that host only.
        let made = AbortOnDropHandle::new(tokio::spawn(async move {
            let (evidence, reading) =
                host::audit_host(number, target, settings, dialer, interrupt, turn).await;
            let stopped = evidence.stopped;
            // What the end of the run cut short is asked again by the run that resumes it.
            let ending = crew.interrupt.finish.is_cancelled() && stopped.is_some();
            if stopped == Some(Stop::Interrupted) || ending {
                return Ended::NotAsked(interrupted());
            }
            Ended::Host((crew.make)(number, evidence, reading).await)
        }));
        match made.await {
            Ok(ended) => ended,
            Err(_) => {
                let mut evidence = blank(&again, &self.settings);
                evidence.stopped = Some(Stop::Internal);
                let reading = Reading::new(&evidence);
                Ended::Host((self.make)(number, evidence, reading).await)
            }
        }
    }
}

fn interrupted() -> DialFailure {
    let text = "the run ended before the host was through".to_owned();
    DialFailure { kind: DialFault::Local, text }
}

/// Hands out a connection that is open already, and then opens others; each of them is listened to
/// for silence.
struct Primed {
    first: Mutex<Option<Connection>>,
    next: Arc<PacedDialer>,
    turn: Arc<Turn>,
}

impl Primed {
    async fn open(
        &self,
        target: &Target,
        source: Option<IpAddr>,
    ) -> Result<Connection, DialFailure> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let connection = match first.filter(|_| source.is_none()) {
            Some(connection) => connection,
            None => self.next.open(target, source, Order::Next(&self.turn)).await?,
        };
        let stream = Listening::new(connection.stream, Arc::clone(&self.turn));
        Ok(Connection { stream: Box::new(stream), ..connection })
    }
}

impl Dialer for Primed {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        Box::pin(self.open(target, None))
    }

    fn dial_from<'a>(
        &'a self,
        target: &'a Target,
        source: IpAddr,
    ) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        Box::pin(self.open(target, Some(source)))
    }
}
