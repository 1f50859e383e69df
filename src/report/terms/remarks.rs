//! The terms of a run in sentences, for readers.

use crate::report::model::{RunSection, SuppressionReport, SuppressionStanding};

/// What was left out of the exit code, and what was not although somebody wished it: a sentence each.
pub(in crate::report) fn remarks(run: &RunSection) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(baseline) = &run.baseline {
        let of = baseline.started.as_ref().map(|day| format!(", {day}")).unwrap_or_default();
        remarks.push(format!(
            "baseline {}{of}: {} new; {} known, of which {} do not count for the exit code",
            baseline.file,
            counted(baseline.new),
            counted(baseline.known),
            baseline.left_out
        ));
        if !baseline.ended {
            remarks.push(format!(
                "baseline {}: its run was interrupted or had not ended; what it did not ask is new",
                baseline.file
            ));
        }
    }
    remarks.extend(run.suppressions.iter().map(of_suppression));
    remarks
}

fn of_suppression(one: &SuppressionReport) -> String {
    let SuppressionReport { check, target, reason, expires, place, findings, .. } = one;
    let code = one.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
    let list = one.list.as_ref().map(|list| format!(" in {list}")).unwrap_or_default();
    let what = format!("{check}{code}{list} on {target}");
    let findings = counted(*findings);
    match one.standing {
        SuppressionStanding::InForce => {
            format!("suppressed until {expires}: {what}, {findings} ({place}): {reason}")
        }
        SuppressionStanding::Expired => format!(
            "suppression ended after {expires}: {what}, {findings}, which count ({place}): {reason}"
        ),
        SuppressionStanding::Unmatched => format!(
            "suppression without effect: there is no {what} in this run ({place}); remove it if it is mended"
        ),
    }
}

fn counted(number: usize) -> String {
    format!("{number} finding{}", if number == 1 { "" } else { "s" })
}
