//! The engine of sweeps against a town of practice servers in memory, on the paused clock.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[allow(dead_code, reason = "not all of it is for this file")]
#[path = "support/lab.rs"]
mod lab;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use lab::{settings, target};
use mxaudit::engine::{Ended, Interrupt, Job, Limits, Rates, Settings, sweep};
use mxaudit::evidence::{Attempt, DialFailure, DialFault, Evidence, Pass, Stop};
use mxaudit::net::{Connection, Dialer};
use mxaudit::practice::{Behaviour, Ledger, RelayPolicy, converse};
use mxaudit::probe::Profile;
use mxaudit::session::Deadlines;
use mxaudit::target::Target;
use mxaudit::verdict::{Verdict, judge};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Instant, sleep};

/// Who is at an address.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    Closed,
    Open,
    Tarpit,
    Refusing,
    Dark,
    /// The dialer itself fails.
    Ours,
    /// The dialer panics in the middle of the course.
    Faulty,
}

/// A dialer to servers that live in memory, and what it saw.
#[derive(Clone)]
struct Town {
    who: fn(IpAddr) -> Who,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    dialled: Mutex<Vec<(Instant, IpAddr)>>,
    hosts: Mutex<HashMap<IpAddr, usize>>,
    most_to_one: AtomicUsize,
    most_hosts: AtomicUsize,
    open: Arc<AtomicUsize>,
    most_open: AtomicUsize,
    tarpits: Mutex<Vec<DuplexStream>>,
}

impl Seen {
    fn enter(&self, address: IpAddr) {
        let mut hosts = self.hosts.lock().unwrap();
        let here = hosts.entry(address).or_default();
        *here += 1;
        self.most_to_one.fetch_max(*here, Ordering::SeqCst);
        let open = hosts.values().filter(|count| **count > 0).count();
        self.most_hosts.fetch_max(open, Ordering::SeqCst);
    }

    fn leave(&self, address: IpAddr) {
        *self.hosts.lock().unwrap().entry(address).or_default() -= 1;
    }

    fn times_of(&self, address: IpAddr) -> usize {
        self.dialled.lock().unwrap().iter().filter(|(_, seen)| *seen == address).count()
    }
}

impl Dialer for Town {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        let address = target.address();
        let peer = SocketAddr::new(address, target.port());
        self.seen.dialled.lock().unwrap().push((Instant::now(), address));
        let seen = Arc::clone(&self.seen);
        let who = (self.who)(address);
        let failure = |kind| DialFailure { kind, text: "nobody".into() };
        Box::pin(async move {
            match who {
                Who::Refusing => return Err(failure(DialFault::Refused)),
                Who::Ours => return Err(failure(DialFault::Local)),
                Who::Dark => {
                    sleep(Duration::from_secs(5)).await;
                    return Err(failure(DialFault::Timeout));
                }
                Who::Faulty => assert!(seen.times_of(address) < 2, "a fault in one host"),
                _ => {}
            }
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            if who == Who::Tarpit {
                seen.tarpits.lock().unwrap().push(theirs);
            } else {
                let mut behaviour = Behaviour::closed();
                if who == Who::Open {
                    behaviour.relay = RelayPolicy::Open;
                }
                let now = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
                seen.most_open.fetch_max(now, Ordering::SeqCst);
                tokio::spawn(async move {
                    let open = Arc::clone(&seen.open);
                    let theirs = Noted { stream: theirs, address, seen, spoken: false };
                    let _ = converse(&behaviour, theirs, &Ledger::default()).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
            let local = SocketAddr::from(([127, 0, 0, 1], 40000));
            Ok(Connection { stream: Box::new(ours), local, peer })
        })
    }
}

/// A server's end of a connection; from its first command on, its host is one of those at hand.
struct Noted {
    stream: DuplexStream,
    address: IpAddr,
    seen: Arc<Seen>,
    spoken: bool,
}

impl Drop for Noted {
    fn drop(&mut self) {
        if self.spoken {
            self.seen.leave(self.address);
        }
    }
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && !std::mem::replace(&mut self.spoken, true) {
            self.seen.enter(self.address);
        }
        read
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn address(number: u64) -> IpAddr {
    Ipv4Addr::from(0x7f01_0000 + u32::try_from(number).unwrap()).into()
}

fn job(number: u64) -> Job {
    Job { number, target: target(SocketAddr::new(address(number), 25)) }
}

fn limits() -> Limits {
    Limits { per_host: 1, addresses: 64, rates: Rates::default() }
}

fn town(who: fn(IpAddr) -> Who) -> Town {
    Town { who, seen: Arc::default() }
}

/// Sweeps addresses 0 to `count`, each as one job, and returns what became of them.
async fn swept(
    town: &Town,
    count: u64,
    settings: Settings,
    limits: Limits,
    interrupt: Interrupt,
) -> BTreeMap<u64, Ended<Evidence>> {
    let mut ends = BTreeMap::new();
    let jobs = (0..count).map(|number| vec![job(number)]);
    let make = |_, evidence, _| async { evidence };
    let sink = |number, ended| {
        assert!(ends.insert(number, ended).is_none(), "{number} ends once");
        Ok::<_, ()>(())
    };
    sweep(jobs, Arc::new(settings), limits, town.clone(), interrupt, make, sink).await.unwrap();
    ends
}

fn shown(ended: &Ended<Evidence>) -> String {
    match ended {
        Ended::Host(evidence) => {
            let verdict = judge(evidence).verdict.as_str();
            match evidence.stopped {
                Some(stop) => format!("{verdict}, {stop:?}"),
                None => verdict.to_owned(),
            }
        }
        Ended::Dark(fault) => format!("{fault:?}"),
        Ended::NotAsked(failure) => format!("not asked: {}", failure.text),
    }
}

#[tokio::test(start_paused = true)]
async fn every_address_ends_as_it_is() {
    let town = town(|address| match address.to_string().rsplit('.').next().unwrap() {
        "1" => Who::Open,
        "2" => Who::Refusing,
        "3" => Who::Dark,
        "4" => Who::Ours,
        "5" => Who::Tarpit,
        "6" => Who::Faulty,
        _ => Who::Closed,
    });
    let deadlines = Deadlines { greeting: Duration::from_secs(20), reply: Duration::from_secs(5) };
    let settings = Settings { deadlines, ..settings() };
    let ends = swept(&town, 9, settings, limits(), Interrupt::default()).await;
    let ends: Vec<_> = ends.values().map(shown).collect();
    let want = [
        "closed",
        "open",
        "Refused",
        "Timeout",
        "not asked: nobody",
        "unreachable",
        "inconclusive, Internal",
        "closed",
        "closed",
    ];
    assert_eq!(ends, want);
    assert_eq!(town.seen.times_of(address(3)), 1, "a dark address costs one connection");
    assert_eq!(town.seen.most_to_one.load(Ordering::SeqCst), 1, "one connection at a time");
}

#[tokio::test(start_paused = true)]
async fn dark_addresses_wait_side_by_side_and_hosts_keep_to_their_number() {
    let town = town(|address| match address {
        IpAddr::V4(v4) if u32::from(v4) % 50 == 0 => Who::Closed,
        _ => Who::Dark,
    });
    let settings = Settings { max_hosts: 2, ..settings() };
    let limits = Limits { addresses: 500, ..limits() };
    let start = Instant::now();
    let ends = swept(&town, 2000, settings, limits, Interrupt::default()).await;
    assert_eq!(ends.values().filter(|ended| matches!(ended, Ended::Host(_))).count(), 40);
    // Two at a time, 1960 of them would take 4900 s.
    assert!(start.elapsed() < Duration::from_secs(200), "it took {:?}", start.elapsed());
    let most = town.seen.most_hosts.load(Ordering::SeqCst);
    assert!((1..=2).contains(&most), "{most} hosts at once");
}

/// Behind a dark stretch, where many are tried at once, all answer: few of them are met at once.
#[tokio::test(start_paused = true)]
async fn hosts_that_all_answer_are_not_kept_waiting_in_a_crowd() {
    let town = town(|address| match address {
        IpAddr::V4(v4) if u32::from(v4) & 0xffff < 400 => Who::Dark,
        _ => Who::Closed,
    });
    let settings = Settings { max_hosts: 3, ..settings() };
    let limits = Limits { addresses: 400, rates: Rates { all: 50, prefix: 0 }, ..limits() };
    let ends = swept(&town, 700, settings, limits, Interrupt::default()).await;
    let hosts = ends.values().filter(|ended| shown(ended) == "closed").count();
    assert_eq!(hosts, 300);
    assert!(town.seen.most_hosts.load(Ordering::SeqCst) <= 3);
    let met = town.seen.most_open.load(Ordering::SeqCst);
    assert!(met <= 60, "{met} connections were open at once");
}

/// Where connections are few a second, a host's own time is not spent with waiting for them.
#[tokio::test(start_paused = true)]
async fn slow_rates_cost_no_host_its_time() {
    let town = town(|_| Who::Closed);
    let time = Duration::from_secs(30);
    let settings = Settings { max_hosts: 64, host_deadline: time, ..settings() };
    let limits = Limits { rates: Rates { all: 0, prefix: 1 }, ..limits() };
    let ends = swept(&town, 60, settings, limits, Interrupt::default()).await;
    // All are at hand, so that each waits for half a minute again and again.
    let closed = ends.values().filter(|ended| shown(ended) == "closed").count();
    assert_eq!(closed, 60, "{:?}", ends.values().map(shown).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_not_plainly_closed_is_asked_more() {
    let town = town(|address| match address.to_string().ends_with(".1") {
        true => Who::Open,
        false => Who::Closed,
    });
    let settings = Settings { deeper: Some(Profile::Standard), ..settings() };
    let ends = swept(&town, 3, settings, limits(), Interrupt::default()).await;
    let profile = |number: u64| match &ends[&number] {
        Ended::Host(evidence) => (evidence.profile, judge(evidence).verdict),
        other => panic!("{number}: {other:?}"),
    };
    assert_eq!(profile(0), (Some(Profile::Quick), Verdict::Closed));
    assert_eq!(profile(1), (Some(Profile::Standard), Verdict::Open));
    // What was confirmed is not asked for again, but for the plain form, behind another greeting name.
    let Ended::Host(open) = &ends[&1] else { panic!("{:?}", ends[&1]) };
    let confirmed = |wanted: usize| {
        let form = &open.forms[wanted];
        let again = |attempt: &&Attempt| attempt.form == wanted && attempt.pass == Pass::Confirm;
        let times = open.attempts.iter().filter(again).count();
        (form.axis().is_some() && times > 0).then_some((form.is_plain(), times))
    };
    let mut confirmed: Vec<_> = (0..open.forms.len()).filter_map(confirmed).collect();
    confirmed.sort_unstable();
    assert_eq!(confirmed, [(false, 1), (false, 1), (true, 2)]);
    // What the deeper profile alone would have planned is planned, each form once.
    let alone = Settings { profile: Profile::Standard, ..lab::settings() };
    let alone = swept(&town, 2, alone, limits(), Interrupt::default()).await;
    let probes = |ended: &Ended<Evidence>| -> Vec<_> {
        let Ended::Host(evidence) = ended else { panic!("{ended:?}") };
        let verdict = judge(evidence);
        let mut probes: Vec<_> = verdict
            .probes
            .iter()
            .map(|probe| (probe.code.clone(), probe.verdict.outcome.as_str()))
            .collect();
        probes.sort();
        probes
    };
    assert_eq!(probes(&ends[&1]), probes(&alone[&1]));
}

#[tokio::test(start_paused = true)]
async fn ports_of_an_address_take_turns() {
    for (per_host, most) in [(1, 1), (2, 2)] {
        let town = town(|_| Who::Closed);
        let jobs = [25, 587, 2525].into_iter().zip(0..).map(|(port, number)| Job {
            number,
            target: target(SocketAddr::new(address(0), port)),
        });
        let jobs = std::iter::once(jobs.collect());
        let limits = Limits { per_host, ..limits() };
        let mut numbers = Vec::new();
        let sink = |number, _: Ended<()>| {
            numbers.push(number);
            Ok::<_, ()>(())
        };
        let settings = Arc::new(settings());
        let (dialer, interrupt) = (town.clone(), Interrupt::default());
        sweep(jobs, settings, limits, dialer, interrupt, |_, _, _| async {}, sink).await.unwrap();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(town.seen.most_to_one.load(Ordering::SeqCst), most);
    }
}

#[tokio::test(start_paused = true)]
async fn the_sinks_error_ends_the_run() {
    let town = town(|_| Who::Refusing);
    let jobs = (0..1000).map(|number| vec![job(number)]);
    let mut taken = 0;
    let sink = |_, _: Ended<()>| {
        taken += 1;
        if taken == 3 { Err("the disk is full") } else { Ok(()) }
    };
    let settings = Arc::new(settings());
    let ended = sweep(
        jobs,
        settings,
        limits(),
        town.clone(),
        Interrupt::default(),
        |_, _, _| async {},
        sink,
    )
    .await;
    assert_eq!(ended, Err("the disk is full"));
    assert!(town.seen.dialled.lock().unwrap().len() < 100, "the others were not dialled");
}

#[tokio::test(start_paused = true)]
async fn what_an_interrupt_cuts_short_was_not_asked() {
    let town = town(|address| match address.to_string().ends_with(".0") {
        true => Who::Tarpit,
        false => Who::Dark,
    });
    let interrupt = Interrupt::default();
    let finish = interrupt.finish.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(7)).await;
        finish.cancel();
    });
    let deadlines = Deadlines { greeting: Duration::from_secs(60), reply: Duration::from_secs(60) };
    let settings = Settings { max_hosts: 1, deadlines, ..settings() };
    let limits = Limits { addresses: 2, ..limits() };
    let start = Instant::now();
    let ends = swept(&town, 1000, settings, limits, interrupt).await;
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}", start.elapsed());
    assert!(ends.len() < 20, "{} jobs were begun", ends.len());
    assert!(shown(&ends[&0]).starts_with("not asked: the run ended"), "{}", shown(&ends[&0]));
    let stopped = |ended: &Ended<Evidence>| matches!(ended, Ended::Host(evidence) if evidence.stopped == Some(Stop::Interrupted));
    assert!(!ends.values().any(stopped), "nothing half done is taken for a host");
}

/// Half of the addresses never say a word: the others are not asked any later for it.
#[tokio::test(start_paused = true)]
async fn tarpits_do_not_hold_the_others_up() {
    let who = |address| match address {
        IpAddr::V4(v4) if u32::from(v4) % 2 == 0 => Who::Tarpit,
        _ => Who::Closed,
    };
    let town = town(who);
    let minute = Duration::from_secs(60);
    let deadlines = Deadlines { greeting: minute, reply: minute };
    let settings = Settings { max_hosts: 20, deadlines, host_deadline: minute * 3, ..settings() };
    let limits = Limits { addresses: 1000, ..limits() };
    let (start, mut last, mut ends) = (Instant::now(), Duration::ZERO, 0);
    let jobs = (0..400).map(|number| vec![job(number)]);
    let make = |_, evidence: Evidence, _| async move { judge(&evidence).verdict };
    let sink = |number, ended| {
        ends += 1;
        match (ended, who(address(number))) {
            (Ended::Host(Verdict::Closed), Who::Closed) => last = last.max(start.elapsed()),
            (Ended::Host(Verdict::Unreachable), Who::Tarpit) => {}
            (ended, _) => panic!("{number}: {ended:?}"),
        }
        Ok::<_, ()>(())
    };
    let (settings, interrupt) = (Arc::new(settings), Interrupt::default());
    sweep(jobs, settings, limits, town, interrupt, make, sink).await.unwrap();
    assert_eq!(ends, 400);
    // 200 tarpits with 20 places hold each of them for two seconds, and not for a minute.
    assert!(last < Duration::from_secs(30), "the last of the others ended after {last:?}");
    assert!(start.elapsed() < minute * 4, "it took {:?}", start.elapsed());
}

/// A host that is slow in one thing keeps what it has said in another: each job is handed over as
/// it ends.
#[tokio::test(start_paused = true)]
async fn a_job_does_not_wait_for_the_other_ports() {
    let town = town(|_| Who::Tarpit);
    let ports = [25, 587].into_iter().zip(0..);
    let jobs = ports
        .map(|(port, number)| Job { number, target: target(SocketAddr::new(address(0), port)) });
    let jobs = std::iter::once(jobs.collect());
    let start = Instant::now();
    let mut at = Vec::new();
    let sink = |_, _: Ended<()>| {
        at.push(start.elapsed());
        Ok::<_, ()>(())
    };
    let settings = Arc::new(settings());
    sweep(jobs, settings, limits(), town, Interrupt::default(), |_, _, _| async {}, sink)
        .await
        .unwrap();
    let [one, other] = at[..] else { panic!("{at:?}") };
    assert!(other >= one * 2, "{at:?}");
}
