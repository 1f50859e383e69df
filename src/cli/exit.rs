//! Exit codes, the same for every command and format, and errors as one line.

use std::process::ExitCode;

use crate::finding::{Finding, Severity};
use crate::report::model::{SweepCounts, Tally};
use crate::verdict::{RelayVerdict, Verdict};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing at or above the threshold.
    Clean,
    /// Findings at or above it.
    Findings,
    /// Usage, configuration, or a name that does not resolve.
    Usage,
    /// A verdict is unknown, or nothing could be reached.
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
pub(super) fn of_audit<'a>(
    hosts: impl Iterator<Item = (&'a RelayVerdict, &'a [Finding])>,
    threshold: Severity,
    interrupted: bool,
) -> Exit {
    let (mut found, mut incomplete, mut any) = (false, interrupted, false);
    for (relay, findings) in hosts {
        any = true;
        found |= findings.iter().any(|finding| finding.severity >= threshold);
        incomplete |= matches!(relay.verdict, Verdict::Inconclusive | Verdict::Unreachable);
    }
    match (found, incomplete || !any) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Clean,
    }
}

/// The exit code of a sweep. An address where nobody answers is no gap; a host whose verdict is unknown is one, and so
/// is what was not asked, and a run that met nobody.
pub(super) fn of_sweep(tally: &Tally, counts: &SweepCounts, threshold: Severity) -> Exit {
    let severities = &tally.severities;
    let found = [
        (Severity::Critical, severities.critical),
        (Severity::High, severities.high),
        (Severity::Medium, severities.medium),
        (Severity::Low, severities.low),
        (Severity::Info, severities.info),
    ];
    let found = found.into_iter().any(|(severity, count)| severity >= threshold && count > 0);
    let summary = &tally.summary;
    let unknown = summary.inconclusive + summary.unreachable > 0;
    match (found, unknown || counts.not_asked > 0 || summary.hosts == 0) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Clean,
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
