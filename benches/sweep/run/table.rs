//! The table of a run.

use std::io::{self, Write};

use crate::farm::Report;
use crate::measure::Measured;

const HEAD: [&str; 10] = [
    "",
    "hosts",
    "seconds",
    "hosts/s",
    "CPU s",
    "CPU ms/host",
    "farm's CPU s",
    "peak MB",
    "connections",
    "MB on the wire",
];

/// One client.
#[derive(Clone, Debug)]
pub(super) struct Row {
    name: String,
    hosts: u64,
    seconds: f64,
    processor: f64,
    farm: f64,
    memory: u64,
    connections: u64,
    bytes: u64,
}

impl Row {
    pub(super) fn new(name: String, hosts: u64, measured: &Measured, seen: &Report) -> Self {
        Self {
            name,
            hosts,
            seconds: measured.seconds,
            processor: measured.spent.processor,
            farm: seen.farm.processor,
            memory: measured.spent.memory,
            connections: seen.connections,
            bytes: seen.received + seen.sent,
        }
    }

    fn rate(&self) -> f64 {
        self.hosts as f64 / self.seconds
    }

    fn cells(&self) -> [String; 10] {
        let mega = |bytes: u64| bytes as f64 / 1e6;
        [
            self.name.clone(),
            self.hosts.to_string(),
            format!("{:.1}", self.seconds),
            if self.rate() < 100.0 {
                format!("{:.1}", self.rate())
            } else {
                format!("{:.0}", self.rate())
            },
            format!("{:.1}", self.processor),
            format!("{:.2}", self.processor * 1000.0 / self.hosts as f64),
            format!("{:.1}", self.farm),
            format!("{:.0}", mega(self.memory)),
            self.connections.to_string(),
            format!("{:.1}", mega(self.bytes)),
        ]
    }
}

/// Prints the rows, aligned or as Markdown.
pub(super) fn print(out: &mut dyn Write, rows: &[Row], markdown: bool) -> io::Result<()> {
    let mut lines = vec![HEAD.map(String::from)];
    lines.extend(rows.iter().map(Row::cells));
    let mut widths = [0; HEAD.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let (start, between, end) = if markdown { ("| ", " | ", " |") } else { ("", "  ", "") };
    for (number, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let cells: Vec<String> = cells.collect();
        writeln!(out, "{start}{}{end}", cells.join(between))?;
        if markdown && number == 0 {
            writeln!(out, "|---|{}", "---:|".repeat(HEAD.len() - 1))?;
        }
    }
    Ok(())
}

/// How the first row compares with each other one, in words.
pub(super) fn ratios(rows: &[Row]) -> Vec<String> {
    let Some((first, others)) = rows.split_first() else { return Vec::new() };
    let compare = |other: &Row| {
        let ratio = first.rate() / other.rate();
        let same = |ours: u64, theirs: u64| 100.0 * ours as f64 / theirs.max(1) as f64;
        let mut text = format!("{}: {ratio:.2} times the host rate of {}", first.name, other.name);
        if other.hosts == first.hosts {
            text += &format!(
                ", with {:.2} % of its connections and {:.2} % of its bytes",
                same(first.connections, other.connections),
                same(first.bytes, other.bytes)
            );
            // What the ratio would be if nothing but work held them up; other work on the machine
            // hardly changes it.
            let work = (other.processor + other.farm) / (first.processor + first.farm);
            text += &format!("; by processor time, the farm's included, {work:.2} times");
        }
        text
    };
    others.iter().map(compare).collect()
}
