//! SARIF: what code scanning shows, and what it must not take for success.

use super::hostile::bait;
use super::samples::sample;
use super::*;
use crate::finding::catalogue;
use crate::report::model::SweepCounts;

fn log_of(report: &RunReport) -> Value {
    let text = written(|out| sarif::write(report, out));
    serde_json::from_str(&text).unwrap()
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn every_check_is_a_rule_and_every_finding_a_result() {
    let report = sample();
    let log = log_of(&report);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let known = catalogue::entries().map(|entry| entry.id).chain(["policy-violated"]);
    assert_eq!(ids, known.collect::<Vec<_>>());
    let findings: Vec<_> = report.hosts.iter().flat_map(|host| &host.findings).collect();
    assert!(findings.len() > 2);
    assert_eq!(results(&log).len(), findings.len());
    for (result, finding) in results(&log).iter().zip(findings) {
        assert_eq!(result["ruleId"], finding.id);
        assert!(ids.contains(&finding.id));
    }
}

#[test]
fn a_result_points_to_the_deciding_line() {
    let log = log_of(&sample());
    let place = &results(&log)[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "dialogue/192.0.2.1-25/1.txt");
    assert_eq!(place["region"], json!({"startLine": 12, "snippet": {"text": "S: 250 2.1.5 ok"}}));
    let around = place["contextRegion"]["snippet"]["text"].as_str().unwrap();
    assert!(
        around.contains("C: RCPT TO:<canary%audit.example.test@mx1.example.test>\nS: 250 2.1.5 ok")
    );
    let mut host = report(&open());
    host.findings[0].evidence = None;
    let log = log_of(&run(vec![host], Vec::new()));
    let location = &results(&log)[0]["locations"][0];
    assert!(location.get("physicalLocation").is_none());
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "mx1.example.test:25");
}

/// What is not known is no success, and a run of closed hosts is one.
#[test]
fn the_unknown_is_told_and_no_success() {
    let cases = [
        (vec![report(&closed())], false, true, 0),
        (vec![report(&closed()), report(&deferred())], false, false, 1),
        (vec![report(&unreachable())], false, false, 1),
        (vec![report(&closed())], true, false, 1),
        (vec![], false, false, 1),
    ];
    for (hosts, interrupted, success, told) in cases {
        let mut report = run(hosts, Vec::new());
        report.run.interrupted = interrupted;
        let log = log_of(&report);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], success);
        let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
        assert_eq!(notifications.len(), told, "{notifications:?}");
        assert!(notifications.iter().all(|one| one["level"] == "error"));
    }
    let mut left = run(vec![report(&closed())], Vec::new());
    left.sweep = Some(SweepCounts { not_asked: 3, ..SweepCounts::default() });
    let log = log_of(&left);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(
        invocation["toolExecutionNotifications"][0]["message"]["text"],
        "3 ports were not asked; nothing is known of them"
    );
    // What was left alone on purpose is told, and takes nothing from a success.
    let mut alone = sample();
    alone.hosts.truncate(2);
    let log = log_of(&alone);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], true);
    assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "note");
}

/// Time, and what else changes from run to run, is no part of a fingerprint.
#[test]
fn fingerprints_stay() {
    let prints = |report: &RunReport| -> Vec<Value> {
        let log = log_of(report);
        results(&log).iter().map(|result| result["partialFingerprints"].clone()).collect()
    };
    let first = sample();
    let mut second = sample();
    second.run.started = "2027-01-01T00:00:00Z".into();
    second.run.seed = 99;
    second.hosts[0].findings[0].notes.clear();
    let measured = second.hosts[1].findings.iter_mut().find(|f| f.id == "pop-before-smtp").unwrap();
    measured.summary = measured.summary.replace("0.3 s", "11.8 s");
    assert_eq!(prints(&first), prints(&second));
    let all = prints(&first);
    for (index, print) in all.iter().enumerate() {
        assert!(!all[..index].contains(print), "{print}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let log = log_of(&bait());
    let name = "=HYPERLINK(\"http://x.example.test\")\u{1b}[2J\u{202e}:25";
    let location = &results(&log)[0]["locations"][0]["logicalLocations"][0];
    assert_eq!(location["fullyQualifiedName"], name);
}
