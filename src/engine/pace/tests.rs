use std::sync::Arc;

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;
use crate::target::Via;
use crate::target::scope::{Candidate, Consent, Scope};
use futures::future::BoxFuture;

/// Answers nobody, after a while, and notes when it was asked.
#[derive(Default)]
struct Nobody {
    takes: Duration,
    asked: Arc<Mutex<Vec<(Instant, IpAddr)>>>,
    fault: Option<DialFault>,
}

impl Dialer for Nobody {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        self.asked.lock().unwrap().push((Instant::now(), target.address()));
        Box::pin(async {
            sleep(self.takes).await;
            let kind = self.fault.unwrap_or(DialFault::Refused);
            Err(DialFailure { kind, text: "nobody".into() })
        })
    }
}

fn target(address: IpAddr) -> Target {
    let mut scope = Scope::authorized(Consent::Flag);
    let (name, mail_domain, via) = (None, None, Via::Address);
    let candidate = Candidate { name, address, port: 25, mail_domain, via, named_by_user: true };
    scope.admit(candidate).unwrap()
}

async fn next(dialer: &PacedDialer, address: IpAddr) -> Result<Connection, DialFailure> {
    dialer.open(&target(address), None, Order::Next(&Turn::default())).await
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// Dials all addresses, each task after its own wait, and returns when each connection was opened.
fn opened(rates: Rates, calls: &[(IpAddr, u64)]) -> Vec<(Duration, IpAddr)> {
    paused().block_on(async {
        let asked = Arc::default();
        let nobody = Nobody { asked: Arc::clone(&asked), ..Nobody::default() };
        let dialer = Arc::new(PacedDialer::new(nobody, rates, CancellationToken::new()));
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for (address, wait) in calls.iter().copied() {
            let dialer = Arc::clone(&dialer);
            tasks.spawn(async move {
                sleep(Duration::from_millis(wait)).await;
                assert!(next(&dialer, address).await.is_err());
            });
        }
        tasks.join_all().await;
        let asked = asked.lock().unwrap();
        asked.iter().map(|(at, address)| (*at - start, *address)).collect()
    })
}

/// The most of these moments within one second.
fn most_in_a_second(mut moments: Vec<Duration>) -> usize {
    moments.sort_unstable();
    let within = |first: &Duration| {
        moments.iter().filter(|at| *at >= first && **at - *first < Duration::from_secs(1)).count()
    };
    moments.iter().map(within).max().unwrap_or_default()
}

fn ip(c: u8, d: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, c, d).into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_second_holds_more_connections_than_the_rates_allow(
        all in 0_u32..60,
        prefix in 0_u32..20,
        calls in proptest::collection::vec((0_u8..4, any::<u8>(), 0_u64..3000), 1..150),
    ) {
        let calls: Vec<_> = calls.into_iter().map(|(c, d, wait)| (ip(c, d), wait)).collect();
        let opened = opened(Rates { all, prefix }, &calls);
        prop_assert_eq!(opened.len(), calls.len(), "nobody is forgotten");
        let of = |wanted: Option<IpAddr>| {
            let some = opened.iter().filter(|(_, at)| wanted.is_none_or(|w| prefix_of(*at) == w));
            most_in_a_second(some.map(|(at, _)| *at).collect())
        };
        prop_assert!(all == 0 || of(None) <= all as usize, "{} in all", of(None));
        for c in 0..4 {
            let most = of(Some(ip(c, 0)));
            prop_assert!(prefix == 0 || most <= prefix as usize, "{most} to 10.0.{c}.0/24");
        }
    }
}

#[test]
fn the_rates_are_used_up() {
    let calls: Vec<_> = (0..=255).map(|d| (ip(0, d), 0)).collect();
    let last = |rates| opened(rates, &calls).into_iter().map(|(at, _)| at).max().unwrap();
    let seconds = |wanted: f64, got: Duration| {
        let got = got.as_secs_f64();
        assert!((wanted..wanted * 1.1).contains(&got), "{wanted} s were wanted, it took {got} s");
    };
    seconds(255.0 / 100.0, last(Rates { all: 100, prefix: 0 }));
    seconds(255.0 / 10.0, last(Rates { all: 0, prefix: 10 }));
    seconds(255.0 / 10.0, last(Rates { all: 100, prefix: 10 }));
    assert_eq!(last(Rates::default()), Duration::ZERO, "without limits nobody waits");
}

#[test]
fn a_slow_prefix_holds_no_other_up() {
    let mut calls: Vec<_> = (0..50).map(|d| (ip(0, d), 0)).collect();
    calls.extend((1..=50).map(|c| (ip(c, 0), 1)));
    let opened = opened(Rates { all: 50, prefix: 1 }, &calls);
    let others = opened.iter().filter(|(_, address)| prefix_of(*address) != ip(0, 0));
    let last = others.map(|(at, _)| *at).max().unwrap();
    assert!(last < Duration::from_secs(2), "the last other one came after {last:?}");
}

#[test]
fn prefixes_that_hold_nothing_up_are_forgotten() {
    let start = paused().block_on(async { Instant::now() });
    let mut calendar = Calendar::new(Rates { all: 2000, prefix: 5 }, start);
    for number in 0..100_000_u32 {
        let address = IpAddr::from(Ipv4Addr::from(number << 8));
        calendar.reserve(address, start + Duration::from_millis(number.into()));
    }
    assert!(calendar.free_from.len() <= 2 * PREFIXES, "{} are left", calendar.free_from.len());
    assert!(calendar.taken.len() < 10, "{} runs are left", calendar.taken.len());
}

#[test]
fn what_this_machine_could_not_is_tried_again() {
    let tries = |fault| {
        paused().block_on(async {
            let asked = Arc::default();
            let nobody =
                Nobody { asked: Arc::clone(&asked), fault: Some(fault), ..Nobody::default() };
            let dialer = PacedDialer::new(nobody, Rates::default(), CancellationToken::new());
            let failure = next(&dialer, ip(0, 1)).await.err().unwrap();
            assert_eq!(failure.kind, fault);
            asked.lock().unwrap().len()
        })
    };
    assert_eq!(tries(DialFault::Local), OWN_TRIES);
    assert_eq!(tries(DialFault::Refused), 1, "the server's word stands");
}

#[test]
fn nothing_is_opened_once_the_run_ends() {
    for rates in [Rates::default(), Rates { all: 1, prefix: 0 }] {
        paused().block_on(async {
            let finish = CancellationToken::new();
            let asked = Arc::default();
            let nobody = Nobody { asked: Arc::clone(&asked), ..Nobody::default() };
            let dialer = PacedDialer::new(nobody, rates, finish.clone());
            finish.cancel();
            let failure = next(&dialer, ip(0, 1)).await.err().unwrap();
            assert_eq!(failure.kind, DialFault::Local);
            assert!(asked.lock().unwrap().is_empty());
        });
    }
}

#[test]
fn prefixes_are_24_and_64_bits_long() {
    for (address, prefix) in [
        ("192.0.2.77", "192.0.2.0"),
        ("::ffff:192.0.2.77", "192.0.2.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ] {
        let (address, prefix): (IpAddr, IpAddr) =
            (address.parse().unwrap(), prefix.parse().unwrap());
        assert_eq!(prefix_of(address), prefix);
    }
}

/// A machine that did nothing for a while goes on in the order that was, and makes up for nothing.
#[test]
fn missed_moments_push_the_others_on() {
    let start = paused().block_on(async { Instant::now() });
    let at = |millis: u64| start + Duration::from_millis(millis);
    let mut calendar = Calendar::new(Rates { all: 10, prefix: 0 }, start);
    let entries: Vec<_> = (0..4).map(|d| calendar.reserve(ip(0, d), start)).collect();
    let [first, second, third, fourth] = entries[..] else { panic!("{entries:?}") };
    assert!(calendar.has_come(first, at(0)) && !calendar.has_come(second, at(0)));
    calendar.waiting.remove(&first);
    // The second should have been called after 102 ms. Whoever wakes first, it comes first.
    assert!(!calendar.has_come(third, at(1000)), "not before the one that it stood behind");
    assert!(calendar.has_come(second, at(1000)));
    calendar.waiting.remove(&second);
    assert!(!calendar.has_come(third, at(1101)) && calendar.has_come(third, at(1102)));
    calendar.waiting.remove(&third);
    // A little late is within what the moments are apart for, and pushes nothing.
    assert!(calendar.has_come(fourth, at(1219)));
    assert_eq!(calendar.pushed, Duration::from_millis(898));
    let fifth = calendar.reserve(ip(0, 9), at(1219));
    assert_eq!(calendar.moment(fifth), at(1306), "behind them all");
}

#[test]
fn first_connections_stand_in_nobodys_way() {
    paused().block_on(async {
        let rates = Rates { all: 10, prefix: 0 };
        let asked = Arc::default();
        let nobody = Nobody { asked: Arc::clone(&asked), ..Nobody::default() };
        let dialer = Arc::new(PacedDialer::new(nobody, rates, CancellationToken::new()));
        let turns = Arc::new(Turns::new(1));
        for d in 0..200 {
            let (dialer, turns) = (Arc::clone(&dialer), Arc::clone(&turns));
            tokio::spawn(async move {
                dialer.open(&target(ip(0, d)), None, Order::First(&turns)).await.err()
            });
        }
        sleep(Duration::from_millis(1)).await;
        let begun = Instant::now();
        let turn = Turn::default();
        let opened = dialer.open(&target(ip(1, 0)), None, Order::Next(&turn)).await;
        assert!(opened.is_err());
        let waited = begun.elapsed();
        assert!(waited < Duration::from_millis(1300), "it waited for {waited:?}, not for 20 s");
        // That was none of the host's own time.
        let (over, time) = (Instant::now(), waited + Duration::from_millis(50));
        turn.is_over(begun, time).await;
        assert!(over.elapsed() >= waited, "{:?} of {waited:?}", over.elapsed());
    });
}
