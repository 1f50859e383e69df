//! The engine and the judgement against practice servers on loopback.

#[path = "support/lab.rs"]
mod lab;

use lab::{accepted, audited, dialogue, settings};
use mxaudit::practice::demo_fleet;

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_is_judged_as_expected() {
    let runs = demo_fleet().into_iter().map(|server| async move {
        let title = server.title;
        let (evidence, verdict, running) = audited(server.behaviour, settings()).await;
        let got = (verdict.verdict.as_str(), verdict.proof.as_str());
        println!("{title}: {got:?} {:?} {:?} connections {}", accepted(&verdict),
            verdict.reasons.iter().map(|r| r.code).collect::<Vec<_>>(), running.counters().connections);
        for p in &verdict.probes { println!("   {} {} {:?}", p.code, p.verdict.outcome.as_str(), p.verdict.outcome.reason()); }
        let want = (server.expect.verdict, server.expect.proof);
        if got != want || std::env::var_os("SHOW").is_some_and(|s| title.contains(&*s.to_string_lossy())) { println!("WRONG {want:?}\n{}", dialogue(&evidence)); }
        got == want
    });
    let right = futures::future::join_all(runs).await;
    assert!(right.iter().all(|r| *r));
}
