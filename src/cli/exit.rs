//! Exit codes, the same for every command and format, and errors as one line.

use std::process::ExitCode;

use crate::finding::Severity;
use crate::report::diff::DiffReport;
use crate::report::model::{PolicySection, RunReport, Summary, SweepCounts};
use crate::report::policy::JudgedPolicy;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing at or above the threshold.
    Clean,
    /// Findings at or above it.
    Findings,
    /// Usage, configuration, or a name that does not resolve.
    Usage,
    /// A verdict is unknown, nothing could be reached, or a report could not be mailed.
    Incomplete,
    /// A fault of this program.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Internal => 4,
        })
    }
}

/// The exit code of an audit: findings outrank what is missing.
pub(super) fn of_audit(report: &RunReport, threshold: Severity) -> Exit {
    let findings = report.hosts.iter().flat_map(|host| &host.findings);
    let found = findings.filter(|one| one.counts()).any(|one| one.severity >= threshold)
        || report.run.policy.as_ref().is_some_and(PolicySection::is_violated);
    let Summary { hosts, inconclusive, unreachable, .. } = report.summary;
    let incomplete = report.run.interrupted || hosts == 0 || inconclusive + unreachable > 0;
    match (found, incomplete) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Clean,
    }
}

/// The exit code of a sweep, by its counts: as for an audit of its hosts, and what was not asked is
/// missing. `found` says that there is a finding at or above the threshold that counts, or that a
/// policy is violated; `ended` is false where the sweep was interrupted or is still at work.
pub(super) fn of_sweep(hosts: &Summary, sweep: &SweepCounts, found: bool, ended: bool) -> Exit {
    let unknown = hosts.inconclusive + hosts.unreachable;
    let incomplete = !ended || unknown > 0 || sweep.not_asked > 0 || hosts.hosts == 0;
    match (found, incomplete) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Clean,
    }
}

/// The exit code of a comparison: what is new outranks what can no longer be told.
pub(super) fn of_diff(report: &DiffReport, threshold: Severity) -> Exit {
    match (report.has_new(threshold), report.has_unknown()) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Clean,
    }
}

/// The exit code of a stored report that is held to a policy.
pub(super) fn of_policy(judged: &JudgedPolicy) -> Exit {
    match (judged.section.is_violated(), judged.incomplete) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Clean,
    }
}

/// The exit code where something is missing too: nothing found is then not all there is to find.
pub(super) fn missing(exit: Exit) -> Exit {
    match exit {
        Exit::Clean => Exit::Incomplete,
        other => other,
    }
}

/// What keeps a command from doing its work: messages of one line each, and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) messages: Vec<String>,
    pub(super) exit: Exit,
}

impl Failure {
    /// A mistake in usage or configuration.
    pub(super) fn usage(message: impl ToString) -> Self {
        Self { messages: vec![message.to_string()], exit: Exit::Usage }
    }

    /// Something that should not happen.
    pub(super) fn internal(message: impl ToString) -> Self {
        Self { messages: vec![message.to_string()], exit: Exit::Internal }
    }
}
