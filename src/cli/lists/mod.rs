//! `mxaudit lists`.

mod ask;
mod configured;
mod targets;
mod zones;

use std::io::Write as _;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Zoned;

use crate::dns::{CachedLookups, DirectResolver};
use crate::dnsbl::{Budget, Keys, Registry, SubjectCounts, SubjectKind, Zone, budget};
use crate::engine::ListPlan;
use crate::evidence::listing::{Skipped, Subject};
use crate::finding::Severity;
use crate::report::lists::{ListsReport, SubjectReport};
use crate::verdict::listing::{Standing, ZoneState};

pub(in crate::cli) use zones::registry;

use super::args::{DnsArgs, ListsArgs, ZonesArgs};
use super::exit::{Exit, Failure};
use super::reports::ListsReports;

/// The lists that are asked beside an audit, with the user's keys.
pub(super) struct Chosen {
    registry: Registry,
    keys: Keys,
    zones: Vec<Wanted>,
}

impl Chosen {
    /// Reads the user's files and chooses for these kinds of subjects.
    pub(super) fn read(args: &ZonesArgs, kinds: &[SubjectKind]) -> Result<Self, Failure> {
        let registry = registry(args)?;
        let keys = zones::keys(args, &registry)?;
        let zones = zones::choose(args, &registry, &keys, kinds)?;
        if registry.is_stale(Zoned::now().date()) {
            say(&old(&registry));
        }
        Ok(Self { registry, keys, zones })
    }

    /// The lists that are asked.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Zone> {
        asked(&self.zones)
    }

    /// A digest of which lists are asked: their ids and their zones. No key is part of it.
    pub(super) fn digest(&self) -> String {
        let mut all: Vec<_> =
            self.asked().map(|zone| format!("{} {}\n", zone.id, zone.zone)).collect();
        all.sort_unstable();
        HEXLOWER.encode(digest::digest(&digest::SHA256, all.concat().as_bytes()).as_ref())
    }

    /// Refuses to ask a list about more subjects than it bears.
    pub(super) fn check(&self, subjects: &[Subject], over_limit: bool) -> Result<(), Failure> {
        check(&budget(counts(subjects), self.asked()), over_limit)
    }

    /// The name server to ask.
    pub(super) fn lookups(&self, args: &DnsArgs) -> Result<CachedLookups<DirectResolver>, Failure> {
        ask::lookups(args, &self.zones, &self.keys)
    }

    /// What is to be asked about these.
    pub(super) fn plan(self, subjects: Vec<Subject>, seed: u64) -> ListPlan {
        let registry = (self.registry.version(), self.registry.date());
        let (zones, keys) = (self.zones, self.keys);
        ListPlan { registry, zones, subjects, prove_all: false, keys, seed }
    }
}

fn asked(zones: &[Wanted]) -> impl Iterator<Item = &Zone> {
    zones.iter().filter(|(_, skipped)| skipped.is_none()).map(|(zone, _)| zone)
}

fn old(registry: &Registry) -> String {
    format!(
        "the built-in data about lists are of {}; lists have died since then: get a newer version",
        registry.date()
    )
}

pub(super) fn lists(args: &ListsArgs) -> Result<Exit, Failure> {
    let (subjects, is_range) = targets::read(&args.targets)?;
    let registry = registry(&args.zones)?;
    let mut keys = zones::keys(&args.zones, &registry)?;
    let mut files = configured::read(&args.from_config)?;
    let chosen = match files.is_empty() {
        true => zones::choose(&args.zones, &registry, &keys, &kinds(&subjects))?,
        false => configured::choose(&mut files, &registry, &mut keys),
    };
    let cost = budget(counts(&subjects), asked(&chosen));
    check(&cost, args.zones.over_limit)?;
    let stale = registry.is_stale(Zoned::now().date());
    let lookups = ask::lookups(&args.dns, &chosen, &keys)?;
    let mut reports = ListsReports::prepare(&args.report)?;
    let runtime = super::runtime()?;
    if stale {
        say(&old(&registry));
    }
    if is_range {
        say(&told(&cost, subjects.len()));
    }
    let course = ask::Course {
        registry: (registry.version(), registry.date()),
        zones: chosen,
        subjects,
        // What a configuration asks is judged whole, whoever is looked up beside.
        prove_all: !files.is_empty(),
        keys,
        quiet: args.report.quiet,
    };
    let (listings, mut details) = runtime.block_on(ask::ask(&lookups, course))?;
    details.stale = stale;
    let report = ListsReport::build(details, &listings, &files);
    reports.write(&report)?;
    Ok(exit(&report, args.fail_on.severity(), args.health || !files.is_empty()))
}

/// Findings outrank what is missing.
fn exit(report: &ListsReport, threshold: Severity, zones_matter: bool) -> Exit {
    if report.findings().any(|finding| finding.severity >= threshold) {
        return Exit::Findings;
    }
    let unknown = |word: &str| word == Standing::Unknown.as_str();
    let subject = report.subjects.iter().any(|subject| unknown(subject.standing));
    let states = report.zones.iter().flat_map(|zone| &zone.kinds).map(|kind| kind.state);
    let nothing = [ZoneState::Silent, ZoneState::Broken, ZoneState::Refused, ZoneState::Unproven];
    let mut states = states.filter(|state| nothing.iter().any(|none| none.as_str() == *state));
    // Through a resolver that lies, no list is seen as it is; and where none works, it is hardly their doing.
    let none_works = report.summary.lists > 0 && report.summary.healthy == 0;
    let lies = report.run.resolver_disqualified || none_works;
    let subject = subject || report.subjects.iter().any(|subject| has_lost_a_list(report, subject));
    let partial = report.configurations.iter().any(|file| file.is_partial());
    let unseen = zones_matter && (lies || states.next().is_some());
    match partial || subject || report.run.interrupted || unseen {
        true => Exit::Incomplete,
        false => Exit::Clean,
    }
}

/// True where a list that had proved to work did not answer about this one: it may be listed there.
fn has_lost_a_list(report: &ListsReport, subject: &SubjectReport) -> bool {
    let works = |id: &str| {
        let zone = report.zones.iter().find(|zone| zone.id == id);
        let mut kinds = zone.into_iter().flat_map(|zone| &zone.kinds);
        kinds.any(|kind| kind.kind == subject.kind && kind.state == ZoneState::Healthy.as_str())
    };
    subject.words.iter().any(|word| word.word == "unknown" && works(&word.list))
}

/// A list that says what it bears is believed.
fn check(cost: &Budget, over_limit: bool) -> Result<(), Failure> {
    let one = |zone: &crate::dnsbl::ZoneBudget| {
        let limit = zone.daily_limit.unwrap_or_default();
        format!(
            "{}: {} queries, and its operator allows {} in a day; ask about fewer addresses, leave it out with \
             --skip-zone {}, or give --over-limit",
            zone.zone,
            thousands(zone.queries),
            thousands(limit),
            zone.zone
        )
    };
    let messages: Vec<_> = cost.exceeding().map(one).collect();
    if messages.is_empty() || over_limit {
        return Ok(());
    }
    Err(Failure { messages, exit: Exit::Usage })
}

fn told(cost: &Budget, subjects: usize) -> String {
    let asked = cost.zones.iter().filter(|zone| zone.queries > 0).count();
    let most = cost.zones.iter().map(|zone| zone.queries).max().unwrap_or_default();
    let subjects = thousands(u64::try_from(subjects).unwrap_or(u64::MAX));
    format!(
        "{subjects} subjects in {asked} lists take {} queries, at most {} to one list",
        thousands(cost.total()),
        thousands(most)
    )
}

/// A number with commas between thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn kinds(subjects: &[Subject]) -> Vec<SubjectKind> {
    let all = [SubjectKind::Ipv4, SubjectKind::Ipv6, SubjectKind::Domain];
    all.into_iter().filter(|kind| subjects.iter().any(|one| one.kind() == *kind)).collect()
}

fn counts(subjects: &[Subject]) -> SubjectCounts {
    let count = |kind| subjects.iter().filter(|subject| subject.kind() == kind).count();
    SubjectCounts {
        ipv4: count(SubjectKind::Ipv4),
        ipv6: count(SubjectKind::Ipv6),
        domains: count(SubjectKind::Domain),
    }
}

/// One line on standard error that is no complaint.
fn say(message: &str) {
    let _ = writeln!(anstream::stderr(), "mxaudit: {message}");
}

/// A list with why it is not to be asked.
type Wanted = (Zone, Option<Skipped>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let table =
            [(0, "0"), (999, "999"), (1000, "1,000"), (65_536, "65,536"), (1_234_567, "1,234,567")];
        for (number, want) in table {
            assert_eq!(thousands(number), want);
        }
    }
}
