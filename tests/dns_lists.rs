//! mxaudit against real lists: rbldnsd behind unbound, on loopback.
//!
//! Both are unpacked by `tests/mta/box/fetch.sh`; where they are not, the trials are skipped by name, unless
//! `MXAUDIT_REQUIRE` names them or says `all`.

mod dnsbl;
#[path = "mta/isolation.rs"]
mod isolation;
#[path = "mta/requirement.rs"]
mod requirement;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use mxaudit::dns::{
    CachedLookups, DirectResolver, LookupLimits, Lookups, QueryLimits, Question, ZonePace,
    preflight,
};
use mxaudit::evidence::lookup::{LookupAnswer, LookupKind};

use self::dnsbl::{Peers, program, zone};

/// What a trial does with the name servers.
type Judge = fn(&Peers) -> Result<()>;

const TRIALS: &[(&str, Judge)] = &[
    ("answers::each_situation", each_situation),
    ("answers::texts", texts),
    ("answers::names_and_authorities", names_and_authorities),
    ("answers::truncated", truncated),
    ("resolvers::stripping", stripping),
    ("resolvers::rewriting", rewriting),
    ("resolvers::refusing_and_forwarding", refusing_and_forwarding),
    ("resolvers::validating", validating),
    ("resolvers::lists_themselves", lists_themselves),
    ("resolvers::deaf", deaf),
    ("cached::asked_once", asked_once),
    ("program::health", program::health),
    ("program::subjects", program::subjects),
    ("program::bad_resolvers", program::bad_resolvers),
    ("program::range", program::range),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if !arguments.list
        && let Some(code) = isolation::rerun()
    {
        return code;
    }
    let peers = if arguments.list { Err("listed only".to_owned()) } else { start() };
    let missing = dnsbl::missing();
    let trials = TRIALS.iter().map(|&(name, judge)| {
        let (peers, missing) = (peers.clone(), missing.clone());
        Trial::ignorable_test(name, move || run(peers, missing, judge))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Starts the name servers, once for all trials.
fn start() -> Result<Arc<Peers>, String> {
    if isolation::isolated() {
        let up = std::process::Command::new("ip").args(["link", "set", "lo", "up"]).status();
        up.map_err(|error| format!("ip link set lo up: {error}"))?;
    }
    if dnsbl::missing().is_some() {
        return Err("a server is missing".to_owned());
    }
    Peers::start().map(Arc::new).map_err(|error| format!("{error:#}"))
}

fn run(
    peers: Result<Arc<Peers>, String>,
    missing: Option<(&'static str, String)>,
    judge: Judge,
) -> Result<Completion, Failed> {
    if let Some((name, reason)) = missing {
        return requirement::missing(name, &reason);
    }
    // A server that is there and does not start is never a reason to skip.
    let peers = peers.map_err(Failed::from)?;
    judge(&peers).map_err(|error| format!("{error:#}"))?;
    Ok(Completion::Completed)
}

/// Long enough for a busy machine.
const PATIENT: Duration = Duration::from_secs(10);
/// For what nobody answers.
const SHORT: Duration = Duration::from_millis(300);

fn resolver(server: SocketAddr, timeout: Duration) -> Result<DirectResolver> {
    let limits = QueryLimits { timeout, attempts: NonZeroU8::MIN };
    Ok(DirectResolver::with_servers(vec![server], limits)?)
}

fn ask(
    server: SocketAddr,
    timeout: Duration,
    name: &str,
    kind: LookupKind,
) -> Result<LookupAnswer> {
    let question = Question::new(name, kind)?;
    let resolver = resolver(server, timeout)?;
    Ok(runtime()?.block_on(resolver.lookup(&question)))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Asks for the addresses of a name below a list.
fn address(server: SocketAddr, below: &str, list: &str) -> Result<LookupAnswer> {
    ask(server, PATIENT, &format!("{below}.{list}"), LookupKind::A)
}

fn codes(codes: &[[u8; 4]]) -> LookupAnswer {
    LookupAnswer::Addresses(codes.iter().map(|&code| Ipv4Addr::from(code)).collect())
}

/// Names below a list: the entry that proves it, the one that it never has, and subjects.
const POSITIVE: &str = "2.0.0.127";
const NEGATIVE: &str = "1.0.0.127";
const LISTED: &str = "11.2.0.192";
const CLEAN: &str = "99.2.0.192";
const RANDOM: &str = "x7f2k9qqm3";
/// ::FFFF:7F00:2, 2001:db8:bad::25 and 2001:db8::25 reversed.
const POSITIVE6: &str = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";
const LISTED6: &str = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.a.b.0.8.b.d.0.1.0.0.2";
const CLEAN6: &str = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";

fn each_situation(peers: &Peers) -> Result<()> {
    let (no_such_name, failure) = (LookupAnswer::NoSuchName, LookupAnswer::ServerFailure);
    let parked = codes(&[[203, 0, 113, 7]]);
    let refusal = |last| codes(&[[127, 255, 255, last]]);
    let two = codes(&[[127, 0, 0, 2]]);
    for (list, below, expected) in [
        (zone::V4, POSITIVE, two.clone()),
        (zone::V4, NEGATIVE, no_such_name.clone()),
        (zone::V4, RANDOM, no_such_name.clone()),
        (zone::V4, "10.2.0.192", codes(&[[127, 0, 0, 2], [127, 0, 0, 4]])),
        (zone::V4, LISTED, two.clone()),
        (zone::V4, CLEAN, no_such_name.clone()),
        (zone::V6, POSITIVE6, two.clone()),
        (zone::V6, LISTED6, codes(&[[127, 0, 0, 3]])),
        (zone::V6, CLEAN6, no_such_name.clone()),
        (zone::DOMAIN, "TEST", codes(&[[127, 0, 1, 2]])),
        (zone::DOMAIN, "INVALID", no_such_name.clone()),
        (zone::DOMAIN, "www.bad.example", codes(&[[127, 0, 1, 2]])),
        (zone::DOMAIN, "worse.example", codes(&[[127, 0, 1, 5]])),
        (zone::DOMAIN, "good.example", no_such_name.clone()),
        (zone::ALLOW, POSITIVE, codes(&[[127, 0, 10, 0]])),
        (zone::ALLOW, "20.2.0.192", codes(&[[127, 0, 5, 2]])),
        (zone::WORLD, POSITIVE, two.clone()),
        (zone::WORLD, NEGATIVE, two),
        (zone::WORLD, RANDOM, no_such_name.clone()),
        (zone::EMPTIED, POSITIVE, no_such_name.clone()),
        (zone::REFUSED_NAME, POSITIVE, refusal(252)),
        (zone::REFUSED_PUBLIC, POSITIVE, refusal(254)),
        (zone::REFUSED_PUBLIC, NEGATIVE, refusal(254)),
        (zone::REFUSED_VOLUME, POSITIVE, refusal(255)),
        (zone::SHUT, POSITIVE, failure),
        (zone::PARKED, POSITIVE, parked.clone()),
        (zone::PARKED, RANDOM, parked),
        (zone::REFUSED, POSITIVE, LookupAnswer::Refused),
        (zone::NODATA, POSITIVE, LookupAnswer::NoData),
        (zone::GONE, POSITIVE, no_such_name),
    ] {
        let answer = address(peers.healthy(), below, list)?;
        ensure!(answer == expected, "{below}.{list}: {answer:?}, not {expected:?}");
    }
    let silent = format!("{POSITIVE}.{}", zone::SILENT);
    let answer = ask(peers.healthy(), SHORT, &silent, LookupKind::A)?;
    ensure!(answer == LookupAnswer::Timeout, "{answer:?}");
    Ok(())
}

fn texts(peers: &Peers) -> Result<()> {
    let text = |below: &str, list: &str| {
        ask(peers.healthy(), PATIENT, &format!("{below}.{list}"), LookupKind::Txt)
    };
    let expected = |texts: &[&str]| LookupAnswer::Texts(texts.iter().map(|&t| t.into()).collect());
    for (below, list, answer) in [
        (LISTED, zone::V4, expected(&["see https://lists.test/192.0.2.11"])),
        ("10.2.0.192", zone::V4, expected(&["SBL 192.0.2.10", "XBL 192.0.2.10"])),
        (POSITIVE, zone::REFUSED_PUBLIC, expected(&["Error: open resolver"])),
        (CLEAN, zone::V4, LookupAnswer::NoSuchName),
        (POSITIVE, zone::PARKED, LookupAnswer::NoData),
    ] {
        let told = text(below, list)?;
        ensure!(told == answer, "{below}.{list}: {told:?}, not {answer:?}");
    }
    Ok(())
}

fn names_and_authorities(peers: &Peers) -> Result<()> {
    let name = |name: &str| LookupAnswer::Names(vec![name.to_owned()]);
    let authority = |zone: &str| LookupAnswer::Authority(zone.to_owned());
    for (asked, kind, expected) in [
        (zone::V4, LookupKind::Soa, authority(zone::V4)),
        (zone::EMPTIED, LookupKind::Soa, authority(zone::EMPTIED)),
        (zone::GONE, LookupKind::Soa, LookupAnswer::NoSuchName),
        (zone::NODATA, LookupKind::Soa, LookupAnswer::NoData),
        (zone::REFUSED, LookupKind::Soa, LookupAnswer::Refused),
        ("9.2.0.192.in-addr.arpa", LookupKind::Ptr, name("mx.lists.test")),
        ("9.0.0.127.in-addr.arpa", LookupKind::Ptr, name("mail.lists.test")),
        ("8.0.0.127.in-addr.arpa", LookupKind::Ptr, LookupAnswer::NoSuchName),
    ] {
        let told = ask(peers.healthy(), PATIENT, asked, kind)?;
        ensure!(told == expected, "{asked} {kind:?}: {told:?}, not {expected:?}");
    }
    Ok(())
}

fn truncated(peers: &Peers) -> Result<()> {
    let answer = address(peers.healthy(), "40.2.0.192", zone::LARGE)?;
    let found = answer.addresses();
    ensure!(found.first() == Some(&Ipv4Addr::new(127, 0, 0, 2)), "{answer:?}");
    ensure!(found.len() == 64, "capped: {answer:?}");
    // Over UDP and again over TCP.
    let asked = peers.asked_healthy()?;
    let times = asked.iter().filter(|asked| asked.is_within(zone::LARGE)).count();
    ensure!(times == 2, "asked {times} times");
    // This resolver leaves the end of an alias in its own data to the asking side.
    let answer = ask(peers.healthy(), PATIENT, "alias.lists.test", LookupKind::A)?;
    ensure!(matches!(answer, LookupAnswer::Malformed(_)), "{answer:?}");
    Ok(())
}

/// The listing, the test entry and the refusal all look alike, and like a clean name with other records.
fn stripping(peers: &Peers) -> Result<()> {
    for (below, list) in
        [(LISTED, zone::V4), (POSITIVE, zone::V4), (POSITIVE, zone::REFUSED_PUBLIC)]
    {
        let answer = address(peers.stripping(), below, list)?;
        ensure!(answer == LookupAnswer::NoData, "{below}.{list}: {answer:?}");
    }
    let answer = address(peers.stripping(), CLEAN, zone::V4)?;
    ensure!(answer == LookupAnswer::NoSuchName, "{answer:?}");
    Ok(())
}

fn rewriting(peers: &Peers) -> Result<()> {
    let preflight_of = |server| -> Result<LookupAnswer> {
        let resolver = resolver(server, PATIENT)?;
        let found = runtime()?.block_on(preflight(&resolver, RANDOM))?;
        found.invalid.map(|lookup| lookup.answer).ok_or_else(|| anyhow::anyhow!("not asked"))
    };
    let answer = preflight_of(peers.rewriting())?;
    ensure!(answer == codes(&[[203, 0, 113, 9]]), "{answer:?}");
    for server in [peers.healthy(), peers.stripping()] {
        let answer = preflight_of(server)?;
        ensure!(answer == LookupAnswer::NoSuchName, "{answer:?}");
    }
    // The lists themselves look healthy.
    let answer = address(peers.rewriting(), POSITIVE, zone::V4)?;
    ensure!(answer == codes(&[[127, 0, 0, 2]]), "{answer:?}");
    let answer = address(peers.rewriting(), NEGATIVE, zone::V4)?;
    ensure!(answer == LookupAnswer::NoSuchName, "{answer:?}");
    Ok(())
}

fn refusing_and_forwarding(peers: &Peers) -> Result<()> {
    let answer = address(peers.refusing(), POSITIVE, zone::V4)?;
    ensure!(answer == LookupAnswer::Refused, "{answer:?}");
    let answer = address(peers.forwarding(), POSITIVE, zone::V4)?;
    ensure!(answer == LookupAnswer::ServerFailure, "{answer:?}");
    Ok(())
}

fn validating(peers: &Peers) -> Result<()> {
    let answer = address(peers.validating(), POSITIVE, zone::V4)?;
    ensure!(answer == LookupAnswer::Bogus, "{answer:?}");
    let answer = address(peers.validating(), POSITIVE, zone::ALLOW)?;
    ensure!(answer == codes(&[[127, 0, 10, 0]]), "{answer:?}");
    let answer = address(peers.validating(), POSITIVE, zone::SHUT)?;
    ensure!(answer == LookupAnswer::ServerFailure, "{answer:?}");
    Ok(())
}

fn lists_themselves(peers: &Peers) -> Result<()> {
    let answer = address(peers.lists(), POSITIVE, zone::SHUT)?;
    ensure!(answer == LookupAnswer::Refused, "{answer:?}");
    let answer = ask(peers.lists(), PATIENT, "mx.elsewhere.test", LookupKind::A)?;
    ensure!(answer == LookupAnswer::Refused, "{answer:?}");
    Ok(())
}

fn deaf(peers: &Peers) -> Result<()> {
    let question = Question::new(&format!("{POSITIVE}.{}", zone::V4), LookupKind::A)?;
    let answer = runtime()?.block_on(resolver(peers.deaf(), SHORT)?.lookup(&question));
    ensure!(answer == LookupAnswer::Timeout, "{answer:?}");
    // With a server behind it that answers, the answer is that one's.
    let limits = QueryLimits { timeout: SHORT, attempts: NonZeroU8::MIN };
    let both = DirectResolver::with_servers(vec![peers.deaf(), peers.healthy()], limits)?;
    let answer = runtime()?.block_on(both.lookup(&question));
    ensure!(answer == codes(&[[127, 0, 0, 2]]), "{answer:?}");
    ensure!(both.servers() == [peers.healthy().to_string()], "{:?}", both.servers());
    Ok(())
}

/// The names of this trial are its own, so that others do not disturb the count.
fn asked_once(peers: &Peers) -> Result<()> {
    let inner = resolver(peers.healthy(), PATIENT)?;
    let pace = |zone: &str| ZonePace { zone: zone.to_owned(), per_second: 100.try_into().ok() };
    let zones = [zone::V4, zone::ALLOW].map(pace).to_vec();
    let lookups = CachedLookups::new(inner, LookupLimits::default(), zones);
    let names: Vec<String> = (100..120)
        .flat_map(|n| [zone::V4, zone::ALLOW].map(|list| format!("{n}.113.0.203.{list}")))
        .collect();
    let questions = names.iter().map(|name| Ok(Question::new(name, LookupKind::A)?));
    let questions = questions.collect::<Result<Vec<_>>>()?;
    runtime()?.block_on(async {
        for _ in 0..2 {
            let all = questions.iter().chain(&questions);
            for answer in futures::future::join_all(all.map(|q| lookups.lookup(q))).await {
                ensure!(answer == LookupAnswer::NoSuchName, "{answer:?}");
            }
        }
        Ok(())
    })?;
    for (log, asked) in [("resolver", peers.asked_healthy()?), ("lists", peers.asked_lists()?)] {
        let mut own: Vec<_> =
            asked.into_iter().map(|asked| asked.name).filter(|name| names.contains(name)).collect();
        own.sort();
        let mut expected = names.clone();
        expected.sort();
        ensure!(own == expected, "{log}: {own:#?}");
    }
    Ok(())
}
