//! The report as one page for a browser, complete in itself.
//!
//! The page asks for nothing from elsewhere, and its Content-Security-Policy forbids that and every script but its
//! own, which finds all it works on in the document. Templates escape by themselves, and before that every text has
//! passed [`escape::terminal`], so that nobody is misled by what cannot be seen.

mod map;
mod rows;
mod template;
mod trial;

use std::io::{self, Write};

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::Value;

pub use self::template::{PageOptions, TemplateFault, UserTemplate};
pub(in crate::report) use self::template::{STYLE, hash};

use self::rows::Row;
use self::template::Templates;
use super::model::{HostReport, NotProbed, RunReport, RunSection, Summary, SweepCounts, Tool};
use super::{escape, terms};

/// The length of the longest bar of the chart.
const LONGEST: usize = 340;
/// Characters of one text that are shown; all of it is in the JSON.
const LONGEST_TEXT: usize = 2000;

/// A page that is made host by host. It keeps the text of each until it ends, since the counts
/// stand before them.
#[derive(Debug)]
pub struct Writer {
    templates: Templates,
    hosts: String,
    rows: Vec<Row>,
}

/// One bar of the chart of grades.
#[derive(Serialize)]
struct Bar {
    letter: &'static str,
    class: &'static str,
    hosts: usize,
    width: usize,
}

/// Writes the page of a whole run.
///
/// # Errors
/// Those of `out`, and of the templates.
pub fn write(report: &RunReport, options: &PageOptions, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::begin(options)?;
    report.hosts.iter().try_for_each(|host| writer.host(host))?;
    writer.end(&report.run, &report.not_probed, (report.summary, report.sweep), out)
}

impl Writer {
    /// Reads the templates.
    ///
    /// # Errors
    /// Those of the templates.
    pub fn begin(options: &PageOptions) -> io::Result<Self> {
        Ok(Self { templates: Templates::new(options)?, hosts: String::new(), rows: Vec::new() })
    }

    /// Takes a host.
    ///
    /// # Errors
    /// Those of the templates.
    pub fn host(&mut self, host: &HostReport) -> io::Result<()> {
        let row = Row::of(host, self.rows.len() + 1);
        let text = self.templates.host(context! {
            number => row.number,
            label => &row.label,
            class => row.class,
            host => Serde(visible(host)?),
        })?;
        self.hosts.push_str(&text);
        self.hosts.push('\n');
        self.rows.push(row);
        Ok(())
    }

    /// Bytes of the hosts so far.
    pub fn size(&self) -> usize {
        self.hosts.len()
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`, and of the templates.
    pub fn end(
        mut self,
        run: &RunSection,
        not_probed: &[NotProbed],
        (summary, sweep): (Summary, Option<SweepCounts>),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let tool = Tool::this();
        rows::place_by_address(&mut self.rows);
        let text = self.templates.page(context! {
            tool => format!("{} {}", tool.name, tool.version),
            run => Serde(visible(run)?),
            terms => Serde(visible(&terms::remarks(run))?),
            not_probed => Serde(visible(not_probed)?),
            summary => Serde(visible(&summary)?),
            sweep => Serde(visible(&sweep)?),
            grades => Serde(bars(&summary)),
            map => Serde(map::map(&self.rows)),
            rows => Serde(&self.rows),
            hosts => self.hosts,
        })?;
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")
    }
}

/// The bars of the chart, the best letter first.
fn bars(summary: &Summary) -> Vec<Bar> {
    let of = &summary.grades;
    let all = [
        ("A+", of.a_plus),
        ("A", of.a),
        ("B", of.b),
        ("C", of.c),
        ("D", of.d),
        ("F", of.f),
        ("N", of.n),
    ];
    let most = all.iter().map(|(_, hosts)| *hosts).max().unwrap_or_default().max(1);
    let bar = |(letter, hosts)| Bar {
        letter,
        class: class(letter),
        hosts,
        width: hosts * LONGEST / most,
    };
    all.into_iter().map(bar).collect()
}

/// The class of a letter in the style sheet.
fn class(letter: &'static str) -> &'static str {
    if letter == "A+" { "Ap" } else { letter }
}

/// A value of the model, with all its texts made visible.
fn visible<T: Serialize + ?Sized>(value: &T) -> io::Result<Value> {
    let mut value = serde_json::to_value(value).map_err(io::Error::other)?;
    if let Some(fields) = value.as_object_mut() {
        // The page shows the deciding parts only; all of it is in the JSON.
        fields.remove("connections");
    }
    show(&mut value);
    Ok(value)
}

fn show(value: &mut Value) {
    match value {
        Value::String(text) => *text = escape::capped(&escape::terminal(text), LONGEST_TEXT),
        Value::Array(values) => values.iter_mut().for_each(show),
        Value::Object(fields) => fields.values_mut().for_each(show),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
