//! What lists say about the audited hosts and their domains, as part of an audit.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use crate::dns::{CachedLookups, DirectResolver, LookupLimits, ZonePace};
use crate::dnsbl::{Keys, Registry};
use crate::engine::{ListPlan, ask_lists};
use crate::evidence::listing::{Listings, Subject};
use crate::evidence::{Evidence, Identity};
use crate::target::Target;
use crate::target::name::is_special_use;
use crate::target::network::is_public;
use crate::verdict::listing::SubjectVerdict;

use super::args::ServerAddress;
use super::exit::Failure;

/// The category of the grade that lists decide.
pub(super) const CATEGORY: &str = "reputation";

/// Lists that are about to be asked.
pub(super) struct Reputation {
    lookups: CachedLookups<DirectResolver>,
    plan: ListPlan,
}

impl Reputation {
    /// Lists for the hosts and domains of an audit; `None` where none of them is one that a public list could know.
    pub(super) fn prepare(
        resolver: Option<ServerAddress>,
        targets: &[Target],
        identity: &Identity,
        seed: u64,
    ) -> Result<Option<Self>, Failure> {
        let subjects: BTreeSet<_> =
            targets.iter().flat_map(|target| subjects_of(target, identity)).collect();
        if subjects.is_empty() {
            return Ok(None);
        }
        let registry = Registry::embedded().map_err(Failure::internal)?;
        let keys = Keys::from_variables(std::env::vars())
            .and_then(|keys| keys.check(&registry).map(|()| keys))
            .map_err(|error| Failure::usage(error.to_string()))?;
        let zones: Vec<_> = registry.chosen(&keys).into_iter().map(|z| (z.clone(), None)).collect();
        let limits = DirectResolver::LIMITS;
        let direct = match resolver {
            Some(ServerAddress(address)) => DirectResolver::with_servers(vec![address], limits),
            None => DirectResolver::from_system(limits),
        };
        let direct = direct.map_err(|error| {
            Failure::usage(format!(
                "{error}; name a name server with --resolver, or leave lists out with --skip {CATEGORY}"
            ))
        })?;
        let paces = zones.iter().filter_map(|(zone, _)| {
            let name = zone.own_name(keys.of(zone)).ok()?;
            let per_second = zone.per_second.and_then(std::num::NonZeroU32::new);
            Some(ZonePace { zone: name.asked().to_owned(), per_second })
        });
        let lookups = CachedLookups::new(direct, LookupLimits::default(), paces.collect());
        let registry = (registry.version(), registry.date());
        let plan =
            ListPlan { registry, zones, subjects: subjects.into_iter().collect(), keys, seed };
        Ok(Some(Self { lookups, plan }))
    }

    /// Asks them all, up to the moment when the run is to finish.
    pub(super) async fn ask(self, finish: &CancellationToken) -> Listings {
        ask_lists(&self.lookups, self.plan, finish, || {}).await
    }
}

/// Whom lists are asked about for one host: its address, where the world can reach it, and the domains that it is said
/// to take mail for. Names that exist nowhere, such as those in `test`, are nobody's.
pub(super) fn subjects_of(target: &Target, identity: &Identity) -> Vec<Subject> {
    let address = target.address().to_canonical();
    let address = is_public(address).then_some(Subject::Address(address));
    let domains = target.mail_domain().map(str::to_owned).into_iter();
    let domains = domains.chain(identity.local_domains.iter().cloned());
    let domains: BTreeSet<_> = domains.filter(|domain| !is_special_use(domain)).collect();
    address.into_iter().chain(domains.into_iter().map(Subject::Domain)).collect()
}

/// What of all that lists `said` is about one host: nothing about whom they were not asked.
pub(super) fn of_host(evidence: &Evidence, said: &[SubjectVerdict]) -> Vec<SubjectVerdict> {
    let subjects = subjects_of(&evidence.target, &evidence.identity);
    let verdict = |subject: Subject| {
        let known = said.iter().find(|verdict| verdict.subject == subject).cloned();
        known.unwrap_or_else(|| SubjectVerdict::unasked(subject))
    };
    subjects.into_iter().map(verdict).collect()
}
