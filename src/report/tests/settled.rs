//! What does not count is shown in every form, and looks like neither a failure nor a success.

use jiff::civil::date;

use super::samples::sample;
use super::*;
use crate::report::diff::Baseline;
use crate::report::terms::{Suppressed, Suppression, Terms};

const REASON: &str = "moves in spring; <b>change</b> 4711";

fn suppressions() -> Vec<Suppression> {
    let one = |check: &str, expires| Suppression {
        check: check.into(),
        target: Suppressed::Network("192.0.2.0/24".parse().unwrap()),
        code: None,
        list: None,
        reason: REASON.into(),
        expires,
        place: "mxaudit.toml:7".into(),
    };
    vec![
        one("own-domain-spoofing", date(2026, 2, 1)),
        one("pop-before-smtp", date(2025, 12, 1)),
        one("backscatter", date(2026, 2, 1)),
    ]
}

fn settled(terms: &Terms) -> RunReport {
    let mut report = sample();
    terms.of_run(&report.run.started.clone()).report(&mut report);
    report
}

fn with_suppressions() -> RunReport {
    settled(&Terms { baseline: None, suppressions: suppressions() })
}

fn with_baseline() -> RunReport {
    let document = serde_json::from_value(serde_json::to_value(sample()).unwrap()).unwrap();
    let mut baseline = Baseline::new("old.json");
    baseline.add(document).unwrap();
    settled(&Terms { baseline: Some(baseline), suppressions: Vec::new() })
}

fn form(report: &RunReport, name: &str) -> String {
    all_forms(report).into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn a_suppressed_finding_is_in_every_form_with_its_reason() {
    let report = with_suppressions();
    for (name, text) in all_forms(&report) {
        if matches!(name, "hosts.csv" | "listings.csv" | "matrix.csv") {
            continue;
        }
        let text = text.replace("\n", " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("own-domain-spoofing") || name == "report.prom", "{name}");
        match name {
            "report.prom" => assert!(
                text.contains("mxaudit_host_findings_set_aside{host=\"mx2.example.test\",address=\"192.0.2.2\",port=\"25\",reason=\"suppressed\"} 1"),
                "{text}"
            ),
            "report.html" => {
                assert!(text.contains("moves in spring; &lt;b&gt;change"), "{name}: {text}");
                assert!(!text.contains(REASON), "{name}");
            }
            "report.junit.xml" => assert!(text.contains("moves in spring; &lt;b&gt;"), "{text}"),
            _ => assert!(text.contains("moves in spring"), "{name}: {text}"),
        }
    }
}

#[test]
fn a_reader_is_told_what_holds_what_ended_and_what_did_nothing() {
    let report = with_suppressions();
    for options in [Options { width: 300, quiet: false }, Options { width: 300, quiet: true }] {
        let text = text(&report, options);
        assert!(text.contains("suppressed until 2026-02-01: own-domain-spoofing on 192.0.2.0/24, 1 finding (mxaudit.toml:7)"), "{text}");
        assert!(text.contains("suppression ended after 2025-12-01: pop-before-smtp on 192.0.2.0/24, 1 finding, which count"), "{text}");
        assert!(
            text.contains("suppression without effect: there is no backscatter on 192.0.2.0/24"),
            "{text}"
        );
    }
    let text = form(&report, "report.txt");
    assert!(
        text.contains("= note: counts again: its suppression ended after 2025-12-01"),
        "{text}"
    );
}

#[test]
fn sarif_says_who_suppressed_and_what_is_new() {
    let results = |report: &RunReport| -> Vec<Value> {
        let log: Value = serde_json::from_str(&form(report, "report.sarif")).unwrap();
        log["runs"][0]["results"].as_array().unwrap().clone()
    };
    for result in results(&with_suppressions()) {
        let suppressions = result["suppressions"].as_array();
        let is_it = result["ruleId"] == "own-domain-spoofing";
        assert_eq!(suppressions.is_some(), is_it, "{result:#}");
        if let Some([one]) = suppressions.map(Vec::as_slice) {
            assert_eq!((&one["kind"], &one["status"]), (&json!("external"), &json!("accepted")));
            assert_eq!(one["justification"], REASON);
        }
        assert!(result["baselineState"].is_null());
    }
    for result in results(&with_baseline()) {
        assert_eq!(result["baselineState"], "unchanged");
    }
}

#[test]
fn junit_skips_what_does_not_count_and_fails_what_does() {
    for report in [with_suppressions(), with_baseline()] {
        let text = form(&report, "report.junit.xml");
        let case = |name: &str| {
            let from = text.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{text}"));
            let case = &text[from..];
            case[..case.find("</testcase>").unwrap()].to_owned()
        };
        assert!(case("own-domain-spoofing").contains("<skipped message="), "{text}");
        assert!(case("R01 relay-percent-host").contains("<failure"), "relaying is never skipped");
    }
    let failures =
        |report: &RunReport| form(report, "report.junit.xml").matches("<failure").count();
    assert_eq!(failures(&with_baseline()), failures(&sample()) - 1, "the login by POP3");
    let text = form(&with_suppressions(), "report.junit.xml");
    let ended = &text[text.find("name=\"pop-before-smtp\"").unwrap()..];
    assert!(ended[..ended.find("</testcase>").unwrap()].contains("<failure"), "it counts again");
}

#[test]
fn metrics_count_what_is_set_aside() {
    let text = form(&with_baseline(), "report.prom");
    assert!(text.contains("port=\"25\",reason=\"baseline\"} 2"), "{text}");
    assert!(!text.contains("reason=\"suppressed\""), "{text}");
    let text = form(&with_suppressions(), "report.prom");
    for standing in ["in-force", "expired", "unmatched"] {
        assert!(
            text.contains(&format!("mxaudit_suppressions{{standing=\"{standing}\"}} 1")),
            "{text}"
        );
    }
    assert!(!form(&sample(), "report.prom").contains("set_aside"));
}
