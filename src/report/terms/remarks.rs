//! The terms of a run in sentences, for readers.

use crate::report::model::{PolicySection, RunSection, SuppressionReport, SuppressionStanding};

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
    remarks.extend(run.policy.iter().flat_map(of_policy));
    remarks
}

/// What came of a policy in all, a sentence each.
pub(in crate::report) fn of_policy(policy: &PolicySection) -> Vec<String> {
    let PolicySection { name, version, file, hosts, hosts_violating, .. } = policy;
    let came = match (policy.met, policy.is_violated()) {
        (true, _) => format!("met by all of {hosts}"),
        (false, true) => format!("violated by {hosts_violating} of {hosts}"),
        (false, false) => "not met: no host was held to it".to_owned(),
    };
    let head = format!("policy {name} {version} ({file}), hosts: {came}");
    let violations = policy.violations.iter().map(|one| format!("policy violated: {one}"));
    std::iter::once(head).chain(violations).collect()
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
