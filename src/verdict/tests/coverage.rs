//! Forms that did not run: what they cost, and what they do not.

use crate::evidence::{Evidence, Lacking, NotPlanned, Stop};
use crate::verdict::{Coverage, NotRun, Outcome, judge};

use super::host::{CLOSED, GREYLISTED, OK, RELAY, closed_and, host, verdict, words};

fn lacking(evidence: &mut Evidence, code: &str, why: Lacking) {
    evidence.not_planned.push(NotPlanned {
        probe: format!("relay-{}", code.to_lowercase()),
        code: code.into(),
        gate: code == "S10",
        why,
    });
}

/// What is lacking leaves a host closed and lowers the coverage; what another probe asks, and what
/// is for another port, does not even that.
#[test]
fn not_planned() {
    let table = [
        (Lacking::LocalDomain, Some(75), "not-run no-local-domain"),
        (Lacking::AuditorDomain, Some(75), "not-run no-auditor-domain"),
        (Lacking::TargetName, Some(75), "not-run no-target-name"),
        (Lacking::Difference, None, "not-run same-envelope"),
        (Lacking::Role, None, "not-run role"),
    ];
    for (why, percent, word) in table {
        let mut evidence = host(&CLOSED);
        lacking(&mut evidence, "S10", why);
        assert_eq!(verdict(&evidence), "closed: relay-refused", "{why:?}");
        let relay = judge(&evidence);
        assert_eq!(relay.coverage.percent(), percent.unwrap_or(100), "{why:?}");
        let probe = relay.probes.iter().find(|probe| probe.code == "S10").unwrap();
        assert_eq!(words(probe.verdict.outcome), word);
        assert_eq!((probe.form, probe.verdict.evidence), (None, None));
    }
}

/// What was planned and not asked is another matter: it is never a pass.
#[test]
fn not_asked() {
    let stops = [None, Some(Stop::Interrupted), Some(Stop::Deadline), Some(Stop::ConnectionCap)];
    for stop in stops {
        let mut evidence = host(&closed_and(&[("S10", "")]));
        evidence.stopped = stop;
        let relay = judge(&evidence);
        assert_eq!(relay.verdict.as_str(), "inconclusive", "{stop:?}");
        assert_eq!(relay.coverage, Coverage { planned: 4, judged: 3 });
        let probe = relay.probes.iter().find(|probe| probe.code == "S10").unwrap();
        match stop {
            Some(stop) => assert_eq!(probe.verdict.outcome, Outcome::NotRun(NotRun::Stopped(stop))),
            None => assert_eq!(words(probe.verdict.outcome), "inconclusive not-answered"),
        }
        assert_eq!(relay.reasons[0].probes, ["S10"]);
    }
}

/// One of two local domains that could not be planned does not hide the other.
#[test]
fn an_instance_that_ran_stands_for_the_probe() {
    let mut evidence = host(&closed_and(&[("S10", OK)]));
    lacking(&mut evidence, "S10", Lacking::Difference);
    let relay = judge(&evidence);
    assert_eq!(relay.probes.iter().filter(|probe| probe.code == "S10").count(), 1);
    assert_eq!(relay.verdict.as_str(), "open");
}

#[test]
fn what_counts_as_judged() {
    let table = [
        (RELAY, 100),
        (OK, 100),
        ("mail: 530 5.7.0 Authentication required", 100),
        ("mail: 550 sender refused", 100),
        (GREYLISTED, 75),
        ("530 STARTTLS first", 75),
        ("closed", 75),
    ];
    for (answer, percent) in table {
        let relay = judge(&host(&closed_and(&[("S10", answer)])));
        assert_eq!(relay.coverage.percent(), percent, "{answer}");
    }
    assert_eq!(judge(&super::host::blank(25)).coverage.percent(), 0);
}

/// Sender, greeting name, recipient; and by number.
#[test]
fn probes_come_by_axis_and_code() {
    let evidence =
        host(&[("R15", RELAY), ("H01", RELAY), ("S10", RELAY), ("R01", RELAY), ("S02", RELAY)]);
    let codes: Vec<_> = judge(&evidence).probes.into_iter().map(|probe| probe.code).collect();
    assert_eq!(codes, ["S02", "S10", "H01", "R01", "R15"]);
}

/// Reasons that stand for most probes come first; each names its probes.
#[test]
fn reasons_name_their_probes() {
    let lines = [("S10", "closed"), ("R01", GREYLISTED), ("R15", GREYLISTED)];
    let relay = judge(&host(&closed_and(&lines)));
    let named: Vec<_> = relay.reasons.iter().map(|r| (r.code, r.probes.join(" "))).collect();
    assert_eq!(named, [("deferred", "R01 R15".to_owned()), ("connection-lost", "S10".to_owned())]);
    assert!(relay.reasons.iter().all(|reason| !reason.remedy.is_empty()));
    assert!(relay.reasons.iter().all(|reason| reason.evidence.is_some()));
}
