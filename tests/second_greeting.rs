//! The quick profile greets with the server's own name and then, on the same connection, with ours.
//! Whatever a server makes of the second greeting, no answer is read under the wrong name.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use lab::{accepted, audited, dialogue, settings};
use mxaudit::engine::Settings;
use mxaudit::practice::{Behaviour, RelayPolicy, SecondGreeting};
use mxaudit::probe::Profile;
use mxaudit::verdict::Verdict;

fn that(second_greeting: SecondGreeting) -> Behaviour {
    Behaviour { second_greeting, ..Behaviour::closed() }
}

fn refused(reply: &str) -> SecondGreeting {
    SecondGreeting::Refused(reply.to_owned())
}

fn grudge() -> SecondGreeting {
    SecondGreeting::HeldAgainst("550 5.7.1 Helo command rejected: You are not me".to_owned())
}

/// Each kind of server in as many connections as it takes, all forms answered under their own names.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_second_greeting_does_the_verdict_stands() {
    let kinds = [
        (SecondGreeting::Counts, 2),
        (refused("503 5.5.1 Duplicate HELO/EHLO"), 3),
        (refused("421 4.7.0 one greeting is enough"), 5),
        (SecondGreeting::KeepsTransaction, 3),
        (grudge(), 3),
    ];
    for (kind, connections) in kinds {
        for (relay, want) in [
            (RelayPolicy::Closed, vec![]),
            (RelayPolicy::PercentHack, vec!["R01", "R03"]),
            (RelayPolicy::HeloIsOwnName, vec!["H01"]),
        ] {
            let behaviour = Behaviour { relay: relay.clone(), ..that(kind.clone()) };
            let (evidence, verdict, server) = audited(behaviour, settings()).await;
            let shown = format!("{kind:?} {relay:?}\n{}", dialogue(&evidence));
            let held = matches!(kind, SecondGreeting::HeldAgainst(_));
            let want =
                if held { want.into_iter().filter(|code| *code != "H01").collect() } else { want };
            assert_eq!(accepted(&verdict), want, "{shown}");
            let expected = if want.is_empty() { Verdict::Closed } else { Verdict::Open };
            assert_eq!(verdict.verdict, expected, "{shown}");
            let seen = server.counters();
            assert!(seen.most_ehlos <= 2, "{seen:?}\n{shown}");
            if want.is_empty() {
                assert_eq!(seen.connections, connections, "{shown}");
            }
        }
    }
}

/// A name that stays in force behind the second greeting opens no form of ours.
#[tokio::test(flavor = "multi_thread")]
async fn trust_in_the_first_name_is_not_taken_for_trust_in_a_recipient() {
    let relay = RelayPolicy::HeloIsOwnName;
    let behaviour = Behaviour { relay, ..that(SecondGreeting::KeepsName) };
    let (evidence, verdict, _server) = audited(behaviour, settings()).await;
    assert_eq!(verdict.verdict, Verdict::Open, "{}", dialogue(&evidence));
    assert_eq!(accepted(&verdict), ["H01"], "{}", dialogue(&evidence));
}

/// Beyond the quick profile every greeting name has a connection of its own, for a deeper look too.
#[tokio::test(flavor = "multi_thread")]
async fn other_profiles_greet_once() {
    for profile in [Profile::Standard, Profile::Thorough] {
        let settings = Settings { profile, ..settings() };
        let (evidence, _, server) = audited(Behaviour::closed(), settings).await;
        assert_eq!(server.counters().most_ehlos, 1, "{}", dialogue(&evidence));
    }
    let deeper = Settings { deeper: Some(Profile::Standard), ..settings() };
    let open = Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() };
    let (evidence, verdict, _server) = audited(open, deeper).await;
    assert_eq!(verdict.verdict, Verdict::Open);
    let greeted_twice = evidence.transcripts.iter().filter(|transcript| {
        let greetings =
            transcript.exchanges.iter().filter(|one| one.sent.as_bytes().starts_with(b"EHLO"));
        greetings.count() > 1
    });
    assert_eq!(greeted_twice.count(), 1, "{}", dialogue(&evidence));
}
