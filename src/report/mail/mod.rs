//! The report as a mail: HTML, a text for readers without it, and the tables and the JSON attached.
//!
//! It has a bound, since relays refuse what is larger: what does not fit is left out, the largest
//! first, and the mail says what that is and where it is. Whatever a server says reaches a header
//! only as printable text. The date and what is random come from the caller, so that the same facts
//! give the same bytes.

mod bounded;
mod message;
mod subject;

use std::io::{self, Write};

use super::html::PageOptions;
use super::model::{HostReport, NotProbed, RunReport, RunSection, Summary, SweepCounts};
use super::terminal::{self, SweepWriter};
use super::{csv, html, json};
use bounded::{Beginning, Bounded, Count};
use subject::Single;

pub use message::{Head, MailError, Message};

/// Bytes of a whole message: what the relays of many operators still take.
pub const LARGEST: usize = 10_000_000;
/// The part of it that the text may have.
const TEXT: usize = 20;
/// The columns of the text.
const WIDTH: usize = 100;
/// Programs that show mail run no script.
const PLAIN: PageOptions = PageOptions { plain: true, template: None };

/// Everything that a mail is made of but its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    subject: String,
    text: String,
    is_text_cut: bool,
    /// None where it is too large.
    html: Option<String>,
    files: Vec<Attached>,
    limit: usize,
}

/// A file that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attached {
    name: &'static str,
    media_type: &'static str,
    /// None where it is too large.
    bytes: Option<Vec<u8>>,
}

impl Contents {
    /// The contents of the mail about a whole report. The mail will have at most `limit` bytes.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn of(report: &RunReport, limit: usize) -> io::Result<Self> {
        let bounded = |write: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
            let mut out = Bounded::new(limit);
            write(&mut out).map(|()| out.whole())
        };
        let options = terminal::Options { quiet: false, width: WIDTH };
        let mut text = Beginning::new(limit / TEXT);
        terminal::write(report, &mut text.plain(), options)?;
        let (text, is_text_cut) = text.text();
        let single = report.hosts.first().map(Single::of);
        let sweep = report.sweep.as_ref();
        Ok(Self {
            subject: subject::subject(&report.run, &report.summary, sweep, single.as_ref()),
            text,
            is_text_cut,
            html: utf8(bounded(&|out| html::write(report, &PLAIN, out))?)?,
            files: files(
                bounded(&|out| json::write(report, out))?,
                bounded(&|out| csv::write_hosts(report, out))?,
                bounded(&|out| csv::write_findings(report, out))?,
            ),
            limit,
        })
    }
}

/// Gathers the contents host by host. What it holds does not grow beyond the bound of the mail.
pub struct Collector<'a> {
    limit: usize,
    text: Beginning,
    writer: SweepWriter,
    page: Option<Box<html::Writer>>,
    hosts: csv::Writer<'a, Bounded>,
    findings: csv::Writer<'a, Bounded>,
    /// The hosts themselves, and how large they are together; none once they are too large.
    all: Option<(Vec<HostReport>, Count)>,
    single: Option<Single>,
}

impl<'a> Collector<'a> {
    /// A collector without hosts. The mail will have at most `limit` bytes.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn begin(run: &'a RunSection, limit: usize) -> io::Result<Self> {
        Ok(Self {
            limit,
            text: Beginning::new(limit / TEXT),
            writer: SweepWriter::new(terminal::Options { quiet: false, width: WIDTH }),
            page: Some(Box::new(html::Writer::begin(&PLAIN)?)),
            hosts: csv::Writer::begin(csv::Rows::Hosts, run, Bounded::new(limit))?,
            findings: csv::Writer::begin(csv::Rows::Findings, run, Bounded::new(limit))?,
            all: Some(Default::default()),
            single: None,
        })
    }

    /// Takes a host.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn host(&mut self, host: &HostReport) -> io::Result<()> {
        self.writer.host(host, &mut self.text.plain())?;
        self.hosts.host(host)?;
        self.findings.host(host)?;
        if let Some(page) = &mut self.page {
            page.host(host)?;
        }
        self.page = self.page.take().filter(|page| page.size() <= self.limit);
        if let Some((all, size)) = &mut self.all {
            serde_json::to_writer(&mut *size, host)?;
            all.push(host.clone());
        }
        self.all = self.all.take().filter(|(_, size)| size.0 <= self.limit);
        self.single.get_or_insert_with(|| Single::of(host));
        Ok(())
    }

    /// Ends a sweep.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn end(
        mut self,
        run: &RunSection,
        not_probed: &[NotProbed],
        (summary, sweep): (Summary, SweepCounts),
    ) -> io::Result<Contents> {
        let text = &mut self.text.plain();
        self.writer.end(run, not_probed, (summary, sweep), text)?;
        let (text, is_text_cut) = self.text.text();
        let html = match self.page {
            None => None,
            Some(page) => {
                let mut out = Bounded::new(self.limit);
                page.end(run, not_probed, (summary, Some(sweep)), &mut out)?;
                utf8(out.whole())?
            }
        };
        let json = match self.all {
            None => None,
            Some((hosts, _)) => {
                let (run, not_probed) = (run.clone(), not_probed.to_vec());
                let report = RunReport::of_sweep(run, hosts, not_probed, (summary, sweep));
                let mut out = Bounded::new(self.limit);
                json::write(&report, &mut out)?;
                out.whole()
            }
        };
        Ok(Contents {
            subject: subject::subject(run, &summary, Some(&sweep), self.single.as_ref()),
            text,
            is_text_cut,
            html,
            files: files(json, self.hosts.end()?.whole(), self.findings.end()?.whole()),
            limit: self.limit,
        })
    }
}

fn utf8(bytes: Option<Vec<u8>>) -> io::Result<Option<String>> {
    bytes.map(String::from_utf8).transpose().map_err(io::Error::other)
}

fn files(
    json: Option<Vec<u8>>,
    hosts: Option<Vec<u8>>,
    findings: Option<Vec<u8>>,
) -> Vec<Attached> {
    let table = "text/csv; charset=utf-8; header=present";
    [
        ("report.json", "application/json", json),
        ("hosts.csv", table, hosts),
        ("findings.csv", table, findings),
    ]
    .map(|(name, media_type, bytes)| Attached { name, media_type, bytes })
    .into()
}

#[cfg(test)]
mod tests;
