use proptest::prelude::*;

use super::*;
use crate::dnsbl::{Registry, Zone};

fn registry() -> Registry {
    Registry::embedded().unwrap()
}

fn addresses(texts: &str) -> Vec<Ipv4Addr> {
    texts.split_whitespace().map(|text| text.parse().unwrap()).collect()
}

/// A reading in one line: each hit with the first word of its meaning, its weight, and `!` for a listing.
fn short(reading: &Reading) -> String {
    let hit = |hit: &Hit| {
        let bit = hit.bit.map_or_else(String::new, |bit| format!("/{bit}"));
        let word = hit.meaning.as_deref().map_or("?", |it| it.split([' ', ':']).next().unwrap());
        let mark = if hit.listing { "!" } else { "" };
        format!("{}{bit} {word} {:?}{mark}", hit.answer, hit.weight)
    };
    match reading {
        Reading::Nothing => "nothing".to_owned(),
        Reading::Refused(refusal) => format!("refused {}: {}", refusal.answer, refusal.meaning),
        Reading::Outside(addresses) => format!("outside {addresses:?}"),
        Reading::Codes(hits) => hits.iter().map(hit).collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn answers_read_as_the_operators_say() {
    let cases = [
        ("no address", "spamhaus-zen", "", "nothing"),
        ("one code", "spamhaus-zen", "127.0.0.4", "127.0.0.4 XBL Critical!"),
        (
            "several addresses",
            "spamhaus-zen",
            "127.0.0.10 127.0.0.2 127.0.0.2",
            "127.0.0.2 SBL Critical!, 127.0.0.10 PBL, Minor!",
        ),
        ("reserved code", "spamhaus-zen", "127.0.0.5", "127.0.0.5 ? Info!"),
        ("127.0.0.1", "spamhaus-zen", "127.0.0.1", "127.0.0.1 ? Info"),
        ("documented 127.0.0.1", "hostkarma", "127.0.0.1", "127.0.0.1 white Allow"),
        ("black beside", "hostkarma", "127.0.0.2", "127.0.0.2 black Minor!"),
        ("yellow", "hostkarma", "127.0.0.3", "127.0.0.3 yellow Info"),
        ("do not look up", "hostkarma", "127.0.0.5", "127.0.0.5 do Info"),
        (
            "habits and age",
            "hostkarma",
            "127.0.2.1 127.0.1.3",
            "127.0.1.3 whether Info, 127.0.2.1 how Info",
        ),
        ("outside", "psbl", "203.0.113.7", "outside [203.0.113.7]"),
        ("outside beside a code", "psbl", "127.0.0.2 203.0.113.7", "outside [203.0.113.7]"),
        (
            "public resolver",
            "spamhaus-zen",
            "127.255.255.254",
            "refused 127.255.255.254: the query came through a public or open resolver",
        ),
        (
            "wrong zone name",
            "psbl",
            "127.255.255.252",
            "refused 127.255.255.252: the name of the zone is wrong",
        ),
        (
            "another error",
            "psbl",
            "127.255.255.250",
            "refused 127.255.255.250: an error of the query, which only the operator can explain",
        ),
        (
            "a refusal goes before all",
            "psbl",
            "127.0.0.2 127.255.255.255 203.0.113.7",
            "refused 127.255.255.255: too many queries came from this resolver",
        ),
        (
            "the zone's own words",
            "senderscore",
            "127.255.255.255",
            "refused 127.255.255.255: answers registered accounts only, whatever the volume",
        ),
        (
            "asked about an address",
            "spamhaus-dbl",
            "127.0.1.255",
            "refused 127.0.1.255: asked about an address, and it lists names only",
        ),
        (
            "blocked",
            "dnswl",
            "127.0.0.255",
            "refused 127.0.0.255: the resolver is blocked for its volume",
        ),
        ("allow list", "dnswl", "127.0.5.2", "127.0.5.2 a Allow"),
        ("special", "dnswl", "127.0.10.0", "127.0.10.0 a Info"),
        ("allow list, unknown code", "dnswl", "127.0.99.1", "127.0.99.1 ? Info"),
        ("end of a range", "senderscore", "127.0.4.100", "127.0.4.100 the Info"),
        ("behind the end", "senderscore", "127.0.4.101", "127.0.4.101 ? Info!"),
        ("one bit", "uribl", "127.0.0.2", "127.0.0.2/2 black Major!"),
        (
            "three bits",
            "uribl",
            "127.0.0.14",
            "127.0.0.14/2 black Major!, 127.0.0.14/4 grey Info!, 127.0.0.14/8 red Info!",
        ),
        ("unknown bit", "uribl", "127.0.0.18", "127.0.0.18/2 black Major!, 127.0.0.18/16 ? Info!"),
        ("no bit", "uribl", "127.0.0.0", "127.0.0.0 ? Info!"),
        ("bits of another block", "uribl", "127.0.1.2", "127.0.1.2 ? Info!"),
        (
            "the bit that refuses, among others",
            "uribl",
            "127.0.0.3",
            "refused 127.0.0.1: the query is refused; the TXT record names the resolver",
        ),
        (
            "127.0.0.1 as a documented bit",
            "senderscore-bl",
            "127.0.0.1",
            "127.0.0.1/1 behaves Minor!",
        ),
    ];
    let registry = registry();
    for (case, id, answers, expected) in cases {
        let reading = registry.zone(id).unwrap().read(&addresses(answers));
        assert_eq!(short(&reading), expected, "{case}");
    }
}

#[test]
fn a_test_entry_must_answer_known_codes_only() {
    let cases = [
        ("known", "127.0.0.2", true),
        ("known and unknown", "127.0.0.2 127.0.0.99", false),
        ("unknown", "127.0.0.99", false),
        ("none", "", false),
        ("refused", "127.255.255.252", false),
        ("outside", "192.0.2.1", false),
    ];
    for (case, answers, expected) in cases {
        let reading = registry().zone("psbl").unwrap().read(&addresses(answers));
        assert_eq!(reading.is_documented(), expected, "{case}");
    }
}

/// Addresses of all sorts, most of them where codes are.
fn any_answer() -> impl Strategy<Value = Ipv4Addr> {
    prop_oneof![
        3 => any::<u8>().prop_map(|last| Ipv4Addr::new(127, 0, 0, last)),
        2 => (0..20_u8, any::<u8>()).prop_map(|(block, last)| Ipv4Addr::new(127, 0, block, last)),
        1 => any::<u8>().prop_map(|last| Ipv4Addr::new(127, 255, 255, last)),
        2 => any::<u32>().prop_map(Ipv4Addr::from),
    ]
}

fn any_zone() -> impl Strategy<Value = Zone> {
    proptest::sample::select(registry().zones().cloned().collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn an_address_outside_is_never_a_listing(
        zone in any_zone(),
        mut answers in proptest::collection::vec(any_answer(), 0..5),
        outside in any::<u32>().prop_map(Ipv4Addr::from).prop_filter("outside", |it| !it.is_loopback()),
        place in any::<proptest::sample::Index>(),
    ) {
        answers.insert(place.index(answers.len() + 1), outside);
        prop_assert!(!zone.read(&answers).is_listing());
        answers.retain(|answer| !answer.is_loopback());
        prop_assert_eq!(zone.read(&answers), Reading::Outside({ answers.sort(); answers.dedup(); answers }));
    }

    #[test]
    fn the_error_block_is_never_a_listing(
        zone in any_zone(),
        mut answers in proptest::collection::vec(any_answer(), 0..5),
        last: u8,
    ) {
        answers.push(Ipv4Addr::new(127, 255, 255, last));
        prop_assert!(matches!(zone.read(&answers), Reading::Refused(_)));
    }

    #[test]
    fn order_and_number_do_not_matter(
        zone in any_zone(),
        answers in proptest::collection::vec(any_answer(), 0..5),
        shuffled in any::<u64>(),
    ) {
        let mut other = answers.clone();
        other.extend(answers.iter().copied());
        if !other.is_empty() {
            let at = usize::try_from(shuffled % other.len() as u64).unwrap();
            other.rotate_left(at);
            other.reverse();
        }
        prop_assert_eq!(zone.read(&answers), zone.read(&other));
    }

    #[test]
    fn every_address_inside_is_told(
        zone in any_zone(),
        answers in proptest::collection::vec(any_answer(), 1..5),
    ) {
        if let Reading::Codes(hits) = zone.read(&answers) {
            for answer in answers {
                prop_assert!(hits.iter().any(|hit| hit.answer == answer), "{answer}");
            }
        }
    }

    #[test]
    fn a_bit_is_set_exactly_where_it_hits(
        id in proptest::sample::select(vec!["uribl", "surbl", "senderscore-bl"]),
        bits in 1..=u8::MAX,
    ) {
        let registry = registry();
        let zone = registry.zone(id).unwrap();
        let refused = zone.refusals.iter().any(|it| bits_of(it.answer).is_some_and(|bit| bits & bit != 0));
        let reading = zone.read(&[Ipv4Addr::new(127, 0, 0, bits)]);
        if refused {
            prop_assert!(matches!(reading, Reading::Refused(_)));
        } else {
            let told: u8 = reading.hits().iter().map(|hit| hit.bit.unwrap()).sum();
            prop_assert_eq!(told, bits);
            for hit in reading.hits() {
                let documented = zone.codes.iter().any(|code| bits_of(code.first) == hit.bit);
                prop_assert_eq!(hit.meaning.is_some(), documented);
            }
        }
    }
}
