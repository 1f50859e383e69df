//! What a server puts off, and how often it is asked again.

#![allow(clippy::unwrap_used, reason = "what panics in a test has failed it")]

#[path = "support/lab.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod lab;

use std::collections::BTreeSet;
use std::time::Duration;

use lab::{accepted, audited, dialogue, settings};
use mxaudit::engine::Settings;
use mxaudit::evidence::{Evidence, Pass, SenderKind};
use mxaudit::practice::{Behaviour, RelayPolicy, SenderMatch, Temporary};
use mxaudit::probe::{Axis, Profile};
use mxaudit::verdict::Verdict;

const GREY: &str = "451 4.7.1 Greylisted, see you in 5 minutes";

fn standard() -> Settings {
    Settings { profile: Profile::Standard, ..settings() }
}

fn forever(relay: RelayPolicy) -> Behaviour {
    let temporary = Some(Temporary::Always { reply: GREY.into() });
    Behaviour { relay, temporary, ..Behaviour::closed() }
}

/// The forms that were asked in a pass.
fn asked(evidence: &Evidence, pass: Pass) -> BTreeSet<usize> {
    let attempts = evidence.attempts.iter().filter(|attempt| attempt.pass == pass);
    attempts.map(|attempt| attempt.form).collect()
}

/// Who defers everything for minutes is asked again about one form of each kind, and nothing is
/// taken for refused by that.
#[tokio::test]
async fn of_what_was_put_off_alike_one_is_asked_again() {
    for relay in [RelayPolicy::Closed, RelayPolicy::Open] {
        let (evidence, verdict, _server) = audited(forever(relay), standard()).await;
        let shown = dialogue(&evidence);
        assert_eq!(verdict.verdict, Verdict::Inconclusive, "{shown}");
        let (first, again) = (asked(&evidence, Pass::First), asked(&evidence, Pass::Retry));
        assert!(!again.is_empty() && 3 * again.len() < first.len(), "{again:?}\n{shown}");
        let plain = |index: &usize| evidence.forms[*index].is_plain();
        assert!(again.iter().any(plain), "{again:?}\n{shown}");
    }
}

/// Where that one fares otherwise, all are asked again.
#[tokio::test]
async fn all_are_asked_again_where_one_is_let_through() {
    let temporary = Some(Temporary::FirstTries { n: 1, reply: GREY.into() });
    for (relay, want) in
        [(RelayPolicy::Closed, Verdict::Closed), (RelayPolicy::PercentHack, Verdict::Open)]
    {
        let behaviour = Behaviour { relay, temporary: temporary.clone(), ..Behaviour::closed() };
        let (evidence, verdict, _server) = audited(behaviour, standard()).await;
        let shown = dialogue(&evidence);
        assert_eq!(verdict.verdict, want, "{shown}");
        let deferred = |index: &usize| {
            let first = evidence.attempts.iter().find(|attempt| attempt.form == *index).unwrap();
            let reply = evidence.exchange(first).and_then(|exchange| exchange.answer.reply());
            reply.is_some_and(|reply| reply.code() == 451)
        };
        let deferred: BTreeSet<_> =
            asked(&evidence, Pass::First).into_iter().filter(deferred).collect();
        assert_eq!(asked(&evidence, Pass::Retry), deferred, "{shown}");
    }
}

/// What the deeper profile finds put off alike has had its time too.
#[tokio::test]
async fn what_was_waited_for_is_not_waited_for_again() {
    let quick = Settings { profile: Profile::Quick, ..settings() };
    let (alone, _, _server) = audited(forever(RelayPolicy::Closed), quick.clone()).await;
    let adaptive = Settings { deeper: Some(Profile::Standard), ..quick };
    let (both, verdict, _server) = audited(forever(RelayPolicy::Closed), adaptive).await;
    let shown = dialogue(&both);
    assert_eq!(verdict.verdict, Verdict::Inconclusive, "{shown}");
    assert!(both.forms.len() > alone.forms.len());
    let waited_for = |evidence: &Evidence| {
        let attempts = evidence.attempts.iter();
        attempts.filter(|attempt| attempt.pass == Pass::Retry).count()
    };
    assert_eq!(waited_for(&both), waited_for(&alone), "{shown}");
    let twins = both.forms.iter().filter(|form| form.sender == SenderKind::Null);
    let recipients = twins.filter(|form| form.axis() == Some(Axis::Recipient)).count();
    assert_eq!(recipients, 1, "{shown}");
}

/// A sender that is put off hides no relay: the null sender is tried by one form first, and by all
/// where that changes the answer.
#[tokio::test]
async fn a_sender_that_is_put_off_hides_no_relay() {
    let words =
        ["450 4.1.8 Sender address rejected: Domain not found", "451 4.7.1 Please try again later"];
    let mut many = 0;
    let twins = |evidence: &Evidence| {
        let forms = evidence.forms.iter().filter(|form| form.sender == SenderKind::Null);
        forms.filter(|form| form.axis().is_some() && !form.is_plain()).count()
    };
    for words in words {
        let refuse_sender = Some((SenderMatch::Foreign, words.to_owned()));
        let relay = RelayPolicy::PercentHack;
        let behaviour = Behaviour { refuse_sender, relay, ..Behaviour::closed() };
        let (evidence, verdict, _server) = audited(behaviour, settings()).await;
        assert_eq!(accepted(&verdict), ["R01", "R03"], "{words}\n{}", dialogue(&evidence));
        many = twins(&evidence);
    }
    let (evidence, _, _server) = audited(forever(RelayPolicy::PercentHack), settings()).await;
    let few = twins(&evidence);
    assert!(few > 0 && few < many, "{few} of {many}\n{}", dialogue(&evidence));
}

/// Greylists remember the time of the first try, so that whoever waited was waited for.
#[tokio::test]
async fn a_long_wait_lets_all_through() {
    let time = Duration::from_millis(300);
    let temporary = Some(Temporary::For { time, reply: GREY.into() });
    let behaviour = Behaviour { temporary, ..Behaviour::closed() };
    let patient = Settings { greylist_wait: time, ..standard() };
    let (evidence, verdict, _server) = audited(behaviour, patient).await;
    assert_eq!(verdict.verdict, Verdict::Closed, "{}", dialogue(&evidence));
}
