//! JUnit and Prometheus, as their readers read them.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::hostile::bait;
use super::samples::sample;
use super::*;
use crate::report::model::SweepCounts;

/// One sample: its labels and its value.
type Sample = (BTreeMap<String, String>, f64);

/// Reads the text format, and holds it to its rules: a HELP and a TYPE before the samples of a metric, which stand
/// together, and no series twice.
fn metrics(text: &str) -> BTreeMap<String, Vec<Sample>> {
    let mut families: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    let mut at_hand = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.is_empty() && !families.contains_key(name), "{line}");
            assert_eq!(lines.next(), Some(format!("# TYPE {name} gauge").as_str()));
            families.insert(name.into(), Vec::new());
            at_hand = name.into();
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert_eq!(name, at_hand, "samples of one metric stand together: {line}");
        let sample = (labels_of(labels), value.parse().unwrap());
        let family = families.get_mut(name).unwrap();
        assert!(family.iter().all(|(known, _)| *known != sample.0), "twice: {line}");
        family.push(sample);
    }
    assert!(text.ends_with('\n') && families.values().all(|family| !family.is_empty()));
    families
}

/// Reads `name="value",…}`, with the three escapes of the format.
fn labels_of(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text.strip_suffix('}').unwrap();
    while !rest.is_empty() {
        let (name, behind) = rest.trim_start_matches(',').split_once("=\"").unwrap();
        let mut value = String::new();
        let mut chars = behind.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    c => panic!("no escape: {c}"),
                },
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none());
        rest = &behind[end + 1..];
    }
    labels
}

fn prometheus_of(report: &RunReport) -> BTreeMap<String, Vec<Sample>> {
    metrics(&written(|out| prometheus::write(report, out)))
}

/// The verdicts of which the sample is 1, by address.
fn verdicts(families: &BTreeMap<String, Vec<Sample>>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (labels, value) in &families["mxaudit_host_verdict"] {
        let verdicts = found.entry(labels["address"].clone()).or_default();
        if *value == 1.0 {
            verdicts.push(labels["verdict"].clone());
        }
    }
    found
}

#[test]
fn of_all_verdicts_one_holds() {
    let families = prometheus_of(&sample());
    let found: Vec<_> = verdicts(&families).into_values().collect();
    let one = |verdict: &str| vec![verdict.to_owned()];
    assert_eq!(found, [one("open"), one("closed"), one("inconclusive"), one("unreachable")]);
    assert_eq!(families["mxaudit_host_verdict"].len(), 20);
    let total: f64 = families["mxaudit_hosts"].iter().map(|(_, value)| value).sum();
    assert_eq!(total, 4.0);
    let complete = |interrupted| {
        let mut report = sample();
        report.run.interrupted = interrupted;
        prometheus_of(&report)["mxaudit_run_complete"][0].1
    };
    assert_eq!((complete(false), complete(true)), (1.0, 0.0));
}

/// Nothing is made up about who could not be judged.
#[test]
fn what_is_not_known_has_no_sample() {
    let families = prometheus_of(&run(vec![report(&unreachable())], Vec::new()));
    assert!(!families.contains_key("mxaudit_host_score"));
    assert!(!families.contains_key("mxaudit_host_listings"));
    assert_eq!(families["mxaudit_host_coverage_ratio"][0].1, 0.0);
    let mut host = report(&closed());
    assert!(prometheus_of(&run(vec![host.clone()], Vec::new())).contains_key("mxaudit_host_score"));
    host.grade.score = None;
    assert!(!prometheus_of(&run(vec![host], Vec::new())).contains_key("mxaudit_host_score"));
}

/// Of two reports on one target the worse one counts, whichever comes first.
#[test]
fn no_series_stands_twice() {
    let hosts = [report(&closed()), report(&open()), report(&deferred())];
    for turn in 0..hosts.len() {
        let mut hosts = hosts.to_vec();
        hosts.rotate_left(turn);
        let found = verdicts(&prometheus_of(&run(hosts, Vec::new())));
        assert_eq!(found.into_values().collect::<Vec<_>>(), [["open"]]);
    }
}

#[test]
fn labels_hold_any_text() {
    let mut host = report(&closed());
    host.target.name = Some("a\"b\\c\nd\u{1b}".into());
    let families = prometheus_of(&run(vec![host], Vec::new()));
    let (labels, _) = &families["mxaudit_host_verdict"][0];
    assert_eq!(labels["host"], "a\"b\\c\\u{a}d\\u{1b}");
    prometheus_of(&bait());
}

/// A suite: its attributes, and the name and the result of each case.
#[derive(Debug, Default)]
struct Suite {
    attributes: BTreeMap<String, String>,
    cases: Vec<(String, &'static str)>,
    texts: String,
}

fn attributes(start: &BytesStart<'_>) -> BTreeMap<String, String> {
    let read = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
        let attribute = attribute.unwrap();
        let value = attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap();
        (attribute.key.0.to_owned(), value.into_owned())
    };
    start.attributes().map(read).collect()
}

fn suites(text: &str) -> Vec<Suite> {
    let mut reader = Reader::from_str(text);
    let mut suites: Vec<Suite> = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        match event {
            Event::Eof => return suites,
            Event::Start(start) | Event::Empty(start) => match start.name().as_ref() {
                "testsuite" => {
                    suites.push(Suite { attributes: attributes(&start), ..Suite::default() });
                }
                "testcase" => {
                    let suite = suites.last_mut().unwrap();
                    suite.cases.push((attributes(&start)["name"].clone(), "pass"));
                }
                "failure" | "error" | "skipped" => {
                    let result = match start.name().as_ref() {
                        "failure" => "failure",
                        "error" => "error",
                        _ => "skipped",
                    };
                    suites.last_mut().unwrap().cases.last_mut().unwrap().1 = result;
                }
                _ => {}
            },
            Event::Text(text) => {
                if let Some(suite) = suites.last_mut() {
                    suite.texts.push_str(&text);
                }
            }
            _ => {}
        }
    }
}

fn junit_of(report: &RunReport) -> Vec<Suite> {
    let mut suites = suites(&written(|out| junit::write(report, out)));
    assert_eq!(suites.pop().unwrap().attributes["name"], "run");
    suites
}

/// The cases of the run itself.
fn cases_of_the_run(report: &RunReport) -> Vec<(String, &'static str)> {
    suites(&written(|out| junit::write(report, out))).pop().unwrap().cases
}

/// A run that met nobody, was cut short or left something out is not green.
#[test]
fn the_run_has_a_suite_of_its_own() {
    let results = |report: &RunReport| -> Vec<_> {
        cases_of_the_run(report).into_iter().map(|(_, result)| result).collect()
    };
    assert_eq!(results(&sample()), ["pass", "pass", "pass", "skipped"]);
    assert_eq!(results(&run(Vec::new(), Vec::new())), ["pass", "error", "pass"]);
    let mut cut = run(vec![report(&closed())], Vec::new());
    cut.run.interrupted = true;
    cut.sweep = Some(SweepCounts { not_asked: 1, ..SweepCounts::default() });
    assert_eq!(results(&cut), ["error", "pass", "error"]);
}

#[test]
fn each_host_is_a_suite_and_the_unknown_an_error() {
    let found = junit_of(&sample());
    let verdicts: Vec<_> = found.iter().map(|suite| suite.cases[0].clone()).collect();
    let want = ["failure", "pass", "error", "error"];
    assert_eq!(verdicts, want.map(|result| ("verdict".to_owned(), result)));
    for suite in &found {
        let count =
            |wanted: &str| suite.cases.iter().filter(|(_, result)| *result == wanted).count();
        for (name, result) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
        {
            assert_eq!(suite.attributes[name], count(result).to_string(), "{name}: {suite:?}");
        }
        assert_eq!(suite.attributes["tests"], suite.cases.len().to_string());
        let names: BTreeSet<_> = suite.cases.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), suite.cases.len(), "each case has its own name: {suite:?}");
    }
    let by_code = |suite: &Suite, code: &str| {
        let case = suite.cases.iter().find(|(name, _)| name.starts_with(code));
        case.map(|(_, result)| *result)
    };
    assert_eq!(by_code(&found[0], "R01"), Some("failure"));
    assert_eq!(by_code(&found[1], "S01"), Some("pass"));
    assert_eq!(by_code(&found[2], "S01"), Some("error"));
    assert!(found[0].texts.contains("canary%audit.example.test@mx1.example.test"));
}

/// What each outcome comes to, with none left out.
#[test]
fn an_outcome_that_is_not_sure_never_passes() {
    let results = [
        ("refused", "pass"),
        ("auth-required", "pass"),
        ("accepted-recipient", "failure"),
        ("delivered", "failure"),
        ("accepted-message", "error"),
        ("deferred", "error"),
        ("tls-required", "error"),
        ("inconclusive", "error"),
        ("not-run", "skipped"),
    ];
    for (outcome, want) in results {
        let mut host = report(&closed());
        host.probes.truncate(1);
        host.probes[0].outcome = outcome;
        let [suite] = &junit_of(&run(vec![host], Vec::new()))[..] else { panic!("one host") };
        assert_eq!(suite.cases[1].1, want, "{outcome}");
    }
}

#[test]
fn what_xml_does_not_allow_is_shown() {
    let mut host = report(&closed());
    host.target.name = Some("<&\">\u{0}\u{b}\u{ffff}".into());
    let [suite] = &junit_of(&run(vec![host], Vec::new()))[..] else { panic!("one host") };
    assert_eq!(suite.attributes["name"], "<&\">\\u{0}\\u{b}\\u{ffff}:25 (192.0.2.1)");
    junit_of(&bait());
}
