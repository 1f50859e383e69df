//! From arguments and scope file, or from the folder of a run, to everything that a sweep needs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::announce::Announcement;
use super::estimate::{Size, estimate, fullest_64, fullest_prefix};
use super::folder::{self, Pace, Plan, Times, Versions};
use super::gather::{self, Gathered};
use super::limits::{Fitted, fitted};
use super::lists::Lists;
use super::wanted::Wanted;
use crate::cli::args::{LibraryArgs, SweepArgs, SweepProfile, ZonesArgs};
use crate::cli::categories::Categories;
use crate::cli::check::check_source;
use crate::cli::config::Config;
use crate::cli::exit::Failure;
use crate::cli::judge::Judging;
use crate::cli::run::random_seed;
use crate::cli::{identity, lists, probes};
use crate::engine::{Budget, Settings};
use crate::net::TcpDialer;
use crate::probe::{Library, Profile};
use crate::report::model::RunProfile;
use crate::session::Deadlines;
use crate::target::Target;
use crate::target::order::Order;
use crate::target::scope::Scope;
use crate::target::set::AddressSet;

/// The wait before deferred forms are asked again. It is there for servers that put every stranger
/// off once and know it as soon as it has hung up, as Postfix's postscreen does; what takes longer
/// takes minutes, and is `--greylist-wait`. The sweep ends later by as much.
const RETRY_WAIT: Duration = Duration::from_millis(100);

/// A sweep that could begin.
pub(super) struct Prepared {
    pub(super) addresses: AddressSet,
    /// Addresses that were found by a name.
    pub(super) named: HashMap<(IpAddr, u16), Target>,
    pub(super) plan: Plan,
    pub(super) versions: Versions,
    pub(super) order: Order,
    pub(super) scope: Scope,
    pub(super) settings: Settings,
    pub(super) fitted: Fitted,
    pub(super) judging: Judging,
    /// Lists to ask about the hosts, where any are.
    pub(super) lists: Option<Lists>,
    left_out: Vec<(u64, String)>,
}

impl Prepared {
    /// Reads what the user wants swept.
    pub(super) fn begin(
        args: &SweepArgs,
        config: Config,
        runtime: &Runtime,
    ) -> Result<Self, Failure> {
        let categories = Categories::read(&args.only, &args.skip)?;
        let identity = identity::identity(&args.identity, &config.auditor, &config.local)?;
        if let Some(source) = args.network.source {
            check_source("--source", source)?;
        }
        let library = Arc::new(probes::library(&args.library)?);
        let versions = Versions::current(&library, &lists::registry(&args.zones)?);
        let mut ports = args.ports.clone();
        ports.sort_unstable();
        ports.dedup();
        let mut scope = config.scope;
        let wanted = Wanted::read(args, &ports)?;
        let gathered = gather::gather(wanted, args, &ports, &identity, &mut scope, runtime)?;
        let Gathered { addresses, named, left_out, not_probed } = gathered;
        let jobs = addresses.len().saturating_mul(ports.len() as u64);
        let plan = Plan {
            targets: addresses.ranges().map(|range| range.to_string()).collect(),
            named: named.clone(),
            ports,
            jobs,
            order: match args.in_order {
                true => folder::Order::InOrder,
                false => folder::Order::Random,
            },
            seed: args.seed.unwrap_or_else(random_seed),
            profile: match args.profile {
                SweepProfile::Adaptive => RunProfile::Adaptive,
                SweepProfile::Quick => RunProfile::Quick,
                SweepProfile::Standard => RunProfile::Standard,
                SweepProfile::Thorough => RunProfile::Thorough,
            },
            limits: Pace::default().with(&args.limits),
            timing: Times::default().with(&args.timing),
            identity,
            source: args.network.source,
            outside_asserted: args.network.vantage.is_some(),
            skipped: categories.skipped,
            own_probes: probes::own(&library),
            scope_file: Some(gather::scope_file(args)),
            authority: gather::covered(&scope, &addresses),
            not_probed,
        };
        Self::of(args, plan, versions, library, scope, addresses, named, left_out)
    }

    /// What a run set out to do, as far as the scope file still permits it.
    pub(super) fn resume(
        args: &SweepArgs,
        config: Config,
        mut plan: Plan,
        versions: Versions,
    ) -> Result<Self, Failure> {
        plan.limits = plan.limits.with(&args.limits);
        plan.timing = plan.timing.with(&args.timing);
        let library = Arc::new(probes::library(&args.library)?);
        let mut scope = config.scope;
        let Gathered { addresses, named, .. } = gather::again(&plan, &mut scope)?;
        // Whoever permits it now; each host that was asked before keeps the authority of then.
        plan.scope_file = Some(gather::scope_file(args));
        plan.authority = gather::covered(&scope, &addresses);
        Self::of(args, plan, versions, library, scope, addresses, named, Vec::new())
    }

    #[allow(clippy::too_many_arguments, reason = "the two ways to begin meet here")]
    fn of(
        args: &SweepArgs,
        plan: Plan,
        mut versions: Versions,
        library: Arc<Library>,
        scope: Scope,
        addresses: AddressSet,
        named: Vec<Target>,
        left_out: Vec<(u64, String)>,
    ) -> Result<Self, Failure> {
        let fitted = fitted(&plan.limits, plan.ports.len());
        let order = match plan.order {
            folder::Order::Random => Order::random(addresses.len(), plan.seed),
            folder::Order::InOrder => Order::straight(addresses.len()),
        };
        let settings = settings(&plan, Arc::clone(&library), fitted.max_hosts);
        let judging = Judging::new(library, &plan.skipped, plan.source)?;
        let key = |target: &Target| (target.address(), target.port());
        let named = named.into_iter().map(|target| (key(&target), target)).collect();
        let lists = match plan.asks_lists() {
            true => Lists::prepare(args, &addresses, &named, &plan.identity)?,
            false => None,
        };
        versions.lists = lists.as_ref().map(Lists::digest);
        Ok(Self {
            named,
            lists,
            addresses,
            plan,
            versions,
            order,
            scope,
            settings,
            fitted,
            judging,
            left_out,
        })
    }

    /// The plan in words; `done` jobs ended in an earlier part of the run.
    pub(super) fn announcement(&self, done: u64) -> String {
        let ports = self.plan.ports.len() as u64;
        let ranges =
            self.addresses.ranges().filter_map(|range| match (range.first(), range.last()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => Some((first.to_bits(), last.to_bits())),
                _ => None,
            });
        let fullest = fullest_prefix(ranges).max(fullest_64(self.addresses.ipv6()));
        let rates = self.fitted.limits.rates;
        let profile = match self.plan.profile {
            RunProfile::Adaptive => "quick, then standard for each host that is not plainly closed",
            RunProfile::Quick => "quick",
            RunProfile::Standard => "standard",
            RunProfile::Thorough => "thorough",
        };
        let questions = self.lists.as_ref().map(Lists::questions);
        let estimate = estimate(&Size {
            jobs: self.plan.jobs.saturating_sub(done),
            fullest: fullest.max(1).saturating_mul(ports),
            profile: self.plan.profile,
            hosts: self.fitted.max_hosts as u64,
            addresses: self.fitted.limits.addresses as u64,
            rate: rates.all.into(),
            per_prefix: rates.prefix.into(),
            connect_timeout: seconds(self.plan.timing.connect_timeout),
            lists: questions.as_ref().map(|questions| questions.time).unwrap_or_default(),
        });
        let not_probed: Vec<_> = self
            .plan
            .not_probed
            .iter()
            .map(|host| format!("{} of {}: {}", host.host, host.domain, host.why))
            .collect();
        let announcement = Announcement {
            addresses: self.addresses.len(),
            done,
            ports: &self.plan.ports,
            left_out: &self.left_out,
            permits: &gather::permits(&self.scope, &self.addresses),
            not_probed: &not_probed,
            profile,
            estimate,
            questions,
            fitted: &self.fitted,
            deadline: self.plan.limits.deadline,
            seed: self.plan.seed,
        };
        announcement.text()
    }
}

fn settings(plan: &Plan, library: Arc<Library>, max_hosts: usize) -> Settings {
    let (profile, deeper) = match plan.profile {
        RunProfile::Adaptive => (Profile::Quick, Some(Profile::Standard)),
        RunProfile::Quick => (Profile::Quick, None),
        RunProfile::Standard => (Profile::Standard, None),
        RunProfile::Thorough => (Profile::Thorough, None),
    };
    let Times { greylist_wait, greeting_timeout, reply_timeout, host_deadline, .. } = plan.timing;
    Settings {
        library,
        profile,
        deeper,
        wanted: Categories { skipped: plan.skipped.clone() }.wanted(),
        identity: plan.identity.clone(),
        outside_asserted: plan.outside_asserted,
        deadlines: Deadlines { greeting: seconds(greeting_timeout), reply: seconds(reply_timeout) },
        host_deadline: seconds(host_deadline) + seconds(greylist_wait) * waits(deeper),
        retry_wait: RETRY_WAIT,
        greylist_wait: seconds(greylist_wait),
        budget: Budget::default(),
        letters: None,
        max_hosts,
        seed: plan.seed,
        matrix: None,
        pop: None,
    }
}

/// How often a host may be waited for: each profile waits for a greylist once.
fn waits(deeper: Option<Profile>) -> u32 {
    1 + u32::from(deeper.is_some())
}

/// The dialer to what the scope has admitted.
pub(super) fn dialer(prepared: &Prepared) -> TcpDialer {
    let timeout = seconds(prepared.plan.timing.connect_timeout);
    TcpDialer::new(prepared.scope.admitted(), prepared.plan.source, timeout)
}

/// What this program would ask with now.
pub(super) fn versions(library: &LibraryArgs, zones: &ZonesArgs) -> Result<Versions, Failure> {
    let library = probes::library(library)?;
    Ok(Versions::current(&library, &lists::registry(zones)?))
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_has_a_greylist_wait() {
        assert_eq!((waits(None), waits(Some(Profile::Standard))), (1, 2));
    }
}
