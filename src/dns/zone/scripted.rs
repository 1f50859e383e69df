//! Lookups that are answered from a zone text and a script.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::lookup::{Lookups, Question, TimedAnswer};
use super::super::{MAX_ALIASES, RecordKind};
use super::{ZoneAnswer, ZoneFile, ZoneRecord};
use crate::evidence::lookup::{LookupAnswer, LookupKind};

/// [`Lookups`] without a network, for tests: it answers from a [`ZoneFile`] and notes what it was asked.
///
/// Kinds of answer that a zone text has no words for, and answers that change from one question to the next, are put
/// into the script with [`ScriptedLookups::then`]. Answers come at once unless [`ScriptedLookups::delayed`] says
/// otherwise, and wait by Tokio's clock.
///
/// ```
/// # use mxaudit::dns::{Lookups, Question, ScriptedLookups, ZoneFile};
/// # use mxaudit::evidence::lookup::{LookupAnswer, LookupKind};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let zone = ZoneFile::parse("2.0.0.127.bl.test A 127.0.0.2")?;
/// let lookups = ScriptedLookups::new(zone)
///     .then("1.0.0.127.bl.test", LookupKind::A, LookupAnswer::NoSuchName)
///     .then("1.0.0.127.bl.test", LookupKind::A, LookupAnswer::Bogus);
/// let negative = Question::new("1.0.0.127.bl.test", LookupKind::A)?;
/// assert_eq!(lookups.lookup(&negative).await, LookupAnswer::NoSuchName);
/// assert_eq!(lookups.lookup(&negative).await, LookupAnswer::Bogus);
/// assert_eq!(lookups.asked_below("bl.test"), 2);
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct ScriptedLookups {
    zone: ZoneFile,
    script: Mutex<BTreeMap<(String, LookupKind), VecDeque<LookupAnswer>>>,
    delays: Vec<(String, Duration)>,
    holds: Option<Duration>,
    asked: Mutex<Vec<(String, LookupKind)>>,
}

impl ScriptedLookups {
    /// Answers from a zone text.
    pub fn new(zone: ZoneFile) -> Self {
        Self { zone, ..Self::default() }
    }

    /// Answers one question with `answer`, whatever the text says. Of several answers for one question each is given
    /// once, in this order, and the last again and again. The name is in lower case.
    #[must_use]
    pub fn then(self, name: &str, kind: LookupKind, answer: LookupAnswer) -> Self {
        let key = (name.to_owned(), kind);
        lock(&self.script).entry(key).or_default().push_back(answer);
        self
    }

    /// Answers questions about a name and all below it after this time; the first such name counts.
    #[must_use]
    pub fn delayed(mut self, zone: &str, delay: Duration) -> Self {
        self.delays.push((zone.to_owned(), delay));
        self
    }

    /// Says of every answer that it holds for this time.
    #[must_use]
    pub fn holding(self, time: Duration) -> Self {
        Self { holds: Some(time), ..self }
    }

    /// All questions so far, in the order in which they were put, with any secrets.
    pub fn asked(&self) -> Vec<(String, LookupKind)> {
        lock(&self.asked).clone()
    }

    /// The number of questions about a name and all below it.
    pub fn asked_below(&self, zone: &str) -> usize {
        lock(&self.asked).iter().filter(|(name, _)| is_within(name, zone)).count()
    }

    fn answer(&self, question: &Question) -> LookupAnswer {
        let key = (question.name().to_owned(), question.kind());
        lock(&self.asked).push(key.clone());
        let scripted = lock(&self.script).get_mut(&key).and_then(|answers| match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        });
        let answer = scripted.unwrap_or_else(|| self.zone_answer(question.name(), question.kind()));
        question.masked(answer)
    }

    fn zone_answer(&self, name: &str, kind: LookupKind) -> LookupAnswer {
        let record_kind = match kind {
            LookupKind::A => RecordKind::A,
            LookupKind::Txt => RecordKind::Txt,
            LookupKind::Soa => RecordKind::Soa,
            LookupKind::Ptr => RecordKind::Ptr,
        };
        let mut owner = name;
        for _ in 0..=MAX_ALIASES {
            return match self.zone.lookup(owner, record_kind) {
                ZoneAnswer::Alias(target) => {
                    owner = target;
                    continue;
                }
                ZoneAnswer::Records(records) => contents(kind, owner, records),
                ZoneAnswer::NoSuchName => LookupAnswer::NoSuchName,
                ZoneAnswer::NoData => LookupAnswer::NoData,
                ZoneAnswer::ServerFailure => LookupAnswer::ServerFailure,
                ZoneAnswer::Refused => LookupAnswer::Refused,
                ZoneAnswer::Timeout => LookupAnswer::Timeout,
            };
        }
        // What a name server says of aliases that do not end.
        LookupAnswer::ServerFailure
    }
}

fn contents(kind: LookupKind, owner: &str, records: &[ZoneRecord]) -> LookupAnswer {
    let texts = || {
        let text = |record: &ZoneRecord| match record {
            ZoneRecord::Txt(text) | ZoneRecord::Ptr(text) => Some(text.clone()),
            _ => None,
        };
        let mut texts: Vec<String> = records.iter().filter_map(text).collect();
        texts.sort();
        texts
    };
    match kind {
        LookupKind::A => {
            let address = |record: &ZoneRecord| match record {
                ZoneRecord::A(address) => Some(*address),
                _ => None,
            };
            let mut addresses: Vec<_> = records.iter().filter_map(address).collect();
            addresses.sort();
            LookupAnswer::Addresses(addresses)
        }
        LookupKind::Txt => LookupAnswer::Texts(texts()),
        LookupKind::Soa => LookupAnswer::Authority(owner.to_owned()),
        LookupKind::Ptr => LookupAnswer::Names(texts()),
    }
}

impl Lookups for ScriptedLookups {
    fn lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, LookupAnswer> {
        self.timed_lookup(question).map(|told| told.answer).boxed()
    }

    fn servers(&self) -> Vec<String> {
        vec!["192.0.2.53".to_owned()]
    }

    fn timed_lookup<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, TimedAnswer> {
        async move {
            let answer = self.answer(question);
            let delay = self.delays.iter().find(|(zone, _)| is_within(question.name(), zone));
            if let Some((_, delay)) = delay {
                tokio::time::sleep(*delay).await;
            }
            TimedAnswer { answer, holds: self.holds }
        }
        .boxed()
    }
}

fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "
        bl.test            SOA  ns.bl.test
        2.0.0.127.bl.test  A    127.0.0.4
        2.0.0.127.bl.test  A    127.0.0.2
        2.0.0.127.bl.test  TXT  \"why\"
        alias.test         CNAME 2.0.0.127.bl.test
        loop.test          CNAME loop.test
        9.2.0.192.in-addr.arpa PTR mx.test
        *.dead.test        A    TIMEOUT
        *.broken.test      A    SERVFAIL
        *.shut.test        A    REFUSED
        *.empty.test       A    NODATA
    ";

    fn lookups() -> ScriptedLookups {
        ScriptedLookups::new(ZoneFile::parse(ZONE).unwrap())
    }
    fn question(name: &str, kind: LookupKind) -> Question {
        Question::new(name, kind).unwrap()
    }

    #[tokio::test]
    async fn each_kind_of_answer_comes_from_the_text() {
        use LookupKind::{A, Ptr, Soa, Txt};
        let lookups = lookups();
        let codes = ["127.0.0.2", "127.0.0.4"].map(|code| code.parse().unwrap()).to_vec();
        for (name, kind, expected) in [
            ("2.0.0.127.BL.test.", A, LookupAnswer::Addresses(codes.clone())),
            ("alias.test", A, LookupAnswer::Addresses(codes)),
            ("2.0.0.127.bl.test", Txt, LookupAnswer::Texts(vec!["why".into()])),
            ("bl.test", Soa, LookupAnswer::Authority("bl.test".into())),
            ("9.2.0.192.in-addr.arpa", Ptr, LookupAnswer::Names(vec!["mx.test".into()])),
            ("1.0.0.127.bl.test", A, LookupAnswer::NoSuchName),
            ("bl.test", A, LookupAnswer::NoData),
            ("x.empty.test", A, LookupAnswer::NoData),
            ("x.dead.test", A, LookupAnswer::Timeout),
            ("x.broken.test", A, LookupAnswer::ServerFailure),
            ("x.shut.test", A, LookupAnswer::Refused),
            ("loop.test", A, LookupAnswer::ServerFailure),
        ] {
            assert_eq!(lookups.lookup(&question(name, kind)).await, expected, "{name}");
        }
        assert_eq!(lookups.asked().len(), 12);
        assert_eq!(lookups.asked_below("bl.test"), 5);
        assert_eq!(lookups.asked_below("l.test"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn delays_are_of_a_zone_and_times_of_every_answer() {
        let lookups =
            lookups().delayed("bl.test", Duration::from_secs(9)).holding(Duration::from_secs(60));
        let start = tokio::time::Instant::now();
        let told = lookups.timed_lookup(&question("x.shut.test", LookupKind::A)).await;
        assert_eq!(told.holds, Some(Duration::from_secs(60)));
        assert_eq!(start.elapsed(), Duration::ZERO);
        lookups.lookup(&question("1.0.0.127.bl.test", LookupKind::A)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(9));
    }
}
