//! The program itself, against real lists behind real resolvers.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Peers, zone};

/// What each list is, and the state that it must show through a resolver as it should be.
const LISTS: &[(&str, &str, &str, &str)] = &[
    ("v4", zone::V4, "ipv4", "healthy"),
    ("v6", zone::V6, "ipv6", "healthy"),
    ("domain", zone::DOMAIN, "domain", "healthy"),
    ("allow", zone::ALLOW, "ipv4", "healthy"),
    ("world", zone::WORLD, "ipv4", "lists-world"),
    ("emptied", zone::EMPTIED, "ipv4", "emptied"),
    ("refused-name", zone::REFUSED_NAME, "ipv4", "refused"),
    ("refused-public", zone::REFUSED_PUBLIC, "ipv4", "refused"),
    ("refused-volume", zone::REFUSED_VOLUME, "ipv4", "refused"),
    // Behind a resolver, a refusal of the list's own server is a failure.
    ("shut", zone::SHUT, "ipv4", "broken"),
    ("parked", zone::PARKED, "ipv4", "parked"),
    ("refused", zone::REFUSED, "ipv4", "refused"),
    ("silent", zone::SILENT, "ipv4", "silent"),
    ("nodata", zone::NODATA, "ipv4", "broken"),
    ("gone", zone::GONE, "ipv4", "gone"),
];

/// The lists as a file for `--zones`.
fn file() -> String {
    let one = |&(id, zone, kind, _): &(&str, &str, &str, &str)| {
        let (purpose, codes) = match id {
            "allow" => (
                "allow",
                "first = \"127.0.0.0\", last = \"127.0.20.3\", weight = \"allow\", listing = false",
            ),
            "domain" => (
                "block",
                "first = \"127.0.1.2\", last = \"127.0.1.5\", weight = \"major\", listing = true",
            ),
            _ => (
                "block",
                "first = \"127.0.0.2\", last = \"127.0.0.4\", weight = \"critical\", listing = true",
            ),
        };
        format!(
            "[[zone]]\nid = \"{id}\"\nzone = \"{zone}\"\nkind = \"{kind}\"\npurpose = \"{purpose}\"\n\
             per_second = 1000\ndecoding = \"range\"\ncodes = [{{ {codes}, meaning = \"so it is\" }}]\n"
        )
    };
    LISTS.iter().map(one).collect()
}

/// Runs `mxaudit lists` and reads its report.
fn run(resolver: SocketAddr, lists: &[&str], args: &[&str]) -> Result<(Option<i32>, Value)> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("zones.toml"), file())?;
    let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .args(["lists", "--zones", "zones.toml", "--format", "json"])
        .args(["--resolver", &resolver.to_string()])
        .args(lists.iter().flat_map(|list| ["--zone", list]))
        .args(args)
        .output()?;
    let report = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code(), report))
}

/// Every state of a list, as real servers show it.
pub(crate) fn health(peers: &Peers) -> Result<()> {
    let lists: Vec<_> = LISTS.iter().map(|list| list.0).collect();
    let (code, report) = run(peers.healthy(), &lists, &["--health", "--dns-timeout", "1"])?;
    ensure!(code == Some(3), "{code:?}");
    for (at, (id, _, kind, state)) in LISTS.iter().enumerate() {
        let (zone, seen) = (&report["zones"][at], &report["zones"][at]["kinds"][0]);
        ensure!(zone["id"] == *id && seen["kind"] == *kind, "{zone}");
        ensure!(seen["state"] == *state, "{id} is not {state}: {seen}");
    }
    let (code, _) = run(peers.healthy(), &["v4", "v6", "domain", "world"], &["--health"])?;
    ensure!(code == Some(0), "of each list something was learned: {code:?}");
    Ok(())
}

/// Listings with their texts, and what is not listed.
pub(crate) fn subjects(peers: &Peers) -> Result<()> {
    let targets = ["192.0.2.10", "192.0.2.11", "192.0.2.99", "2001:db8:bad::25", "2001:db8::25"];
    let domains = ["www.bad.example", "good.example", "192.0.2.20"];
    let (code, report) = run(
        peers.healthy(),
        &["v4", "v6", "domain", "allow", "world"],
        &[&targets[..], &domains].concat(),
    )?;
    ensure!(code == Some(1), "{code:?}");
    let standings: Vec<_> = (0..8).map(|at| &report["subjects"][at]["standing"]).collect();
    let want = [
        "listed",
        "listed",
        "not-listed",
        "listed",
        "not-listed",
        "listed",
        "not-listed",
        "not-listed",
    ];
    ensure!(standings == want, "{standings:?}");
    let word = &report["subjects"][0]["words"][0];
    ensure!(word["codes"].as_array().is_some_and(|codes| codes.len() == 2), "{word}");
    ensure!(word["texts"] == serde_json::json!(["SBL 192.0.2.10", "XBL 192.0.2.10"]), "{word}");
    let word = &report["subjects"][7]["words"][1];
    ensure!(word["list"] == "allow" && word["word"] == "noted", "{word}");
    Ok(())
}

/// The real entry is hidden or invented on the way: nothing is known, whatever it looks like.
pub(crate) fn bad_resolvers(peers: &Peers) -> Result<()> {
    for (resolver, reason) in [
        (peers.stripping(), "broken"),
        (peers.rewriting(), "resolver"),
        (peers.refusing(), "refused"),
        (peers.forwarding(), "broken"),
        (peers.validating(), "broken"),
        (peers.deaf(), "silent"),
    ] {
        let (code, report) = run(resolver, &["v4"], &["192.0.2.11", "--dns-timeout", "1"])?;
        ensure!(code == Some(3), "{reason}: {code:?}");
        let subject = &report["subjects"][0];
        ensure!(subject["standing"] == "unknown", "{subject}");
        ensure!(subject["words"][0]["reason"] == reason, "{reason}: {subject}");
    }
    Ok(())
}

/// The addresses of this trial are its own, so that others do not disturb the count.
pub(crate) fn range(peers: &Peers) -> Result<()> {
    let (code, report) = run(peers.healthy(), &["v4", "allow"], &["198.18.7.0/24", "--quiet"])?;
    ensure!(code == Some(0), "{code:?}");
    ensure!(report["summary"]["not_listed"] == 256, "{}", report["summary"]);
    for list in [zone::V4, zone::ALLOW] {
        let mut asked: Vec<_> = peers
            .asked_lists()?
            .into_iter()
            .map(|asked| asked.name)
            .filter(|name| name.ends_with(&format!(".7.18.198.{list}")))
            .collect();
        ensure!(asked.len() == 256, "{list}: {}", asked.len());
        asked.sort();
        asked.dedup();
        ensure!(asked.len() == 256, "{list}: each address once");
    }
    Ok(())
}
