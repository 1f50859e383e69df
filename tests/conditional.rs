//! Probes that need names from the configuration, and servers that relay by MX records.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
mod lab;

use lab::{accepted, audit_address, audited, dialogue, self_signed, settings};
use mxaudit::engine::Settings;
use mxaudit::practice::{Behaviour, RelayPolicy, Tls};
use mxaudit::probe::Profile;
use mxaudit::verdict::{Outcome, RelayVerdict, Verdict, findings, judge};

/// The standard profile, with all names given.
fn named() -> Settings {
    let mut settings = Settings { profile: Profile::Standard, ..settings() };
    settings.identity.canary_address = Some("192.0.2.77".parse().unwrap());
    settings.identity.client_name = Some("probe.client.test".into());
    settings.identity.partners = vec!["partner.test".into(), "other.test".into()];
    settings.identity.mx_domain = Some("backup.test".into());
    settings
}

fn unnamed() -> Settings {
    let mut settings = named();
    settings.identity.client_name = None;
    settings.identity.partners.clear();
    settings.identity.mx_domain = None;
    settings
}

fn relaying(relay: RelayPolicy) -> Behaviour {
    Behaviour { relay, ..Behaviour::closed() }
}

fn by_mx() -> RelayPolicy {
    RelayPolicy::MxListsTarget(vec!["backup.test".into()])
}

fn repeated(verdict: &RelayVerdict, code: &str) -> Option<bool> {
    verdict.probes.iter().find(|probe| probe.code == code).unwrap().verdict.repeated
}

#[tokio::test]
async fn a_server_that_relays_by_mx_record_is_conditional() {
    let (evidence, verdict, _server) = audited(relaying(by_mx()), named()).await;
    assert_eq!(verdict.verdict, Verdict::Conditional, "{}", dialogue(&evidence));
    assert_eq!(accepted(&verdict), ["R38"]);
    assert_eq!(repeated(&verdict, "R38"), Some(true));
    let ids: Vec<_> = findings(&evidence, &verdict).iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["conditional-relay"]);
}

/// Two checks of one axis are two causes, each confirmed on a connection of its own.
#[tokio::test]
async fn each_check_is_confirmed() {
    let both = RelayPolicy::AnyOf(vec![by_mx(), RelayPolicy::SecondRecipient]);
    let (evidence, verdict, _server) = audited(relaying(both), named()).await;
    assert_eq!(verdict.verdict, Verdict::Open, "{}", dialogue(&evidence));
    assert_eq!(accepted(&verdict), ["R38", "R39"]);
    assert_eq!([repeated(&verdict, "R38"), repeated(&verdict, "R39")], [Some(true); 2]);
}

/// A closed server is asked for every partner, and a closed server it stays.
#[tokio::test]
async fn names_are_asked_once_each() {
    let (evidence, verdict, server) = audited(Behaviour::closed(), named()).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    assert_eq!(verdict.coverage.percent(), 100, "{:?}", verdict.probes);
    for sender in ["probe@partner.test", "probe@other.test", "probe@probe.client.test"] {
        let seen = server.envelopes();
        let asked = |canary: bool| {
            let from = seen.iter().filter(|envelope| envelope.reverse_path == sender.as_bytes());
            from.filter(|e| e.forward_path.ends_with(b"@audit.test") == canary).count()
        };
        assert_eq!(asked(true), 1, "{sender}");
        assert!(asked(false) > 0, "{sender}: no control beside it");
    }
    let codes = |code: &str| verdict.probes.iter().filter(|probe| probe.code == code).count();
    assert_eq!([codes("S12"), codes("S13"), codes("R38")], [1; 3]);
}

/// Without the names the three do not run, which lowers no coverage, even where more is lacking.
#[tokio::test]
async fn without_names_nothing_is_missing() {
    let (_, with, _server) = audited(Behaviour::closed(), named()).await;
    let (evidence, without, server) = audited(relaying(by_mx()), unnamed()).await;
    assert_eq!(without.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    assert_eq!(without.coverage.percent(), 100);
    assert_eq!(without.coverage.planned + 3, with.coverage.planned);
    let not_run = |verdict: &RelayVerdict| {
        let lacking = verdict.probes.iter().filter_map(|probe| match probe.verdict.outcome {
            Outcome::NotRun(why) => Some(format!("{} {}", probe.code, why.as_str())),
            _ => None,
        });
        lacking.filter(|text| !text.ends_with("same-envelope")).collect::<Vec<_>>()
    };
    let names = ["S12 no-client-name", "S13 no-partner", "R38 no-mx-domain"];
    let contexts = ["C04 not-offered", "C05 not-offered"];
    assert_eq!(not_run(&without), [names.as_slice(), &contexts].concat());
    // What the sender of S12 and S13 lacks as well is not said of them.
    let mut bare = unnamed();
    bare.identity.auditor_domain = None;
    bare.identity.canary = (String::new(), "example.com".into());
    let evidence = audit_address(server.address(), bare).await;
    let lacking = not_run(&judge(&evidence));
    assert!(names.iter().all(|name| lacking.iter().any(|text| text == name)), "{lacking:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_tls_and_relays_in_clear_is_open() {
    let behaviour = relaying(RelayPolicy::InClear(Box::new(RelayPolicy::Open)));
    let tls = Some(Tls::starttls(self_signed(&behaviour.name)));
    let (evidence, verdict, _server) = audited(Behaviour { tls, ..behaviour }, settings()).await;
    assert!(evidence.extensions.iter().any(|keyword| keyword == "STARTTLS"));
    assert_eq!(verdict.verdict, Verdict::Open, "{}", dialogue(&evidence));
}
