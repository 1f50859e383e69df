//! The subject: the verdict and the grade, an open relay first.

use crate::report::escape;
use crate::report::model::{HostReport, RunSection, Summary, SweepCounts};

/// Characters of the subject.
const LONGEST: usize = 200;

/// The host of a run that has no other.
#[derive(Clone, Debug)]
pub(super) struct Single {
    label: String,
    verdict: &'static str,
    letter: &'static str,
}

impl Single {
    pub(super) fn of(host: &HostReport) -> Self {
        let (verdict, letter) = (host.relay.verdict, host.grade.letter);
        Self { label: host.target.label(), verdict, letter }
    }
}

/// What the run comes to, in one line of printable text.
pub(super) fn subject(
    run: &RunSection,
    summary: &Summary,
    sweep: Option<&SweepCounts>,
    single: Option<&Single>,
) -> String {
    let begin = if run.interrupted { "mxaudit (interrupted): " } else { "mxaudit: " };
    let said = match single.filter(|_| summary.hosts == 1) {
        _ if summary.hosts == 0 => "no host was reached, so nothing is known".to_owned(),
        Some(Single { label, verdict, letter }) => {
            let verdict = if *verdict == "open" { "open relay" } else { verdict };
            format!("{verdict}, grade {letter}: {label}")
        }
        None => of_many(summary),
    };
    let missing = sweep.map(|sweep| sweep.not_asked).filter(|count| *count > 0);
    let missing = missing.map(|count| format!("; {count} not asked")).unwrap_or_default();
    let is_violated = run.policy.as_ref().is_some_and(|policy| !policy.met);
    let policy = if is_violated { "; policy violated" } else { "" };
    escape::capped(&escape::terminal(&format!("{begin}{said}{policy}{missing}")), LONGEST)
}

fn of_many(summary: &Summary) -> String {
    let relays = if summary.open == 1 { "open relay" } else { "open relays" };
    let verdicts = [
        (summary.open, relays),
        (summary.conditional, "conditional"),
        (summary.inconclusive, "inconclusive"),
        (summary.unreachable, "unreachable"),
        (summary.closed, "closed"),
    ];
    let grades = &summary.grades;
    let letters = [
        ("F", grades.f),
        ("D", grades.d),
        ("C", grades.c),
        ("B", grades.b),
        ("A", grades.a),
        ("A+", grades.a_plus),
        ("N", grades.n),
    ];
    let verdicts = verdicts.iter().filter(|(count, _)| *count > 0);
    let verdicts: Vec<_> = verdicts.map(|(count, what)| format!("{count} {what}")).collect();
    let letters = letters.iter().filter(|(_, count)| *count > 0);
    let letters: Vec<_> = letters.map(|(letter, count)| format!("{letter} {count}")).collect();
    format!("{}; grades {}", verdicts.join(", "), letters.join(", "))
}
