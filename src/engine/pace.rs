//! How often connections may be opened: so many a second in all, and so many to one prefix.
//!
//! Every connection reserves a moment of its own, one that suits both limits, and is opened then.
//! Nothing is saved up: after a pause there is no burst.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::evidence::{DialFailure, DialFault};
use crate::net::{Connection, Dialer};
use crate::target::Target;

use super::turn::{Turn, Turns};

/// How late a connection may come after its moment. Moments are this much wider apart, in each
/// second, than the limit asks for, so that what is late breaks no limit.
const LATE: Duration = Duration::from_millis(20);
/// Prefixes that are remembered before those are forgotten that hold nothing up any more.
const PREFIXES: usize = 1024;
/// How often, and after which pause, a connection is tried again that our own machine had no socket
/// or port for.
const OWN_TRIES: usize = 5;
const OWN_PAUSE: Duration = Duration::from_secs(1);

/// New connections a second; 0 means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// In all.
    pub all: u32,
    /// To one /24 of IPv4 or one /64 of IPv6.
    pub prefix: u32,
}

/// What a connection waits for beside its moment.
#[derive(Clone, Copy)]
pub(super) enum Order<'a> {
    /// The first one to a host: a turn that nobody waits for.
    First(&'a Turns),
    /// Another one of a host's course: nothing, and the wait is none of the host's time.
    Next(&'a Turn),
}

/// Opens connections no faster than the rates allow.
pub(super) struct PacedDialer {
    inner: Box<dyn Dialer>,
    calendar: Option<Mutex<Calendar>>,
    /// How many first connections to hosts may have reserved their moments, about a second's worth:
    /// a host that is being asked never waits behind more of them.
    ahead: Semaphore,
    finish: CancellationToken,
}

impl PacedDialer {
    /// A dialer that opens nothing more once `finish` is cancelled.
    pub(super) fn new(
        inner: impl Dialer + 'static,
        rates: Rates,
        finish: CancellationToken,
    ) -> Self {
        let limited = rates != Rates::default();
        let calendar = limited.then(|| Mutex::new(Calendar::new(rates, Instant::now())));
        let ahead = match usize::try_from(rates.all) {
            Ok(all @ 1..) => all.min(Semaphore::MAX_PERMITS),
            _ => Semaphore::MAX_PERMITS,
        };
        Self { inner: Box::new(inner), calendar, ahead: Semaphore::new(ahead), finish }
    }

    /// Opens a connection, from an address of ours where one is wanted.
    pub(super) async fn open(
        &self,
        target: &Target,
        source: Option<IpAddr>,
        order: Order<'_>,
    ) -> Result<Connection, DialFailure> {
        let mut tries = 0;
        loop {
            if !self.wait_in(order, target.address()).await {
                let text = "the run is ending".to_owned();
                return Err(DialFailure { kind: DialFault::Local, text });
            }
            let opened = match source {
                Some(source) => self.inner.dial_from(target, source).await,
                None => self.inner.dial(target).await,
            };
            tries += 1;
            let ours = matches!(&opened, Err(failure) if failure.kind == DialFault::Local);
            if !ours || tries >= OWN_TRIES || self.finish.is_cancelled() {
                return opened;
            }
            sleep(OWN_PAUSE).await;
        }
    }

    async fn wait_in(&self, order: Order<'_>, address: IpAddr) -> bool {
        let turns = match order {
            Order::First(turns) => turns,
            Order::Next(turn) => return turn.keep(self.wait(address)).await,
        };
        let _ahead = self.ahead.acquire().await;
        tokio::select! {
            biased;
            () = self.finish.cancelled() => false,
            () = turns.are_free() => self.wait(address).await,
        }
    }

    /// Waits for the moment of one more connection; false when there will be none.
    async fn wait(&self, address: IpAddr) -> bool {
        let Some(calendar) = &self.calendar else { return !self.finish.is_cancelled() };
        let reserved = Reserved::new(calendar, address);
        while !self.finish.is_cancelled() {
            if reserved.has_come() {
                return true;
            }
            tokio::select! {
                () = self.finish.cancelled() => {}
                () = sleep_until(reserved.moment()) => {}
            }
        }
        false
    }
}

/// A moment that is reserved, until it is dropped.
struct Reserved<'a> {
    calendar: &'a Mutex<Calendar>,
    entry: Entry,
}

impl<'a> Reserved<'a> {
    fn new(calendar: &'a Mutex<Calendar>, address: IpAddr) -> Self {
        let entry = locked(calendar).reserve(address, Instant::now());
        Self { calendar, entry }
    }

    /// As things stand; moments are pushed on where one was missed.
    fn moment(&self) -> Instant {
        locked(self.calendar).moment(self.entry)
    }

    fn has_come(&self) -> bool {
        locked(self.calendar).has_come(self.entry, Instant::now())
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        locked(self.calendar).waiting.remove(&self.entry);
    }
}

fn locked(calendar: &Mutex<Calendar>) -> MutexGuard<'_, Calendar> {
    calendar.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A moment by its distance from the start, and its number, since several may be the same.
type Entry = (Duration, u64);

/// Which moments are taken, by their distance from the start.
#[derive(Debug)]
struct Calendar {
    start: Instant,
    /// By how much all moments were pushed on. Where one was missed, on a busy machine, those
    /// behind it keep their distances.
    pushed: Duration,
    all: Option<Duration>,
    prefix: Option<Duration>,
    /// Runs of taken slots, counted from the start: the first, and the one behind the last.
    taken: BTreeMap<u64, u64>,
    /// From when on a prefix may be called again.
    free_from: HashMap<IpAddr, Duration>,
    crowded: usize,
    /// Moments that were reserved, and not used yet.
    waiting: BTreeSet<Entry>,
    reserved: u64,
}

impl Calendar {
    fn new(rates: Rates, start: Instant) -> Self {
        let spacing = |rate: u32| (rate > 0).then(|| (Duration::from_secs(1) + LATE) / rate);
        Self {
            start,
            pushed: Duration::ZERO,
            all: spacing(rates.all),
            prefix: spacing(rates.prefix),
            taken: BTreeMap::new(),
            free_from: HashMap::new(),
            crowded: PREFIXES,
            waiting: BTreeSet::new(),
            reserved: 0,
        }
    }

    /// Reserves the next moment at which this address may be called.
    fn reserve(&mut self, address: IpAddr, now: Instant) -> Entry {
        let now = now.saturating_duration_since(self.start + self.pushed);
        let prefix = prefix_of(address);
        let free = self.free_from.get(&prefix).copied().filter(|_| self.prefix.is_some());
        let mut at = free.map_or(now, |free| free.max(now));
        if let Some(spacing) = self.all {
            at = self.first_free(at, now, spacing);
        }
        if let Some(spacing) = self.prefix {
            if self.free_from.len() >= self.crowded {
                self.free_from.retain(|_, free| *free > now);
                self.crowded = PREFIXES.max(self.free_from.len() * 2);
            }
            self.free_from.insert(prefix, at + spacing);
        }
        self.reserved += 1;
        let entry = (at, self.reserved);
        self.waiting.insert(entry);
        entry
    }

    fn moment(&self, (at, _): Entry) -> Instant {
        self.start + self.pushed + at
    }

    /// True when a moment has come. One that was missed pushes all others on.
    fn has_come(&mut self, entry: Entry, now: Instant) -> bool {
        let first = self.waiting.first().copied().unwrap_or(entry);
        let late = now.saturating_duration_since(self.moment(first));
        if late > LATE {
            self.pushed += late;
        }
        now >= self.moment(entry)
    }

    /// Takes the first free slot from `earliest` on.
    fn first_free(&mut self, earliest: Duration, now: Duration, spacing: Duration) -> Duration {
        let nanos = spacing.as_nanos().max(1);
        let number =
            |at: Duration| u64::try_from(at.as_nanos().div_ceil(nanos)).unwrap_or(u64::MAX);
        let (wanted, past) = (number(earliest), number(now));
        while let Some(run) = self.taken.first_entry().filter(|run| *run.get() < past) {
            run.remove();
        }
        let before = self.taken.range(..=wanted).next_back().map(|(first, end)| (*first, *end));
        let (first, slot) = match before {
            Some((first, end)) if end >= wanted => (first, end.max(wanted)),
            _ => (wanted, wanted),
        };
        // Two runs that meet become one.
        let end = self.taken.remove(&(slot + 1)).unwrap_or(slot + 1);
        self.taken.insert(first, end);
        Duration::from_nanos(u64::try_from(nanos.saturating_mul(slot.into())).unwrap_or(u64::MAX))
    }
}

/// The /24 or /64 of an address.
fn prefix_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => Ipv4Addr::from(u32::from(v4) & !0xff).into(),
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests;
