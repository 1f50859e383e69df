//! What lists say about the audited hosts and their domains, as part of an audit.

use std::collections::BTreeSet;
use std::fmt::Display;

use tokio_util::sync::CancellationToken;

use crate::dns::{CachedLookups, DirectResolver};
use crate::engine::{ListPlan, ask_lists};
use crate::evidence::listing::{Listings, Subject};
use crate::evidence::{Evidence, Identity};
use crate::target::Target;
use crate::target::name::is_special_use;
use crate::target::network::is_public;
use crate::verdict::listing::{Standing, SubjectVerdict};

use super::args::{DnsArgs, ServerAddress, ZonesArgs};
use super::exit::Failure;
use super::lists::{self, Chosen};

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
        let chosen = Chosen::read(args, &lists::kinds(&subjects))?;
        chosen.check(&subjects, args.over_limit)?;
        if subjects.is_empty() {
            return Ok(None);
        }
        let lookups = lookups(&chosen, resolver)?;
        Ok(Some(Self { lookups, plan: chosen.plan(subjects, seed) }))
    }

    /// Asks them all, up to the moment when the run is to finish.
    pub(super) async fn ask(self, finish: &CancellationToken) -> Listings {
        ask_lists(&self.lookups, self.plan, finish, || {}).await
    }
}

/// The name server that lists are asked through, as an audit does it.
pub(super) fn lookups(
    chosen: &Chosen,
    resolver: Option<ServerAddress>,
) -> Result<CachedLookups<DirectResolver>, Failure> {
    let dns = DnsArgs { resolver, dns_timeout: PATIENCE };
    chosen.lookups(&dns).map_err(|mut failure| {
        let way_out = format!("; or leave lists out with --skip {CATEGORY}");
        failure.messages.iter_mut().for_each(|message| message.push_str(&way_out));
        failure
    })
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

/// Hosts about which lists say nothing although they were to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unheard {
    hosts: u64,
    first: Vec<String>,
}

impl Unheard {
    /// How many hosts are named.
    const NAMED: usize = 3;

    /// Counts a host if its report says so: `subjects` are those of the report, each with its standing.
    pub(super) fn add<'a>(
        &mut self,
        target: impl Display,
        subjects: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let unknown = subjects.filter(|(_, standing)| *standing == Standing::Unknown.as_str());
        let unknown: Vec<_> = unknown.map(|(subject, _)| subject).collect();
        if unknown.is_empty() {
            return;
        }
        self.hosts += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(format!("{} of {target}", unknown.join(" and ")));
        }
    }

    /// All of it in one line, where there is something to tell.
    pub(super) fn message(&self) -> Option<String> {
        let rest = self.hosts.saturating_sub(u64::try_from(self.first.len()).unwrap_or(u64::MAX));
        let more = match rest {
            0 => String::new(),
            rest => format!(", and of {rest} more"),
        };
        let hosts = if self.hosts == 1 { "host" } else { "hosts" };
        (self.hosts > 0).then(|| {
            format!(
                "no list says anything about {} {hosts}, whether they are listed is not known: {}{more}",
                self.hosts,
                self.first.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_no_list_knows_are_told_in_one_line() {
        let mut unheard = Unheard::default();
        assert_eq!(unheard.message(), None);
        let both = [("192.0.2.1", "not-listed"), ("a.example", "unknown")];
        unheard.add("192.0.2.1:25", both.into_iter());
        let one = "no list says anything about 1 host, whether they are listed is not known: \
                   a.example of 192.0.2.1:25";
        assert_eq!(unheard.message().as_deref(), Some(one));
        unheard.add("192.0.2.2:25", [("192.0.2.2", "listed")].into_iter());
        unheard.add("192.0.2.3:25", [].into_iter());
        assert_eq!(unheard.message().as_deref(), Some(one), "these are known");
        for last in 4..9 {
            let address = format!("192.0.2.{last}");
            let subjects = [(address.as_str(), "unknown"), ("a.example", "unknown")];
            unheard.add(format!("{address}:25"), subjects.into_iter());
        }
        let all = "no list says anything about 6 hosts, whether they are listed is not known: \
                   a.example of 192.0.2.1:25, 192.0.2.4 and a.example of 192.0.2.4:25, \
                   192.0.2.5 and a.example of 192.0.2.5:25, and of 3 more";
        assert_eq!(unheard.message().as_deref(), Some(all));
    }
}
