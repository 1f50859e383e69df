//! Zones of the user's own.

use jiff::civil::date;

use super::*;
use crate::dnsbl::{Decoding, Purpose, Reading, SubjectKind, Weight};

/// What a user writes: the shortest zone, one with a key, and a built-in one that is replaced.
const OWN: &str = r#"
# A list that answers 127.0.0.2 and has the test entries of RFC 5782.
[[zone]]
id   = "our-list"
zone = "bl.example.org"
kind = ["ipv4", "ipv6"]

# A list of names that needs a key: MXAUDIT_KEY_OUR_NAMES, or our-names = "…" in the file of keys.
[[zone]]
id       = "our-names"
zone     = "{key}.names.example.org"
entries  = [{ kind = "domain", positive = "listed.example", negative = "clean.example" }]
decoding = "bitmask"
codes    = [
  { first = "127.0.0.2", meaning = "phishing", weight = "critical", listing = true },
  { first = "127.0.0.4", meaning = "new",      weight = "info",     listing = false },
]
refusals = [{ answer = "127.0.0.1", meaning = "over quota", remedy = "ask less" }]

# The same id as a built-in zone takes its place: here, our resolver is registered.
[[zone]]
id      = "barracuda"
zone    = "b.barracudacentral.org"
kind    = "ipv4"
codes   = [{ first = "127.0.0.2", meaning = "a source of spam", weight = "major", listing = true }]
checked = 2026-11-20
"#;

#[test]
fn own_zones_may_be_short() {
    let own = OwnZones::read(OWN, "own.toml").unwrap();
    let zones: Vec<&Zone> = own.zones().collect();
    let [short, keyed, replaced] = zones[..] else { panic!("{zones:?}") };
    assert_eq!((short.title.as_str(), short.source.as_str()), ("bl.example.org", "own.toml"));
    assert_eq!(short.entries[0].positive.as_deref(), Some("127.0.0.2"));
    assert_eq!(short.entries[1].negative.as_deref(), Some("::ffff:7f00:1"));
    assert_eq!((short.decoding, short.purpose), (Decoding::Exact, Purpose::Block));
    assert_eq!((short.access, short.default), (Access::Free, true));
    assert!(short.read(&["127.0.0.2".parse().unwrap()]).is_documented());
    assert_eq!((short.checked, short.homepage.as_deref()), (None, None));
    assert_eq!((keyed.access, keyed.default), (Access::Key, false));
    assert_eq!(keyed.key_name(), Some("our-names"));
    assert!(matches!(keyed.read(&["127.0.0.3".parse().unwrap()]), Reading::Refused(_)));
    assert_eq!(replaced.checked, Some(date(2026, 11, 20)));
}

#[test]
fn own_zones_join_and_replace() {
    let mut registry = embedded();
    let before = registry.zones().count();
    assert_eq!(registry.zone("barracuda").unwrap().access, Access::Registered);
    registry.overlay(OwnZones::read(OWN, "own.toml").unwrap()).unwrap();
    assert_eq!(registry.zones().count(), before + 2);
    let barracuda = registry.zone("b.barracudacentral.org").unwrap();
    assert_eq!((barracuda.access, barracuda.default), (Access::Free, true));
    assert!(registry.is_own(barracuda));
    assert!(!registry.is_own(registry.zone("psbl").unwrap()));
    assert_eq!(registry.version(), 1);
    assert_eq!(registry.lint(), []);
}

#[test]
fn a_list_of_names_and_an_allow_list_have_their_own_defaults() {
    let text =
        "[[zone]]\nid = \"a\"\nzone = \"WL.Example.org.\"\nkind = \"domain\"\npurpose = \"allow\"";
    let own = OwnZones::read(text, "own.toml").unwrap();
    let zone = own.zones().next().unwrap();
    assert_eq!(zone.zone, "wl.example.org");
    let entry = zone.entry(SubjectKind::Domain).unwrap();
    assert_eq!(entry.positive.as_deref(), Some("TEST"));
    assert_eq!(entry.negative.as_deref(), Some("INVALID"));
    assert_eq!((zone.codes[0].weight, zone.codes[0].listing), (Weight::Allow, false));
}
