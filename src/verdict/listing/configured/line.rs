//! The setting as it should be: the same list with the answers that count.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::dnsbl::configured::{ConfiguredZone, Dialect};
use crate::dnsbl::{Code, Decoding, Purpose, Reading, Zone};

/// Values of one octet, in ascending order: first and last.
type Spans = Vec<(u8, u8)>;

/// What to write in the place of the setting; `None` where no answer counts.
pub(super) fn filtered(
    dialect: Dialect,
    configured: &ConfiguredZone,
    zone: &Zone,
) -> Option<String> {
    let name = &configured.zone;
    let sets = sets(zone);
    // Whether a colon within the keys separates cannot be told from them alone.
    if sets.is_empty() || configured.keys.as_ref().is_some_and(|keys| keys.contains(':')) {
        return None;
    }
    let rule = configured.rule.as_deref().unwrap_or("LISTED");
    Some(match dialect {
        Dialect::PostfixMain | Dialect::PostfixMaster => {
            let all: Vec<_> =
                sets.iter().map(|octets| format!("{name}={}", postfix(octets))).collect();
            // A setting that is the name and what stands before it can be written anew as a whole.
            match configured.text.strip_suffix(name.as_str()) {
                Some(before) if !before.trim().is_empty() => {
                    let settings = all.iter().map(|one| format!("{}{one}", before.trim_start()));
                    settings.collect::<Vec<_>>().join(", ")
                }
                _ => all.join(" and "),
            }
        }
        Dialect::Exim => {
            let keys = configured.keys.as_ref().map(|keys| format!("/{keys}")).unwrap_or_default();
            format!("dnslists = {name}={}{keys}", every(&sets).join(","))
        }
        Dialect::SendmailMc | Dialect::SendmailCf => {
            let answers = every(&sets).into_iter().map(|answer| format!("`{answer}.'"));
            let answers = answers.collect::<Vec<_>>().join(", ");
            format!("FEATURE(`enhdnsbl', `{name}', `', `t', {answers})dnl")
        }
        Dialect::Rspamd => {
            let answers = every(&sets).into_iter().map(|answer| format!("\"{answer}\""));
            let answers = answers.collect::<Vec<_>>().join(", ");
            format!("returncodes {{ {rule}_LISTED = [{answers}]; }}")
        }
        Dialect::SpamAssassin => {
            let answers = every(&sets).join("|").replace('.', "\\.");
            format!("header {rule} eval:check_rbl('{}', '{name}.', '^(?:{answers})$')", zone.id)
        }
    })
}

/// Every answer that counts.
pub(super) fn listed(zone: &Zone) -> Vec<Ipv4Addr> {
    every(&sets(zone)).iter().filter_map(|answer| answer.parse().ok()).collect()
}

/// The answers that count, as few sets as will do; each is given octet by octet.
fn sets(zone: &Zone) -> Vec<[Spans; 4]> {
    let counts = |code: &&Code| code.listing || zone.purpose == Purpose::Allow;
    let mut sets: Vec<[Spans; 4]> = Vec::new();
    let mut single: BTreeMap<[u8; 3], Vec<u8>> = BTreeMap::new();
    if zone.decoding == Decoding::Bitmask {
        for last in 1..=u8::MAX {
            let answer = Ipv4Addr::new(127, 0, 0, last);
            if let Reading::Codes(hits) = zone.read(&[answer])
                && hits.iter().all(|hit| hit.meaning.is_some() && hit.listing)
            {
                single.entry([127, 0, 0]).or_default().push(last);
            }
        }
    } else {
        for code in zone.codes.iter().filter(counts) {
            let [a, b, c, first] = code.first.octets();
            let [x, y, z, last] = code.last.unwrap_or(code.first).octets();
            match [a, b, c] == [x, y, z] {
                true => single.entry([a, b, c]).or_default().extend(first..=last),
                false => {
                    let span = |from: u8, to: u8| vec![(from.min(to), from.max(to))];
                    sets.push([span(a, x), span(b, y), span(c, z), span(first, last)]);
                }
            }
        }
    }
    let fixed = |octet: u8| vec![(octet, octet)];
    sets.extend(
        single.into_iter().map(|([a, b, c], lasts)| [fixed(a), fixed(b), fixed(c), spans(lasts)]),
    );
    sets
}

fn spans(mut values: Vec<u8>) -> Spans {
    values.sort_unstable();
    values.dedup();
    let mut spans: Spans = Vec::new();
    for value in values {
        match spans.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(value) => *last = value,
            _ => spans.push((value, value)),
        }
    }
    spans
}

/// `127.0.0.[2..4;9]`.
fn postfix(octets: &[Spans; 4]) -> String {
    let octet = |spans: &Spans| match spans.as_slice() {
        [(first, last)] if first == last => first.to_string(),
        several => {
            let each = several.iter().map(|(first, last)| match first == last {
                true => first.to_string(),
                false => format!("{first}..{last}"),
            });
            format!("[{}]", each.collect::<Vec<_>>().join(";"))
        }
    };
    octets.each_ref().map(octet).join(".")
}

/// Every single answer.
fn every(sets: &[[Spans; 4]]) -> Vec<String> {
    let values =
        |spans: &Spans| spans.iter().flat_map(|(from, to)| *from..=*to).collect::<Vec<_>>();
    let of = |[a, b, c, d]: &[Spans; 4]| {
        let mut all = vec![String::new()];
        for octet in [a, b, c, d] {
            let longer = |text: &String| {
                let point = if text.is_empty() { "" } else { "." };
                values(octet)
                    .into_iter()
                    .map(|value| format!("{text}{point}{value}"))
                    .collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    };
    sets.iter().flat_map(of).collect()
}
