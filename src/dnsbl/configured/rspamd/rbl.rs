//! One list of the module `rbl`.

use super::super::filter::{Accepted, Filter};
use super::super::pattern::Pattern;
use super::super::reading::{Reading, zone_name};
use super::super::{Asked, ConfiguredZone, NoteKind, Use};
use super::ucl::{Object, Value};

/// What holds for lists that do not say otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    disabled: bool,
    unknown: bool,
}

impl Defaults {
    /// The defaults within an object.
    pub(super) fn within(&self, object: &Object) -> Self {
        Self {
            disabled: self.disabled
                || is_disabled(object)
                || object.flag("default_enabled") == Some(false),
            unknown: object.flag("default_unknown").unwrap_or(self.unknown),
        }
    }
}

/// Whether an object is turned off.
pub(super) fn is_disabled(object: &Object) -> bool {
    object.flag("enabled") == Some(false) || object.flag("disabled") == Some(true)
}

/// Reads one list.
pub(super) fn read(
    name: &str,
    line: usize,
    object: &Object,
    defaults: &Defaults,
    reading: &mut Reading,
) {
    let text = object.get("rbl").and_then(Value::text).unwrap_or_default();
    let Some(zone) = zone_name(text) else {
        let message = format!("`{text}` of `{name}` is no name of a zone");
        reading.not_followed(line, text, message);
        return;
    };
    let on = object.flag("enabled") == Some(true);
    if is_disabled(object) || (defaults.disabled && !on) {
        let message = format!("{zone} is not asked: `{name}` is turned off");
        reading.note(NoteKind::Disabled, line, name, message);
        return;
    }
    let allow = object.flag("is_whitelist") == Some(true);
    let exceptions = object.all_texts("whitelist_exception");
    let symbol = object.get("symbol").and_then(Value::text);
    let place = Place { name, line, zone: &zone, allow, exceptions };
    let filters = filters(object, &place, reading);
    let unknown = object.flag("unknown").unwrap_or(defaults.unknown);
    if let (true, Some(symbol), false) = (unknown, symbol, filters.is_empty()) {
        let message =
            format!("answers of {zone} that are not named here add the symbol `{symbol}`");
        reading.note(NoteKind::Meaning, line, name, message);
    }
    let whole = vec![(symbol.unwrap_or(name).to_owned(), Answers::All)];
    let filters = if filters.is_empty() { whole } else { filters };
    for asked in by_kind(asked(object, name, line, reading)) {
        for (symbol, answers) in &filters {
            place.add(&asked, symbol, answers, reading);
        }
    }
}

/// What the zones of one list have in common.
struct Place<'a> {
    name: &'a str,
    line: usize,
    zone: &'a str,
    allow: bool,
    /// The symbols of an allow list that do not speak for a mail.
    exceptions: Vec<String>,
}

/// The answers that add a symbol.
enum Answers {
    All,
    Of(Filter),
    Unread(String),
}

impl Place<'_> {
    fn add(&self, asked: &[Asked], symbol: &str, answers: &Answers, reading: &mut Reading) {
        let Some(first) = asked.first() else { return };
        let text = format!("{} {{ rbl = {} … {symbol} }}", self.name, self.zone);
        let spared = self.exceptions.iter().any(|known| known.eq_ignore_ascii_case(symbol));
        let usage = if self.allow && !spared { Use::Allow } else { Use::Score };
        let mut found = ConfiguredZone::new(self.zone.to_owned(), usage, *first, self.line, &text);
        found.asked = asked.to_vec();
        found.rule = Some(symbol.to_owned());
        match answers {
            Answers::All => {}
            Answers::Of(filter) => found.filter = Some(filter.clone()),
            Answers::Unread(text) => found.unread_filter = Some(text.clone()),
        }
        reading.zone(found);
    }
}

/// Reads one answer.
type Matcher = fn(&str) -> Option<Accepted>;

/// For each symbol the answers that add it.
fn filters(object: &Object, place: &Place<'_>, reading: &mut Reading) -> Vec<(String, Answers)> {
    let bits = object.get("returnbits").or_else(|| object.get("return_bits"));
    let codes = object.get("returncodes").or_else(|| object.get("return_codes"));
    let matcher = object.get("returncodes_matcher").and_then(Value::text);
    let (table, read): (_, Matcher) = match (bits, codes) {
        (Some(Value::Object(bits)), _) => (bits, |text| text.parse().ok().map(Accepted::AllBits)),
        (None, Some(Value::Object(codes))) => {
            // A code with a `%` or a `[` makes all of them Lua patterns.
            let implied = codes.texts().iter().any(|text| text.contains(['%', '[']));
            let read: Matcher = match matcher {
                Some("luapattern") => lua,
                None if implied => lua,
                None | Some("equality") => |text| text.parse().ok().map(Accepted::Exact),
                Some("glob") => |text| Pattern::glob(text).map(Accepted::Text),
                Some("radix") => net,
                Some("regexp") => regex,
                Some(_) => |_| None,
            };
            (codes, read)
        }
        (None, None) => return Vec::new(),
        _ => {
            let message = format!("the answers of {} that count are not read", place.zone);
            reading.not_followed(place.line, place.name, message);
            return vec![(place.name.to_owned(), Answers::Unread("returncodes".to_owned()))];
        }
    };
    let mut found = Vec::new();
    for member in &table.members {
        let texts = member.value.texts();
        let text = texts.join(", ");
        let accepted: Option<Vec<_>> = texts.iter().map(|text| read(text)).collect();
        let answers = match accepted {
            Some(accepted) => Answers::Of(Filter::any(accepted, &text)),
            None => {
                let message = format!("the answers `{text}` of {} cannot be read", place.zone);
                reading.not_followed(member.line, &text, message);
                Answers::Unread(text)
            }
        };
        found.push((member.key.to_ascii_uppercase(), answers));
    }
    found
}

fn lua(text: &str) -> Option<Accepted> {
    Pattern::lua(text).map(Accepted::Text)
}

fn net(text: &str) -> Option<Accepted> {
    match text.parse() {
        Ok(net) => Some(Accepted::Net(net)),
        Err(_) => text.parse().ok().map(Accepted::Exact),
    }
}

fn regex(text: &str) -> Option<Accepted> {
    let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(text);
    Pattern::regex(inner).map(Accepted::Text)
}

/// What the list is asked about. Without any check it is the client's address.
fn asked(object: &Object, name: &str, line: usize, reading: &mut Reading) -> Vec<Asked> {
    const CHECKS: [&str; 12] = [
        "from",
        "received",
        "helo",
        "urls",
        "content_urls",
        "numeric_urls",
        "emails",
        "images",
        "replyto",
        "dkim",
        "rdns",
        "selector",
    ];
    let excluded = object.get("exclude_checks").map(Value::texts).unwrap_or_default();
    let mut checks: Vec<String> = object.get("checks").map(Value::texts).unwrap_or_default();
    checks.retain(|check| !excluded.contains(check));
    for check in CHECKS {
        let own = object.flag(check) == Some(true) || (check == "selector" && object.has(check));
        if own {
            checks.push(check.to_owned());
        }
    }
    let hashed = object.has("hash");
    let resolved = object.flag("resolve_ip") == Some(true);
    let mut found = Vec::new();
    for check in &checks {
        found.push(match check.as_str() {
            "from" => Asked::ClientAddress,
            "received" => Asked::ReceivedAddress,
            _ if hashed => Asked::Hash,
            "numeric_urls" => Asked::OtherAddress,
            _ if resolved => Asked::OtherAddress,
            "helo" => Asked::Helo,
            "rdns" => Asked::ReverseName,
            "urls" | "content_urls" | "emails" | "images" | "replyto" | "dkim" => Asked::Content,
            "selector" => Asked::OtherName,
            other => {
                let message = format!("the check `{other}` of `{name}` is not known");
                reading.not_followed(line, other, message);
                continue;
            }
        });
    }
    if found.is_empty() {
        found.push(Asked::ClientAddress);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The same, apart by kind.
fn by_kind(asked: Vec<Asked>) -> Vec<Vec<Asked>> {
    let mut found: Vec<Vec<Asked>> = Vec::new();
    for one in asked {
        let same = |group: &&mut Vec<Asked>| group.iter().any(|known| known.kind() == one.kind());
        match found.iter_mut().find(same) {
            Some(group) => group.push(one),
            None => found.push(vec![one]),
        }
    }
    found
}
