//! What a closed host costs the tool in time of one core, part by part.
//!
//! `cargo bench --bench judge` audits a practice server once with each profile, and then does the
//! same work again and again: the course of the host against a server that repeats what was
//! recorded, the judgement, the findings and the grade, the report, and the lines that a run writes.
//! Nothing is asserted about time.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

#[path = "../../tests/support/lab.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod lab;
mod recorded;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use lab::{audited, settings, target};
use mxaudit::engine::{Interrupt, Settings, audit};
use mxaudit::evidence::{Evidence, record};
use mxaudit::grade::{Policy, grade, relay_results};
use mxaudit::practice::Behaviour;
use mxaudit::probe::{Library, Profile};
use mxaudit::report::jsonl;
use mxaudit::report::model::{HostReport, RunDetails, RunReport};
use mxaudit::verdict::{Verdict, findings, judge};
use recorded::Recorded;
use tokio::runtime::Builder;

/// How often each part is done.
const ROUNDS: u32 = 300;

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for profile in [Profile::Quick, Profile::Standard] {
        let settings = Settings { profile, ..settings() };
        let (evidence, relay, server) =
            runtime.block_on(audited(Behaviour::closed(), settings.clone()));
        assert_eq!(relay.verdict, Verdict::Closed);
        let to = target(server.address());
        println!("{profile:?}: {} connections", evidence.transcripts.len());
        let settings = Arc::new(settings);
        let recorded = Arc::new(Recorded::new(&evidence));
        time("course", || {
            let (settings, recorded) = (Arc::clone(&settings), Arc::clone(&recorded));
            let course = audit(vec![to.clone()], settings, recorded, Interrupt::default(), |_| {});
            let again = runtime.block_on(course).pop().unwrap();
            assert_eq!(again.transcripts.len(), evidence.transcripts.len());
        });
        parts(&evidence, &settings.library);
    }
}

fn parts(evidence: &Evidence, library: &Library) {
    let policy = Policy::embedded().unwrap();
    time("judge", || judge(evidence));
    let relay = judge(evidence);
    time("findings", || findings(evidence, &relay));
    let found = findings(evidence, &relay);
    time("grade", || grade(&policy, &relay_results(evidence, &relay, &found)));
    let grade = grade(&policy, &relay_results(evidence, &relay, &found));
    let build = || HostReport::build(evidence, &relay, &found, &grade, &[], library, None);
    time("report", build);
    let details = RunDetails {
        started: "2026-01-01T00:00:00Z".into(),
        finished: "2026-01-01T00:00:01Z".into(),
        seed: 7,
        profile: Profile::Standard.into(),
        interrupted: false,
        source: None,
        outside_asserted: true,
        identity: &evidence.identity,
        own_probes: &[],
        skipped: &[],
        listings: None,
    };
    let report = RunReport::build(details, vec![build()], Vec::new());
    time("report line", || {
        let mut out = Vec::new();
        jsonl::write(&report, &mut out).unwrap();
        out
    });
    time("evidence line", || serde_json::to_vec(evidence).unwrap());
    time("evidence texts", || record::to_texts(evidence).unwrap());
}

/// Prints the microseconds of one round: the quickest of five series.
fn time<T>(what: &str, work: impl Fn() -> T) {
    let series = || {
        let start = Instant::now();
        for _ in 0..ROUNDS / 5 {
            black_box(work());
        }
        start.elapsed() / (ROUNDS / 5)
    };
    let quickest = (0..5).map(|_| series()).min().unwrap();
    println!("  {what:<15} {:>8.1} µs", quickest.as_secs_f64() * 1e6);
}
