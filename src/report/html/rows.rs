//! The rows of the table of hosts.

use std::net::IpAddr;

use serde::Serialize;

use super::class;
use crate::report::escape;
use crate::report::model::HostReport;

/// How bad a verdict is, the worst first; what is not known is worse than closed.
const VERDICTS: [&str; 5] = ["open", "conditional", "inconclusive", "unreachable", "closed"];
/// The letters, the best first.
pub(super) const LETTERS: [&str; 7] = ["A+", "A", "B", "C", "D", "F", "N"];

/// A row. Every text of it has passed [`escape::terminal`].
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// That of its `details` element.
    pub(super) number: usize,
    pub(super) label: String,
    pub(super) address: IpAddr,
    pub(super) grade: &'static str,
    pub(super) class: &'static str,
    pub(super) grade_rank: usize,
    pub(super) verdict: &'static str,
    pub(super) verdict_rank: usize,
    pub(super) findings: usize,
    /// Their checks, each once, the gravest first.
    pub(super) checks: String,
    pub(super) coverage: u32,
    /// Its place by address, from 1 on, once all hosts are known.
    pub(super) place: usize,
}

impl Row {
    pub(super) fn of(host: &HostReport, number: usize) -> Self {
        let mut findings: Vec<_> = host.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let mut checks: Vec<&str> = Vec::new();
        for finding in &findings {
            if !checks.contains(&finding.id) {
                checks.push(finding.id);
            }
        }
        Self {
            number,
            label: escape::terminal(&host.target.label()),
            address: host.target.address,
            grade: host.grade.letter,
            class: class_of(host),
            grade_rank: rank(&LETTERS, host.grade.letter),
            verdict: host.relay.verdict,
            verdict_rank: rank(&VERDICTS, host.relay.verdict),
            findings: findings.len(),
            checks: escape::terminal(&checks.join(", ")),
            coverage: host.grade.coverage,
            place: 0,
        }
    }
}

/// Of two verdicts on one address the worse.
pub(super) fn worse(one: &'static str, other: &'static str) -> &'static str {
    if rank(&VERDICTS, one) <= rank(&VERDICTS, other) { one } else { other }
}

/// Gives each row its place by address.
pub(super) fn place_by_address(rows: &mut [Row]) {
    let mut order: Vec<_> = rows.iter_mut().collect();
    order.sort_by_key(|row| row.address);
    order.into_iter().zip(1..).for_each(|(row, place)| row.place = place);
}

/// The class of the letter; a host of which too little is known never looks good.
pub(super) fn class_of(host: &HostReport) -> &'static str {
    match host.relay.verdict {
        "inconclusive" | "unreachable" => "N",
        _ => class(host.grade.letter),
    }
}

fn rank(all: &[&str], one: &str) -> usize {
    all.iter().position(|known| *known == one).unwrap_or(all.len())
}
