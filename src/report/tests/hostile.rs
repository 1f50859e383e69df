//! What hostile servers and careless names do to each writer.

use serde_json::json;

use super::samples::with_lists;
use super::*;
use crate::report::escape;
use crate::report::fixtures::hostile;

fn treacherous(c: char) -> bool {
    c != '\n' && escape::is_treacherous(c)
}

/// A host whose server and whose papers are all bait.
pub(super) fn bait() -> RunReport {
    let mut host = report(&hostile());
    host.target.name = Some("=HYPERLINK(\"http://x.example.test\")\u{1b}[2J\u{202e}".into());
    host.target.mail_domain = Some("\u{ff1d}1+1".into());
    host.authority = Some(AuthorityReport {
        source: Source::ScopeFile,
        file: Some("\t=1+1".into()),
        authorized_by: Some("<script>alert(1)</script>; \"=cmd|' /C calc'!A0\"\r\n=2".into()),
        expires: None,
    });
    host.grade.reasons[0].rule = "=2+2".into();
    host.grade.reasons[0].text = "\u{1b}[31m;=1+1\u{202e}".into();
    host.grade.one_letter_up = vec!["\u{9b}2J".into()];
    host.grade.categories[0].id.push('\u{7}');
    host.grade.policy.name.push('\u{2066}');
    host.findings[0].summary = "@SUM(A1)\u{2066}".into();
    host.findings[0].reproduce = Some("-1".into());
    host.connections[0].exchanges[8].lost = Some(format!("+{}", "x".repeat(9000)));
    let identity = Identity { contact: Some("+49 30 1".into()), ..fixtures::identity() };
    let mut report = with_lists(RunReport::build(details(&identity), vec![host], Vec::new()));
    let said = &mut report.hosts[0].lists[0].words[0];
    said.texts = vec!["=1+1\u{1b}[2J".into(), "<script>\u{202e}".into()];
    said.codes[0].meaning = Some("@SUM(A1)\r\n=2".into());
    said.delisting = Some("-1".into());
    report
}

#[test]
fn hostile_servers_only_disturb_themselves() {
    let mut host = report(&hostile());
    host.target.name = Some("mx\u{1b}[2J\u{202e}".into());
    host.relay.explanations[0].text.push_str(" \u{9b}31m\u{2028}");
    let report = run(vec![host], Vec::new());
    let shown = text(&report, Options::default());
    let treacherous = |c: char| c != '\n' && escape::is_treacherous(c);
    assert!(!shown.contains(treacherous), "{shown}");
    assert!(shown.contains(r"--> mx\u{1b}[2J\u{202e}:25"), "{shown}");
    assert!(shown.contains(r"S: 550-\x1b[2J\x1b]0;owned\x07 \x9b31m \xe2\x80\xae gnp.exe"));
    assert!(shown.contains("long l… (3704 more)"), "{shown}");
    assert!(shown.contains("warning[peer-fault]: the server breaks the protocol: "), "{shown}");
    let carets = format!(
        "line of more than 4096 bytes)\n    |    {}\n",
        "^".repeat("(a reply line of more than 4096 bytes)".len())
    );
    assert!(shown.contains(&carets), "{shown}");
    let (text, value) = json_of(&report);
    assert!(text.is_ascii() && !text.contains(treacherous));
    assert_eq!(value.pointer("/hosts/0/target/name"), Some(&json!("mx\u{1b}[2J\u{202e}")));
    assert_eq!(
        value.pointer("/hosts/0/server/extensions/0"),
        Some(&json!(r"X\x1b[31m\xe2\x80\xae"))
    );
    let lost = value.pointer("/hosts/0/connections/0/exchanges/8/lost").unwrap();
    assert_eq!(lost, &json!("a reply line of more than 4096 bytes"));
}

#[test]
fn no_form_holds_what_a_terminal_obeys() {
    for (name, text) in all_forms(&bait()) {
        let text = if name.ends_with(".csv") { text.replace("\r\n", "\n") } else { text };
        assert!(!text.contains(treacherous), "{name}: {text}");
    }
}

#[test]
fn no_text_becomes_a_part_of_the_page() {
    let page = written(|out| html::write(&bait(), &PageOptions::default(), out));
    for tag in ["<img", "javascript:", "src=", "href=\"http"] {
        assert!(!page.contains(tag), "{tag}: {page}");
    }
    assert_eq!(page.matches("<script").count(), 1, "ours alone: {page}");
    assert!(page.contains("=HYPERLINK(&quot;http:&#x2f;&#x2f;x.example.test&quot;)"), "{page}");
    assert!(page.contains(r"\xff\xfe\x00\x7f&lt;script&gt;"), "{page}");
}

#[test]
fn lines_of_json_are_lines() {
    let text = written(|out| jsonl::write(&bait(), out));
    assert_eq!(text.lines().count(), 2);
    let host: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let name = json!("=HYPERLINK(\"http://x.example.test\")\u{1b}[2J\u{202e}");
    assert_eq!(host.pointer("/target/name"), Some(&name));
    let lines = host.pointer("/connections/0/exchanges/4/reply").unwrap();
    assert_eq!(lines[0], json!(r"550-\x1b[2J\x1b]0;owned\x07 \x9b31m \xe2\x80\xae gnp.exe"));
    assert_eq!(lines[1], json!(r#"550 \xff\xfe\x00\x7f<script>'"=cmd|\\"#));
}

#[test]
fn no_cell_is_computed() {
    let report = bait();
    let hosts = tables::read(&written(|out| csv::write_hosts(&report, out)));
    let findings = tables::read(&written(|out| csv::write_findings(&report, out)));
    let listings = tables::read(&written(|out| csv::write_listings(&report, out)));
    for cell in hosts.iter().chain(&findings).chain(&listings).flat_map(|row| row.values()) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}']), "{cell}");
        assert!(!cell.contains(escape::is_treacherous), "{cell}");
        assert!(cell.chars().count() < 4050, "{cell}");
    }
    let table = [
        (&hosts, "Target name", r#"'=HYPERLINK("http://x.example.test")\u{1b}[2J\u{202e}"#),
        (&hosts, "Mail domain", "'\u{ff1d}1+1"),
        (&hosts, "Tested by (contact)", "'+49 30 1"),
        (&hosts, "Scope file", r"'\u{9}=1+1"),
        (
            &hosts,
            "Authorized by",
            r#"<script>alert(1)</script>; "'=cmd|' /C calc'!A0"\u{d}\u{a}=2"#,
        ),
        (&listings, "Text of the list", r"'=1+1\u{1b}[2J | <script>\u{202e}"),
        (&listings, "Meanings", r"'@SUM(A1)\u{d}\u{a}=2"),
        (&listings, "Removal", "'-1"),
        (&findings, "Summary", r"'@SUM(A1)\u{2066}"),
        (&findings, "Reproduce", "'-1"),
    ];
    let reasons = &hosts[0]["Reasons for the grade"];
    assert!(reasons.starts_with(r"'=2+2: \u{1b}[31m;'=1+1\u{202e} ("), "{reasons}");
    for (rows, column, want) in table {
        assert_eq!(rows[0][column], want, "{column}");
    }
    assert!(findings[0]["Deciding reply"].ends_with("… (5003 more)"));
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    let all = || run([open(), deferred(), hostile()].iter().map(report).collect(), Vec::new());
    assert_eq!(all_forms(&all()), all_forms(&all()));
    assert_eq!(bytes(&all(), Options::default()), bytes(&all(), Options::default()));
}
