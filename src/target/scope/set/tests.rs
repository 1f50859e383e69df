use ipnet::Ipv6Net;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::target::scope::{Candidate, Consent, Source};

const TODAY: Date = date(2026, 11, 22);
const CURRENT: Option<Date> = Some(date(2027, 1, 31));
const EXPIRED: Option<Date> = Some(date(2026, 11, 21));

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn set(texts: &[&str]) -> AddressSet {
    texts.iter().map(|text| text.parse::<AddressRange>().unwrap()).collect()
}

fn shown(set: &AddressSet) -> Vec<String> {
    set.ranges().map(|range| range.to_string()).collect()
}

fn rule(line: usize, expires: Option<Date>, networks: &[&str], exclude: &[&str]) -> Rule {
    let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Rule {
        networks: nets(networks),
        exclude: nets(exclude),
        authorized_by: Some(format!("Jane Doe, line {line}")),
        expires,
        line,
        ..Rule::default()
    }
}

fn scope() -> Scope {
    let rules = vec![
        Rule {
            domains: vec!["example.net".to_owned()],
            ..rule(5, CURRENT, &["198.51.100.0/25", "2001:db8::/64"], &["198.51.100.9/32"])
        },
        rule(12, EXPIRED, &["203.0.113.0/24", "198.51.100.0/24"], &["198.51.100.64/30"]),
        rule(20, None, &["10.1.0.0/16", "10.2.0.0/16"], &["127.0.0.0/8", "2001:db8::bad/128"]),
        Rule { domains: vec!["example.org".to_owned()], ..rule(28, CURRENT, &[], &[]) },
    ];
    Scope::from_rules(rules, "mxaudit.toml", TODAY).unwrap()
}

fn candidate(name: Option<&str>, address: IpAddr) -> Candidate {
    let via = if name.is_some() { Via::Host } else { Via::Address };
    let name = name.map(str::to_owned);
    Candidate { name, address, port: 25, mail_domain: None, via, named_by_user: true }
}

#[test]
fn a_set_in_scope_is_admitted_but_for_what_is_excluded() {
    let asked = set(&["198.51.100.0-66", "127.0.0.0/30", "::1", "2001:db8::1", "2001:db8::bad"]);
    let mut scope = scope();
    let dialer = scope.admitted();
    let admission = scope.admit_set(&asked).unwrap();
    assert_eq!(
        shown(&admission.excluded),
        ["198.51.100.9", "198.51.100.64-198.51.100.66", "2001:db8::bad",]
    );
    assert_eq!(admission.admitted, asked.difference(&admission.excluded));
    for address in ["198.51.100.8", "198.51.100.10", "198.51.100.63", "2001:db8::1", "127.0.0.1"] {
        let address = ip(address);
        assert!(scope.permits(address) && dialer.permits(address), "{address}");
        let target = scope.target(address, 587).unwrap();
        assert_eq!((target.address(), target.port(), target.name()), (address, 587, None));
        assert!(scope.authority(address).is_some(), "{address}");
    }
    assert!(dialer.permits(ip("::ffff:198.51.100.8")), "mapped");
    assert_eq!(scope.target(ip("::ffff:198.51.100.8"), 25).unwrap().to_string(), "198.51.100.8:25");
    // Excluded, in a rule but not in the set, outside every rule.
    let others = [
        "198.51.100.9",
        "198.51.100.64",
        "198.51.100.67",
        "10.1.0.1",
        "2001:db8::bad",
        "2001:db8::2",
    ];
    for address in others {
        let address = ip(address);
        assert!(!scope.permits(address) && !dialer.permits(address), "{address}");
        assert_eq!(scope.authority(address), None, "{address}");
        let refusal = scope.target(address, 25).unwrap_err();
        assert!(refusal.to_string().starts_with(&format!("{address} was not named")), "{refusal}");
    }
}

#[test]
fn later_admissions_add_to_earlier_ones() {
    let mut scope = scope();
    scope.admit(candidate(Some("mx.example.org"), ip("192.0.2.77"))).unwrap();
    scope.admit_set(&set(&["10.1.0.0/24"])).unwrap();
    scope.admit_set(&set(&["10.1.9.9"])).unwrap();
    scope.admit_set(&set(&["192.0.2.1"])).unwrap_err();
    for address in ["192.0.2.77", "10.1.0.7", "10.1.9.9"] {
        assert!(scope.permits(ip(address)), "{address}");
    }
    for address in ["192.0.2.1", "10.1.9.8", "192.0.2.78"] {
        assert!(!scope.permits(ip(address)), "{address}");
    }
}

#[test]
fn addresses_that_may_not_be_contacted_are_named_with_the_remedy() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "one address outside",
            &["198.51.100.1", "192.0.2.7"],
            &["192.0.2.7 is outside the scope of mxaudit.toml; to permit it add networks = \
               [\"192.0.2.7/32\"] to a [[scope]] table, or leave it out with --exclude"],
        ),
        (
            "two ranges outside",
            &["198.51.100.1", "192.0.2.0-5", "10.3.0.0/24", "2001:db8:1::1"],
            &[
                "10.3.0.0-10.3.0.255, 192.0.2.0-192.0.2.5, 2001:db8:1::1 (263 addresses) are outside \
               the scope of mxaudit.toml; to permit them add networks = [\"10.3.0.0/24\", \
               \"192.0.2.0/30\", \"192.0.2.4/31\", \"2001:db8:1::1/128\"] to a [[scope]] table, or \
               leave them out with --exclude",
            ],
        ),
        (
            "many ranges outside",
            &["192.0.2.1", "192.0.2.3", "192.0.2.5", "192.0.2.7", "192.0.2.9", "192.0.2.11"],
            &["192.0.2.1, 192.0.2.3, 192.0.2.5 and 3 more ranges (6 addresses) are outside the \
               scope of mxaudit.toml; to permit them add networks = [\"192.0.2.1/32\"] and so on to \
               a [[scope]] table"],
        ),
        (
            "around a network",
            &["10.0.255.254-10.1.0.1"],
            &["10.0.255.254-10.0.255.255 (2 addresses) are outside the scope"],
        ),
        (
            "expired",
            &["203.0.113.0/24", "198.51.100.120-130"],
            &["198.51.100.128-198.51.100.130, 203.0.113.0-203.0.113.255 (259 addresses) are no \
               longer in scope: the [[scope]] table at line 12 of mxaudit.toml expired after \
               2026-11-21; to permit them have it authorised again and set a new expires"],
        ),
        (
            "every reason at once",
            &["0.0.0.0", "239.0.0.1-2", "255.255.255.255", "ff02::1", "203.0.113.1", "192.0.2.1"],
            &[
                "0.0.0.0 is never contacted: it is an unspecified address; leave it out with",
                "239.0.0.1-239.0.0.2, ff02::1 (3 addresses) are never contacted: they are multicast",
                "255.255.255.255 is never contacted: it is the broadcast address",
                "203.0.113.1 is no longer in scope: the [[scope]] table at line 12",
                "192.0.2.1 is outside the scope of mxaudit.toml",
            ],
        ),
        ("broadcast, translated", &["64:ff9b::ffff:ffff"], &["64:ff9b::ffff:ffff is never"]),
        ("out of scope, translated", &["64:ff9b::c000:201"], &["64:ff9b::c000:201 is outside"]),
    ];
    for (case, asked, parts) in cases {
        let mut scope = scope();
        let refusals = scope.admit_set(&set(asked)).unwrap_err();
        assert_eq!(refusals.len(), parts.len(), "{case}: {refusals:?}");
        for (refusal, part) in refusals.iter().zip(*parts) {
            let text = refusal.to_string();
            assert!(text.starts_with(part), "{case}: {text}");
            assert!(!text.contains('\n'), "{case}: {text}");
        }
        assert!(!scope.permits(ip("198.51.100.1")), "{case}: all or nothing");
    }
}

#[test]
fn beyond_loopback_a_set_takes_a_scope_file() {
    let grounds: [fn() -> Scope; 2] =
        [Scope::loopback_only, || Scope::authorized(Consent::Terminal)];
    for scope in grounds {
        let refusals = scope().admit_set(&set(&["127.0.0.1", "192.0.2.0/31"])).unwrap_err();
        assert_eq!(
            refusals.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "192.0.2.0-192.0.2.1 (2 addresses) are out of scope: a sweep needs a scope file; run \
                 `mxaudit init` and add networks = [\"192.0.2.0/31\"] to a [[scope]] table"
            ]
        );
        let mut scope = scope();
        let loopback = set(&["127.0.0.0/8", "::1"]);
        assert_eq!(scope.admit_set(&loopback).unwrap().admitted, loopback);
        let grants = scope.grants(&loopback);
        assert_eq!(grants.len(), 1);
        assert_eq!(grants[0].authority.source, Source::Loopback);
    }
}

#[test]
fn the_plan_says_which_rule_permits_which_part() {
    let mut scope = scope();
    // By name alone; in a network and in the set; in a network, but not in the set; not asked for.
    for address in ["192.0.2.77", "10.1.9.9", "10.2.0.1", "192.0.2.99"] {
        scope.admit(candidate(Some("mx.example.org"), ip(address))).unwrap();
    }
    // By a name in one rule, before the network in another.
    scope.admit(candidate(Some("mx.example.net"), ip("10.1.9.77"))).unwrap();
    let asked =
        set(&["198.51.100.100-127", "127.0.0.1", "10.1.0.0/24", "10.1.9.0/24", "2001:db8::1"]);
    scope.admit_set(&asked).unwrap();
    let others = set(&["192.0.2.77", "192.0.2.78", "10.1.1.0/24", "10.2.0.0/30", "198.51.100.9"]);
    let grants = scope.grants(&asked.union(&others));
    let table: Vec<_> = grants
        .iter()
        .map(|grant| {
            let networks: Vec<_> = grant.networks.iter().map(ToString::to_string).collect();
            (shown(&grant.part).join(" "), networks.join(" "), grant.line, grant.part.len())
        })
        .collect();
    let row = |part: &str, networks: &str, line, count| {
        (part.to_owned(), networks.to_owned(), line, count)
    };
    assert_eq!(
        table,
        [
            row("127.0.0.1", "127.0.0.0/8", None, 1),
            row("10.1.9.77", "", None, 1),
            row("192.0.2.77", "", None, 1),
            row(
                "198.51.100.100-198.51.100.127 2001:db8::1",
                "198.51.100.0/25 2001:db8::/64",
                Some(5),
                29
            ),
            row(
                "10.1.0.0-10.1.0.255 10.1.9.0-10.1.9.76 10.1.9.78-10.1.9.255 10.2.0.1",
                "10.1.0.0/16 10.2.0.0/16",
                Some(20),
                512
            ),
        ]
    );
    for grant in &grants {
        for index in 0..grant.part.len() {
            let address = grant.part.nth(index).unwrap();
            assert_eq!(scope.authority(address).as_ref(), Some(&grant.authority), "{address}");
        }
    }
    let lines = [None, Some(5), Some(28), Some(5), Some(20)];
    for (grant, line) in grants.iter().zip(lines) {
        let who = line.map(|line| format!("Jane Doe, line {line}"));
        assert_eq!(grant.authority.authorized_by, who, "{line:?}");
    }
}

#[test]
fn the_plan_names_consent() {
    let mut scope = Scope::authorized(Consent::Flag);
    scope.admit(candidate(None, ip("192.0.2.7"))).unwrap();
    let grants = scope.grants(&set(&["192.0.2.7-8", "127.0.0.1"]));
    let sources: Vec<_> = grants.iter().map(|g| (g.authority.source, g.part.len())).collect();
    assert_eq!(sources, [(Source::Loopback, 1), (Source::Flag, 1)]);
}

/// Addresses that meet all rules of the property below: loopback, unspecified, multicast, a private
/// and a public network, IPv6, and the same through NAT64.
fn any_address() -> impl Strategy<Value = IpAddr> {
    let places = ["198.51.100.0", "198.51.100.16", "10.0.0.0", "126.255.255.250", "127.0.0.0"];
    let odd = ["0.255.255.250", "1.0.0.0", "223.255.255.250", "224.0.0.0", "255.255.255.240"];
    let ipv6 = ["2001:db8::", "64:ff9b::c633:6400", "64:ff9b::e000:0", "ff02::", "::"];
    let start = prop_oneof![
        6 => proptest::sample::select(places.to_vec()),
        1 => proptest::sample::select(odd.to_vec()),
        2 => proptest::sample::select(ipv6.to_vec()),
    ];
    (start, 0_u32..16).prop_map(|(start, more)| match ip(start) {
        IpAddr::V4(start) => IpAddr::V4((start.to_bits() + more).into()),
        IpAddr::V6(start) => IpAddr::V6((start.to_bits() + u128::from(more)).into()),
    })
}

/// A network around an address, seldom one that reaches far.
fn any_network() -> impl Strategy<Value = IpNet> {
    let host_bits = prop_oneof![6 => 0_u8..5, 1 => 5_u8..8];
    (any_address(), host_bits).prop_map(|(address, host_bits)| match address {
        IpAddr::V4(address) => {
            IpNet::V4(ipnet::Ipv4Net::new_assert(address, 32 - host_bits).trunc())
        }
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new_assert(address, 128 - host_bits).trunc()),
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let networks = || proptest::collection::vec(any_network(), 0..4);
    (networks(), networks(), any::<bool>(), 0_usize..3).prop_map(
        |(networks, mut exclude, current, most)| {
            exclude.truncate(most);
            let expires = if current { CURRENT } else { EXPIRED };
            Rule { networks, exclude, expires, ..rule(0, None, &[], &[]) }
        },
    )
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    proptest::collection::vec(any_rule(), 0..4).prop_map(|mut rules| {
        rules.iter_mut().enumerate().for_each(|(at, rule)| rule.line = at * 7 + 3);
        rules
    })
}

fn any_set() -> impl Strategy<Value = AddressSet> {
    let ranges = (any_address(), 0_u32..6).prop_map(|(first, more)| match first {
        IpAddr::V4(first) => {
            let last = first.to_bits().saturating_add(more).into();
            AddressRange::ipv4(first, last).unwrap()
        }
        address => address.into(),
    });
    proptest::collection::vec(ranges, 0..6).prop_map(|ranges| ranges.into_iter().collect())
}

/// The kind of a refusal, with what distinguishes one message from another.
fn reason(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotUnicast { kind, .. } => format!("{kind:?}"),
        Refusal::Expired { line, expires, .. } => format!("expired {line} {expires}"),
        Refusal::OutsideScope { .. } => "outside".to_owned(),
        Refusal::Excluded { .. } => "excluded".to_owned(),
        other => panic!("{other}"),
    }
}

fn reason_in_set(refusal: &SetRefusal) -> String {
    match refusal {
        SetRefusal::NotUnicast { kind, .. } => format!("{kind:?}"),
        SetRefusal::Expired { line, expires, .. } => format!("expired {line} {expires}"),
        SetRefusal::OutsideScope { .. } => "outside".to_owned(),
        SetRefusal::NoScope { .. } => panic!("there are rules"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_set_is_judged_as_its_addresses_are(rules in any_rules(), asked in any_set(), trim: bool) {
        let scope = || Scope::from_rules(rules.clone(), "mxaudit.toml", TODAY).unwrap();
        let one_by_one = |asked: &AddressSet| {
            let addresses = (0..asked.len()).map(|index| asked.nth(index).unwrap());
            addresses.map(|a| (a, scope().admit(candidate(None, a)))).collect::<Vec<_>>()
        };
        // Half of the sets are cut down to what is admitted or excluded, so that both ends are met.
        let asked = match trim {
            true => one_by_one(&asked)
                .into_iter()
                .filter(|(_, judged)| matches!(judged, Ok(_) | Err(Refusal::Excluded { .. })))
                .map(|(address, _)| address)
                .collect(),
            false => asked,
        };
        let judged = one_by_one(&asked);
        let mut whole = scope();
        match whole.admit_set(&asked) {
            Ok(admission) => {
                for (address, judged) in judged {
                    let admitted = judged.is_ok();
                    prop_assert_eq!(admission.admitted.contains(address), admitted, "{}", address);
                    prop_assert_eq!(admission.excluded.contains(address), !admitted, "{}", address);
                    prop_assert_eq!(whole.permits(address), admitted, "{}", address);
                    if let Err(refusal) = judged {
                        prop_assert_eq!(reason(&refusal), "excluded");
                    }
                    let mut alone = scope();
                    let _ = alone.admit(candidate(None, address));
                    prop_assert_eq!(whole.authority(address), alone.authority(address));
                    let grants = whole.grants(&asked);
                    let grants: Vec<_> =
                        grants.iter().filter(|grant| grant.part.contains(address)).collect();
                    prop_assert_eq!(grants.len(), usize::from(admitted), "{}", address);
                    for grant in grants {
                        prop_assert_eq!(Some(grant.authority.clone()), alone.authority(address));
                    }
                }
            }
            Err(refusals) => {
                prop_assert!(!refusals.is_empty());
                for (address, judged) in judged {
                    let named: Vec<_> = refusals
                        .iter()
                        .filter(|refusal| refusal.part().contains(address))
                        .map(reason_in_set)
                        .collect();
                    let expected = match judged {
                        Ok(_) => vec![],
                        Err(refusal) if reason(&refusal) == "excluded" => vec![],
                        Err(refusal) => vec![reason(&refusal)],
                    };
                    prop_assert_eq!(named, expected, "{}", address);
                    prop_assert!(address.is_loopback() || !whole.permits(address), "{}", address);
                }
            }
        }
    }
}
