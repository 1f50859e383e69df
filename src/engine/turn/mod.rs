//! The turn of a host. So many hosts are asked at once, and who lets us wait gives its turn away:
//! a host that has not greeted yet has none, one that is silent for a while or that is to be asked
//! again later goes on without.

mod listening;

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

pub(super) use listening::Listening;

/// How long a host may be silent before its turn is given to another.
const SILENCE: Duration = Duration::from_secs(2);

/// The turns of a run.
#[derive(Debug)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: AtomicUsize,
    changed: Notify,
}

impl Turns {
    pub(super) fn new(hosts: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(hosts.min(Semaphore::MAX_PERMITS))),
            waiting: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// How many hosts wait for a turn, with their connections open or about to be opened again.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// How many hosts let us wait, and so hold nobody up.
    pub(super) fn idle(&self) -> usize {
        self.idle.load(Ordering::SeqCst)
    }

    /// Returns once either number has changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns once there is a turn that nobody waits for.
    pub(super) async fn are_free(&self) {
        loop {
            let free = self.free.acquire().await;
            drop(free);
            if self.waiting() == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn count(&self, counter: &AtomicUsize, up: bool) {
        if up {
            counter.fetch_add(1, Ordering::SeqCst);
        } else {
            counter.fetch_sub(1, Ordering::SeqCst);
        }
        self.changed.notify_one();
    }
}

/// The turn of one host.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Absent where hosts do not take turns.
    turns: Option<Arc<Turns>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    permit: Option<OwnedSemaphorePermit>,
    /// It had a turn, and lets us wait, or has not greeted yet.
    idle: bool,
    /// How long it was kept waiting by us, until `since`.
    kept: Duration,
    since: Option<Instant>,
}

/// What counts as waiting for us, until it is dropped.
struct Kept<'a>(&'a Turn);

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Some(since) = state.since.take() {
            state.kept += since.elapsed();
        }
    }
}

/// One that waits for a turn, until it is dropped.
struct Waiting<'a>(&'a Turns);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.count(&self.0.waiting, false);
    }
}

impl Turn {
    /// That of a host that has none yet.
    pub(super) fn of(turns: &Arc<Turns>) -> Self {
        Self { turns: Some(Arc::clone(turns)), state: Mutex::default() }
    }

    /// Waits for the turn, unless it has come already.
    pub(super) async fn take(&self) {
        self.set_idle(false);
        let Some(turns) = self.turns.as_ref().filter(|_| self.state().permit.is_none()) else {
            return;
        };
        let permit = match Arc::clone(&turns.free).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                turns.count(&turns.waiting, true);
                let _waiting = Waiting(turns);
                self.keep(Arc::clone(&turns.free).acquire_owned()).await.ok()
            }
        };
        self.state().permit = permit;
    }

    /// Waits for the greeting, which a host may well keep us waiting for, and then for the turn.
    pub(super) async fn meet<F: Future>(&self, greeting: F) -> F::Output {
        let mut greeting = pin!(greeting);
        let greeted = match timeout(SILENCE, &mut greeting).await {
            Ok(greeted) => greeted,
            Err(_) => {
                self.give_away();
                greeting.await
            }
        };
        self.take().await;
        greeted
    }

    /// Sleeps, without the turn.
    pub(super) async fn pause(&self, time: Duration) {
        let had = self.give_away();
        sleep(time).await;
        if had {
            self.take().await;
        }
    }

    /// The host lets us wait. True where it had a turn.
    fn give_away(&self) -> bool {
        self.set_idle(true);
        self.state().permit.take().is_some()
    }

    /// It does no longer: it has a turn again where there is one, and goes on without where not.
    fn go_on(&self) {
        self.set_idle(false);
        if let Some(turns) = &self.turns {
            let permit = Arc::clone(&turns.free).try_acquire_owned().ok();
            let mut state = self.state();
            if state.permit.is_none() {
                state.permit = permit;
            }
        }
    }

    fn set_idle(&self, idle: bool) {
        let Some(turns) = &self.turns else { return };
        if std::mem::replace(&mut self.state().idle, idle) != idle {
            turns.count(&turns.idle, idle);
        }
    }

    /// Waits for something of ours, which is none of the host's time.
    pub(super) async fn keep<F: Future>(&self, ours: F) -> F::Output {
        self.state().since.get_or_insert_with(Instant::now);
        let _kept = Kept(self);
        ours.await
    }

    /// How long the host was kept waiting by us.
    fn kept(&self) -> Duration {
        let state = self.state();
        state.kept + state.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Returns when the host has had this much time, from `begun` on.
    pub(super) async fn is_over(&self, begun: Instant, time: Duration) {
        loop {
            let left = (time + self.kept()).saturating_sub(begun.elapsed());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is written by halves, so what a panic left behind is still true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.set_idle(false);
    }
}

#[cfg(test)]
mod tests;
