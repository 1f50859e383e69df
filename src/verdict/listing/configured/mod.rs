//! What is wrong with the lists that a configuration file names.

mod line;
#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;

use super::health::{Health, ZoneState, health};
use super::resolver::resolver_faults;
use crate::dnsbl::configured::{ConfiguredZone, Dialect, Kind, Note, Use};
use crate::dnsbl::{Decoding, Purpose, Reading, SubjectKind, Zone};
use crate::evidence::listing::{Listings, ZoneEvidence};
use crate::finding::{Confidence, Finding};

use line::{filtered, listed};

/// A configuration file that names lists.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredFile {
    /// The file, as the user named it.
    pub name: String,
    /// The language that it is written in.
    pub dialect: Dialect,
    /// The lists, in the order of the file.
    pub lists: Vec<ConfiguredList>,
    /// What its reader could not follow, and what else there is to know.
    pub notes: Vec<Note>,
}

/// A list that a file names.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredList {
    /// How it is used. A key in its name is masked.
    pub configured: ConfiguredZone,
    /// The list's id; `None` where it could not be asked.
    pub list: Option<String>,
    /// Whether anything is known of it: the registry, or the user's own file, has it.
    pub known: bool,
    /// Whether its operator is known to answer who asks too much, or in the wrong way, with an address.
    pub refuses_in_band: bool,
}

/// What a list of a file has shown of itself; `None` where it was not asked.
pub fn configured_health(list: &ConfiguredList, listings: &Listings) -> Option<Health> {
    let evidence = evidence_of(list, listings)?;
    Some(health(evidence, kind_of(&list.configured, &evidence.zone)?))
}

/// What is wrong with a list of a file, the worst first.
pub fn configured_findings(
    file: &ConfiguredFile,
    list: &ConfiguredList,
    listings: &Listings,
) -> Vec<Finding> {
    let place = format!("{}:{}", file.name, list.configured.line);
    let of_state = configured_health(list, listings)
        .and_then(|health| of_state(&place, list, &health, listings));
    let evidence = evidence_of(list, listings);
    let unfiltered = evidence
        .filter(|evidence| list.known && evidence.skipped.is_none())
        .and_then(|evidence| unfiltered(&place, file.dialect, list, &evidence.zone));
    let wrong_kind = evidence
        .filter(|_| list.known)
        .and_then(|evidence| wrong_kind(&place, list, &evidence.zone));
    of_state.into_iter().chain(wrong_kind).chain(unfiltered).collect()
}

fn evidence_of<'a>(list: &ConfiguredList, listings: &'a Listings) -> Option<&'a ZoneEvidence> {
    let id = list.list.as_ref()?;
    listings.zones.iter().find(|evidence| evidence.zone.id == *id)
}

/// Whether the list is asked about what it does not list. Of hashes, no list says what it knows.
fn is_of_other_kind(configured: &ConfiguredZone, zone: &Zone) -> bool {
    configured.kind != Kind::Hash && kind_of(configured, zone).is_none()
}

fn wrong_kind(place: &str, list: &ConfiguredList, zone: &Zone) -> Option<Finding> {
    if !is_of_other_kind(&list.configured, zone) {
        return None;
    }
    let asked = match list.configured.kind {
        Kind::Address => "addresses",
        Kind::Domain => "names",
        Kind::Hash => "hashes",
    };
    let kinds: Vec<_> = zone.entries.iter().map(|entry| entry.kind.to_string()).collect();
    let summary = format!(
        "{place} asks {} about {asked}, and it lists {}",
        list.configured.zone,
        kinds.join(" and ")
    );
    let mut finding = Finding::new("configured-list-wrong-kind", Confidence::High, summary)?;
    finding.notes.push(format!("setting: {}", list.configured.text));
    Some(finding)
}

/// Which entries of the zone speak for the use that is made of it.
fn kind_of(configured: &ConfiguredZone, zone: &Zone) -> Option<SubjectKind> {
    let kinds: &[SubjectKind] = match configured.kind {
        Kind::Address => &[SubjectKind::Ipv4, SubjectKind::Ipv6],
        Kind::Domain => &[SubjectKind::Domain],
        Kind::Hash => &[],
    };
    kinds.iter().copied().find(|kind| zone.entry(*kind).is_some())
}

fn of_state(
    place: &str,
    list: &ConfiguredList,
    health: &Health,
    listings: &Listings,
) -> Option<Finding> {
    let zone = &list.configured.zone;
    let asked = health.state != ZoneState::Tombstoned;
    if asked && resolver_faults(listings).iter().any(|fault| fault.disqualifies) {
        // What comes through such a resolver says nothing about the list.
        return None;
    }
    let (id, confidence, what) = match health.state {
        ZoneState::ListsWorld => {
            ("configured-list-lists-world", Confidence::High, "which lists everything")
        }
        ZoneState::Refused => ("configured-list-refuses", Confidence::High, "which refuses"),
        // A list can be made to look empty to one resolver.
        ZoneState::Emptied => ("configured-list-dead", Confidence::Medium, "which is empty"),
        ZoneState::Tombstoned => ("configured-list-dead", Confidence::High, "which is dead"),
        state if state.is_dead() => ("configured-list-dead", Confidence::High, "which is gone"),
        _ => return None,
    };
    let summary = format!("{place} asks {zone}, {what}: {}", health.text);
    let mut finding = Finding::new(id, confidence, summary)?;
    finding.notes.push(format!("setting: {}", list.configured.text));
    finding.notes.extend(health.shown.iter().map(ToString::to_string));
    if !health.remedy.is_empty() {
        finding.notes.push(format!("remedy: {}", health.remedy));
    }
    Some(finding)
}

/// The answers that are no listings, and that the configuration takes for some.
fn unfiltered(
    place: &str,
    dialect: Dialect,
    list: &ConfiguredList,
    zone: &Zone,
) -> Option<Finding> {
    let other = is_of_other_kind(&list.configured, zone);
    if list.configured.kind == Kind::Hash || waits_for_no_listing(&list.configured, zone) {
        return None;
    }
    let taken: Vec<_> = no_listings(list, zone)
        .into_iter()
        .filter(|(answer, _)| list.configured.accepts(&[*answer]) == Some(true))
        .collect();
    let (first, meaning) = taken.first()?;
    let others = match taken.len() {
        1 => String::new(),
        more => format!(", and {} more such answers", more - 1),
    };
    let summary = format!(
        "{place} takes {first} from {} for a listing, and it means: {meaning}{others}",
        list.configured.zone
    );
    let mut finding = Finding::new("configured-list-unfiltered", Confidence::High, summary)?;
    finding.notes.push(format!("setting: {}", list.configured.text));
    // The answers that speak against somebody are not what an allow list should take, and no filter mends a question
    // about the wrong thing.
    let allows = list.configured.usage == Use::Allow && zone.purpose == Purpose::Block;
    let line = filtered(dialect, &list.configured, zone).filter(|_| !other && !allows);
    finding.notes.extend(line.map(|line| format!("write: {line}")));
    Some(finding)
}

/// Whether the setting is there to catch answers that are no listings: it takes none that is one, and costs no mail.
fn waits_for_no_listing(configured: &ConfiguredZone, zone: &Zone) -> bool {
    let costs = match configured.usage {
        Use::Reject | Use::Defer | Use::Discard | Use::Quarantine => true,
        Use::Score | Use::Warn | Use::Allow | Use::Confirm => false,
    };
    // A rule has its own score, or waits for others; a list without one counts against the client.
    let rule = configured.rule.is_some();
    let listed = listed(zone);
    let takes_none = || {
        let mut all = listed.iter();
        all.all(|answer| configured.accepts(&[*answer]) == Some(false))
    };
    !costs && rule && !listed.is_empty() && takes_none()
}

/// Answers that are about who asks, or about a subject without any reproach.
fn no_listings(list: &ConfiguredList, zone: &Zone) -> Vec<(Ipv4Addr, String)> {
    const ERRORS: [u8; 3] = [254, 255, 252];
    let errors = ERRORS.iter().filter(|_| list.refuses_in_band);
    let errors = errors.map(|last| Ipv4Addr::new(127, 255, 255, *last));
    let own = zone.refusals.iter().flat_map(|refusal| match zone.decoding {
        // One bit of a sum is enough.
        Decoding::Bitmask => {
            let all = (1..=u8::MAX).map(|last| Ipv4Addr::new(127, 0, 0, last));
            all.filter(|answer| answer.to_bits() & refusal.answer.to_bits() & 0xff != 0).collect()
        }
        Decoding::Exact | Decoding::Range => vec![refusal.answer],
    });
    let refusals = errors.chain(own).filter_map(|answer| match zone.read(&[answer]) {
        Reading::Refused(refusal) => Some((answer, refusal.meaning)),
        _ => None,
    });
    let harms = zone.purpose == Purpose::Block && list.configured.usage != Use::Allow;
    let harmless = zone
        .codes
        .iter()
        .filter(|code| harms && !code.listing)
        .map(|code| (code.first, code.meaning.clone()));
    refusals.chain(harmless).collect()
}
