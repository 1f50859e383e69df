use super::*;
use crate::dnsbl::{OwnZones, SubjectKind, Weight, Zone};
use crate::evidence::listing::{
    EntryEvidence, Listings, Preflight, Skipped, Subject, SubjectEvidence, ZoneAnswer, ZoneEvidence,
};
use crate::evidence::lookup::{Lookup, LookupAnswer, LookupKind};

use LookupAnswer::{NoData, NoSuchName, NotAsked, ServerFailure, Timeout};

fn zone(id: &str) -> Zone {
    let text = format!(
        "[[zone]]\nid = \"{id}\"\nzone = \"bl.{id}.example\"\nkind = \"ipv4\"\ncodes = [\n\
         {{ first = \"127.0.0.2\", meaning = \"spam\", weight = \"critical\", listing = true }},\n\
         {{ first = \"127.0.0.10\", meaning = \"policy\", weight = \"minor\", listing = true }},\n\
         {{ first = \"127.0.0.20\", meaning = \"good\", weight = \"info\", listing = false }},\n]\n"
    );
    OwnZones::read(&text, "own.toml").unwrap().zones().next().unwrap().clone()
}

fn addresses(all: &[&str]) -> LookupAnswer {
    LookupAnswer::Addresses(all.iter().map(|text| text.parse().unwrap()).collect())
}

fn lookup(name: &str, answer: LookupAnswer) -> Lookup {
    Lookup { name: name.into(), kind: LookupKind::A, answer }
}

/// A zone that answered its test entry, what it must not list, a random label and its own name so.
fn proved(positive: LookupAnswer, negative: LookupAnswer, random: LookupAnswer) -> ZoneEvidence {
    ZoneEvidence {
        zone: zone("a"),
        skipped: None,
        authority: Some(lookup("bl.a.example", LookupAnswer::Authority("a.example".into()))),
        random: Some(lookup("x.bl.a.example", random)),
        entries: vec![EntryEvidence {
            kind: SubjectKind::Ipv4,
            positive: Some(lookup("2.0.0.127.bl.a.example", positive)),
            positive_text: Some(lookup("2.0.0.127.bl.a.example", NoData)),
            negative: Some(lookup("1.0.0.127.bl.a.example", negative)),
            negative_again: None,
        }],
    }
}

fn healthy() -> ZoneEvidence {
    proved(addresses(&["127.0.0.2"]), NoSuchName, NoSuchName)
}

fn state(evidence: &ZoneEvidence) -> &'static str {
    health(evidence, SubjectKind::Ipv4).state.as_str()
}

#[test]
fn zones_and_their_states() {
    let two = || addresses(&["127.0.0.2"]);
    let parked = || addresses(&["203.0.113.7"]);
    let refusal = || addresses(&["127.255.255.254"]);
    let table = [
        ("healthy", proved(two(), NoSuchName, NoSuchName)),
        ("healthy", proved(two(), NoData, NoData)),
        ("lists-world", proved(two(), two(), NoSuchName)),
        ("lists-world", proved(two(), NoSuchName, two())),
        ("lists-world", proved(two(), addresses(&["127.0.0.1"]), NoSuchName)),
        ("parked", proved(parked(), parked(), parked())),
        ("parked", proved(two(), NoSuchName, parked())),
        ("refused", proved(refusal(), refusal(), NoSuchName)),
        ("refused", proved(two(), refusal(), NoSuchName)),
        ("refused", proved(LookupAnswer::Refused, LookupAnswer::Refused, LookupAnswer::Refused)),
        ("silent", proved(Timeout, Timeout, Timeout)),
        ("silent", proved(two(), Timeout, NoSuchName)),
        ("silent", proved(two(), NoSuchName, Timeout)),
        ("emptied", proved(NoSuchName, NoSuchName, NoSuchName)),
        ("broken", proved(NoData, NoData, NoSuchName)),
        ("broken", proved(ServerFailure, ServerFailure, ServerFailure)),
        ("broken", proved(two(), NoSuchName, ServerFailure)),
        ("broken", proved(LookupAnswer::Bogus, NoSuchName, NoSuchName)),
        ("broken", proved(LookupAnswer::Truncated, NoSuchName, NoSuchName)),
        ("broken", proved(LookupAnswer::OtherCode(1), NoSuchName, NoSuchName)),
        ("broken", proved(addresses(&["127.0.0.99"]), NoSuchName, NoSuchName)),
        ("unproven", proved(NotAsked, NotAsked, NotAsked)),
    ];
    for (want, evidence) in table {
        assert_eq!(state(&evidence), want, "{evidence:?}");
    }
}

#[test]
fn a_zone_without_its_test_entry_is_gone_or_emptied_or_nobody_knows() {
    let mut evidence = proved(NoSuchName, NoSuchName, NoSuchName);
    for (answer, want) in [
        (LookupAnswer::Authority("a.example".into()), "emptied"),
        (NoData, "emptied"),
        (NoSuchName, "gone"),
        (ServerFailure, "broken"),
        (Timeout, "broken"),
    ] {
        evidence.authority = Some(lookup("bl.a.example", answer));
        assert_eq!(state(&evidence), want, "{:?}", evidence.authority);
    }
}

#[test]
fn a_zone_that_was_not_asked() {
    let mut evidence = healthy();
    for (skipped, want) in [
        (Skipped::Dead, "tombstoned"),
        (Skipped::NoKey, "unregistered"),
        (Skipped::NotRegistered, "unregistered"),
        (Skipped::OtherKind, "unproven"),
    ] {
        evidence.skipped = Some(skipped);
        assert_eq!(state(&evidence), want);
    }
    let mut evidence = healthy();
    evidence.random = None;
    assert_eq!(state(&evidence), "unproven");
    let mut evidence = healthy();
    evidence.entries[0].negative = None;
    assert_eq!(state(&evidence), "unproven");
    assert_eq!(health(&healthy(), SubjectKind::Ipv6).state, ZoneState::Unproven);
}

/// A zone that documents no test entry can still be seen to be gone, and no more than that.
#[test]
fn a_zone_without_test_entries_is_gone_or_unproven() {
    let mut evidence = proved(NotAsked, NotAsked, NoSuchName);
    evidence.entries[0].positive = None;
    assert_eq!(state(&evidence), "unproven");
    evidence.authority = Some(lookup("bl.a.example", NoSuchName));
    assert_eq!(state(&evidence), "gone");
    evidence.random = Some(lookup("x.bl.a.example", Timeout));
    assert_eq!(state(&evidence), "silent");
}

/// A run of one zone about 192.0.2.10, which answers so.
fn run(zones: Vec<ZoneEvidence>, answers: Vec<LookupAnswer>) -> Listings {
    let answers = zones.iter().zip(answers).map(|(zone, answer)| ZoneAnswer {
        zone: zone.zone.id.clone(),
        lookup: lookup(&format!("10.2.0.192.{}", zone.zone.zone), answer),
        text: None,
    });
    Listings {
        registry_version: 1,
        registry_date: jiff::civil::date(2026, 1, 1),
        resolvers: vec!["127.0.0.1:53".into()],
        preflight: Preflight { invalid: Some(lookup("x.invalid", NoSuchName)) },
        subjects: vec![SubjectEvidence {
            subject: Subject::Address([192, 0, 2, 10].into()),
            answers: answers.collect(),
        }],
        zones,
    }
}

/// A healthy zone whose entry that it must not list was asked again.
fn again(answer: Option<LookupAnswer>) -> ZoneEvidence {
    let mut zone = healthy();
    zone.entries[0].negative_again = answer.map(|answer| lookup("1.0.0.127.bl.a.example", answer));
    zone
}

fn said(run: &Listings) -> (&'static str, String) {
    let verdict = listings(run).remove(0);
    let word = match &verdict.words[0].word {
        Word::Listed(_) => format!("listed {:?}", verdict.words[0].weight().unwrap()),
        Word::Noted(_) => "noted".to_owned(),
        Word::NotListed => "not-listed".to_owned(),
        Word::Unknown(why, _) => (*why).to_owned(),
    };
    (verdict.standing.as_str(), word)
}

#[test]
fn what_a_zone_says_of_a_subject() {
    let sound = || again(Some(NoSuchName));
    let table = [
        (sound(), NoSuchName, "not-listed", "not-listed"),
        (sound(), NoData, "not-listed", "not-listed"),
        (sound(), addresses(&["127.0.0.2"]), "listed", "listed Critical"),
        (sound(), addresses(&["127.0.0.2", "127.0.0.10"]), "listed", "listed Critical"),
        (sound(), addresses(&["127.0.0.10"]), "listed", "listed Minor"),
        (sound(), addresses(&["127.0.0.20"]), "not-listed", "noted"),
        // Undocumented: a listing, and no more than information.
        (sound(), addresses(&["127.0.0.77"]), "not-listed", "listed Info"),
        (sound(), addresses(&["127.0.0.1"]), "not-listed", "noted"),
        (sound(), addresses(&["127.0.0.2", "203.0.113.7"]), "unknown", "parked"),
        (sound(), addresses(&["127.255.255.255"]), "unknown", "refused"),
        (sound(), LookupAnswer::Refused, "unknown", "refused"),
        (sound(), Timeout, "unknown", "silent"),
        (sound(), ServerFailure, "unknown", "broken"),
        (sound(), NotAsked, "unknown", "not-asked"),
        // It began to list everything in the middle of the run, or nobody knows that it did not.
        (
            again(Some(addresses(&["127.0.0.2"]))),
            addresses(&["127.0.0.2"]),
            "unknown",
            "lists-world",
        ),
        (again(Some(Timeout)), addresses(&["127.0.0.2"]), "unknown", "broken"),
        (again(None), addresses(&["127.0.0.2"]), "unknown", "unproven"),
        (proved(NoSuchName, NoSuchName, NoSuchName), NoSuchName, "unknown", "emptied"),
        (proved(Timeout, Timeout, Timeout), addresses(&["127.0.0.2"]), "unknown", "silent"),
    ];
    for (zone, answer, standing, word) in table {
        let run = run(vec![zone], vec![answer]);
        assert_eq!(said(&run), (standing, word.to_owned()), "{run:#?}");
    }
}

#[test]
fn standing_and_coverage_count_usable_block_lists() {
    let named = |id: &str, mut evidence: ZoneEvidence| {
        evidence.zone = zone(id);
        evidence
    };
    let dead = || named("b", proved(NoSuchName, NoSuchName, NoSuchName));
    let mut allow = named("c", again(Some(NoSuchName)));
    allow.zone.purpose = crate::dnsbl::Purpose::Allow;
    let verdict = listings(&run(vec![healthy(), dead()], vec![NoSuchName])).remove(0);
    assert_eq!((verdict.standing, verdict.usable, verdict.wanted), (Standing::NotListed, 1, 2));
    assert_eq!(verdict.coverage(), 50);
    // What good lists say makes nobody known to the bad ones.
    let verdict = listings(&run(vec![allow, dead()], vec![NoSuchName, NoSuchName])).remove(0);
    assert_eq!((verdict.standing, verdict.usable, verdict.wanted), (Standing::Unknown, 0, 1));
    assert_eq!(verdict.coverage(), 0);
}

#[test]
fn a_resolver_that_lies_makes_everything_unknown() {
    let faults = |run: &Listings| -> Vec<_> {
        resolver_faults(run).into_iter().map(|fault| (fault.id, fault.disqualifies)).collect()
    };
    let mut one = run(vec![healthy()], vec![NoSuchName]);
    assert_eq!((faults(&one), said(&one).0), (vec![], "not-listed"));
    one.preflight.invalid = Some(lookup("x.invalid", addresses(&["203.0.113.9"])));
    assert_eq!(faults(&one), [("resolver-rewrites", true)]);
    assert_eq!(said(&one), ("unknown", "resolver".to_owned()));
    for unknown in [Timeout, ServerFailure, NoSuchName] {
        one.preflight.invalid = Some(lookup("x.invalid", unknown));
        assert_eq!(faults(&one), []);
    }
    one.resolvers = vec!["8.8.8.8:53".into()];
    assert_eq!(faults(&one), [("resolver-public", false)]);
    assert_eq!(said(&one).0, "not-listed");
}

#[test]
fn two_unrelated_zones_without_data_show_a_resolver_that_strips() {
    let stripped = |id: &str| {
        let mut evidence = proved(NoData, NoSuchName, NoSuchName);
        evidence.zone = zone(id);
        evidence
    };
    let ids = |zones: Vec<ZoneEvidence>| -> Vec<_> {
        resolver_faults(&run(zones, vec![])).iter().map(|fault| fault.id).collect()
    };
    assert_eq!(ids(vec![stripped("a"), stripped("b")]), ["resolver-strips-loopback"]);
    assert_eq!(ids(vec![stripped("a"), healthy()]), Vec::<&str>::new());
    let mut sister = stripped("a");
    sister.zone.zone = "other.a.example".into();
    assert_eq!(ids(vec![stripped("a"), sister]), Vec::<&str>::new(), "one operator");
}

#[test]
fn lists_do_not_all_end_on_one_day() {
    let gone = |id: &str, authority: LookupAnswer| {
        let mut evidence = proved(NoSuchName, NoSuchName, NoSuchName);
        evidence.zone = zone(id);
        evidence.authority = Some(lookup("bl.example", authority));
        evidence
    };
    let ids = |zones: Vec<ZoneEvidence>| -> Vec<_> {
        resolver_faults(&run(zones, vec![])).iter().map(|fault| fault.id).collect()
    };
    let known = || LookupAnswer::Authority("b.example".into());
    assert_eq!(ids(vec![gone("a", NoSuchName), gone("b", NoSuchName)]), ["resolver-knows-nothing"]);
    assert_eq!(ids(vec![gone("a", NoSuchName), gone("b", known())]), Vec::<&str>::new());
    assert_eq!(ids(vec![gone("a", NoSuchName)]), Vec::<&str>::new());
    assert_eq!(ids(vec![gone("a", NoSuchName), gone("b", Timeout)]), Vec::<&str>::new());
}

#[test]
fn texts_that_nobody_gives() {
    let with_text = |id: &str, answer: LookupAnswer| {
        let mut evidence = healthy();
        evidence.zone = zone(id);
        evidence.entries[0].positive_text = Some(lookup("2.0.0.127", answer));
        evidence
    };
    let ids = |a: LookupAnswer, b: LookupAnswer| -> Vec<_> {
        let zones = vec![with_text("a", a), with_text("b", b)];
        resolver_faults(&run(zones, vec![])).iter().map(|fault| fault.id).collect()
    };
    assert_eq!(ids(Timeout, ServerFailure), ["resolver-blocks-txt"]);
    assert_eq!(ids(Timeout, NoData), Vec::<&str>::new());
    assert_eq!(ids(NotAsked, NotAsked), Vec::<&str>::new());
}

#[test]
fn findings_of_listings() {
    let mut listed =
        run(vec![again(Some(NoSuchName))], vec![addresses(&["127.0.0.2", "127.0.0.77"])]);
    let found = listing_findings(&listings(&listed)[0]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, "listed-critical");
    assert_eq!(
        found[0].summary,
        "192.0.2.10 is listed in bl.a.example: 127.0.0.2 (spam), 127.0.0.77 (not documented)"
    );
    assert_eq!(found[0].notes, ["10.2.0.192.bl.a.example A: 127.0.0.2, 127.0.0.77"]);
    for (answer, id) in [
        ("127.0.0.10", Some("listed-minor")),
        ("127.0.0.77", Some("listed-info")),
        ("127.0.0.20", None),
    ] {
        listed.subjects[0].answers[0].lookup.answer = addresses(&[answer]);
        let found = listing_findings(&listings(&listed)[0]);
        assert_eq!(found.first().map(|finding| finding.id), id, "{answer}");
    }
    assert_eq!(resolver_findings(&listed).len(), 0);
    assert!(Weight::Critical > Weight::Minor);
}
