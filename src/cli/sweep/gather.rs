//! What is swept: from what the user typed, or from a run that is gone on with, to addresses that the
//! scope permits.

use std::path::Path;

use tokio::runtime::Runtime;

use super::excluding::Excluding;
use super::folder::{Covered, Plan};
use super::wanted::Wanted;
use crate::cli::args::SweepArgs;
use crate::cli::check::resolver;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{complain, identity};
use crate::dns::Resolver;
use crate::engine::{NotProbed, expand, takers};
use crate::evidence::Identity;
use crate::target::Target;
use crate::target::name::is_special_use;
use crate::target::scope::{Candidate, Grant, Scope, SetRefusal, Source};
use crate::target::set::{AddressRange, AddressSet};

/// The most targets of a sweep: a /8 of addresses with 16 ports.
const MOST: u64 = 1 << 28;
/// Ranges that a permit names.
const NETWORKS: usize = 3;

/// Addresses that the scope has admitted.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) addresses: AddressSet,
    /// Those of them that were found by a name, on each port.
    pub(super) named: Vec<Target>,
    /// How many addresses are left out, and why.
    pub(super) left_out: Vec<(u64, String)>,
    pub(super) not_probed: Vec<NotProbed>,
}

/// Resolves names and asks the scope for every address.
pub(super) fn gather(
    wanted: Wanted,
    args: &SweepArgs,
    ports: &[u16],
    identity: &Identity,
    scope: &mut Scope,
    runtime: &Runtime,
) -> Result<Gathered, Failure> {
    let Wanted { ranges, names, exclude, mut left_out } = wanted;
    // A domain that is nobody's has no mail host.
    let looks_up_canary = !is_special_use(&identity.canary.1);
    let by_name = !names.is_empty() || looks_up_canary;
    let resolver = match resolver(&names, by_name, args.network.resolver) {
        // A machine without a name server can be used for addresses all the same.
        Err(failure) if names.is_empty() && args.network.resolver.is_none() => {
            complain(&format!(
                "whether a target takes the mail of {} by right is not known: {}",
                identity.canary.1,
                failure.messages.join("; ")
            ));
            resolver(&names, false, None)
        }
        found => found,
    }?;
    let without = Excluding::new(resolver.as_ref(), &exclude);
    let expansion = runtime.block_on(expand(&names, ports, &without, scope));
    if !expansion.errors.is_empty() {
        let mut messages: Vec<_> = expansion.errors.iter().map(ToString::to_string).collect();
        messages.dedup();
        return Err(Failure { messages, exit: Exit::Usage });
    }
    let found: AddressSet = expansion.targets.iter().map(Target::address).collect();
    let (excluded, ranges) = exclude.split(&ranges);
    let excluded = excluded.union(&without.left_out());
    if !excluded.is_empty() {
        left_out.push((excluded.len(), "that you exclude".to_owned()));
    }
    let admission = scope.admit_set(&ranges).map_err(refused)?;
    if !admission.excluded.is_empty() {
        left_out.push((admission.excluded.len(), "that the scope file excludes".to_owned()));
    }
    let addresses = admission.admitted.union(&found);
    if addresses.is_empty() {
        return Err(Failure::usage(
            "nothing is left to sweep: every target is excluded, or the files name none",
        ));
    }
    if addresses.len().saturating_mul(ports.len() as u64) > MOST {
        return Err(Failure::usage(format!(
            "these are more than {MOST} addresses and ports; sweep them in several runs"
        )));
    }
    let named = expansion.targets;
    identity::check_against(identity, &named)?;
    if looks_up_canary {
        let taker = taker(&identity.canary.1, &addresses, resolver.as_ref());
        if let Some(taker) = runtime.block_on(taker) {
            return Err(Failure::usage(format!(
                "the canary's domain {} is delivered to {taker}, which takes its mail by right; leave \
                 it out with --exclude, or name another domain with --auditor-domain or --canary",
                identity.canary.1
            )));
        }
    }
    Ok(Gathered { addresses, named, left_out, not_probed: expansion.not_probed })
}

/// The first of these addresses that takes the mail of `domain` by right, as far as the DNS says.
async fn taker(domain: &str, addresses: &AddressSet, resolver: &dyn Resolver) -> Option<String> {
    let takers = takers(domain, resolver).await;
    takers.into_iter().find_map(|(host, found)| {
        let address = found.into_iter().find(|address| addresses.contains(*address))?;
        Some(format!("{host} ({address})"))
    })
}

/// The targets of a run, as far as the scope file still permits them: all, or the run cannot go on.
pub(super) fn again(plan: &Plan, scope: &mut Scope) -> Result<Gathered, Failure> {
    let ranges: Result<AddressSet, _> =
        plan.targets.iter().map(|text| text.parse::<AddressRange>()).collect();
    let addresses =
        ranges.map_err(|error| Failure::usage(format!("run.json: targets: {error}")))?;
    let mut named = Vec::with_capacity(plan.named.len());
    for target in &plan.named {
        let candidate = Candidate {
            name: target.name().map(str::to_owned),
            address: target.address(),
            port: target.port(),
            mail_domain: target.mail_domain().map(str::to_owned),
            via: target.via().clone(),
            named_by_user: true,
        };
        named.push(scope.admit(candidate).map_err(Failure::usage)?);
    }
    let found: AddressSet = named.iter().map(Target::address).collect();
    let admission = scope.admit_set(&addresses.difference(&found)).map_err(refused)?;
    if let Some(first) = admission.excluded.ranges().next() {
        return Err(Failure::usage(format!(
            "the scope file now excludes {first} and perhaps others of this run; begin a new run \
             without them (`mxaudit report` shows what there is)"
        )));
    }
    Ok(Gathered { addresses, named, left_out: Vec::new(), not_probed: plan.not_probed.clone() })
}

fn refused(refusals: Vec<SetRefusal>) -> Failure {
    let messages = refusals.iter().map(ToString::to_string).collect();
    Failure { messages, exit: Exit::Usage }
}

/// The name of the scope file, for the record.
pub(super) fn scope_file(args: &SweepArgs) -> String {
    args.config.as_deref().unwrap_or(Path::new("mxaudit.toml")).display().to_string()
}

/// On whose authority, each with the targets that it covers, for the record.
pub(super) fn covered(scope: &Scope, addresses: &AddressSet) -> Vec<Covered> {
    let covered = |grant: Grant| Covered {
        authority: grant.authority,
        targets: grant.part.ranges().map(|range| range.to_string()).collect(),
    };
    scope.grants(addresses).into_iter().map(covered).collect()
}

/// The same in words, each with its number of addresses.
pub(super) fn permits(scope: &Scope, addresses: &AddressSet) -> Vec<(u64, String)> {
    scope.grants(addresses).into_iter().map(|grant| (grant.part.len(), words(&grant))).collect()
}

fn words(grant: &Grant) -> String {
    let authority = &grant.authority;
    let networks: Vec<_> = grant.networks.iter().take(NETWORKS).map(ToString::to_string).collect();
    let more = if grant.networks.len() > NETWORKS { " and others" } else { "" };
    let networks = match networks.is_empty() {
        true => String::new(),
        false => format!(" ({}{more})", networks.join(", ")),
    };
    if authority.source == Source::Loopback {
        return format!("being this machine itself{networks}");
    }
    let file = authority.file.as_deref().unwrap_or("the scope file");
    let line = grant.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let by = authority.authorized_by.as_deref();
    let by = by.map(|who| format!(", authorised by {who}")).unwrap_or_default();
    let until = authority.expires.map(|day| format!(", until {day}")).unwrap_or_default();
    format!("{file}{line}{networks}{by}{until}")
}
