//! What the farm counts: connections by address and by time.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::measure::Spent;

/// How many ticks of the log make a second.
const TICKS: u32 = 10_000;

/// Counts since the last report.
#[derive(Debug)]
pub(super) struct Tally {
    since: Instant,
    spent: Spent,
    by_address: HashMap<Ipv4Addr, Counts>,
    /// When which address was connected to, in the order of time.
    log: Vec<(u32, Ipv4Addr)>,
    at_once: u64,
    at_once_most: u64,
    /// Bytes from clients.
    pub(super) received: u64,
    /// Bytes to clients.
    pub(super) sent: u64,
    /// Connections from or to addresses outside loopback, dropped.
    pub(super) strangers: u64,
}

#[derive(Debug, Default)]
struct Counts {
    connections: u64,
    now: u64,
    most: u64,
}

/// What the farm has seen, as it prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Time since the report before, in seconds.
    pub(crate) seconds: f64,
    /// Connections in all.
    pub(crate) connections: u64,
    /// Addresses that had any.
    pub(crate) addresses: u64,
    /// Most connections of one address.
    pub(crate) connections_of_one_address: u64,
    /// How many addresses had that many connections.
    pub(crate) histogram: BTreeMap<u64, u64>,
    /// Most connections at the same time, in all, without those to hosts that never greet.
    pub(crate) at_once: u64,
    /// Most connections at the same time, of one address.
    pub(crate) at_once_of_one_address: u64,
    /// Most new connections in any second, in all.
    pub(crate) most_in_a_second: u64,
    /// Most new connections in any second, of one /24.
    pub(crate) most_in_a_second_of_one_prefix: u64,
    /// Bytes from clients.
    pub(crate) received: u64,
    /// Bytes to clients.
    pub(crate) sent: u64,
    /// Connections from or to addresses outside loopback, dropped.
    pub(crate) strangers: u64,
    /// What the farm itself has used.
    pub(crate) farm: Spent,
}

impl Tally {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            since: Instant::now(),
            spent: Spent::of_this_process()?,
            by_address: HashMap::new(),
            log: Vec::new(),
            at_once: 0,
            at_once_most: 0,
            received: 0,
            sent: 0,
            strangers: 0,
        })
    }

    pub(super) fn connected(&mut self, address: Ipv4Addr, greets: bool) {
        let ticks = self.since.elapsed().as_micros() / u128::from(1_000_000 / TICKS);
        self.log.push((u32::try_from(ticks).unwrap_or(u32::MAX), address));
        let counts = self.by_address.entry(address).or_default();
        counts.connections += 1;
        counts.now += 1;
        counts.most = counts.most.max(counts.now);
        self.at_once += u64::from(greets);
        self.at_once_most = self.at_once_most.max(self.at_once);
    }

    pub(super) fn closed(&mut self, address: Ipv4Addr, greets: bool) {
        self.at_once = self.at_once.saturating_sub(u64::from(greets));
        if let Some(counts) = self.by_address.get_mut(&address) {
            counts.now = counts.now.saturating_sub(1);
        }
    }

    /// What was counted; then counting begins anew. Connections that are still open are not
    /// counted again.
    pub(super) fn take(&mut self) -> Result<Report> {
        let done = std::mem::replace(self, Self::new()?);
        let counts = || done.by_address.values();
        let mut histogram = BTreeMap::new();
        for one in counts() {
            *histogram.entry(one.connections).or_default() += 1;
        }
        let mut by_prefix: HashMap<u32, Vec<u32>> = HashMap::new();
        for (tick, address) in &done.log {
            by_prefix.entry(u32::from(*address) >> 8).or_default().push(*tick);
        }
        let ticks: Vec<u32> = done.log.iter().map(|(tick, _)| *tick).collect();
        Ok(Report {
            seconds: done.since.elapsed().as_secs_f64(),
            connections: done.log.len() as u64,
            addresses: done.by_address.len() as u64,
            connections_of_one_address: counts().map(|one| one.connections).max().unwrap_or(0),
            histogram,
            at_once: done.at_once_most,
            at_once_of_one_address: counts().map(|one| one.most).max().unwrap_or(0),
            most_in_a_second: busiest_second(&ticks),
            most_in_a_second_of_one_prefix: by_prefix
                .values()
                .map(|ticks| busiest_second(ticks))
                .max()
                .unwrap_or(0),
            received: done.received,
            sent: done.sent,
            strangers: done.strangers,
            farm: self.spent.since(&done.spent),
        })
    }
}

/// The most of `ticks`, which are sorted, within less than a second.
fn busiest_second(ticks: &[u32]) -> u64 {
    let mut from = 0;
    let mut most = 0;
    for (at, tick) in ticks.iter().enumerate() {
        while ticks.get(from).is_some_and(|first| first.saturating_add(TICKS) <= *tick) {
            from += 1;
        }
        most = most.max(at + 1 - from);
    }
    most as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_found_wherever_it_begins() {
        assert_eq!(busiest_second(&[]), 0);
        assert_eq!(busiest_second(&[0, 5_000, 9_999]), 3);
        assert_eq!(busiest_second(&[0, 5_000, 10_000]), 2);
        assert_eq!(busiest_second(&[0, 9_000, 9_500, 18_000, 18_999, 40_000]), 4);
    }

    #[test]
    fn connections_are_counted_by_address_and_by_prefix() {
        let mut tally = Tally::new().unwrap();
        let [one, two, far] = [[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 1, 1]].map(Ipv4Addr::from);
        for address in [one, one, two, far] {
            tally.connected(address, true);
        }
        tally.closed(one, true);
        tally.connected(one, true);
        tally.connected(two, false);
        let report = tally.take().unwrap();
        assert_eq!((report.connections, report.addresses), (6, 3));
        assert_eq!(report.connections_of_one_address, 3);
        assert_eq!((report.at_once, report.at_once_of_one_address), (4, 2));
        assert_eq!(report.histogram, BTreeMap::from([(1, 1), (2, 1), (3, 1)]));
        assert_eq!(tally.take().unwrap().connections, 0, "counting begins anew");
    }
}
