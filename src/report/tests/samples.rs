//! The samples in `reports/samples/`: one run in every form.

use std::path::Path;

use super::*;
use crate::evidence::Evidence;
use crate::report::lists::tests::sample as lists_sample;
use crate::report::model::RunLists;

/// Compares a file of the repository with what it should hold, or writes it where the environment
/// has `MXAUDIT_BLESS`.
pub(in crate::report) fn blessed(path: &str, want: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("MXAUDIT_BLESS").is_some() {
        std::fs::write(&file, want).unwrap();
    }
    let got = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        got == want,
        "{path} is not what the writers write now; look at the difference after\n\
         MXAUDIT_BLESS=1 cargo test --lib report::tests"
    );
}

/// The same host under another name and address.
fn renamed(evidence: &Evidence, host: u8) -> Evidence {
    let stored = serde_json::to_string(evidence).unwrap();
    let stored = stored.replace("mx1.example.test", &format!("mx{host}.example.test"));
    serde_json::from_str(&stored.replace("192.0.2.1", &format!("192.0.2.{host}"))).unwrap()
}

/// An open, a closed, an undecided and an unreachable host, and one that was left alone.
pub(in crate::report) fn sample() -> RunReport {
    let evidence = [
        open(),
        renamed(&with_pop(with_matrix(closed())), 2),
        renamed(&deferred(), 3),
        unreachable(),
    ];
    let mut hosts: Vec<_> = evidence.iter().map(report).collect();
    for host in &mut hosts {
        host.authority = Some(AuthorityReport {
            source: Source::ScopeFile,
            file: Some("mxaudit.toml".into()),
            authorized_by: Some("J. Postmaster, Example Ltd".into()),
            expires: Some(jiff::civil::date(2026, 3, 1)),
        });
    }
    let other = NotProbed {
        domain: "example.test".into(),
        host: "mx.provider.test".into(),
        address: Some("203.0.113.25".parse().unwrap()),
        why: "run by others".into(),
    };
    let contact = Some("audit@audit.example.test".to_owned());
    let identity = Identity { contact, ..fixtures::identity() };
    RunReport::build(details(&identity), hosts, vec![other])
}

/// The same run with what lists say of its first host.
pub(super) fn with_lists(mut report: RunReport) -> RunReport {
    let lists = lists_sample();
    report.hosts[0].lists = lists.subjects;
    let (resolvers, registry) = (lists.run.resolvers, lists.run.registry);
    report.run.lists = Some(RunLists { resolvers, registry, zones: lists.zones });
    report
}

#[test]
fn samples_are_what_the_writers_write() {
    for (name, mut text) in all_forms(&sample()) {
        if name == "listings.csv" {
            text = written(|out| csv::write_listings(&with_lists(sample()), out));
        }
        blessed(&format!("reports/samples/{name}"), &text);
    }
}
