//! Every probe against peers that count: right, and within the budget.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use lab::{accepted, audited, dialogue, settings};
use mxaudit::engine::Settings;
use mxaudit::practice::{Behaviour, RelayPolicy, Wording};
use mxaudit::probe::Profile;
use mxaudit::smtp::Phase;
use mxaudit::verdict::Verdict;

fn thorough() -> Settings {
    let mut settings = settings();
    settings.profile = Profile::Thorough;
    settings.identity.canary = ("canary".into(), "canary.test".into());
    settings.identity.canary_address = Some([192, 0, 2, 77].into());
    settings
}

fn peers() -> [(&'static str, Behaviour); 4] {
    let sendmail = Behaviour { wording: Wording::Sendmail, ..Behaviour::closed() };
    let simple = Behaviour { extensions: Vec::new(), ..Behaviour::exim() };
    [
        ("stock Postfix", Behaviour::closed()),
        ("Exim", Behaviour::exim()),
        ("Sendmail", sendmail),
        ("Exim without pipelining", simple),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_servers_are_closed_and_not_annoyed() {
    for (name, behaviour) in peers() {
        let (evidence, verdict, server) = audited(behaviour, thorough()).await;
        let (seen, shown) = (server.counters(), dialogue(&evidence));
        let reasons: Vec<_> = verdict.reasons.iter().map(|r| (r.code, &r.probes)).collect();
        assert_eq!(verdict.verdict, Verdict::Closed, "{name}: {reasons:?}\n{shown}");
        assert!(verdict.probes.len() >= 60, "{name}");
        assert!(verdict.coverage.percent() >= 95, "{name}: {:?}", verdict.coverage);
        assert!(seen.most_refused_recipients <= 9, "{name}: {seen:?}\n{shown}");
        assert!(seen.most_syntax_errors <= 3, "{name}: {seen:?}\n{shown}");
        assert!(seen.most_resets <= 5, "{name}: {seen:?}\n{shown}");
        assert!(seen.most_ehlos <= 1, "{name}: {seen:?}\n{shown}");
        assert_eq!(seen.concurrent_peak, 1, "{name}");
        assert_eq!(seen.data, 0, "{name}");
        assert!(seen.connections <= evidence.forms.len() as u64 + 10, "{name}: {seen:?}");
        println!("{name}: {} connections, {} commands", seen.connections, seen.commands);
    }
}

/// Exim as Debian ships it refuses all recipients beyond the tenth while less than half were accepted.
#[tokio::test(flavor = "multi_thread")]
async fn no_transaction_names_more_than_ten_recipients() {
    for relay in [RelayPolicy::Open, RelayPolicy::Closed] {
        let behaviour = Behaviour { relay, ..Behaviour::closed() };
        let (evidence, ..) = audited(behaviour, thorough()).await;
        for transcript in &evidence.transcripts {
            let mut named = 0;
            for exchange in &transcript.exchanges {
                match exchange.phase {
                    Phase::Mail => named = 0,
                    Phase::Rcpt => named += 1,
                    _ => {}
                }
                assert!(named <= 10, "{}", dialogue(&evidence));
            }
        }
        let recipients = evidence.transcripts.iter().flat_map(|t| &t.exchanges);
        assert!(recipients.filter(|e| e.phase == Phase::Rcpt).count() > 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hole_is_found_through_its_own_forms_only() {
    let cases: [(RelayPolicy, &[&str]); 3] = [
        (RelayPolicy::HeloIsOwnName, &["H01"]),
        (RelayPolicy::SecondRecipient, &["R39"]),
        (RelayPolicy::SourceRoute, &["R15", "R16", "R17", "R18"]),
    ];
    for (relay, forms) in cases {
        let behaviour = Behaviour { relay: relay.clone(), ..Behaviour::closed() };
        let (evidence, verdict, _server) = audited(behaviour, thorough()).await;
        assert_eq!(accepted(&verdict), forms, "{relay:?}\n{}", dialogue(&evidence));
        assert_eq!(verdict.verdict, Verdict::Open, "{relay:?}");
    }
}
