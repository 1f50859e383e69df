//! Findings of lists and of the resolver.

use crate::dnsbl::Weight;
use crate::evidence::listing::Listings;
use crate::finding::{Confidence, Finding};

use super::resolver::resolver_faults;
use super::subject::{SubjectVerdict, Word, ZoneWord};

/// One finding for each listing, the worst first.
pub fn listing_findings(verdict: &SubjectVerdict) -> Vec<Finding> {
    let of = |(word, weight): (&ZoneWord, Weight)| {
        let id = match weight {
            Weight::Critical => "listed-critical",
            Weight::Major => "listed-major",
            Weight::Minor => "listed-minor",
            Weight::Info | Weight::Allow => "listed-info",
        };
        let Word::Listed(hits) = &word.word else { return None };
        let meanings: Vec<_> = hits
            .iter()
            .filter(|hit| hit.listing)
            .map(|hit| match &hit.meaning {
                Some(meaning) => format!("{} ({meaning})", hit.answer),
                None => format!("{} (not documented)", hit.answer),
            })
            .collect();
        let summary =
            format!("{} is listed in {}: {}", verdict.subject, word.zone.zone, meanings.join(", "));
        let mut finding = Finding::new(id, Confidence::High, summary)?;
        let answer = word.answer.iter();
        finding.notes.extend(answer.flat_map(|answer| {
            [Some(&answer.lookup), answer.text.as_ref()]
                .into_iter()
                .flatten()
                .map(ToString::to_string)
        }));
        let delisting = word.zone.delisting.as_ref();
        finding.notes.extend(delisting.map(|place| format!("removal: {place}")));
        Some(finding)
    };
    verdict.listings().into_iter().filter_map(of).collect()
}

/// One finding for each fault of the user's own resolver.
pub fn resolver_findings(listings: &Listings) -> Vec<Finding> {
    let of = |fault: super::ResolverFault| {
        let mut finding = Finding::new(fault.id, Confidence::High, fault.text)?;
        finding.notes = fault.notes;
        Some(finding)
    };
    resolver_faults(listings).into_iter().filter_map(of).collect()
}
