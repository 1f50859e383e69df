//! What is planned once more is known of the server.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::engine::{Budget, Wanted};
use crate::probe::Library;
use crate::session::Deadlines;
use crate::target::Via;
use crate::target::scope::{Candidate, Scope};

fn settings(identity: Identity) -> Settings {
    let second = Duration::from_secs(1);
    Settings {
        library: Arc::new(Library::embedded().unwrap()),
        profile: Profile::Standard,
        deeper: None,
        wanted: Wanted::default(),
        identity,
        outside_asserted: true,
        deadlines: Deadlines { greeting: second, reply: second },
        host_deadline: second,
        retry_wait: second,
        greylist_wait: second,
        budget: Budget::default(),
        letters: None,
        matrix: None,
        pop: None,
        max_hosts: 1,
        seed: 7,
    }
}

/// What was planned late of the context probes: their codes, and whether TLS comes first.
fn late(clear: &[&str], in_tls: &[&str]) -> Vec<(String, bool)> {
    let candidate = Candidate {
        name: Some("mx.practice.test".into()),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        port: 25,
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    };
    let identity = Identity {
        auditor_domain: Some("audit.test".into()),
        contact: None,
        canary: (String::new(), "audit.test".into()),
        canary_address: None,
        helo: None,
        local_domains: vec!["practice.test".into()],
        local_user: "postmaster".into(),
        client_name: None,
        partners: Vec::new(),
        mx_domain: None,
        claimed_address: Some(std::net::Ipv4Addr::LOCALHOST.into()),
    };
    let target = Scope::loopback_only().admit(candidate).unwrap();
    let mut evidence = Evidence::new(target, identity.clone(), true);
    let settings = settings(identity);
    let tokens = Tokens { canary: "c".into(), nobody: "n".into(), helo: "h".into() };
    let probes = || settings.library.in_profile(settings.profile);
    plan(&mut evidence, probes(), &settings, &tokens);
    let planned = |evidence: &Evidence| evidence.not_planned.len();
    let before = planned(&evidence);
    evidence.extensions = clear.iter().map(|word| (*word).to_owned()).collect();
    evidence.extensions_in_tls = in_tls.iter().map(|word| (*word).to_owned()).collect();
    let added = plan_late(&mut evidence, probes(), &tokens);
    assert!(plan_late(&mut evidence, probes(), &tokens).is_empty());
    let probes = added.into_iter().filter_map(|index| match &evidence.forms[index].role {
        FormRole::Probe { code, .. } => {
            Some((code.clone(), evidence.forms[index].envelope.starttls))
        }
        FormRole::Control { .. } => None,
    });
    let late: Vec<_> = probes.collect();
    assert_eq!(planned(&evidence), before - late.len());
    late
}

/// What a server offers may be learned after the plan, and only inside TLS.
#[test]
fn extensions_that_are_learned_late() {
    let of = |words: &[(&str, bool)]| {
        words.iter().map(|(code, tls)| ((*code).to_owned(), *tls)).collect::<Vec<_>>()
    };
    assert_eq!(late(&[], &[]), []);
    assert_eq!(late(&["STARTTLS"], &[]), of(&[("C04", true)]));
    assert_eq!(late(&["XCLIENT"], &[]), of(&[("C05", false)]));
    assert_eq!(late(&["STARTTLS"], &["XCLIENT"]), of(&[("C04", true), ("C05", true)]));
}
