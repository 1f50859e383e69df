//! Relaying to domains whose MX record names the server: worse than closed, not open.

use crate::evidence::{Evidence, FormRole, Lacking, NotPlanned};
use crate::finding::{Confidence, Finding, Severity};
use crate::verdict::{Judge, Proof, findings, judge};

use super::host::{CLOSED, GREYLISTED, Line, OK, RELAY, UNKNOWN, closed_and, host, verdict, words};

fn found(evidence: &Evidence) -> Vec<Finding> {
    findings(evidence, &judge(evidence))
}

/// Id, probe and the codes of the other probes of each finding.
fn causes(evidence: &Evidence) -> Vec<String> {
    let cause = |finding: &Finding| {
        let probe = finding.probe.as_deref().unwrap_or_default();
        format!("{} {probe} {}", finding.id, finding.also.join(" ")).trim_end().to_owned()
    };
    found(evidence).iter().map(cause).collect()
}

#[test]
fn one_relay_alone_is_conditional() {
    let evidence = host(&closed_and(&[("R38", OK), ("R38!", OK)]));
    assert_eq!(verdict(&evidence), "conditional: accepted-recipient");
    let relay = judge(&evidence);
    assert_eq!(relay.proof, Proof::Suspected);
    assert_eq!(relay.coverage.percent(), 100);
    assert_eq!(relay.reasons[0].probes, ["R38"]);
    assert!(relay.reasons[0].text.contains("MX record"), "{}", relay.reasons[0].text);
    let found = found(&evidence);
    assert_eq!(causes(&evidence), ["conditional-relay relay-r38"]);
    assert_eq!((found[0].severity, found[0].confidence), (Severity::High, Confidence::High));
    assert!(found[0].summary.ends_with("because an MX record of its domain names the server"));
    assert!(found[0].notes.iter().any(|note| note.contains("backup.example")));
    assert!(found[0].evidence.is_some());
}

/// Whatever else is accepted outranks it, and is a cause of its own unless it explains all.
#[test]
fn any_open_relay_outranks_it() {
    let at_start = [("S01", OK), ("S02", OK), ("R38", OK)];
    let by_helo = closed_and(&[("H01", OK), ("R38", OK)]);
    let by_percent = closed_and(&[("R01", OK), ("R01 random", UNKNOWN), ("R38", OK)]);
    let by_second = closed_and(&[("R38", OK), ("R39", "250 ok then 250 ok")]);
    let at_end = [("S02", RELAY), ("R38", OK), ("S02 end", OK)];
    let table: [(&str, &[Line<'_>], &[&str]); 5] = [
        ("plain", &at_start, &["open-relay relay-s01 S02 R38"]),
        ("helo", &by_helo, &["open-relay relay-h01", "conditional-relay relay-r38"]),
        ("percent", &by_percent, &["open-relay relay-r01", "conditional-relay relay-r38"]),
        ("second", &by_second, &["open-relay relay-r39", "conditional-relay relay-r38"]),
        ("at the end", &at_end, &["open-relay", "conditional-relay relay-r38"]),
    ];
    for (name, lines, want) in table {
        let evidence = host(lines);
        assert_eq!(verdict(&evidence), "open: accepted-recipient", "{name}");
        assert_eq!(causes(&evidence), want, "{name}");
    }
}

#[test]
fn refused_it_leaves_a_host_closed() {
    let evidence = host(&closed_and(&[("R38", RELAY)]));
    assert_eq!(verdict(&evidence), "closed: relay-refused");
    assert!(found(&evidence).is_empty());
}

/// What was not learned beside it may have been worse, and is told.
#[test]
fn what_else_is_unknown_is_told() {
    let evidence = host(&closed_and(&[("R38", OK), ("S10", GREYLISTED)]));
    assert_eq!(verdict(&evidence), "conditional: accepted-recipient deferred");
    let unknown = "550 5.1.1 <c4n4ry@backup.example>: User unknown in relay recipient table";
    let evidence = host(&closed_and(&[("R38", unknown)]));
    assert_eq!(verdict(&evidence), "inconclusive: recipient-verification");
}

/// Most auditors have no such names: that costs nothing.
#[test]
fn names_that_are_not_given_lower_no_coverage() {
    let table = [
        ("S12", Lacking::ClientName, "not-run no-client-name", "client_name"),
        ("S13", Lacking::Partner, "not-run no-partner", "partners"),
        ("R38", Lacking::MxDomain, "not-run no-mx-domain", "mx_domain"),
    ];
    for (code, why, word, key) in table {
        let mut evidence = host(&CLOSED);
        let (probe, code) = (format!("relay-{code}"), code.to_owned());
        evidence.not_planned.push(NotPlanned { probe, code: code.clone(), gate: false, why });
        assert_eq!(verdict(&evidence), "closed: relay-refused", "{code}");
        let relay = judge(&evidence);
        assert_eq!(relay.coverage.percent(), 100, "{code}");
        let probe = relay.probes.iter().find(|probe| probe.code == code).unwrap();
        assert_eq!(words(probe.verdict.outcome), word);
        let crate::verdict::Outcome::NotRun(why) = probe.verdict.outcome else { panic!("{code}") };
        assert!(why.remedy().contains(&format!("{key} below [")), "{}", why.remedy());
        assert!(why.remedy().ends_with("in mxaudit.toml"), "{}", why.remedy());
    }
}

/// A server inside the domain takes its mail by right; one inside the canary's does so elsewhere.
#[test]
fn a_server_inside_the_domain_proves_nothing() {
    let mut evidence = host(&closed_and(&[("R38", OK)]));
    evidence.server_names.push("mx.backup.example".into());
    assert_eq!(verdict(&evidence), "inconclusive: canary-maybe-local");
    // Another form asks for the canary's domain, not for that one.
    let mut evidence = host(&[("S02", OK)]);
    evidence.server_names.push("mx.backup.example".into());
    assert_eq!(verdict(&evidence), "open: accepted-recipient");
}

#[test]
fn a_trusted_sender_is_named_for_what_it_claims() {
    let table = [
        ("S12", "because the sender claims the client's own host name"),
        ("S13", "because the sender claims to be a partner's"),
        ("S10", "because the sender claims to be local"),
    ];
    for (code, why) in table {
        let evidence = host(&closed_and(&[(code, OK)]));
        assert_eq!(verdict(&evidence), "open: accepted-recipient", "{code}");
        let summary = &found(&evidence)[0].summary;
        assert!(summary.ends_with(why), "{code}: {summary}");
    }
}

/// Names of the configuration are no wording, whatever words they hold.
#[test]
fn names_are_no_wording() {
    let names = ["spamhaus.example", "dnsbl.partner.example"];
    for name in names {
        let mut evidence = host(&[("S13", &format!("550 5.7.1 nein, {name}"))]);
        let said = Judge::new(&evidence).form(0).outcome;
        evidence.identity.partners = vec![name.into()];
        evidence.identity.client_name = None;
        let known = Judge::new(&evidence).form(0).outcome;
        assert_ne!(words(said), "inconclusive unknown-wording", "{name}");
        assert_eq!(words(known), "inconclusive unknown-wording", "{name}");
    }
}

/// Evidence that was kept before there was a choice of checks.
#[test]
fn a_form_without_a_check_is_of_open_relaying() {
    let json = r#"{"role":"probe","id":"x","code":"X","axis":"sender","gate":false,"instance":0}"#;
    let role: FormRole = serde_json::from_str(json).unwrap();
    assert!(matches!(role, FormRole::Probe { check, .. } if check == "open-relay"));
}
