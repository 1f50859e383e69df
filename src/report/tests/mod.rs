//! What the writers print for hosts made by hand.

mod grades;
mod hostile;
mod machines;
mod pages;
mod picture;
pub(in crate::report) mod samples;
mod sarif_log;
mod schema;
mod settled;
mod sweeps;
mod tables;
mod terminal;

use std::io::{self, Write};

use serde_json::{Value, json};

use super::fixtures::{
    closed, deferred, details, open, report, run, unreachable, with_matrix, with_pop,
};
use super::html::PageOptions;
use super::model::{AuthorityReport, FindingReport, HostReport, NotProbed, ProbeReport, RunReport};
use super::terminal::{Options, write};
use super::{csv, fixtures, html, json, jsonl, junit, prometheus, sarif};
use crate::evidence::{Answer, Identity};
use crate::target::scope::Source;

fn bytes(report: &RunReport, options: Options) -> String {
    written(|out| write(report, out, options))
}

/// The text without its colours.
fn text(report: &RunReport, options: Options) -> String {
    anstream::adapter::strip_str(&bytes(report, options)).to_string()
}

fn text_of(host: HostReport) -> String {
    text(&run(vec![host], Vec::new()), Options::default())
}

fn json_of(report: &RunReport) -> (String, Value) {
    let text = written(|out| json::write(report, out));
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

/// What a writer writes.
fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The report in every form, by the names of the files in `reports/samples/`.
fn all_forms(report: &RunReport) -> [(&'static str, String); 11] {
    [
        ("report.txt", text(report, Options::default())),
        ("report.json", written(|out| json::write(report, out))),
        ("report.jsonl", written(|out| jsonl::write(report, out))),
        ("hosts.csv", written(|out| csv::write_hosts(report, out))),
        ("findings.csv", written(|out| csv::write_findings(report, out))),
        ("listings.csv", written(|out| csv::write_listings(report, out))),
        ("matrix.csv", written(|out| csv::write_matrix(report, out))),
        ("report.html", written(|out| html::write(report, &PageOptions::default(), out))),
        ("report.junit.xml", written(|out| junit::write(report, out))),
        ("report.prom", written(|out| prometheus::write(report, out))),
        ("report.sarif", written(|out| sarif::write(report, out))),
    ]
}
