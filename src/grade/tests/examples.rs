//! Worked examples, under the embedded policy as it is and as it will be with every check built.

use crate::grade::CheckOutcome::{Fail, NotApplicable, Pass, Skipped, Warn};
use crate::grade::{
    Cap, CheckOutcome, CheckResult, Effect, Grade, Letter, Policy, Standing, grade,
};

fn unknown() -> CheckOutcome {
    CheckOutcome::Unknown("timeout".into())
}

/// Every built check passes, save those named; a name may be a whole category, or `*`.
fn host(policy: &Policy, changed: &[(&str, CheckOutcome)]) -> Vec<CheckResult> {
    let mut results = Vec::new();
    for category in &policy.categories {
        for check in category.checks.iter().filter(|check| check.built) {
            let names = |name: &str| ["*", &category.id, &check.id].contains(&name);
            let change = changed.iter().rev().find(|(name, _)| names(name));
            let outcome = change.map_or(Pass, |(_, outcome)| outcome.clone());
            // A warning is the one that a cap asks for, where one asks for any.
            let asked = |cap: &&Cap| cap.check == check.id && cap.finding.is_some();
            let cap = policy.caps.iter().find(asked).filter(|_| outcome == Warn);
            let finding = cap.and_then(|cap| cap.finding.clone());
            results.push(CheckResult { finding, ..CheckResult::new(&check.id, outcome, "") });
        }
    }
    results
}

fn with(policy: &Policy, changed: &[(&str, CheckOutcome)]) -> Grade {
    for (name, _) in changed {
        let known = policy.find(name).is_some() || *name == "*";
        assert!(known || policy.categories.iter().any(|c| c.id == *name), "{name}");
    }
    grade(policy, &host(policy, changed))
}

#[test]
fn hosts_and_their_grades() {
    let policy = Policy::complete();
    type Row<'a> = (&'a str, &'a [(&'a str, CheckOutcome)], Option<u32>, u32, Letter);
    let table: &[Row<'_>] = &[
        ("everything passes", &[], Some(100), 100, Letter::APlus),
        ("an open relay", &[("relay.variants", Fail)], Some(85), 100, Letter::F),
        (
            "no transport policy, DMARC asks for nothing",
            &[("transport.policy", Fail), ("transport.tls-rpt", Fail), ("domain.dmarc", Warn)],
            Some(90),
            100,
            Letter::B,
        ),
        (
            "a host of a range, no domain",
            &[("domain", NotApplicable), ("reputation.domain", NotApplicable)],
            Some(100),
            100,
            Letter::APlus,
        ),
        ("no block list usable", &[("reputation", unknown())], Some(100), 90, Letter::A),
        (
            "no STARTTLS",
            &[("transport", NotApplicable), ("transport.starttls", Fail)],
            Some(75),
            100,
            Letter::D,
        ),
        (
            "no PTR, HELO localhost",
            &[("identity.fcrdns", Fail), ("identity.helo", Fail)],
            Some(90),
            100,
            Letter::C,
        ),
        ("a critical listing", &[("reputation.address", Fail)], Some(94), 100, Letter::C),
        ("a major listing", &[("reputation.address", Warn)], Some(97), 100, Letter::B),
        ("relay test deferred", &[("relay.variants", unknown())], Some(100), 85, Letter::N),
        (
            "all fails but the relay tests",
            &[("*", Fail), ("relay.variants", Pass), ("relay.submission", Pass)],
            Some(22),
            100,
            Letter::F,
        ),
        ("everything fails", &[("*", Fail)], Some(0), 100, Letter::F),
        ("nothing is known", &[("*", unknown())], None, 0, Letter::N),
        ("nothing applies", &[("*", NotApplicable)], None, 0, Letter::N),
        ("one warning", &[("operations.vrfy", Warn)], Some(99), 100, Letter::A),
        ("one small failure", &[("operations.vrfy", Fail)], Some(99), 100, Letter::A),
        ("one skipped", &[("operations.vrfy", Skipped)], Some(100), 99, Letter::A),
        ("a cap that allows A", &[("transport.policy", Warn)], Some(97), 100, Letter::A),
        (
            "more than a tenth unknown",
            &[("reputation", unknown()), ("operations.vrfy", unknown())],
            Some(100),
            89,
            Letter::B,
        ),
        (
            "identity and transport skipped",
            &[("identity", Skipped), ("transport", Skipped)],
            Some(100),
            60,
            Letter::B,
        ),
        (
            "and one more",
            &[("identity", Skipped), ("transport", Skipped), ("operations.vrfy", Skipped)],
            Some(100),
            59,
            Letter::N,
        ),
        (
            "F outranks N",
            &[("relay.variants", Fail), ("transport", unknown()), ("identity", unknown())],
            Some(75),
            60,
            Letter::F,
        ),
        (
            "a small failure beside an unknown relay is no F",
            &[("*", unknown()), ("operations", Fail)],
            Some(0),
            5,
            Letter::N,
        ),
    ];
    for (case, changed, score, coverage, letter) in table {
        let grade = with(&policy, changed);
        assert_eq!(
            (grade.score, grade.coverage, grade.letter),
            (*score, *coverage, *letter),
            "{case}: {grade:#?}"
        );
    }
}

/// Each cap holds for the outcome that it names and for no better one.
#[test]
fn every_cap_says_yes_and_no() {
    let policy = Policy::complete();
    let expected = [
        ("relay.variants", unknown(), "relay-unknown", Letter::N),
        ("relay.variants", Fail, "relay-accepted", Letter::F),
        ("relay.submission", Fail, "submission-relays", Letter::F),
        ("relay.auth-cleartext", Fail, "password-outside-tls", Letter::C),
        ("transport.starttls", Fail, "no-starttls", Letter::D),
        ("transport.certificate", Fail, "certificate-invalid", Letter::D),
        ("transport.certificate", Warn, "certificate-untrusted", Letter::B),
        ("transport.versions", Warn, "old-tls", Letter::B),
        ("transport.policy", Warn, "no-transport-policy", Letter::A),
        ("identity.fcrdns", Fail, "no-fcrdns", Letter::C),
        ("domain.dmarc", Warn, "no-dmarc", Letter::B),
        ("reputation.address", Fail, "critical-listing", Letter::C),
        ("reputation.address", Warn, "major-listing", Letter::B),
        ("reputation.domain", Fail, "critical-domain-listing", Letter::C),
        ("reputation.domain", Warn, "major-domain-listing", Letter::B),
    ];
    let mut ids: Vec<_> = expected.iter().map(|(_, _, id, _)| *id).collect();
    ids.sort_unstable();
    let mut in_policy: Vec<_> = policy.caps.iter().map(|cap| cap.id.as_str()).collect();
    in_policy.sort_unstable();
    assert_eq!(in_policy, ids);
    for (check, outcome, cap, letter) in expected {
        let grade = with(&policy, &[(check, outcome)]);
        let effect = grade.reasons.iter().find(|reason| reason.rule == cap).map(|r| r.effect);
        assert_eq!(effect, Some(Effect::AtMost(letter)), "{check}");
        assert_eq!(grade.letter, letter, "{check}");
        let better = with(&policy, &[]);
        assert!(better.reasons.is_empty(), "{check}");
    }
    for (check, outcome) in [("transport.starttls", Warn), ("identity.fcrdns", unknown())] {
        let grade = with(&policy, &[(check, outcome)]);
        let capped = grade.reasons.iter().any(|r| matches!(r.effect, Effect::AtMost(_)));
        assert!(!capped, "{check}: {grade:#?}");
    }
}

/// A small list costs points, and no letter by itself; but nobody who is listed has an A+.
#[test]
fn a_minor_listing_holds_the_letter_down_to_a() {
    let policy = Policy::complete();
    let mut results = host(&policy, &[("reputation.address", Warn)]);
    assert_eq!(grade(&policy, &results).letter, Letter::B);
    for result in results.iter_mut().filter(|result| result.id == "reputation.address") {
        result.finding = Some("listed-minor".into());
    }
    assert_eq!(grade(&policy, &results).letter, Letter::A);
}

#[test]
fn a_cap_may_ask_for_a_finding() {
    let mut policy = Policy::embedded().unwrap();
    for cap in &mut policy.caps {
        cap.finding = Some("open-relay".into());
    }
    let mut results = host(&policy, &[("relay.variants", Fail)]);
    assert_eq!(grade(&policy, &results).reasons[0].rule, "relay.variants");
    results[0].finding = Some("open-relay".into());
    assert_eq!(grade(&policy, &results).reasons[0].rule, "relay-accepted");
}

#[test]
fn today_the_letter_speaks_of_three_categories() {
    let policy = Policy::embedded().unwrap();
    let all = with(&policy, &[]);
    assert_eq!(all.judged_categories, ["relay", "reputation", "operations"]);
    // A host in a private network has no reputation.
    let private = ("reputation", NotApplicable);
    let grade = with(&policy, &[("operations.postmaster", Fail), private.clone()]);
    assert_eq!(grade.judged_categories, ["relay", "operations"]);
    // 3 of 6 points of 5 in 35 are lost.
    assert_eq!((grade.score, grade.coverage, grade.letter), (Some(92), 100, Letter::A));
    let standings: Vec<_> =
        grade.categories.iter().map(|c| (c.id.as_str(), c.letter, c.standing)).collect();
    assert_eq!(
        standings,
        [
            ("relay", Letter::APlus, Standing::Judged),
            ("transport", Letter::N, Standing::NotBuilt),
            ("identity", Letter::N, Standing::NotBuilt),
            ("domain", Letter::N, Standing::NotBuilt),
            ("reputation", Letter::N, Standing::NotApplicable),
            ("operations", Letter::D, Standing::Judged),
        ]
    );
    assert_eq!((grade.policy.as_str(), grade.policy_version), ("mxaudit", 1));
    let nothing = with(&policy, &[("*", unknown())]);
    assert_eq!(nothing.judged_categories, Vec::<String>::new());
    assert_eq!(nothing.categories[0].standing, Standing::Untested);
    let elsewhere = with(&policy, &[("operations", NotApplicable), private]);
    assert_eq!(elsewhere.categories[5].standing, Standing::NotApplicable);
    assert_eq!(elsewhere.letter, Letter::APlus);
}

/// A check of many parts counts by the share that was judged; a failure counts in full.
#[test]
fn parts_of_a_check_count_by_their_share() {
    let policy = Policy::embedded().unwrap();
    let part = |outcome: CheckOutcome, tested: u32| {
        let changed = [("relay.variants", outcome), ("reputation", NotApplicable)];
        let mut results = host(&policy, &changed);
        results[0].tested = tested;
        let grade = grade(&policy, &results);
        (grade.score, grade.coverage, grade.letter)
    };
    assert_eq!(part(Pass, 91), (Some(100), 92, Letter::A));
    assert_eq!(part(Pass, 50), (Some(100), 57, Letter::N));
    assert_eq!(part(Pass, 0), (Some(100), 14, Letter::N));
    assert_eq!(part(Pass, 7000), (Some(100), 100, Letter::APlus));
    assert_eq!(part(Fail, 50), (Some(14), 57, Letter::F));
    assert_eq!(part(Fail, 0), (Some(14), 14, Letter::F));
    // 15 and 5 of 20: half of what was judged.
    assert_eq!(part(Warn, 50), (Some(62), 57, Letter::N));
}

#[test]
fn missing_and_foreign_and_double_results() {
    let policy = Policy::embedded().unwrap();
    let mut results = host(&policy, &[]);
    results.push(CheckResult::new("relay.submission", Fail, "planned, not built"));
    results.push(CheckResult::new("no.such-check", Fail, ""));
    assert_eq!(grade(&policy, &results).letter, Letter::APlus);
    results.push(CheckResult::new("operations.postmaster", Fail, "the second address refuses"));
    let reasons = grade(&policy, &results).reasons;
    assert_eq!(reasons[0].text, "the second address refuses");
    results.remove(0);
    let grade = grade(&policy, &results);
    assert_eq!((grade.letter, grade.reasons[0].rule.as_str()), (Letter::N, "relay-unknown"));
}

#[test]
fn reasons_begin_with_caps_and_go_on_with_the_largest_loss() {
    let policy = Policy::complete();
    let changed = [
        ("domain.dmarc", Warn),
        ("identity", Fail),
        ("reputation", unknown()),
        ("operations.vrfy", Fail),
    ];
    let mut results = host(&policy, &changed);
    results.retain(|result| result.id != "operations.abuse");
    let grade = grade(&policy, &results);
    let lines: Vec<_> =
        grade.reasons.iter().map(|r| format!("{}: {}; {}", r.rule, r.effect, r.text)).collect();
    assert_eq!(
        lines,
        [
            "no-fcrdns: at most C; the address has no name that points back to it",
            "no-dmarc: at most B; DMARC is missing or asks for nothing",
            "identity.fcrdns: -6.7 points; not so: the address has a name that points back to it",
            "identity.helo: -4.4 points; not so: the greeting name resolves to the address",
            "identity.mx: -4.4 points; not so: the MX names hosts that have addresses",
            "domain.dmarc: -3.3 points; not so: DMARC asks for quarantine or reject",
            "identity.banner: -1.1 points; not so: the banner names the host",
            "operations.vrfy: -0.6 points; not so: VRFY and EXPN tell strangers nothing",
            "reputation.address: 6.0 % untested; unknown (timeout)",
            "reputation.domain: 4.0 % untested; unknown (timeout)",
            "operations.abuse: 0.6 % untested; no result: mail for abuse is accepted",
        ]
    );
}

#[test]
fn the_worst_cap_comes_first() {
    let policy = Policy::complete();
    let grade = with(&policy, &[("relay.variants", unknown()), ("relay.submission", Fail)]);
    let caps: Vec<_> = grade.reasons.iter().map(|reason| reason.rule.as_str()).take(2).collect();
    assert_eq!(caps, ["submission-relays", "relay-unknown"]);
}

/// A pass of which nothing was judged is no pass.
#[test]
fn a_pass_of_nothing_is_untested() {
    let policy = Policy::embedded().unwrap();
    for (outcome, tested, capped) in [(Pass, 0, true), (Warn, 0, true), (Pass, 1, false)] {
        let mut results = host(&policy, &[("relay.variants", outcome)]);
        results[0].tested = tested;
        let reasons = grade(&policy, &results).reasons;
        assert_eq!(reasons.iter().any(|r| r.rule == "relay-unknown"), capped, "{reasons:?}");
    }
}

#[test]
fn the_bound_of_the_coverage_is_a_reason() {
    let policy = Policy::complete();
    let reason = |changed: &[(&str, CheckOutcome)]| {
        let found = with(&policy, changed).reasons.into_iter().find(|r| r.rule == "coverage");
        found.map(|reason| format!("{}; {}", reason.effect, reason.text))
    };
    assert_eq!(reason(&[]), None);
    assert_eq!(
        reason(&[("reputation", unknown()), ("domain.spf", unknown())]).unwrap(),
        "at most B; 85 % of what the policy asks for was tested"
    );
    let low = [("domain.spf", unknown()), ("identity", Fail), ("reputation", Fail)];
    assert_eq!(reason(&low), None, "the score is lower than the bound");
    assert_eq!(
        reason(&[
            ("domain.spf", unknown()),
            ("identity.helo", Fail),
            ("identity.banner", Fail),
            ("operations.vrfy", Fail)
        ])
        .unwrap(),
        "at most B; 95 % of what the policy asks for was tested, and 89 % did not fail"
    );
    assert_eq!(
        reason(&[("*", unknown()), ("operations", Fail)]).unwrap(),
        "not graded; the score is low, but what was not tested could still save it"
    );
    assert_eq!(reason(&[("*", unknown())]).unwrap(), "not graded; nothing could be judged");
}

#[test]
fn the_way_up_is_short_and_enough() {
    let policy = Policy::complete();
    let up = |changed: &[(&str, CheckOutcome)]| with(&policy, changed).one_letter_up;
    assert_eq!(up(&[]), Vec::<String>::new());
    assert_eq!(up(&[("*", NotApplicable)]), Vec::<String>::new());
    assert_eq!(
        up(&[("relay.variants", Fail), ("identity.helo", Fail)]),
        ["mend relay.variants, so that no form of a stranger's mail for a stranger is accepted"]
    );
    assert_eq!(
        up(&[("relay.variants", unknown()), ("operations.vrfy", Fail)]),
        ["test relay.variants, so that no form of a stranger's mail for a stranger is accepted"]
    );
    // The cap of DMARC holds B; the other two keep it from A+ only.
    let flaws = [("domain.dmarc", Warn), ("operations.vrfy", Fail), ("identity.banner", Warn)];
    assert_eq!(up(&flaws), ["mend domain.dmarc, so that DMARC asks for quarantine or reject"]);
    assert_eq!(up(&flaws[1..]).len(), 2, "A+ needs both");
}
