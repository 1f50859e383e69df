//! A comparison as one page for a browser, complete in itself, in the style of the report's page.

use std::io::{self, Write};
use std::net::SocketAddr;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::model::{DiffReport, FindingChange, HostChange, Presence, Standing};
use super::write::has_changed;
use crate::report::escape::terminal;
use crate::report::html::{STYLE, hash};

const PAGE: &str = include_str!("../../../reports/templates/diff.html");

/// A host as the page shows it; every text of it has passed [`terminal`].
#[derive(Serialize)]
struct Host {
    label: String,
    old: String,
    new: String,
    standing: &'static str,
    class: &'static str,
    only: &'static str,
    findings: Vec<Finding>,
}

/// One finding of it.
#[derive(Serialize)]
struct Finding {
    standing: &'static str,
    class: &'static str,
    severity: &'static str,
    check: String,
    probe: Option<String>,
    summary: String,
    reason: Option<String>,
}

/// The numbers of a comparison, without its hosts.
#[derive(Serialize)]
struct Numbers<'a> {
    old: Side<'a>,
    new: Side<'a>,
    summary: &'a super::model::DiffSummary,
}

#[derive(Serialize)]
struct Side<'a> {
    started: Option<String>,
    hosts: usize,
    ended: &'a bool,
}

/// Writes the comparison as a page. Hosts on which nothing changed are counted and not shown.
///
/// # Errors
/// Those of `out`, and of the template.
pub fn write_html(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.add_template("diff.html", PAGE).map_err(io::Error::other)?;
    let template = templates.get_template("diff.html").map_err(io::Error::other)?;
    let hosts: Vec<_> =
        report.hosts.iter().filter(|host| has_changed(host)).map(Host::of).collect();
    let text = template.render(context! {
        hash => hash(STYLE),
        style => STYLE,
        tool => format!("{} {}", report.tool.name, report.tool.version),
        as_before => report.hosts.len().saturating_sub(hosts.len()),
        report => Serde(Numbers {
            old: Side::of(&report.old),
            new: Side::of(&report.new),
            summary: &report.summary,
        }),
        hosts => Serde(hosts),
    });
    out.write_all(text.map_err(io::Error::other)?.as_bytes())?;
    out.write_all(b"\n")
}

impl<'a> Side<'a> {
    fn of(side: &'a super::model::Side) -> Self {
        let started = side.started.as_deref().map(terminal);
        Self { started, hosts: side.hosts, ended: &side.ended }
    }
}

impl Host {
    fn of(host: &HostChange) -> Self {
        let word = |word: &Option<String>| word.as_deref().map_or("-".to_owned(), terminal);
        Self {
            label: match &host.name {
                Some(name) => format!("{}:{} ({})", terminal(name), host.port, host.address),
                None => SocketAddr::new(host.address, host.port).to_string(),
            },
            old: word(&host.relay.old),
            new: word(&host.relay.new),
            standing: host.relay.standing.as_str(),
            class: class(host.relay.standing),
            only: match host.presence {
                Presence::Both => "",
                Presence::OnlyOld => "only in the older report",
                Presence::OnlyNew => "only in the newer report",
            },
            findings: host.findings.iter().map(Finding::of).collect(),
        }
    }
}

impl Finding {
    fn of(finding: &FindingChange) -> Self {
        Self {
            standing: finding.standing.as_str(),
            class: class(finding.standing),
            severity: finding.severity.as_str(),
            check: terminal(&finding.check),
            probe: finding.probe.as_deref().map(terminal),
            summary: terminal(&finding.summary),
            reason: finding.reason.as_deref().map(terminal),
        }
    }
}

/// The class in the style sheet: what is not known never looks good.
fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::New => "open",
        Standing::NoLongerTestable | Standing::StillUntestable => "inconclusive",
        Standing::Fixed | Standing::NowTestable => "closed",
        Standing::Unchanged => "soft",
    }
}
