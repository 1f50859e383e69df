//! How fast and how much at once `mxaudit sweep` asks, as the servers see it.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[allow(dead_code, reason = "not all of it is for this file")]
#[path = "support/farm.rs"]
mod farm;

#[allow(dead_code, reason = "not all of it is for this file")]
#[path = "support/swept.rs"]
mod swept;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;

use farm::{Arrival, Farm, Who, most_within};
use swept::{Place, Ran, address_of};

const SCOPE: &str = "[local]\ndomains = [\"practice.test\"]\n";
/// What all sweeps have in common.
const COMMON: &str = "--vantage outside --skip reputation --seed 5 --out run";
/// A little less than a second, for a connection that our own machine brings late on its way.
const SECOND: Duration = Duration::from_millis(900);

/// 32 addresses in four networks.
const STREETS: &str = "127.91.1.1-8 127.91.2.1-8 127.91.3.1-8 127.91.4.1-8";

fn closed(_: Ipv4Addr) -> Who {
    Who::Closed
}

fn sweep(place: &Place, farm: &Farm, arguments: &str) -> Ran {
    place.run(&format!("sweep {arguments} {} {COMMON}", farm.ports()))
}

/// Sweeps the streets, and tells what the servers saw.
fn paced(ports: usize, limits: &str) -> Farm {
    let (place, farm) = (Place::new(SCOPE), Farm::start(ports, closed));
    let ran = sweep(&place, &farm, &format!("{STREETS} {limits}"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(place.folder("run").reports().len(), 32 * ports);
    farm
}

/// The most connections within a second, in all and to one network.
fn most(farm: &Farm) -> (usize, usize) {
    let arrivals = farm.arrivals();
    let mut networks = BTreeMap::<_, Vec<Arrival>>::new();
    for arrival in &arrivals {
        networks.entry(arrival.address.octets()[2]).or_default().push(*arrival);
    }
    let to_one = networks.values().map(|arrivals| most_within(SECOND, arrivals)).max();
    (most_within(SECOND, &arrivals), to_one.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn not_more_connections_a_second_than_the_rate() {
    let (all, _) = most(&paced(2, "--rate 20 --per-prefix 0 --per-host 0"));
    assert!(all <= 20, "{all} within a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_more_connections_a_second_to_a_network_than_its_rate() {
    let (all, to_one) = most(&paced(2, "--rate 0 --per-prefix 5 --per-host 0"));
    assert!(to_one <= 5, "{to_one} within a second to one network");
    assert!(all > 5, "networks do not wait for each other: {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_at_a_time_to_an_address() {
    let farm = paced(3, "--rate 0 --per-prefix 0 --per-host 1");
    assert_eq!(farm.most_to_one(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_limits_more_come() {
    let farm = paced(3, "--rate 0 --per-prefix 0 --per-host 0");
    let (all, to_one) = most(&farm);
    assert!(all > 40, "{all} within a second");
    assert!(to_one > 10, "{to_one} within a second to one network");
    assert!(farm.most_to_one() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_makes_do_with_few_files_and_says_why() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, |_| Who::Slow));
    let program = env!("CARGO_BIN_EXE_mxaudit");
    let arguments = format!(
        "sweep 127.92.1.1-200 127.92.2.1-200 127.92.3.1-200 --rate 0 --per-prefix 0 --max-hosts \
         512 --profile quick {} {COMMON}",
        farm.ports()
    );
    let few_files = format!("ulimit -n 256; exec {program} {arguments}");
    let ran: Ran = place.program("sh", "-c").arg(few_files).output().unwrap().into();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let reason = "this process may open 256 files, so at most 192 hosts are asked at once";
    assert!(ran.err.contains(reason), "{}", ran.err);
    let most = farm.most_at_once();
    assert!(most <= 192, "{most} connections at once");
    let folder = place.folder("run");
    assert_eq!(folder.verdicts().len(), 600);
    assert!(folder.verdicts().values().all(|verdict| verdict == "closed"));
    let counts = folder.counts();
    assert_eq!((&counts["not_asked"], &counts["errors"]), (&json!(0), &json!(0)), "{counts}");
}

/// At every other address nobody says a word; every fifth relays.
fn among_tarpits(address: Ipv4Addr) -> Who {
    match address.octets()[3] {
        number if number.is_multiple_of(2) => Who::Tarpit,
        number if number.is_multiple_of(5) => Who::Open,
        _ => Who::Closed,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tarpits_hold_nobody_up_and_are_not_taken_for_closed() {
    let (place, farm) = (Place::new(SCOPE), Farm::start(1, among_tarpits));
    let limits = "--rate 0 --per-prefix 0 --max-hosts 8 --greeting-timeout 2 --host-deadline 20";
    let ran = sweep(&place, &farm, &format!("127.93.1.1-100 {limits}"));
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let folder = place.folder("run");
    assert_eq!(folder.counts()["not_asked"], 0, "{}", folder.counts());
    let reports = folder.reports();
    assert_eq!(reports.len(), 100);
    for report in reports {
        let address = address_of(&report);
        let verdict = report["relay"]["verdict"].as_str().unwrap();
        match among_tarpits(address) {
            Who::Tarpit => assert_eq!(verdict, "unreachable", "{address}"),
            Who::Open => assert_eq!(verdict, "open", "{address}"),
            _ => assert_eq!(verdict, "closed", "{address}"),
        }
    }
}
