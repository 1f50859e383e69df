//! What is said of the forms that a finding names beside its own.

use super::model::{FindingReport, HostReport};

/// The other forms of a finding that were accepted, grouped by what became of them when they were
/// asked once more, alone on a fresh connection: `H01, R01 (each again on a fresh connection)`.
pub(super) fn accepted(host: &HostReport, finding: &FindingReport) -> Vec<String> {
    let repeated = |code: &&String| {
        let probe = host.probes.iter().find(|probe| probe.code == **code);
        probe.and_then(|probe| probe.repeated)
    };
    let group = |wanted: Option<bool>, one: &str, several: &str| {
        let codes = finding.also.iter().filter(|code| repeated(code) == wanted);
        let codes: Vec<_> = codes.map(String::as_str).collect();
        let fate = if codes.len() > 1 { several } else { one };
        (!codes.is_empty()).then(|| format!("{} ({fate})", codes.join(", ")))
    };
    let groups = [
        group(Some(true), "again on a fresh connection", "each again on a fresh connection"),
        group(None, "not asked again", "not asked again"),
        group(Some(false), "not again on a fresh connection", "not again on a fresh connection"),
    ];
    groups.into_iter().flatten().collect()
}
