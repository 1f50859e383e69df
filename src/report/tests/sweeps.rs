//! What a reader is shown of a sweep.

use super::*;
use crate::finding::Severity;
use crate::report::model::{DarkCounts, HostCounts, Summary, SweepCounts, Tally};
use crate::report::terminal::SweepWriter;

/// The text of a sweep over these hosts, without its colours.
fn shown(hosts: &[HostReport], sweep: SweepCounts, options: Options) -> String {
    let run = run(Vec::new(), Vec::new());
    let mut tally = Tally::default();
    let bytes = written(|out| {
        let mut writer = SweepWriter::new(options);
        for host in hosts {
            tally.add(&HostCounts::of(host)).unwrap();
            writer.host(host, out)?;
        }
        writer.end(&run.run, &run.not_probed, (tally.summary, sweep), out)
    });
    anstream::adapter::strip_str(&bytes).to_string()
}

/// A closed host with a finding of this severity.
fn closed_with(severity: Severity) -> HostReport {
    let mut host = report(&closed());
    let finding = report(&open()).findings.remove(0);
    host.findings = vec![FindingReport { severity, ..finding }];
    host
}

#[test]
fn closed_hosts_are_counted_and_so_are_their_findings() {
    let hosts = [
        report(&closed()),
        closed_with(Severity::Low),
        closed_with(Severity::Medium),
        closed_with(Severity::Low),
    ];
    let dark = DarkCounts { refused: 9, timeout: 2, unreachable: 1 };
    let sweep = SweepCounts { jobs: 20, dark, not_asked: 4, errors: 1, ..Default::default() };
    let want = "4 hosts: 4 closed\n\
        grades: 4 B\n\
        closed, with findings: 1 host open-relay (medium), 2 hosts open-relay (low)\n\
        20 addresses and ports: 4 took a connection, 9 refused it, 2 gave no answer, 1 could not be \
        reached,\n  4 not asked, 1 of these failed on this side\n";
    assert_eq!(shown(&hosts, sweep, Options::default()), want);
    let quiet = shown(&hosts, sweep, Options { quiet: true, ..Options::default() });
    assert_eq!(quiet.lines().count(), 4, "{quiet}");
    let severe = shown(&[closed_with(Severity::High)], sweep, Options::default());
    assert!(severe.starts_with("error[open-relay]"), "{severe}");
    let nothing = SweepCounts { jobs: 1, not_asked: 1, ..Default::default() };
    let want = "0 hosts\n1 address and port: 1 not asked\n";
    assert_eq!(shown(&[], nothing, Options::default()), want);
}

#[test]
fn why_a_host_was_not_judged_is_one_paragraph() {
    let mut inside = report(&deferred());
    inside.vantage.position = Some("inside");
    let got = shown(&[inside, report(&unreachable())], SweepCounts::default(), Options::default());
    let (first, rest) = got.split_once("\n\n").unwrap();
    assert!(first.starts_with("mx1.example.test:25 (192.0.2.1)   N   inconclusive"), "{got}");
    assert!(first.contains("\n    why: the server said \"not now\" again"), "{got}");
    assert!(first.ends_with("(deferred)"), "{got}");
    let second = "[2001:db8::1]:25   N   unreachable   proof none   0 of 1 probes judged   0 \
        connections, 0 commands\n    why: connect to [2001:db8::1]:25: connection refused \
        (connection-refused)\n\n2 hosts: 1 inconclusive, 1 unreachable\n";
    assert!(rest.starts_with(second), "{rest}");
    assert!(rest.contains("\nvantage: inside for mx1.example.test:25;"), "{rest}");
}

#[test]
fn the_numbers_of_a_sweep_are_in_its_reports_and_in_no_other() {
    let counts = SweepCounts { jobs: 3, not_asked: 2, ..Default::default() };
    let usual = run(vec![report(&closed())], Vec::new());
    assert!(json_of(&usual).1.get("sweep").is_none());
    let summary = Summary { hosts: 1, ..usual.summary };
    let sweep =
        RunReport::of_sweep(usual.run.clone(), usual.hosts.clone(), Vec::new(), (summary, counts));
    assert_eq!(json_of(&sweep).1["sweep"]["not_asked"], 2);
    let lines = written(|out| jsonl::write(&sweep, out));
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["sweep"], json_of(&sweep).1["sweep"]);
}
