//! Lists that prove themselves once and are then asked about one host after another.

use std::sync::Arc;

use super::*;
use crate::dns::{ScriptedLookups, ZoneFile};
use crate::dnsbl::OwnZones;
use crate::engine::Interrupt;
use crate::verdict::listing::{Standing, listings};

const ZONES: &str = r#"
[[zone]]
id = "alpha"
zone = "alpha.example"
kind = ["ipv4", "domain"]
[[zone]]
id = "dead"
zone = "dead.example"
kind = "ipv4"
"#;

const ANSWERS: &str = "
2.0.0.127.alpha.example A 127.0.0.2
test.alpha.example      A 127.0.0.2
1.2.0.192.alpha.example A 127.0.0.2
bad.test.alpha.example  A 127.0.0.2
9.2.0.192.alpha.example A SERVFAIL
*.dead.example          A TIMEOUT
";

fn scripted() -> ScriptedLookups {
    ScriptedLookups::new(ZoneFile::parse(ANSWERS).unwrap())
}

fn address(last: u8) -> Subject {
    Subject::Address([192, 0, 2, last].into())
}

fn domain(name: &str) -> Subject {
    Subject::Domain(name.to_owned())
}

async fn proved(
    lookups: ScriptedLookups,
    kinds: &[SubjectKind],
    allowance: Allowance,
) -> (Arc<ScriptedLookups>, ProvedLists) {
    let zones = OwnZones::read(ZONES, "zones.toml").unwrap();
    let plan = ListPlan {
        registry: (1, jiff::civil::date(2026, 1, 2)),
        zones: zones.zones().map(|zone| (zone.clone(), None)).collect(),
        subjects: vec![address(1)],
        prove_all: false,
        keys: Keys::default(),
        seed: 7,
    };
    let lookups = Arc::new(lookups);
    let kinds = kinds.iter().copied().collect();
    let stop = CancellationToken::new();
    let port = Box::new(Arc::clone(&lookups));
    let lists = ProvedLists::prove(port, plan, &kinds, allowance, &stop).await;
    (lookups, lists)
}

/// What all lists say of a subject, judged by their proofs.
async fn standing(lists: &ProvedLists, subject: Subject) -> Standing {
    let mut all = lists.proofs().clone();
    all.add(lists.about(vec![subject], &Interrupt::default()).await);
    listings(&all)[0].standing
}

#[tokio::test]
async fn hosts_are_asked_about_one_by_one() {
    let (lookups, lists) = proved(scripted(), &[], Allowance::default()).await;
    assert!(lists.proofs().subjects.is_empty(), "the subjects of the plan are not asked about");
    assert_eq!(lookups.asked_below("1.2.0.192.alpha.example"), 0);
    for (subject, want) in [
        (address(1), Standing::Listed),
        (address(2), Standing::NotListed),
        (address(9), Standing::Unknown),
        (domain("bad.test"), Standing::Listed),
        (domain("good.test"), Standing::NotListed),
    ] {
        assert_eq!(standing(&lists, subject.clone()).await, want, "{subject}");
    }
    assert_eq!(lookups.asked_below("1.2.0.192.dead.example"), 0, "a dead list is not asked");
}

#[tokio::test]
async fn only_the_kinds_that_are_wanted_are_proved() {
    let (lookups, lists) = proved(scripted(), &[SubjectKind::Domain], Allowance::default()).await;
    assert_eq!(lookups.asked_below("test.alpha.example"), 2, "the entry and its text");
    assert_eq!(lookups.asked_below("2.0.0.127.alpha.example"), 0);
    assert_eq!(lookups.asked_below("dead.example"), 0);
    assert_eq!(standing(&lists, domain("bad.test")).await, Standing::Listed);
    let (lookups, _) = proved(scripted(), &[], Allowance::default()).await;
    assert_eq!(lookups.asked_below("2.0.0.127.alpha.example"), 2);
    assert_ne!(lookups.asked_below("dead.example"), 0);
}

/// A list that begins to list the world after it has proved itself lists nobody.
#[tokio::test]
async fn each_listing_is_confirmed_for_its_own_host() {
    let negative = "1.0.0.127.alpha.example";
    let world = LookupAnswer::Addresses(vec![[127, 0, 0, 2].into()]);
    let answers = [LookupAnswer::NoSuchName, LookupAnswer::NoSuchName, world];
    let script = |script: ScriptedLookups, answer| script.then(negative, LookupKind::A, answer);
    let (lookups, lists) =
        proved(answers.into_iter().fold(scripted(), script), &[], Allowance::default()).await;
    assert_eq!(standing(&lists, address(1)).await, Standing::Listed);
    assert_eq!(standing(&lists, address(2)).await, Standing::NotListed);
    assert_eq!(lookups.asked_below(negative), 2, "only for a listing");
    assert_eq!(standing(&lists, address(1)).await, Standing::Unknown);
    assert_eq!(standing(&lists, address(2)).await, Standing::NotListed, "the proofs stay");
}

/// Most hosts of a run have the same domains.
#[tokio::test]
async fn the_same_domains_cost_once() {
    let (lookups, lists) = proved(scripted(), &[], Allowance::default()).await;
    let interrupt = Interrupt::default();
    let first = lists.about(vec![address(1), domain("bad.test"), domain("a.test")], &interrupt);
    let first = first.await;
    let before = lookups.asked().len();
    let again = lists.about(vec![domain("a.test"), address(1), domain("bad.test")], &interrupt);
    assert_eq!(again.await, first);
    let of_address = ["1.2.0.192.alpha.example", "1.0.0.127.alpha.example"];
    let news: Vec<_> = lookups.asked().split_off(before);
    assert!(!news.is_empty());
    for (name, _) in news {
        assert!(of_address.contains(&name.as_str()), "{name}");
    }
    let kinds: Vec<_> = first.confirmations.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [SubjectKind::Ipv4, SubjectKind::Domain]);
}

/// What failed once, about a domain or in confirming its listing, is asked again for the next host.
#[tokio::test]
async fn a_failure_is_not_kept() {
    let negative = "invalid.alpha.example";
    let none = || LookupAnswer::NoSuchName;
    for (name, kind, answers) in [
        ("good.test.alpha.example", LookupKind::A, vec![LookupAnswer::Timeout, none()]),
        // First for the proof, then for the listing.
        (negative, LookupKind::A, vec![none(), LookupAnswer::ServerFailure, none()]),
    ] {
        let script = |script: ScriptedLookups, answer| script.then(name, kind, answer);
        let script = answers.into_iter().fold(scripted(), script);
        let (_, lists) = proved(script, &[], Allowance::default()).await;
        let domains = || vec![domain("bad.test"), domain("good.test")];
        let first = lists.about(domains(), &Interrupt::default()).await;
        assert!(!first.is_answered(), "{name}: {first:?}");
        let second = lists.about(domains(), &Interrupt::default()).await;
        assert!(second.is_answered(), "{name}: {second:?}");
    }
}

#[tokio::test]
async fn who_stops_gets_gaps_and_not_verdicts() {
    let (lookups, lists) = proved(scripted(), &[], Allowance::default()).await;
    let before = lookups.asked().len();
    let interrupt = Interrupt::default();
    assert!(!lists.about(vec![address(1)], &interrupt).await.has_gaps());
    let after = lookups.asked().len();
    assert!(after > before);
    interrupt.finish.cancel();
    let cut = lists.about(vec![address(1), address(2), domain("c.test")], &interrupt).await;
    assert!(cut.has_gaps());
    assert_eq!(cut.subjects.len(), 3);
    assert_eq!(lookups.asked().len(), after);
}

/// The confirmation of what was heard before the stop is still asked for, until nothing is.
#[tokio::test(start_paused = true)]
async fn a_listing_is_confirmed_after_the_stop_and_not_after_the_end() {
    for (abort, gaps) in [(false, false), (true, true)] {
        let slow = scripted().delayed("1.2.0.192.alpha.example", std::time::Duration::from_secs(1));
        let (_, lists) = proved(slow, &[], Allowance::default()).await;
        let interrupt = Interrupt::default();
        let stop = async {
            // Behind the answer, before the one with its text.
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            interrupt.finish.cancel();
            if abort {
                interrupt.abort.cancel();
            }
        };
        let (listed, ()) = join(lists.about(vec![address(1)], &interrupt), stop).await;
        assert_eq!(listed.confirmations.len(), 1);
        assert_eq!(listed.has_gaps(), gaps, "{listed:?}");
    }
}

/// Proofs count as well.
#[tokio::test]
async fn a_list_is_asked_until_its_allowance_is_spent() {
    let proofs = 2 + 3 + 3;
    let allowance = || Allowance::new([("alpha".to_owned(), proofs + 2)], |_| {});
    let (lookups, lists) = proved(scripted(), &[], allowance()).await;
    let count = |lookups: &ScriptedLookups| lookups.asked_below("alpha.example");
    assert_eq!(count(&lookups), 8);
    for (last, want) in [(2, Standing::NotListed), (3, Standing::NotListed), (4, Standing::Unknown)]
    {
        assert_eq!(standing(&lists, address(last)).await, want, "{last}");
    }
    assert_eq!(count(&lookups), 10);
}
