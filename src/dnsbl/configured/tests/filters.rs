//! Filters, against a second implementation over a space that is small enough to be tried whole.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

/// The only zone of a file.
fn only(name: &str, text: &str) -> ConfiguredZone {
    let found = read(name, text.as_bytes()).unwrap();
    assert_eq!(found.zones.len(), 1, "{text}: {found:?}");
    found.zones.into_iter().next().unwrap()
}

fn postfix(filter: &str) -> ConfiguredZone {
    only("main.cf", &format!("smtpd_client_restrictions = reject_rbl_client a.b.example={filter}"))
}

fn exim(condition: &str) -> ConfiguredZone {
    only("exim.conf", &format!("begin acl\na:\n  deny dnslists = a.b.example{condition}"))
}

fn header(subtest: &str) -> ConfiguredZone {
    only("local.cf", &format!("header A1 eval:check_rbl('s', 'a.b.example.', '{subtest}')"))
}

fn uri(subtest: &str) -> ConfiguredZone {
    only("local.cf", &format!("urirhssub A1 a.b.example. A {subtest}"))
}

fn sendmail(pattern: &str) -> ConfiguredZone {
    only("x.mc", &format!("FEATURE(`enhdnsbl', `a.b.example', `m', `t', `{pattern}')"))
}

fn rspamd(codes: &str) -> ConfiguredZone {
    only("rbl.conf", &format!("rbls {{ a {{ rbl = \"a.b.example\"; {codes} }} }}"))
}

/// Addresses with every octet at and beside the places where something changes.
fn space() -> Vec<Ipv4Addr> {
    let mut found = Vec::new();
    for a in [0, 10, 126, 127, 128, 255] {
        for b in [0, 1, 255] {
            for c in [0, 1, 2, 255] {
                found.extend((0..=255).map(|d| Ipv4Addr::new(a, b, c, d)));
            }
        }
    }
    found
}

fn agree(zone: &ConfiguredZone, expected: impl Fn([u8; 4]) -> bool) {
    for answer in space() {
        assert_eq!(
            zone.accepts(&[answer]),
            Some(expected(answer.octets())),
            "{:?} of {answer}",
            zone.filter
        );
    }
}

#[test]
fn answers_of_one_record() {
    agree(&postfix("127.0.0.2"), |o| o == [127, 0, 0, 2]);
    agree(&postfix("[127.0.0.2]"), |o| o == [127, 0, 0, 2]);
    agree(&postfix("127.0.0.[2..11]"), |o| o[..3] == [127, 0, 0] && (2..=11).contains(&o[3]));
    agree(&postfix("127.0.[1;2].[4;9..10;200..255]"), |o| {
        o[..2] == [127, 0] && [1, 2].contains(&o[2]) && ([4, 9, 10].contains(&o[3]) || o[3] >= 200)
    });
    agree(&exim("=127.0.0.2,127.0.0.3"), |o| o[..3] == [127, 0, 0] && [2, 3].contains(&o[3]));
    agree(&exim("!=127.0.0.2"), |o| o != [127, 0, 0, 2]);
    agree(&exim("&0.0.0.3"), |o| o[0] == 127 && o[3] & 3 == 3);
    agree(&exim("&0.0.0.1,0.0.0.2"), |o| o[0] == 127 && o[3] & 3 != 0);
    agree(&exim("!&0.0.0.1"), |o| o[0] != 127 || o[3] & 1 == 0);
    agree(&exim("=&0.0.0.3"), |o| o[0] == 127 && o[3] & 3 == 3);
    agree(&exim(""), |o| o[0] == 127);
    agree(&header("127.0.0.2"), |o| o == [127, 0, 0, 2]);
    agree(&header("6"), |o| o[0] == 127 && o[3] & 6 != 0);
    agree(&header(r"^127\.0\.0\.[4-7]$"), |o| o[..3] == [127, 0, 0] && (4..=7).contains(&o[3]));
    agree(&header(r"\.2$"), |o| o[0] == 127 && o[3] == 2);
    agree(&uri("127.0.1.20-127.0.2.5"), |o| {
        (o[..3] == [127, 0, 1] && o[3] >= 20) || (o[..3] == [127, 0, 2] && o[3] <= 5)
    });
    agree(&uri("0x10/0x10"), |o| o[3] & 16 != 0);
    agree(&uri("127.0.1.0/255.255.255.0"), |o| o[..3] == [127, 0, 1]);
    agree(&uri("16"), |o| o[0] == 127 && o[3] & 16 != 0);
    agree(&uri("127.0.0.4"), |o| o == [127, 0, 0, 4]);
    agree(&sendmail("127.0.0.2."), |o| o == [127, 0, 0, 2]);
    agree(&sendmail("127.0.$-.2."), |o| o[..2] == [127, 0] && o[3] == 2);
    agree(&sendmail("127.0.$+"), |o| o[..2] == [127, 0]);
    agree(&sendmail(""), |_| true);
    agree(&rspamd("returnbits { X = [8, 3] }"), |o| o[3] & 8 != 0 || o[3] & 3 == 3);
    agree(&rspamd("returncodes { X = [\"127.0.0.2\", \"127.0.1.3\"] }"), |o| {
        o == [127, 0, 0, 2] || o == [127, 0, 1, 3]
    });
    agree(&rspamd("returncodes { X = \"127%.0%.%d+%.1%d\" }"), |o| {
        o[..2] == [127, 0] && (10..=19).contains(&o[3])
    });
    agree(&rspamd("returncodes_matcher = glob; returncodes { X = \"127.0.0.?\" }"), |o| {
        o[..3] == [127, 0, 0] && o[3] <= 9
    });
    agree(&rspamd("returncodes_matcher = radix; returncodes { X = \"127.0.1.0/24\" }"), |o| {
        o[..3] == [127, 0, 1]
    });
    agree(&rspamd(""), |_| true);
}

/// The four examples of Exim's specification with 127.0.0.1 and 127.0.0.2 as the answers.
#[test]
fn answers_of_two_records() {
    let both = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];
    let table = [
        ("=127.0.0.1", true),
        ("==127.0.0.1", false),
        ("==127.0.0.1,127.0.0.2", true),
        ("!&0.0.0.1", false),
        ("!=&0.0.0.1", true),
        ("!=&0.0.0.1,0.0.0.2", false),
        ("!=127.0.0.3", true),
        ("!==127.0.0.1", true),
    ];
    for (condition, expected) in table {
        assert_eq!(exim(condition).accepts(&both), Some(expected), "{condition}");
        assert_eq!(exim(condition).accepts(&[]), Some(false), "{condition}, no answer");
    }
}

#[test]
fn what_is_open() {
    let table = [
        (postfix("127.0.0.2"), false),
        (postfix("127.[0..255].[0..100;101..255].[0..255]"), true),
        (postfix("127.[0..255].[0..255].[1..255]"), false),
        (exim(""), true),
        (exim("!=127.0.0.2"), false),
        (exim("!=10.0.0.1"), true),
        (exim("&127.0.0.0"), true),
        (exim("&127.0.0.1"), false),
        (header(r"^127\."), true),
        (header(r"^127\.0\."), false),
        (header(r"^127(?!x)"), false),
        (uri("127.0.0.0/255.0.0.0"), true),
        (uri("127.0.0.0-127.255.255.254"), false),
        (sendmail("$+"), true),
        (sendmail("127.$-.$-.$-."), true),
        (rspamd("returncodes_matcher = radix; returncodes { X = \"127.0.0.0/8\" }"), true),
    ];
    for (zone, expected) in table {
        assert_eq!(zone.accepts_any(), expected, "{:?}", zone.text);
    }
    assert_eq!(header(r"^127(?!x)").accepts(&[Ipv4Addr::LOCALHOST]), None, "unread is unknown");
}

/// Filters that Postfix refuses are unread.
#[test]
fn postfix_refuses() {
    let table = [
        "",
        "127.0.0",
        "127.0.0.0.1",
        "127.0.0.256",
        "127.0.0.[2",
        "127.0.0.3[6..9]",
        "1.2.[3.4]",
        "127.0.0.[2..]",
        "127.0.0.[]",
        "127.0.0.[3..2]",
        "127.0.0.x",
        "[]",
        "127.0.0.[2..3]x",
        "127.0.0.2.",
    ];
    for filter in table {
        assert!(postfix(filter).unread_filter.is_some(), "{filter}");
    }
}

proptest! {
    /// A filter of Postfix that is put together from sets holds exactly these.
    #[test]
    fn postfix_sets(
        fields in proptest::collection::vec(proptest::collection::vec((any::<u8>(), any::<u8>()), 1..4), 4),
        answers in proptest::collection::vec(any::<[u8; 4]>(), 50),
    ) {
        let field = |ranges: &Vec<(u8, u8)>| {
            let parts: Vec<_> = ranges.iter().map(|(a, b)| match a == b {
                true => a.to_string(),
                false => format!("{}..{}", a.min(b), a.max(b)),
            }).collect();
            format!("[{}]", parts.join(";"))
        };
        let text = fields.iter().map(field).collect::<Vec<_>>().join(".");
        let zone = postfix(&text);
        let inside = fields.iter().map(|ranges| ranges[0].0).collect::<Vec<_>>();
        let inside = [inside[0], inside[1], inside[2], inside[3]];
        for octets in answers.into_iter().chain([inside]) {
            let expected = fields.iter().zip(octets).all(|(ranges, octet)| {
                ranges.iter().any(|(a, b)| (*a.min(b)..=*a.max(b)).contains(&octet))
            });
            prop_assert_eq!(zone.accepts(&[octets.into()]), Some(expected), "{}", text);
        }
    }

    /// A filter that is called open keeps nothing of 127.0.0.0/8 out.
    #[test]
    fn open_is_open(mask in any::<u32>(), answer in any::<[u8; 3]>(), negated: bool) {
        let condition = format!("{}&{}", if negated { "!" } else { "" }, Ipv4Addr::from_bits(mask));
        let zone = exim(&condition);
        let answer = Ipv4Addr::new(127, answer[0], answer[1], answer[2]);
        if zone.accepts_any() {
            prop_assert_eq!(zone.accepts(&[answer]), Some(true), "{} {}", condition, answer);
        }
    }
}
