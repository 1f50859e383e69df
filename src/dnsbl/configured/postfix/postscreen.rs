//! `postscreen_dnsbl_sites`.

use super::super::reading::{Reading, zone_name};
use super::super::{Asked, ConfiguredZone, NoteKind, Use};
use super::expand::{Expander, Word};
use super::syntax::Parameter;

/// Reads the sites that postscreen asks, and what becomes of their sum.
pub(super) fn read(parameters: &[Parameter], expander: &mut Expander<'_>, reading: &mut Reading) {
    for parameter in parameters {
        if parameter.setting() != "postscreen_dnsbl_sites" || !expander.counts(parameter) {
            continue;
        }
        let words = expander.words(parameter);
        for word in &words {
            site(word, reading);
        }
        if !words.is_empty() {
            meaning(parameter, expander, reading);
        }
    }
}

/// One site: `zone`, `zone=filter`, `zone*weight` or `zone=filter*weight`.
fn site(word: &Word, reading: &mut Reading) {
    let text = word.text.as_str();
    let (site, weight) = match text.split_once('*') {
        Some((site, weight)) => (site, Some(weight)),
        None => (text, None),
    };
    let (name, filter) = match site.split_once('=') {
        Some((name, filter)) => (name, Some(filter)),
        None => (site, None),
    };
    let Some(name) = zone_name(name) else {
        let message = match text.contains('$') {
            true => format!("`{text}` is not set in this file"),
            false => format!("`{text}` is no name of a zone"),
        };
        reading.not_followed(word.line, text, message);
        return;
    };
    let weight: i32 = match weight.unwrap_or("1").parse() {
        Ok(weight) => weight,
        Err(_) => {
            let message = format!("the weight of `{text}` is no whole number");
            reading.not_followed(word.line, text, message);
            return;
        }
    };
    let usage = if weight < 0 { Use::Allow } else { Use::Score };
    let mut zone = ConfiguredZone::new(name, usage, Asked::ClientAddress, word.line, text);
    zone.weight = Some(f64::from(weight));
    if let Some(filter) = filter {
        super::set_filter(&mut zone, filter, reading);
    }
    reading.zone(zone);
}

/// What the sum of the weights does.
fn meaning(parameter: &Parameter, expander: &mut Expander<'_>, reading: &mut Reading) {
    let prefix = parameter.name.strip_suffix(parameter.setting()).unwrap_or_default().to_owned();
    let mut value =
        |setting: &str| expander.value(&format!("{prefix}{setting}")).filter(|v| !v.is_empty());
    let action = value("postscreen_dnsbl_action").unwrap_or_else(|| "ignore".to_owned());
    let threshold = value("postscreen_dnsbl_threshold").unwrap_or_else(|| "1".to_owned());
    let effect = match action.to_ascii_lowercase().as_str() {
        "enforce" => "the mail is refused".to_owned(),
        "drop" => "the connection is dropped".to_owned(),
        "ignore" => {
            "nothing happens but a line in the log (`postscreen_dnsbl_action = ignore`, the default)"
                .to_owned()
        }
        _ => format!("`postscreen_dnsbl_action = {action}` decides"),
    };
    let message = format!("at a sum of {threshold} or more, {effect}");
    reading.note(NoteKind::Meaning, parameter.line, &parameter.name, message);
    let allow = value("postscreen_dnsbl_allowlist_threshold")
        .or_else(|| value("postscreen_dnsbl_whitelist_threshold"));
    if let Some(allow) = allow.filter(|allow| allow.trim() != "0") {
        let message =
            format!("at a sum of {allow} or less, the other tests of postscreen are skipped");
        reading.note(NoteKind::Meaning, parameter.line, &parameter.name, message);
    }
}
