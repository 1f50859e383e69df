//! From the evidence of one host to its report, the same for every command that judges.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use crate::evidence::Evidence;
use crate::evidence::listing::{Listed, Listings};
use crate::finding::Finding;
use crate::grade::{
    CheckOutcome, CheckResult, Grade, Policy, grade, listing_results, relay_results,
};
use crate::probe::Library;
use crate::report::model::HostReport;
use crate::target::scope::Authority;
use crate::verdict::listing::{SubjectVerdict, listing_findings, listings, resolver_findings};
use crate::verdict::{Judge, Reading, RelayVerdict, findings, judge_by};

use super::exit::Failure;
use super::reputation;

/// What all hosts of a run are judged by. One serves all tasks of a run.
#[derive(Debug)]
pub(super) struct Judging {
    policy: Policy,
    library: Arc<Library>,
    /// Categories of the grade that are left out.
    skipped: Vec<String>,
    /// The source address that the user chose.
    source: Option<IpAddr>,
}

/// What lists said, for any number of hosts.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    asked: Option<Cow<'a, Listings>>,
    verdicts: Vec<SubjectVerdict>,
}

/// One host, judged.
pub(super) struct Judged {
    pub(super) relay: RelayVerdict,
    pub(super) findings: Vec<Finding>,
    pub(super) grade: Grade,
    pub(super) subjects: Vec<SubjectVerdict>,
}

impl<'a> Said<'a> {
    /// What they said of the subjects of `asked`; `None` where no lists were asked.
    pub(super) fn by(asked: Option<&'a Listings>) -> Self {
        Self { verdicts: asked.map(listings).unwrap_or_default(), asked: asked.map(Cow::Borrowed) }
    }

    /// What they said of one host, and by which `proofs` that is judged.
    pub(super) fn of_host(proofs: &Listings, listed: &Listed) -> Self {
        let mut asked = proofs.clone();
        asked.add(listed.clone());
        Self { verdicts: listings(&asked), asked: Some(Cow::Owned(asked)) }
    }
}

impl Judging {
    /// Reads the policy, once for all hosts.
    pub(super) fn new(
        library: Arc<Library>,
        skipped: &[String],
        source: Option<IpAddr>,
    ) -> Result<Self, Failure> {
        let policy = Policy::embedded().map_err(Failure::internal)?;
        Ok(Self { policy, library, skipped: skipped.to_vec(), source })
    }

    /// Judges and grades a host. The same evidence is always judged in the same way.
    pub(super) fn judge(&self, evidence: &Evidence, said: &Said<'_>) -> Judged {
        self.judge_as(evidence, &Reading::new(evidence), said)
    }

    /// The same where it is known already how the replies are read.
    pub(super) fn judge_as(
        &self,
        evidence: &Evidence,
        reading: &Reading,
        said: &Said<'_>,
    ) -> Judged {
        let relay = judge_by(evidence, &Judge::with(evidence, reading));
        let mut findings = findings(evidence, &relay);
        let mut results = relay_results(evidence, &relay, &findings);
        let subjects = reputation::of_host(evidence, &said.verdicts);
        results.extend(listing_results(&subjects));
        findings.extend(subjects.iter().flat_map(listing_findings));
        if !subjects.is_empty() {
            findings.extend(said.asked.iter().flat_map(|asked| resolver_findings(asked)));
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let grade = grade(&self.policy, &without(&self.skipped, results, &self.policy));
        Judged { relay, findings, grade, subjects }
    }

    /// The report of a judged host.
    pub(super) fn report(
        &self,
        evidence: &Evidence,
        judged: &Judged,
        authority: Option<&Authority>,
    ) -> HostReport {
        let Judged { relay, findings, grade, subjects } = judged;
        let (evidence, library) = (evidence, &self.library);
        HostReport::build(evidence, relay, findings, grade, subjects, library, authority)
            .sent_from(self.source)
    }
}

/// The results, with every check of a skipped category left out. What does not apply to the host
/// stays so.
fn without(skipped: &[String], mut results: Vec<CheckResult>, policy: &Policy) -> Vec<CheckResult> {
    let left_out = policy.categories.iter().filter(|category| skipped.contains(&category.id));
    for check in left_out.flat_map(|category| &category.checks) {
        let own = |result: &CheckResult| result.id == check.id;
        if !results.iter().any(|one| own(one) && one.outcome == CheckOutcome::NotApplicable) {
            results.retain(|result| !own(result));
            results.push(CheckResult::skipped(&check.id));
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_categories_count_as_untested() {
        let policy = Policy::embedded().unwrap();
        let pass = |id: &str| CheckResult::new(id, CheckOutcome::Pass, "");
        let aside = CheckResult::new(
            "operations.null-sender",
            CheckOutcome::NotApplicable,
            "a submission port",
        );
        let results = || vec![pass("relay.variants"), pass("operations.postmaster"), aside.clone()];
        assert_eq!(without(&[], results(), &policy), results());
        let strange = ["nothing".to_owned(), "relay.variants".to_owned()];
        assert_eq!(without(&strange, results(), &policy), results(), "only categories are named");
        let got = without(&["operations".to_owned()], results(), &policy);
        let of = |id: &str| got.iter().filter(|one| one.id == id).cloned().collect::<Vec<_>>();
        assert_eq!(of("relay.variants"), [pass("relay.variants")]);
        assert_eq!(
            of("operations.null-sender"),
            std::slice::from_ref(&aside),
            "it counts nowhere as before"
        );
        for id in ["operations.postmaster", "protocol.conformance"] {
            assert_eq!(of(id), [CheckResult::skipped(id)], "with a result and without");
        }
        let letter = |skipped: &[String]| {
            let passed = policy.categories.iter().flat_map(|category| &category.checks);
            let passed = passed.map(|check| pass(&check.id)).collect();
            grade(&policy, &without(skipped, passed, &policy)).letter.as_str()
        };
        assert_eq!(letter(&[]), "A+");
        assert_eq!(letter(&["operations".to_owned()]), "B", "left out is not passed");
        assert_eq!(letter(&["relay".to_owned()]), "N");
    }
}
