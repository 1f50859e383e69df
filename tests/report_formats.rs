//! What a reader of the published formats has: the schemas and samples in `reports/`, and nothing
//! of the library.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&file(path)).expect("a JSON document")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
}

fn lines() -> Vec<Value> {
    file("samples/report.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON document"))
        .collect()
}

/// The header and the rows of a table.
fn table(path: &str) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let text = file(path);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    (header, reader.records().map(|row| row.expect("a row as long as the header")).collect())
}

fn column<'a>(
    (header, rows): &'a (csv::StringRecord, Vec<csv::StringRecord>),
    name: &str,
) -> Vec<&'a str> {
    let at = header.iter().position(|known| known == name).expect(name);
    rows.iter().map(|row| &row[at]).collect()
}

#[test]
fn the_samples_keep_to_the_schemas() {
    let report = validator(&json("schema/v1.json"));
    let document = json("samples/report.json");
    assert!(report.is_valid(&document), "{:?}", report.validate(&document));
    let line = validator(&json("schema/jsonl-v1.json"));
    for sample in lines() {
        assert!(line.is_valid(&sample), "{:?}", line.validate(&sample));
        assert!(!report.is_valid(&sample), "a line is no report");
    }
    assert!(!line.is_valid(&document), "a report is no line");
    let mut broken = document;
    broken["hosts"][0]["relay"]["verdict"] = "safe".into();
    assert!(!report.is_valid(&broken));
}

#[test]
fn lines_and_document_say_the_same() {
    let document = json("samples/report.json");
    let mut lines = lines();
    let last = lines.pop().unwrap();
    for field in ["tool", "run", "not_probed", "summary"] {
        assert_eq!(last[field], document[field], "{field}");
    }
    let hosts = document["hosts"].as_array().unwrap();
    assert_eq!(lines.len(), hosts.len());
    for (line, host) in lines.iter_mut().zip(hosts) {
        let line = line.as_object_mut().unwrap();
        assert_eq!(line.remove("schema").unwrap(), "mxaudit.host.v1");
        let run = line.remove("run").unwrap();
        for field in ["started", "seed"] {
            assert_eq!(run[field], document["run"][field], "{field}");
        }
        assert_eq!(Some(&*line), host.as_object());
    }
}

#[test]
fn tables_and_document_say_the_same() {
    let document = json("samples/report.json");
    let hosts = document["hosts"].as_array().unwrap();
    let table_of_hosts = table("samples/hosts.csv");
    let words = |path: &str| -> Vec<_> {
        hosts.iter().map(|host| host.pointer(path).unwrap().as_str().unwrap()).collect()
    };
    assert_eq!(column(&table_of_hosts, "Address"), words("/target/address"));
    assert_eq!(column(&table_of_hosts, "Verdict"), words("/relay/verdict"));
    assert_eq!(column(&table_of_hosts, "Proof"), words("/relay/proof"));
    let letters = words("/grade/letter");
    assert_eq!(column(&table_of_hosts, "Grade"), letters);
    let counts = document["summary"]["grades"].as_object().unwrap();
    assert_eq!(counts.len(), 7, "every letter is there");
    for (letter, count) in counts {
        let found = letters.iter().filter(|known| *known == letter).count();
        assert_eq!(count.as_u64(), u64::try_from(found).ok(), "{letter}");
    }
    let claims: Vec<_> = hosts
        .iter()
        .flat_map(|host| {
            let address = host["target"]["address"].as_str().unwrap();
            let findings = host["findings"].as_array().unwrap().iter();
            findings.map(move |finding| (address, finding["id"].as_str().unwrap()))
        })
        .collect();
    let table_of_findings = table("samples/findings.csv");
    let addresses = column(&table_of_findings, "Address");
    let rows: Vec<_> = addresses.into_iter().zip(column(&table_of_findings, "Finding")).collect();
    assert_eq!(rows, claims);
    assert!(!claims.is_empty());
}

/// A template that does not work ends the command before anything is asked, with its place.
#[test]
fn a_template_is_tried_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own.html");
    let page = folder.path().join("page.html");
    let format = format!("html={}", page.display());
    let check = |source: &str, format: &str| {
        fs::write(&own, source).expect("a file");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mxaudit"));
        let command =
            command.current_dir(folder.path()).args(["check", "127.0.0.1", "--port", "1"]);
        let command = command.args(["--format", format, "--template"]).arg(&own);
        let ran = command.output().expect("the program");
        (ran.status.code(), String::from_utf8(ran.stderr).expect("text"))
    };
    let (code, said) = check("fine\n{{ nothing_of_ours }}", &format);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("own.html:2") && said.contains("reports/templates/README.md"), "{said}");
    assert!(!page.exists());
    let (code, said) = check("fine", "json=report.json");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--template is for pages: add --format html=FILE"), "{said}");
    let (code, said) = check("{{ rows|length }} of ours", &format);
    assert_eq!(code, Some(3), "nobody listens: {said}");
    assert_eq!(fs::read_to_string(&page).expect("the page").trim(), "1 of ours");
}
