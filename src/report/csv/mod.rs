//! The report as tables for a spreadsheet: one of the hosts, one of the findings, one of the
//! listings, one of the relay matrices.
//!
//! RFC 4180: UTF-8 without a byte order mark, CRLF line ends, a header line, every row as long as
//! it. Every cell has passed [`csv_cell`]. A value that is not known is an empty cell; of several
//! values, words are joined by commas and sentences by ` | `. A row of the
//! findings, the listings or the matrices begins with the same five cells as the row of its host.

mod listings;

use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use super::also;
use super::escape::csv_cell;
use super::model::{
    CategoryStanding, FindingReport, HostReport, MatrixCellReport, MatrixRowReport, Place,
    RunReport, RunSection, Tool,
};

/// A column of the table of hosts: its header, and its cell for a row.
type HostColumn = (&'static str, fn(&HostRow<'_>) -> String);
/// The same for the table of findings.
type FindingColumn = (&'static str, fn(&FindingRow<'_>) -> String);

/// The same for the table of the relay matrices.
type CellColumn = (&'static str, fn(&CellRow<'_>) -> String);

/// A row of the table of hosts.
struct HostRow<'a> {
    tool: &'a Tool,
    run: &'a RunSection,
    host: &'a HostReport,
}

/// A row of the table of findings.
struct FindingRow<'a> {
    host: HostRow<'a>,
    finding: &'a FindingReport,
}

/// A row of the table of the relay matrices.
struct CellRow<'a> {
    host: HostRow<'a>,
    row: &'a MatrixRowReport,
    cell: &'a MatrixCellReport,
}

/// What tells hosts apart.
const TARGET: [HostColumn; 5] = [
    ("Target name", |row| given(&row.host.target.name)),
    ("Address", |row| row.host.target.address.to_string()),
    ("Port", |row| row.host.target.port.to_string()),
    ("Role", |row| word(&row.host.target.role)),
    ("Mail domain", |row| given(&row.host.target.mail_domain)),
];

/// What was tested, when, by whom and by what right, and what came out.
const HOSTS: [HostColumn; 35] = [
    ("Test started", |row| row.run.started.clone()),
    ("Test finished", |row| row.run.finished.clone()),
    ("Test interrupted", |row| yes_or_no(row.run.interrupted)),
    ("Tested by (domain)", |row| given(&row.run.identity.auditor_domain)),
    ("Tested by (contact)", |row| given(&row.run.identity.contact)),
    ("Vantage (source address)", |row| given(&row.host.vantage.source)),
    ("Vantage (position)", |row| given(&row.host.vantage.position)),
    ("Vantage (asserted by tester)", |row| yes_or_no(row.host.vantage.asserted)),
    ("Authority", |row| row.host.authority.as_ref().map(|a| word(&a.source)).unwrap_or_default()),
    ("Authorized by", |row| {
        row.host.authority.as_ref().map(|a| given(&a.authorized_by)).unwrap_or_default()
    }),
    ("Authorized until", |row| {
        row.host.authority.as_ref().map(|a| given(&a.expires)).unwrap_or_default()
    }),
    ("Scope file", |row| row.host.authority.as_ref().map(|a| given(&a.file)).unwrap_or_default()),
    ("Tool", |row| format!("{} {}", row.tool.name, row.tool.version)),
    ("Probe profile", |row| word(&row.run.profile)),
    ("Verdict", |row| row.host.relay.verdict.to_owned()),
    ("Proof", |row| row.host.relay.proof.to_owned()),
    ("Reasons", |row| row.host.relay.reasons.join(", ")),
    ("Reasons in words", |row| {
        sentences(row.host.relay.explanations.iter().map(|reason| reason.text.as_str()))
    }),
    ("Probes planned", |row| row.host.relay.coverage.planned.to_string()),
    ("Probes judged", |row| row.host.relay.coverage.judged.to_string()),
    ("Coverage percent", |row| row.host.relay.coverage.percent.to_string()),
    ("Grade", |row| row.host.grade.letter.to_owned()),
    ("Score", |row| given(&row.host.grade.score)),
    ("Grade coverage (percent)", |row| row.host.grade.coverage.to_string()),
    ("Graded categories", |row| graded(row.host)),
    ("Reasons for the grade", |row| {
        let reasons = row.host.grade.reasons.iter();
        let reasons = reasons.map(|why| format!("{}: {} ({})", why.rule, why.text, why.effect));
        reasons.collect::<Vec<_>>().join(" | ")
    }),
    ("Not run", |row| not_run(row.host)),
    ("Stopped early", |row| row.host.stopped.as_ref().map(word).unwrap_or_default()),
    ("Highest severity", |row| {
        let severities = row.host.findings.iter().map(|finding| finding.severity);
        severities.max().map(|severity| severity.as_str().to_owned()).unwrap_or_default()
    }),
    ("Findings", |row| row.host.findings.len().to_string()),
    ("Connections", |row| row.host.totals.connections.to_string()),
    ("Commands", |row| row.host.totals.commands.to_string()),
    ("Connections failed", |row| row.host.dial_failures.len().to_string()),
    ("Matrix mismatches", |row| {
        given(&row.host.relay_matrix.as_ref().map(|matrix| matrix.mismatches))
    }),
    ("Policy violations", |row| match row.host.policy.as_deref() {
        None => String::new(),
        Some([]) => "none".to_owned(),
        Some(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "),
    }),
];

/// Who sends as whom and to whom, what is expected and what the server does.
const CELLS: [CellColumn; 15] = [
    ("Test started", |row| row.host.run.started.clone()),
    ("Client", |row| row.row.client.as_str().to_owned()),
    ("Client address", |row| given(&row.row.source)),
    ("Login", |row| given(&row.row.mechanism)),
    ("Sender", |row| row.cell.sender.as_str().to_owned()),
    ("Recipient", |row| row.cell.recipient.as_str().to_owned()),
    ("Mail from", |row| {
        row.cell.mail_from.as_ref().map(|path| format!("<{path}>")).unwrap_or_default()
    }),
    ("Rcpt to", |row| {
        row.cell.rcpt_to.as_ref().map(|path| format!("<{path}>")).unwrap_or_default()
    }),
    ("Expected", |row| row.cell.expected.as_str().to_owned()),
    ("Expected by tester", |row| yes_or_no(row.cell.expected_by_user)),
    ("Observed", |row| row.cell.observed.to_owned()),
    ("Reason", |row| given(&row.cell.reason)),
    ("Mismatch", |row| yes_or_no(row.cell.mismatch)),
    ("Deciding reply", |row| {
        row.cell.reply.as_ref().map(|lines| lines.join(" | ")).unwrap_or_default()
    }),
    ("Place in the JSON report", |row| {
        let path = |at: Place| format!("connections[{}].exchanges[{}]", at.connection, at.exchange);
        row.cell.evidence.map(path).unwrap_or_default()
    }),
];

/// What is claimed, how sure it is, what shows it and what to do.
const FINDINGS: [FindingColumn; 21] = [
    ("Test started", |row| row.host.run.started.clone()),
    ("Finding", |row| row.finding.id.to_owned()),
    ("Title", |row| row.finding.title.to_owned()),
    ("Severity", |row| row.finding.severity.as_str().to_owned()),
    ("Confidence", |row| row.finding.confidence.as_str().to_owned()),
    ("Proof", |row| given(&row.finding.proof)),
    ("Probe", |row| given(&row.finding.probe)),
    ("Probe code", |row| given(&row.finding.code)),
    ("Summary", |row| row.finding.summary.clone()),
    ("Notes", |row| sentences(row.finding.notes.iter().map(String::as_str))),
    ("Also accepted", |row| {
        sentences(also::accepted(row.host.host, row.finding).iter().map(String::as_str))
    }),
    ("Deciding command", |row| deciding(row).0),
    ("Deciding reply", |row| deciding(row).1),
    ("Place in the JSON report", |row| {
        let place = row.finding.evidence;
        let path = |at: Place| format!("connections[{}].exchanges[{}]", at.connection, at.exchange);
        place.map(path).unwrap_or_default()
    }),
    ("References", |row| row.finding.references.join(", ")),
    ("Remedy", |row| row.finding.remedy.to_owned()),
    ("Fix", |row| {
        let fix = row.finding.fix.iter().map(|(server, text)| format!("{server}: {text}"));
        fix.collect::<Vec<_>>().join(" | ")
    }),
    ("Reproduce", |row| given(&row.finding.reproduce)),
    ("Baseline", |row| row.finding.baseline.as_ref().map(word).unwrap_or_default()),
    ("Suppressed until", |row| {
        given(&row.finding.suppression.as_ref().map(|suppression| suppression.expires))
    }),
    ("Why it does not count", |row| given(&row.finding.set_aside())),
];

/// The tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One row for each host, in the order of the targets.
    Hosts,
    /// One row for each finding, by host and severity. A host without findings has no row.
    Findings,
    /// One row for each question to each list, by host. A host that no list was asked about has no
    /// row.
    Listings,
    /// One row for each cell of the relay matrices. A host that was not asked for its matrix has no
    /// row.
    Matrix,
}

/// A table that is written host by host.
pub struct Writer<'a, W: Write> {
    table: Table<W>,
    rows: Rows,
    tool: Tool,
    run: &'a RunSection,
}

/// Writes the table of hosts: a header and its rows.
///
/// # Errors
/// Those of `out`.
pub fn write_hosts(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    write(Rows::Hosts, report, out)
}

/// Writes the table of findings.
///
/// # Errors
/// Those of `out`.
pub fn write_findings(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    write(Rows::Findings, report, out)
}

/// Writes the table of listings.
///
/// # Errors
/// Those of `out`.
pub fn write_listings(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    write(Rows::Listings, report, out)
}

/// Writes the table of the relay matrices.
///
/// # Errors
/// Those of `out`.
pub fn write_matrix(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    write(Rows::Matrix, report, out)
}

fn write(rows: Rows, report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::begin(rows, &report.run, out)?;
    report.hosts.iter().try_for_each(|host| writer.host(host))?;
    writer.end().map(drop)
}

impl<'a, W: Write> Writer<'a, W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(rows: Rows, run: &'a RunSection, out: W) -> io::Result<Self> {
        let mut table = Table::new(out);
        let target = TARGET.iter().map(|(header, _)| *header);
        match rows {
            Rows::Hosts => table.header(target.chain(HOSTS.iter().map(|(header, _)| *header))),
            Rows::Findings => {
                table.header(target.chain(FINDINGS.iter().map(|(header, _)| *header)))
            }
            Rows::Listings => {
                table.header(target.chain(listings::LISTINGS.iter().map(|(header, _)| *header)))
            }
            Rows::Matrix => table.header(target.chain(CELLS.iter().map(|(header, _)| *header))),
        }?;
        Ok(Self { table, rows, tool: Tool::this(), run })
    }

    /// Writes the rows of a host.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn host(&mut self, host: &HostReport) -> io::Result<()> {
        let of_host = || HostRow { tool: &self.tool, run: self.run, host };
        let row = of_host();
        let target = || TARGET.iter().map(|(_, cell)| cell(&row));
        match self.rows {
            Rows::Hosts => self.table.row(target().chain(HOSTS.iter().map(|(_, cell)| cell(&row)))),
            Rows::Findings => host.findings.iter().try_for_each(|finding| {
                let row = FindingRow { host: of_host(), finding };
                self.table.row(target().chain(FINDINGS.iter().map(|(_, cell)| cell(&row))))
            }),
            Rows::Listings => listings::rows(host, of_host).try_for_each(|row| {
                let cells = listings::LISTINGS.iter().map(|(_, cell)| cell(&row));
                self.table.row(target().chain(cells))
            }),
            Rows::Matrix => {
                let rows = host.relay_matrix.iter().flat_map(|matrix| &matrix.rows);
                let mut cells = rows.flat_map(|row| row.cells.iter().map(move |cell| (row, cell)));
                cells.try_for_each(|(row, cell)| {
                    let row = CellRow { host: of_host(), row, cell };
                    self.table.row(target().chain(CELLS.iter().map(|(_, cell)| cell(&row))))
                })
            }
        }
    }

    /// Ends the table and gives back what it was written to.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(self) -> io::Result<W> {
        self.table.end()
    }
}

/// The one way into a file: every cell is made safe here.
pub(super) struct Table<W: Write>(csv::Writer<W>);

impl<W: Write> Table<W> {
    pub(super) fn new(out: W) -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out))
    }

    fn header<'h>(&mut self, headers: impl Iterator<Item = &'h str>) -> io::Result<()> {
        self.row(headers.map(str::to_owned))
    }

    pub(super) fn row(&mut self, cells: impl Iterator<Item = String>) -> io::Result<()> {
        self.0.write_record(cells.map(|cell| csv_cell(&cell))).map_err(io::Error::from)
    }

    pub(super) fn end(mut self) -> io::Result<W> {
        self.0.flush()?;
        self.0.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

pub(super) fn given(value: &Option<impl ToString>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// The word that a value has in JSON.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

pub(super) fn sentences<'a>(sentences: impl Iterator<Item = &'a str>) -> String {
    sentences.collect::<Vec<_>>().join(" | ")
}

/// The categories that the grade speaks of, each with its own letter: `relay A+, operations C`.
fn graded(host: &HostReport) -> String {
    let categories = host.grade.categories.iter();
    let judged = categories.filter(|category| category.standing == CategoryStanding::Judged);
    let judged = judged.map(|category| format!("{} {}", category.id, category.letter));
    judged.collect::<Vec<_>>().join(", ")
}

/// The probes that did not run: `S10 S11 (no-local-domain), H03 (role)`.
fn not_run(host: &HostReport) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for probe in host.probes.iter().filter(|probe| probe.outcome == "not-run") {
        let reason = probe.reason.unwrap_or_default();
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, codes)) => codes.push(&probe.code),
            None => reasons.push((reason, vec![&probe.code])),
        }
    }
    let reasons = reasons.iter().map(|(reason, codes)| format!("{} ({reason})", codes.join(" ")));
    reasons.collect::<Vec<_>>().join(", ")
}

/// The command that decides a finding, and its reply or, in parentheses, why there is none.
fn deciding(row: &FindingRow<'_>) -> (String, String) {
    let exchange = row.finding.evidence.and_then(|Place { connection, exchange }| {
        row.host.host.connections.get(connection)?.exchanges.get(exchange)
    });
    let Some(exchange) = exchange else { return Default::default() };
    let reply = exchange.reply.as_ref().map(|lines| lines.join(" | "));
    let lost = || exchange.lost.as_ref().map(|why| format!("({why})"));
    (given(&exchange.sent), reply.or_else(lost).unwrap_or_default())
}
