//! Comparisons of reports made by hand.

use serde_json::{Value, json};

use super::*;
use crate::finding::Severity;
use crate::report::escape;
use crate::report::schema;
use crate::report::tests::samples::{blessed, sample};

const FORMS: [(&str, &str); 2] = [("relay-percent-host", "R01"), ("relay-bang", "R02")];

/// A host whose two probes have these outcomes.
fn host(verdict: &str, outcomes: [&str; 2], findings: Value) -> Value {
    let probe = |((id, code), outcome): ((&str, &str), &str)| json!({"id": id, "code": code, "outcome": outcome});
    json!({
        "target": {"name": "mx.example.test", "address": "192.0.2.1", "port": 25},
        "relay": {"verdict": verdict, "coverage": {"planned": 2, "judged": 2}},
        "vantage": {"position": "outside"},
        "probes": FORMS.into_iter().zip(outcomes).map(probe).collect::<Vec<_>>(),
        "findings": findings,
    })
}

fn finding(id: &str, summary: &str) -> Value {
    json!({"id": id, "severity": "high", "probe": null, "code": null, "summary": summary, "also": []})
}

/// The open relay that R01 finds and that R02 shows too, or not.
fn open(also: &[&str]) -> Value {
    json!([{
        "id": "open-relay", "severity": "critical", "probe": "relay-percent-host", "code": "R01",
        "summary": "accepted", "also": also,
    }])
}

fn facts(hosts: &[Value]) -> Facts {
    let document = json!({
        "schema": "mxaudit.report.v1", "run": {"started": "2026-01-01T00:00:00Z", "later": 1},
        "hosts": hosts, "later": {"x": 1},
    });
    let mut facts = Facts::default();
    facts.add(serde_json::from_value(document).unwrap()).unwrap();
    facts
}

fn diff(old: &Value, new: &Value) -> DiffReport {
    compare(&facts(std::slice::from_ref(old)), &facts(std::slice::from_ref(new)))
}

/// What became of the verdict, and of each finding.
fn standings(report: &DiffReport) -> (Standing, Vec<Standing>) {
    let host = &report.hosts[0];
    (host.relay.standing, host.findings.iter().map(|finding| finding.standing).collect())
}

use Standing::{Fixed, New, NoLongerTestable, NowTestable, StillUntestable, Unchanged};

#[test]
fn an_open_relay_is_fixed_only_where_all_its_forms_are_refused() {
    let yes = "accepted-recipient";
    let old = host("open", [yes, yes], open(&["R02"]));
    let table = [
        ("refused", host("closed", ["refused", "auth-required"], json!([])), Fixed, Fixed),
        (
            "one not run",
            host("closed", ["refused", "not-run"], json!([])),
            NoLongerTestable,
            NoLongerTestable,
        ),
        (
            "put off",
            host("inconclusive", ["deferred", "deferred"], json!([])),
            NoLongerTestable,
            NoLongerTestable,
        ),
        (
            "not decided",
            host("inconclusive", ["refused", "refused"], json!([])),
            NoLongerTestable,
            NoLongerTestable,
        ),
        (
            "not reached",
            host("unreachable", ["not-run", "not-run"], json!([])),
            NoLongerTestable,
            NoLongerTestable,
        ),
        ("as before", host("open", [yes, yes], open(&["R02"])), Unchanged, Unchanged),
    ];
    for (case, new, verdict, claim) in table {
        assert_eq!(standings(&diff(&old, &new)), (verdict, vec![claim]), "{case}");
    }
    // The form that leads may change.
    let other = json!([{"id": "open-relay", "severity": "critical", "probe": "relay-bang", "code": "R02",
        "summary": "accepted"}]);
    let new = host("open", ["refused", yes], other);
    assert_eq!(standings(&diff(&old, &new)), (Unchanged, vec![Unchanged]));
}

#[test]
fn verdicts_that_are_not_known_are_never_good() {
    let of = |verdict| host(verdict, ["refused", "refused"], json!([]));
    let table = [
        ("closed", "open", New),
        ("closed", "conditional", New),
        ("conditional", "open", New),
        ("open", "conditional", Unchanged),
        ("closed", "closed", Unchanged),
        ("closed", "inconclusive", NoLongerTestable),
        ("open", "inconclusive", NoLongerTestable),
        ("open", "unreachable", NoLongerTestable),
        ("inconclusive", "unreachable", StillUntestable),
        ("inconclusive", "closed", NowTestable),
        ("inconclusive", "open", New),
        ("closed", "a word of later", NoLongerTestable),
    ];
    for (old, new, want) in table {
        let report = diff(&of(old), &of(new));
        assert_eq!(report.hosts[0].relay.standing, want, "{old} {new}");
        assert_eq!(report.has_new(Severity::Critical), want == New, "{old} {new}");
        assert_eq!(report.has_unknown(), want.is_unknown(), "{old} {new}");
    }
}

#[test]
fn a_listing_is_gone_only_where_the_list_says_so() {
    let listed = |words: Value| {
        let claims = json!([finding(
            "listed-major",
            "192.0.2.1 is listed in zen.example: 127.0.0.2 (spam)"
        )]);
        let mut one = host("closed", ["refused", "refused"], claims);
        one["lists"] = json!([{"subject": "192.0.2.1", "words": words}]);
        one
    };
    let word =
        |word: &str| json!([{"list": "zen", "word": word, "lookup": "1.2.0.192.zen.example A"}]);
    let old = listed(word("listed"));
    // A resolver that is dead says nothing.
    for (case, words, want) in [
        ("no", word("not-listed"), Fixed),
        ("noted", word("noted"), Fixed),
        ("dead resolver", word("unknown"), NoLongerTestable),
        ("not asked", json!([]), NoLongerTestable),
    ] {
        let mut new = listed(words);
        new["findings"] = json!([]);
        assert_eq!(standings(&diff(&old, &new)).1, [want], "{case}");
    }
    assert_eq!(standings(&diff(&old, &old)).1, [Unchanged]);
    let mut other = listed(word("listed"));
    other["findings"][0]["summary"] =
        json!("192.0.2.1 is listed in other.example: 127.0.0.2 (spam)");
    assert_eq!(
        standings(&diff(&old, &other)).1,
        [New, Unchanged],
        "another list is another finding"
    );
}

/// What the newer report has besides, and what becomes of a finding that it does not have.
#[test]
fn each_check_is_fixed_only_where_it_was_answered() {
    let control = |name: &str, from: &str, outcome: &str| {
        (
            "controls",
            json!([{"control": name, "outcome": outcome, "envelope": {"mail_from": from}}]),
        )
    };
    let cell = |client: &str, observed: &str| {
        let cell =
            |sender: &str| json!({"sender": sender, "recipient": "local", "observed": observed});
        let mut cells = vec![cell("local"), cell("foreign"), cell("null")];
        cells.push(json!({"sender": "foreign", "recipient": "foreign", "observed": observed}));
        ("relay_matrix", json!({"rows": [{"client": client, "cells": cells}]}))
    };
    let pop = |outcome: &str| ("pop_before_smtp", json!({"outcome": outcome}));
    let names = |names: Value| ("server", json!({"extensions": names}));
    let (yes, no) = ("accepted-recipient", "refused");
    let nothing = || ("later", Value::Null);
    let table = [
        ("pop-before-smtp", pop("not-granted"), Fixed),
        ("pop-before-smtp", pop("unknown"), NoLongerTestable),
        ("pop-before-smtp", nothing(), NoLongerTestable),
        ("own-domain-spoofing", cell("foreign", "refused"), Fixed),
        ("own-domain-spoofing", cell("foreign", "deferred"), NoLongerTestable),
        ("own-domain-spoofing", nothing(), NoLongerTestable),
        ("auth-sends-as-anyone", cell("authenticated", "refused"), Fixed),
        ("auth-sends-as-anyone", cell("authenticated", "not-tested"), NoLongerTestable),
        ("send-only", cell("foreign", "accepted"), Fixed),
        ("send-only", cell("foreign", "unknown"), NoLongerTestable),
        ("trusted-cannot-relay", cell("trusted", "accepted"), NoLongerTestable),
        ("postmaster-refused", control("postmaster", "a@b.test", yes), Fixed),
        ("postmaster-refused", control("postmaster", "a@b.test", "deferred"), NoLongerTestable),
        ("null-sender-refused", control("postmaster", "", yes), Fixed),
        ("null-sender-refused", control("postmaster", "a@b.test", yes), NoLongerTestable),
        ("helo-overblocking", control("mismatched-helo", "", yes), Fixed),
        ("helo-overblocking", control("mismatched-helo", "", no), NoLongerTestable),
        ("xclient-offered", names(json!(["PIPELINING"])), Fixed),
        ("xclient-offered", names(json!(["XCLIENT NAME"])), Unchanged),
        ("xclient-offered", names(json!([])), NoLongerTestable),
        ("peer-fault", nothing(), Fixed),
        ("peer-fault", ("stopped", json!("deadline")), NoLongerTestable),
        ("backscatter", nothing(), NoLongerTestable),
        ("a-check-of-later", nothing(), NoLongerTestable),
    ];
    for (check, (field, value), want) in table {
        let old = host("closed", [no, no], json!([finding(check, "x")]));
        let mut new = host("closed", [no, no], json!([]));
        new[field] = value.clone();
        assert_eq!(standings(&diff(&old, &new)).1, [want], "{check} {field} {value}");
        assert_eq!(standings(&diff(&new, &old)).1, [New], "{check}");
        new["relay"]["verdict"] = json!("unreachable");
        assert_eq!(standings(&diff(&old, &new)).1, [NoLongerTestable], "{check}: not reached");
    }
    let mut old = host("closed", [no, no], json!([finding("trusted-cannot-relay", "x")]));
    old["relay_matrix"] = json!({"rows": [{"client": "trusted", "cells": [
        {"sender": "foreign", "recipient": "foreign", "observed": "refused", "mismatch": true}]}]});
    for (observed, want) in [("accepted", Fixed), ("deferred", NoLongerTestable)] {
        let mut new = host("closed", [no, no], json!([]));
        let (field, value) = cell("trusted", observed);
        new[field] = value;
        assert_eq!(standings(&diff(&old, &new)).1, [want], "{observed}");
    }
}

#[test]
fn hosts_of_one_report_are_named() {
    let one = host("open", ["accepted-recipient", "refused"], open(&[]));
    let gone = compare(&facts(std::slice::from_ref(&one)), &facts(&[]));
    assert_eq!(standings(&gone), (NoLongerTestable, vec![NoLongerTestable]));
    assert_eq!(gone.hosts[0].presence, Presence::OnlyOld);
    assert!(gone.has_unknown() && !gone.has_new(Severity::Info));
    let come = compare(&facts(&[]), &facts(std::slice::from_ref(&one)));
    assert_eq!(standings(&come), (New, vec![New]));
    assert_eq!(
        (come.hosts[0].presence, come.has_new(Severity::Critical)),
        (Presence::OnlyNew, true)
    );
    assert!(compare(&facts(&[]), &facts(&[])).has_unknown(), "nothing was learnt");
}

#[test]
fn a_run_that_was_cut_short_is_not_all() {
    let one = host("closed", ["refused", "refused"], json!([]));
    let whole = facts(std::slice::from_ref(&one));
    let mut cut = whole.clone();
    cut.set_ended(false);
    assert!(!compare(&whole, &whole).has_unknown());
    assert!(compare(&whole, &cut).has_unknown());
}

#[test]
fn other_documents_are_refused() {
    let check = |schema: Option<&str>| Head { schema: schema.map(str::to_owned) }.check();
    assert_eq!(check(Some("mxaudit.report.v1")), Ok(()));
    assert_eq!(
        check(Some("mxaudit.report.v2")),
        Err(ReadError::Schema("mxaudit.report.v2".into()))
    );
    assert_eq!(check(None), Err(ReadError::NoSchema));
    let one = host("closed", ["refused", "refused"], json!([]));
    let document = json!({"schema": "mxaudit.report.v1", "hosts": [one.clone(), one]});
    let twice = Facts::default().add(serde_json::from_value(document).unwrap());
    assert!(matches!(twice, Err(ReadError::Twice(_))), "{twice:?}");
}

/// The sample run, and the same later: one host is closed, one open, one gone.
fn later() -> DiffReport {
    let stored = |report: &crate::report::model::RunReport| {
        let mut facts = Facts::default();
        facts.add(serde_json::from_value(serde_json::to_value(report).unwrap()).unwrap()).unwrap();
        facts
    };
    let old = sample();
    let mut new = sample();
    new.run.started = "2026-02-01T00:00:00Z".into();
    let address = |report: &mut crate::report::model::RunReport, at: usize, address: &str| {
        report.hosts[at].target.address = address.parse().unwrap();
    };
    // The open host and the closed one change places.
    address(&mut new, 0, "192.0.2.2");
    address(&mut new, 1, "192.0.2.1");
    address(&mut new, 2, "192.0.2.4");
    compare(&stored(&old), &stored(&new))
}

#[test]
fn the_forms_are_as_stored() {
    let (mut text, mut document, mut page) = (Vec::new(), Vec::new(), Vec::new());
    let report = later();
    write_html(&report, &mut page).unwrap();
    write_terminal(&report, &mut text).unwrap();
    write_json(&report, &mut document).unwrap();
    let document = String::from_utf8(document).unwrap();
    let stored = schema::diff();
    let valid = jsonschema::validator_for(&stored).unwrap();
    assert!(valid.is_valid(&serde_json::from_str(&document).unwrap()), "{document}");
    blessed("reports/schema/diff-v1.json", &schema::text(&stored));
    blessed("reports/samples/diff.txt", &String::from_utf8(text).unwrap());
    blessed("reports/samples/diff.json", &document);
    blessed("reports/samples/diff.html", &String::from_utf8(page).unwrap());
}

#[test]
fn hostile_words_are_shown_and_not_obeyed() {
    let mut old = host(
        "clo\u{1b}[2Jsed",
        ["x", "x"],
        json!([finding("che\u{9b}ck", "\u{202e}moc\u{1b}[31m\nx")]),
    );
    old["target"]["name"] = json!("mx\u{1b}[2J\u{202e}");
    let new = host("open", ["x", "x"], json!([finding("a\u{7}", "b\u{2028}")]));
    let both = [(&old, &new), (&new, &old)];
    for (old, new) in both {
        let (mut text, mut document, mut page) = (Vec::new(), Vec::new(), Vec::new());
        let report = diff(old, new);
        write_html(&report, &mut page).unwrap();
        write_terminal(&report, &mut text).unwrap();
        write_json(&report, &mut document).unwrap();
        for bytes in [text, document, page] {
            let text = String::from_utf8(bytes).unwrap();
            assert!(!text.contains(|c| c != '\n' && escape::is_treacherous(c)), "{text}");
            assert!(!text.lines().any(|line| line == "x"), "{text}");
        }
    }
}

/// The page runs and loads nothing, and what a server says is text in it.
#[test]
fn the_page_is_text_and_nothing_looks_better_than_it_is() {
    let markup = "<script>alert(1)</script>\"'><img src=x>";
    let mut old = host("open", ["x", "x"], json!([finding(markup, markup)]));
    old["target"]["name"] = json!(markup);
    let new = host("inconclusive", ["x", "x"], json!([]));
    let mut page = Vec::new();
    write_html(&diff(&old, &new), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("&lt;script&gt;"), "{page}");
    for bad in ["<script", "<img", "http:", "https:", "url(", "style=\"", "onclick"] {
        assert!(!page.contains(bad), "{bad}");
    }
    assert!(page.contains("default-src 'none'"), "{page}");
    assert!(
        page.contains("relay open → inconclusive: <span class=\"inconclusive\">no longer testable"),
        "{page}"
    );
    assert!(page.contains("<li><span class=\"closed\">fixed</span>: 0</li>"), "{page}");
    let standings = page.matches("class=\"closed\"").count();
    assert_eq!(standings, 1, "nothing else is good: {page}");
    let mut page = Vec::new();
    write_html(&compare(&Facts::default(), &Facts::default()), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("No host is in either report, so nothing is known."), "{page}");
    assert!(page.contains("The newer run was interrupted or has not ended"), "{page}");
}
