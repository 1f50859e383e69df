//! DNS-based lists beside a sweep: whether and which are asked, what that costs at most, and their proof before anything
//! is sent to a host.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::cli::args::SweepArgs;
use crate::cli::exit::Failure;
use crate::cli::lists::Chosen;
use crate::cli::{complain, reputation};
use crate::dns::{CachedLookups, DirectResolver, LookupLimits};
use crate::dnsbl::{SubjectCounts, SubjectKind, Zone, budget};
use crate::engine::{Allowance, Interrupt, ProvedLists};
use crate::evidence::Identity;
use crate::evidence::listing::{Listings, Subject};
use crate::evidence::lookup::LookupAnswer;
use crate::target::Target;
use crate::target::name::is_special_use;
use crate::target::set::AddressSet;

use super::estimate::grouped;

/// Lists that are about to be asked.
pub(super) struct Lists {
    chosen: Chosen,
    lookups: CachedLookups<DirectResolver>,
    counts: SubjectCounts,
    over_limit: bool,
    resumed: bool,
}

/// What lists are asked if every address is a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Questions {
    /// For the proofs and the domains.
    pub(super) once: u64,
    /// About each host at a public address.
    pub(super) each: u64,
    /// All together.
    pub(super) most: u64,
    /// Lists that may be asked less than that: their ids, and how much they may be asked in a day.
    pub(super) too_many: Vec<(String, u64)>,
    /// How long the slowest list takes for its part.
    pub(super) time: Duration,
}

impl Lists {
    /// Lists for these addresses and the domains of the run; `None` where none of them is one that a public list could
    /// know.
    pub(super) fn prepare(
        args: &SweepArgs,
        addresses: &AddressSet,
        named: &HashMap<(std::net::IpAddr, u16), Target>,
        identity: &Identity,
    ) -> Result<Option<Self>, Failure> {
        let counts = counts(addresses, named, identity);
        // What is wrong with the files is told even where they are not needed.
        let chosen = Chosen::read(&args.zones, &kinds(counts))?;
        if counts == SubjectCounts::default() {
            return Ok(None);
        }
        let lookups = reputation::lookups(&chosen, args.network.resolver)?;
        let (over_limit, resumed) = (args.zones.over_limit, args.run.resume.is_some());
        Ok(Some(Self { chosen, lookups, counts, over_limit, resumed }))
    }

    /// A digest of which they are.
    pub(super) fn digest(&self) -> String {
        self.chosen.digest()
    }

    /// What they are asked at most.
    pub(super) fn questions(&self) -> Questions {
        questions(self.counts, self.chosen.asked(), self.over_limit)
    }

    /// Has them prove themselves. Each is asked no more than its operator allows in a day, unless the user lifts that.
    ///
    /// # Errors
    /// Where nothing answers at all: then nobody would be known to be listed or not.
    pub(super) async fn prove(
        self,
        seed: u64,
        interrupt: &Interrupt,
    ) -> Result<ProvedLists, Failure> {
        let limits: Vec<_> = self.chosen.asked().filter_map(limit).collect();
        let allowance = match self.over_limit {
            true => Allowance::default(),
            false => Allowance::new(limits.clone(), move |zone| spent(&limits, zone)),
        };
        let kinds = kinds(self.counts).into_iter().collect();
        let plan = self.chosen.plan(Vec::new(), seed);
        let (lookups, stop) = (Box::new(self.lookups), &interrupt.finish);
        let lists = ProvedLists::prove(lookups, plan, &kinds, allowance, stop).await;
        if !interrupt.finish.is_cancelled() && is_dead(lists.proofs()) {
            // What a run leaves out is decided when it begins.
            let way_out = match self.resumed {
                true => String::new(),
                false => format!(", or leave lists out with --skip {}", reputation::CATEGORY),
            };
            let servers = lists.proofs().resolvers.join(", ");
            return Err(Failure::usage(format!(
                "no answer about any list comes from the name server {servers}; name another one with \
                 --resolver{way_out}"
            )));
        }
        Ok(lists)
    }
}

fn limit(zone: &Zone) -> Option<(String, u64)> {
    zone.daily_limit.map(|limit| (zone.id.clone(), limit))
}

fn spent(limits: &[(String, u64)], zone: &str) {
    let limit = limits.iter().find(|(id, _)| id == zone).map_or(0, |(_, limit)| *limit);
    complain(&format!(
        "{zone}: its operator allows {} questions in a day, and these are used up: what it would say of further hosts \
         is not known (--over-limit asks on)",
        grouped(limit)
    ));
}

/// Whom lists can be asked about if every address is a host.
fn counts(
    addresses: &AddressSet,
    named: &HashMap<(std::net::IpAddr, u16), Target>,
    identity: &Identity,
) -> SubjectCounts {
    let public = addresses.public();
    let ipv6 = public.ipv6().count();
    let all = usize::try_from(public.len()).unwrap_or(usize::MAX);
    let of_names = named.values().flat_map(|target| reputation::subjects_of(target, identity));
    let of_names = of_names.filter_map(|subject| match subject {
        Subject::Domain(domain) => Some(domain),
        Subject::Address(_) => None,
    });
    let own = identity.local_domains.iter().filter(|domain| !is_special_use(domain)).cloned();
    let domains: BTreeSet<_> = of_names.chain(own).collect();
    SubjectCounts { ipv4: all - ipv6, ipv6, domains: domains.len() }
}

fn kinds(counts: SubjectCounts) -> Vec<SubjectKind> {
    let all = [
        (counts.ipv4, SubjectKind::Ipv4),
        (counts.ipv6, SubjectKind::Ipv6),
        (counts.domains, SubjectKind::Domain),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).map(|(_, kind)| kind).collect()
}

fn questions<'a>(
    counts: SubjectCounts,
    zones: impl Iterator<Item = &'a Zone>,
    over_limit: bool,
) -> Questions {
    let zones: Vec<_> = zones.collect();
    let all = budget(counts, zones.iter().copied());
    let one = |count: usize| count.min(1);
    let (ipv4, ipv6) = (one(counts.ipv4), one(counts.ipv6));
    let fewest = budget(SubjectCounts { ipv4, ipv6, ..counts }, zones.iter().copied()).total();
    let of = |kind, count: usize| {
        let knowing = zones.iter().filter(|zone| zone.entry(kind).is_some()).count();
        u64::try_from(knowing.saturating_mul(count)).unwrap_or(u64::MAX)
    };
    let (of_ipv4, of_ipv6) = (of(SubjectKind::Ipv4, ipv4), of(SubjectKind::Ipv6, ipv6));
    let pace = |zone: &Zone| {
        let usual = LookupLimits::default().per_second;
        f64::from(zone.per_second.filter(|rate| *rate > 0).unwrap_or(usual.get()))
    };
    let times = zones.iter().zip(&all.zones).map(|(zone, cost)| {
        let queries = match zone.daily_limit.filter(|_| !over_limit) {
            Some(limit) => cost.queries.min(limit),
            None => cost.queries,
        };
        Duration::try_from_secs_f64(queries as f64 / pace(zone)).unwrap_or(Duration::MAX)
    });
    let exceeding = all.exceeding().filter(|_| !over_limit);
    Questions {
        once: fewest.saturating_sub(of_ipv4).saturating_sub(of_ipv6),
        each: of_ipv4.max(of_ipv6),
        most: all.total(),
        too_many: exceeding
            .map(|zone| (zone.zone.clone(), zone.daily_limit.unwrap_or_default()))
            .collect(),
        time: times.max().unwrap_or_default(),
    }
}

/// Whether nobody has answered anything.
fn is_dead(proofs: &Listings) -> bool {
    let lookups = proofs.zones.iter().flat_map(|zone| {
        let entries = zone.entries.iter().flat_map(|entry| [&entry.positive, &entry.negative]);
        [&zone.authority, &zone.random].into_iter().chain(entries)
    });
    let mut lookups = lookups.chain([&proofs.preflight.invalid]).flatten();
    let silence = |answer: &LookupAnswer| {
        use LookupAnswer::{NotAsked, Timeout, Unreachable};
        matches!(answer, Timeout | NotAsked | Unreachable(_))
    };
    lookups.all(|lookup| silence(&lookup.answer))
}
