//! The samples as programs of others read them: what checks SARIF, JUnit and Prometheus text here has no
//! line of ours. The trial that needs xmllint (Debian: libxml2-utils) is skipped by name where that is missing, unless
//! `MXAUDIT_REQUIRE` names it or says `all`.

#[path = "mta/requirement.rs"]
mod requirement;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use junit_parser::TestStatus;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
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

fn main() -> ExitCode {
    let holds = |name, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let trials = vec![
        holds("sarif_keeps_to_the_schema_of_oasis", sarif_keeps_to_the_schema_of_oasis),
        holds("junit_is_read_with_its_failures", junit_is_read_with_its_failures_and_errors),
        Trial::ignorable_test("junit_keeps_to_the_schema_of_jenkins", junit_keeps_to_the_schema),
        holds("prometheus_text_is_read", prometheus_text_is_read_with_its_verdicts),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A file of a package that is here for that file alone, wherever cargo keeps it.
fn file_of(package: &str, file: &str) -> PathBuf {
    let about = output("rustc", &["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("the platform");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = manifest.display().to_string();
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let metadata =
        output(env!("CARGO"), &[&arguments[..], &["--manifest-path", &manifest]].concat());
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let found = packages.iter().find(|one| one["name"] == package).expect(package);
    Path::new(found["manifest_path"].as_str().expect("a path")).with_file_name(file)
}

fn sarif_keeps_to_the_schema_of_oasis() {
    let schema = fs::read(file_of("serde-sarif", "src/schema.json")).expect("the schema");
    let mut schema: Value = serde_json::from_slice(&schema).expect("JSON");
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

fn junit_keeps_to_the_schema() -> Result<Completion, Failed> {
    let found = Command::new("xmllint").arg("--version").stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        return requirement::missing("xmllint", "xmllint is not installed");
    }
    let schema = file_of("junit-report", "tests/JUnit.xsd").display().to_string();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("report.junit.xml");
    let valid = |text: &str| {
        fs::write(&file, text)?;
        let ran =
            Command::new("xmllint").args(["--noout", "--schema", &schema]).arg(&file).output()?;
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        Ok::<_, Failed>((ran.status.success(), said))
    };
    // The schema is from before a skipped case could say why in an attribute.
    let sample = sample("report.junit.xml");
    let mut parts = sample.split("<skipped message=\"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (why, rest) =
            part.split_once("\"/>").ok_or("a skipped case with more than a message")?;
        text.push_str(&format!("<skipped>{why}</skipped>{rest}"));
    }
    let (is_valid, said) = valid(&text)?;
    if !is_valid {
        return Err(said.into());
    }
    let (is_valid, _) = valid(&text.replacen("<testcase ", "<testcase colour=\"red\" ", 1))?;
    if is_valid {
        return Err("the schema is not looked at".into());
    }
    Ok(Completion::Completed)
}

fn prometheus_text_is_read_with_its_verdicts() {
    let metrics = parse_prometheus(&sample("report.prom")).expect("Prometheus text");
    let verdicts = metrics.families.get("mxaudit_hosts").expect("the hosts by verdict");
    let of = |verdict: &str| verdicts.get_sample_by_label_values(&[verdict.to_owned()]);
    assert!(of("open").is_some() && of("inconclusive").is_some() && of("safe").is_none());
}
