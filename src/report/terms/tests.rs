//! What counts, judged on the sample report, whose run began on 2026-01-01.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::report::diff::Document;
use crate::report::tests::samples::sample;

/// The finding of the sample that these tests are about; its host is the second.
const CHECK: &str = "own-domain-spoofing";

fn baseline(change: impl FnOnce(&mut Value)) -> Baseline {
    let mut value = serde_json::to_value(sample()).unwrap();
    change(&mut value);
    let document: Document = serde_json::from_value(value).unwrap();
    let mut baseline = Baseline::new("old.json");
    baseline.add(document).unwrap();
    baseline
}

fn suppression(target: &str, expires: Date) -> Suppression {
    let alone = || target.parse::<IpAddr>().map(IpNet::from);
    let target = match target.parse().or_else(|_| alone()) {
        Ok(network) => Suppressed::Network(network),
        Err(_) => Suppressed::Name(target.to_owned()),
    };
    Suppression {
        check: CHECK.into(),
        target,
        code: None,
        list: None,
        reason: "moves in spring".into(),
        expires,
        place: "mxaudit.toml:7".into(),
    }
}

fn settled(terms: &Terms) -> RunReport {
    let mut report = sample();
    terms.of_run(&report.run.started.clone()).report(&mut report);
    report
}

fn found(report: &RunReport) -> &FindingReport {
    report.hosts[1].findings.iter().find(|finding| finding.id == CHECK).unwrap()
}

fn worst(terms: &Terms, report: &RunReport) -> Option<Severity> {
    let mut settlement = terms.of_run(&report.run.started);
    report.hosts.clone().iter_mut().for_each(|host| settlement.host(host));
    settlement.worst()
}

#[test]
fn without_terms_a_report_is_as_it_was() {
    let terms = Terms::default();
    assert!(terms.is_empty());
    assert_eq!(settled(&terms), sample());
    assert_eq!(worst(&terms, &sample()), Some(Severity::Critical));
}

#[test]
fn what_a_baseline_knows_does_not_count_and_relaying_does() {
    let terms = Terms { baseline: Some(baseline(|_| ())), ..Terms::default() };
    let report = settled(&terms);
    assert_eq!(found(&report).baseline, Some(BaselineStanding::Known));
    assert!(!found(&report).counts());
    let open = &report.hosts[0].findings[0];
    assert_eq!((open.id, open.baseline), ("open-relay", Some(BaselineStanding::Known)));
    assert!(open.counts(), "an open relay counts in the baseline or not");
    assert!(open.notes.last().unwrap().contains("counts all the same"), "{:?}", open.notes);
    assert_eq!(worst(&terms, &sample()), Some(Severity::Critical));
    let all: usize = report.hosts.iter().map(|host| host.findings.len()).sum();
    let said = report.run.baseline.as_ref().unwrap();
    assert_eq!((said.known, said.new, said.left_out, said.hosts), (all, 0, all - 1, 4));
    // Verdicts, grades and counts are untouched.
    let plain = sample();
    assert_eq!(report.summary, plain.summary);
    for (now, before) in report.hosts.iter().zip(&plain.hosts) {
        assert_eq!((&now.relay, &now.grade), (&before.relay, &before.grade));
        assert_eq!(now.findings.len(), before.findings.len());
    }
    // Of the closed host alone, nothing is left that counts.
    let mut closed = sample();
    closed.hosts.remove(0);
    assert_eq!(worst(&terms, &closed), None);
}

#[test]
fn what_a_baseline_does_not_know_is_new() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 4] = [
        ("it was not found", |old| old["hosts"][1]["findings"] = json!([])),
        ("another port", |old| old["hosts"][1]["target"]["port"] = json!(587)),
        ("another check", |old| {
            for finding in old["hosts"][1]["findings"].as_array_mut().unwrap() {
                finding["id"] = json!("peer-fault");
            }
        }),
        ("it was less grave", |old| {
            for finding in old["hosts"][1]["findings"].as_array_mut().unwrap() {
                finding["severity"] = json!("info");
            }
        }),
    ];
    for (what, change) in changes {
        let mut report = sample();
        // Graver than the info of the last case.
        report.hosts[1].findings.iter_mut().for_each(|one| one.severity = Severity::Low);
        let terms = Terms { baseline: Some(baseline(change)), ..Terms::default() };
        terms.of_run("2026-01-01T00:00:00Z").report(&mut report);
        assert_eq!(found(&report).baseline, Some(BaselineStanding::New), "{what}");
        assert!(found(&report).counts(), "{what}");
        assert!(report.run.baseline.unwrap().new > 0, "{what}");
    }
}

#[test]
fn a_baseline_that_was_cut_short_says_so() {
    for (interrupted, want) in [(true, 1), (false, 0)] {
        let cut = baseline(|old| old["run"]["interrupted"] = json!(interrupted));
        let report = settled(&Terms { baseline: Some(cut), ..Terms::default() });
        let remarks = remarks(&report.run);
        let said = remarks.iter().filter(|one| one.contains("had not ended")).count();
        assert_eq!(said, want, "{remarks:?}");
    }
}

#[test]
fn a_host_that_is_in_a_baseline_twice_is_refused() {
    let mut baseline = baseline(|_| ());
    let again: Document = serde_json::from_value(serde_json::to_value(sample()).unwrap()).unwrap();
    assert!(baseline.add(again).unwrap_err().to_string().contains("is there twice"));
}

#[test]
fn a_suppression_holds_to_its_last_day_by_the_start_of_the_run() {
    for (expires, in_force) in
        [(date(2026, 1, 2), true), (date(2026, 1, 1), true), (date(2025, 12, 31), false)]
    {
        let terms = Terms {
            suppressions: vec![suppression("192.0.2.2", expires)],
            baseline: None,
            policy: None,
        };
        let report = settled(&terms);
        assert_eq!(found(&report).counts(), !in_force, "{expires}");
        let (said, word) = match in_force {
            true => {
                (SuppressionStanding::InForce, "does not count for the exit code; suppressed until")
            }
            false => (SuppressionStanding::Expired, "counts again: its suppression ended after"),
        };
        let note = found(&report).notes.last().unwrap();
        assert!(note.starts_with(word) && note.ends_with("moves in spring"), "{note}");
        assert_eq!(
            (report.run.suppressions[0].standing, report.run.suppressions[0].findings),
            (said, 1)
        );
    }
    let terms = Terms {
        suppressions: vec![suppression("192.0.2.2", date(2030, 1, 1))],
        baseline: None,
        policy: None,
    };
    let mut report = sample();
    terms.of_run("some day").report(&mut report);
    assert!(found(&report).counts(), "without a day nothing is suppressed");
}

#[test]
fn a_suppression_that_ended_outranks_a_baseline() {
    let ended = suppression("192.0.2.2", date(2025, 6, 1));
    let known = || Some(baseline(|_| ()));
    let terms = Terms { baseline: known(), suppressions: vec![ended.clone()], policy: None };
    let report = settled(&terms);
    assert!(found(&report).counts());
    // Unless another one holds, wherever it stands in the file.
    let holds = suppression("192.0.2.0/24", date(2027, 1, 1));
    for suppressions in [vec![ended.clone(), holds.clone()], vec![holds, ended]] {
        let report = settled(&Terms { baseline: known(), suppressions, policy: None });
        assert!(!found(&report).counts());
    }
}

#[test]
fn a_suppression_is_aimed_at_its_target_and_nothing_else() {
    let far = date(2030, 1, 1);
    let with = |change: fn(&mut Suppression)| {
        let mut one = suppression("192.0.2.2", far);
        change(&mut one);
        one
    };
    for (what, one, hits) in [
        ("address", suppression("192.0.2.2", far), true),
        ("network", suppression("192.0.2.0/29", far), true),
        ("name", suppression("MX2.example.test", far), true),
        ("another address", suppression("192.0.2.3", far), false),
        ("another network", suppression("198.51.100.0/24", far), false),
        ("the domain above", suppression("example.test", far), false),
        ("another check", with(|one| one.check = "peer-fault".into()), false),
        ("another code", with(|one| one.code = Some("R01".into())), false),
        ("a list", with(|one| one.list = Some("list.example.test".into())), false),
    ] {
        let report = settled(&Terms { suppressions: vec![one], baseline: None, policy: None });
        assert_eq!(!found(&report).counts(), hits, "{what}");
        let standing = report.run.suppressions[0].standing;
        assert_eq!(standing == SuppressionStanding::Unmatched, !hits, "{what}");
        let words = &remarks(&report.run)[0];
        assert_eq!(words.starts_with("suppression without effect"), !hits, "{words}");
    }
}

#[test]
fn a_listing_is_told_by_its_zone() {
    for (list, hits) in [("Zen.example.test", true), ("other.example.test", false)] {
        let mut report = sample();
        let finding = report.hosts[1].findings.iter_mut().find(|one| one.id == CHECK).unwrap();
        finding.id = "listed-major";
        finding.summary = "192.0.2.2 is listed in zen.example.test: spam".into();
        let mut one = suppression("192.0.2.2", date(2030, 1, 1));
        (one.check, one.list) = ("listed-major".into(), Some(list.into()));
        Terms { suppressions: vec![one], baseline: None, policy: None }
            .of_run("2026-01-01T00:00:00Z")
            .report(&mut report);
        let finding = report.hosts[1].findings.iter().find(|one| one.id == "listed-major");
        assert_eq!(!finding.unwrap().counts(), hits, "{list}");
    }
}

/// Whoever builds such a suppression past the configuration, which refuses it, gains nothing.
#[test]
fn nothing_suppresses_a_claim_of_relaying() {
    for check in catalogue::RELAYING {
        let mut report = sample();
        report.hosts[0].findings[0].id = check;
        let mut one = suppression("192.0.2.0/24", date(2030, 1, 1));
        one.check = check.into();
        let terms = Terms { suppressions: vec![one], baseline: None, policy: None };
        assert_eq!(worst(&terms, &report), Some(Severity::Critical), "{check}");
        terms.of_run("2026-01-01T00:00:00Z").report(&mut report);
        assert!(report.hosts[0].findings[0].counts(), "{check}");
    }
}
