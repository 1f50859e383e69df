//! Lists that are asked about one host after another.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join;
use moka::future::Cache;
use tokio_util::sync::CancellationToken;

use super::{Allowance, ListPlan, Port, prove};
use crate::dns::Lookups;
use crate::dnsbl::{Keys, SubjectKind};
use crate::engine::Interrupt;
use crate::evidence::listing::{Listed, Listings, Subject};

/// Groups of domains whose answers are kept.
const KEPT: u64 = 1000;

/// Lists that have proved themselves, to be asked about one host after another.
pub struct ProvedLists {
    lookups: Box<dyn Lookups>,
    keys: Keys,
    allowance: Allowance,
    proofs: Listings,
    /// What was said about the domains of a host: most hosts have the same, and a listing would cost a fresh question
    /// for each of them. What nothing was learned from is not kept, since the next answer may say more.
    domains: Cache<Vec<Subject>, Arc<Listed>>,
}

impl ProvedLists {
    /// Has the lists of a plan prove these kinds, or all where none is named; its subjects are not asked about.
    pub async fn prove(
        lookups: Box<dyn Lookups>,
        plan: ListPlan,
        kinds: &BTreeSet<SubjectKind>,
        allowance: Allowance,
        stop: &CancellationToken,
    ) -> Self {
        let (keys, proofs) = prove(lookups.as_ref(), plan, kinds, &allowance, stop).await;
        Self { lookups, keys, allowance, proofs, domains: Cache::new(KEPT) }
    }

    /// What they have shown of themselves.
    pub fn proofs(&self) -> &Listings {
        &self.proofs
    }

    /// What they say of some subjects. A list that names one of them is asked once more what it must not list. Domains
    /// that were asked about before are not asked about again.
    ///
    /// After [`Interrupt::finish`] nobody is asked about any more, and after [`Interrupt::abort`] no listing is
    /// confirmed either.
    pub async fn about(&self, subjects: Vec<Subject>, interrupt: &Interrupt) -> Listed {
        let (mut domains, addresses): (Vec<_>, Vec<_>) =
            subjects.into_iter().partition(|subject| subject.kind() == SubjectKind::Domain);
        domains.sort();
        let of_domains = async {
            match domains.is_empty() {
                true => Arc::default(),
                false => {
                    let ask = async {
                        let listed = self.ask(domains.clone(), interrupt).await;
                        if listed.is_answered() { Ok(Arc::new(listed)) } else { Err(listed) }
                    };
                    let kept = self.domains.try_get_with_by_ref(&domains, ask).await;
                    kept.unwrap_or_else(|unanswered| unanswered)
                }
            }
        };
        let (mut listed, of_domains) = join(self.ask(addresses, interrupt), of_domains).await;
        listed.subjects.extend_from_slice(&of_domains.subjects);
        listed.confirmations.extend_from_slice(&of_domains.confirmations);
        listed
    }

    async fn ask(&self, subjects: Vec<Subject>, interrupt: &Interrupt) -> Listed {
        let Self { keys, allowance, .. } = self;
        let lookups = self.lookups.as_ref();
        let port = Port { lookups, keys, allowance, stop: &interrupt.finish };
        port.ask_all(&self.proofs.zones, subjects, &interrupt.abort, || {}).await
    }
}
