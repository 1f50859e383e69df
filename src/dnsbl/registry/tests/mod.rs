mod faults;
mod own;

use jiff::civil::date;

use super::*;
use crate::dnsbl::{Status, Weight};

fn ids<'a>(zones: impl IntoIterator<Item = &'a Zone>) -> Vec<&'a str> {
    zones.into_iter().map(|zone| zone.id.as_str()).collect()
}

fn embedded() -> Registry {
    Registry::embedded().unwrap()
}

#[test]
fn the_built_in_registry_is_sound() {
    let registry = embedded();
    assert_eq!(registry.lint(), []);
    assert_eq!((registry.version(), registry.date()), (1, date(2026, 11, 16)));
    for zone in registry.zones() {
        assert!(zone.checked.is_some_and(|day| day <= registry.date()), "{}", zone.id);
        assert_eq!(registry.zone(&zone.zone), Some(zone));
    }
}

#[test]
fn only_lists_that_anybody_may_ask_and_test_are_defaults() {
    let registry = embedded();
    let expected = [
        "spamhaus-zen",
        "spamhaus-dbl",
        "spamcop",
        "psbl",
        "mailspike-bl",
        "sem-black",
        "sem-ipv6",
        "sem-uri",
        "uceprotect-1",
        "uceprotect-2",
        "uceprotect-3",
        "gbudb-truncate",
        "uribl",
        "dnswl",
    ];
    assert_eq!(ids(registry.defaults()), expected);
    for zone in registry.defaults() {
        assert_eq!((zone.access, zone.status), (Access::Free, Status::Alive), "{}", zone.id);
    }
}

#[test]
fn unconfirmed_lists_take_no_points() {
    let registry = embedded();
    let unconfirmed: Vec<_> =
        registry.zones().filter(|zone| zone.status == Status::Unconfirmed).collect();
    assert_eq!(unconfirmed.len(), 10);
    for zone in unconfirmed {
        assert!(zone.codes.iter().all(|code| code.weight == Weight::Info), "{}", zone.id);
    }
}

#[test]
fn zones_are_found_by_id_and_name() {
    let registry = embedded();
    let cases = [
        ("id", "spamhaus-zen", Some("spamhaus-zen")),
        ("name", "zen.spamhaus.org", Some("spamhaus-zen")),
        ("case and final dot", "Zen.Spamhaus.ORG.", Some("spamhaus-zen")),
        ("with a key", "{key}.zen.dq.spamhaus.net", Some("spamhaus-zen-dqs")),
        ("below a zone", "x.zen.spamhaus.org", None),
        ("unknown", "bl.example.org", None),
    ];
    for (case, name, expected) in cases {
        assert_eq!(registry.zone(name).map(|zone| zone.id.as_str()), expected, "{case}");
    }
}

#[test]
fn the_dead_are_known_with_all_below_them() {
    let registry = embedded();
    let cases = [
        ("emptied", "dnsbl.sorbs.net", Some("2024-06-05")),
        ("case and final dot", "New.Spam.DNSBL.Sorbs.Net.", Some("2024-06-05")),
        ("itself", "sorbs.net", Some("2024-06-05")),
        ("listed all", "relays.ordb.org", Some("2006-12-18")),
        ("quiet since", "ix.dnsbl.manitu.net", Some("2025-01-16")),
        ("same end", "notsorbs.net", None),
        ("above", "ordb.org", None),
        ("alive", "zen.spamhaus.org", None),
        ("the heir of a name", "spamrbl.swinog.ch", None),
    ];
    for (case, name, ended) in cases {
        let stone = registry.tombstone(name);
        assert_eq!(stone.and_then(|stone| stone.ended.as_deref()), ended, "{case}");
        assert_eq!(stone.is_some(), ended.is_some(), "{case}");
    }
    let renamed = registry.tombstone("spamrbl.imp.ch").unwrap();
    assert_eq!(renamed.renamed.as_deref(), Some("spamrbl.swinog.ch"));
    assert_eq!(registry.tombstone("wormrbl.imp.ch").unwrap().renamed, None);
    assert_eq!(registry.tombstones().count(), 48);
}

#[test]
fn data_grow_stale() {
    let registry = embedded();
    let cases = [
        ("before its date", date(2020, 1, 1), false),
        ("its date", date(2026, 11, 16), false),
        ("180 days on", date(2027, 5, 15), false),
        ("181 days on", date(2027, 5, 16), true),
        ("the end of time", date(9999, 12, 31), true),
    ];
    for (case, today, stale) in cases {
        assert_eq!(registry.is_stale(today), stale, "{case}");
    }
}

#[test]
fn zones_with_a_key_take_the_place_of_those_without() {
    let mut registry = embedded();
    assert_eq!(registry.chosen(&Keys::default()), registry.defaults().collect::<Vec<_>>());
    let keys = Keys::read("spamhaus-dqs = \"a\"\nabusix = \"b\"", "keys.toml").unwrap();
    let chosen = ids(registry.chosen(&keys));
    for (id, expected) in [
        ("spamhaus-zen", false),
        ("spamhaus-dbl", false),
        ("spamhaus-zen-dqs", true),
        ("spamhaus-dbl-dqs", true),
        ("abusix", true),
        ("psbl", true),
        ("barracuda", false),
    ] {
        assert_eq!(chosen.contains(&id), expected, "{id}");
    }
    let always =
        "[[zone]]\nid = \"k\"\nzone = \"{key}.example.org\"\nkind = \"ipv4\"\ndefault = true";
    registry.overlay(OwnZones::read(always, "own.toml").unwrap()).unwrap();
    assert!(!ids(registry.chosen(&keys)).contains(&"k"), "no key, no question");
}
