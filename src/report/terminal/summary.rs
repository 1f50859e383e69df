//! The line of a host, and what stands at the end of a run.

use std::io::{self, Write};

use crate::report::escape::terminal;
use crate::report::model::{Grant, HostReport, NotProbed, RunReport, RunSection, Summary};
use crate::report::terms;
use crate::target::scope::Source;

use super::drawn;
use super::style::{BOLD, letter, verdict};
use super::wrap::{paragraph, styled};

/// Target, grade, verdict, proof, coverage and cost of a host on one line.
pub(super) fn line(host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
    let (target, relay) = (&host.target, &host.relay);
    styled(out, BOLD, &terminal(&target.label()))?;
    if target.name.is_some() {
        write!(out, " ({})", target.address)?;
    }
    write!(out, "   ")?;
    styled(out, letter(host.grade.letter), host.grade.letter)?;
    write!(out, "   ")?;
    styled(out, verdict(relay.verdict), relay.verdict)?;
    let (coverage, totals) = (relay.coverage, host.totals);
    writeln!(
        out,
        "   proof {}   {} of {} probes judged   {}, {}",
        relay.proof,
        coverage.judged,
        coverage.planned,
        counted(totals.connections, "connection"),
        counted(totals.commands, "command"),
    )
}

pub(super) fn counted(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// What of a host is not as the policy expects.
pub(super) fn policy(host: &HostReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let mut violations = host.policy.iter().flatten();
    violations.try_for_each(|violation| {
        let text = format!("    policy violated: {violation}");
        paragraph(out, &terminal(&text), 6, width)
    })
}

/// The probes that did not run, one line for each reason.
pub(super) fn not_run(host: &HostReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    for (reason, remedy, codes) in reasons(host) {
        let text = format!("    not run: {} ({reason}): {remedy}", codes.join(" "));
        paragraph(out, &terminal(&text), 6, width)?;
    }
    Ok(())
}

/// The messages that were sent and of which nothing is known, to be looked for by hand.
pub(super) fn messages(host: &HostReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    for message in &host.messages {
        let arrivals = message.arrivals.as_deref();
        let came = match arrivals {
            Some([]) => "nothing has arrived",
            Some(all) if all.iter().all(|arrival| arrival.bounce) => "came back as a bounce",
            Some(_) => "arrived",
            None => "look for it in the canary's mailbox, then: mxaudit confirm DIR TOKEN",
        };
        let text = format!("    message: {} token {}: {came}", message.code, message.token);
        paragraph(out, &terminal(&text), 6, width)?;
    }
    Ok(())
}

/// Reason, remedy and the codes of the probes; without reasons that are drawn already.
fn reasons(host: &HostReport) -> Vec<(&str, &str, Vec<&str>)> {
    let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for probe in &host.probes {
        let (Some(reason), Some(remedy)) = (probe.reason, probe.remedy) else { continue };
        let known = drawn(host).iter().any(|explanation| explanation.reason == reason);
        if known || reason == host.relay.verdict {
            continue;
        }
        match reasons.iter_mut().find(|(other, ..)| *other == reason) {
            Some((.., codes)) => codes.push(&probe.code),
            None => reasons.push((reason, remedy, vec![&probe.code])),
        }
    }
    reasons
}

/// What stands at the end of a run: the hosts side by side, hosts that were left alone, on whose
/// authority, and what limits the whole.
pub(super) fn of_run(report: &RunReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    if report.hosts.len() > 1 {
        writeln!(out)?;
        table(report, out)?;
    }
    let inside = report.hosts.iter().filter(|host| is_inside(host));
    let inside = Few::of(inside.map(|host| host.target.label()));
    close(&report.run, &report.not_probed, &inside, out, width)
}

/// What stands at the very end: hosts that were left alone, on whose authority, and what limits the
/// whole; `inside` are the hosts that see us as one of their own.
pub(super) fn close(
    run: &RunSection,
    not_probed: &[NotProbed],
    inside: &Few,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    if !not_probed.is_empty() {
        writeln!(out, "\nrun by others, not probed:")?;
        for other in not_probed {
            let address = other.address.map(|address| format!(" ({address})"));
            let address = address.unwrap_or_default();
            let text = format!("  {}{address}, MX of {}: {}", other.host, other.domain, other.why);
            paragraph(out, &terminal(&text), 4, width)?;
        }
    }
    let mut remarks = remarks(run, inside);
    remarks.extend(terms::remarks(run));
    if !remarks.is_empty() {
        writeln!(out)?;
    }
    for remark in remarks {
        paragraph(out, &terminal(&remark), 2, width)?;
    }
    Ok(())
}

/// What was left out of the exit code, without which it could not be understood.
pub(super) fn terms(run: &RunSection, out: &mut dyn Write, width: usize) -> io::Result<()> {
    terms::remarks(run).iter().try_for_each(|remark| paragraph(out, &terminal(remark), 2, width))
}

/// True for a host that sees us as one of its own network.
pub(super) fn is_inside(host: &HostReport) -> bool {
    host.vantage.position == Some("inside")
}

fn table(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let head = ["host", "grade", "verdict", "proof", "judged", "findings"].map(str::to_owned);
    let row = |host: &HostReport| {
        let (relay, coverage) = (&host.relay, host.relay.coverage);
        [
            terminal(&host.target.label()),
            host.grade.letter.to_owned(),
            relay.verdict.to_owned(),
            relay.proof.to_owned(),
            format!("{} of {}", coverage.judged, coverage.planned),
            host.findings.len().to_string(),
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain(report.hosts.iter().map(row)).collect();
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)?.chars().count().into()).max();
    for (number, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let last = column + 1 == row.len();
            let gap = widest(column).unwrap_or(0).saturating_sub(cell.chars().count()) + 3;
            match (number, column) {
                (0, _) => styled(out, BOLD, cell)?,
                (_, 1) => styled(out, letter(cell), cell)?,
                (_, 2) => styled(out, verdict(cell), cell)?,
                _ => write!(out, "{cell}")?,
            }
            write!(out, "{:1$}", "", if last { 0 } else { gap })?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", verdicts(report.summary))
}

/// The hosts by verdict: `3 hosts: 2 closed, 1 unreachable`.
pub(super) fn verdicts(summary: Summary) -> String {
    let counts = [
        (summary.open, "open"),
        (summary.conditional, "conditional"),
        (summary.closed, "closed"),
        (summary.inconclusive, "inconclusive"),
        (summary.unreachable, "unreachable"),
    ];
    let counts = counts.iter().filter(|(number, _)| *number > 0);
    let counts: Vec<_> = counts.map(|(number, word)| format!("{number} {word}")).collect();
    let hosts = counted(summary.hosts, "host");
    if counts.is_empty() { hosts } else { format!("{hosts}: {}", counts.join(", ")) }
}

/// One sentence for each authority, and for each thing that limits what the report says.
fn remarks(run: &RunSection, inside: &Few) -> Vec<String> {
    let several = run.authority.len() > 1;
    let mut remarks: Vec<_> =
        run.authority.iter().filter_map(|grant| authority(grant, several)).collect();
    if !run.own_probes.is_empty() {
        let own = run.own_probes.iter().map(|probe| format!("{} from {}", probe.id, probe.file));
        remarks.push(format!("own probes: {}", own.collect::<Vec<_>>().join(", ")));
    }
    if !run.skipped.is_empty() {
        let names = run.skipped.join(", ");
        remarks.push(format!("left out with --only or --skip, and untested: {names}"));
    }
    if run.identity.reserved {
        remarks.push(
            "identity: reserved, so senders are empty and recipients are at example.com; name your \
             own domain with --auditor-domain and the server's with --local-domain to run all probes"
                .into(),
        );
    }
    if inside.all > 0 {
        remarks.push(format!(
            "vantage: inside for {}; every mail server relays for its own network, so an acceptance \
             says nothing there: run from an address outside, or pass --vantage outside if this \
             one is treated as a stranger's",
            inside.text()
        ));
    }
    if run.interrupted {
        remarks.push("interrupted: this report is incomplete".into());
    }
    remarks
}

/// The first few of many names.
#[derive(Debug, Default)]
pub(super) struct Few {
    named: Vec<String>,
    all: usize,
}

impl Few {
    const NAMED: usize = 3;

    pub(super) fn of(names: impl Iterator<Item = String>) -> Self {
        let mut few = Self::default();
        names.for_each(|name| few.push(name));
        few
    }

    pub(super) fn push(&mut self, name: String) {
        self.all += 1;
        if self.named.len() < Self::NAMED {
            self.named.push(name);
        }
    }

    fn text(&self) -> String {
        let named = self.named.join(", ");
        match self.all - self.named.len() {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

/// On whose authority, with the targets where there are `several`; nothing for the machine itself.
fn authority(grant: &Grant, several: bool) -> Option<String> {
    let authority = &grant.authority;
    let file = authority.file.as_deref().unwrap_or("unknown");
    let text = match (authority.source, &authority.authorized_by) {
        (Source::Loopback, _) => return None,
        (Source::Flag, _) => "authorized by flag".to_owned(),
        (Source::Terminal, _) => "authorized on the terminal".to_owned(),
        (Source::ScopeFile, by) => {
            let by =
                by.as_ref().map_or("authorized".to_owned(), |by| format!("authorized by {by}"));
            let until = authority.expires.map(|day| format!(" until {day}")).unwrap_or_default();
            format!("{by}{until}, scope file {file}")
        }
    };
    Some(if several {
        format!("{text}: {}", Few::of(grant.targets.iter().cloned()).text())
    } else {
        text
    })
}
