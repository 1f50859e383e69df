use jiff::civil::date;

use super::*;
use crate::target::Role;

const TODAY: Date = date(2026, 11, 22);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn by_address(address: &str) -> Candidate {
    Candidate {
        name: None,
        address: ip(address),
        port: 25,
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    }
}

fn by_host(name: &str, address: &str) -> Candidate {
    Candidate { name: Some(name.to_owned()), via: Via::Host, ..by_address(address) }
}

fn by_mx(domain: &str, name: &str, address: &str) -> Candidate {
    let via = Via::Mx { domain: domain.to_owned(), preference: 10 };
    let mail_domain = Some(domain.to_owned());
    Candidate { via, mail_domain, named_by_user: false, ..by_host(name, address) }
}

fn nets(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

/// Line 5: a network less one address, and a domain. Line 12: a network that has expired, with an
/// exclusion. Line 20: private.
fn rules() -> Scope {
    let signed = Rule {
        authorized_by: Some("Jane Doe, change 4711".to_owned()),
        expires: Some(date(2027, 1, 31)),
        ..Rule::default()
    };
    let current = Rule {
        networks: nets(&["198.51.100.0/28"]),
        domains: vec!["Example.org.".to_owned()],
        exclude: nets(&["198.51.100.9/32"]),
        line: 5,
        ..signed.clone()
    };
    let expired = Rule {
        networks: nets(&["203.0.113.0/24", "198.51.100.0/30"]),
        exclude: nets(&["198.51.100.10/32"]),
        expires: Some(date(2026, 11, 21)),
        line: 12,
        ..signed
    };
    let private = Rule { networks: nets(&["10.1.0.0/16"]), line: 20, ..Rule::default() };
    Scope::from_rules(vec![current, expired, private], "mxaudit.toml", TODAY).unwrap()
}

/// Judges each candidate in a fresh scope: `Ok`, or a part of the refusal's text.
fn judge_all(scope: fn() -> Scope, cases: &[(&str, Candidate, Result<(), &str>)]) {
    for (case, candidate, expected) in cases {
        let mut scope = scope();
        let address = candidate.address;
        let outcome = scope.admit(candidate.clone());
        assert_eq!(
            scope.permits(address),
            expected.is_ok() || address.to_canonical().is_loopback(),
            "{case}"
        );
        assert_eq!(scope.authority(address).is_some(), expected.is_ok(), "{case}");
        match (outcome, expected) {
            (Ok(target), Ok(())) => assert_eq!(target.address(), address.to_canonical(), "{case}"),
            (Err(refusal), Err(part)) => {
                let text = refusal.to_string();
                assert!(text.contains(part), "{case}: {text}");
                assert!(text.contains(&address.to_canonical().to_string()), "{case}: {text}");
                assert!(!text.contains('\n'), "{case}: {text}");
            }
            (outcome, expected) => panic!("{case}: {outcome:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn every_scope_admits_loopback_and_refuses_addresses_of_no_host() {
    let cases = [
        ("ipv4", by_address("127.0.0.1"), Ok(())),
        ("all of 127/8", by_address("127.255.255.254"), Ok(())),
        ("ipv6", by_address("::1"), Ok(())),
        ("mapped", by_address("::ffff:127.0.0.1"), Ok(())),
        ("MX of anybody", by_mx("example.net", "mx.other.test", "127.0.0.1"), Ok(())),
        ("multicast", by_address("224.0.0.5"), Err("it is a multicast address")),
        ("ipv6 multicast", by_address("ff02::1"), Err("it is a multicast address")),
        ("unspecified", by_address("0.0.0.0"), Err("it is an unspecified address")),
        ("ipv6 unspecified", by_address("::"), Err("it is an unspecified address")),
        ("broadcast", by_address("255.255.255.255"), Err("it is the broadcast address")),
    ];
    judge_all(Scope::loopback_only, &cases);
    judge_all(rules, &cases);
    judge_all(|| Scope::authorized(Consent::Flag), &cases);
}

#[test]
fn without_grounds_only_loopback_is_admitted() {
    let text = "192.0.2.77 is out of scope: no scope file and no consent; pass --authorized if you \
                administer it, or run `mxaudit init` and add networks = [\"192.0.2.77/32\"] to a \
                [[scope]] table";
    let cases = [
        ("public", by_address("192.0.2.77"), Err(text)),
        ("private", by_address("10.1.0.1"), Err("no scope file and no consent")),
        ("ipv6", by_address("2001:db8::1"), Err("networks = [\"2001:db8::1/128\"]")),
        ("mapped", by_address("::ffff:192.0.2.77"), Err(text)),
        (
            "named",
            by_host("mx.example.org", "192.0.2.77"),
            Err("mx.example.org (192.0.2.77) is out"),
        ),
    ];
    judge_all(Scope::loopback_only, &cases);
}

#[test]
fn rules_admit_by_network_and_by_name() {
    let outside = "198.51.100.77 is outside the scope of mxaudit.toml; to permit it add networks = \
                   [\"198.51.100.77/32\"] to a [[scope]] table";
    let excluded = "198.51.100.9 is excluded: line 5 of mxaudit.toml";
    let expired = "203.0.113.1 is no longer in scope: the [[scope]] table at line 12 of mxaudit.toml \
                   expired after 2026-11-21";
    let others =
        "mx.provider.test (192.0.2.7) is run by others, not probed: example.org authorises";
    let with_ptr_name =
        Candidate { name: Some("mx.example.org".to_owned()), ..by_address("192.0.2.7") };
    let cases = [
        ("in the network", by_address("198.51.100.8"), Ok(())),
        ("mapped", by_address("::ffff:198.51.100.8"), Ok(())),
        ("translated", by_address("64:ff9b::c633:6408"), Ok(())),
        ("private", by_address("10.1.2.3"), Ok(())),
        ("other private", by_address("10.2.0.1"), Err("is outside the scope of mxaudit.toml")),
        ("beside the network", by_address("198.51.100.77"), Err(outside)),
        ("excluded", by_address("198.51.100.9"), Err(excluded)),
        ("excluded, mapped", by_address("::ffff:198.51.100.9"), Err(excluded)),
        ("excluded, translated", by_address("64:ff9b::c633:6409"), Err("is excluded: line 5")),
        (
            "excluded, name in scope",
            by_host("mx.example.org", "198.51.100.9"),
            Err("is excluded: line 5"),
        ),
        ("excluded by an expired rule", by_address("198.51.100.10"), Err("is excluded: line 12")),
        ("expired", by_address("203.0.113.1"), Err(expired)),
        ("expired here, current there", by_address("198.51.100.1"), Ok(())),
        ("host below the domain", by_host("mx.example.org", "192.0.2.7"), Ok(())),
        ("host at the domain", by_host("EXAMPLE.org.", "192.0.2.7"), Ok(())),
        ("same ending", by_host("mx.badexample.org", "192.0.2.7"), Err("is outside the scope")),
        ("name beside an address", with_ptr_name, Err("is outside the scope")),
        ("own MX", by_mx("example.org", "mx.example.org", "192.0.2.7"), Ok(())),
        ("provider's MX", by_mx("example.org", "mx.provider.test", "192.0.2.7"), Err(others)),
        (
            "provider's MX, how to permit it",
            by_mx("example.org", "mx.provider.test", "192.0.2.7"),
            Err("if you administer it too, add networks = [\"192.0.2.7/32\"] to a [[scope]] table"),
        ),
        (
            "provider's MX that the user named",
            Candidate {
                named_by_user: true,
                ..by_mx("example.org", "mx.provider.test", "192.0.2.7")
            },
            Err("is outside the scope"),
        ),
        (
            "provider's MX in the network",
            by_mx("example.org", "mx.provider.test", "198.51.100.8"),
            Ok(()),
        ),
        (
            "own MX of another domain",
            by_mx("example.net", "mx.example.net", "192.0.2.7"),
            Err("is outside the scope"),
        ),
        (
            "bad name",
            by_host("mx\n.example.org", "192.0.2.7"),
            Err("the name that led to it is not valid"),
        ),
    ];
    judge_all(rules, &cases);
}

#[test]
fn consent_admits_what_the_user_named() {
    let not_named = |candidate| Candidate { named_by_user: false, ..candidate };
    let others = "mx.provider.test (192.0.2.7) is run by others, not probed: example.org authorises \
                  only its own names; if you administer it too, name it on the command line";
    let cases = [
        ("address", by_address("192.0.2.7"), Ok(())),
        ("host", by_host("mx.example.org", "192.0.2.7"), Ok(())),
        ("private", by_address("10.1.0.1"), Ok(())),
        ("address not named", not_named(by_address("192.0.2.7")), Err("was not named")),
        ("host not named", not_named(by_host("mx.example.org", "192.0.2.7")), Err("was not named")),
        ("own MX", by_mx("example.org", "mx.example.org", "192.0.2.7"), Ok(())),
        ("the domain as its own MX", by_mx("example.org", "Example.org", "192.0.2.7"), Ok(())),
        ("provider's MX", by_mx("example.org", "mx.provider.test", "192.0.2.7"), Err(others)),
        (
            "MX above the domain",
            by_mx("lists.example.org", "mx.example.org", "192.0.2.7"),
            Err("run by others"),
        ),
        (
            "MX below a top-level domain",
            by_mx("test", "mx.provider.test", "192.0.2.7"),
            Err("run by others"),
        ),
        (
            "private MX of others",
            by_mx("example.org", "mx.provider.test", "10.1.0.1"),
            Err("run by others"),
        ),
        (
            "provider's MX that the user named",
            Candidate {
                named_by_user: true,
                ..by_mx("example.org", "mx.provider.test", "192.0.2.7")
            },
            Ok(()),
        ),
    ];
    judge_all(|| Scope::authorized(Consent::Terminal), &cases);
}

#[test]
fn consent_ends_after_sixteen_public_addresses() {
    let mut scope = Scope::authorized(Consent::Flag);
    for last in 0..16 {
        scope.admit(by_address(&format!("192.0.2.{last}"))).unwrap();
    }
    let refusal = scope.admit(by_address("192.0.2.16")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "192.0.2.16 is one public address too many: --authorized covers 16 a run; to permit more \
         run `mxaudit init` and add networks = [\"192.0.2.16/32\"] to a [[scope]] table"
    );
    assert!(!scope.permits(ip("192.0.2.16")));
    let other_port = Candidate { port: 587, ..by_address("192.0.2.3") };
    assert_eq!(scope.admit(other_port).unwrap().role(), Role::Submission);
    scope.admit(by_address("::ffff:192.0.2.3")).unwrap();
    scope.admit(by_address("10.1.0.1")).unwrap();
    scope.admit(by_address("127.0.0.1")).unwrap();
}

#[test]
fn the_dialer_sees_what_was_admitted_and_nothing_else() {
    let mut scope = rules();
    let admitted = scope.admitted();
    assert!(admitted.permits(ip("127.0.0.9")) && admitted.permits(ip("::ffff:127.0.0.9")));
    assert!(!admitted.permits(ip("198.51.100.8")), "in a rule, but not asked for");
    scope.admit(by_address("198.51.100.8")).unwrap();
    assert!(admitted.permits(ip("198.51.100.8")));
    assert!(admitted.permits(ip("::ffff:198.51.100.8")));
    assert!(!admitted.permits(ip("198.51.100.7")));
    assert!(!rules().admitted().permits(ip("198.51.100.8")), "another scope");
}

#[test]
fn each_admission_has_its_authority() {
    let loopback = r#"{"source":"loopback","file":null,"authorized_by":null,"expires":null}"#;
    let flag = r#"{"source":"flag","file":null,"authorized_by":null,"expires":null}"#;
    let terminal = r#"{"source":"terminal","file":null,"authorized_by":null,"expires":null}"#;
    let file = r#"{"source":"scope-file","file":"mxaudit.toml","authorized_by":"Jane Doe, change 4711","expires":"2027-01-31"}"#;
    let cases = [
        (Scope::loopback_only(), "127.0.0.1", loopback),
        (rules(), "::1", loopback),
        (Scope::authorized(Consent::Flag), "192.0.2.1", flag),
        (Scope::authorized(Consent::Terminal), "::ffff:192.0.2.1", terminal),
        (rules(), "198.51.100.1", file),
    ];
    for (mut scope, address, expected) in cases {
        scope.admit(by_address(address)).unwrap();
        let authority = scope.authority(ip(address)).unwrap();
        assert_eq!(serde_json::to_string(&authority).unwrap(), expected, "{address}");
    }
    assert_eq!(rules().authority(ip("198.51.100.1")), None, "not asked for");
}

#[test]
fn names_of_an_admitted_target_have_one_form() {
    let mut scope = rules();
    let target = scope.admit(by_mx("Example.ORG.", "MX.Example.org.", "198.51.100.1")).unwrap();
    assert_eq!(target.to_string(), "mx.example.org:25");
    assert_eq!(target.mail_domain(), Some("example.org"));
    let via = Via::Mx { domain: "example.org".to_owned(), preference: 10 };
    assert_eq!(target.via(), &via);
}

#[test]
fn an_exclusion_counts_in_either_form() {
    let rule = Rule {
        networks: nets(&["10.1.0.0/16"]),
        exclude: nets(&["64:ff9b::/32"]),
        line: 3,
        ..Rule::default()
    };
    let mut scope = Scope::from_rules(vec![rule], "mxaudit.toml", TODAY).unwrap();
    assert!(scope.admit(by_address("10.1.0.7")).is_ok());
    let refused = scope.admit(by_address("64:ff9b::a01:7")).unwrap_err();
    assert!(matches!(refused, Refusal::Excluded { line: 3, .. }), "{refused}");
    let both = [ip("10.1.0.8"), ip("64:ff9b::a01:8")].into_iter().collect();
    let admission = scope.admit_set(&both).unwrap();
    assert!(admission.admitted.contains(ip("10.1.0.8")));
    assert!(admission.excluded.contains(ip("64:ff9b::a01:8")));
}
