//! The engine and the judgement against practice servers on loopback.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
mod lab;

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lab::{accepted, audit_address, audited, dialogue, settings, target};
use mxaudit::engine::{Interrupt, Settings, audit};
use mxaudit::evidence::{
    Answer, Attempt, DialFailure, DialFault, Evidence, Exchange, Lacking, Loss, Pass, Stop,
    Transcript,
};
use mxaudit::net::{Dialer, TcpDialer};
use mxaudit::practice::{
    Behaviour, Block, BlockStage, Delivery, EhloSupport, ErrorLimit, HeloMatch, LOCAL_DOMAIN,
    PracticeServer, RelayPolicy, SenderMatch, Temporary, Tls, Wording, demo_fleet,
};
use mxaudit::probe::Profile;
use mxaudit::smtp::{Phase, ReplyFault};
use mxaudit::target::Target;
use mxaudit::target::scope::Scope;
use mxaudit::verdict::{NotRun, Outcome, ProbeVerdict, RelayVerdict, Undecided, Verdict, judge};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// All codes of the quick profile that can be told apart with these identities.
const ALL: [&str; 11] =
    ["S01", "S04", "S06", "S10", "H01", "R01", "R03", "R06", "R11", "R15", "R19"];

fn reasons(verdict: &RelayVerdict) -> Vec<&str> {
    verdict.reasons.iter().map(|reason| reason.code).collect()
}

fn outcome(verdict: &RelayVerdict, code: &str) -> Outcome {
    let probe = verdict.probes.iter().find(|probe| probe.code == code);
    probe.unwrap_or_else(|| panic!("{code} is in the plan")).verdict.outcome
}

async fn verdict_of(behaviour: Behaviour) -> RelayVerdict {
    audited(behaviour, settings()).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_is_judged_as_expected_and_for_the_right_reason() {
    let by_forms: [(&str, &[&str]); 9] = [
        ("mx-closed", &[]),
        ("mx-open", &ALL),
        ("mx-local-sender", &["S06", "S10"]),
        ("mx-own-helo", &["H01"]),
        ("mx-percent", &["R01", "R03"]),
        ("mx-greylist", &[]),
        ("mx-hangup", &[]),
        ("mx-data", &ALL),
        ("mx-blocked", &[]),
    ];
    let runs = demo_fleet().into_iter().zip(by_forms).map(|(server, (name, forms))| async move {
        assert!(server.behaviour.name.starts_with(name), "{name}");
        let (evidence, verdict, _server) = audited(server.behaviour, settings()).await;
        let got = (verdict.verdict.as_str(), verdict.proof.as_str());
        let want = (server.expect.verdict, server.expect.proof);
        assert_eq!(got, want, "{name}\n{}", dialogue(&evidence));
        assert_eq!(accepted(&verdict), forms, "{name}\n{}", dialogue(&evidence));
    });
    futures::future::join_all(runs).await;
}

/// Relay refusals in the words of other servers, and the same servers wide open.
#[tokio::test(flavor = "multi_thread")]
async fn closed_in_any_wording_and_open_behind_it() {
    let wordings = [
        Wording::PostfixStock,
        Wording::PostfixReject,
        Wording::Exim,
        Wording::Sendmail,
        Wording::OpenSmtpd,
        Wording::Courier,
        Wording::Qmail,
        Wording::Exchange,
        // No wording at all: the difference to the server's own users decides.
        Wording::Custom("550 Nein danke".into()),
    ];
    let runs = wordings.into_iter().map(|wording| async move {
        let closed = Behaviour { wording: wording.clone(), ..Behaviour::closed() };
        let open = Behaviour { relay: RelayPolicy::Open, ..closed.clone() };
        let (evidence, verdict, _server) = audited(closed, settings()).await;
        assert_eq!(verdict.verdict, Verdict::Closed, "{wording:?}\n{}", dialogue(&evidence));
        assert_eq!(verdict_of(open).await.verdict, Verdict::Open, "{wording:?}");
    });
    futures::future::join_all(runs).await;
}

/// However the bytes of a closed server arrive, it is closed.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_in_any_pieces_give_the_same_verdict() {
    let long_ehlo = (0..200).map(|number| format!("X-KEYWORD-{number}")).collect();
    let closed = Behaviour::closed;
    let servers = [
        Behaviour { delivery: Delivery::TwoSegments, ..closed() },
        Behaviour { delivery: Delivery::ByteByByte, ..closed() },
        Behaviour { delivery: Delivery::BareLf, ..closed() },
        Behaviour { name: "mx530.practice.test".into(), ..closed() },
        Behaviour { name: "relay-blocked-530.practice.test".into(), ..closed() },
        Behaviour { banner: Some(b"220 ESMTP".to_vec()), ..closed() },
        Behaviour { extensions: long_ehlo, ..closed() },
        Behaviour { extensions: Vec::new(), ..closed() },
        Behaviour { ehlo: EhloSupport::Refused("502 5.5.2 what".into()), ..closed() },
        Behaviour::exim(),
    ];
    let runs = servers.into_iter().map(|behaviour| async move {
        let shown = format!("{:?} {}", behaviour.delivery, behaviour.name);
        let open = Behaviour { relay: RelayPolicy::Open, ..behaviour.clone() };
        let (evidence, verdict, server) = audited(behaviour, settings()).await;
        assert_eq!(verdict.verdict, Verdict::Closed, "{shown}\n{}", dialogue(&evidence));
        assert_eq!(server.counters().concurrent_peak, 1, "{shown}");
        assert_eq!(verdict_of(open).await.verdict, Verdict::Open, "{shown}");
    });
    futures::future::join_all(runs).await;
}

/// The word ESMTP is no host name: forms that need one take it from EHLO.
#[tokio::test]
async fn the_servers_name_is_never_the_word_esmtp() {
    let behaviour = Behaviour { banner: Some(b"220 ESMTP".to_vec()), ..Behaviour::closed() };
    let name = behaviour.name.clone();
    let (evidence, _, server) = audited(behaviour, settings()).await;
    assert_eq!(evidence.server_names, [name]);
    let seen = server.envelopes();
    assert!(seen.iter().all(|e| e.helo != b"ESMTP"));
}

/// What breaks the protocol is named, within the deadline, and is never a pass.
#[tokio::test(flavor = "multi_thread")]
async fn peer_faults_are_named_and_end_in_time() {
    let cases: [(Delivery, Verdict, &str); 7] = [
        (Delivery::Drip(Duration::from_millis(50)), Verdict::Inconclusive, "timeout"),
        (Delivery::LongLine(1 << 20), Verdict::Inconclusive, "peer-fault"),
        (Delivery::MismatchedCodes, Verdict::Inconclusive, "peer-fault"),
        (
            Delivery::ExtraReply { after: 3, reply: "250 again".into() },
            Verdict::Inconclusive,
            "peer-fault",
        ),
        (Delivery::Garbage, Verdict::Unreachable, "not-smtp"),
        (Delivery::ResetAfter(0), Verdict::Inconclusive, "connection-lost"),
        (Delivery::CloseAfter(1), Verdict::Inconclusive, "no-progress"),
    ];
    let runs = cases.into_iter().map(|(delivery, want, reason)| async move {
        let behaviour = Behaviour { delivery: delivery.clone(), ..Behaviour::closed() };
        let mut settings = settings();
        settings.deadlines.greeting = Duration::from_secs(1);
        settings.deadlines.reply = Duration::from_secs(1);
        let start = Instant::now();
        let (evidence, verdict, _server) = audited(behaviour, settings).await;
        assert_eq!(verdict.verdict, want, "{delivery:?}\n{}", dialogue(&evidence));
        assert!(reasons(&verdict).contains(&reason), "{delivery:?}: {:?}", reasons(&verdict));
        assert!(accepted(&verdict).is_empty());
        assert!(start.elapsed() < Duration::from_secs(30), "{delivery:?}");
    });
    futures::future::join_all(runs).await;
}

/// The budget of the design, counted by the server itself.
#[tokio::test(flavor = "multi_thread")]
async fn no_server_is_annoyed() {
    let local = RelayPolicy::LocalSender;
    let servers = [
        Behaviour::closed(),
        Behaviour::exim(),
        Behaviour { extensions: Vec::new(), ..Behaviour::closed() },
        Behaviour { relay: local, ..Behaviour::exim() },
        Behaviour { wording: Wording::Custom("550 no".into()), ..Behaviour::closed() },
    ];
    for behaviour in servers {
        let (evidence, verdict, server) = audited(behaviour, settings()).await;
        let seen = server.counters();
        let shown = dialogue(&evidence);
        assert_ne!(verdict.verdict, Verdict::Inconclusive, "{shown}");
        assert!(seen.most_refused_recipients <= 9, "{seen:?}\n{shown}");
        assert!(seen.most_syntax_errors <= 3, "{seen:?}\n{shown}");
        assert!(seen.most_resets <= 5, "{seen:?}\n{shown}");
        assert!(seen.most_ehlos <= 2, "{seen:?}\n{shown}");
        assert_eq!(seen.concurrent_peak, 1);
        assert_eq!(seen.quits, seen.connections, "QUIT always\n{shown}");
        assert_eq!(seen.data, 0, "DATA never");
        assert!(seen.connections <= 6, "{seen:?}\n{shown}");
    }
}

/// A tolerant closed server is done in two connections.
#[tokio::test]
async fn few_connections_where_few_are_needed() {
    let (evidence, _, server) = audited(Behaviour::closed(), settings()).await;
    assert_eq!(server.counters().connections, 2, "{}", dialogue(&evidence));
}

/// Low limits are met, learned, and stayed below.
#[tokio::test(flavor = "multi_thread")]
async fn low_error_limits_change_no_verdict() {
    for limit in [1, 2, 3, 5] {
        for limit in [ErrorLimit::Reply421AfterErrors(limit), ErrorLimit::HangUpAfterErrors(limit)]
        {
            let limit = Some(limit);
            let closed = Behaviour { error_limit: limit, ..Behaviour::closed() };
            let local_sender = Behaviour { relay: RelayPolicy::LocalSender, ..closed.clone() };
            let (evidence, verdict, server) = audited(closed, settings()).await;
            assert_eq!(verdict.verdict, Verdict::Closed, "{limit:?}\n{}", dialogue(&evidence));
            let most = evidence.forms.len() + 10;
            assert!(server.counters().connections <= most as u64);
            let (evidence, verdict, _server) = audited(local_sender, settings()).await;
            assert_eq!(accepted(&verdict), ["S06", "S10"], "{limit:?}\n{}", dialogue(&evidence));
        }
    }
}

/// Greylisting is waited out once, with the same envelopes; what is behind it is judged.
#[tokio::test(flavor = "multi_thread")]
async fn greylisting_hides_nothing() {
    let reply = "451 4.7.1 Greylisted, try again later".to_owned();
    let grey = |n| Some(Temporary::FirstTries { n, reply: reply.clone() });
    let cases = [
        (RelayPolicy::Closed, 1, Verdict::Closed),
        (RelayPolicy::Open, 1, Verdict::Open),
        (RelayPolicy::HeloIsOwnName, 1, Verdict::Open),
        (RelayPolicy::Closed, 9, Verdict::Inconclusive),
        (RelayPolicy::Open, 9, Verdict::Inconclusive),
    ];
    for (relay, tries, want) in cases {
        let behaviour =
            Behaviour { relay: relay.clone(), temporary: grey(tries), ..Behaviour::closed() };
        let (evidence, verdict, _server) = audited(behaviour, settings()).await;
        assert_eq!(verdict.verdict, want, "{relay:?} {tries}\n{}", dialogue(&evidence));
    }
    let time = Duration::from_millis(300);
    let long = Some(Temporary::For { time, reply: reply.clone() });
    let long = Behaviour { temporary: long, ..Behaviour::closed() };
    let patient = Settings { greylist_wait: time, ..settings() };
    assert_eq!(audited(long, patient).await.1.verdict, Verdict::Closed);
    let ever = Behaviour { temporary: grey(9), ..Behaviour::closed() };
    assert_eq!(reasons(&verdict_of(ever).await), ["deferred"]);
}

/// Cut short in its midst, a profile is named all the same.
#[tokio::test]
async fn who_is_cut_short_was_under_a_profile() {
    let reply = "451 4.7.1 Greylisted".to_owned();
    let temporary = Some(Temporary::FirstTries { n: 99, reply });
    let behaviour = Behaviour { temporary, ..Behaviour::closed() };
    let greylist_wait = Duration::from_secs(600);
    let host_deadline = Duration::from_secs(2);
    for (deeper, want) in [(Some(Profile::Standard), Some(Profile::Quick)), (None, None)] {
        let settings = Settings { deeper, greylist_wait, host_deadline, ..settings() };
        let (evidence, _, _server) = audited(behaviour.clone(), settings).await;
        assert_eq!(evidence.stopped, Some(Stop::Deadline), "{}", dialogue(&evidence));
        assert_eq!(evidence.profile, want);
    }
}

/// What a greylist put off to the end under the first profile is not waited for under the deeper one.
#[tokio::test]
async fn each_form_is_waited_for_once() {
    let reply = "451 4.7.1 Greylisted".to_owned();
    let temporary = Some(Temporary::FirstTries { n: 99, reply });
    let behaviour = Behaviour { temporary, ..Behaviour::closed() };
    let deeper = Some(Profile::Standard);
    let greylist_wait = Duration::from_millis(100);
    let (evidence, verdict, _server) =
        audited(behaviour, Settings { deeper, greylist_wait, ..settings() }).await;
    let shown = dialogue(&evidence);
    assert_eq!(reasons(&verdict), ["deferred"], "{shown}");
    assert_eq!(evidence.profile, deeper);
    for index in 0..evidence.forms.len() {
        let again = |a: &&Attempt| a.form == index && a.pass == Pass::Retry;
        let times = evidence.attempts.iter().filter(again).count();
        assert!(times <= 2, "{times}: {:?}\n{shown}", evidence.forms[index]);
    }
}

/// A block is not a pass, at whatever stage it stands, and postmaster's exemption changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_not_a_pass() {
    let words = [
        "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using bl.practice.test",
        // Nothing in these words says that it is us who are refused.
        "550 5.7.1 Nein danke",
        "550 5.7.1 Access denied",
    ];
    for reply in words {
        for stage in [BlockStage::Greeting, BlockStage::Mail, BlockStage::Rcpt] {
            for exempt_postmaster in [false, true] {
                let block = Block { stage, reply: reply.to_owned(), exempt_postmaster };
                for relay in [RelayPolicy::Closed, RelayPolicy::Open] {
                    let behaviour = Behaviour {
                        relay,
                        block_client: Some(block.clone()),
                        ..Behaviour::closed()
                    };
                    let (evidence, verdict, _server) = audited(behaviour, settings()).await;
                    let shown = dialogue(&evidence);
                    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{block:?}\n{shown}");
                }
            }
        }
    }
}

/// A server that forges no trust in its own name refuses it, and is closed all the same.
#[tokio::test]
async fn a_refused_greeting_name_is_a_refusal_of_that_form() {
    let refuse = Some((HeloMatch::OwnName, "550 5.7.1 you are not me".to_owned()));
    let behaviour = Behaviour { refuse_helo: refuse, ..Behaviour::closed() };
    let (evidence, verdict, _server) = audited(behaviour, settings()).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    assert_eq!(outcome(&verdict, "H01").reason(), Some("helo"));
    // Refused under every name, it says nothing.
    let refuse = Some((HeloMatch::Any, "550 5.7.1 I do not know you".to_owned()));
    let verdict = verdict_of(Behaviour { refuse_helo: refuse, ..Behaviour::closed() }).await;
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
    assert_eq!(reasons(&verdict), ["helo-refused"]);
}

/// Where the foreign sender is refused, the null sender asks in its place.
#[tokio::test]
async fn the_null_sender_stands_in() {
    let refuse = Some((SenderMatch::Foreign, "553 5.1.8 sender domain not found".to_owned()));
    let closed = Behaviour { refuse_sender: refuse.clone(), ..Behaviour::closed() };
    let (evidence, verdict, _server) = audited(closed.clone(), settings()).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    assert_eq!(outcome(&verdict, "S01").reason(), Some("sender"));
    let percent = Behaviour { relay: RelayPolicy::PercentHack, ..closed.clone() };
    assert_eq!(accepted(&verdict_of(percent).await), ["R01", "R03"]);
    let helo = Behaviour { relay: RelayPolicy::HeloIsOwnName, ..closed };
    assert_eq!(accepted(&verdict_of(helo).await), ["H01"]);
    // With every sender refused nothing is known.
    let refuse = Some((SenderMatch::Any, "550 5.1.0 no".to_owned()));
    let verdict = verdict_of(Behaviour { refuse_sender: refuse, ..Behaviour::closed() }).await;
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
    assert_eq!(reasons(&verdict), ["sender-refused"]);
}

/// A catch-all takes every local form: that proves nothing, neither way.
#[tokio::test]
async fn a_catch_all_proves_nothing_for_local_forms() {
    let catch_all =
        Behaviour { catch_all: true, relay: RelayPolicy::PercentHack, ..Behaviour::closed() };
    let (evidence, verdict, _server) = audited(catch_all, settings()).await;
    assert_eq!(outcome(&verdict, "R01"), Outcome::Inconclusive(Undecided::LocalControl));
    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{}", dialogue(&evidence));
}

#[tokio::test]
async fn what_says_yes_to_everything_is_a_sink() {
    let verdict = verdict_of(Behaviour { accept_everything: true, ..Behaviour::closed() }).await;
    assert_eq!(
        (verdict.verdict, reasons(&verdict)),
        (Verdict::Inconclusive, vec!["scripted-sink"])
    );
}

/// From inside every server relays by design.
#[tokio::test]
async fn from_inside_nothing_is_known() {
    for relay in [RelayPolicy::Open, RelayPolicy::Closed] {
        let behaviour = Behaviour { relay, ..Behaviour::closed() };
        let inside = Settings { outside_asserted: false, ..settings() };
        let (_, verdict, _server) = audited(behaviour, inside).await;
        assert_eq!(verdict.verdict, Verdict::Inconclusive);
        assert_eq!(reasons(&verdict)[0], "vantage-inside");
    }
}

/// Without any identity only the null sender and local ones are used, to a reserved domain.
#[tokio::test]
async fn a_first_try_without_configuration() {
    let mut bare = settings();
    bare.identity.auditor_domain = None;
    bare.identity.canary = (String::new(), "example.com".into());
    bare.identity.helo = None;
    bare.identity.local_domains.clear();
    let (evidence, verdict, server) = audited(Behaviour::closed(), bare).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
    let not_run: Vec<_> = verdict
        .probes
        .iter()
        .filter(|probe| matches!(probe.verdict.outcome, Outcome::NotRun(_)))
        .map(|probe| (probe.code.as_str(), probe.verdict.outcome.reason().unwrap_or_default()))
        .collect();
    let want = [
        ("S01", "no-auditor-domain"),
        ("S02", "no-auditor-domain"),
        ("S10", "no-local-domain"),
        ("R03", "no-local-domain"),
        ("C05", "not-offered"),
    ];
    assert_eq!(not_run, want);
    assert!(verdict.coverage.percent() < 100);
    for envelope in server.envelopes() {
        let sender = String::from_utf8_lossy(&envelope.reverse_path).into_owned();
        assert!(sender.is_empty() || sender.ends_with(LOCAL_DOMAIN), "{sender}");
        let helo = String::from_utf8_lossy(&envelope.helo).into_owned();
        assert!(helo == "[127.0.0.1]" || helo.ends_with(LOCAL_DOMAIN), "{helo}");
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let evidence = audit_address(address, settings()).await;
    let verdict = judge(&evidence);
    assert_eq!(verdict.verdict, Verdict::Unreachable);
    assert_eq!(reasons(&verdict), ["connection-refused"]);
    assert_eq!(evidence.dial_failures[0].kind, DialFault::Refused);
}

/// The host's own deadline ends its course; what was seen is kept and never called closed.
#[tokio::test]
async fn a_host_that_takes_too_long_is_not_closed() {
    let short = Settings {
        host_deadline: Duration::from_millis(300),
        retry_wait: Duration::from_secs(30),
        ..settings()
    };
    let grey = Temporary::Always { reply: "451 4.7.1 Greylisted".into() };
    let behaviour = Behaviour { temporary: Some(grey), ..Behaviour::closed() };
    let (evidence, verdict, _server) = audited(behaviour, short).await;
    assert_eq!(evidence.stopped, Some(Stop::Deadline));
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
    assert!(!evidence.transcripts.is_empty());
}

/// IPv6 is spoken like IPv4, with its own form of literal.
#[tokio::test]
async fn ipv6_loopback() {
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let behaviour = Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() };
    let server = PracticeServer::start(behaviour, address).await.unwrap();
    let mut settings = settings();
    settings.identity.helo = None;
    let evidence = audit_address(server.address(), settings).await;
    assert_eq!(accepted(&judge(&evidence)), ["S06", "S10"], "{}", dialogue(&evidence));
    assert!(server.envelopes().iter().any(|seen| seen.helo == b"[IPv6:::1]"));
}

/// An address that was never admitted is not dialled, whatever says so.
#[tokio::test]
async fn the_dialer_refuses_what_is_not_in_scope() {
    let json = r#"{"name":null,"address":"192.0.2.1","port":25,"role":"mx","mail_domain":null,"via":{"kind":"address"}}"#;
    let forged: Target = serde_json::from_str(json).unwrap();
    let dialer = TcpDialer::new(Scope::loopback_only().admitted(), None, Duration::from_secs(1));
    let failure = dialer.dial(&forged).await.err().expect("no connection");
    assert_eq!(failure.kind, DialFault::OutOfScope);
}

/// Several hosts at once, each with its own evidence, in the order of the targets.
#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_audited_side_by_side() {
    let slow = Behaviour { delivery: Delivery::ByteByByte, ..Behaviour::closed() };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let servers = [
        PracticeServer::start(slow, any).await.unwrap(),
        PracticeServer::start(Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() }, any)
            .await
            .unwrap(),
        PracticeServer::start(Behaviour::closed(), any).await.unwrap(),
    ];
    let targets: Vec<_> = servers.iter().map(|server| target(server.address())).collect();
    let dialer = TcpDialer::new(Scope::loopback_only().admitted(), None, Duration::from_secs(2));
    let all =
        audit(targets, Arc::new(settings()), Arc::new(dialer), Interrupt::default(), |_| {}).await;
    let ports: Vec<_> = all.iter().map(|evidence| evidence.target.port()).collect();
    assert_eq!(ports, servers.each_ref().map(|server| server.address().port()));
    let verdicts: Vec<_> = all.iter().map(|evidence| judge(evidence).verdict).collect();
    assert_eq!(verdicts, [Verdict::Closed, Verdict::Open, Verdict::Closed]);
}

/// A server that is busy at first tells its name later, and the forms that need it are asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_first_greeting_loses_no_form() {
    for busy in [1, 2] {
        let evidence = busy_at_first(busy, Behaviour::closed(), settings()).await;
        let verdict = judge(&evidence);
        assert_eq!(accepted(&verdict), ["H01"], "{busy}\n{}", dialogue(&evidence));
        let lacking = |probe: &ProbeVerdict| {
            matches!(probe.verdict.outcome, Outcome::NotRun(NotRun::Lacking(Lacking::TargetName)))
        };
        assert!(!verdict.probes.iter().any(lacking), "{busy}: {:?}", verdict.probes);
    }
}

/// One that stays busy is left alone soon: two tries, and one more after the wait for a retry.
#[tokio::test]
async fn who_stays_busy_is_tried_three_times() {
    let standard = Settings { profile: Profile::Standard, ..settings() };
    let evidence = busy_at_first(100, Behaviour::closed(), standard).await;
    assert_eq!(evidence.transcripts.len(), 3, "{}", dialogue(&evidence));
    assert_eq!(judge(&evidence).verdict, Verdict::Inconclusive);
}

/// Audits a server that trusts its own name, and that answers the first connections with 421.
async fn busy_at_first(busy: usize, behaviour: Behaviour, settings: Settings) -> Evidence {
    let behaviour = Behaviour { relay: RelayPolicy::HeloIsOwnName, ..behaviour };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = PracticeServer::start(behaviour, any).await.unwrap();
    let front = tokio::net::TcpListener::bind(any).await.unwrap();
    let (address, behind) = (front.local_addr().unwrap(), server.address());
    tokio::spawn(async move {
        for _ in 0..busy {
            let (mut first, _) = front.accept().await.unwrap();
            first.write_all(b"421 4.3.2 busy\r\n").await.unwrap();
        }
        while let Ok((mut client, _)) = front.accept().await {
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    audit_address(address, settings).await
}

/// Nor does it lose what needs an extension that nobody had listed by the time of the plan.
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_first_greeting_loses_no_extension() {
    let tls = Tls::starttls(lab::self_signed("mx.practice.test"));
    let behaviour = Behaviour { tls: Some(tls), ..Behaviour::closed() };
    let standard = Settings { profile: Profile::Standard, ..settings() };
    let evidence = busy_at_first(2, behaviour, standard).await;
    let verdict = judge(&evidence);
    let asked = verdict.probes.iter().find(|probe| probe.code == "C04").unwrap();
    assert!(asked.verdict.outcome.is_no(), "{:?}\n{}", asked.verdict, dialogue(&evidence));
}

/// What is to be asked behind an accepted recipient is not judged where none was accepted.
#[tokio::test]
async fn a_refused_first_recipient_decides_nothing() {
    let mut thorough = settings();
    thorough.profile = Profile::Thorough;
    let refuse = Some("550 5.1.1 no postmaster here".to_owned());
    let behaviour = Behaviour {
        relay: RelayPolicy::SecondRecipient,
        refuse_postmaster: refuse,
        ..Behaviour::closed()
    };
    let (evidence, verdict, _server) = audited(behaviour, thorough).await;
    assert_eq!(outcome(&verdict, "R39"), Outcome::Inconclusive(Undecided::NoLocalUser));
    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{}", dialogue(&evidence));
}

/// A reply too many behind a group makes every answer of the group doubtful.
#[tokio::test]
async fn a_stray_reply_behind_a_group_is_no_verdict() {
    let (mut evidence, verdict, _server) = audited(Behaviour::closed(), settings()).await;
    assert_eq!(verdict.verdict, Verdict::Closed);
    let of_form = |exchange: &Exchange| {
        exchange.pipelined && exchange.sent.as_bytes().starts_with(b"RCPT TO:<@")
    };
    let mut transcripts = evidence.transcripts.iter_mut();
    let transcript = transcripts.find(|transcript| transcript.exchanges.iter().any(of_form));
    let exchanges = &mut transcript.expect("a group with a form").exchanges;
    let at = exchanges.iter().position(of_form).unwrap();
    let behind = at + exchanges[at..].iter().take_while(|exchange| exchange.pipelined).count();
    let mut stray = exchanges[behind - 1].clone();
    stray.phase = Phase::Unsolicited;
    let line = "554 5.7.1 Relay access denied".into();
    stray.answer = Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line }));
    exchanges.truncate(behind);
    exchanges.push(stray);
    let verdict = judge(&evidence);
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
    assert!(reasons(&verdict).contains(&"peer-fault"), "{:?}", reasons(&verdict));
}

/// A server whose every reply is as long as one may be is left before it fills our memory.
#[tokio::test]
async fn a_flood_of_words_ends_the_audit() {
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talks_without_end(stream));
        }
    });
    let host_deadline = Duration::from_secs(600);
    let wordy = Settings { profile: Profile::Standard, host_deadline, ..settings() };
    let evidence = audit_address(address, wordy).await;
    let said: Vec<_> = evidence.transcripts.iter().map(Transcript::size).collect();
    assert_eq!(evidence.stopped, Some(Stop::TooMuchSaid), "{said:?}");
    assert_eq!(judge(&evidence).verdict, Verdict::Inconclusive);
    assert!(said.iter().sum::<usize>() < 5 << 20, "{said:?}");
}

async fn talks_without_end(stream: tokio::net::TcpStream) -> Option<()> {
    let (read, mut write) = stream.into_split();
    write.write_all(b"220 mx.practice.test ESMTP\r\n").await.ok()?;
    let mut lines = BufReader::new(read).lines();
    let words = |code| format!("{code}-{}\r\n", "talk and more ".repeat(70)).repeat(60);
    while let Ok(Some(line)) = lines.next_line().await {
        let reply = match line.split([' ', ':']).next()? {
            "RCPT" => words(550) + "550 5.7.1 relaying denied\r\n",
            "QUIT" => "221 2.0.0 Bye\r\n".to_owned(),
            _ => words(250) + "250 mx.practice.test\r\n",
        };
        write.write_all(reply.as_bytes()).await.ok()?;
    }
    None
}

/// The ports of one address take turns.
#[tokio::test(flavor = "multi_thread")]
async fn one_connection_at_a_time_to_an_address() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let slow = || Behaviour { delivery: Delivery::ByteByByte, ..Behaviour::closed() };
    let first = PracticeServer::start(slow(), any).await.unwrap();
    let second = PracticeServer::start(slow(), any).await.unwrap();
    let targets = vec![target(first.address()), target(second.address())];
    let dialer = TcpDialer::new(Scope::loopback_only().admitted(), None, Duration::from_secs(2));
    let noting = Arc::new(Noting { inner: dialer, ports: Mutex::default() });
    let dialer = Arc::clone(&noting) as Arc<dyn Dialer>;
    audit(targets, Arc::new(settings()), dialer, Interrupt::default(), |_| {}).await;
    let mut turns = noting.ports.lock().unwrap().clone();
    assert!(turns.len() >= 4, "each host took several connections");
    turns.dedup();
    assert_eq!(turns.len(), 2, "the second host begins when the first has ended: {turns:?}");
}

/// Notes the ports in the order of dialling.
struct Noting {
    inner: TcpDialer,
    ports: Mutex<Vec<u16>>,
}

impl Dialer for Noting {
    fn dial<'a>(
        &'a self,
        target: &'a Target,
    ) -> futures::future::BoxFuture<'a, Result<mxaudit::net::Connection, DialFailure>> {
        self.ports.lock().unwrap().push(target.port());
        self.inner.dial(target)
    }
}

/// No form is asked behind a recipient of the server's own, in the pass with the null sender neither:
/// a server that decides once for all recipients would say yes to it.
#[tokio::test]
async fn no_form_stands_behind_a_control() {
    let behaviour = Behaviour {
        relay: RelayPolicy::SecondRecipient,
        catch_all: true,
        refuse_sender: Some((SenderMatch::Foreign, "553 5.1.8 sender domain not found".into())),
        ..Behaviour::closed()
    };
    let (evidence, verdict, _server) = audited(behaviour, settings()).await;
    assert_eq!(accepted(&verdict), [""; 0], "{}", dialogue(&evidence));
}
