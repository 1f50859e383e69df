//! The questions of `mxaudit lists`, with their progress.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::cli::args::{DnsArgs, ServerAddress};
use crate::cli::exit::{Exit, Failure};
use crate::cli::interrupt;
use crate::cli::run::{progress, random_seed};
use crate::dns::{CachedLookups, DirectResolver, LookupLimits, QueryLimits, ZonePace};
use crate::dnsbl::Keys;
use crate::engine::{Interrupt, ListPlan, ask_lists};

use crate::evidence::listing::{Listings, Subject};
use crate::report::lists::ListsDetails;

use super::Wanted;

/// What is to be asked.
pub(super) struct Course {
    pub(super) registry: (u32, Date),
    pub(super) zones: Vec<Wanted>,
    pub(super) subjects: Vec<Subject>,
    pub(super) prove_all: bool,
    pub(super) keys: Keys,
    pub(super) quiet: bool,
}

/// The name server, asked at the pace of each list.
pub(super) fn lookups(
    args: &DnsArgs,
    zones: &[Wanted],
    keys: &Keys,
) -> Result<CachedLookups<DirectResolver>, Failure> {
    let limits = QueryLimits {
        timeout: Duration::from_secs(args.dns_timeout.into()),
        attempts: NonZeroU8::MIN.saturating_add(1),
    };
    let resolver = match args.resolver {
        Some(ServerAddress(address)) => DirectResolver::with_servers(vec![address], limits),
        None => DirectResolver::from_system(limits),
    };
    let with_remedy =
        |error| Failure::usage(format!("{error}; name a name server with --resolver"));
    let paces = zones.iter().filter_map(|(zone, _)| {
        let name = zone.own_name(keys.of(zone)).ok()?;
        let per_second = zone.per_second.and_then(NonZeroU32::new);
        Some(ZonePace { zone: name.asked().to_owned(), per_second })
    });
    let paces = paces.collect();
    Ok(CachedLookups::new(resolver.map_err(with_remedy)?, LookupLimits::default(), paces))
}

/// Asks everything. Ctrl-C once asks no more and keeps what is there; twice drops it.
pub(super) async fn ask(
    lookups: &CachedLookups<DirectResolver>,
    course: Course,
) -> Result<(Listings, ListsDetails), Failure> {
    let started = Timestamp::now().to_string();
    let interrupt = Interrupt::default();
    let words = [
        "stopping: no new questions; press Ctrl-C again to end without a report",
        "ended without a report",
    ];
    interrupt::watch(interrupt.clone(), words);
    let count = |(zone, skipped): &Wanted| match skipped {
        Some(_) => 0,
        None => course.subjects.iter().filter(|one| zone.entry(one.kind()).is_some()).count(),
    };
    let all = course.zones.iter().map(count).sum();
    let bar = progress(all, "answers", course.quiet);
    let plan = ListPlan {
        registry: course.registry,
        zones: course.zones,
        subjects: course.subjects,
        prove_all: course.prove_all,
        keys: course.keys,
        seed: random_seed(),
    };
    let listings = tokio::select! {
        listings = ask_lists(lookups, plan, &interrupt.finish, || bar.inc(1)) => listings,
        () = interrupt.abort.cancelled() => {
            return Err(Failure { messages: Vec::new(), exit: Exit::Incomplete });
        }
    };
    bar.finish_and_clear();
    let details = ListsDetails {
        started,
        finished: Timestamp::now().to_string(),
        interrupted: interrupt.finish.is_cancelled(),
        stale: false,
    };
    Ok((listings, details))
}
