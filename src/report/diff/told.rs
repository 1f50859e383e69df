//! Whether a newer report tells that a finding of an older one is gone.

use super::facts::{CellFacts, FindingFacts, HostFacts};
use crate::finding::catalogue;

/// What the newer report tells of a finding that it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was asked again, and is right.
    Gone,
    /// It is as it was, under another finding.
    Still,
    /// It was not asked, or the answer tells nothing.
    Unknown(String),
}

const ACCEPTED: [&str; 3] = ["accepted-recipient", "accepted-message", "delivered"];
const REFUSED: [&str; 2] = ["refused", "auth-required"];

/// True for a check that says that a host relays.
pub(super) fn is_relaying(check: &str) -> bool {
    catalogue::RELAYING.contains(&check)
}

/// True for a verdict that says how the host is.
pub(super) fn is_verdict(word: &str) -> bool {
    matches!(word, "open" | "conditional" | "closed")
}

/// What `new` tells of `finding`, which `old` has and `new` has not.
pub(super) fn told(finding: &FindingFacts, old: &HostFacts, new: &HostFacts) -> Told {
    if new.relay.verdict == "unreachable" {
        return unknown("the host was not reached");
    }
    let check = finding.id.as_str();
    match check {
        _ if is_relaying(check) => relaying(finding, new),
        _ if check.starts_with("listed-") => listing(finding, old, new),
        catalogue::POP_BEFORE_SMTP => match new.rest.pop_before_smtp.as_ref() {
            Some(pop) if pop.outcome == "not-granted" => Told::Gone,
            Some(pop) => Told::Unknown(format!("POP-before-SMTP is {}", pop.outcome)),
            None => unknown("POP-before-SMTP was not asked"),
        },
        catalogue::OWN_DOMAIN_SPOOFING => cells(new, &[("foreign", "local", "local")], &REFUSED),
        catalogue::AUTH_SENDS_AS_ANYONE => {
            cells(new, &[("authenticated", "foreign", "foreign")], &REFUSED)
        }
        catalogue::SEND_ONLY => cells(
            new,
            &[("foreign", "foreign", "local"), ("foreign", "null", "local")],
            &["accepted"],
        ),
        catalogue::TRUSTED_CANNOT_RELAY => cannot_relay(old, new),
        "postmaster-refused" => control(new, "postmaster", None),
        "helo-overblocking" => control(new, "mismatched-helo", None),
        "null-sender-refused" => control(new, "postmaster", Some("")),
        catalogue::XCLIENT_OFFERED => xclient(new),
        "peer-fault" | "scripted-sink" => whole(old, new),
        _ => unknown("nothing in a report shows this to be mended; look at the host"),
    }
}

fn unknown(why: &str) -> Told {
    Told::Unknown(why.to_owned())
}

/// The probe of a finding, and those that it explains, must all be refused now.
fn relaying(finding: &FindingFacts, new: &HostFacts) -> Told {
    let of = |code: &String| new.rest.probes.iter().find(|probe| probe.code == *code);
    let lead = finding.probe.as_ref().map(|id| new.rest.probes.iter().find(|p| p.id == *id));
    let asked: Vec<_> = lead.into_iter().chain(finding.also.iter().map(of)).collect();
    let outcomes = || asked.iter().copied().flatten().map(|probe| probe.outcome.as_str());
    let relays = matches!(new.relay.verdict.as_str(), "open" | "conditional");
    if relays && outcomes().any(|word| ACCEPTED.contains(&word)) {
        return Told::Still;
    }
    if !is_verdict(&new.relay.verdict) {
        return Told::Unknown(format!("the verdict is {}", new.relay.verdict));
    }
    if asked.iter().any(Option::is_none) {
        return unknown("not every form that was accepted was asked again");
    }
    if let Some(word) = outcomes().find(|word| !REFUSED.contains(word)) {
        return Told::Unknown(format!("a form that was accepted is {word} now"));
    }
    // The plain recipient at the end has no probe of its own.
    match asked.is_empty() && new.relay.verdict != "closed" {
        true => unknown("the host still relays"),
        false => Told::Gone,
    }
}

/// The address or domain, and the zone, of a listing.
pub(in crate::report) fn listing_subject(summary: &str) -> Option<(&str, &str)> {
    let (head, _) = summary.split_once(": ")?;
    head.split_once(" is listed in ")
}

fn listing(finding: &FindingFacts, old: &HostFacts, new: &HostFacts) -> Told {
    let Some((subject, zone)) = listing_subject(&finding.summary) else {
        return unknown("the list is not named");
    };
    let words = |host: &'_ HostFacts| {
        let subjects = host.rest.lists.clone().into_iter();
        subjects.filter(|one| one.subject == subject).flat_map(|one| one.words).collect::<Vec<_>>()
    };
    // The zone is in the question; a report names the list by its short name elsewhere.
    let asked = words(old).into_iter().find(|word| {
        let question = word.lookup.as_deref().unwrap_or_default();
        word.word == "listed" && question.contains(zone)
    });
    let Some(list) = asked.map(|word| word.list) else {
        return unknown("the older report does not hold what the list answered");
    };
    match words(new).iter().find(|word| word.list == list).map(|word| word.word.as_str()) {
        Some("not-listed" | "noted") => Told::Gone,
        Some("listed") => Told::Still,
        Some(_) => Told::Unknown(format!("the list {list} does not tell")),
        None => Told::Unknown(format!("the list {list} was not asked")),
    }
}

fn cell<'a>(host: &'a HostFacts, key: (&str, &str, &str)) -> Option<&'a CellFacts> {
    let rows = &host.rest.relay_matrix.as_ref()?.rows;
    let row = rows.iter().find(|row| row.client == key.0)?;
    row.cells.iter().find(|cell| cell.sender == key.1 && cell.recipient == key.2)
}

/// Every cell must be one of the good words.
fn cells(new: &HostFacts, keys: &[(&str, &str, &str)], good: &[&str]) -> Told {
    for key in keys {
        match cell(new, *key).map(|cell| cell.observed.as_str()) {
            Some(word) if good.contains(&word) => {}
            Some(word) => return Told::Unknown(format!("a cell of the relay matrix is {word}")),
            None => return unknown("the relay matrix was not asked"),
        }
    }
    Told::Gone
}

/// What was refused to a client that may relay must be accepted now.
fn cannot_relay(old: &HostFacts, new: &HostFacts) -> Told {
    let rows = old.rest.relay_matrix.iter().flat_map(|matrix| &matrix.rows);
    let inside = rows.filter(|row| row.client != "foreign");
    let keys: Vec<_> = inside
        .flat_map(|row| row.cells.iter().map(move |cell| (row.client.as_str(), cell)))
        .filter(|(_, cell)| cell.mismatch && REFUSED.contains(&cell.observed.as_str()))
        .map(|(client, cell)| (client, cell.sender.as_str(), cell.recipient.as_str()))
        .collect();
    match keys.is_empty() {
        true => unknown("the older report does not hold the relay matrix"),
        false => cells(new, &keys, &["accepted"]),
    }
}

/// A question to which the server must have said yes, from outside.
fn control(new: &HostFacts, control: &str, sender: Option<&str>) -> Told {
    if new.rest.vantage.position.as_deref() != Some("outside") {
        return unknown("the host was not asked from outside");
    }
    let of_sender = |from: &str| sender.is_none_or(|wanted| from == wanted);
    let accepted = new.rest.controls.iter().any(|one| {
        one.control == control
            && of_sender(&one.envelope.mail_from)
            && one.outcome == "accepted-recipient"
    });
    match accepted {
        true => Told::Gone,
        false => Told::Unknown(format!("the question for {control} was not accepted")),
    }
}

fn xclient(new: &HostFacts) -> Told {
    let server = &new.rest.server;
    if server.extensions.is_empty() || new.rest.vantage.position.as_deref() != Some("outside") {
        return unknown("its extensions were not seen from outside");
    }
    let mut all = server.extensions.iter().chain(&server.extensions_in_tls);
    match all.any(|extension| extension.to_ascii_uppercase().starts_with("XCLIENT")) {
        true => Told::Still,
        false => Told::Gone,
    }
}

/// What shows anywhere in a dialogue is gone where all of at least the same was asked.
fn whole(old: &HostFacts, new: &HostFacts) -> Told {
    let coverage = new.relay.coverage;
    let complete = coverage.judged == coverage.planned
        && coverage.judged > 0
        && coverage.judged >= old.relay.coverage.judged;
    match complete && new.rest.stopped.is_none() && is_verdict(&new.relay.verdict) {
        true => Told::Gone,
        false => unknown("less was asked, or not all was answered"),
    }
}
