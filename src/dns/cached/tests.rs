use std::sync::Arc;

use futures::future::join_all;

use super::super::zone::{ScriptedLookups, ZoneFile};
use super::*;

const ZONE: &str = "
    *.bl.test     A    127.0.0.2
    *.clean.test  A    NXDOMAIN
    *.empty.test  A    NODATA
    *.broken.test A    SERVFAIL
    *.shut.test   A    REFUSED
    *.dead.test   A    TIMEOUT
    *.zen.test    A    127.0.0.2
    *.key.zen.test A   127.0.0.2
";
const MINUTE: Duration = Duration::from_secs(60);

fn scripted() -> ScriptedLookups {
    ScriptedLookups::new(ZoneFile::parse(ZONE).unwrap())
}
fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}
fn zone(zone: &str, per_second: u32) -> ZonePace {
    ZonePace { zone: zone.to_owned(), per_second: Some(number(per_second)) }
}
fn cached(
    inner: ScriptedLookups,
    zones: Vec<ZonePace>,
) -> (Arc<ScriptedLookups>, CachedLookups<Arc<ScriptedLookups>>) {
    let inner = Arc::new(inner);
    (inner.clone(), CachedLookups::new(inner, LookupLimits::default(), zones))
}
fn question(name: &str) -> Question {
    Question::new(name, LookupKind::A).unwrap()
}
async fn ask_all<L: Lookups>(lookups: &L, names: &[String]) -> Vec<LookupAnswer> {
    let questions: Vec<_> = names.iter().map(|name| question(name)).collect();
    join_all(questions.iter().map(|question| lookups.lookup(question))).await
}
fn names(count: usize, zone: &str) -> Vec<String> {
    (0..count).map(|n| format!("{n}.{zone}")).collect()
}

#[tokio::test(start_paused = true)]
async fn statements_are_kept_for_their_time() {
    for name in ["a.bl.test", "a.clean.test", "a.empty.test"] {
        let (inner, lookups) = cached(scripted().holding(MINUTE), vec![]);
        let first = lookups.lookup(&question(name)).await;
        tokio::time::advance(MINUTE - Duration::from_secs(1)).await;
        assert_eq!(lookups.lookup(&question(name)).await, first);
        assert_eq!(inner.asked().len(), 1, "{name}");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(lookups.lookup(&question(name)).await, first);
        assert_eq!(inner.asked().len(), 2, "{name}");
        let text = Question::new(name, LookupKind::Txt).unwrap();
        lookups.lookup(&text).await;
        assert_eq!(inner.asked().len(), 3, "another kind is another question");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_and_answers_without_a_time_are_not_kept() {
    for name in ["a.broken.test", "a.shut.test", "a.dead.test"] {
        let (inner, lookups) = cached(scripted().holding(MINUTE), vec![]);
        lookups.lookup(&question(name)).await;
        lookups.lookup(&question(name)).await;
        assert_eq!(inner.asked().len(), 2, "{name}");
    }
    let (inner, lookups) = cached(scripted(), vec![]);
    lookups.lookup(&question("a.bl.test")).await;
    lookups.lookup(&question("a.bl.test")).await;
    assert_eq!(inner.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_kept_for_longer_than_the_limit() {
    let (inner, lookups) = cached(scripted().holding(MINUTE * 100_000), vec![]);
    lookups.lookup(&question("a.bl.test")).await;
    tokio::time::advance(Duration::from_secs(3599)).await;
    lookups.lookup(&question("a.bl.test")).await;
    assert_eq!(inner.asked().len(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    lookups.lookup(&question("a.bl.test")).await;
    assert_eq!(inner.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_question_is_put_and_its_answer_is_kept() {
    let inner = scripted()
        .then("a.clean.test", LookupKind::A, LookupAnswer::NoSuchName)
        .then("a.clean.test", LookupKind::A, LookupAnswer::NoData)
        .holding(MINUTE);
    let (inner, lookups) = cached(inner, vec![]);
    assert_eq!(lookups.lookup(&question("a.clean.test")).await, LookupAnswer::NoSuchName);
    let fresh = question("a.clean.test").fresh();
    assert_eq!(lookups.lookup(&fresh).await, LookupAnswer::NoData);
    assert_eq!(lookups.lookup(&question("a.clean.test")).await, LookupAnswer::NoData);
    assert_eq!(inner.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_failure_does_not_displace_what_is_kept() {
    let inner = scripted()
        .then("a.clean.test", LookupKind::A, LookupAnswer::NoSuchName)
        .then("a.clean.test", LookupKind::A, LookupAnswer::Timeout)
        .holding(MINUTE);
    let (_, lookups) = cached(inner, vec![]);
    lookups.lookup(&question("a.clean.test")).await;
    let fresh = question("a.clean.test").fresh();
    assert_eq!(lookups.lookup(&fresh).await, LookupAnswer::Timeout);
    assert_eq!(lookups.lookup(&question("a.clean.test")).await, LookupAnswer::NoSuchName);
}

#[tokio::test(start_paused = true)]
async fn equal_questions_at_the_same_time_are_put_once() {
    for name in ["a.bl.test", "a.dead.test"] {
        let inner = scripted().delayed("test", Duration::from_secs(2));
        let (inner, lookups) = cached(inner, vec![]);
        let answers = ask_all(&lookups, &vec![name.to_owned(); 20]).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(inner.asked().len(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_leaves_the_question_to_the_others() {
    let (inner, lookups) = cached(scripted().delayed("test", Duration::from_secs(2)), vec![]);
    let question = question("a.bl.test");
    let hasty = tokio::time::timeout(Duration::from_secs(1), lookups.lookup(&question));
    let (hasty, patient) = futures::future::join(hasty, lookups.lookup(&question)).await;
    assert!(hasty.is_err());
    assert_eq!(patient.addresses().len(), 1);
    assert_eq!(inner.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_are_in_flight() {
    let limits = LookupLimits { in_flight: NonZeroUsize::new(10).unwrap(), ..Default::default() };
    let inner = Arc::new(scripted().delayed("test", Duration::from_secs(1)));
    let lookups = CachedLookups::new(inner.clone(), limits, vec![]);
    let start = Instant::now();
    ask_all(&lookups, &names(35, "bl.test")).await;
    assert_eq!(start.elapsed(), Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn each_zone_has_a_pace_of_its_own() {
    let (inner, lookups) = cached(scripted(), vec![zone("bl.test", 5), zone("Clean.test.", 50)]);
    let start = Instant::now();
    let all = [names(20, "bl.test"), names(20, "clean.test"), names(20, "empty.test")].concat();
    let asking = async {
        ask_all(&lookups, &all).await;
        start.elapsed()
    };
    let watching = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let counts = ["bl.test", "clean.test", "empty.test"].map(|zone| inner.asked_below(zone));
        assert_eq!(counts, [10, 10, 20], "at once");
        tokio::time::sleep(Duration::from_millis(999)).await;
        let counts = ["bl.test", "clean.test"].map(|zone| inner.asked_below(zone));
        // Behind the burst, a second holds at most the questions of a second and the one at its end.
        assert!((14..=15).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[1], 20);
    };
    let (elapsed, ()) = futures::future::join(asking, watching).await;
    assert_eq!(elapsed, Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_zone_below_another_one_has_its_own_pace_and_what_is_kept_waits_for_none() {
    let zones = vec![zone("zen.test", 1), zone("key.zen.test", 100)];
    let (inner, lookups) = cached(scripted().holding(MINUTE), zones);
    let start = Instant::now();
    ask_all(&lookups, &names(11, "key.zen.test")).await;
    assert_eq!(start.elapsed(), Duration::from_millis(10));
    ask_all(&lookups, &names(12, "zen.test")).await;
    ask_all(&lookups, &names(12, "zen.test")).await;
    assert_eq!(start.elapsed(), Duration::from_millis(2010));
    assert_eq!(inner.asked().len(), 23);
}

#[tokio::test(start_paused = true)]
async fn a_burst_comes_back_with_time_and_never_grows() {
    let (_, lookups) = cached(scripted(), vec![zone("bl.test", 5)]);
    let mut taken = Vec::new();
    for (count, pause) in [(10, 1), (10, 100), (10, 0), (1, 0)] {
        let start = Instant::now();
        ask_all(&lookups, &names(count, "bl.test")).await;
        taken.push(start.elapsed().as_millis());
        tokio::time::sleep(Duration::from_secs(pause)).await;
    }
    // A second earns five questions back, a hundred no more than ten.
    assert_eq!(taken, [0, 1000, 0, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_zone_costs_seconds() {
    let inner = scripted().delayed("dead.test", Duration::from_secs(4));
    let (inner, lookups) = cached(inner, vec![zone("dead.test", 5), zone("bl.test", 50)]);
    let start = Instant::now();
    let answers = ask_all(&lookups, &names(1000, "dead.test")).await;
    // Ten are put at once and time out at 4 s; those in flight by then are waited for.
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    let timeouts = answers.iter().filter(|answer| **answer == LookupAnswer::Timeout).count();
    assert_eq!(timeouts, inner.asked().len());
    assert!((10..=30).contains(&timeouts), "{timeouts}");
    assert!(answers[timeouts..].iter().all(|answer| *answer == LookupAnswer::NotAsked));
    // The rest of the run does not wait either, and other zones are asked as before.
    let start = Instant::now();
    let late = lookups.lookup(&question("late.dead.test").fresh()).await;
    assert_eq!((late, start.elapsed()), (LookupAnswer::NotAsked, Duration::ZERO));
    assert_eq!(lookups.lookup(&question("a.bl.test")).await.addresses().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_timeouts_in_a_row_are_silence() {
    let timeout = LookupAnswer::Timeout;
    let mut inner = scripted();
    for (n, answer) in [
        timeout.clone(),
        timeout.clone(),
        LookupAnswer::ServerFailure,
        timeout.clone(),
        timeout.clone(),
        LookupAnswer::Unreachable("no route".into()),
        LookupAnswer::NoSuchName,
        timeout.clone(),
        timeout.clone(),
        LookupAnswer::Unreachable("no route".into()),
        timeout.clone(),
    ]
    .into_iter()
    .enumerate()
    {
        inner = inner.then(&format!("{n}.bl.test"), LookupKind::A, answer);
    }
    let (inner, lookups) = cached(inner, vec![zone("bl.test", 1000)]);
    for n in 0..11 {
        let answer = lookups.lookup(&question(&format!("{n}.bl.test"))).await;
        assert_ne!(answer, LookupAnswer::NotAsked, "{n}");
    }
    assert_eq!(lookups.lookup(&question("a.bl.test")).await, LookupAnswer::NotAsked);
    assert_eq!(inner.asked().len(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_was_not_named_is_never_given_up() {
    let (inner, lookups) = cached(scripted(), vec![zone("d.test", 1)]);
    let answers = ask_all(&lookups, &names(10, "dead.test")).await;
    assert_eq!(answers, vec![LookupAnswer::Timeout; 10]);
    assert_eq!(inner.asked().len(), 10);
    assert_eq!(lookups.servers(), ["192.0.2.53"]);
}

#[test]
fn a_pace_does_not_show_its_zone() {
    assert!(!format!("{:?}", zone("s3cret.zen.test", 5)).contains("s3cret"));
}
