//! Few connections and few round trips, as the server counts them, and nothing lost by it.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::net::SocketAddr;

use lab::{accepted, audit_address, audited, dialogue, settings};
use mxaudit::engine::{Budget, Settings};
use mxaudit::evidence::{Answer, Evidence, Loss, Transcript};
use mxaudit::practice::{Behaviour, Delivery, RelayPolicy, SenderMatch, Temporary, Wording};
use mxaudit::probe::Profile;
use mxaudit::smtp::{Phase, Reply};
use mxaudit::verdict::{Verdict, judge};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

fn of(profile: Profile) -> Settings {
    Settings { profile, ..settings() }
}

fn round_trips(evidence: &Evidence) -> usize {
    evidence.transcripts.iter().map(Transcript::round_trips).sum()
}

/// A closed server that takes groups: the fewest connections, and the round trips that the server
/// itself counts, which are one for each connection and one for each time that it answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_server_takes_few_connections_and_round_trips() {
    let mut by_name = settings();
    by_name.identity.local_user = "user".into();
    let refuse_in = |wording| Behaviour { wording, ..Behaviour::closed() };
    let cases = [
        (Profile::Quick, settings(), Behaviour::closed(), (2, 17)),
        (Profile::Quick, by_name.clone(), Behaviour::closed(), (2, 18)),
        (Profile::Quick, settings(), refuse_in(Wording::PostfixReject), (2, 17)),
        (Profile::Standard, settings(), Behaviour::closed(), (11, 56)),
        (Profile::Standard, by_name, Behaviour::closed(), (11, 61)),
        (Profile::Standard, settings(), refuse_in(Wording::Sendmail), (11, 56)),
    ];
    for (profile, settings, behaviour, (connections, trips)) in cases {
        let (evidence, verdict, server) =
            audited(behaviour, Settings { profile, ..settings }).await;
        let (seen, shown) = (server.counters(), dialogue(&evidence));
        assert_eq!(verdict.verdict, Verdict::Closed, "{profile:?}\n{shown}");
        let counted = seen.connections + seen.answers;
        assert_eq!((seen.connections, counted), (connections, trips), "{profile:?}\n{shown}");
        assert_eq!(round_trips(&evidence) as u64, counted, "{profile:?}\n{shown}");
        assert_eq!(seen.quits, seen.connections, "{profile:?}\n{shown}");
        assert!(evidence.took.is_some() && evidence.transcripts.iter().all(|t| t.took.is_some()));
    }
}

/// Without PIPELINING every command waits for the answer before it.
#[tokio::test]
async fn without_pipelining_nothing_is_grouped() {
    let alone = Behaviour { extensions: Vec::new(), ..Behaviour::closed() };
    let (evidence, verdict, server) = audited(alone, of(Profile::Standard)).await;
    let seen = server.counters();
    assert_eq!(verdict.verdict, Verdict::Closed);
    assert_eq!(seen.answers, seen.connections + seen.commands, "{}", dialogue(&evidence));
    assert_eq!(seen.connections, 11);
}

/// How many replies the longest connection to a server gets, and what it accepts, where nothing is
/// out of place.
async fn undisturbed(behaviour: Behaviour) -> (u32, Vec<String>) {
    let (evidence, verdict, _server) = audited(behaviour, of(Profile::Quick)).await;
    let longest = evidence.transcripts.iter().map(|t| t.exchanges.len()).max();
    let accepted = accepted(&verdict).into_iter().map(str::to_owned).collect();
    (u32::try_from(longest.unwrap()).unwrap(), accepted)
}

/// Audits a server with one reply too many on every connection, wherever it stands.
async fn disturbed(
    behaviour: &Behaviour,
    deliveries: impl Iterator<Item = Delivery>,
) -> Vec<Heard> {
    let runs = deliveries.map(|delivery| async move {
        let behaviour = Behaviour { delivery: delivery.clone(), ..behaviour.clone() };
        let (evidence, verdict, _server) = audited(behaviour, of(Profile::Quick)).await;
        let accepted = accepted(&verdict).into_iter().map(str::to_owned).collect();
        let shown = format!("{delivery:?}\n{}", dialogue(&evidence));
        Heard { delivery, verdict: verdict.verdict, accepted, shown }
    });
    futures::future::join_all(runs).await
}

/// What was made of a server.
struct Heard {
    delivery: Delivery,
    verdict: Verdict,
    accepted: Vec<String>,
    shown: String,
}

/// Wherever a reply too many stands, at once or late, be it in the last group before QUIT, no
/// acceptance is made of it, and the host is not called closed by answers that may belong to other
/// commands. Behind the goodbye it is nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_too_many_decides_nothing() {
    let grouped = Behaviour::closed();
    let alone = Behaviour { extensions: Vec::new(), ..Behaviour::closed() };
    for behaviour in [grouped, alone] {
        let (longest, accepted) = undisturbed(behaviour.clone()).await;
        assert_eq!(accepted, [""; 0]);
        let deliveries = (1..=longest + 1).flat_map(|after| {
            let reply = || "250 2.1.5 Ok".to_owned();
            let at_once = Delivery::ExtraReply { after, reply: reply() };
            [at_once, Delivery::LateReply { after, reply: reply() }]
        });
        for heard in disturbed(&behaviour, deliveries).await {
            let after = match heard.delivery {
                Delivery::ExtraReply { after, .. } | Delivery::LateReply { after, .. } => after,
                _ => 0,
            };
            let struck = after < longest;
            let want = if struck { Verdict::Inconclusive } else { Verdict::Closed };
            assert_eq!(heard.verdict, want, "{}", heard.shown);
            assert_eq!(heard.accepted, [""; 0], "{}", heard.shown);
        }
    }
}

/// A server that relays by one form only is never called closed, and nothing else is held against
/// it, whatever stands between its answers.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_taken_for_anothers() {
    for extensions in [vec!["PIPELINING".to_owned()], Vec::new()] {
        let relay = RelayPolicy::PercentHack;
        let behaviour = Behaviour { relay, extensions, ..Behaviour::closed() };
        let (longest, truth) = undisturbed(behaviour.clone()).await;
        assert!(!truth.is_empty());
        let deliveries = (1..=longest + 1).flat_map(|after| {
            let no = || "550 5.7.1 Relaying denied".to_owned();
            let at_once = Delivery::ExtraReply { after, reply: no() };
            [at_once, Delivery::LateReply { after, reply: no() }]
        });
        for heard in disturbed(&behaviour, deliveries).await {
            assert_ne!(heard.verdict, Verdict::Closed, "{}", heard.shown);
            assert!(heard.accepted.iter().all(|code| truth.contains(code)), "{}", heard.shown);
        }
    }
}

/// Where a reply is missing in a group, those behind it come too early, and the goodbye answers what
/// came before QUIT. None of them is an answer to its command, so that all are asked for again, one
/// at a time: the server is found as it is, be it closed or open by one form.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_reply_changes_no_verdict() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    for (percent, want) in [(false, Verdict::Closed), (true, Verdict::Open)] {
        let mut heard = Vec::new();
        for omits in [false, true] {
            let listener = TcpListener::bind(any).await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(leaves_out_a_reply(stream, percent, omits));
                }
            });
            let mut settings = of(Profile::Standard);
            settings.deadlines.reply = std::time::Duration::from_secs(1);
            let evidence = audit_address(address, settings).await;
            let (verdict, shown) = (judge(&evidence), dialogue(&evidence));
            assert_eq!(verdict.verdict, want, "{percent} {omits}\n{shown}");
            heard.push(accepted(&verdict).join(" "));
            let exchanges = || evidence.transcripts.iter().flat_map(|t| &t.exchanges);
            let early = exchanges().any(|exchange| {
                let goodbye = exchange.answer.reply().is_some_and(Reply::is_goodbye);
                let lost = matches!(exchange.answer, Answer::Lost(Loss::Timeout { .. }));
                exchange.phase == Phase::Rcpt && (goodbye || lost)
            });
            assert_eq!(early, omits, "{percent}\n{shown}");
        }
        assert_eq!(heard[0], heard[1], "{percent}");
    }
}

/// A server that relays by the percent hack, or not at all. Of each burst of commands it leaves the
/// answer to one recipient out: to the one that it takes, or to the first of a burst with QUIT.
async fn leaves_out_a_reply(mut stream: TcpStream, percent: bool, omits: bool) -> Option<()> {
    stream.write_all(b"220 mx.practice.test ESMTP\r\n").await.ok()?;
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let burst = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let lines: Vec<_> = burst.lines().collect();
        let mut to_omit = omits && lines.len() > 1;
        for line in &lines {
            let is_rcpt = line.starts_with("RCPT");
            let takes = percent && line.contains('%');
            if is_rcpt && to_omit && (takes || !percent && burst.contains("QUIT")) {
                to_omit = false;
                continue;
            }
            let reply = match line.split([' ', ':']).next()? {
                "EHLO" => "250-mx.practice.test\r\n250 PIPELINING",
                "RCPT" if takes || line.ends_with("<postmaster@practice.test>") => "250 2.1.5 Ok",
                "RCPT" => "550 5.7.1 relaying denied",
                "QUIT" => "221 2.0.0 Bye",
                _ => "250 2.0.0 Ok",
            };
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        }
        if burst.contains("QUIT") {
            break;
        }
    }
    None
}

/// Once a sender was refused, no recipient follows a new one before its answer; those that did
/// answer no form.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sender_costs_little_and_once() {
    let local = "553 5.1.8 not from outside".to_owned();
    for (refused, behind) in
        [(SenderMatch::Foreign, 1), (SenderMatch::Null, 1), (SenderMatch::Local, 1)]
    {
        let behaviour =
            Behaviour { refuse_sender: Some((refused, local.clone())), ..Behaviour::closed() };
        let (evidence, _, server) = audited(behaviour, of(Profile::Standard)).await;
        let (seen, shown) = (server.counters(), dialogue(&evidence));
        assert!(seen.most_syntax_errors <= 3, "{refused:?} {seen:?}\n{shown}");
        assert!(seen.most_refused_recipients <= 9, "{refused:?} {seen:?}\n{shown}");
        let mut refusals = 0;
        let mut unasked = Vec::new();
        for (number, transcript) in evidence.transcripts.iter().enumerate() {
            let mut open = true;
            for (at, exchange) in transcript.exchanges.iter().enumerate() {
                let yes = exchange.answer.reply().is_some_and(|reply| reply.code() == 250);
                match exchange.phase {
                    Phase::Mail => {
                        open = yes;
                        refusals += usize::from(!yes);
                    }
                    Phase::Rcpt if !open => unasked.push((number, at)),
                    _ => {}
                }
            }
        }
        assert!(refusals > 0, "{shown}");
        assert_eq!(unasked.len(), behind, "{refused:?}\n{shown}");
        let answers = |place: &(usize, usize)| {
            evidence.attempts.iter().any(|a| (a.transcript, a.exchange) == *place)
        };
        assert!(!unasked.iter().any(answers), "{refused:?}\n{shown}");
    }
}

/// What a server says of relaying is found behind grouped commands as it is behind single ones.
#[tokio::test(flavor = "multi_thread")]
async fn groups_change_no_verdict() {
    let grey = Temporary::FirstTries { n: 1, reply: "451 4.7.1 Greylisted".into() };
    let policies = [
        RelayPolicy::Closed,
        RelayPolicy::Open,
        RelayPolicy::LocalSender,
        RelayPolicy::SourceRoute,
        RelayPolicy::HeloIsOwnName,
        RelayPolicy::PercentHack,
        RelayPolicy::SecondRecipient,
    ];
    let grey = &grey;
    let runs = policies.into_iter().map(|relay| async move {
        let of = |extensions: &[&str], temporary: Option<Temporary>| Behaviour {
            relay: relay.clone(),
            extensions: extensions.iter().map(|&word| word.to_owned()).collect(),
            temporary,
            ..Behaviour::closed()
        };
        for temporary in [None, Some(grey.clone())] {
            let (_, alone, _one) =
                audited(of(&[], temporary.clone()), self::of(Profile::Standard)).await;
            let (evidence, grouped, _other) =
                audited(of(&["PIPELINING"], temporary), self::of(Profile::Standard)).await;
            let shown = dialogue(&evidence);
            assert_eq!(grouped.verdict, alone.verdict, "{relay:?}\n{shown}");
            assert_eq!(accepted(&grouped), accepted(&alone), "{relay:?}\n{shown}");
        }
    });
    futures::future::join_all(runs).await;
}

/// A server that refuses RSET leaves the transaction open: the recipients behind it in the group are
/// asked from the old sender, and say nothing about the new one.
#[tokio::test]
async fn a_refused_reset_answers_nothing_behind_it() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(never_resets(stream));
        }
    });
    let evidence = audit_address(address, of(Profile::Standard)).await;
    let verdict = judge(&evidence);
    // The server trusts its own host name as a sender, and nobody else.
    assert_eq!(accepted(&verdict), ["S06"], "{}", dialogue(&evidence));
}

async fn never_resets(stream: TcpStream) -> Option<()> {
    let (read, mut write) = stream.into_split();
    write.write_all(b"220 mx.practice.test ESMTP\r\n").await.ok()?;
    let mut lines = BufReader::new(read).lines();
    let mut sender: Option<String> = None;
    while let Ok(Some(line)) = lines.next_line().await {
        let reply = match line.split([' ', ':']).next()? {
            "EHLO" => "250-mx.practice.test\r\n250 PIPELINING",
            "RSET" => "502 5.5.1 no such thing",
            "MAIL" if sender.is_some() => "503 5.5.1 nested MAIL",
            "MAIL" => {
                sender = Some(line.clone());
                "250 2.1.0 Ok"
            }
            "RCPT" => match &sender {
                None => "503 5.5.1 need MAIL",
                Some(_) if line.ends_with("<postmaster@practice.test>") => "250 2.1.5 Ok",
                Some(sender) if sender.ends_with("@mx.practice.test>") => "250 2.1.5 Ok",
                Some(_) => "550 5.7.1 relaying denied",
            },
            "QUIT" => "221 2.0.0 Bye",
            _ => "500 5.5.2 what",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        if line == "QUIT" {
            break;
        }
    }
    None
}

/// A server that complains only when we part is heard: from then on it gets less.
#[tokio::test]
async fn a_complaint_in_place_of_the_goodbye_is_heard() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(complains_at_the_end(stream));
        }
    });
    let evidence = audit_address(address, of(Profile::Standard)).await;
    let refused = |transcript: &Transcript| {
        let exchanges = transcript.exchanges.iter().filter(|e| e.phase == Phase::Rcpt);
        exchanges.filter(|e| e.answer.reply().is_some_and(Reply::is_refusal)).count()
    };
    let complains = |transcript: &Transcript| {
        transcript.exchanges.iter().any(|exchange| {
            let reply = exchange.answer.reply();
            exchange.phase == Phase::Quit && reply.is_some_and(|reply| reply.code() == 421)
        })
    };
    let shown = dialogue(&evidence);
    let at = evidence.transcripts.iter().position(complains).expect(&shown);
    let most = refused(&evidence.transcripts[at]);
    let later = &evidence.transcripts[at + 1..];
    assert!(later.len() > 2, "{shown}");
    assert!(later.iter().all(|transcript| refused(transcript) < most), "{most}\n{shown}");
}

async fn complains_at_the_end(stream: TcpStream) -> Option<()> {
    let (read, mut write) = stream.into_split();
    write.write_all(b"220 mx.practice.test ESMTP\r\n").await.ok()?;
    let mut lines = BufReader::new(read).lines();
    let mut refused = 0;
    while let Ok(Some(line)) = lines.next_line().await {
        let reply = match line.split([' ', ':']).next()? {
            "EHLO" => "250-mx.practice.test\r\n250 PIPELINING",
            "RCPT" if line.ends_with("<postmaster@practice.test>") => "250 2.1.5 Ok",
            "RCPT" => {
                refused += 1;
                "550 5.7.1 relaying denied"
            }
            "QUIT" if refused >= 9 => "421 4.7.0 Error: too many errors",
            "QUIT" => "221 2.0.0 Bye",
            _ => "250 2.0.0 Ok",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        if line == "QUIT" {
            break;
        }
    }
    None
}

/// However small the budget, it holds for what is sent, and the audit comes to its end.
#[tokio::test(flavor = "multi_thread")]
async fn any_budget_holds() {
    let runs = (1..=9).map(|most| async move {
        let budget =
            Budget { refusals: most, syntax: most.min(3), resets: most % 6, recipients: most + 1 };
        for behaviour in [Behaviour::closed(), Behaviour::exim()] {
            let settings = Settings { budget, ..of(Profile::Standard) };
            let (evidence, verdict, server) = audited(behaviour, settings).await;
            let (seen, shown) = (server.counters(), dialogue(&evidence));
            assert_eq!(verdict.verdict, Verdict::Closed, "{budget:?}\n{shown}");
            assert!(seen.most_refused_recipients <= most as u64, "{budget:?} {seen:?}\n{shown}");
            assert!(
                seen.most_syntax_errors <= budget.syntax as u64,
                "{budget:?} {seen:?}\n{shown}"
            );
            assert!(seen.most_resets <= budget.resets as u64, "{budget:?} {seen:?}\n{shown}");
        }
    });
    futures::future::join_all(runs).await;
}
