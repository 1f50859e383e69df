//! Policies held to reports made by hand, and to the sample.

use serde_json::{Value, json};

use super::*;
use crate::report::model::HostReport;
use crate::report::schema;
use crate::report::tests::samples::{blessed, sample};

const POSTMASTER: &str = "operations.postmaster";

fn host(change: impl FnOnce(&mut Value)) -> PolicyFacts {
    let mut host = json!({
        "target": {"name": "mx1.example.test", "address": "192.0.2.1", "port": 25, "mail_domain": "Example.test"},
        "relay": {"verdict": "closed"},
        "grade": {"letter": "B", "checks": [{"id": POSTMASTER, "outcome": "pass", "tested": 100}]},
        "relay_matrix": {"rows": [{"client": "foreign", "cells": [
            {"sender": "local", "recipient": "local", "observed": "accepted"},
            {"sender": "null", "recipient": "foreign", "observed": "refused"},
        ]}]},
    });
    change(&mut host);
    serde_json::from_value(host).unwrap()
}

fn stored(hosts: Vec<PolicyFacts>, left_alone: &[(&str, &str)]) -> StoredFacts {
    let left_alone = left_alone.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    StoredFacts { started: None, ended: true, hosts, left_alone }
}

fn nothing() -> Expectations {
    Expectations {
        name: "test".into(),
        version: 3,
        file: "policy.toml".into(),
        minimum_grade: None,
        checks: Vec::new(),
        mx: BTreeMap::new(),
        matrix: Vec::new(),
    }
}

/// What of a host is violated, and whether only because it is not known.
fn violated(policy: &Expectations, host: &PolicyFacts) -> Vec<(String, bool)> {
    policy.host(host).into_iter().map(|one| (one.found, one.unknown)).collect()
}

fn of(found: &str, unknown: bool) -> Vec<(String, bool)> {
    vec![(found.to_owned(), unknown)]
}

#[test]
fn the_grade_is_at_least_that() {
    let policy = Expectations { minimum_grade: Some(Letter::B), ..nothing() };
    for (letter, want) in [
        ("A+", vec![]),
        ("B", vec![]),
        ("C", of("C", false)),
        ("F", of("F", false)),
        ("N", of("N", true)),
        ("E", of("not known", true)),
    ] {
        let host = host(|host| host["grade"]["letter"] = json!(letter));
        assert_eq!(violated(&policy, &host), want, "{letter}");
    }
    let lowest = Expectations { minimum_grade: Some(Letter::F), ..nothing() };
    let unknown = host(|host| host["grade"]["letter"] = json!("N"));
    assert_eq!(violated(&lowest, &unknown), of("N", true), "N is no pass, whatever is asked for");
}

#[test]
fn what_is_not_known_of_a_check_meets_no_rule() {
    let rule = |required: &[CheckWord], forbidden: &[CheckWord]| {
        let (required, forbidden) = (required.to_vec(), forbidden.to_vec());
        Expectations {
            checks: vec![CheckRule { id: POSTMASTER.into(), required, forbidden }],
            ..nothing()
        }
    };
    let pass = rule(&[CheckWord::Pass], &[]);
    let no_fail = rule(&[], &[CheckWord::Fail]);
    for (outcome, tested, of_pass, of_no_fail) in [
        ("pass", 100, vec![], vec![]),
        ("warn", 100, of("warn", false), vec![]),
        ("fail", 100, of("fail", false), of("fail", false)),
        ("not-applicable", 0, vec![], vec![]),
        ("unknown", 0, of("unknown", true), of("unknown", true)),
        ("skipped", 0, of("skipped", true), of("skipped", true)),
        ("pass", 0, of("unknown", true), of("unknown", true)),
        ("splendid", 100, of("unknown", true), of("unknown", true)),
    ] {
        let host = host(|host| {
            host["grade"]["checks"][0] =
                json!({"id": POSTMASTER, "outcome": outcome, "tested": tested});
        });
        assert_eq!(violated(&pass, &host), of_pass, "{outcome} {tested}");
        assert_eq!(violated(&no_fail, &host), of_no_fail, "{outcome} {tested}");
    }
    // A report of an older version has no checks.
    let older = host(|host| host["grade"] = json!({"letter": "A"}));
    assert_eq!(violated(&pass, &older), of("not in the report", true));
    assert_eq!(
        pass.host(&older)[0].to_string(),
        "operations.postmaster: expected pass, found not in the report (not known is not met)"
    );
    let failed = host(|host| host["grade"]["checks"][0]["outcome"] = json!("fail"));
    assert_eq!(no_fail.host(&failed)[0].expected, "not fail");
}

#[test]
fn the_mx_records_name_these_hosts_and_no_others() {
    let mut policy = nothing();
    let hosts = ["mx1.example.test", "mx2.example.test"].map(str::to_owned);
    policy.mx.insert("example.test".into(), hosts.into());
    let named = |name: &str| host(|host| host["target"]["name"] = json!(name));
    let (one, two) = (named("MX1.example.test"), named("mx2.example.test"));
    let other = ("example.test", "mx2.example.test");
    let stranger = ("other.test", "mx9.other.test");
    for (what, facts, want) in [
        ("both were audited", stored(vec![one.clone(), two.clone()], &[stranger]), vec![]),
        ("one is left alone", stored(vec![one.clone()], &[other]), vec![]),
        ("one is missing", stored(vec![one.clone()], &[]), of("mx1.example.test", false)),
        (
            "one more",
            stored(vec![one.clone(), two, named("mx3.example.test")], &[]),
            of("mx1.example.test, mx2.example.test, mx3.example.test", false),
        ),
        (
            "not audited",
            stored(vec![host(|host| host["target"]["mail_domain"] = Value::Null)], &[stranger]),
            of("not known: the domain was not audited", true),
        ),
    ] {
        let judged = policy.judge(&facts);
        let found = judged.section.violations.iter().map(|one| (one.found.clone(), one.unknown));
        assert_eq!(found.collect::<Vec<_>>(), want, "{what}");
        assert_eq!(judged.section.met, want.is_empty(), "{what}");
    }
}

#[test]
fn cells_of_the_matrix_are_as_expected_or_known_not_to_be() {
    use crate::evidence::matrix::{Client, Recipient, Sender};
    let key =
        CellKey { client: Client::Foreign, sender: Sender::Local, recipient: Recipient::Local };
    let wish = |wish| Expectations { matrix: vec![(key, wish)], ..nothing() };
    let (yes, no, any) = (wish(Expected::Yes), wish(Expected::No), wish(Expected::Any));
    for (observed, of_yes, of_no) in [
        ("accepted", vec![], of("accepted", false)),
        ("refused", of("refused", false), vec![]),
        ("auth-required", of("auth-required", false), vec![]),
        ("deferred", of("deferred", true), of("deferred", true)),
        ("not-tested", of("not-tested", true), of("not-tested", true)),
    ] {
        let host =
            host(|host| host["relay_matrix"]["rows"][0]["cells"][0]["observed"] = json!(observed));
        assert_eq!(violated(&yes, &host), of_yes, "{observed}");
        assert_eq!(violated(&no, &host), of_no, "{observed}");
        assert_eq!(violated(&any, &host), [], "{observed}");
    }
    let without = host(|host| host["relay_matrix"] = Value::Null);
    assert_eq!(violated(&no, &without), of("not asked", true));
}

#[test]
fn no_policy_is_met_by_a_server_that_relays_or_by_nobody() {
    for (verdict, violating, incomplete) in [
        ("closed", 0, false),
        ("inconclusive", 0, true),
        ("unreachable", 0, true),
        ("open", 1, false),
        ("conditional", 1, false),
    ] {
        let facts = stored(vec![host(|host| host["relay"]["verdict"] = json!(verdict))], &[]);
        let judged = nothing().judge(&facts);
        assert_eq!(
            (judged.section.hosts_violating, judged.incomplete),
            (violating, incomplete),
            "{verdict}"
        );
    }
    let judged = nothing().judge(&stored(Vec::new(), &[]));
    assert!(!judged.section.met && !judged.section.is_violated() && judged.incomplete);
    let mut cut = stored(vec![host(|_| ())], &[]);
    assert!(!nothing().judge(&cut).incomplete);
    cut.ended = false;
    assert!(nothing().judge(&cut).incomplete);
}

fn facts_of(hosts: &[HostReport]) -> StoredFacts {
    let mut report = serde_json::to_value(sample()).unwrap();
    report["hosts"] = serde_json::to_value(hosts).unwrap();
    let mut facts = StoredFacts::default();
    facts.add(serde_json::from_value(report).unwrap()).unwrap();
    facts
}

fn checks() -> Vec<String> {
    let ids =
        sample().hosts[1].grade.checks.iter().map(|check| check.id.clone()).collect::<Vec<_>>();
    assert!(ids.contains(&POSTMASTER.to_owned()), "{ids:?}");
    ids
}

#[test]
fn a_policy_is_met_by_the_report_that_made_it_and_not_by_a_worse_one() {
    let mut hosts = vec![sample().hosts[1].clone()];
    hosts[0].target.mail_domain = Some("example.test".into());
    let facts = facts_of(&hosts);
    let Made { policy, left_out } = make(&facts, &checks(), ("mail", 1, "report.json")).unwrap();
    let judged = policy.judge(&facts);
    assert!(judged.section.met && !judged.incomplete, "{judged:?}");
    assert_eq!(
        policy.minimum_grade,
        letter(hosts[0].grade.letter).filter(|letter| *letter > Letter::N)
    );
    assert!(!policy.checks.is_empty() && !policy.matrix.is_empty());
    let names: Vec<_> = policy.mx["example.test"].iter().map(String::as_str).collect();
    assert_eq!(names, ["mx.provider.test", "mx2.example.test"], "who was left alone is named too");
    // The stranger was deferred once, and the login was refused: that is not known.
    assert!(
        left_out.iter().any(|what| what.starts_with("matrix foreign.null.local: ")),
        "{left_out:?}"
    );
    // The report at hand and the stored one are judged alike.
    assert_eq!(policy.host(&PolicyFacts::from(&hosts[0])), []);
    let relay = &policy.checks[0];
    assert_eq!(
        (relay.id.as_str(), relay.required.as_slice()),
        ("relay.variants", &[CheckWord::Pass][..])
    );
    for worse in [0, 2, 3] {
        let judged = policy.judge(&facts_of(&sample().hosts[worse..=worse]));
        assert!(judged.section.hosts_violating == 1, "{worse}: {judged:?}");
    }
}

/// What is bad today may become better, and not worse.
#[test]
fn a_policy_from_a_bad_day_lets_a_server_become_better() {
    let with = |outcome: &str| {
        stored(vec![host(|host| host["grade"]["checks"][0]["outcome"] = json!(outcome))], &[])
    };
    let ids = [POSTMASTER.to_owned()];
    let required = |outcome: &str| {
        let made = make(&with(outcome), &ids, ("mail", 1, "r")).unwrap();
        made.policy.checks.first().map(|rule| rule.required.clone())
    };
    let (fail, warn, pass) = (CheckWord::Fail, CheckWord::Warn, CheckWord::Pass);
    assert_eq!(required("pass"), Some(vec![pass]));
    assert_eq!(required("warn"), Some(vec![warn, pass]));
    assert_eq!(required("fail"), Some(vec![fail, warn, pass]));
    assert_eq!(required("not-applicable"), None);
    let unknown = make(&with("unknown"), &ids, ("mail", 1, "r")).unwrap();
    assert_eq!(unknown.policy.checks, []);
    assert!(
        unknown.left_out.iter().any(|what| what.contains("is not known of mx1.example.test:25"))
    );
    assert!(unknown.to_toml("r").contains("# Left out: operations.postmaster: "));
}

#[test]
fn an_open_relay_makes_no_policy() {
    for verdict in ["open", "conditional"] {
        let facts =
            stored(vec![host(|_| ()), host(|host| host["relay"]["verdict"] = json!(verdict))], &[]);
        let error = make(&facts, &[], ("mail", 1, "r")).unwrap_err();
        assert!(
            error.to_string().starts_with("mx1.example.test:25 relays for strangers"),
            "{error}"
        );
    }
    assert_eq!(make(&stored(Vec::new(), &[]), &[], ("mail", 1, "r")), Err(MakeError::Nobody));
}

/// Names come from the DNS, and texts from files of others.
#[test]
fn a_policy_is_one_whatever_it_is_called() {
    let evil = "a\"\n[policy]\u{1b}[31m# ";
    let mut facts = stored(vec![host(|host| host["target"]["name"] = json!(evil))], &[]);
    facts.started = Some(evil.into());
    let text = make(&facts, &[], (evil, 1, "r")).unwrap().to_toml(evil);
    let table: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(table.len(), 1, "{text}");
    assert_eq!(table["policy"]["name"].as_str(), Some(evil));
    assert_eq!(
        table["policy"]["mx"][0]["hosts"][0].as_str(),
        Some(evil.to_ascii_lowercase().as_str())
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn the_forms_of_a_judgement_are_as_stored() {
    let mut policy = Expectations { minimum_grade: Some(Letter::B), ..nothing() };
    policy.mx.insert("example.test".into(), ["mx.example.test".to_owned()].into());
    let judged = policy.judge(&facts_of(&sample().hosts));
    let (mut text, mut document) = (Vec::new(), Vec::new());
    write_terminal(&judged, &mut text).unwrap();
    write_json(&judged, &mut document).unwrap();
    let document = String::from_utf8(document).unwrap();
    let stored = schema::policy();
    let valid = jsonschema::validator_for(&stored).unwrap();
    assert!(valid.is_valid(&serde_json::from_str(&document).unwrap()), "{document}");
    blessed("reports/schema/policy-v1.json", &schema::text(&stored));
    blessed("reports/samples/policy.txt", &String::from_utf8(text).unwrap());
    blessed("reports/samples/policy.json", &document);
}
