use jiff::civil::date;

use super::*;
use crate::dnsbl::{Decoding, Purpose, Reading, Status, SubjectKind, Weight};

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

/// A zone of the user's own with some lines in place of the usual ones.
fn own(lines: &str) -> String {
    let usual = [("id", "\"ours\""), ("zone", "\"bl.example.org\""), ("kind", "\"ipv4\"")];
    let given = |key: &str| lines.lines().any(|line| line.split(" = ").next() == Some(key));
    let kept = usual.iter().filter(|(key, _)| !(given(key) || *key == "kind" && given("entries")));
    let kept: Vec<_> = kept.map(|(key, value)| format!("{key} = {value}")).collect();
    format!("[[zone]]\n{}\n{lines}\n", kept.join("\n"))
}

/// Codes as a line of a file.
fn codes(list: &str) -> String {
    let code = |code: &str| {
        let (first, last) = code.split_once('-').unwrap_or((code, ""));
        let last = if last.is_empty() { last.to_owned() } else { format!("last = \"{last}\", ") };
        format!(
            "{{ first = \"{first}\", {last}meaning = \"x\", weight = \"info\", listing = true }}"
        )
    };
    format!("codes = [{}]", list.split(' ').map(code).collect::<Vec<_>>().join(", "))
}

#[test]
fn faults_name_zone_field_and_remedy() {
    let refused = |answer: &str| {
        format!("refusals = [{{ answer = \"{answer}\", meaning = \"x\", remedy = \"y\" }}]")
    };
    let bits = |list: &str| format!("decoding = \"bitmask\"\n{}", codes(list));
    let range = |list: &str| format!("decoding = \"range\"\n{}", codes(list));
    let entry = |rest: &str| format!("entries = [{{ kind = \"ipv4\", {rest} }}]");
    let cases = [
        ("id", "id = \"Our_List\"".to_owned(), "zone `Our_List`, id: is not of the form my-list"),
        ("id hyphens", "id = \"a--b\"".to_owned(), "zone `a--b`, id: is not of the form my-list"),
        (
            "zone",
            "zone = \"bl example.org\"".to_owned(),
            "zone: `bl example.org` is no name: it contains ' '",
        ),
        ("zone label", "zone = \"bl\"".to_owned(), "zone: is a single label"),
        (
            "key inside",
            "zone = \"{key}x.example.org\"".to_owned(),
            "zone: has {key} inside a label",
        ),
        (
            "brace",
            "zone = \"{keys}.example.org\"".to_owned(),
            "zone: `{keys}.example.org` is no name",
        ),
        (
            "key twice",
            "zone = \"{key}.{key}.org\"".to_owned(),
            "zone: has {key} inside a label or twice",
        ),
        (
            "key without place",
            "access = \"key\"".to_owned(),
            "access: is key where the zone has {key}",
        ),
        (
            "place without key",
            "zone = \"{key}.example.org\"\naccess = \"free\"".to_owned(),
            "access: is key where the zone has {key}",
        ),
        ("name of no key", "key = \"a\"".to_owned(), "key: is given for a zone without {key}"),
        (
            "odd name of a key",
            "zone = \"{key}.example.org\"\nkey = \"A b\"".to_owned(),
            "key: is not of the form my-list",
        ),
        ("no entries", "entries = []".to_owned(), "entries: is empty"),
        (
            "kind twice",
            "kind = [\"ipv4\", \"ipv4\"]".to_owned(),
            "entries: has IPv4 addresses twice",
        ),
        (
            "default without positive",
            format!("{}\ndefault = true", entry("negative = \"127.0.0.1\"")),
            "positive: has no entry for IPv4 addresses, so nobody can see whether the zone works",
        ),
        (
            "default without negative",
            format!("{}\ndefault = true", entry("positive = \"127.0.0.2\"")),
            "negative: has no entry for IPv4 addresses",
        ),
        (
            "positive of another kind",
            entry("positive = \"TEST\", negative = \"127.0.0.1\""),
            "positive: `TEST` is not one of IPv4 addresses",
        ),
        (
            "negative of another kind",
            entry("positive = \"127.0.0.2\", negative = \"::1\""),
            "negative: `::1` is not one of IPv4 addresses",
        ),
        (
            "one entry for both",
            entry("positive = \"127.0.0.2\", negative = \"127.0.0.2\""),
            "negative: is the positive entry too",
        ),
        (
            "answer that is no code",
            entry("positive = \"127.0.0.2\", negative = \"127.0.0.1\", answer = \"127.0.0.9\""),
            "answer: 127.0.0.9 is none of the codes",
        ),
        (
            "answer of nothing",
            entry("negative = \"127.0.0.1\", answer = \"127.0.0.2\""),
            "answer: is given without a positive entry",
        ),
        ("no codes", "codes = []".to_owned(), "codes: is empty"),
        ("code outside", codes("192.0.2.1"), "codes: 192.0.2.1 is outside 127.0.0.0/8"),
        ("range outside", range("127.0.0.2-128.0.0.1"), "codes: 127.0.0.2 is outside 127.0.0.0/8"),
        (
            "range backwards",
            range("127.0.0.9-127.0.0.2"),
            "codes: 127.0.0.9 begins behind its end 127.0.0.2",
        ),
        (
            "error block",
            codes("127.255.255.254"),
            "codes: 127.255.255.254 reaches into 127.255.255.0/24",
        ),
        (
            "range without decoding",
            codes("127.0.0.2-127.0.0.9"),
            "codes: 127.0.0.2 has an end; set decoding",
        ),
        ("two bits", bits("127.0.0.3"), "codes: 127.0.0.3 is no single bit"),
        ("bit elsewhere", bits("127.0.1.2"), "codes: 127.0.1.2 is no single bit"),
        ("code twice", codes("127.0.0.2 127.0.0.2"), "codes: 127.0.0.2 lies in a code before it"),
        (
            "ranges overlap",
            range("127.0.0.5-127.0.0.9 127.0.0.2-127.0.0.5"),
            "codes: 127.0.0.2 lies in a code before it",
        ),
        (
            "range over 127.0.0.1",
            range("127.0.0.0-127.0.0.9"),
            "codes: 127.0.0.0 to 127.0.0.9 makes 127.0.0.1",
        ),
        (
            "praise as a listing",
            codes("127.0.0.2").replace("info", "allow"),
            "codes: 127.0.0.2 is of weight allow and a listing",
        ),
        (
            "listing in an allow list",
            format!("purpose = \"allow\"\n{}", codes("127.0.0.2")),
            "codes: 127.0.0.2 is a listing in an allow list",
        ),
        (
            "no meaning",
            codes("127.0.0.2").replace("\"x\"", "\" \""),
            "codes: 127.0.0.2 has no meaning",
        ),
        ("refusal outside", refused("192.0.2.1"), "refusals: 192.0.2.1 is outside 127.0.0.0/8"),
        ("refusal is a code", refused("127.0.0.2"), "refusals: 127.0.0.2 is a code too"),
        (
            "refusal of two bits",
            format!("{}\n{}", bits("127.0.0.4"), refused("127.0.0.3")),
            "refusals: 127.0.0.3 is no single bit",
        ),
        (
            "refusal twice",
            refused("127.0.0.8")
                .replace("[{", "[{ answer = \"127.0.0.8\", meaning = \"x\", remedy = \"y\" }, {"),
            "refusals: 127.0.0.8 is there twice",
        ),
        (
            "no remedy",
            refused("127.0.0.8").replace("\"y\"", "\"\""),
            "refusals: 127.0.0.8 has no meaning or no remedy",
        ),
        ("title", "title = \"\"".to_owned(), "title: is empty"),
        ("source", "source = \" \"".to_owned(), "source: is empty"),
        ("homepage", "homepage = \"example.org\"".to_owned(), "homepage: is no web address"),
        ("delisting", "delisting = \"javascript:1\"".to_owned(), "delisting: is no web address"),
        ("daily limit", "daily_limit = 0".to_owned(), "daily_limit: is 0"),
        ("limit a second", "per_second = 0".to_owned(), "per_second: is 0"),
    ];
    for (case, lines, expected) in cases {
        let error = OwnZones::read(&own(&lines), "own.toml").unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected), "{case}: {text}");
        assert!(text.lines().all(|line| line.starts_with("own.toml: zone `")), "{case}: {text}");
        let RegistryError::Faults { faults, .. } = error else { panic!("{case}: {text}") };
        assert_eq!(faults.len(), 1, "{case}: {text}");
    }
}

#[test]
fn two_zones_share_neither_id_nor_name() {
    let cases = [
        (
            "id",
            "zone = \"other.example.org\"",
            "own.toml: zone `ours`, id: is used by two zones; give each its own",
        ),
        (
            "name",
            "id = \"other\"",
            "own.toml: zone `other`, zone: `bl.example.org` is already the zone `ours`; use the id `ours` to replace it",
        ),
    ];
    for (case, second, expected) in cases {
        let text = own("") + &own(second);
        assert_eq!(OwnZones::read(&text, "own.toml").unwrap_err().to_string(), expected, "{case}");
    }
}

#[test]
fn own_zones_are_measured_against_the_registry() {
    let cases = [
        (
            "dead",
            "zone = \"dnsbl.sorbs.net\"",
            "own.toml: zone `ours`, zone: is dead: emptied: it lists nothing; remove this entry",
        ),
        (
            "known under another id",
            "zone = \"psbl.surriel.com\"",
            "own.toml: zone `ours`, zone: `psbl.surriel.com` is already the zone `psbl`; use the id `psbl` to replace it",
        ),
        (
            "in place of nothing",
            "replaces = [\"nothing\"]",
            "own.toml: zone `ours`, replaces: `nothing` is not the id of another zone; correct it",
        ),
        (
            "in place of itself",
            "replaces = [\"ours\"]",
            "own.toml: zone `ours`, replaces: `ours` is not the id of another zone; correct it",
        ),
    ];
    for (case, lines, expected) in cases {
        let mut registry = embedded();
        let own = OwnZones::read(&own(lines), "own.toml").unwrap();
        assert_eq!(registry.overlay(own).unwrap_err().to_string(), expected, "{case}");
        assert_eq!(ids(registry.zones()), ids(embedded().zones()), "{case}: nothing is taken in");
    }
}

#[test]
fn texts_of_another_form_are_told_with_their_place() {
    let cases = [
        (
            "empty",
            String::new(),
            "own.toml:1:1: no zone is in it; write [[zone]] and below it id, zone and kind",
        ),
        (
            "no id",
            "[[zone]]\nzone = \"a.example\"\nkind = \"ipv4\"".into(),
            "own.toml:1:1: missing field `id`",
        ),
        (
            "no kind",
            "[[zone]]\nid = \"a\"\nzone = \"a.example\"".into(),
            "own.toml:2:6: zone `a` has neither; give kind, one or more of ipv4, ipv6 and domain, for the test \
             entries of RFC 5782, or entries for others",
        ),
        (
            "kind and entries",
            own("kind = \"ipv4\"\nentries = []"),
            "own.toml:2:6: zone `ours` has kind and entries; give kind, one or more of ipv4, ipv6 and domain, for the \
             test entries of RFC 5782, or entries for others",
        ),
        (
            "unknown kind",
            own("kind = \"ipv5\""),
            "own.toml:4:8: expected ipv4, ipv6 or domain, or a list of them",
        ),
        (
            "unknown field",
            own("colour = \"red\""),
            "own.toml:5:1: unknown field `colour`, expected one of `id`",
        ),
        (
            "unknown word",
            own("purpose = \"blok\""),
            "own.toml:5:11: unknown variant `blok`, expected `block` or `allow`",
        ),
        (
            "date",
            own("checked = \"soon\""),
            "own.toml:5:11: `soon` is no date; write one such as 2026-11-16",
        ),
        (
            "number as a date",
            own("checked = 5"),
            "own.toml:5:11: expected a date such as 2026-11-16",
        ),
        (
            "registry",
            "version = 1".into(),
            "own.toml:1:1: unknown field `version`, expected `zone`",
        ),
    ];
    for (case, text, expected) in cases {
        let error = OwnZones::read(&text, "own.toml").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{case}: {error}");
    }
}

#[test]
fn a_registry_says_where_its_data_are_from() {
    let text = format!("version = 2\ndate = 2026-11-20\n{}", own("status = \"unconfirmed\""));
    let error = Registry::read(&text, "zones.toml").unwrap_err().to_string();
    assert_eq!(
        error,
        "zones.toml: zone `ours`, checked: is missing; say when its source was read\n\
         zones.toml: zone `ours`, homepage: is missing; say where the operator describes it\n\
         zones.toml: zone `ours`, default: is true for a zone that nobody confirmed; make it false"
    );
    let stone = "version = 2\ndate = 2026-11-20\nzone = []\n[[tombstone]]\ndomains = [\"a b\"]\nwhat = \"\"\nsource = \"x\"";
    let error = Registry::read(stone, "zones.toml").unwrap_err().to_string();
    assert_eq!(
        error,
        "zones.toml: tombstone `a b`, what: is empty; fill it in\n\
         zones.toml: tombstone `a b`, domains: is no name: it contains ' '; use letters, digits, - and _, and xn-- \
         labels for other scripts"
    );
    let error = Registry::read("version = 1\nzone = []", "zones.toml").unwrap_err().to_string();
    assert_eq!(error, "zones.toml:1:1: missing field `date`");
}
