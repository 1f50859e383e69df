//! From what lists say to the outcomes of the checks of reputation.

use crate::dnsbl::{SubjectKind, Weight};
use crate::verdict::listing::{Standing, SubjectVerdict, Word};

use super::{CheckOutcome, CheckResult};

const ADDRESS: &str = "reputation.address";
const DOMAIN: &str = "reputation.domain";

/// The checks that lists answer: `reputation.address` and `reputation.domain`. `subjects` are those of one host; where
/// a kind has none, as a host in a private network has no address that a list could know, its check does not apply.
/// Of several domains the worst counts.
pub fn listing_results(subjects: &[SubjectVerdict]) -> Vec<CheckResult> {
    let of = |id: &str, wanted: &dyn Fn(SubjectKind) -> bool| {
        let mut own: Vec<_> = subjects
            .iter()
            .filter(|one| wanted(one.subject.kind()))
            .map(|one| result(id, one))
            .collect();
        own.sort_by_key(CheckResult::rank);
        own.into_iter().next().unwrap_or_else(|| {
            let detail = "nothing that a public list could know";
            CheckResult::new(id, CheckOutcome::NotApplicable, detail)
        })
    };
    let is_domain = |kind| kind == SubjectKind::Domain;
    vec![of(ADDRESS, &|kind| !is_domain(kind)), of(DOMAIN, &is_domain)]
}

fn result(id: &str, verdict: &SubjectVerdict) -> CheckResult {
    let subject = &verdict.subject;
    let tested = u32::try_from(verdict.coverage()).unwrap_or(0);
    let (usable, wanted) = (verdict.usable, verdict.wanted);
    let listings = verdict.listings();
    let worst = listings.first().filter(|(_, weight)| *weight > Weight::Info);
    match (verdict.standing, worst) {
        (Standing::Listed, Some((word, weight))) => {
            let others = listings.iter().filter(|(_, weight)| *weight > Weight::Info).count() - 1;
            let more = if others == 0 { String::new() } else { format!(" and {others} more") };
            let (outcome, finding) = match weight {
                Weight::Critical => (CheckOutcome::Fail, "listed-critical"),
                Weight::Major => (CheckOutcome::Warn, "listed-major"),
                _ => (CheckOutcome::Warn, "listed-minor"),
            };
            let detail = format!("{subject} is listed in {}{more}", word.zone.zone);
            let result = CheckResult::new(id, outcome, detail);
            CheckResult { finding: Some(finding.to_owned()), tested, ..result }
        }
        (Standing::NotListed, _) => {
            let detail = format!("{subject} is not listed on {usable} of {wanted} lists");
            CheckResult { tested, ..CheckResult::new(id, CheckOutcome::Pass, detail) }
        }
        _ => {
            let why = verdict.words.iter().find_map(|word| match &word.word {
                Word::Unknown(why, text) => Some((*why, text.as_str())),
                _ => None,
            });
            let (why, text) = why.unwrap_or(("no-list", "no list for it was asked"));
            CheckResult::unknown(id, why, format!("no list said anything about {subject}: {text}"))
        }
    }
}
