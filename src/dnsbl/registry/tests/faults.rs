//! What is wrong with a file of zones, and how that is told.

use super::*;

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
