//! The course of `mxaudit sweep`: its order, how it is stopped, and what is gone on with.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[allow(dead_code, reason = "not all of it is for this file")]
#[path = "support/farm.rs"]
mod farm;

#[allow(dead_code, reason = "not all of it is for this file")]
#[path = "support/swept.rs"]
mod swept;

use std::array::from_fn;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use mxaudit::practice::Behaviour;
use serde_json::{Value, json};

use farm::{Farm, Who};
use swept::{Folder, Place, Ran, Running, Street, until};

const SCOPE: &str = "[local]\ndomains = [\"practice.test\"]\n";
const COMMON: &str = "--vantage outside --skip reputation --out run";
/// 60 addresses that take a run a while.
const SLOW: &str = "127.94.1.1-60 --in-order --max-hosts 4 --rate 5";
/// How a run is gone on with.
const GO_ON: &str = "sweep --resume run --rate 0 --per-prefix 0";

/// Two that keep a run from ending while they are held.
const HELD: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 94, 1, 3), Ipv4Addr::new(127, 94, 1, 4)];
/// What a host may take to its end after a Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);
/// What the run may take to hear of it.
const HEARING: Duration = Duration::from_millis(500);

fn two_held(address: Ipv4Addr) -> Who {
    if HELD.contains(&address) { Who::Held } else { Who::Closed }
}

fn closed(_: Ipv4Addr) -> Who {
    Who::Closed
}

fn begin(place: &Place, farm: &Farm, arguments: &str) -> Running {
    place.begin(&format!("sweep {arguments} {} {COMMON}", farm.ports()))
}

/// Begins the slow run and waits until some hosts have ended and the held ones are at hand.
fn at_work(place: &Place, farm: &Farm) -> Running {
    let running = begin(place, farm, SLOW);
    until("some hosts have ended", || {
        let each = farm.connections_each();
        HELD.iter().all(|held| each.contains_key(held)) && place.folder("run").reports().len() >= 5
    });
    running
}

/// Sends Ctrl-C and waits until the run has heard of it.
fn press(running: &Running, answer: &str) -> Instant {
    let pressed = Instant::now();
    running.signal("INT");
    until(answer, || running.said()[1].contains(answer));
    pressed
}

/// Hosts that have ended, and connections to each address.
struct Before {
    hosts: BTreeSet<Ipv4Addr>,
    connections: BTreeMap<Ipv4Addr, usize>,
}

impl Before {
    fn now(folder: &Folder, farm: &Farm) -> Self {
        let hosts = folder.hosts().into_iter().collect();
        Self { hosts, connections: farm.connections_each() }
    }
}

/// Goes on with a run that did not end: all its hosts are reported once, and none that had ended is
/// called again.
fn gone_on_with(place: &Place, farm: &Farm, before: &Before) {
    assert!((5..60).contains(&before.hosts.len()), "{:?}", before.hosts);
    for held in HELD {
        farm.release(held);
    }
    let ran = place.run(GO_ON);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let folder = place.folder("run");
    let hosts = folder.hosts();
    assert_eq!((hosts.len(), folder.verdicts().len()), (60, 60), "{hosts:?}");
    assert!(folder.verdicts().values().all(|verdict| verdict == "closed"));
    let after = farm.connections_each();
    for host in &before.hosts {
        assert_eq!(after[host], before.connections[host], "{host} is called again");
    }
    let run = folder.run();
    assert_eq!((&run["interrupted"], run["resumed"].as_array().unwrap().len()), (&json!(false), 1));
    assert_eq!(folder.counts()["not_asked"], 0);
}

/// What is said, and written, of a run that was stopped.
fn cut_short(place: &Place, ran: &Ran) {
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("mxaudit sweep --resume run goes on"), "{}", ran.err);
    let folder = place.folder("run");
    let run = folder.run();
    assert!(run["finished"].is_string() && run["interrupted"] == true, "{run}");
    let counts = folder.counts();
    let left = 60 - folder.hosts().len();
    assert_eq!((&counts["not_asked"], &counts["errors"]), (&json!(left), &json!(0)), "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_lets_hosts_at_hand_finish_and_calls_nobody_more() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, two_held));
    let running = at_work(&place, &farm);
    press(&running, "stopping: no new connections");
    let heard = Instant::now() + HEARING;
    // One goes on where it is; the other says nothing, and is given up.
    farm.release(HELD[0]);
    until("a host at hand is left politely", || farm.quits(HELD[0]) == 1);
    let ran = running.wait();
    let late = farm.arrivals().into_iter().filter(|arrival| arrival.after > heard);
    let late: Vec<_> = late.map(|arrival| arrival.address).collect();
    assert!(late.is_empty(), "called after Ctrl-C: {late:?}");
    cut_short(&place, &ran);
    let before = Before::now(&place.folder("run"), &farm);
    assert!(!before.hosts.contains(&HELD[1]), "it was given up");
    gone_on_with(&place, &farm, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_ends_at_once() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, two_held));
    let running = at_work(&place, &farm);
    let pressed = press(&running, "press Ctrl-C again to drop their connections");
    press(&running, "dropping all connections; --resume goes on");
    let ran = running.wait();
    let took = pressed.elapsed();
    assert!(took < GRACE, "hosts at hand were waited for: {took:?}");
    cut_short(&place, &ran);
    gone_on_with(&place, &farm, &Before::now(&place.folder("run"), &farm));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_no_host_that_had_ended_is_called_again() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, two_held));
    let running = at_work(&place, &farm);
    running.signal("KILL");
    assert_eq!(running.wait().code, None);
    let folder = place.folder("run");
    assert!(!folder.is_finished());
    gone_on_with(&place, &farm, &Before::now(&folder, &farm));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_a_run_that_can_be_gone_on_with() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, closed));
    let ran = begin(&place, &farm, &format!("{SLOW} --deadline 1")).wait();
    assert!(ran.err.contains("1 s are over: no new connections; --resume goes on"), "{}", ran.err);
    cut_short(&place, &ran);
    // It was said once, and the time counts anew.
    let ran = place.run(&format!("{GO_ON} --deadline 600"));
    assert_eq!((ran.code, ran.err.contains("are over")), (Some(0), false), "{}", ran.err);
    assert_eq!(place.folder("run").verdicts().len(), 60);
}

/// Where nobody was is as good as done, also when somebody has come there since.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_where_nobody_was_are_not_called_again() {
    let address = |number| Ipv4Addr::new(127, 94, 4, number);
    let at = |numbers: [u8; 30]| numbers.map(|number| (address(number), Behaviour::closed()));
    let odd = Street::start(0, at(from_fn(|index| 2 * index as u8 + 1))).await;
    let place = Place::new(SCOPE);
    let pace = "--rate 10 --per-prefix 0 --max-hosts 4 --deadline 2 --seed 5";
    let port = odd.port;
    let ran = place.run(&format!("sweep 127.94.4.1-60 {pace} --port {port} {COMMON}"));
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let refused = place.folder("run").counts()["dark"]["refused"].as_u64().unwrap();
    assert!((1..30).contains(&refused), "{refused}");
    let even = Street::start(port, at(from_fn(|index| 2 * index as u8 + 2))).await;
    let ran = place.run(GO_ON);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let called = even.connections_each().values().filter(|count| **count > 0).count();
    assert_eq!(called as u64, 30 - refused);
    assert_eq!(place.folder("run").counts()["dark"]["refused"], refused);
}

/// The addresses in the order of their first connection.
fn order(arguments: &str) -> Vec<Ipv4Addr> {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, closed));
    // Not as they are numbered.
    let addresses = "127.94.3.1-9 127.94.1.1-9 127.94.2.1-9";
    let pace = "--rate 0 --per-prefix 0 --max-hosts 1 --profile quick";
    let ran = begin(&place, &farm, &format!("{addresses} {pace} {arguments}")).wait();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut seen = BTreeSet::new();
    let first = farm.arrivals().into_iter().map(|arrival| arrival.address);
    let first: Vec<_> = first.filter(|address| seen.insert(*address)).collect();
    assert_eq!(first.len(), 27);
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_asked_in_their_order_or_in_that_of_the_seed() {
    let in_order = order("--in-order --seed 5");
    assert!(in_order.is_sorted(), "{in_order:?}");
    let shuffled = order("--seed 5");
    assert!(!shuffled.is_sorted(), "{shuffled:?}");
    assert_eq!(order("--seed 5"), shuffled);
    assert_ne!(order("--seed 6"), shuffled);
    // No network is asked all at once.
    let networks: BTreeSet<_> = shuffled[..9].iter().map(|address| address.octets()[2]).collect();
    assert!(networks.len() > 1, "{shuffled:?}");
}

/// How many hosts a document tells of; it must be whole.
fn hosts_in(form: &str, text: &str) -> usize {
    let text = text.strip_suffix('\n').unwrap_or_else(|| panic!("{form}: cut off: {text}"));
    let read = |schema: &str, text: &str| -> Value {
        let read = serde_json::from_str(text).unwrap();
        jsonschema::validate(&self::schema(schema), &read).unwrap();
        read
    };
    match form {
        "json" => read("v1.json", text)["hosts"].as_array().unwrap().len(),
        "jsonl" => {
            let lines: Vec<_> = text.lines().map(|line| read("jsonl-v1.json", line)).collect();
            let (end, hosts) = lines.split_last().unwrap();
            assert_eq!(end["run"]["interrupted"], true, "the run is at work: {end}");
            hosts.len()
        }
        "csv-hosts" => {
            let mut rows = csv::Reader::from_reader(text.as_bytes());
            rows.records().map(Result::unwrap).count()
        }
        _ => {
            assert!(text.ends_with("\ninterrupted: this report is incomplete"), "{text}");
            let counts = text.lines().filter_map(|line| line.split_once(" hosts: ")).next_back();
            counts.unwrap().0.parse().unwrap()
        }
    }
}

fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schema").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_on_a_run_at_work_is_whole() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, two_held));
    let mut running = at_work(&place, &farm);
    let folder = place.folder("run");
    // All that can end before the held ones are released, or enough to have seen it grow.
    let enough = (folder.reports().len() + 3).min(60 - HELD.len());
    while folder.reports().len() < enough {
        for form in ["json", "jsonl", "csv-hosts", "terminal"] {
            let least = folder.reports().len();
            let ran = place.run(&format!("report run --format {form}"));
            let most = folder.evidence().len();
            assert_eq!(ran.code, Some(3), "{}", ran.err);
            assert!(ran.err.contains("this run has not ended"), "{}", ran.err);
            let hosts = hosts_in(form, &ran.out);
            assert!((least..=most).contains(&hosts), "{form}: {hosts}, not {least} to {most}");
        }
    }
    assert!(!running.has_ended(), "the run was at work all the time");
}
