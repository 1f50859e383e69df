//! What lists say, as the grade sees it.

use crate::dnsbl::{Hit, OwnZones, Purpose, Weight, Zone};
use crate::evidence::listing::Subject;
use crate::grade::{CheckOutcome, CheckResult, Letter, Policy, grade, listing_results};
use crate::verdict::listing::{Health, Standing, SubjectVerdict, Word, ZoneState, ZoneWord};

fn zone(id: &str) -> Zone {
    let text = format!("[[zone]]\nid = \"{id}\"\nzone = \"bl.{id}.example\"\nkind = \"ipv4\"\n");
    OwnZones::read(&text, "own.toml").unwrap().zones().next().unwrap().clone()
}

fn says(id: &str, word: Word) -> ZoneWord {
    let (text, remedy) = (String::new(), String::new());
    let health = Health { state: ZoneState::Healthy, text, remedy, shown: Vec::new() };
    ZoneWord { zone: zone(id), health, word, answer: None }
}

fn listed(weight: Weight) -> Word {
    let answer = [127, 0, 0, 2].into();
    Word::Listed(vec![Hit { answer, bit: None, meaning: None, weight, listing: true }])
}

fn unknown() -> Word {
    Word::Unknown("silent", "no answer in time".into())
}

/// What these words make of an address.
fn address(words: Vec<Word>) -> SubjectVerdict {
    let words: Vec<_> =
        words.into_iter().zip('a'..).map(|(word, id)| says(&id.to_string(), word)).collect();
    let usable = words.iter().filter(|word| !matches!(word.word, Word::Unknown(..))).count();
    let scored = words.iter().any(|word| word.weight().is_some_and(|w| w > Weight::Info));
    let standing = match (scored, usable) {
        (true, _) => Standing::Listed,
        (false, 0) => Standing::Unknown,
        (false, _) => Standing::NotListed,
    };
    let wanted = words.iter().filter(|word| word.zone.purpose == Purpose::Block).count();
    SubjectVerdict {
        subject: Subject::Address([192, 0, 2, 1].into()),
        standing,
        wanted,
        usable,
        words,
    }
}

fn domain(name: &str, words: Vec<Word>) -> SubjectVerdict {
    SubjectVerdict { subject: Subject::Domain(name.into()), ..address(words) }
}

/// The outcomes for the address and for the domain, with the finding.
fn outcomes(subjects: &[SubjectVerdict]) -> Vec<String> {
    let word = |result: CheckResult| match (&result.outcome, &result.finding) {
        (CheckOutcome::Unknown(why), _) => format!("unknown {why}"),
        (outcome, Some(finding)) => format!("{outcome:?} {finding} {}", result.tested),
        (outcome, None) => format!("{outcome:?} {}", result.tested),
    };
    listing_results(subjects).into_iter().map(word).collect()
}

#[test]
fn what_lists_say_of_a_host() {
    use Word::NotListed;
    let table = [
        (vec![NotListed, NotListed], "Pass 100"),
        (vec![NotListed, unknown()], "Pass 50"),
        (vec![unknown(), unknown()], "unknown silent"),
        (vec![], "unknown no-list"),
        (vec![listed(Weight::Critical), listed(Weight::Minor)], "Fail listed-critical 100"),
        (vec![listed(Weight::Major), unknown()], "Warn listed-major 50"),
        (vec![listed(Weight::Minor), NotListed], "Warn listed-minor 100"),
        (vec![listed(Weight::Info), NotListed], "Pass 100"),
    ];
    for (words, want) in table {
        assert_eq!(outcomes(&[address(words.clone())]), [want, "NotApplicable 100"], "{words:?}");
        let named = domain("a.example", words.clone());
        assert_eq!(outcomes(&[named]), ["NotApplicable 100", want], "{words:?}");
    }
    assert_eq!(outcomes(&[]), ["NotApplicable 100", "NotApplicable 100"]);
    let unasked = SubjectVerdict::unasked(Subject::Domain("a.example".into()));
    assert_eq!(outcomes(&[unasked])[1], "unknown no-list");
}

#[test]
fn of_several_domains_the_worst_counts() {
    let good = domain("a.example", vec![Word::NotListed]);
    let bad = domain("b.example", vec![listed(Weight::Major)]);
    let silent = domain("c.example", vec![unknown()]);
    assert_eq!(outcomes(&[good.clone(), bad.clone(), silent.clone()])[1], "Warn listed-major 100");
    assert_eq!(outcomes(&[good, silent])[1], "unknown silent");
}

/// Lists that stop answering take nothing away and give nothing.
#[test]
fn silence_never_helps() {
    let policy = Policy::embedded().unwrap();
    let letter = |words: Vec<Word>| {
        let passed = ["relay.variants", "operations.postmaster", "operations.null-sender"];
        let passed = passed.into_iter().chain(["protocol.conformance"]);
        let mut results: Vec<_> =
            passed.map(|id| CheckResult::new(id, CheckOutcome::Pass, "")).collect();
        results.extend(listing_results(&[address(words)]));
        grade(&policy, &results).letter
    };
    assert_eq!(letter(vec![Word::NotListed, Word::NotListed]), Letter::APlus);
    assert_eq!(letter(vec![Word::NotListed, unknown()]), Letter::B, "88 % were tested");
    assert_eq!(letter(vec![unknown(), unknown()]), Letter::B);
    assert_eq!(letter(vec![listed(Weight::Critical), Word::NotListed]), Letter::C);
    assert_eq!(letter(vec![listed(Weight::Major), Word::NotListed]), Letter::B);
    assert_eq!(letter(vec![listed(Weight::Minor), Word::NotListed]), Letter::B);
}
