//! The samples as programs of others read them: what checks SARIF, JUnit and Prometheus text here has no
//! line of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use junit_parser::TestStatus;
use openmetrics_parser::prometheus::parse_prometheus;
use serde_json::Value;
use serde_sarif::sarif::Sarif;

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/samples").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

/// The schema of OASIS, which the package `serde-sarif` carries, wherever cargo keeps it.
fn sarif_schema() -> Value {
    let about = output("rustc", &["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("the platform");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = manifest.display().to_string();
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let metadata =
        output(env!("CARGO"), &[&arguments[..], &["--manifest-path", &manifest]].concat());
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif");
    let path =
        PathBuf::from(package.expect("the package")["manifest_path"].as_str().expect("a path"));
    let schema = fs::read(path.with_file_name("src/schema.json")).expect("its schema");
    serde_json::from_slice(&schema).expect("JSON")
}

#[test]
fn sarif_keeps_to_the_schema_of_oasis() {
    let mut schema = sarif_schema();
    // One bracket too many: no regular expression where Unicode is heeded.
    for holder in ["run", "toolComponent"] {
        schema["definitions"][holder]["properties"]["language"]["pattern"] = ".".into();
    }
    assert_eq!(schema["title"], "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let mut log: Value = serde_json::from_str(&sample("report.sarif")).expect("JSON");
    let faults: Vec<_> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let typed: Sarif = serde_json::from_value(log.clone()).expect("SARIF");
    assert!(typed.runs.iter().all(|run| run.results.as_ref().is_some_and(|all| !all.is_empty())));
    log["runs"][0]["results"][0]["level"] = "dreadful".into();
    assert!(!schema.is_valid(&log), "the schema is looked at");
}

#[test]
fn junit_is_read_with_its_failures_and_errors() {
    let report = junit_parser::from_reader(sample("report.junit.xml").as_bytes()).expect("JUnit");
    let (mut failures, mut errors, mut skipped) = (0, 0, 0);
    for suite in &report.suites {
        let count = |test: fn(&TestStatus) -> bool| {
            suite.cases.iter().filter(|case| test(&case.status)).count() as u64
        };
        assert!(suite.tests > 0 && suite.tests == suite.cases.len() as u64, "{}", suite.name);
        assert_eq!(suite.failures, count(TestStatus::is_failure), "{}", suite.name);
        assert_eq!(suite.errors, count(TestStatus::is_error), "{}", suite.name);
        assert_eq!(suite.skipped, count(TestStatus::is_skipped), "{}", suite.name);
        failures += suite.failures;
        errors += suite.errors;
        skipped += suite.skipped;
    }
    assert!(failures > 0 && errors > 0 && skipped > 0, "{report:#?}");
}

#[test]
fn prometheus_text_is_read_with_its_verdicts() {
    let metrics = parse_prometheus(&sample("report.prom")).expect("Prometheus text");
    let verdicts = metrics.families.get("mxaudit_hosts").expect("the hosts by verdict");
    let of = |verdict: &str| verdicts.get_sample_by_label_values(&[verdict.to_owned()]);
    assert!(of("open").is_some() && of("inconclusive").is_some() && of("safe").is_none());
}
