//! `mxaudit explain`.

use std::fmt::Write as _;

use crate::evidence::{Lacking, Stop};
use crate::finding::catalogue;
use crate::verdict::listing::ZoneState;
use crate::verdict::{NotRun, NotTested, PopOutcome, PopReason, Undecided};

use super::exit::{Exit, Failure};
use super::{print, probes};

pub(super) fn explain(id: Option<&str>) -> Result<Exit, Failure> {
    let Some(id) = id else { return print(&index()?) };
    if let Some(entry) = catalogue::find(id) {
        return print(&format!(
            "{} ({}): {}\n\n{}\n\nWhat to do\n  {}\n\nSee {}\n",
            entry.id,
            entry.severity.as_str(),
            entry.title,
            entry.explanation,
            entry.remedy,
            entry.references.join("; ")
        ));
    }
    if let Some(probe) = probes::embedded()?.find(id) {
        return print(&probes::whole(probe));
    }
    if let Some(why) = Undecided::ALL.iter().find(|why| why.as_str() == id) {
        return print(&format!(
            "{id} (inconclusive): {}.\n\nWhat to do\n  {}\n",
            why.meaning(),
            why.remedy()
        ));
    }
    if let Some(why) = NOT_RUN.iter().find(|why| why.as_str() == id) {
        return print(&format!("{id} (not run)\n\nWhat to do\n  {}\n", why.remedy()));
    }
    if let Some((_, remedy)) = of_pop().find(|(word, _)| *word == id) {
        return print(&format!("{id} (POP-before-SMTP not known)\n\nWhat to do\n  {remedy}\n"));
    }
    if let Some((_, remedy)) = of_matrix().find(|(word, _)| *word == id) {
        return print(&format!("{id} (relay matrix: not tested)\n\nWhat to do\n  {remedy}\n"));
    }
    if let Some(state) = ZoneState::ALL.iter().find(|state| state.as_str() == id) {
        return print(&format!("{id} (state of a list): {}\n", state.meaning()));
    }
    Err(Failure::usage(format!("nothing is called `{id}`; `mxaudit explain` lists what is")))
}

const NOT_RUN: &[NotRun] = &[
    NotRun::Lacking(Lacking::Interest),
    NotRun::Lacking(Lacking::LocalDomain),
    NotRun::Lacking(Lacking::AuditorDomain),
    NotRun::Lacking(Lacking::TargetName),
    NotRun::Lacking(Lacking::CanaryAddress),
    NotRun::Lacking(Lacking::ClientName),
    NotRun::Lacking(Lacking::Partner),
    NotRun::Lacking(Lacking::MxDomain),
    NotRun::Lacking(Lacking::Difference),
    NotRun::Lacking(Lacking::Role),
    NotRun::Stopped(Stop::Interrupted),
    NotRun::Stopped(Stop::Deadline),
    NotRun::Stopped(Stop::ConnectionCap),
    NotRun::Stopped(Stop::TooMuchSaid),
    NotRun::Stopped(Stop::NoProgress),
    NotRun::Stopped(Stop::Internal),
    NotRun::Unreachable,
];

/// Words and remedies of what keeps POP-before-SMTP from being known.
fn of_pop() -> impl Iterator<Item = (&'static str, &'static str)> {
    let before = PopOutcome::NotMeasured;
    let own = PopReason::own().map(|why| (why.as_str(), why.remedy()));
    own.chain(before.reason().zip(before.remedy()))
}

/// Words and remedies of what keeps a row of the relay matrix from being tested.
fn of_matrix() -> impl Iterator<Item = (&'static str, &'static str)> {
    NotTested::gaps().map(|why| (why.as_str(), why.remedy()))
}

fn index() -> Result<String, Failure> {
    let mut out = String::from("Findings\n");
    for entry in catalogue::entries() {
        let _ = writeln!(out, "  {:<24} {:<9} {}", entry.id, entry.severity.as_str(), entry.title);
    }
    let _ = writeln!(out, "\nProbes");
    for probe in probes::embedded()?.iter() {
        let _ = writeln!(out, "  {:<24} {:<9} {}", probe.code, "", probe.title);
    }
    let _ = writeln!(out, "\nReasons why nothing was learned");
    for why in Undecided::ALL {
        let _ = writeln!(out, "  {:<24} {:<9} {}", why.as_str(), "", why.meaning());
    }
    let _ = writeln!(out, "\nReasons why a probe did not run");
    for why in NOT_RUN {
        let _ = writeln!(out, "  {:<24} {:<9} {}", why.as_str(), "", why.remedy());
    }
    let _ = writeln!(out, "\nReasons why POP-before-SMTP is not known");
    for (word, remedy) in of_pop() {
        let _ = writeln!(out, "  {word:<24} {:<9} {remedy}", "");
    }
    let _ = writeln!(out, "\nReasons why a row of the relay matrix was not tested");
    for (word, remedy) in of_matrix() {
        let _ = writeln!(out, "  {word:<24} {:<9} {remedy}", "");
    }
    let _ = writeln!(out, "\nStates of lists");
    for state in ZoneState::ALL {
        let _ = writeln!(out, "  {:<24} {:<9} {}", state.as_str(), "", state.meaning());
    }
    Ok(out)
}
