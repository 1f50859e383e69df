//! The schemas, and what they take and refuse.

use jsonschema::Validator;
use serde_json::json;

use super::samples::{blessed, sample};
use super::*;
use crate::report::{fixtures::hostile, schema};

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn faults(validator: &Validator, document: &Value) -> Vec<String> {
    let fault =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validator.iter_errors(document).map(fault).collect()
}

#[test]
fn the_stored_schemas_are_those_of_the_model() {
    for (file, schema) in [
        ("v1.json", schema::report()),
        ("jsonl-v1.json", schema::jsonl()),
        ("sweep-summary-v1.json", schema::sweep_summary()),
    ] {
        assert!(jsonschema::meta::is_valid(&schema), "{file}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let text = schema::text(&schema);
        assert!(!text.contains("additionalProperties\": false"), "{file}: a version may grow");
        blessed(&format!("reports/schema/{file}"), &text);
    }
}

#[test]
fn every_report_is_valid() {
    let hosts = [open(), closed(), deferred(), unreachable(), hostile()];
    let (document, line) = (validator(&schema::report()), validator(&schema::jsonl()));
    let all = run(hosts.iter().map(report).collect(), Vec::new());
    for report in [all, sample(), run(Vec::new(), Vec::new())] {
        assert_eq!(faults(&document, &json_of(&report).1), [""; 0]);
        let lines = written(|out| jsonl::write(&report, out));
        assert_eq!(lines.lines().count(), report.hosts.len() + 1);
        for text in lines.lines() {
            assert_eq!(faults(&line, &serde_json::from_str(text).unwrap()), [""; 0]);
        }
    }
}

#[test]
fn broken_documents_are_refused() {
    let validator = validator(&schema::report());
    let (_, good) = json_of(&sample());
    let broken = [
        ("/schema", json!("mxaudit.report.v2")),
        ("/tool/name", json!("another")),
        ("/run/seed", json!(-1)),
        ("/run/started", json!("yesterday")),
        ("/run/profile", json!("slow")),
        ("/run/vantage/asserted", json!("inside")),
        ("/run/authority/0/source", json!("hearsay")),
        ("/run/authority/0/expires", json!("tomorrow")),
        ("/not_probed/0/address", json!("somewhere")),
        ("/summary/open", json!("one")),
        ("/hosts", json!({})),
        ("/hosts/0/target/address", json!("192.0.2")),
        ("/hosts/0/target/port", json!(65_536)),
        ("/hosts/0/target/role", json!("web")),
        ("/hosts/0/vantage/position", json!("beside")),
        ("/hosts/0/relay/verdict", json!("safe")),
        ("/hosts/0/relay/proof", Value::Null),
        ("/hosts/0/relay/reasons/0", json!("because")),
        ("/hosts/0/relay/explanations/0/reason", json!("relay")),
        ("/summary/grades/A+", json!("one")),
        ("/summary/worst", json!("E")),
        ("/hosts/0/grade/letter", json!("E")),
        ("/hosts/0/grade/score", json!(-1)),
        ("/hosts/0/grade/categories/0/letter", Value::Null),
        ("/hosts/0/grade/categories/0/standing", json!("fine")),
        ("/hosts/0/grade/reasons/0/effect", json!(1)),
        ("/hosts/0/grade/policy/version", json!("1")),
        ("/hosts/0/probes/0/outcome", json!("fine")),
        ("/hosts/0/probes/0/reason", json!("because")),
        ("/hosts/0/probes/0/confidence", json!("sure")),
        ("/hosts/0/probes/2/repeated", json!("yes")),
        ("/hosts/0/controls/0/control", json!("none")),
        ("/hosts/0/findings/0/id", json!("relay-open")),
        ("/hosts/0/findings/0/severity", json!("dire")),
        ("/hosts/0/findings/0/proof", json!("sure")),
        ("/hosts/0/findings/0/fix", json!([])),
        ("/hosts/0/findings/0/dialogue/0/direction", json!("X")),
        ("/hosts/0/connections/0/exchanges/0/phase", json!("dance")),
        ("/hosts/3/dial_failures/0/kind", json!("busy")),
        ("/hosts/3/stopped", json!("tired")),
    ];
    for (path, value) in broken {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the sample")) = value;
        assert!(!validator.is_valid(&bad), "{path}");
    }
    // What is always there, `null` included.
    for (path, field) in [
        ("", "run"),
        ("/run/identity", "contact"),
        ("/run/authority/0", "source"),
        ("/hosts/0", "stopped"),
        ("/hosts/0/target", "name"),
        ("/hosts/0/probes/0", "remedy"),
        ("/hosts/0/findings/0", "fix"),
        ("/hosts/0/grade", "score"),
        ("/hosts/3/grade/categories/0", "score"),
        ("/summary", "closed"),
        ("/summary", "worst"),
        ("/summary/grades", "N"),
    ] {
        let mut bad = good.clone();
        let removed = bad.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(field);
        assert!(removed.is_some() && !validator.is_valid(&bad), "{path}/{field}");
    }
    let mut lines = good.clone();
    lines["hosts"][0]["schema"] = json!("mxaudit.host.v1");
    let line = self::validator(&schema::jsonl());
    assert!(!line.is_valid(&lines["hosts"][0]), "a host's line names its run");
    lines["hosts"][0]["run"] = json!({"started": "2026-01-01T00:00:00Z", "seed": 7});
    assert_eq!(faults(&line, &lines["hosts"][0]), [""; 0]);
    lines["hosts"][0]["schema"] = json!("mxaudit.summary.v1");
    assert!(!line.is_valid(&lines["hosts"][0]));
}

/// Adds a field to every object of a document.
fn grow(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(grow);
            fields.insert("later".into(), json!("x"));
        }
        Value::Array(values) => values.iter_mut().for_each(grow),
        _ => {}
    }
}

#[test]
fn documents_may_grow() {
    let (_, mut document) = json_of(&sample());
    grow(&mut document);
    assert_eq!(faults(&validator(&schema::report()), &document), [""; 0]);
}
