//! Sendmail: the m4 source of a configuration, and what m4 makes of it.

mod cf;
mod m4;
mod mc;

use super::Use;
use super::filter::{Accepted, Filter};
use super::octets::Octets;
use super::reading::Reading;
use super::zone::ConfiguredZone;

pub(super) use cf::read_cf;
pub(super) use mc::read_mc;

/// Puts the left sides of the rules that match an answer into the zone. A rule of `$+` matches every answer.
fn set_patterns(zone: &mut ConfiguredZone, patterns: &[String], reading: &mut Reading) {
    let patterns: Vec<_> = patterns.iter().map(|pattern| pattern.trim()).collect();
    if patterns.iter().any(|pattern| ["$+", "$*"].contains(pattern)) {
        return;
    }
    let text = patterns.join(" ");
    let mut accepted = Vec::new();
    for pattern in patterns {
        match Octets::sendmail(pattern) {
            Some(octets) => accepted.push(Accepted::Octets(octets)),
            // The map ends its answers with a dot, and a pattern without one matches none.
            None if pattern.parse::<std::net::Ipv4Addr>().is_ok() => {
                let message = format!("`{pattern}` matches no answer: it needs a final dot");
                reading.not_followed(zone.line, pattern, message);
            }
            None => {
                let message = format!("the answer `{pattern}` of {} cannot be read", zone.zone);
                reading.not_followed(zone.line, pattern, message);
                zone.unread_filter = Some(text.clone());
            }
        }
    }
    if zone.unread_filter.is_none() {
        zone.filter = Some(Filter::any(accepted, &text));
    }
}

/// What a match does, by the word in place of the message.
fn usage(word: &str) -> Use {
    match word {
        "quarantine" => Use::Quarantine,
        "discard" => Use::Discard,
        _ => Use::Reject,
    }
}
