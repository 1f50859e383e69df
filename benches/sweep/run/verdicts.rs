//! What was found, beside the truth.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;

use serde::Deserialize;

use crate::behaviour::Mix;
use crate::error::{Error, Result};

/// How many wrong verdicts are named.
const NAMED: usize = 10;

/// All verdicts of a run, compared.
#[derive(Debug, Default)]
pub(super) struct Checked {
    right: u64,
    /// What is wrong, in words.
    wrong: Vec<String>,
}

/// What is read of a host's line.
#[derive(Deserialize)]
struct Line {
    target: Target,
    relay: Relay,
}

#[derive(Deserialize)]
struct Target {
    address: Ipv4Addr,
}

#[derive(Deserialize)]
struct Relay {
    verdict: String,
}

/// Compares each host's line with the truth: one line for each host, and none for any other.
pub(super) fn check(
    path: &Path,
    alive: impl Iterator<Item = Ipv4Addr>,
    mix: &Mix,
) -> Result<Checked> {
    let mut missing: HashMap<Ipv4Addr, &'static str> =
        alive.map(|address| (address, mix.truth(address).verdict())).collect();
    let mut checked = Checked::default();
    for line in lines(path)? {
        let line = line?;
        // The last line may be the summary of the run.
        let Ok(found) = serde_json::from_str::<Line>(&line) else { continue };
        let (address, verdict) = (found.target.address, found.relay.verdict);
        match missing.remove(&address) {
            Some(expected) if expected == verdict => checked.right += 1,
            Some(expected) => checked.wrong.push(format!(
                "{address} ({}) is {expected}, reported as {verdict}",
                mix.truth(address).word()
            )),
            None => checked.wrong.push(format!("{address} has a second line, or no server")),
        }
    }
    let mut missing: Vec<_> = missing.into_iter().collect();
    missing.sort_unstable();
    checked.wrong.extend(missing.iter().map(|(address, expected)| {
        format!("{address} ({}) is {expected}, and has no line", mix.truth(*address).word())
    }));
    Ok(checked)
}

impl Checked {
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.right > 0
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_right() {
            return write!(out, "mxaudit: all {} verdicts are right", self.right);
        }
        write!(out, "mxaudit: {} verdicts are right, {} WRONG", self.right, self.wrong.len())?;
        for one in self.wrong.iter().take(NAMED) {
            write!(out, "\n    {one}")?;
        }
        Ok(())
    }
}

/// How often nmap is wrong, in words. It knows two answers, and none for a host about which
/// nothing can be learnt.
pub(super) fn check_nmap(
    path: &Path,
    alive: impl Iterator<Item = Ipv4Addr>,
    mix: &Mix,
) -> Result<String> {
    let mut said: HashMap<Ipv4Addr, &'static str> = HashMap::new();
    let mut address = None;
    for line in lines(path)? {
        let line = line?;
        if let Some(host) = line.strip_prefix("Nmap scan report for ") {
            address = host.parse().ok();
        } else if line.contains("smtp-open-relay")
            && let Some(address) = address
        {
            let verdict = if line.contains("is an open relay") {
                "open"
            } else if line.contains("doesn't seem to be an open relay") {
                "closed"
            } else {
                continue;
            };
            said.insert(address, verdict);
        }
    }
    let (mut hosts, mut silent) = (0_u64, 0_u64);
    let mut wrong: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for address in alive {
        hosts += 1;
        let truth = mix.truth(address);
        match said.get(&address) {
            None => silent += 1,
            Some(verdict) if *verdict == truth.verdict() => {}
            Some(verdict) => *wrong.entry((truth.word(), verdict)).or_default() += 1,
        }
    }
    let all: u64 = wrong.values().sum();
    let list: Vec<String> = wrong
        .iter()
        .map(|((behaviour, verdict), count)| format!("{count} {behaviour} said to be {verdict}"))
        .collect();
    let list = if list.is_empty() { String::new() } else { format!(" ({})", list.join(", ")) };
    Ok(format!("of {hosts} verdicts {all} are wrong{list}, {silent} were not given"))
}

fn lines(path: &Path) -> Result<impl Iterator<Item = Result<String>>> {
    let file = File::open(path).map_err(Error::file(path))?;
    let path = path.to_owned();
    Ok(BufReader::new(file).lines().map(move |line| line.map_err(Error::file(path.clone()))))
}
