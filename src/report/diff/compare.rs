//! The comparison itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::SCHEMA;
use super::facts::{Facts, FindingFacts, HostFacts};
use super::model::{
    DiffReport, DiffSummary, FindingChange, HostChange, Presence, Side, Standing, VerdictChange,
};
use super::told::{Told, is_relaying, is_verdict, listing_subject, told};
use crate::report::model::Tool;

/// Compares two reports.
pub fn compare(old: &Facts, new: &Facts) -> DiffReport {
    let addresses: BTreeSet<_> = old.hosts.keys().chain(new.hosts.keys()).copied().collect();
    let hosts: Vec<_> = addresses
        .into_iter()
        .map(|address| host(address, old.hosts.get(&address), new.hosts.get(&address)))
        .collect();
    let summary = summary(&hosts);
    let (old, new) = (side(old), side(new));
    DiffReport { schema: SCHEMA, tool: Tool::this(), old, new, hosts, summary }
}

fn side(facts: &Facts) -> Side {
    Side { started: facts.started.clone(), hosts: facts.hosts.len(), ended: facts.ended }
}

fn host(address: SocketAddr, old: Option<&HostFacts>, new: Option<&HostFacts>) -> HostChange {
    let mut findings = findings(old, new);
    findings.sort_by(|a, b| {
        let by_weight = a.standing.cmp(&b.standing).then(b.severity.cmp(&a.severity));
        by_weight
            .then_with(|| (&a.check, &a.probe, &a.summary).cmp(&(&b.check, &b.probe, &b.summary)))
    });
    let relay = verdict(old, new, &findings);
    HostChange {
        name: new.or(old).and_then(|host| host.target.name.clone()),
        address: address.ip(),
        port: address.port(),
        presence: match (old, new) {
            (Some(_), None) => Presence::OnlyOld,
            (None, _) => Presence::OnlyNew,
            (Some(_), Some(_)) => Presence::Both,
        },
        relay,
        findings,
    }
}

/// True for the same claim in both reports.
pub(super) fn is_same(old: &FindingFacts, new: &FindingFacts) -> bool {
    if old.id != new.id {
        return false;
    }
    if is_relaying(&old.id) {
        // One cause has one finding; which of its forms leads may change.
        let explains = |one: &FindingFacts, other: &FindingFacts| {
            other.code.as_ref().is_some_and(|code| one.also.contains(code))
        };
        return old.probe == new.probe || explains(old, new) || explains(new, old);
    }
    if old.id.starts_with("listed-") {
        return listing_subject(&old.summary) == listing_subject(&new.summary);
    }
    old.probe == new.probe
}

fn findings(old: Option<&HostFacts>, new: Option<&HostFacts>) -> Vec<FindingChange> {
    let of = |host: Option<&'_ HostFacts>| -> Vec<FindingFacts> {
        host.map(|host| host.rest.findings.clone()).unwrap_or_default()
    };
    let (before, now) = (of(old), of(new));
    let mut all: Vec<_> = now
        .iter()
        .map(|finding| {
            let known = before.iter().any(|older| is_same(older, finding));
            change(finding, if known { Standing::Unchanged } else { Standing::New }, None)
        })
        .collect();
    for finding in before.iter().filter(|older| !now.iter().any(|newer| is_same(older, newer))) {
        let said = match (old, new) {
            (Some(old), Some(new)) => told(finding, old, new),
            _ => Told::Unknown("the host is not in the newer report".to_owned()),
        };
        all.push(match said {
            Told::Gone => change(finding, Standing::Fixed, None),
            Told::Still => change(finding, Standing::Unchanged, None),
            Told::Unknown(why) => change(finding, Standing::NoLongerTestable, Some(why)),
        });
    }
    all
}

fn change(finding: &FindingFacts, standing: Standing, reason: Option<String>) -> FindingChange {
    FindingChange {
        standing,
        check: finding.id.clone(),
        severity: finding.severity,
        probe: finding.probe.clone(),
        summary: finding.summary.clone(),
        reason,
    }
}

fn verdict(
    old: Option<&HostFacts>,
    new: Option<&HostFacts>,
    findings: &[FindingChange],
) -> VerdictChange {
    let word = |host: Option<&HostFacts>| host.map(|host| host.relay.verdict.clone());
    let (old, new) = (word(old), word(new));
    let known = |word: &Option<String>| word.as_deref().is_some_and(is_verdict);
    let mut relaying = findings.iter().filter(|finding| is_relaying(&finding.check));
    let doubtful = relaying.any(|finding| finding.standing.is_unknown());
    let standing = match (old.as_deref(), new.as_deref()) {
        _ if !known(&new) && known(&old) => Standing::NoLongerTestable,
        _ if !known(&new) => Standing::StillUntestable,
        (Some("open"), Some("open" | "conditional")) => Standing::Unchanged,
        (Some("conditional"), Some("conditional")) => Standing::Unchanged,
        (_, Some("open" | "conditional")) => Standing::New,
        (Some("closed"), _) => Standing::Unchanged,
        // Closed for what was asked, and what was open was not asked.
        (Some("open" | "conditional"), _) if doubtful => Standing::NoLongerTestable,
        (Some("open" | "conditional"), _) => Standing::Fixed,
        _ => Standing::NowTestable,
    };
    VerdictChange { standing, old, new }
}

fn summary(hosts: &[HostChange]) -> DiffSummary {
    let count = |wanted: Standing| {
        let all = hosts.iter().flat_map(|host| &host.findings);
        all.filter(|finding| finding.standing == wanted).count()
    };
    let only = |wanted: Presence| hosts.iter().filter(|host| host.presence == wanted).count();
    DiffSummary {
        new: count(Standing::New),
        fixed: count(Standing::Fixed),
        unchanged: count(Standing::Unchanged),
        no_longer_testable: count(Standing::NoLongerTestable),
        verdicts_unknown: hosts.iter().filter(|host| host.relay.standing.is_unknown()).count(),
        hosts_only_old: only(Presence::OnlyOld),
        hosts_only_new: only(Presence::OnlyNew),
    }
}
