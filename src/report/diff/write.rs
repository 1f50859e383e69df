//! The forms of a comparison.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::ser::PrettyFormatter;

use super::model::{DiffReport, HostChange, Presence, Standing};
use crate::report::escape::terminal;
use crate::report::json;

/// Writes the comparison as indented JSON with a final newline, as [`json::write`] does.
///
/// # Errors
/// Those of `out`.
pub fn write_json(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    json::serialize(report, PrettyFormatter::new(), out)
}

/// Writes the comparison for a reader: hosts on which nothing changed are counted and not shown.
///
/// # Errors
/// Those of `out`.
pub fn write_terminal(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    let changed = report.hosts.iter().filter(|host| has_changed(host));
    let mut shown = 0;
    for host in changed {
        write_host(host, out)?;
        shown += 1;
    }
    if shown > 0 {
        writeln!(out)?;
    }
    let sum = report.summary;
    writeln!(
        out,
        "findings: {} new, {} fixed, {} unchanged, {} no longer testable",
        sum.new, sum.fixed, sum.unchanged, sum.no_longer_testable
    )?;
    writeln!(
        out,
        "hosts: {} before, {} now; {} only before, {} only now; {} as before; the verdict on {} is unknown",
        report.old.hosts,
        report.new.hosts,
        sum.hosts_only_old,
        sum.hosts_only_new,
        report.hosts.len().saturating_sub(shown),
        sum.verdicts_unknown
    )?;
    if !report.old.ended {
        writeln!(
            out,
            "the older run was interrupted or has not ended: what it did not ask looks new"
        )?;
    }
    if !report.new.ended {
        writeln!(
            out,
            "the newer run was interrupted or has not ended: it is not all there is to find"
        )?;
    }
    Ok(())
}

pub(super) fn has_changed(host: &HostChange) -> bool {
    host.presence != Presence::Both
        || host.relay.standing != Standing::Unchanged
        || host.findings.iter().any(|finding| finding.standing != Standing::Unchanged)
}

fn write_host(host: &HostChange, out: &mut dyn Write) -> io::Result<()> {
    let address = SocketAddr::new(host.address, host.port);
    let label = match &host.name {
        Some(name) => format!("{}:{} ({})", terminal(name), host.port, host.address),
        None => address.to_string(),
    };
    let only = match host.presence {
        Presence::Both => "",
        Presence::OnlyOld => "  [only in the older report]",
        Presence::OnlyNew => "  [only in the newer report]",
    };
    let word = |word: &Option<String>| word.as_deref().map_or("-".to_owned(), terminal);
    let relay = &host.relay;
    let (old, new) = (word(&relay.old), word(&relay.new));
    writeln!(out, "{label}  relay {old} -> {new}: {}{only}", relay.standing.as_str())?;
    for finding in &host.findings {
        let probe = finding.probe.as_deref().map(|probe| format!(" {}", terminal(probe)));
        writeln!(
            out,
            "  {}: {}[{}]{}: {}",
            finding.standing.as_str(),
            finding.severity.as_str(),
            terminal(&finding.check),
            probe.unwrap_or_default(),
            terminal(&finding.summary)
        )?;
        if let Some(reason) = &finding.reason {
            writeln!(out, "    = note: {}", terminal(reason))?;
        }
    }
    Ok(())
}
