//! What does not count is shown in every form, and looks like neither a failure nor a success.

use jiff::civil::date;

use super::samples::sample;
use super::*;
use crate::report::diff::Baseline;
use crate::report::model::CheckWord;
use crate::report::policy::{CheckRule, Expectations};
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
    settled(&Terms { baseline: None, suppressions: suppressions(), policy: None })
}

fn with_baseline() -> RunReport {
    let document = serde_json::from_value(serde_json::to_value(sample()).unwrap()).unwrap();
    let mut baseline = Baseline::new("old.json");
    baseline.add(document).unwrap();
    settled(&Terms { baseline: Some(baseline), suppressions: Vec::new(), policy: None })
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

fn policy() -> Expectations {
    let required = vec![CheckWord::Pass];
    let id = "relay.variants".to_owned();
    Expectations {
        name: "mail <b>servers</b>".into(),
        version: 4,
        file: "policy.toml".into(),
        minimum_grade: None,
        checks: vec![CheckRule { id, required, forbidden: Vec::new() }],
        mx: [("example.test".to_owned(), ["mx7.example.test".to_owned()].into())].into(),
        matrix: Vec::new(),
    }
}

fn held_to(policy: Expectations) -> RunReport {
    settled(&Terms { policy: Some(policy), ..Terms::default() })
}

#[test]
fn what_a_policy_expects_in_vain_is_in_every_form() {
    let report = held_to(policy());
    let section = report.run.policy.as_ref().unwrap();
    assert_eq!((section.hosts, section.hosts_violating, section.met), (4, 3, false));
    for (name, text) in all_forms(&report) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wants: &[&str] = match name {
            "findings.csv" | "matrix.csv" | "listings.csv" => continue,
            "hosts.csv" => &["relay.variants: expected pass, found fail", ",none"],
            "report.prom" => &[
                "mxaudit_host_policy_violations{host=\"mx1.example.test\",address=\"192.0.2.1\",port=\"25\"} 2",
                "mxaudit_host_policy_violations{host=\"mx2.example.test\",address=\"192.0.2.2\",port=\"25\"} 0",
                "mxaudit_policy_met{name=\"mail <b>servers</b>\",version=\"4\"} 0",
            ],
            "report.json" => &["\"hosts_violating\": 3", "\"rule\": \"relay.variants\""],
            "report.jsonl" => &["\"hosts_violating\":3", "\"rule\":\"relay.variants\""],
            "report.html" => &[
                "<h3>Policy</h3><ul><li>relay: expected closed, found open</li>",
                "<p>As expected.</p>",
                "policy mail &lt;b&gt;servers&lt;&#x2f;b&gt; 4 (policy.toml), hosts: violated by 3 of 4",
                "policy violated: mx example.test: expected mx7.example.test, found mx.provider.test",
            ],
            "report.sarif" => &["\"ruleId\":\"policy-violated\"", "mx example.test: expected"],
            "report.junit.xml" => &[
                "name=\"policy\" time=\"0\"/>",
                "<failure message=\"the policy is violated\">relay: expected closed, found open",
                "mx example.test: expected mx7.example.test",
            ],
            _ => &[
                "policy violated: relay.variants: expected pass, found unknown (not known is not met)",
                "policy mail <b>servers</b> 4 (policy.toml), hosts: violated by 3 of 4",
                "policy violated: mx example.test: expected mx7.example.test",
            ],
        };
        for want in wants {
            assert!(text.contains(want), "{name}: {want}\n{text}");
        }
    }
}

#[test]
fn a_policy_that_is_met_says_so_and_one_that_judged_nobody_does_not() {
    let easy = || Expectations { mx: Default::default(), ..policy() };
    let mut report = sample();
    report.hosts = vec![report.hosts[1].clone()];
    let terms = Terms { policy: Some(easy()), ..Terms::default() };
    terms.of_run("2026-01-01T00:00:00Z").report(&mut report);
    assert!(report.run.policy.as_ref().unwrap().met);
    assert!(form(&report, "report.txt").contains("hosts: met by all of 1"));
    assert!(!form(&report, "report.junit.xml").contains("the policy is violated"));
    assert!(form(&report, "report.prom").contains("version=\"4\"} 1"));
    let mut nobody = run(Vec::new(), Vec::new());
    terms.of_run("2026-01-01T00:00:00Z").report(&mut nobody);
    assert!(!nobody.run.policy.as_ref().unwrap().met);
    assert!(form(&nobody, "report.txt").contains("not met: no host was held to it"));
    assert!(
        form(&nobody, "report.junit.xml")
            .contains("<error message=\"no host was held to the policy\"")
    );
    assert!(form(&nobody, "report.prom").contains("version=\"4\"} 0"));
}

/// In a sweep a closed host is only counted, unless something of it is not as expected.
#[test]
fn a_sweep_shows_a_closed_host_that_violates_its_policy() {
    for (mx_only, shown) in [(true, false), (false, true)] {
        let checks = match mx_only {
            true => Vec::new(),
            false => vec![CheckRule {
                id: "operations.postmaster".into(),
                required: vec![CheckWord::Fail],
                forbidden: Vec::new(),
            }],
        };
        let report = held_to(Expectations { checks, ..policy() });
        let mut writer = crate::report::terminal::SweepWriter::new(Options::default());
        let text = written(|out| writer.host(&report.hosts[1], out));
        assert_eq!(text.contains("policy violated: operations.postmaster"), shown, "{text}");
    }
}
