//! A finding that may stay for a while, because somebody said why.

use ipnet::IpNet;
use jiff::civil::Date;

use crate::finding::catalogue;
use crate::report::diff::listing_subject;
use crate::report::model::{
    FindingReport, HostReport, SuppressionMark, SuppressionReport, SuppressionStanding,
};

/// One suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The check that it is about.
    pub check: String,
    /// The hosts that it is about.
    pub target: Suppressed,
    /// The code of the only probe that it is about.
    pub code: Option<String>,
    /// The only block list that it is about, by its zone.
    pub list: Option<String>,
    /// Why the finding may stay.
    pub reason: String,
    /// The last day on which a run may begin for it to hold.
    pub expires: Date,
    /// Where it stands: file and line.
    pub place: String,
}

/// The hosts of a suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// Those with an address in it; an address alone is a network of one.
    Network(IpNet),
    /// Those with this name, in its normal form.
    Name(String),
}

impl Suppression {
    /// True for a finding that it is about. A claim of relaying is never one, whatever the suppression says.
    pub(super) fn is_aimed_at(&self, host: &HostReport, finding: &FindingReport) -> bool {
        let on = match &self.target {
            Suppressed::Network(network) => network.contains(&host.target.address.to_canonical()),
            Suppressed::Name(name) => {
                host.target.name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name))
            }
        };
        let of_code = |code: &String| finding.code.as_ref() == Some(code);
        let in_list = |list: &String| {
            let listed = listing_subject(&finding.summary);
            listed.is_some_and(|(_, zone)| zone.eq_ignore_ascii_case(list))
        };
        on && finding.id == self.check
            && !catalogue::RELAYING.contains(&finding.id)
            && self.code.as_ref().is_none_or(of_code)
            && self.list.as_ref().is_none_or(in_list)
    }

    /// True where a run that began on that day is not after its end.
    pub(super) fn is_in_force(&self, day: Option<Date>) -> bool {
        day.is_some_and(|day| day <= self.expires)
    }

    pub(super) fn mark(&self, in_force: bool) -> SuppressionMark {
        SuppressionMark {
            reason: self.reason.clone(),
            expires: self.expires,
            in_force,
            place: self.place.clone(),
        }
    }

    pub(super) fn report(
        &self,
        standing: SuppressionStanding,
        findings: usize,
    ) -> SuppressionReport {
        SuppressionReport {
            check: self.check.clone(),
            target: match &self.target {
                Suppressed::Network(one) if one.prefix_len() == one.max_prefix_len() => {
                    one.addr().to_string()
                }
                Suppressed::Network(network) => network.to_string(),
                Suppressed::Name(name) => name.clone(),
            },
            code: self.code.clone(),
            list: self.list.clone(),
            reason: self.reason.clone(),
            expires: self.expires,
            place: self.place.clone(),
            standing,
            findings,
        }
    }
}
