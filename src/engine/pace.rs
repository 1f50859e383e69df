//! How often connections may be opened: so many a second in all, and so many to one prefix.
//!
//! Every connection reserves a moment of its own, one that suits both limits, and is opened then.
//! Nothing is saved up: after a pause there is no burst.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::evidence::{DialFailure, DialFault};
use crate::net::{Connection, Dialer};
use crate::target::Target;

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

/// Opens connections no faster than the rates allow.
pub(super) struct PacedDialer<D> {
    inner: D,
    calendar: Option<Mutex<Calendar>>,
    finish: CancellationToken,
}

impl<D: Dialer> PacedDialer<D> {
    /// A dialer that opens nothing more once `finish` is cancelled.
    pub(super) fn new(inner: D, rates: Rates, finish: CancellationToken) -> Self {
        let limited = rates != Rates::default();
        let calendar = limited.then(|| Mutex::new(Calendar::new(rates, Instant::now())));
        Self { inner, calendar, finish }
    }

    /// Waits for the moment of one more connection; false when there will be none.
    async fn wait(&self, address: IpAddr) -> bool {
        let Some(calendar) = &self.calendar else { return !self.finish.is_cancelled() };
        loop {
            let at = {
                let mut calendar = calendar.lock().unwrap_or_else(PoisonError::into_inner);
                calendar.reserve(address, Instant::now())
            };
            tokio::select! {
                biased;
                () = self.finish.cancelled() => return false,
                () = sleep_until(at) => {}
            }
            // A moment that was slept through on a busy machine is somebody else's by now.
            if at.elapsed() <= LATE {
                return true;
            }
        }
    }

    async fn open(
        &self,
        target: &Target,
        source: Option<IpAddr>,
    ) -> Result<Connection, DialFailure> {
        let mut tries = 0;
        loop {
            if !self.wait(target.address()).await {
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
}

impl<D: Dialer> Dialer for PacedDialer<D> {
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

/// Which moments are taken.
#[derive(Debug)]
struct Calendar {
    start: Instant,
    all: Option<Duration>,
    prefix: Option<Duration>,
    /// Runs of taken moments, counted from the start: the first, and the one behind the last.
    taken: BTreeMap<u64, u64>,
    /// From when on a prefix may be called again.
    free_from: HashMap<IpAddr, Instant>,
    crowded: usize,
}

impl Calendar {
    fn new(rates: Rates, start: Instant) -> Self {
        let spacing = |rate: u32| (rate > 0).then(|| (Duration::from_secs(1) + LATE) / rate);
        Self {
            start,
            all: spacing(rates.all),
            prefix: spacing(rates.prefix),
            taken: BTreeMap::new(),
            free_from: HashMap::new(),
            crowded: PREFIXES,
        }
    }

    /// The next moment at which this address may be called.
    fn reserve(&mut self, address: IpAddr, now: Instant) -> Instant {
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
        at
    }

    /// Takes the first free moment from `earliest` on.
    fn first_free(&mut self, earliest: Instant, now: Instant, spacing: Duration) -> Instant {
        let nanos = spacing.as_nanos().max(1);
        let number = |moment: Instant| {
            let since = moment.saturating_duration_since(self.start).as_nanos();
            u64::try_from(since.div_ceil(nanos)).unwrap_or(u64::MAX)
        };
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
        let offset = u64::try_from(nanos.saturating_mul(slot.into())).unwrap_or(u64::MAX);
        self.start + Duration::from_nanos(offset)
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
