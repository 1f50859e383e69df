//! `mxaudit sweep` in a network of its own, where every packet that leaves is counted.
//!
//! One pair of devices leads to the swept network, another one to everything else and to each address that is excluded.
//! Nobody answers behind either. Live addresses of the swept network stand on the loopback device.

#[allow(
    clippy::unwrap_used,
    dead_code,
    reason = "other files have the rest; a panic fails the test"
)]
#[path = "support/swept.rs"]
mod swept;

#[path = "mta/isolation.rs"]
mod isolation;

#[allow(dead_code, reason = "the proving ground has the rest")]
#[path = "mta/loopback.rs"]
mod loopback;

#[path = "mta/requirement.rs"]
mod requirement;

use std::fs;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::{Arguments, Trial};
use mxaudit::practice::{Behaviour, RelayPolicy};
use serde_json::json;
use tokio::runtime::Runtime;

use loopback::ip;
use swept::{Folder, Place, Street, until};

/// The device to the swept networks, and the one to everything else.
const SWEPT: &str = "swept0";
const OTHER: &str = "other0";

/// The network that is swept, and what of it is excluded by an argument, by a range as an argument, by a file and by the
/// scope file.
const NETWORK: &str = "10.20.4.0/24";
const EXCLUDED: [&str; 5] =
    ["10.20.4.7/32", "10.20.4.64/28", "10.20.4.128/28", "10.20.4.200/32", "10.20.4.240/29"];
/// How many addresses these are.
const EXCLUDED_COUNT: u64 = 1 + 16 + 16 + 1 + 8;
/// One of a neighbouring network that the scope permits and nobody asks for.
const UNLISTED: &str = "10.20.5.7";
/// Two that are alive.
const ALIVE: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 20, 4, 20), Ipv4Addr::new(10, 20, 4, 21)];

/// A larger network of which three are alive.
const LARGE: &str = "10.30.0.0/20";
const LARGE_COUNT: u64 = 4096;
const LARGE_ALIVE: [Ipv4Addr; 3] =
    [Ipv4Addr::new(10, 30, 0, 1), Ipv4Addr::new(10, 30, 7, 77), Ipv4Addr::new(10, 30, 15, 254)];

/// What the issue of memory is about: more than a million addresses.
const HUGE: &str = "10.64.0.0/12";

type Test = fn() -> Result<()>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if !arguments.list
        && let Some(code) = isolation::rerun()
    {
        return code;
    }
    // All trials count on the same devices.
    arguments.test_threads = Some(1);
    let network = match (arguments.list, isolation::isolated()) {
        (true, _) => Err("listed only".to_owned()),
        (false, false) => Err("no network namespace can be made".to_owned()),
        (false, true) => network().map_err(|error| format!("{error:#}")),
    };
    let tests: [(&str, Test, bool); 5] = [
        ("nothing_leaves_the_scope", nothing_leaves_the_scope, false),
        ("a_resumed_sweep_keeps_to_the_scope", resumed, false),
        ("without_an_exclusion_the_counter_moves", counter_moves, false),
        ("a_dark_address_costs_one_timed_connection", dark, false),
        ("a_dark_12_in_full", huge, true),
    ];
    let trials = tests.map(|(name, test, slow)| {
        let network = network.clone();
        let trial = Trial::ignorable_test(name, move || match network {
            Err(reason) => requirement::missing("namespace", &reason),
            Ok(()) => match test() {
                Ok(()) => Ok(libtest_mimic::Completion::Completed),
                Err(error) => Err(format!("{error:#}").into()),
            },
        });
        trial.with_ignored_flag(slow)
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

/// Lays the roads.
fn network() -> Result<()> {
    loopback::up()?;
    for (device, peer) in [(SWEPT, "swept1"), (OTHER, "other1")] {
        ip(&format!("link add {device} type veth peer name {peer}"))?;
        for end in [device, peer] {
            // Nothing may leave but what is sent on purpose.
            let ipv6 = format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6");
            if fs::exists(&ipv6)? {
                fs::write(&ipv6, "1").context(ipv6)?;
            }
            ip(&format!("link set dev {end} arp off"))?;
            ip(&format!("link set dev {end} up"))?;
        }
    }
    ip("address add 10.255.0.1/32 dev lo")?;
    for network in [NETWORK, LARGE, HUGE] {
        ip(&format!("route add {network} dev {SWEPT} src 10.255.0.1"))?;
    }
    ip(&format!("route add default dev {OTHER} src 10.255.0.1"))?;
    for range in EXCLUDED {
        ip(&format!("route add {range} dev {OTHER} src 10.255.0.1"))?;
    }
    for address in ALIVE.iter().chain(&LARGE_ALIVE) {
        ip(&format!("address add {address}/32 dev lo"))?;
    }
    Ok(())
}

/// How many packets a device has sent.
fn sent(device: &str) -> Result<u64> {
    let text = fs::read_to_string("/proc/self/net/dev")?;
    let row = text.lines().find_map(|line| line.trim().strip_prefix(device)?.strip_prefix(':'));
    // Eight columns are about what came.
    let packets = row.and_then(|row| row.split_whitespace().nth(9));
    packets.with_context(|| format!("{device}: {text}"))?.parse().context("packets")
}

/// How many connections this network namespace has begun, whatever became of them.
fn begun() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/net/snmp")?;
    let mut rows = text.lines().filter_map(|line| line.strip_prefix("Tcp:"));
    let (names, values) = (rows.next().context("names")?, rows.next().context("values")?);
    let pairs = names.split_whitespace().zip(values.split_whitespace());
    let (_, opens) = pairs.into_iter().find(|(name, _)| *name == "ActiveOpens").context("opens")?;
    Ok(opens.parse()?)
}

/// The counters before something happens.
struct Before {
    swept: u64,
    other: u64,
    begun: u64,
}

impl Before {
    fn now() -> Result<Self> {
        Ok(Self { swept: sent(SWEPT)?, other: sent(OTHER)?, begun: begun()? })
    }

    /// Packets to the swept network, packets to anywhere else, and connections begun, since then.
    fn since(&self) -> Result<(u64, u64, u64)> {
        let now = Self::now()?;
        Ok((now.swept - self.swept, now.other - self.other, now.begun - self.begun))
    }
}

/// The scope file, with or without its exclusion.
fn scope(exclude: bool) -> String {
    let exclude = if exclude { "exclude = [\"10.20.4.240/29\"]\n" } else { "" };
    format!("[[scope]]\nnetworks = [\"10.20.0.0/16\"]\n{exclude}")
}

fn place() -> Place {
    let place = Place::new(&scope(true));
    place.write("never.txt", "# Not ours.\n10.20.4.128/28\n10.20.4.200 # a printer\n");
    place
}

const EXCLUSIONS: &str = "--exclude 10.20.4.7 --exclude 10.20.4.64-79 --exclude-file never.txt";

/// What all sweeps have in common.
const PACE: &str = "--per-prefix 0 --connect-timeout 1";

fn alive(runtime: &Runtime) -> Street {
    let open = Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() };
    let who = ALIVE.into_iter().zip([Behaviour::closed(), open]);
    runtime.block_on(Street::start(25, who))
}

fn all_alive(folder: &Folder) -> Result<()> {
    let hosts: Vec<_> = folder.verdicts().into_iter().collect();
    let want = ALIVE.into_iter().zip(["closed", "open"].map(str::to_owned));
    ensure!(hosts == want.collect::<Vec<_>>(), "{hosts:?}");
    Ok(())
}

/// Not one packet goes to an address that is excluded, in whichever way, or that nobody named.
fn nothing_leaves_the_scope() -> Result<()> {
    let runtime = Runtime::new()?;
    let (place, street, before) = (place(), alive(&runtime), Before::now()?);
    let ran = place.run(&format!(
        "sweep {NETWORK} {EXCLUSIONS} {PACE} --rate 500 --profile thorough --vantage \
         outside --local-domain practice.test --out run"
    ));
    let (swept, other, begun) = before.since()?;
    ensure!(other == 0, "{other} packets left the scope: {}", ran.err);
    let dark = 256 - EXCLUDED_COUNT - ALIVE.len() as u64;
    ensure!(swept >= dark, "{swept} packets: {}", ran.err);
    ensure!(begun == dark + street.connections(), "{begun} connections: {}", ran.err);
    ensure!(ran.code == Some(1), "{ran:?}");
    ensure!(place.folder("run").counts()["dark"]["timeout"] == json!(dark), "{ran:?}");
    all_alive(&place.folder("run"))
}

/// The same of a sweep that was killed and is gone on with, and of one that may not go on.
fn resumed() -> Result<()> {
    let runtime = Runtime::new()?;
    let (place, street, before) = (place(), alive(&runtime), Before::now()?);
    let pace = format!("{PACE} --rate 60");
    let running =
        place.begin(&format!("sweep {NETWORK} {EXCLUSIONS} {pace} --vantage outside --out run"));
    until("a part is asked", || before.since().is_ok_and(|(swept, ..)| swept >= 60));
    running.signal("KILL");
    running.wait();
    let (killed, other, _) = before.since()?;
    ensure!(!place.folder("run").is_finished() && other == 0, "{other} packets left the scope");
    // A scope that has grown narrower stops it, and again nothing is sent.
    let narrow = [
        scope(true).replace("10.20.4.240/29", "10.20.4.240/29\", \"10.20.4.21"),
        scope(true).replace("10.20.0.0/16", "10.20.4.0/25"),
        String::new(),
    ];
    let index = || fs::read_to_string(place.path("run/run.json"));
    let as_killed = index()?;
    for scope in &narrow {
        place.permit(scope);
        let ran = place.run(&format!("sweep --resume run {pace}"));
        ensure!(ran.code == Some(2) && ran.err.contains("10.20.4."), "{ran:?}");
        ensure!(index()? == as_killed, "a run that may not go on is left as it is");
    }
    // With the process its sockets are gone: nothing is sent again, and nothing new.
    let (quiet, other, _) = before.since()?;
    ensure!(quiet == killed && other == 0, "{} packets, {other} left the scope", quiet - killed);
    place.permit(&scope(true));
    let ran = place.run(&format!("sweep --resume run {PACE} --rate 500"));
    let (swept, other, _) = before.since()?;
    ensure!(other == 0, "{other} packets left the scope: {}", ran.err);
    ensure!(swept > quiet && ran.code == Some(1), "{ran:?}");
    let counts = place.folder("run").counts();
    let dark = 256 - EXCLUDED_COUNT - ALIVE.len() as u64;
    ensure!(counts["dark"]["timeout"] == json!(dark), "{counts}");
    ensure!(street.connections() > 0);
    all_alive(&place.folder("run"))?;
    // A run that has ended stays one that has ended where it may not go on.
    let as_ended = index()?;
    for scope in &narrow {
        place.permit(scope);
        let ran = place.run("sweep --resume run");
        ensure!(ran.code == Some(2) && index()? == as_ended, "{ran:?}");
    }
    let ran = place.run("report run");
    ensure!(ran.code == Some(1) && !ran.err.contains("has not ended"), "{ran:?}");
    Ok(())
}

/// The counter counts: each exclusion that is left away lets its addresses be asked.
fn counter_moves() -> Result<()> {
    let without = [
        ("--exclude 10.20.4.7 ", 1),
        ("--exclude 10.20.4.64-79 ", 16),
        ("--exclude-file never.txt", 17),
    ];
    let runs = without.map(|(one, count)| (EXCLUSIONS.replace(one, ""), true, count));
    let others = [(EXCLUSIONS.to_owned(), false, 8), (format!("{UNLISTED} {EXCLUSIONS}"), true, 1)];
    for (exclusions, excluded, count) in runs.into_iter().chain(others) {
        let place = place();
        place.permit(&scope(excluded));
        let before = Before::now()?;
        let ran = place.run(&format!("sweep {NETWORK} {exclusions} {PACE} --rate 0 --out run"));
        let (_, other, _) = before.since()?;
        let expected = count..=3 * count;
        ensure!(expected.contains(&other), "{exclusions}: {other} packets: {}", ran.err);
    }
    Ok(())
}

/// Each dark address gets one connection, and they are waited for side by side, however few hosts are asked at once.
fn dark() -> Result<()> {
    const HOSTS: u64 = 8;
    let runtime = Runtime::new()?;
    let closed = LARGE_ALIVE.map(|address| (address, Behaviour::closed()));
    let street = runtime.block_on(Street::start(25, closed));
    let place = Place::new("[[scope]]\nnetworks = [\"10.30.0.0/16\"]\n");
    let (before, start) = (Before::now()?, Instant::now());
    let (ran, memory) = watched(
        &place,
        &format!(
            "sweep {LARGE} {PACE} --rate 1000 --max-hosts {HOSTS} --vantage outside --out run"
        ),
    )?;
    let took = start.elapsed();
    let (swept, other, begun) = before.since()?;
    let dark = LARGE_COUNT - LARGE_ALIVE.len() as u64;
    ensure!(begun == dark + street.connections(), "{begun} connections: {}", ran.err);
    ensure!(swept >= dark && other == 0, "{swept} and {other} packets");
    let counts = place.folder("run").counts();
    ensure!(counts["dark"]["timeout"] == json!(dark) && counts["not_asked"] == 0, "{counts}");
    let hosts = place.folder("run").verdicts();
    ensure!(hosts.keys().eq(&LARGE_ALIVE) && ran.code == Some(0), "{hosts:?}: {ran:?}");
    // So many at a time, with a second each, would take this long.
    let in_turn = Duration::from_secs(LARGE_COUNT / HOSTS);
    ensure!(took < in_turn / 4, "it took {took:?}");
    say(&format!("{LARGE_COUNT} dark addresses took {took:.1?}, memory at most {memory} kB"))
}

/// A /12 of which nobody answers, at the rate that `MXAUDIT_RATE` names (5,000 a second unless told): some minutes.
///
/// `cargo test --release --test sweep_network -- --ignored a_dark_12`
fn huge() -> Result<()> {
    let rate: u64 = match std::env::var("MXAUDIT_RATE") {
        Ok(rate) => rate.parse().context("MXAUDIT_RATE")?,
        Err(_) => 5000,
    };
    let place = Place::new(&format!("[[scope]]\nnetworks = [\"{HUGE}\"]\n"));
    let (before, start) = (Before::now()?, Instant::now());
    let (ran, memory) = watched(&place, &format!("sweep {HUGE} {PACE} --rate {rate} --out run"))?;
    let took = start.elapsed();
    let (_, other, begun) = before.since()?;
    let counts = place.folder("run").counts();
    ensure!(counts["dark"]["timeout"] == json!(1 << 20), "{counts}: {}", ran.err);
    ensure!(begun == 1 << 20 && other == 0, "{begun} connections, {other} packets elsewhere");
    say(&format!(
        "{} dark addresses took {took:.1?}, {:.0} a second at --rate {rate}, memory at most {memory} kB",
        1 << 20,
        begun as f64 / took.as_secs_f64()
    ))?;
    ensure!(memory < 200 * 1024, "{memory} kB of memory");
    Ok(())
}

/// Runs `mxaudit` to its end, and says how much memory it held at most, in kB.
fn watched(place: &Place, arguments: &str) -> Result<(swept::Ran, u64)> {
    let mut child = place
        .mxaudit(arguments)
        .stdout(fs::File::create(place.path("out"))?)
        .stderr(fs::File::create(place.path("err"))?)
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let code = loop {
        if let Some(memory) = fs::read_to_string(&status).ok().as_deref().and_then(high_water) {
            most = memory;
        }
        if let Some(ended) = child.try_wait()? {
            break ended.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    if most == 0 {
        bail!("nothing is known of its memory");
    }
    let read = |name| fs::read_to_string(place.path(name));
    Ok((swept::Ran { code, out: read("out")?, err: read("err")? }, most))
}

fn high_water(status: &str) -> Option<u64> {
    let row = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    row.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
