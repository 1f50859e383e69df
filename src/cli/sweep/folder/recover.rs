//! What a run that stopped left behind: which hosts are whole, and where each file has to be cut.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use roaring::RoaringTreemap;
use serde::Deserialize;

use crate::cli::reputation::Unheard;
use crate::finding::Severity;
use crate::report::model::{HostCounts, RunKey, Tally};

use super::error::FolderError;
use super::lines::Lines;

/// What the two files of hosts hold in common.
#[derive(Debug)]
pub(super) struct Recovered {
    /// The hosts that have both lines.
    pub(super) done: RoaringTreemap,
    /// Their counts.
    pub(super) tally: Tally,
    /// Those of them that no list knows anything about.
    pub(super) unheard: Unheard,
    /// Where the lines of these hosts end in the evidence.
    pub(super) evidence: u64,
    /// Where they end in the reports.
    pub(super) reports: u64,
    /// What is behind them and will be asked again, one sentence each.
    pub(super) dropped: Vec<String>,
}

/// The part of a line of evidence that ties it to its report.
#[derive(Deserialize)]
struct EvidenceKey {
    number: u64,
    evidence: Targeted,
}

#[derive(Deserialize)]
struct Targeted {
    target: TargetKey,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct TargetKey {
    address: IpAddr,
    port: u16,
}

/// The part of a report that ties it to its evidence, and what is counted of it.
#[derive(Deserialize)]
struct ReportKey<'a> {
    #[serde(borrow)]
    run: RunKey<'a>,
    target: TargetKey,
    #[serde(borrow)]
    relay: Relay<'a>,
    #[serde(borrow)]
    grade: Grade<'a>,
    findings: Vec<Finding>,
    #[serde(borrow)]
    lists: Vec<Subject<'a>>,
}

#[derive(Deserialize)]
struct Subject<'a> {
    #[serde(borrow)]
    subject: Cow<'a, str>,
    standing: &'a str,
}

#[derive(Deserialize)]
struct Relay<'a> {
    verdict: &'a str,
    proof: &'a str,
}

#[derive(Deserialize)]
struct Grade<'a> {
    letter: &'a str,
}

#[derive(Deserialize)]
struct Finding {
    severity: Severity,
}

/// Reads both files side by side. The evidence of a host is written before its report and each is one write, so the
/// lines of both belong together in order; a host with one of them only is one that was being written.
pub(super) fn recover(
    run: RunKey<'_>,
    jobs: u64,
    evidence: &Path,
    reports: &Path,
) -> Result<Recovered, FolderError> {
    let (mut given, mut shown) = (Lines::open(evidence)?, Lines::open(reports)?);
    let mut recovered = Recovered {
        done: RoaringTreemap::new(),
        tally: Tally::default(),
        unheard: Unheard::default(),
        evidence: 0,
        reports: 0,
        dropped: Vec::new(),
    };
    loop {
        let more = (given.next()?, shown.next()?);
        if more != (true, true) {
            recovered.dropped = dropped(more, (&mut given, evidence), (&mut shown, reports))?;
            return Ok(recovered);
        }
        let host: EvidenceKey = given.parse()?;
        let report: ReportKey<'_> = shown.parse()?;
        if host.number >= jobs {
            let problem = format!("job {} is not among the {jobs} of the plan", host.number);
            return Err(given.fault(problem));
        }
        if report.run != run {
            let problem = "is of another run".to_owned();
            return Err(shown.fault(problem));
        }
        if report.target != host.evidence.target {
            let of = |target: &TargetKey| format!("{} port {}", target.address, target.port);
            let (got, want) = (of(&report.target), of(&host.evidence.target));
            let problem = format!("is about {got}, and the evidence of this line about {want}");
            return Err(shown.fault(problem));
        }
        if !recovered.done.insert(host.number) {
            return Err(given.fault(format!("job {} is there a second time", host.number)));
        }
        let counts = HostCounts {
            verdict: report.relay.verdict,
            proof: report.relay.proof,
            letter: report.grade.letter,
            severity: report.findings.iter().map(|finding| finding.severity).max(),
        };
        let counted = recovered.tally.add(&counts);
        counted.map_err(|error| shown.fault(error.to_string()))?;
        let subjects = report.lists.iter().map(|one| (one.subject.as_ref(), one.standing));
        recovered.unheard.add(SocketAddr::new(report.target.address, report.target.port), subjects);
        (recovered.evidence, recovered.reports) = (given.end(), shown.end());
    }
}

/// What is behind the hosts that are whole. Whole lines there must be lines of ours all the same, and a kill leaves one
/// at most.
fn dropped(
    more: (bool, bool),
    (given, evidence): (&mut Lines, &Path),
    (shown, reports): (&mut Lines, &Path),
) -> Result<Vec<String>, FolderError> {
    let mut dropped = Vec::new();
    let (mut alone, mut more_given) = (0_u64, more.0);
    while more_given {
        given.parse::<EvidenceKey>()?;
        alone += 1;
        more_given = given.next()?;
    }
    let (mut bare, mut more_shown) = (0_u64, more.1);
    while more_shown {
        shown.parse::<ReportKey<'_>>()?;
        bare += 1;
        more_shown = shown.next()?;
    }
    let sides = [
        (alone, &*given, (evidence, reports), "report"),
        (bare, &*shown, (reports, evidence), "evidence"),
    ];
    for (count, lines, (path, other), what) in sides {
        match count {
            0 => {}
            1 => {
                let path = path.display();
                dropped.push(format!(
                    "{path}: the last host had no {what} yet, and will be asked again"
                ));
            }
            // Nobody's to throw away but the user's.
            _ => {
                let (path, other) = (path.to_owned(), other.to_owned());
                let line = (lines.number() + 1).saturating_sub(count);
                return Err(FolderError::Apart { path, line, count, other });
            }
        }
    }
    for (lines, path) in [(given, evidence), (shown, reports)] {
        if lines.is_torn() {
            let path = path.display();
            dropped.push(format!("{path}: the last line was written by half, and is dropped"));
        }
    }
    Ok(dropped)
}
