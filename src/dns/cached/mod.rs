//! Lookups that are kept, paced and bounded.

mod pace;

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use moka::future::Cache;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::pace::PacedZone;
use super::lookup::{Lookups, Question, TimedAnswer};
use crate::evidence::lookup::{LookupAnswer, LookupKind};

/// How much is asked at once, how often, and how long answers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupLimits {
    /// Questions in flight in all.
    pub in_flight: NonZeroUsize,
    /// Questions in a second to a zone that has no pace of its own.
    pub per_second: NonZeroU32,
    /// Questions that a zone is asked at once, before its pace holds: what operators state is about sustained rates, and
    /// a zone is asked about eight questions to prove itself.
    pub burst: NonZeroU32,
    /// Timeouts in a row after which a zone counts as silent.
    pub silent_after: NonZeroU32,
    /// The longest time that an answer is kept, whatever its servers say.
    pub longest: Duration,
    /// Answers that are kept.
    pub entries: u64,
}

impl Default for LookupLimits {
    /// 64 questions in flight, 5 a second to a zone behind the first 10, 3 timeouts, an hour, 100,000 answers.
    fn default() -> Self {
        Self {
            in_flight: NonZeroUsize::MIN.saturating_add(63),
            per_second: NonZeroU32::MIN.saturating_add(4),
            burst: NonZeroU32::MIN.saturating_add(9),
            silent_after: NonZeroU32::MIN.saturating_add(2),
            longest: Duration::from_secs(3600),
            entries: 100_000,
        }
    }
}

/// A zone that is asked at a pace of its own.
///
/// Questions belong to the longest zone that their name is in.
#[derive(Clone, PartialEq, Eq)]
pub struct ZonePace {
    /// The domain of the zone, as it is asked: with the user's key, where it has one.
    pub zone: String,
    /// Questions in a second, where its operator says so.
    pub per_second: Option<NonZeroU32>,
}

impl std::fmt::Debug for ZonePace {
    /// Without the domain, which may hold a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ZonePace").field("per_second", &self.per_second).finish_non_exhaustive()
    }
}

/// Keeps answers for the time that they hold, and asks no more than is polite.
///
/// - An answer that says something about a name ([`LookupAnswer::is_statement`]) is kept for the time that its servers
///   give it, at most [`LookupLimits::longest`]; without such a time, and after a failure, the next question is put
///   again. [`Question::fresh`] is always put. The name server keeps answers as well, out of our reach.
/// - Equal questions at the same time are put once, and what comes of it is the answer to all, a failure too.
/// - To a zone goes one question each 1/n of a second, and at most [`LookupLimits::burst`] at once where it was not asked
///   for a while; a zone that was not named has no pace.
/// - A zone that timed out [`LookupLimits::silent_after`] times in a row is asked no more in this run: questions that
///   wait for their turn, and all later ones, are [`LookupAnswer::NotAsked`] at once. They stay unknown, as they would
///   be after waiting, and a dead zone costs seconds. Its name server's own answers, such as SERVFAIL, are no silence.
///
/// All time is Tokio's.
pub struct CachedLookups<L> {
    inner: L,
    limits: LookupLimits,
    kept: Cache<(String, LookupKind), Kept>,
    turns: Semaphore,
    zones: Vec<PacedZone>,
}

/// An answer, with the moment from which it is as good as none.
#[derive(Clone)]
struct Kept {
    answer: LookupAnswer,
    until: Instant,
}

impl<L: Lookups> CachedLookups<L> {
    /// Asks `inner`, and paces the questions to `zones`.
    pub fn new(inner: L, limits: LookupLimits, zones: Vec<ZonePace>) -> Self {
        let mut zones: Vec<PacedZone> = zones
            .into_iter()
            .map(|zone| {
                let per_second = zone.per_second.unwrap_or(limits.per_second);
                PacedZone::new(&zone.zone, per_second, limits.burst)
            })
            .collect();
        zones.sort_by_key(|zone| std::cmp::Reverse(zone.name().len()));
        Self {
            inner,
            limits,
            kept: Cache::new(limits.entries),
            turns: Semaphore::new(limits.in_flight.get()),
            zones,
        }
    }

    async fn answer(&self, question: &Question) -> LookupAnswer {
        let key = (question.name().to_owned(), question.kind());
        if question.is_fresh() {
            let kept = self.ask(question).await;
            if kept.until > Instant::now() {
                self.kept.insert(key, kept.clone()).await;
            }
            return kept.answer;
        }
        let stale = |kept: &Kept| kept.until <= Instant::now();
        self.kept.entry(key).or_insert_with_if(self.ask(question), stale).await.into_value().answer
    }

    /// Puts a question when it is its turn.
    async fn ask(&self, question: &Question) -> Kept {
        let zone = self.zones.iter().find(|zone| zone.holds(question.name()));
        let told = match zone {
            Some(zone) => match zone.unless_silent(self.turn(zone)).await {
                Some(_turn) => {
                    let told = self.inner.timed_lookup(question).await;
                    zone.note(&told.answer, self.limits.silent_after);
                    told
                }
                None => TimedAnswer::untimed(LookupAnswer::NotAsked),
            },
            None => {
                // The semaphore is never closed, so a turn always comes.
                let _turn = self.turns.acquire().await.ok();
                self.inner.timed_lookup(question).await
            }
        };
        let holds = told.holds.filter(|_| told.answer.is_statement()).unwrap_or_default();
        Kept { answer: told.answer, until: Instant::now() + holds.min(self.limits.longest) }
    }

    /// Waits for the zone first: who waits for it takes no place among those in flight.
    async fn turn(&self, zone: &PacedZone) -> Option<tokio::sync::SemaphorePermit<'_>> {
        zone.turn().await;
        self.turns.acquire().await.ok()
    }
}

impl<L: Lookups> Lookups for CachedLookups<L> {
    fn lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, LookupAnswer> {
        self.answer(question).boxed()
    }

    fn servers(&self) -> Vec<String> {
        self.inner.servers()
    }
}

#[cfg(test)]
mod tests;
