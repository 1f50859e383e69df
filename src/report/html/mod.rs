//! The report as one page for a browser, complete in itself.
//!
//! The page holds no script, asks for nothing from elsewhere and forbids both by its
//! Content-Security-Policy. Templates escape by themselves, and before that every text has passed
//! [`escape::terminal`], so that nobody is misled by what cannot be seen.

use std::io::{self, Write};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use serde_json::Value;

use super::model::{HostReport, NotProbed, RunReport, RunSection, Summary, SweepCounts, Tool};
use super::{escape, terms};

const PAGE: &str = include_str!("../../../reports/templates/page.html");
const HOST: &str = include_str!("../../../reports/templates/host.html");
const STYLE: &str = include_str!("../../../reports/templates/style.css");
/// The length of the longest bar of the chart.
const LONGEST: usize = 340;

/// A page that is made host by host. It keeps the text of each until it ends, since the counts
/// stand before them.
#[derive(Debug)]
pub struct Writer {
    templates: Environment<'static>,
    hosts: String,
    number: usize,
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
pub fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::begin()?;
    report.hosts.iter().try_for_each(|host| writer.host(host))?;
    writer.end(&report.run, &report.not_probed, (report.summary, report.sweep), out)
}

impl Writer {
    /// Reads the templates.
    ///
    /// # Errors
    /// Those of the templates.
    pub fn begin() -> io::Result<Self> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.add_template("page.html", PAGE).map_err(io::Error::other)?;
        templates.add_template("host.html", HOST).map_err(io::Error::other)?;
        Ok(Self { templates, hosts: String::new(), number: 0 })
    }

    /// Takes a host.
    ///
    /// # Errors
    /// Those of the templates.
    pub fn host(&mut self, host: &HostReport) -> io::Result<()> {
        self.number += 1;
        let template = self.templates.get_template("host.html").map_err(io::Error::other)?;
        let text = template.render(context! {
            number => self.number,
            label => escape::terminal(&host.target.label()),
            class => match host.relay.verdict {
                // A host of which too little is known never looks good, whatever its letter.
                "inconclusive" | "unreachable" => "N",
                _ => class(host.grade.letter),
            },
            host => Serde(visible(host)?),
        });
        self.hosts.push_str(&text.map_err(io::Error::other)?);
        self.hosts.push('\n');
        Ok(())
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`, and of the templates.
    pub fn end(
        self,
        run: &RunSection,
        not_probed: &[NotProbed],
        (summary, sweep): (Summary, Option<SweepCounts>),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let tool = Tool::this();
        let template = self.templates.get_template("page.html").map_err(io::Error::other)?;
        let text = template.render(context! {
            hash => BASE64.encode(digest(&SHA256, STYLE.as_bytes()).as_ref()),
            style => STYLE,
            tool => format!("{} {}", tool.name, tool.version),
            run => Serde(visible(run)?),
            terms => Serde(visible(&terms::remarks(run))?),
            not_probed => Serde(visible(not_probed)?),
            summary => Serde(visible(&summary)?),
            sweep => Serde(visible(&sweep)?),
            grades => Serde(bars(&summary)),
            hosts => self.hosts,
        });
        out.write_all(text.map_err(io::Error::other)?.as_bytes())?;
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
        Value::String(text) => *text = escape::terminal(text),
        Value::Array(values) => values.iter_mut().for_each(show),
        Value::Object(fields) => fields.values_mut().for_each(show),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
