//! How far a sweep is, on standard error: a bar on a terminal, elsewhere a plain line every few
//! seconds. Open relays are told as they are found.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::task::AbortOnDropHandle;

use super::estimate::{grouped, spoken};
use crate::cli::complain;
use crate::verdict::Verdict;

/// How often a plain line comes.
const PLAIN: Duration = Duration::from_secs(5);
/// How often the bar is drawn.
const DRAWN: Duration = Duration::from_millis(250);

/// What has ended so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    ended: u64,
    live: u64,
    open: u64,
    inconclusive: u64,
    errors: u64,
}

/// The progress of one run.
pub(super) struct Progress {
    counts: Arc<Mutex<Counts>>,
    bar: ProgressBar,
    quiet: bool,
    _ticker: Option<AbortOnDropHandle<()>>,
}

impl Progress {
    /// Begins, inside a runtime; `done` of `all` jobs have ended in an earlier part of the run.
    pub(super) fn begin(all: u64, done: u64, quiet: bool) -> Self {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let on_terminal = std::io::stderr().is_terminal();
        let bar = match on_terminal && !quiet {
            true => ProgressBar::new(all),
            false => ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::hidden()),
        };
        let style = ProgressStyle::with_template("{spinner} {wide_bar} {percent} % {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(done);
        let ticker = (!quiet).then(|| {
            let period = if on_terminal { DRAWN } else { PLAIN };
            let (counts, bar) = (Arc::clone(&counts), bar.clone());
            AbortOnDropHandle::new(tokio::spawn(async move {
                let start = Instant::now();
                let mut beat = tokio::time::interval(period);
                beat.tick().await;
                loop {
                    beat.tick().await;
                    let counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
                    let line = line(&counts, all, done, start.elapsed());
                    match on_terminal {
                        true => {
                            bar.set_message(line);
                            bar.set_position(done + counts.ended);
                        }
                        false => complain(&line),
                    }
                }
            }))
        });
        Self { counts, bar, quiet, _ticker: ticker }
    }

    /// A host has been judged.
    pub(super) fn host(&self, target: &str, verdict: Verdict, proof: &str) {
        self.count(|counts| {
            counts.live += 1;
            counts.open += u64::from(verdict == Verdict::Open);
            counts.inconclusive += u64::from(verdict == Verdict::Inconclusive);
        });
        if verdict == Verdict::Open && !self.quiet {
            self.bar.suspend(|| complain(&format!("open relay: {target}, {proof}")));
        }
    }

    /// Nobody answered.
    pub(super) fn dark(&self) {
        self.count(|_| {});
    }

    /// Something could not be asked.
    pub(super) fn error(&self) {
        self.count(|counts| counts.errors += 1);
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.ended += 1;
        change(&mut counts);
    }
}

/// One line about all of it.
fn line(counts: &Counts, all: u64, done: u64, elapsed: Duration) -> String {
    let ended = done + counts.ended;
    let rate = counts.ended as f64 / elapsed.as_secs_f64().max(0.001);
    let left = match rate > 0.0 {
        true => spoken(Duration::from_secs_f64(all.saturating_sub(ended) as f64 / rate)),
        false => "unknown".to_owned(),
    };
    format!(
        "{} of {}, {rate:.0}/s; live {}, open {}, inconclusive {}, errors {}; left {left}",
        grouped(ended),
        grouped(all),
        grouped(counts.live),
        grouped(counts.open),
        grouped(counts.inconclusive),
        grouped(counts.errors)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        let counts = Counts { ended: 500, live: 40, open: 2, inconclusive: 3, errors: 1 };
        let line = line(&counts, 65_536, 1000, Duration::from_secs(10));
        let want = "1,500 of 65,536, 50/s; live 40, open 2, inconclusive 3, errors 1; left 22 min";
        assert_eq!(line, want);
    }

    #[test]
    fn before_anything_has_ended_the_time_left_is_unknown() {
        let line = line(&Counts::default(), 10, 0, Duration::ZERO);
        assert!(line.ends_with("left unknown"), "{line}");
    }

    #[tokio::test]
    async fn what_ends_is_counted() {
        let progress = Progress::begin(10, 0, true);
        progress.host("192.0.2.1:25", Verdict::Open, "suspected");
        progress.host("192.0.2.2:25", Verdict::Inconclusive, "none");
        progress.host("192.0.2.3:25", Verdict::Closed, "none");
        progress.dark();
        progress.error();
        let want = Counts { ended: 5, live: 3, open: 1, inconclusive: 1, errors: 1 };
        assert_eq!(*progress.counts.lock().unwrap(), want);
    }
}
