//! What does not count for the exit code, in version 1 of the report: everything of it is shown all the same.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use super::FindingReport;
use crate::finding::catalogue;

/// An earlier report whose findings do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BaselineReport {
    /// Where it was read.
    pub file: String,
    /// When its run began, RFC 3339, if it says so.
    pub started: Option<String>,
    /// Hosts in it.
    pub hosts: usize,
    /// False where its run was interrupted or had not ended: what it did not ask is new.
    pub ended: bool,
    /// Findings of this run that it knows.
    pub known: usize,
    /// Findings of this run that it does not know.
    pub new: usize,
    /// Those of the known ones that do not count, because it knows them.
    pub left_out: usize,
}

/// Whether a baseline knows a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineStanding {
    /// It has the same finding, and no less grave than now.
    Known,
    /// It does not.
    New,
}

/// What is said at a finding of the suppression that is aimed at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuppressionMark {
    /// Why the finding may stay, in the words of whoever said so.
    pub reason: String,
    /// The last day of it.
    pub expires: Date,
    /// False where the run began after that day, so that the finding counts.
    pub in_force: bool,
    /// Where it stands: file and line.
    pub place: String,
}

/// One suppression of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SuppressionReport {
    /// The check that it is about.
    pub check: String,
    /// The address, network or host name that it is about.
    pub target: String,
    /// The code of the only probe that it is about, where it names one.
    pub code: Option<String>,
    /// The only block list that it is about, where it names one.
    pub list: Option<String>,
    /// Why the finding may stay.
    pub reason: String,
    /// The last day of it.
    pub expires: Date,
    /// Where it stands: file and line.
    pub place: String,
    /// What it does.
    pub standing: SuppressionStanding,
    /// The findings that it is aimed at.
    pub findings: usize,
}

/// What a suppression does in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionStanding {
    /// Its findings do not count.
    InForce,
    /// Its last day was over: its findings count.
    Expired,
    /// There is no such finding in the run.
    Unmatched,
}

impl FindingReport {
    /// Whether it counts for the exit code, where it is severe enough. A claim of relaying always does, and what was
    /// suppressed counts again from the day on that the suppression ends, whatever a baseline knows.
    pub fn counts(&self) -> bool {
        let is_known = self.baseline == Some(BaselineStanding::Known);
        catalogue::RELAYING.contains(&self.id)
            || self.suppression.as_ref().map_or(!is_known, |suppression| !suppression.in_force)
    }

    /// Why it does not count; `None` where it does.
    pub fn set_aside(&self) -> Option<String> {
        match &self.suppression {
            _ if self.counts() => None,
            Some(SuppressionMark { reason, expires, place, .. }) => {
                Some(format!("suppressed until {expires} ({place}): {reason}"))
            }
            None => Some("known: it is in the baseline".to_owned()),
        }
    }
}
