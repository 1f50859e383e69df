//! From evidence to the outcomes of checks.

use crate::evidence::{
    Answer, Attempt, Control, DialFailure, DialFault, Envelope, Evidence, Exchange, Form, FormRole,
    Identity, Lacking, Loss, NotPlanned, Pass, SenderKind, Stop, Transcript,
};
use crate::grade::{
    CheckOutcome, CheckResult, Letter, Policy, grade, listing_results, relay_results,
};
use crate::probe::{Axis, Outer};
use crate::smtp::{Phase, Reply, ReplyFault, WireText};
use crate::target::scope::{Candidate, Consent, Scope};
use crate::target::{Target, Via};
use crate::verdict::{findings, judge};

const DENIED: &str = "554 5.7.1 Relay access denied";
const NO_USER: &str = "550 5.1.1 no such user here";
const OK: &str = "250 2.1.5 ok";
const LATER: &str = "450 4.2.0 Greylisted";
const US: &str = "probe@audit.example";
const NOBODY: &str = "";
const FAR: &str = "canary@far.example";
const POSTMASTER: &str = "postmaster@local.example";

fn target(port: u16) -> Target {
    let candidate = Candidate {
        name: Some("mx.local.example".into()),
        address: "192.0.2.1".parse().unwrap(),
        port,
        mail_domain: None,
        via: Via::Host,
        named_by_user: true,
    };
    Scope::authorized(Consent::Flag).admit(candidate).unwrap()
}

/// A host whose plain form is refused at the start and at the end.
fn closed_on(port: u16) -> Evidence {
    let identity = Identity {
        claimed_address: None,
        auditor_domain: Some("audit.example".into()),
        contact: None,
        canary: ("canary".into(), "far.example".into()),
        canary_address: None,
        helo: Some("client.audit.example".into()),
        local_domains: vec!["local.example".into()],
        local_user: "someone".into(),
        client_name: None,
        partners: Vec::new(),
        mx_domain: None,
    };
    let mut evidence = Evidence::new(target(port), identity, false);
    probe(&mut evidence, "S01", DENIED);
    control(&mut evidence, Control::PlainAtEnd, US, FAR, DENIED);
    evidence
}

fn closed() -> Evidence {
    closed_on(25)
}

fn probe(evidence: &mut Evidence, code: &str, answer: &str) {
    let (id, code) = (format!("relay-{code}"), code.to_owned());
    let (check, axis) = ("open-relay".into(), Axis::Sender);
    let role = FormRole::Probe { id, code, check, axis, gate: true, instance: 0 };
    ask(evidence, role, US, FAR, Phase::Rcpt, answer);
}

fn control(evidence: &mut Evidence, control: Control, from: &str, to: &str, answer: &str) {
    ask(evidence, FormRole::Control { control }, from, to, Phase::Rcpt, answer);
}

/// Asks one form on a connection of its own; the answer comes in `phase`.
fn ask(evidence: &mut Evidence, role: FormRole, from: &str, to: &str, phase: Phase, answer: &str) {
    let exchange = |phase, answer: &str| Exchange {
        tls: false,
        phase,
        sent: WireText::default(),
        pipelined: false,
        answer: match answer {
            "" => Answer::Lost(Loss::Closed),
            text => Answer::Reply(Reply::from_text(text).expect(text)),
        },
        elapsed_ms: 1,
    };
    evidence.attempts.push(Attempt {
        form: evidence.forms.len(),
        pass: Pass::First,
        transcript: evidence.transcripts.len(),
        exchange: 1,
    });
    let outer = match to.rsplit_once('@') {
        Some((_, "far.example")) => Outer::Foreign,
        Some(_) => Outer::MailDomain,
        None => Outer::Absent,
    };
    evidence.forms.push(Form {
        role,
        envelope: Envelope {
            helo: None,
            reverse_path: from.as_bytes().into(),
            forward_path: to.as_bytes().into(),
            ..Envelope::default()
        },
        sender: match from {
            NOBODY => SenderKind::Null,
            US => SenderKind::Foreign,
            _ => SenderKind::Local,
        },
        outer_domain: to.rsplit_once('@').map(|(_, domain)| domain.to_owned()),
        outer,
    });
    evidence.transcripts.push(Transcript {
        tls: None,
        took: None,
        local: "198.51.100.7:40000".parse().unwrap(),
        peer: "192.0.2.1:25".parse().unwrap(),
        exchanges: vec![exchange(Phase::Greeting, "220 mx.local.example"), exchange(phase, answer)],
    });
}

fn results(evidence: &Evidence) -> Vec<CheckResult> {
    let relay = judge(evidence);
    let mut results = relay_results(evidence, &relay, &findings(evidence, &relay));
    results.extend(listing_results(&[]));
    results
}

/// The outcome of one check in a word, with the reason.
fn outcome(evidence: &Evidence, check: &str) -> String {
    let found = results(evidence).into_iter().find(|result| result.id == check).expect(check);
    match found.outcome {
        CheckOutcome::Unknown(why) => format!("unknown {why}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Every built check of the policy gets a result, and every result has a built check.
#[test]
fn results_and_policy_agree() {
    let policy = Policy::embedded().unwrap();
    let checks = policy.categories.iter().flat_map(|category| &category.checks);
    let built: Vec<_> = checks.filter(|check| check.built).map(|check| check.id.clone()).collect();
    let mut ids: Vec<_> = results(&closed()).into_iter().map(|result| result.id).collect();
    let order = |id: &String| built.iter().position(|check| check == id);
    ids.sort_by_key(order);
    assert_eq!(ids, built);
}

#[test]
fn relaying() {
    let mut open = closed();
    probe(&mut open, "S02", OK);
    assert_eq!(outcome(&open, "relay.variants"), "fail");
    let result = results(&open).remove(0);
    assert_eq!(result.finding.as_deref(), Some("open-relay"));
    assert_eq!(result.detail, "1 of 2 relay probes was accepted");

    assert_eq!(outcome(&closed(), "relay.variants"), "pass");
    assert_eq!(results(&closed())[0].tested, 100);

    let mut late = closed();
    probe(&mut late, "S02", LATER);
    assert_eq!(outcome(&late, "relay.variants"), "unknown deferred");

    let mut less = closed();
    less.not_planned.push(NotPlanned {
        probe: "relay-S10".into(),
        code: "S10".into(),
        gate: true,
        why: Lacking::LocalDomain,
    });
    let result = results(&less).remove(0);
    assert_eq!((result.outcome, result.tested), (CheckOutcome::Pass, 50));
    assert_eq!(result.detail, "1 of 2 relay probes judged, all of them refused");
}

#[test]
fn an_acceptance_at_the_end_is_a_failure() {
    let mut evidence = closed();
    evidence.transcripts[1].exchanges[1].answer = Answer::Reply(Reply::from_text(OK).unwrap());
    let result = results(&evidence).remove(0);
    assert_eq!(result.outcome, CheckOutcome::Fail);
    assert!(result.detail.contains("at the end"), "{}", result.detail);
}

#[test]
fn mail_for_postmaster() {
    type Asked<'a> = (Control, &'a str, &'a str, &'a str);
    let table: &[(&str, &[Asked<'_>], &str)] = &[
        ("accepted", &[(Control::Postmaster, US, POSTMASTER, OK)], "pass"),
        ("no such user", &[(Control::Postmaster, US, POSTMASTER, NO_USER)], "fail"),
        (
            "refused from us, accepted from nobody",
            &[
                (Control::Postmaster, US, POSTMASTER, NO_USER),
                (Control::Postmaster, NOBODY, POSTMASTER, OK),
            ],
            "pass",
        ),
        ("without a domain", &[(Control::Postmaster, US, "postmaster", DENIED)], "fail"),
        (
            "a domain that is not the server's",
            &[(Control::Postmaster, US, POSTMASTER, DENIED)],
            "unknown no-local-domain",
        ),
        (
            "refused as relaying, where another mailbox of the domain is taken",
            &[
                (Control::Postmaster, US, POSTMASTER, DENIED),
                (Control::LocalUser, US, "someone@local.example", OK),
            ],
            "fail",
        ),
        (
            "another mailbox, under other circumstances",
            &[
                (Control::Postmaster, US, POSTMASTER, DENIED),
                (Control::LocalUser, NOBODY, "someone@local.example", OK),
            ],
            "unknown no-local-domain",
        ),
        ("deferred", &[(Control::Postmaster, US, POSTMASTER, LATER)], "unknown deferred"),
        (
            "deferred, where another mailbox is taken",
            &[
                (Control::Postmaster, US, POSTMASTER, LATER),
                (Control::LocalUser, US, "someone@local.example", OK),
            ],
            "unknown deferred",
        ),
        (
            "from a sender that pretends to be local",
            &[(Control::Postmaster, "someone@local.example", POSTMASTER, NO_USER)],
            "unknown not-asked",
        ),
        ("lost", &[(Control::Postmaster, US, POSTMASTER, "")], "unknown connection-lost"),
        (
            "we are blocked",
            &[(Control::Postmaster, US, POSTMASTER, "554 5.7.1 Client host blocked using list")],
            "unknown blocked",
        ),
        (
            "too many errors",
            &[(Control::Postmaster, US, POSTMASTER, "550 5.7.0 too many errors")],
            "unknown throttled",
        ),
        ("not asked", &[], "unknown not-asked"),
        (
            "only another mailbox",
            &[(Control::LocalUser, US, "someone@local.example", OK)],
            "unknown not-asked",
        ),
        (
            "a trap that takes everything",
            &[
                (Control::Postmaster, US, POSTMASTER, OK),
                (Control::RcptBeforeMail, NOBODY, FAR, OK),
            ],
            "unknown scripted-sink",
        ),
    ];
    for (case, controls, want) in table {
        let mut evidence = closed();
        for (which, from, to, answer) in *controls {
            control(&mut evidence, *which, from, to, answer);
        }
        assert_eq!(outcome(&evidence, "operations.postmaster"), *want, "{case}");
    }
}

#[test]
fn a_refusal_before_the_recipient_is_not_postmasters() {
    let mut evidence = closed();
    let role = FormRole::Control { control: Control::Postmaster };
    ask(&mut evidence, role, US, POSTMASTER, Phase::Mail, "550 5.1.1 no such user");
    assert!(outcome(&evidence, "operations.postmaster").starts_with("unknown"));
}

/// A greeting name that is part of a relay test may be refused for what it is.
#[test]
fn only_our_own_greeting_name_counts() {
    let mut evidence = closed();
    control(&mut evidence, Control::Postmaster, NOBODY, POSTMASTER, OK);
    let form = evidence.forms.last_mut().unwrap();
    form.envelope.helo = Some("mx.local.example".as_bytes().into());
    assert_eq!(outcome(&evidence, "operations.postmaster"), "unknown not-asked");
    assert_eq!(outcome(&evidence, "operations.null-sender"), "unknown not-asked");
}

#[test]
fn mail_from_nobody() {
    let at = |phase, answer, other: Option<&str>| {
        let mut evidence = closed();
        let role = FormRole::Control { control: Control::Postmaster };
        ask(&mut evidence, role, NOBODY, POSTMASTER, phase, answer);
        if let Some(other) = other {
            control(&mut evidence, Control::Postmaster, US, POSTMASTER, other);
        }
        outcome(&evidence, "operations.null-sender")
    };
    let refused = "550 5.7.1 null sender not accepted";
    assert_eq!(at(Phase::Rcpt, OK, None), "pass");
    assert_eq!(at(Phase::Mail, refused, Some(OK)), "fail");
    assert_eq!(at(Phase::Rcpt, refused, Some(OK)), "fail");
    // Another sender gets as far as RCPT, so it is not the client that is refused at MAIL.
    assert_eq!(at(Phase::Mail, refused, Some(LATER)), "fail");
    // At RCPT it may be the recipient.
    assert_eq!(at(Phase::Rcpt, NO_USER, Some(NO_USER)), "unknown unknown-user");
    assert_eq!(at(Phase::Rcpt, refused, Some(LATER)), "unknown sender-refused");
    assert_eq!(at(Phase::Mail, refused, None), "unknown sender-refused");
    assert_eq!(at(Phase::Rcpt, LATER, Some(OK)), "unknown deferred");
    assert_eq!(at(Phase::Rcpt, "550 too many errors", Some(OK)), "unknown throttled");
    let mut never = closed();
    control(&mut never, Control::Postmaster, US, POSTMASTER, OK);
    assert_eq!(outcome(&never, "operations.null-sender"), "unknown not-asked");
    let mut random = closed();
    control(&mut random, Control::RandomUser, NOBODY, "nobody-x@local.example", OK);
    assert_eq!(outcome(&random, "operations.null-sender"), "unknown not-asked");
}

#[test]
fn the_protocol() {
    let check = "protocol.conformance";
    assert_eq!(outcome(&closed(), check), "pass");
    let mut faulty = closed();
    let fault = ReplyFault::CodeMismatch { first: 250, then: 550 };
    faulty.transcripts[0].exchanges[1].answer = Answer::Lost(Loss::Fault(fault));
    assert_eq!(outcome(&faulty, check), "warn");
    assert_eq!(results(&faulty)[3].finding.as_deref(), Some("peer-fault"));
    let mut stopped = closed();
    stopped.stopped = Some(Stop::Deadline);
    assert_eq!(outcome(&stopped, check), "unknown stopped");
    let mut sink = closed();
    control(&mut sink, Control::RcptBeforeMail, NOBODY, FAR, OK);
    assert_eq!(outcome(&sink, check), "unknown scripted-sink");
}

#[test]
fn from_inside_an_acceptance_proves_nothing() {
    let mut evidence = closed();
    control(&mut evidence, Control::Postmaster, NOBODY, POSTMASTER, OK);
    for transcript in &mut evidence.transcripts {
        transcript.local = "192.0.2.1:40000".parse().unwrap();
    }
    assert_eq!(outcome(&evidence, "operations.postmaster"), "unknown vantage-inside");
    assert_eq!(outcome(&evidence, "operations.null-sender"), "unknown vantage-inside");
    evidence.outside_asserted = true;
    assert_eq!(outcome(&evidence, "operations.postmaster"), "pass");
}

#[test]
fn a_submission_port_owes_strangers_nothing() {
    let mut evidence = closed_on(587);
    control(&mut evidence, Control::Postmaster, NOBODY, POSTMASTER, NO_USER);
    assert_eq!(outcome(&evidence, "operations.postmaster"), "notapplicable");
    assert_eq!(outcome(&evidence, "operations.null-sender"), "notapplicable");
    assert_eq!(outcome(&evidence, "protocol.conformance"), "pass");
}

#[test]
fn hosts_and_their_letters() {
    let policy = Policy::embedded().unwrap();
    let letter = |evidence: &Evidence| grade(&policy, &results(evidence)).letter;
    let mut good = closed();
    control(&mut good, Control::Postmaster, NOBODY, POSTMASTER, OK);
    assert_eq!(letter(&good), Letter::APlus);
    let mut open = good.clone();
    probe(&mut open, "S02", OK);
    assert_eq!(letter(&open), Letter::F);
    let mut late = good.clone();
    probe(&mut late, "S02", LATER);
    assert_eq!(letter(&late), Letter::N);
    let mut rude = closed();
    control(&mut rude, Control::Postmaster, US, POSTMASTER, NO_USER);
    control(&mut rude, Control::Postmaster, NOBODY, POSTMASTER, NO_USER);
    assert_eq!(letter(&rude), Letter::B, "88 % are known to be sound");
    // An unknown relay beside a refused postmaster is not graded; it is no F.
    probe(&mut rude, "S02", LATER);
    assert_eq!(letter(&rude), Letter::N);
    let mut silent = Evidence::new(target(25), closed().identity, false);
    silent.dial_failures.push(DialFailure { kind: DialFault::Refused, text: "refused".into() });
    assert_eq!(letter(&silent), Letter::N);
    let silent = results(&silent);
    let mut of_server = silent.iter().filter(|result| !result.id.starts_with("reputation"));
    assert!(of_server.all(|r| matches!(r.outcome, CheckOutcome::Unknown(_))), "{silent:?}");
}
