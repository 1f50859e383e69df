//! The tables, read back.

use std::collections::BTreeMap;

use super::samples::{sample, with_lists};
use super::*;
use crate::evidence::{Evidence, Exchange};
use crate::report::model::{BaselineStanding, SuppressionMark};
use crate::smtp::WireText;

type Row = BTreeMap<String, String>;

/// The rows of a table by the names of its columns. The reader refuses rows that are longer or
/// shorter than the header.
pub(super) fn read(table: &str) -> Vec<Row> {
    let mut reader = ::csv::Reader::from_reader(table.as_bytes());
    let headers: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = |record: ::csv::Result<::csv::StringRecord>| {
        let cells = record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>();
        headers.iter().cloned().zip(cells).collect()
    };
    reader.records().map(row).collect()
}

fn hosts(report: &RunReport) -> String {
    written(|out| csv::write_hosts(report, out))
}

fn findings(report: &RunReport) -> String {
    written(|out| csv::write_findings(report, out))
}

#[test]
fn one_row_a_host() {
    let rows = read(&hosts(&sample()));
    let column = |name: &str| rows.iter().map(|row| row[name].as_str()).collect::<Vec<_>>();
    let name = "Target name";
    assert_eq!(column(name), ["mx1.example.test", "mx2.example.test", "mx3.example.test", ""]);
    assert_eq!(column("Matrix mismatches"), ["", "1", "", ""]);
    assert_eq!(column("Verdict"), ["open", "closed", "inconclusive", "unreachable"]);
    assert_eq!(column("Highest severity"), ["critical", "medium", "", ""]);
    assert_eq!(
        column("Not run"),
        ["S10 (no-local-domain)", "", "S10 (no-local-domain)", "S01 (unreachable)"]
    );
    let first = [
        ("Address", "192.0.2.1"),
        ("Port", "25"),
        ("Role", "mx"),
        ("Mail domain", ""),
        ("Test started", "2026-01-01T00:00:00Z"),
        ("Test finished", "2026-01-01T00:00:09Z"),
        ("Test interrupted", "no"),
        ("Tested by (domain)", "audit.example.test"),
        ("Tested by (contact)", "audit@audit.example.test"),
        ("Vantage (source address)", "198.51.100.7"),
        ("Vantage (position)", "outside"),
        ("Vantage (asserted by tester)", "no"),
        ("Authority", "scope-file"),
        ("Authorized by", "J. Postmaster, Example Ltd"),
        ("Authorized until", "2026-03-01"),
        ("Scope file", "mxaudit.toml"),
        ("Tool", concat!("mxaudit ", env!("CARGO_PKG_VERSION"))),
        ("Probe profile", "quick"),
        ("Proof", "suspected"),
        ("Reasons", "accepted-recipient"),
        ("Probes planned", "3"),
        ("Probes judged", "2"),
        ("Coverage percent", "66"),
        ("Grade", "F"),
        ("Score", "2"),
        ("Grade coverage (percent)", "58"),
        ("Graded categories", "relay F, operations N"),
        ("Stopped early", ""),
        ("Findings", "1"),
        ("Connections", "2"),
        ("Commands", "11"),
        ("Connections failed", "0"),
        ("Matrix mismatches", ""),
        ("Policy violations", ""),
    ];
    for (column, want) in first {
        assert_eq!(rows[0][column], want, "{column}");
    }
    assert_eq!(rows[3]["Connections failed"], "1");
    assert_eq!(rows[3]["Reasons in words"], "connect to [2001:db8::1]:25: connection refused");
    let reasons = "relay-accepted: strangers can send mail to strangers through this server \
                   (at most F) | relay.variants: 1 of 3 ";
    assert!(rows[0]["Reasons for the grade"].starts_with(reasons), "{:?}", rows[0]);
    assert_eq!(rows[0].len(), first.len() + 6, "every column is looked at, none is there twice");
}

#[test]
fn one_row_a_question_to_a_list() {
    let listings = |report: &RunReport| read(&written(|out| csv::write_listings(report, out)));
    let report = with_lists(sample());
    let rows = listings(&report);
    let questions: Vec<_> = report.hosts[0]
        .lists
        .iter()
        .flat_map(|subject| subject.words.iter().map(|said| [&subject.subject, &said.list]))
        .collect();
    let told: Vec<_> = rows.iter().map(|row| [&row["Subject"], &row["List"]]).collect();
    assert_eq!(told, questions, "each question of the only host that lists were asked about");
    assert!(rows.iter().all(|row| row["Target name"] == "mx1.example.test"));
    let row = |list: &str| rows.iter().find(|row| row["List"] == list).unwrap();
    let table = [
        ("alpha", "Word", "listed"),
        ("alpha", "Answers", "127.0.0.2"),
        ("alpha", "Meanings", "sends spam"),
        ("alpha", "Weight", "critical"),
        ("alpha", "Text of the list", "see https://alpha.example/192.0.2.1"),
        ("alpha", "Health of the list", "healthy"),
        ("alpha", "Lookup", "1.2.0.192.alpha.example A: 127.0.0.2"),
        ("alpha", "Removal", "https://alpha.example/removal"),
        ("beta", "Word", "not-listed"),
        ("beta", "Zone", "{key}.beta.example"),
        ("beta", "Answers", ""),
        ("dark", "Word", "unknown"),
        ("dark", "Why unknown", "silent"),
        ("dark", "Health of the list", "silent"),
        ("dark", "In words", "2.0.0.127.dark.example: no answer in time"),
        ("dark", "Registry", "1 of 2026-01-02"),
        ("dark", "Resolvers", "192.0.2.53"),
    ];
    for (list, column, want) in table {
        assert_eq!(row(list)[column], want, "{list}: {column}");
    }
    assert_eq!(listings(&sample()), [], "no list was asked");
}

#[test]
fn one_row_a_cell() {
    let rows = read(&written(|out| csv::write_matrix(&sample(), out)));
    assert_eq!(rows.len(), 12, "two clients of one host");
    let column = |name: &str| rows.iter().map(|row| row[name].as_str()).collect::<Vec<_>>();
    assert!(column("Target name").iter().all(|name| *name == "mx2.example.test"));
    let stranger = ["refused", "accepted", "refused", "accepted", "refused", "deferred"];
    assert_eq!(column("Observed")[..6], stranger);
    assert!(column("Observed")[6..].iter().all(|word| *word == "not-tested"));
    assert_eq!(column("Expected")[..6], ["no", "yes", "no", "no", "no", "yes"]);
    assert_eq!(column("Mismatch").iter().position(|word| *word == "yes"), Some(3));
    assert_eq!((column("Login")[0], column("Login")[6]), ("", "PLAIN"));
    assert_eq!(column("Reason")[6], "auth-failed");
    assert_eq!(column("Mail from")[4], "<>");
    assert_eq!(column("Client address")[0], "198.51.100.7");
    assert_eq!(column("Deciding reply")[5], "450 4.2.0 Greylisted");
}

#[test]
fn what_an_audit_cost_is_the_same_in_every_form() {
    let mut evidence = closed();
    let cost = |evidence: &Evidence| {
        let report = run(vec![report(evidence)], Vec::new());
        let row = read(&hosts(&report)).remove(0);
        let totals = json_of(&report).1["hosts"][0]["totals"].clone();
        let line = text(&report, Options { quiet: true, ..Options::default() });
        let columns = [row["Connections"].clone(), row["Commands"].clone()];
        (totals, columns, line.split("   ").last().unwrap().trim_end().to_owned())
    };
    let expected = |connections: usize, commands: usize, line: &str| {
        let totals = json!({"connections": connections, "commands": commands});
        (totals, [connections, commands].map(|number| number.to_string()), line.to_owned())
    };
    assert_eq!(cost(&evidence), expected(1, 7, "1 connection, 7 commands"));
    // Bytes of the server that nothing was sent for cost it no command, whatever the phase.
    let exchanges = &mut evidence.transcripts[0].exchanges;
    let unasked = Exchange { sent: WireText::default(), ..exchanges[2].clone() };
    exchanges.push(unasked);
    evidence.transcripts.push(evidence.transcripts[0].clone());
    assert_eq!(cost(&evidence), expected(2, 14, "2 connections, 14 commands"));
    assert_eq!(cost(&unreachable()), expected(0, 0, "0 connections, 0 commands"));
}

#[test]
fn probes_that_did_not_run_are_grouped_by_reason() {
    let mut report = sample();
    let known = report.hosts[0].probes.iter().find(|probe| probe.code == "S10").unwrap().clone();
    for (code, reason) in [("R05", "same-envelope"), ("S11", "no-local-domain")] {
        let reason = Some(reason);
        report.hosts[0].probes.push(ProbeReport { code: code.into(), reason, ..known.clone() });
    }
    report.run.interrupted = true;
    report.hosts[0].stopped = Some(crate::evidence::Stop::NoProgress);
    let rows = read(&hosts(&report));
    assert_eq!(rows[0]["Not run"], "S10 S11 (no-local-domain), R05 (same-envelope)");
    assert_eq!(rows[0]["Stopped early"], "no-progress");
    assert_eq!(rows[0]["Test interrupted"], "yes");
}

#[test]
fn one_row_a_finding() {
    let mut report = sample();
    let mut known = report.hosts[1].findings[0].clone();
    known.baseline = Some(BaselineStanding::Known);
    report.hosts[1].findings.clear();
    let mut finding = report.hosts[0].findings[0].clone();
    finding.baseline = Some(BaselineStanding::New);
    let expires = jiff::civil::date(2026, 2, 1);
    let (reason, place) = ("moves".to_owned(), "mxaudit.toml:7".to_owned());
    let mark = SuppressionMark { reason, expires, in_force: true, place };
    known.suppression = Some(mark);
    report.hosts[0].findings[0] = finding.clone();
    report.hosts[3].findings = vec![known];
    report.hosts[2].findings = vec![finding.clone(), finding];
    let place = report.hosts[2].findings[1].evidence.as_mut().unwrap();
    (place.connection, place.exchange) = (9, 9);
    let rows = read(&findings(&report));
    assert_eq!(rows.len(), 4);
    let table = [
        ("Baseline", "new"),
        ("Suppressed until", ""),
        ("Why it does not count", ""),
        ("Target name", "mx1.example.test"),
        ("Address", "192.0.2.1"),
        ("Port", "25"),
        ("Role", "mx"),
        ("Mail domain", ""),
        ("Test started", "2026-01-01T00:00:00Z"),
        ("Finding", "open-relay"),
        ("Title", "a stranger's mail for a stranger is accepted"),
        ("Severity", "critical"),
        ("Confidence", "medium"),
        ("Proof", "suspected"),
        ("Probe", "relay-percent-host"),
        ("Probe code", "R01"),
        ("Also accepted", ""),
        ("Deciding command", "RCPT TO:<canary%audit.example.test@mx1.example.test>"),
        ("Deciding reply", "250 2.1.5 ok"),
        ("Place in the JSON report", "connections[0].exchanges[4]"),
    ];
    for (column, want) in table {
        assert_eq!(rows[0][column], want, "{column}");
    }
    let begin = [
        ("Summary", "a third-party recipient was accepted"),
        ("Notes", "not sent past RCPT"),
        ("References", "RFC 2505 section 2.1, RFC 5321"),
        ("Remedy", "Relay only for clients"),
        ("Fix", "Postfix: Remove the alias"),
        ("Reproduce", "swaks --server 192.0.2.1 "),
    ];
    for (column, want) in begin {
        assert!(rows[0][column].starts_with(want), "{column}: {}", rows[0][column]);
    }
    assert_eq!(rows[0].len(), table.len() + begin.len(), "every column is looked at");
    let aside = ["Baseline", "Suppressed until", "Why it does not count"];
    let why = "suppressed until 2026-02-01 (mxaudit.toml:7): moves";
    assert_eq!(aside.map(|column| rows[3][column].as_str()), ["known", "2026-02-01", why]);
    let empty = &rows[2];
    assert_eq!((empty["Deciding command"].as_str(), empty["Deciding reply"].as_str()), ("", ""));
}

#[test]
fn other_accepted_forms_and_lost_replies_have_their_cells() {
    let mut report = sample();
    let host = &mut report.hosts[0];
    let mut known = host.probes.iter().find(|probe| probe.code == "R01").unwrap().clone();
    known.code = "H01".into();
    host.probes.push(known);
    host.findings[0].also = vec!["H01".into(), "S02".into()];
    host.connections[0].exchanges[4].reply = None;
    host.connections[0].exchanges[4].lost = Some("the connection was reset".into());
    let rows = read(&findings(&report));
    let also = "H01 (again on a fresh connection) | S02 (not asked again)";
    assert_eq!(rows[0]["Also accepted"], also);
    assert_eq!(rows[0]["Deciding reply"], "(the connection was reset)");
}

#[test]
fn lines_end_as_rfc_4180_says() {
    let none = run(vec![report(&closed())], Vec::new());
    for table in [hosts(&sample()), findings(&sample()), findings(&none)] {
        assert!(table.ends_with("\r\n") && table.starts_with("Target name,Address,Port,"));
        assert!(!table.replace("\r\n", "").contains(['\r', '\n']), "{table}");
    }
    assert_eq!(read(&findings(&none)), []);
    assert_eq!(findings(&none).lines().count(), 1, "the header stands alone");
}
