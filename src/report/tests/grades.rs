//! What the writers say of a grade.

use serde_json::json;

use super::*;
use crate::grade::{CheckOutcome, CheckResult, Policy, grade};
use crate::report::model::{GradeReasonReport, GradeReport};

/// The embedded policy as it will be when every check is built, so that each letter can be had.
fn complete() -> Policy {
    let mut policy = Policy::embedded().unwrap();
    let checks = policy.categories.iter_mut().flat_map(|category| &mut category.checks);
    checks.for_each(|check| check.built = true);
    policy
}

/// A closed host with this grade: every check passed but those that are given.
fn graded(policy: &Policy, others: &[(&str, CheckOutcome)]) -> HostReport {
    let checks = policy.categories.iter().flat_map(|category| &category.checks);
    let results = checks.map(|check| {
        let other = others.iter().find(|(id, _)| *id == check.id);
        let outcome = other.map_or(CheckOutcome::Pass, |(_, outcome)| outcome.clone());
        // A warning is the one that a cap asks for, where one asks for any.
        let cap = policy.caps.iter().find(|cap| cap.check == check.id && cap.finding.is_some());
        let finding = cap.filter(|_| outcome == CheckOutcome::Warn).and_then(|c| c.finding.clone());
        let result = CheckResult::new(&check.id, outcome, format!("what {} saw", check.id));
        CheckResult { finding, ..result }
    });
    let grade = grade(policy, &results.collect::<Vec<_>>());
    HostReport { grade: GradeReport::of(&grade), ..report(&closed()) }
}

/// What stands under the line of a host.
fn below(host: &HostReport) -> String {
    text_of(host.clone()).split_once('\n').unwrap().1.to_owned()
}

#[test]
fn each_letter_has_its_lines() {
    use CheckOutcome::{Fail, Unknown, Warn};
    let unknown = || Unknown("deferred".into());
    let table = [
        (
            "A+",
            "relay.variants",
            CheckOutcome::Pass,
            "    relay A+ · transport A+ · identity A+ · domain A+ · reputation A+ · operations A+   \
             score 100, coverage 100 %, policy mxaudit 1\n",
        ),
        (
            "A",
            "operations.postmaster",
            Warn,
            "    relay A+ · transport A+ · identity A+ · domain A+ · reputation A+ · operations B   \
             score 99, coverage 100 %, policy mxaudit 1
    why: -0.9 points: what operations.postmaster saw
    one letter up: mend operations.postmaster, so that mail for postmaster is accepted
",
        ),
        (
            "B",
            "reputation.address",
            Warn,
            "    relay A+ · transport A+ · identity A+ · domain A+ · reputation C · operations A+   \
             score 97, coverage 100 %, policy mxaudit 1
    why: at most B: a widely used block list has the address; -3.0 points: what reputation.address
      saw
    one letter up: mend reputation.address, so that no block list has the address
",
        ),
        (
            "C",
            "identity.fcrdns",
            Fail,
            "    relay A+ · transport A+ · identity D · domain A+ · reputation A+ · operations A+   \
             score 94, coverage 100 %, policy mxaudit 1
    why: at most C: the address has no name that points back to it; -6.0 points: what
      identity.fcrdns saw
    one letter up: mend identity.fcrdns, so that the address has a name that points back to it
",
        ),
        (
            "D",
            "transport.starttls",
            Fail,
            "    relay A+ · transport D · identity A+ · domain A+ · reputation A+ · operations A+   \
             score 92, coverage 100 %, policy mxaudit 1
    why: at most D: mail travels in the clear; -7.5 points: what transport.starttls saw
    one letter up: mend transport.starttls, so that STARTTLS is offered and works
",
        ),
        (
            "N",
            "relay.variants",
            unknown(),
            "    relay N · transport A+ · identity A+ · domain A+ · reputation A+ · operations A+   \
             no score, coverage 85 %, policy mxaudit 1
    why: not graded: whether the server relays is not known; at most B: 85 % of what the policy asks
      for was tested; 15.0 % untested: unknown (deferred): what relay.variants saw
    one letter up: test relay.variants, so that no form of a stranger's mail for a stranger is
      accepted
",
        ),
        (
            "F",
            "relay.variants",
            Fail,
            "    relay F · transport A+ · identity A+ · domain A+ · reputation A+ · operations A+   \
             score 85, coverage 100 %, policy mxaudit 1
    why: at most F: strangers can send mail to strangers through this server; -15.0 points: what
      relay.variants saw
    one letter up: mend relay.variants, so that no form of a stranger's mail for a stranger is
      accepted
",
        ),
    ];
    let policy = complete();
    let quiet = Options { quiet: true, ..Options::default() };
    let rest = "   closed   proof none   2 of 2 probes judged   1 connection, 7 commands\n";
    for (letter, check, outcome, want) in table {
        let host = graded(&policy, &[(check, outcome)]);
        let line = format!("mx1.example.test:25 (192.0.2.1)   {letter}{rest}");
        assert_eq!(text_of(host.clone()), format!("{line}{want}"));
        assert_eq!(text(&run(vec![host], Vec::new()), quiet), line, "quiet is one line");
    }
}

#[test]
fn the_grade_comes_from_the_evidence() {
    for (evidence, letter, score, categories, first) in [
        (open(), "F", "2", "relay F, operations N", "relay-accepted: strangers can send"),
        (closed(), "B", "100", "relay A+, operations N", "coverage: 88 % of what"),
        (deferred(), "N", "", "operations N", "relay-unknown: whether the server relays"),
        (unreachable(), "N", "", "", "relay-unknown: whether the server relays"),
    ] {
        let report = run(vec![report(&evidence)], Vec::new());
        let host = &report.hosts[0];
        assert_eq!(host.grade.letter, letter);
        let row = tables::read(&written(|out| csv::write_hosts(&report, out))).remove(0);
        assert_eq!(row["Grade"], letter);
        assert_eq!(row["Score"], score, "{letter}");
        assert_eq!(row["Graded categories"], categories, "{letter}");
        assert!(row["Reasons for the grade"].starts_with(first), "{row:?}");
        assert_eq!(report.summary.worst, Some(letter));
    }
}

#[test]
fn an_open_relay_is_an_f_and_the_cap_is_said_first() {
    let report = run(vec![report(&open())], Vec::new());
    let below = text(&report, Options::default());
    let below = below.split_once("11 commands\n").unwrap().1;
    let want = "    relay F · operations N   score 2, coverage 58 %, policy mxaudit 1
    why: at most F: strangers can send mail to strangers through this server; ";
    assert!(below.starts_with(want), "{below}");
    let (_, value) = json_of(&report);
    let first = json!({
        "rule": "relay-accepted",
        "text": "strangers can send mail to strangers through this server",
        "effect": "at most F",
    });
    assert_eq!(value.pointer("/hosts/0/grade/reasons/0"), Some(&first));
}

#[test]
fn what_was_not_judged_is_named_or_left_out() {
    assert!(below(&report(&deferred())).contains("relay untested · operations N   no score, "));
    let host = report(&unreachable());
    assert!(
        text_of(host.clone()).contains("\n    relay untested · operations untested   no score, ")
    );
    let standing = |host: &HostReport| {
        let (_, value) = json_of(&run(vec![host.clone()], Vec::new()));
        let of = |category: &Value| (category["standing"].clone(), category["score"].clone());
        let categories = value.pointer("/hosts/0/grade/categories").unwrap();
        categories.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let none = |word: &str| (json!(word), Value::Null);
    let planned = [(); 3].map(|()| none("not-built"));
    let (first, last) = ([none("untested")], [none("not-applicable"), none("untested")]);
    let untested = [&first[..], &planned[..], &last[..]].concat();
    assert_eq!(standing(&host), untested);
    let policy = complete();
    let of_category = |id: &str, outcome: &CheckOutcome| {
        let category = policy.categories.iter().find(|category| category.id == id).unwrap();
        let others = category.checks.iter().map(|check| (check.id.as_str(), outcome.clone()));
        graded(&policy, &others.collect::<Vec<_>>())
    };
    let host = of_category("domain", &CheckOutcome::NotApplicable);
    assert_eq!(standing(&host)[3], none("not-applicable"));
    assert!(!below(&host).contains("domain"), "it counts nowhere");
    assert!(!host.grade.judged_categories.contains(&"domain".to_owned()));
    let host = of_category("domain", &CheckOutcome::Skipped);
    assert!(below(&host).contains(" · domain untested · "));
    let mut host = graded(&policy, &[]);
    host.grade.categories.clear();
    assert!(below(&host).starts_with("    nothing asked   score "));
}

#[test]
fn reasons_are_few_and_short() {
    let mut host = report(&closed());
    let reason = |at: usize| GradeReasonReport {
        rule: format!("rule-{at}"),
        text: if at == 1 { "x".repeat(301) } else { format!("text {at}") },
        effect: format!("-{at}.0 points"),
    };
    host.grade.one_letter_up = vec!["mend this".into(), "test that".into()];
    for (count, want) in [
        (0, ""),
        (4, "; -2.0 points: text 2; -3.0 points: text 3\n"),
        (5, "; -2.0 points: text 2; -3.0 points: text 3; and 1 more\n"),
        (9, "; -2.0 points: text 2; -3.0 points: text 3; and 5 more\n"),
    ] {
        host.grade.reasons = (0..count).map(reason).collect();
        let wide = Options { width: 1000, ..Options::default() };
        let text = text(&run(vec![host.clone()], Vec::new()), wide);
        let start = format!("why: -0.0 points: text 0; -1.0 points: {}… (1 more)", "x".repeat(300));
        let why = text.lines().find_map(|line| line.strip_prefix(&format!("    {start}")));
        assert_eq!(why.map(|rest| format!("{rest}\n")).unwrap_or_default(), want);
        assert_eq!(text.contains("why"), count > 0);
        assert!(text.ends_with("\n    one letter up: mend this; test that\n"));
    }
    host.grade.reasons = (0..9).map(reason).collect();
    let report = run(vec![host], Vec::new());
    let row = tables::read(&written(|out| csv::write_hosts(&report, out))).remove(0);
    assert!(row["Reasons for the grade"].starts_with("rule-0: text 0 (-0.0 points) | rule-1: xx"));
    assert!(row["Reasons for the grade"].ends_with(" | rule-8: text 8 (-8.0 points)"));
}

#[test]
fn a_run_counts_letters_and_has_no_mean() {
    let hosts: Vec<_> = [open(), closed(), deferred(), closed()].iter().map(report).collect();
    let counts = |hosts: &[HostReport]| {
        let (_, value) = json_of(&run(hosts.to_vec(), Vec::new()));
        (value.pointer("/summary/grades").unwrap().clone(), value["summary"]["worst"].clone())
    };
    let letters =
        |b: u32, n: u32, f: u32| json!({"A+": 0, "A": 0, "B": b, "C": 0, "D": 0, "N": n, "F": f});
    assert_eq!(counts(&hosts), (letters(2, 1, 1), json!("F")));
    assert_eq!(counts(&hosts[1..]), (letters(2, 1, 0), json!("N")), "N is worse than a letter");
    assert_eq!(counts(&hosts[3..]), (letters(1, 0, 0), json!("B")));
    assert_eq!(counts(&[]), (letters(0, 0, 0), Value::Null));
    let policy = complete();
    for (check, letter) in [
        ("", "A+"),
        ("protocol.conformance", "A"),
        ("identity.fcrdns", "C"),
        ("transport.starttls", "D"),
    ] {
        let host = graded(&policy, &[(check, CheckOutcome::Fail)]);
        let (counted, worst) = counts(&[host]);
        assert_eq!((&counted[letter], &worst), (&json!(1), &json!(letter)));
    }
}

#[test]
fn letters_have_colours() {
    let coloured = |letter: &'static str| {
        let mut host = report(&closed());
        host.grade.letter = letter;
        let text = bytes(&run(vec![host], Vec::new()), Options::default());
        let before = text.split_once(&format!("{letter}\u{1b}[0m   ")).unwrap().0.to_owned();
        before.rsplit_once("   ").unwrap().1.to_owned()
    };
    let (green, yellow, red) = ("\u{1b}[32m", "\u{1b}[33m", "\u{1b}[31m");
    let bold = "\u{1b}[1m";
    for (letter, want) in [
        ("A+", format!("{bold}{green}")),
        ("A", format!("{bold}{green}")),
        ("B", green.to_owned()),
        ("C", yellow.to_owned()),
        ("D", red.to_owned()),
        ("N", format!("{bold}{yellow}")),
        ("F", format!("{bold}{red}")),
    ] {
        assert_eq!(coloured(letter), want, "{letter}");
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let once = || graded(&complete(), &[("relay.variants", CheckOutcome::Warn)]);
    let both = || run(vec![once(), report(&deferred())], Vec::new());
    assert_eq!(all_forms(&both()), all_forms(&both()));
    assert_eq!(bytes(&both(), Options::default()), bytes(&both(), Options::default()));
}
