use std::path::Path;

use super::*;
use crate::report::{escape, schema};

/// Compares a file of the repository with what it should hold, or writes it where the environment
/// has `MXAUDIT_BLESS`.
fn blessed(path: &str, want: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("MXAUDIT_BLESS").is_some() {
        std::fs::write(&file, want).unwrap();
    }
    let got = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        got == want,
        "{path} is not what the writers write now; look at the difference after\n\
         MXAUDIT_BLESS=1 cargo test --lib report::"
    );
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

#[test]
fn samples_and_schemas_are_what_is_written() {
    for (name, text) in all_forms(&sample()) {
        blessed(&format!("reports/samples/{name}"), &text);
    }
    for (file, schema) in
        [("lists-v1.json", schema::lists()), ("lists-jsonl-v1.json", schema::lists_lines())]
    {
        assert!(jsonschema::meta::is_valid(&schema), "{file}");
        blessed(&format!("reports/schema/{file}"), &schema::text(&schema));
    }
}

#[test]
fn reports_keep_to_the_schema_and_broken_ones_do_not() {
    let (document, line) = (validator(&schema::lists()), validator(&schema::lists_lines()));
    let health = ListsReport::build(details(), &asked(Vec::new(), &scripted()), &[]);
    for report in [&sample(), &health] {
        let faults: Vec<_> =
            document.iter_errors(&value(report)).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, [""; 0]);
        let lines = written(|out| json::write_lines(report, out));
        assert_eq!(lines.lines().count(), 1 + report.subjects.len());
        for text in lines.lines() {
            let value = serde_json::from_str(text).unwrap();
            assert!(line.is_valid(&value), "{text}");
            assert!(!document.is_valid(&value), "a line is no report");
        }
    }
    for (path, broken) in [
        ("/schema", "mxaudit.lists.v2"),
        ("/run/started", "yesterday"),
        ("/run/registry/date", "lately"),
        ("/zones/0/purpose", "fun"),
        ("/zones/0/access", "all"),
        ("/zones/0/kinds/0/state", "fine"),
        ("/zones/0/kinds/0/kind", "ipv5"),
        ("/subjects/0/standing", "clean"),
        ("/subjects/0/words/0/word", "maybe"),
        ("/subjects/0/words/0/weight", "heavy"),
        ("/subjects/0/words/2/reason", "because"),
        ("/subjects/0/words/0/codes/0/answer", "127.0.0"),
        ("/subjects/0/findings/0/id", "listed-badly"),
        ("/subjects/0/findings/0/severity", "dire"),
        ("/configurations/0/lists/0/state", "fine"),
    ] {
        let mut bad = value(&sample());
        *bad.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the sample")) = broken.into();
        assert!(!document.is_valid(&bad), "{path}");
    }
}

#[test]
fn what_each_list_says_is_in_the_model() {
    let report = sample();
    let word = |subject: usize, list: &str| {
        report.subjects[subject].words.iter().find(|word| word.list == list).unwrap()
    };
    let table = [
        (0, "alpha", "listed", None),
        (0, "beta", "not-listed", None),
        (0, "dark", "unknown", Some("silent")),
        (0, "world", "unknown", Some("lists-world")),
        (0, "shut", "unknown", Some("refused")),
        (1, "alpha", "not-listed", None),
        (2, "alpha", "noted", None),
        (2, "beta", "unknown", Some("silent")),
        (3, "beta", "not-listed", None),
    ];
    for (subject, list, want, reason) in table {
        assert_eq!(
            (word(subject, list).word, word(subject, list).reason),
            (want, reason),
            "{list}"
        );
    }
    let standings: Vec<_> =
        report.subjects.iter().map(|one| (one.standing, one.usable, one.wanted)).collect();
    let want = [("listed", 2, 6), ("not-listed", 2, 6), ("not-listed", 1, 6), ("not-listed", 1, 1)];
    assert_eq!(standings, want);
    assert_eq!(word(0, "alpha").texts, ["see https://alpha.example/192.0.2.1"]);
    assert_eq!(word(0, "alpha").delisting.as_deref(), Some("https://alpha.example/removal"));
    assert_eq!(word(1, "alpha").delisting, None);
    let remedy = word(0, "shut").remedy.as_deref().unwrap();
    assert!(remedy.contains("resolver of your own"), "{remedy}");
    assert_eq!(word(2, "beta").remedy.as_deref(), Some("run again later"));
    let summary = report.summary;
    assert_eq!((summary.listed, summary.not_listed, summary.unknown), (1, 3, 0));
    assert_eq!((summary.lists, summary.healthy), (6, 2));
    let ids: Vec<_> = report.findings().map(|finding| finding.id).collect();
    let want = [
        "configured-list-unfiltered",
        "configured-list-lists-world",
        "configured-list-dead",
        "listed-critical",
    ];
    assert_eq!(ids, want);
}

#[test]
fn a_row_is_a_subject_and_a_list() {
    let rows = rows(&sample());
    assert_eq!(rows.len(), 3 * 6 + 1 + 3);
    let first = &rows[0];
    for (column, want) in [
        ("Subject", "192.0.2.1"),
        ("Kind", "ipv4"),
        ("Standing", "listed"),
        ("Lists usable", "2"),
        ("List", "alpha"),
        ("State of the list", "healthy"),
        ("Word", "listed"),
        ("Answers", "127.0.0.2"),
        ("Meanings", "sends spam"),
        ("Weight", "critical"),
        ("Text of the list", "see https://alpha.example/192.0.2.1"),
        ("Removal", "https://alpha.example/removal"),
        ("Registry", "1 of 2026-01-02"),
    ] {
        assert_eq!(first[column], want, "{column}");
    }
    let last = rows.last().unwrap();
    assert_eq!((last["File"].as_str(), last["Line"].as_str()), ("main.cf", "4"));
    assert_eq!(last["Findings"], "configured-list-dead");
    let health = ListsReport::build(details(), &asked(Vec::new(), &scripted()), &[]);
    let states: Vec<_> =
        super::rows(&health).iter().map(|row| row["State of the list"].clone()).collect();
    assert_eq!(states, ["healthy", "healthy", "healthy", "silent", "lists-world", "refused"]);
}

#[test]
fn many_subjects_that_are_not_listed_are_counted() {
    let range = (0..40).map(|n| Subject::Address([198, 51, 100, n].into()));
    let all = range.chain(subjects()).collect();
    let report = ListsReport::build(details(), &asked(all, &scripted()), &[]);
    let shown = text(&report, false);
    assert!(shown.contains("\n42 more are not listed (--quiet has a line for each)\n"), "{shown}");
    assert!(shown.contains("192.0.2.1   listed in 1 list; 2 of 5 lists are usable\n"), "{shown}");
    assert!(!shown.contains("198.51.100.7"), "{shown}");
    let quiet = text(&report, true);
    assert_eq!(quiet.lines().count(), 44);
    assert!(quiet.contains("198.51.100.7   not listed on 2 of 5 lists\n"), "{quiet}");
}

#[test]
fn without_a_list_that_works_nothing_is_said() {
    let lookups = ScriptedLookups::new(ZoneFile::parse("*.example A TIMEOUT").unwrap());
    let mut details = details();
    details.interrupted = true;
    let report = ListsReport::build(details, &asked(subjects(), &lookups), &[]);
    assert_eq!(report.summary.unknown, 4);
    let shown = text(&report, false);
    assert!(shown.starts_with("192.0.2.1   unknown: none of 5 lists says anything\n"), "{shown}");
    assert!(shown.contains("example.org   unknown: its only list says nothing\n"), "{shown}");
    let silent =
        "lists that say nothing\n  silent\n    alpha: 2.0.0.127.alpha.example: no answer in time\n";
    assert!(shown.contains(silent), "{shown}");
    assert!(shown.ends_with("\ninterrupted: this report is incomplete\n"), "{shown}");
}

/// What a list says reaches nobody's terminal or spreadsheet as anything but text.
#[test]
fn a_hostile_text_is_only_text() {
    let bait = "=HYPERLINK(\"http://x\")\u{1b}[2J\u{202e}\r\n+1;@SUM(A1)<script>\u{9b}31m";
    let lookups = scripted().then(
        "1.2.0.192.alpha.example",
        LookupKind::Txt,
        LookupAnswer::Texts(vec![bait.into(), format!("-{}", "x".repeat(9000))]),
    );
    let mut listings = asked(subjects(), &lookups);
    let mut file = file(&mut listings);
    file.name = format!("{bait}.cf");
    file.lists[0].configured.text = bait.into();
    let mut report = ListsReport::build(details(), &listings, &[file]);
    report.zones[0].kinds[0].text = bait.into();
    report.subjects[2].words[1].text = Some(bait.into());
    report.configurations[0].notes.push(NoteReport { line: 1, kind: "meaning", text: bait.into() });
    for (name, text) in all_forms(&report) {
        let text = if name.ends_with(".csv") { text.replace("\r\n", "\n") } else { text };
        let treacherous = |c: char| c != '\n' && escape::is_treacherous(c);
        assert!(!text.contains(treacherous), "{name}: {text}");
        assert!(text.contains("HYPERLINK"), "{name}");
    }
    assert_eq!(value(&report)["subjects"][0]["words"][0]["texts"][0], bait);
    for cell in rows(&report).iter().flat_map(|row| row.values()) {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        assert!(cell.chars().count() < 4050, "{cell}");
    }
}

#[test]
fn no_form_holds_a_key() {
    let echo = LookupAnswer::Texts(vec!["key s3cret is over its limit".into()]);
    let lookups = scripted()
        .then("1.2.0.192.s3cret.beta.example", LookupKind::A, codes("127.0.0.2"))
        .then("1.2.0.192.s3cret.beta.example", LookupKind::Txt, echo);
    let report = ListsReport::build(details(), &asked(subjects(), &lookups), &[]);
    let asked = lookups.asked();
    assert!(asked.iter().any(|(name, _)| name.contains("s3cret")), "the key was used");
    for (name, text) in all_forms(&report) {
        assert!(!text.to_ascii_lowercase().contains("s3cret"), "{name}: {text}");
        assert!(text.contains("{key}"), "{name}");
    }
}

#[test]
fn a_list_that_begins_to_refuse_says_nothing_from_then_on_and_what_to_do() {
    let refusal = codes("127.255.255.255");
    let lookups = scripted().then("2.2.0.192.alpha.example", LookupKind::A, refusal);
    let report = ListsReport::build(details(), &asked(subjects(), &lookups), &[]);
    let words: Vec<_> = report.subjects.iter().map(|subject| &subject.words[0]).collect();
    assert_eq!((words[0].word, words[1].word), ("listed", "unknown"));
    assert_eq!(words[1].reason, Some("refused"));
    assert!(words[1].remedy.as_deref().unwrap().starts_with("wait and ask less"), "{:?}", words[1]);
}

fn codes(code: &str) -> LookupAnswer {
    LookupAnswer::Addresses(vec![code.parse().unwrap()])
}
