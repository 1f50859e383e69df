//! Mail that a server should take, asked of practice servers on loopback with the standard profile.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::time::Duration;

use lab::{accepted, audited, dialogue, settings};
use mxaudit::engine::Settings;
use mxaudit::evidence::{Control, Evidence, Form};
use mxaudit::grade::{Policy, grade, relay_results};
use mxaudit::practice::{
    Behaviour, Block, BlockStage, ErrorLimit, HeloMatch, RelayPolicy, SenderMatch, Temporary,
};
use mxaudit::probe::{Library, Profile};
use mxaudit::report::model::HostReport;
use mxaudit::smtp::Phase;
use mxaudit::verdict::{Verdict, findings, judge};

const KINDS: [&str; 3] = ["helo-overblocking", "null-sender-refused", "postmaster-refused"];

fn standard() -> Settings {
    Settings { profile: Profile::Standard, ..settings() }
}

/// The kinds of mail that are refused, by the ids of their findings.
fn refused(evidence: &Evidence) -> Vec<&'static str> {
    let found = findings(evidence, &judge(evidence));
    let ids = found.iter().map(|finding| finding.id);
    ids.filter(|id| KINDS.contains(id)).collect()
}

fn mismatched(evidence: &Evidence) -> Vec<&Form> {
    let forms = evidence.forms.iter();
    forms.filter(|form| form.control() == Some(Control::MismatchedHelo)).collect()
}

/// A server that refuses the greeting name that is not ours, and no other. The same seed gives the
/// same name, so a first audit tells it.
async fn strict_about_names(reply: &str, settings: &Settings) -> Behaviour {
    let (evidence, _, _server) = audited(Behaviour::closed(), settings.clone()).await;
    let name = mismatched(&evidence)[0].envelope.helo.as_ref().unwrap().to_string();
    let refuse_helo = Some((HeloMatch::Exactly(name), reply.to_owned()));
    Behaviour { refuse_helo, ..Behaviour::closed() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_server_refuses_none_of_it() {
    let servers = [
        Behaviour::closed(),
        Behaviour::exim(),
        Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() },
        Behaviour { extensions: Vec::new(), ..Behaviour::closed() },
    ];
    let runs = servers.into_iter().map(|behaviour| async move {
        let (evidence, _, _server) = audited(behaviour, standard()).await;
        assert!(refused(&evidence).is_empty(), "{}", dialogue(&evidence));
        let [form] = mismatched(&evidence)[..] else { panic!("one such form") };
        let index = evidence.forms.iter().position(|other| other == form).unwrap();
        let answer = evidence.exchange(evidence.deciding(index).unwrap()).unwrap();
        let reply = answer.answer.reply().unwrap();
        assert_eq!((answer.phase, reply.code()), (Phase::Rcpt, 250), "{}", dialogue(&evidence));
    });
    futures::future::join_all(runs).await;
}

/// What is sent, on which connection, and when.
#[tokio::test]
async fn the_name_that_is_not_ours_has_a_connection_of_its_own() {
    let (evidence, _, server) = audited(Behaviour::closed(), standard()).await;
    let shown = dialogue(&evidence);
    let [form] = mismatched(&evidence)[..] else { panic!("one such form\n{shown}") };
    let name = form.envelope.helo.as_ref().unwrap().to_string();
    assert!(name.starts_with("mismatch-") && name.ends_with(".audit.test"), "{name}");
    assert_eq!(form.envelope.forward_path.to_string(), "postmaster@practice.test");
    let plain = evidence.forms.iter().find(|form| form.is_plain()).unwrap();
    assert_eq!(form.envelope.reverse_path, plain.envelope.reverse_path);

    let under_it: Vec<_> = server
        .envelopes()
        .into_iter()
        .enumerate()
        .filter(|(_, seen)| seen.helo == name.as_bytes())
        .collect();
    let all = server.envelopes().len();
    assert_eq!(under_it.len(), 1, "one recipient under that name\n{shown}");
    assert_eq!(under_it[0].0 + 2, all, "before the plain recipient at the end\n{shown}");
    assert_eq!(server.counters().data, 0);
}

#[tokio::test]
async fn a_user_who_is_named_is_the_recipient() {
    let mut named = standard();
    named.identity.local_user = "user".into();
    let (evidence, _, _server) = audited(Behaviour::closed(), named).await;
    assert_eq!(mismatched(&evidence)[0].envelope.forward_path.to_string(), "user@practice.test");
}

#[tokio::test]
async fn without_configuration_the_name_is_a_reserved_one() {
    let mut bare = standard();
    bare.identity.auditor_domain = None;
    bare.identity.canary = (String::new(), "example.com".into());
    bare.identity.helo = None;
    bare.identity.local_domains.clear();
    let behaviour = strict_about_names("550 5.7.1 who are you", &bare).await;
    let (evidence, _, _server) = audited(behaviour, bare).await;
    let form = mismatched(&evidence)[0];
    assert!(form.envelope.helo.as_ref().unwrap().to_string().ends_with(".example.com"));
    assert_eq!(form.envelope.forward_path.to_string(), "postmaster");
    assert!(form.envelope.reverse_path.is_empty());
    assert_eq!(refused(&evidence), ["helo-overblocking"], "{}", dialogue(&evidence));
}

#[tokio::test]
async fn the_quick_profile_asks_under_our_own_name_only() {
    let (evidence, _, _server) = audited(Behaviour::closed(), settings()).await;
    assert!(mismatched(&evidence).is_empty());
    let thorough = Settings { profile: Profile::Thorough, ..settings() };
    let (evidence, _, _server) = audited(Behaviour::closed(), thorough).await;
    assert_eq!(mismatched(&evidence).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_match_are_refused() {
    let words = [
        "550 5.7.1 EHLO name does not match your address",
        "554 5.7.1 Nein danke",
        "550 5.7.1 Access denied",
    ];
    let runs = words.into_iter().map(|reply| async move {
        let behaviour = strict_about_names(reply, &standard()).await;
        let open = Behaviour { relay: RelayPolicy::Open, ..behaviour.clone() };
        let (evidence, verdict, _server) = audited(behaviour, standard()).await;
        assert_eq!(refused(&evidence), ["helo-overblocking"], "{}", dialogue(&evidence));
        assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
        let (evidence, verdict, _server) = audited(open, standard()).await;
        assert_eq!(refused(&evidence), ["helo-overblocking"], "{}", dialogue(&evidence));
        assert_eq!(verdict.verdict, Verdict::Open);
        assert!(!accepted(&verdict).is_empty());
    });
    futures::future::join_all(runs).await;
}

/// What is put off, throttled or refused to everybody is no such refusal.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_which_nothing_is_known() {
    let servers = [
        (HeloMatch::Any, "550 5.7.1 no", Verdict::Inconclusive),
        (HeloMatch::OwnName, "550 5.7.1 you are not me", Verdict::Closed),
    ];
    let mut servers: Vec<_> = servers
        .into_iter()
        .map(|(which, reply, want)| {
            let refuse_helo = Some((which, reply.to_owned()));
            (Behaviour { refuse_helo, ..Behaviour::closed() }, want)
        })
        .collect();
    for reply in [
        "450 4.7.1 Helo command rejected: Host not found",
        "554 5.7.0 too many connections",
        "421 4.7.0 go away",
    ] {
        servers.push((strict_about_names(reply, &standard()).await, Verdict::Closed));
    }
    let runs = servers.into_iter().map(|(behaviour, want)| async move {
        let (evidence, verdict, _server) = audited(behaviour, standard()).await;
        assert_eq!(mismatched(&evidence).len(), 1);
        assert!(refused(&evidence).is_empty(), "{}", dialogue(&evidence));
        assert_eq!(verdict.verdict, want, "{}", dialogue(&evidence));
    });
    futures::future::join_all(runs).await;
}

/// However little a server tolerates, the name that is not ours changes no verdict.
#[tokio::test(flavor = "multi_thread")]
async fn low_error_limits_change_no_verdict() {
    let strict = strict_about_names("550 5.7.1 no such name here", &standard()).await;
    for errors in [1, 2, 3, 5] {
        for limit in
            [ErrorLimit::Reply421AfterErrors(errors), ErrorLimit::HangUpAfterErrors(errors)]
        {
            let behaviour = Behaviour { error_limit: Some(limit), ..strict.clone() };
            let (evidence, verdict, _server) = audited(behaviour, standard()).await;
            assert_eq!(verdict.verdict, Verdict::Closed, "{limit:?}\n{}", dialogue(&evidence));
            assert_eq!(mismatched(&evidence).len(), 1);
        }
    }
}

/// It is put off once like everything else, and asked again.
#[tokio::test]
async fn a_greylist_hides_nothing() {
    let reply = "451 4.7.1 Greylisted".to_owned();
    let behaviour =
        Behaviour { temporary: Some(Temporary::FirstTries { n: 1, reply }), ..Behaviour::closed() };
    let patient = Settings { retry_wait: Duration::from_millis(20), ..standard() };
    let (evidence, verdict, _server) = audited(behaviour, patient).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    assert!(refused(&evidence).is_empty());
    let shown = dialogue(&evidence);
    let form = mismatched(&evidence)[0];
    let index = evidence.forms.iter().position(|other| other == form).unwrap();
    let answer = &evidence.exchange(evidence.deciding(index).unwrap()).unwrap().answer;
    assert_eq!(answer.reply().unwrap().code(), 250, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postmaster_is_refused() {
    let servers = [
        ("550 5.1.1 <postmaster@practice.test>: User unknown", Verdict::Closed, true),
        ("550 5.7.1 Nein danke", Verdict::Closed, true),
        ("450 4.2.1 mailbox is busy", Verdict::Closed, false),
        ("554 5.7.1 <postmaster@practice.test>: Relay access denied", Verdict::Closed, false),
        ("554 5.7.1 Client host blocked using bl.practice.test", Verdict::Closed, false),
    ];
    let runs = servers.into_iter().map(|(reply, want, is_found)| async move {
        let refuse_postmaster = Some(reply.to_owned());
        let behaviour = Behaviour { refuse_postmaster, ..Behaviour::closed() };
        let (evidence, verdict, _server) = audited(behaviour, settings()).await;
        let want_found: &[&str] = if is_found { &["postmaster-refused"] } else { &[] };
        assert_eq!(refused(&evidence), want_found, "{reply}\n{}", dialogue(&evidence));
        assert_eq!(verdict.verdict, want, "{reply}\n{}", dialogue(&evidence));
    });
    futures::future::join_all(runs).await;
}

/// Another mailbox is accepted where postmaster is refused, and the other way round.
#[tokio::test]
async fn postmaster_is_held_against_another_mailbox() {
    let mut named = settings();
    named.identity.local_user = "user".into();
    let refuse_postmaster = Some("550 5.7.1 Nein danke".to_owned());
    let behaviour = Behaviour { refuse_postmaster, ..Behaviour::closed() };
    let (evidence, _, _server) = audited(behaviour, named.clone()).await;
    assert_eq!(refused(&evidence), ["postmaster-refused"], "{}", dialogue(&evidence));
    let block = Block {
        stage: BlockStage::Rcpt,
        reply: "550 5.7.1 Nein danke".into(),
        exempt_postmaster: false,
    };
    let behaviour = Behaviour { block_client: Some(block), ..Behaviour::closed() };
    let (evidence, _, _server) = audited(behaviour, named).await;
    assert!(refused(&evidence).is_empty(), "{}", dialogue(&evidence));
}

/// The domain that was named is not the server's.
#[tokio::test]
async fn a_domain_of_others_is_no_finding() {
    let mut elsewhere = standard();
    elsewhere.identity.local_domains = vec!["elsewhere.test".into()];
    let (evidence, _, _server) = audited(Behaviour::closed(), elsewhere).await;
    assert!(refused(&evidence).is_empty(), "{}", dialogue(&evidence));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_null_sender_is_refused() {
    let null = SenderMatch::Null;
    let cases: [(SenderMatch, &str, &[&str]); 5] = [
        (null, "550 5.7.1 bounces not accepted", &["null-sender-refused"]),
        (null, "550 5.7.1 Nein danke", &["null-sender-refused"]),
        (null, "451 4.7.1 come back later", &[]),
        (null, "530 5.7.0 Must issue a STARTTLS command first", &[]),
        (SenderMatch::Any, "550 5.7.1 bounces not accepted", &[]),
    ];
    let runs = cases.into_iter().map(|(which, reply, want)| async move {
        let refuse_sender = Some((which, reply.to_owned()));
        let behaviour = Behaviour { refuse_sender, ..Behaviour::closed() };
        let (evidence, _, _server) = audited(behaviour, settings()).await;
        assert_eq!(refused(&evidence), want, "{which:?} {reply}\n{}", dialogue(&evidence));
    });
    futures::future::join_all(runs).await;
}

/// The report draws each finding over the exchange that shows it.
#[tokio::test]
async fn the_report_shows_the_refusal() {
    let mut named = standard();
    named.identity.local_user = "user".into();
    let behaviour = Behaviour {
        refuse_postmaster: Some("550 5.1.1 no such user".into()),
        refuse_sender: Some((SenderMatch::Null, "550 5.7.1 no bounces".into())),
        ..strict_about_names("550 5.7.1 who are you", &named).await
    };
    let (evidence, relay, _server) = audited(behaviour, named).await;
    let found = findings(&evidence, &relay);
    let graded = grade(&Policy::embedded().unwrap(), &relay_results(&evidence, &relay, &found));
    let library = Library::embedded().unwrap();
    let report = HostReport::build(&evidence, &relay, &found, &graded, &[], &library, None);
    let ids: Vec<_> = report.findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, KINDS, "{}", dialogue(&evidence));
    for (finding, sent) in report.findings.iter().zip(["HELO mismatch-", "MAIL FROM:<>", "RCPT"]) {
        let marked = finding.dialogue.iter().position(|line| line.mark.is_some()).unwrap();
        let before = &finding.dialogue[..marked];
        assert!(before.iter().any(|line| line.text.starts_with(sent)), "{:?}", finding.dialogue);
        assert!(finding.dialogue[marked].text.starts_with("550"), "{:?}", finding.dialogue);
        assert!(!finding.remedy.is_empty() && !finding.references.is_empty());
        assert!(finding.probe.is_none() && finding.reproduce.is_none());
    }
}
