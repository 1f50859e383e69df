//! From the reports of the hosts to the report of the run.

use std::net::IpAddr;

use jiff::civil::Date;

use crate::dnsbl::is_stale;
use crate::evidence::Identity;
use crate::evidence::listing::Listings;
use crate::report::lists::{RegistryReport, ZoneReport};
use crate::target::scope::Authority;

use super::*;

/// What the caller knows about a run and the hosts do not.
#[derive(Clone, Debug)]
pub struct RunDetails<'a> {
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// The seed of its random tokens.
    pub seed: u64,
    /// The probes that it chose from.
    pub profile: RunProfile,
    /// True when the user interrupted it.
    pub interrupted: bool,
    /// The source address that the user chose.
    pub source: Option<IpAddr>,
    /// True when the user asserts that the connections come from outside.
    pub outside_asserted: bool,
    /// Who asked.
    pub identity: &'a Identity,
    /// Probes that are not built in: id and file.
    pub own_probes: &'a [(String, String)],
    /// Categories of the grade that were left out.
    pub skipped: &'a [String],
    /// What lists were asked, where they were.
    pub listings: Option<&'a Listings>,
}

impl RunReport {
    /// The report of a run: counts the hosts and gathers their authorities.
    pub fn build(
        details: RunDetails<'_>,
        hosts: Vec<HostReport>,
        not_probed: Vec<NotProbed>,
    ) -> Self {
        let run = RunSection::of(details, grants(&hosts));
        let summary = Tally::of(&hosts).summary;
        let sweep = None;
        Self { schema: SCHEMA, tool: Tool::this(), run, hosts, not_probed, summary, sweep }
    }

    /// The report of a sweep, whose counts speak of more than its hosts.
    pub fn of_sweep(
        run: RunSection,
        hosts: Vec<HostReport>,
        not_probed: Vec<NotProbed>,
        (summary, sweep): (Summary, SweepCounts),
    ) -> Self {
        let (tool, sweep) = (Tool::this(), Some(sweep));
        Self { schema: SCHEMA, tool, run, hosts, not_probed, summary, sweep }
    }
}

impl RunSection {
    /// What the hosts of a run have in common.
    pub fn of(details: RunDetails<'_>, authority: Vec<Grant>) -> Self {
        Self {
            started: details.started.clone(),
            finished: details.finished,
            seed: details.seed,
            profile: details.profile,
            interrupted: details.interrupted,
            vantage: VantageReport {
                source: details.source,
                asserted: details.outside_asserted.then_some("outside"),
            },
            identity: IdentityReport::of(details.identity),
            own_probes: details.own_probes.iter().map(OwnProbe::of).collect(),
            skipped: details.skipped.to_vec(),
            authority,
            baseline: None,
            suppressions: Vec::new(),
            policy: None,
            lists: details.listings.map(|listings| {
                let stale = Some(listings.registry_date)
                    .zip(day_of(&details.started))
                    .is_some_and(|(date, today)| is_stale(date, today));
                RunLists {
                    resolvers: listings.resolvers.clone(),
                    registry: RegistryReport {
                        version: listings.registry_version,
                        date: listings.registry_date,
                        stale,
                    },
                    zones: listings.zones.iter().map(ZoneReport::of).collect(),
                }
            }),
        }
    }
}

impl Grant {
    /// An authority with what it covers.
    pub fn of(authority: &Authority, targets: Vec<String>) -> Self {
        Self { authority: AuthorityReport::of(authority), targets }
    }
}

/// The day of a time in RFC 3339, as the time says it.
pub(in crate::report) fn day_of(timestamp: &str) -> Option<Date> {
    timestamp.get(..10)?.parse().ok()
}

/// Each distinct authority once, in the order of the hosts, with what it covers.
fn grants(hosts: &[HostReport]) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for host in hosts {
        let Some(authority) = &host.authority else { continue };
        let target = host.target.label();
        match grants.iter_mut().find(|grant| grant.authority == *authority) {
            Some(grant) => grant.targets.push(target),
            None => {
                grants.push(Grant { authority: authority.clone(), targets: vec![target] });
            }
        }
    }
    grants
}
