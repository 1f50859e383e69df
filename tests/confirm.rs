//! Proof of delivery: which messages are sent, and what their fate means.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use lab::{audited, dialogue, settings};
use mxaudit::engine::{Letters, Settings};
use mxaudit::evidence::record::{from_texts, to_texts};
use mxaudit::evidence::{Answer, Arrival, Control, Evidence, Report, Stop};
use mxaudit::practice::{Behaviour, PracticeServer, RelayPolicy, Xclient};
use mxaudit::probe::Profile;
use mxaudit::smtp::{Phase, Reply};
use mxaudit::verdict::{Outcome, Refusal, RelayVerdict, Verdict, findings, judge};

fn confirming() -> Settings {
    let letters = Letters::new(&[7; 32], "r1".into(), SystemTime::UNIX_EPOCH, 5);
    Settings { letters: Some(letters), profile: Profile::Standard, ..settings() }
}

fn open() -> Behaviour {
    Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() }
}

fn arrival(token: &str, bounce: bool, received: &str) -> Arrival {
    Arrival {
        token: token.to_owned(),
        at: "2026-01-01T00:00:00Z".into(),
        client: Some([192, 0, 2, 25].into()),
        helo: None,
        reverse_path: String::new(),
        forward_paths: Vec::new(),
        received: vec![received.to_owned()],
        bounce,
        report: Report::default(),
        size: 1000,
    }
}

/// What is said of a host, after its messages fared so: verdict, proof, first reason.
fn said(evidence: &Evidence) -> String {
    let verdict = judge(evidence);
    let reason = verdict.reasons.first().map_or("", |reason| reason.code);
    format!("{} {} {reason}", verdict.verdict.as_str(), verdict.proof.as_str())
}

fn found(evidence: &Evidence) -> Vec<&'static str> {
    let ids = findings(evidence, &judge(evidence)).into_iter().map(|finding| finding.id);
    ids.filter(|id| !id.contains("overblocking")).collect()
}

fn codes(evidence: &Evidence) -> Vec<String> {
    let verdict: RelayVerdict = judge(evidence);
    let code = |form: usize| {
        let probe = verdict.probes.iter().find(|probe| probe.form == Some(form));
        probe.map_or_else(|| format!("form {form}"), |probe| probe.code.clone())
    };
    evidence.messages.iter().map(|message| code(message.form)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_five_messages_the_plainest_first() {
    let (mut evidence, _, server) = audited(open(), confirming()).await;
    assert_eq!(server.counters().data, 5, "{}", dialogue(&evidence));
    assert_eq!(server.counters().concurrent_peak, 1);
    let sent = codes(&evidence);
    assert_eq!(sent[..3], ["S01", "H01", "R01"], "one of each cause first: {sent:?}");
    let tokens: std::collections::HashSet<_> = evidence.messages.iter().map(|m| &m.token).collect();
    assert_eq!(tokens.len(), 5);
    for message in &evidence.messages {
        assert!(message.text.contains(&format!("X-Mxaudit-Token: {}", message.token)));
    }

    assert_eq!(said(&evidence), "inconclusive probable not-arrived");
    assert!(!found(&evidence).contains(&"open-relay"));

    // One that arrives proves it, whichever it is.
    for (index, code) in sent.iter().enumerate() {
        let token = evidence.messages[index].token.clone();
        evidence.arrivals = vec![arrival(&token, false, "")];
        assert_eq!(said(&evidence), "open confirmed delivered", "{code}");
        let all = findings(&evidence, &judge(&evidence));
        let open_relay = all.iter().find(|finding| finding.id == "open-relay").unwrap();
        assert!(open_relay.notes[0].contains(&token), "{:?}", open_relay.notes);
    }
    // A token of somebody else proves nothing.
    evidence.arrivals = vec![arrival("mxa1aaaaaaaaaaaaaaaaaaaaaaaa", false, "")];
    assert_eq!(said(&evidence), "inconclusive probable not-arrived");

    // All came back: nothing is relayed, and the forms that were not sent are named.
    evidence.arrivals = evidence.messages.iter().map(|m| arrival(&m.token, true, "")).collect();
    assert_eq!(said(&evidence), "closed none message-refused");
    assert!(
        judge(&evidence).reasons[0].text.contains("untested: S"),
        "{:?}",
        judge(&evidence).reasons
    );
    assert!(found(&evidence).contains(&"backscatter"));
    // All but one: that one may still be relayed, unless nobody could be told that it was not.
    let all = evidence.arrivals.clone();
    for (index, code) in sent.iter().enumerate() {
        evidence.arrivals.clone_from(&all);
        evidence.arrivals.remove(index);
        let by_nobody = matches!(code.as_str(), "S04" | "S05");
        let want = if by_nobody {
            "closed none message-refused"
        } else {
            "inconclusive probable not-arrived"
        };
        assert_eq!(said(&evidence), want, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_is_not_relayed() {
    let refusing = |reply: &str| Behaviour { refuse_data: Some(reply.into()), ..open() };
    let (evidence, _, _server) = audited(refusing("554 5.7.1 no"), confirming()).await;
    assert_eq!(said(&evidence), "closed none message-refused", "{}", dialogue(&evidence));
    assert_eq!(found(&evidence), ["late-refusal"]);
    // "Not now" is no refusal.
    let (evidence, _, _server) = audited(refusing("451 4.3.0 later"), confirming()).await;
    assert_eq!(said(&evidence), "open suspected accepted-recipient", "{}", dialogue(&evidence));
    // Without the plain form among the refused, what was not sent is still open.
    let (mut evidence, _, _server) = audited(refusing("554 5.7.1 no"), confirming()).await;
    let plain = |form: usize| evidence.forms[form].is_plain();
    let kept: Vec<_> = evidence.messages.iter().filter(|m| !plain(m.form)).cloned().collect();
    evidence.messages = kept;
    assert_eq!(said(&evidence), "open suspected accepted-recipient");
}

/// A refusal that is aimed at us, or at what is written, says nothing about a stranger's next
/// message: what was seen at RCPT stands.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_for_something_else() {
    let table = [
        ("550 5.7.1 relaying denied", "closed none message-refused"),
        ("554 5.7.1 access denied", "closed none message-refused"),
        ("530 5.7.0 authentication required", "closed none message-refused"),
        ("550 5.7.1 message rejected", "closed none message-refused"),
        (
            "554 5.7.1 [127.0.0.1] is listed at zen.spamhaus.org",
            "open suspected accepted-recipient",
        ),
        ("550 5.7.1 your host is blocked", "open suspected accepted-recipient"),
        ("550 5.1.8 sender rejected", "open suspected accepted-recipient"),
        ("554 5.7.1 spam message rejected", "open suspected accepted-recipient"),
        ("554 5.6.0 headers missing", "open suspected accepted-recipient"),
        ("552 5.3.4 message too big", "open suspected accepted-recipient"),
        ("503 5.5.1 need RCPT first", "open suspected accepted-recipient"),
        ("530 5.7.0 must issue a STARTTLS command first", "open suspected accepted-recipient"),
        ("550 5.1.1 user unknown", "open suspected accepted-recipient"),
    ];
    for (reply, want) in table {
        let behaviour = Behaviour { refuse_data: Some(reply.into()), ..open() };
        let (evidence, _, _server) = audited(behaviour, confirming()).await;
        assert_eq!(said(&evidence), want, "{reply}");
    }
}

/// A report that the message is late, or that another server refused it, does not say that this
/// one does not relay.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_no_return() {
    let (mut evidence, _, _server) = audited(open(), confirming()).await;
    let mut all = |report: Report| {
        let reported = |token: &str| Arrival { report: report.clone(), ..arrival(token, true, "") };
        evidence.arrivals = evidence.messages.iter().map(|m| reported(&m.token)).collect();
        (said(&evidence), judge(&evidence).reasons[0].text.clone())
    };
    assert_eq!(all(Report::default()).0, "closed none message-refused");
    let (verdict, _) = all(Report { unsettled: true, remote: None });
    assert_eq!(verdict, "inconclusive probable not-arrived");
    let (verdict, text) = all(Report { unsettled: false, remote: Some("mx.canary.test".into()) });
    assert_eq!(verdict, "inconclusive probable not-arrived");
    assert!(text.contains("mx.canary.test"), "{text}");
}

/// Refused messages close a host only where everything else does: the plain recipient at the end,
/// and nothing that was asked in between left open.
#[tokio::test(flavor = "multi_thread")]
async fn refused_messages_excuse_nothing_else() {
    let refusing = Behaviour { refuse_data: Some("554 5.7.1 no".into()), ..open() };
    let (evidence, _, _server) = audited(refusing.clone(), confirming()).await;
    assert_eq!(said(&evidence), "closed none message-refused");
    let end = evidence.forms.iter().position(|f| f.control() == Some(Control::PlainAtEnd)).unwrap();
    let with_end = |reply: &str| {
        let mut changed = evidence.clone();
        let place = *changed.deciding(end).unwrap();
        let exchange = &mut changed.transcripts[place.transcript].exchanges[place.exchange];
        exchange.answer = Answer::Reply(Reply::from_text(reply).unwrap());
        said(&changed)
    };
    assert_eq!(with_end("554 5.7.1 relay access denied"), "closed none message-refused");
    assert_eq!(with_end("451 4.7.1 later"), "inconclusive none changed-midway");
    assert_eq!(
        with_end("554 5.7.1 [127.0.0.1] is listed at zen.spamhaus.org"),
        "inconclusive none changed-midway"
    );
    let mut unasked = evidence.clone();
    unasked.attempts.retain(|attempt| attempt.form != end);
    assert_eq!(said(&unasked), "inconclusive none not-answered");
    // What XCLIENT would have shown is not known either.
    let offering =
        Behaviour { xclient: Some(Xclient::Honoured { trusted: Vec::new() }), ..refusing };
    let (evidence, _, _server) = audited(offering, confirming()).await;
    assert_eq!(said(&evidence), "inconclusive none xclient-offered");
}

/// A local user may have swallowed what was sent whole and neither arrived nor came back, whatever
/// was not sent.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_swallowed_is_not_excused_by_what_was_not_sent() {
    let catch_all = Behaviour { catch_all: true, ..open() };
    let (mut evidence, _, _server) = audited(catch_all, confirming()).await;
    let own = |form: usize| evidence.forms[form].outer.is_own();
    let (swallowed, rest): (Vec<_>, Vec<_>) = evidence.messages.iter().partition(|m| own(m.form));
    assert!(!swallowed.is_empty() && !rest.is_empty(), "{:?}", codes(&evidence));
    let returned: Vec<_> = rest.iter().map(|m| arrival(&m.token, true, "")).collect();
    let all: Vec<_> = evidence.messages.iter().map(|m| arrival(&m.token, true, "")).collect();
    evidence.arrivals = returned;
    assert_eq!(said(&evidence), "inconclusive none local-control", "{}", dialogue(&evidence));
    evidence.arrivals = all;
    assert_eq!(said(&evidence), "closed none message-refused", "{}", dialogue(&evidence));
}

/// Who ends the run while the last reply is awaited still learns which token to look for.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_cut_off_is_known() {
    let slow = Behaviour { silent_after_message: true, ..open() };
    let settings = Settings { host_deadline: Duration::from_secs(3), ..confirming() };
    let (evidence, _, server) = audited(slow, settings).await;
    assert_eq!(server.counters().data, 1, "{}", dialogue(&evidence));
    assert_eq!(evidence.stopped, Some(Stop::Deadline));
    assert_eq!(codes(&evidence), ["S01"]);
    let mut arrived = evidence.clone();
    arrived.arrivals = vec![arrival(&evidence.messages[0].token, false, "")];
    assert_eq!(said(&arrived), "open confirmed delivered");
}

/// Only the message from a stranger to a stranger stands for those that were not sent: a server may
/// treat bounces, and whoever greets otherwise, in another way.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_plainest_message_stands_for_others() {
    let refusing = Behaviour { refuse_data: Some("554 5.7.1 no".into()), ..open() };
    let letters = Letters::new(&[7; 32], "r1".into(), SystemTime::UNIX_EPOCH, 99);
    let settings = Settings { letters: Some(letters), ..confirming() };
    let (evidence, _, _server) = audited(refusing, settings).await;
    let sent = codes(&evidence);
    assert!(["S01", "S04"].iter().all(|code| sent.iter().any(|one| one == code)), "{sent:?}");
    assert_eq!(said(&evidence), "closed none message-refused");
    let outcome = |evidence: &Evidence, code: &str| {
        let all = judge(evidence).probes;
        all.into_iter().find(|probe| probe.code == code).unwrap().verdict.outcome
    };
    // Refused from one sender, and accepted and not sent from nobody.
    assert_eq!(outcome(&evidence, "H01"), Outcome::AcceptedRecipient);
    let mut without = evidence.clone();
    let plainest = sent.iter().position(|code| code == "S01").unwrap();
    without.messages.remove(plainest);
    assert_eq!(outcome(&without, "S04"), Outcome::Refused(Refusal::Message));
    assert_eq!(said(&without), "open suspected accepted-recipient");
}

/// Of two domains the one whose message was taken counts, and not the one that was not sent to.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_taken_outranks_a_recipient() {
    let mut behaviour = open();
    behaviour.local_domains.push("second.test".into());
    let letters = Letters::new(&[7; 32], "r1".into(), SystemTime::UNIX_EPOCH, 99);
    let mut settings = Settings { letters: Some(letters), ..confirming() };
    settings.identity.local_domains.push("second.test".into());
    let (evidence, verdict, _server) = audited(behaviour, settings).await;
    assert!(codes(&evidence).iter().any(|code| code == "S10"));
    let probe = verdict.probes.iter().find(|probe| probe.code == "S10").unwrap();
    assert_eq!(probe.verdict.outcome, Outcome::AcceptedMessage, "{}", dialogue(&evidence));
}

/// Nothing goes past RCPT where the user does not want it, where nothing was accepted, and where
/// every server relays by design.
#[tokio::test(flavor = "multi_thread")]
async fn no_message_without_an_acceptance_and_consent() {
    let (_, _, server) = audited(open(), settings()).await;
    assert_eq!(server.counters().data, 0);
    let (evidence, verdict, server) = audited(Behaviour::closed(), confirming()).await;
    assert_eq!((server.counters().data, evidence.messages.len()), (0, 0));
    assert_eq!(verdict.verdict, Verdict::Closed);
    let inside = Settings { outside_asserted: false, ..confirming() };
    let (_, _, server) = audited(open(), inside).await;
    assert_eq!(server.counters().data, 0);
}

/// Whom a server may have taken for its own user is sent a message too: only that can tell.
#[tokio::test(flavor = "multi_thread")]
async fn forms_that_a_local_user_could_have_swallowed_are_sent() {
    let catch_all = Behaviour { catch_all: true, ..Behaviour::exim() };
    let percent =
        Behaviour { relay: RelayPolicy::PercentHack, catch_all: true, ..Behaviour::closed() };
    let (evidence, verdict, server) = audited(percent, confirming()).await;
    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{}", dialogue(&evidence));
    assert!(server.counters().data > 0 && server.counters().data <= 5);
    let mut arrived = evidence.clone();
    arrived.arrivals = vec![arrival(&evidence.messages[0].token, false, "")];
    assert_eq!(said(&arrived), "open confirmed delivered");
    let (evidence, _, server) = audited(catch_all, confirming()).await;
    assert_eq!(server.counters().data as usize, evidence.messages.len());
    assert_ne!(judge(&evidence).verdict, Verdict::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_that_the_server_saw() {
    let (mut evidence, _, _server) = audited(open(), confirming()).await;
    let token = evidence.messages[0].token.clone();
    let mut by = |received: &str| {
        evidence.arrivals = vec![arrival(&token, false, received)];
        found(&evidence).contains(&"client-address-masked")
    };
    assert!(by("from client.audit.test (gateway [172.17.0.1]) by mx.practice.test with ESMTP"));
    assert!(by("from client.audit.test ([IPv6:fd00::1]) by mx.practice.test"));
    assert!(!by("from client.audit.test (client [127.0.0.1]) by mx.practice.test"), "it is ours");
    assert!(!by("from client.audit.test (nat [198.51.100.7]) by mx.practice.test"), "a public one");
    assert!(!by("from [172.17.0.1].example by [172.17.0.9]"), "no address in brackets");
    assert!(!by("by mx.practice.test from nowhere"), "cannot tell");
    assert!(!by(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_replayed() {
    let (mut evidence, _, _server) = audited(open(), confirming()).await;
    evidence.arrivals = vec![arrival(&evidence.messages[1].token, false, "")];
    let texts = to_texts(&evidence).unwrap();
    let name = |(n, text): (usize, &String)| (format!("{n}.smtp"), text.clone());
    let files: Vec<_> = texts.iter().enumerate().map(name).collect();
    let read = from_texts(&files).unwrap().unwrap();
    assert_eq!(to_texts(&read).unwrap(), texts);
    assert_eq!(said(&read), said(&evidence));
    assert_eq!(said(&read), "open confirmed delivered");
    let sent = evidence.transcripts.iter().flat_map(|t| &t.exchanges);
    assert_eq!(sent.filter(|exchange| exchange.phase == Phase::Message).count(), 5);
}

/// A canary whose mail cannot be read is somebody else's: nothing is sent to any target.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_is_not_ours() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let target = PracticeServer::start(open(), any).await.unwrap();
    let mut canary = Behaviour::closed();
    canary.local_domains.push("audit.test".into());
    canary.catch_all = true;
    let canary = PracticeServer::start(canary, any).await.unwrap();
    let refusing = PracticeServer::start(Behaviour::closed(), any).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    std::fs::write(&store, "").unwrap();
    let run = |port: u16, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mxaudit"));
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .args(["check", "127.0.0.1", "--port", &target.address().port().to_string()])
            .args(["--vantage", "outside", "--auditor-domain", "audit.test"])
            .args(["--canary", "canary@audit.test", "--canary-address", "127.0.0.1"])
            .args(["--canary-port", &port.to_string(), "--confirm"])
            .args(more);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let catcher = ["--catcher", store.to_str().unwrap(), "--confirm-wait", "1"];
    let (code, err) = run(canary.address().port(), &catcher);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("was not read back within 1 s") && err.lines().count() == 1, "{err}");
    assert_eq!(canary.counters().data, 1);

    let (code, err) = run(refusing.address().port(), &catcher);
    assert!(code == Some(2) && err.contains("takes no mail"), "{err}");
    let (code, err) = run(canary.address().port(), &[]);
    assert!(code == Some(2) && err.contains("--catcher"), "{err}");
    let (code, err) = run(canary.address().port(), &["--catcher", "nowhere"]);
    assert!(code == Some(2) && err.contains("nowhere"), "{err}");
    let (code, err) = run(canary.address().port(), &["--canary-maildir", "."]);
    assert!(code == Some(2) && err.contains("Maildir"), "{err}");
    assert_eq!(target.counters().connections, 0, "nothing was sent to the target");
}
