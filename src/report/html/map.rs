//! The map of a range: where in it servers were met, and what came of each.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use super::rows::{Row, worse};

/// The most blocks that are drawn.
const MOST: usize = 256;
/// Fewer hosts in every block than this are no map.
const FEWEST: usize = 8;
/// The distance of two cells.
const STEP: usize = 10;

/// The blocks of a run, in the order of their addresses.
#[derive(Debug, Default, Serialize)]
pub(super) struct Map {
    blocks: Vec<Block>,
    /// Blocks with hosts that are not drawn; those with open relays are drawn first.
    left_out: usize,
}

/// A /24.
#[derive(Debug, Serialize)]
struct Block {
    network: String,
    /// The counts in words, for those who do not see it.
    words: String,
    cells: Vec<Cell>,
}

/// An address at which a server was met; the worst verdict of its ports.
#[derive(Debug, Serialize)]
struct Cell {
    address: Ipv4Addr,
    verdict: &'static str,
    x: usize,
    y: usize,
}

/// Draws the IPv4 hosts; empty where no /24 has several.
pub(super) fn map(rows: &[Row]) -> Map {
    let mut blocks: BTreeMap<[u8; 3], BTreeMap<u8, &'static str>> = BTreeMap::new();
    for row in rows {
        if let IpAddr::V4(address) = row.address {
            let [a, b, c, last] = address.octets();
            let block = blocks.entry([a, b, c]).or_default();
            let verdict = block.entry(last).or_insert(row.verdict);
            *verdict = worse(verdict, row.verdict);
        }
    }
    if blocks.values().all(|block| block.len() < FEWEST) {
        return Map::default();
    }
    let mut chosen: Vec<_> = blocks.into_iter().collect();
    let left_out = chosen.len().saturating_sub(MOST);
    if left_out > 0 {
        chosen.sort_by_key(|(_, block)| !block.values().any(|verdict| *verdict == "open"));
        chosen.truncate(MOST);
        chosen.sort_by_key(|(network, _)| *network);
    }
    Map { blocks: chosen.into_iter().map(block).collect(), left_out }
}

fn block(([a, b, c], hosts): ([u8; 3], BTreeMap<u8, &'static str>)) -> Block {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for verdict in hosts.values() {
        *counts.entry(verdict).or_default() += 1;
    }
    let words: Vec<_> =
        counts.iter().map(|(verdict, hosts)| format!("{hosts} {verdict}")).collect();
    let cell = |(last, verdict): (u8, &'static str)| {
        let place = usize::from(last);
        Cell {
            address: Ipv4Addr::new(a, b, c, last),
            verdict,
            x: place % 16 * STEP,
            y: place / 16 * STEP,
        }
    };
    Block {
        network: format!("{}/24", Ipv4Addr::new(a, b, c, 0)),
        words: words.join(", "),
        cells: hosts.into_iter().map(cell).collect(),
    }
}
