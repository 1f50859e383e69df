use super::*;
use crate::dnsbl::Registry;

const KEY: &str = "Abc123def456ghi789jkl012mn";
const NIBBLES: &str = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";

fn zone(id: &str) -> Zone {
    Registry::embedded().unwrap().zone(id).unwrap().clone()
}

fn address(text: &str) -> About<'static> {
    About::Address(text.parse().unwrap())
}

#[test]
fn subjects_become_names() {
    let v6 = format!("{NIBBLES}.zen.spamhaus.org");
    let cases = [
        ("IPv4", "spamhaus-zen", address("192.0.2.99"), "99.2.0.192.zen.spamhaus.org"),
        ("IPv6", "spamhaus-zen", address("2001:db8::1"), v6.as_str()),
        ("mapped", "psbl", address("::ffff:192.0.2.99"), "99.2.0.192.psbl.surriel.com"),
        ("domain", "uribl", About::Domain("Mail.Example.ORG."), "mail.example.org.multi.uribl.com"),
        (
            "A-labels",
            "uribl",
            About::Domain("xn--bcher-kva.example"),
            "xn--bcher-kva.example.multi.uribl.com",
        ),
    ];
    for (case, id, about, expected) in cases {
        let name = zone(id).query_name(about, None).unwrap();
        assert_eq!((name.asked(), name.masked()), (expected, expected), "{case}");
    }
}

#[test]
fn a_key_is_asked_and_never_shown() {
    let zone = zone("spamhaus-zen-dqs");
    assert_eq!(zone.key_name(), Some("spamhaus-dqs"));
    let name = zone.query_name(address("192.0.2.99"), Some(KEY)).unwrap();
    let asked = format!("99.2.0.192.{}.zen.dq.spamhaus.net", KEY.to_ascii_lowercase());
    assert_eq!(name.asked(), asked);
    let masked = "99.2.0.192.{key}.zen.dq.spamhaus.net";
    assert_eq!(name.masked(), masked);
    assert_eq!(name.to_string(), masked);
    assert_eq!(format!("{name:?}"), format!("QueryName({masked})"));
}

#[test]
fn test_entries_become_names() {
    use SubjectKind::{Domain, Ipv4, Ipv6};
    let mapped = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org";
    let cases = [
        ("IPv4", "spamhaus-zen", Ipv4, "127.0.0.2", "2.0.0.127.zen.spamhaus.org"),
        ("IPv6 stays IPv6", "spamhaus-zen", Ipv6, "::ffff:7f00:2", mapped),
        ("name", "sem-uri", Domain, "_DNSBL_.test", "_dnsbl_.test.uribl.spameatingmonkey.net"),
        ("octets as a name", "uribl", Domain, "2.0.0.127", "2.0.0.127.multi.uribl.com"),
    ];
    for (case, id, kind, entry, expected) in cases {
        assert_eq!(zone(id).entry_name(kind, entry, None).unwrap().asked(), expected, "{case}");
    }
    let dbl = zone("spamhaus-dbl");
    assert_eq!(dbl.label_name("K3v9", None).unwrap().asked(), "k3v9.dbl.spamhaus.org");
    assert_eq!(dbl.own_name(None).unwrap().asked(), "dbl.spamhaus.org");
}

#[test]
fn every_test_entry_of_the_registry_has_a_name() {
    let registry = Registry::embedded().unwrap();
    for zone in registry.zones() {
        for entry in &zone.entries {
            for text in [&entry.positive, &entry.negative].into_iter().flatten() {
                let name = zone.entry_name(entry.kind, text, Some(KEY));
                assert!(name.is_ok(), "{} {text}", zone.id);
            }
        }
    }
}

#[test]
fn what_cannot_be_asked_is_told() {
    let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(50)].join(".");
    let cases = [
        (
            "IPv6 at a list of IPv4",
            zone("psbl").query_name(address("2001:db8::1"), None),
            "psbl lists no IPv6 addresses; ask a zone that does",
        ),
        (
            "an address at a list of names",
            zone("spamhaus-dbl").query_name(address("192.0.2.1"), None),
            "spamhaus-dbl lists no IPv4 addresses; ask a zone that does",
        ),
        (
            "a name at a list of addresses",
            zone("spamhaus-zen").query_name(About::Domain("example.org"), None),
            "spamhaus-zen lists no domain names; ask a zone that does",
        ),
        (
            "an address given as a name",
            zone("spamhaus-dbl").query_name(About::Domain("192.0.2.1"), None),
            "192.0.2.1 is an address and spamhaus-dbl would be asked about a name; give it as an address",
        ),
        (
            "an IPv6 address given as a name",
            zone("spamhaus-dbl").query_name(About::Domain("2001:db8::1"), None),
            "2001:db8::1 is an address and spamhaus-dbl would be asked about a name; give it as an address",
        ),
        (
            "no name",
            zone("uribl").query_name(About::Domain("ex\nample.org"), None),
            "uribl cannot be asked about `ex\\nample.org`: it contains '\\n'; use letters, digits, - and _, and \
             xn-- labels for other scripts",
        ),
        (
            "nothing",
            zone("uribl").query_name(About::Domain("."), None),
            "uribl cannot be asked about ``: it is empty",
        ),
        (
            "too long together",
            zone("uribl").query_name(About::Domain(&long), None),
            "uribl: the name to ask for has 258 octets, and 253 is the most; ask about a name above it",
        ),
        (
            "no key",
            zone("abusix").query_name(address("192.0.2.1"), None),
            "abusix needs a key; give one for `abusix`",
        ),
        (
            "no key for the zone itself",
            zone("spamhaus-zen-dqs").own_name(None),
            "spamhaus-zen-dqs needs a key; give one for `spamhaus-dqs`",
        ),
        (
            "a key that is a name",
            zone("abusix").query_name(address("192.0.2.1"), Some("se.cret")),
            "the key for abusix cannot stand in a domain name; copy it anew from the operator's page",
        ),
        (
            "a test entry of another kind",
            zone("psbl").entry_name(SubjectKind::Ipv4, "::1", None),
            "psbl: the test entry `::1` is not one of IPv4 addresses; correct it",
        ),
    ];
    for (case, result, expected) in cases {
        assert_eq!(result.unwrap_err().to_string(), expected, "{case}");
    }
}

#[test]
fn a_key_at_a_zone_without_one_is_not_sent() {
    let name = zone("psbl").query_name(address("192.0.2.1"), Some(KEY)).unwrap();
    assert_eq!(name.asked(), "1.2.0.192.psbl.surriel.com");
}

#[test]
fn the_longest_name_is_asked() {
    let fits = |octets: usize| {
        let tail = octets - ".multi.uribl.com".len() - 3 * 64;
        [&"a".repeat(63), &"b".repeat(63), &"c".repeat(63), &"d".repeat(tail)]
            .map(String::as_str)
            .join(".")
    };
    let (most, more) = (fits(253), fits(254));
    assert_eq!(zone("uribl").query_name(About::Domain(&most), None).unwrap().asked().len(), 253);
    assert!(zone("uribl").query_name(About::Domain(&more), None).is_err());
}
