//! What the farm does later. Every kind waits equally long, so that a queue holds it in order.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a listener rests that could not accept.
const REST: Duration = Duration::from_millis(20);

/// Something whose time has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Delayed {
    /// Replies may leave.
    Replies { place: usize, serial: u32, until: usize },
    /// A tarpit says another byte.
    Drip { place: usize, serial: u32 },
    /// A listener may try again.
    Accept { number: usize },
}

/// All that waits.
#[derive(Debug)]
pub(super) struct Delays {
    round_trip: Queue,
    drips: Queue,
    rests: Queue,
}

#[derive(Debug)]
struct Queue {
    length: Duration,
    waiting: VecDeque<(Instant, Delayed)>,
}

impl Queue {
    fn new(length: Duration) -> Self {
        Self { length, waiting: VecDeque::new() }
    }

    fn put(&mut self, delayed: Delayed) {
        self.waiting.push_back((Instant::now() + self.length, delayed));
    }

    fn due(&mut self, now: Instant) -> Option<Delayed> {
        self.waiting.pop_front_if(|(due, _)| *due <= now).map(|(_, delayed)| delayed)
    }
}

impl Delays {
    pub(super) fn new(round_trip: Duration, drip: Duration) -> Self {
        let [round_trip, drips, rests] = [round_trip, drip, REST].map(Queue::new);
        Self { round_trip, drips, rests }
    }

    /// Whether replies wait at all.
    pub(super) fn is_delayed(&self) -> bool {
        !self.round_trip.length.is_zero()
    }

    pub(super) fn put(&mut self, place: usize, serial: u32, until: usize) {
        self.round_trip.put(Delayed::Replies { place, serial, until });
    }

    pub(super) fn drip(&mut self, place: usize, serial: u32) {
        self.drips.put(Delayed::Drip { place, serial });
    }

    pub(super) fn retry_accept(&mut self, number: usize) {
        self.rests.put(Delayed::Accept { number });
    }

    /// How long nothing is due; `None` where nothing waits.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let queues = [&self.round_trip, &self.drips, &self.rests];
        let first = queues.iter().filter_map(|queue| queue.waiting.front());
        first.map(|(due, _)| due.saturating_duration_since(now)).min()
    }

    /// The next thing that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<Delayed> {
        let [a, b, c] = [&mut self.round_trip, &mut self.drips, &mut self.rests];
        a.due(now).or_else(|| b.due(now)).or_else(|| c.due(now))
    }
}
