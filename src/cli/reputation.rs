//! What lists say about the audited hosts and their domains, as part of an audit.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use crate::dns::{CachedLookups, DirectResolver};
use crate::engine::{ListPlan, ask_lists};
use crate::evidence::listing::{Listings, Subject};
use crate::evidence::{Evidence, Identity};
use crate::target::Target;
use crate::target::name::is_special_use;
use crate::target::network::is_public;
use crate::verdict::listing::SubjectVerdict;

use super::args::{DnsArgs, ServerAddress, ZonesArgs};
use super::exit::Failure;
use super::lists;

/// The category of the grade that lists decide.
pub(super) const CATEGORY: &str = "reputation";

/// How long one of two questions to a list may take, in seconds.
const PATIENCE: u32 = 2;

/// Lists that are about to be asked.
pub(super) struct Reputation {
    lookups: CachedLookups<DirectResolver>,
    plan: ListPlan,
}

impl Reputation {
    /// Lists for the hosts and domains of an audit; `None` where none of them is one that a public list could know.
    pub(super) fn prepare(
        args: &ZonesArgs,
        resolver: Option<ServerAddress>,
        targets: &[Target],
        identity: &Identity,
        seed: u64,
    ) -> Result<Option<Self>, Failure> {
        let subjects: BTreeSet<_> =
            targets.iter().flat_map(|target| subjects_of(target, identity)).collect();
        let subjects: Vec<_> = subjects.into_iter().collect();
        // What is wrong with the files is told even where they are not needed.
        let chosen = lists::Chosen::read(args, &subjects)?;
        if subjects.is_empty() {
            return Ok(None);
        }
        let dns = DnsArgs { resolver, dns_timeout: PATIENCE };
        let lookups = chosen.lookups(&dns).map_err(|mut failure| {
            let way_out = format!("; or leave lists out with --skip {CATEGORY}");
            failure.messages.iter_mut().for_each(|message| message.push_str(&way_out));
            failure
        })?;
        Ok(Some(Self { lookups, plan: chosen.plan(subjects, seed) }))
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
