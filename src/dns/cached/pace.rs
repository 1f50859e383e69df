//! The pace of one zone, and its silence.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::evidence::lookup::LookupAnswer;

/// A zone with the moment of its next question.
///
/// The crates for rate limits wait by the clock of the machine, under which a paused test would wait too.
pub(super) struct PacedZone {
    name: String,
    interval: Duration,
    /// How far ahead of its pace the zone may be asked.
    ahead: Duration,
    state: Mutex<State>,
    silent: CancellationToken,
}

/// What changes.
struct State {
    /// When the next question would go if all before had kept the pace, once there was one.
    next: Option<Instant>,
    /// Timeouts in a row.
    timeouts: u32,
}

impl PacedZone {
    pub(super) fn new(name: &str, per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / per_second.get();
        Self {
            name: name.trim_matches('.').to_ascii_lowercase(),
            interval,
            ahead: interval * (burst.get() - 1),
            state: Mutex::new(State { next: None, timeouts: 0 }),
            silent: CancellationToken::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a name is the zone's own or below it.
    pub(super) fn holds(&self, name: &str) -> bool {
        name.strip_suffix(self.name.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Waits for the turn of one question.
    pub(super) async fn turn(&self) {
        let at = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let due = state.next.map_or(now, |next| next.max(now));
            state.next = Some(due + self.interval);
            due.checked_sub(self.ahead).map_or(now, |at| at.max(now))
        };
        sleep_until(at).await;
    }

    /// Waits with `future`, and gives up as soon as the zone counts as silent.
    pub(super) async fn unless_silent<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.silent.run_until_cancelled(future).await
    }

    /// Notes what came of a question.
    pub(super) fn note(&self, answer: &LookupAnswer, silent_after: NonZeroU32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            LookupAnswer::Timeout => state.timeouts = state.timeouts.saturating_add(1),
            // These say nothing about the zone.
            LookupAnswer::NotAsked | LookupAnswer::Unreachable(_) => {}
            _ => state.timeouts = 0,
        }
        if state.timeouts >= silent_after.get() {
            self.silent.cancel();
        }
    }
}
