//! `mxaudit demo`: the real engine against built-in practice servers on loopback.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Budget, RETRY_WAIT, Settings, Wanted};
use crate::evidence::Identity;
use crate::net::TcpDialer;
use crate::practice::{DemoServer, LOCAL_DOMAIN, PracticeServer, demo_fleet};
use crate::probe::Profile;
use crate::report::terms::Terms;
use crate::session::Deadlines;
use crate::target::scope::{Candidate, Scope};
use crate::target::{Target, Via};

use super::args::DemoArgs;
use super::exit::{Exit, Failure};
use super::judge::Judged;
use super::reports::Reports;
use super::run::{self, Run, random_seed};
use super::{complain, probes};

pub(super) fn demo(args: &DemoArgs) -> Result<Exit, Failure> {
    let mut reports = Reports::prepare(&args.report)?;
    let library = Arc::new(probes::embedded()?);
    let fleet = demo_fleet();
    let mut scope = Scope::loopback_only();
    let settings = Settings {
        library: Arc::clone(&library),
        profile: Profile::Quick,
        deeper: None,
        wanted: Wanted::default(),
        identity: identity(),
        outside_asserted: true,
        deadlines: Deadlines { greeting: Duration::from_secs(5), reply: Duration::from_secs(5) },
        host_deadline: Duration::from_secs(60),
        retry_wait: RETRY_WAIT,
        greylist_wait: Duration::ZERO,
        budget: Budget::default(),
        letters: None,
        max_hosts: fleet.len(),
        seed: random_seed(),
        matrix: None,
        pop: None,
    };
    let quiet = args.report.quiet;
    let record = super::runtime()?.block_on(async {
        let mut servers = Vec::new();
        let mut targets = Vec::new();
        for practice in &fleet {
            let server = start(practice).await?;
            targets.push(target(practice, server.address(), &mut scope)?);
            servers.push(server);
        }
        let dialer = TcpDialer::new(scope.admitted(), None, Duration::from_secs(5));
        let dialer = Arc::new(dialer);
        let not_probed = Vec::new();
        let run = Run {
            targets,
            not_probed,
            settings,
            dialer,
            source: None,
            skipped: Vec::new(),
            own_probes: Vec::new(),
            reputation: None,
            quiet,
        };
        Ok::<_, Failure>(run::run(run, &scope).await)
    })?;
    let (judged, report) = run::judge_record(&record, &library, &Terms::default())?;
    let (table, all_match) = compare(&fleet, &judged);
    reports.write(&report, &table)?;
    if !all_match {
        complain("a practice server was not judged as expected");
    }
    Ok(match (all_match, record.interrupted) {
        (true, _) => Exit::Clean,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Internal,
    })
}

/// The auditor of the demonstration is a stranger to the practice servers.
fn identity() -> Identity {
    Identity {
        auditor_domain: Some("audit.test".into()),
        contact: None,
        canary: (String::new(), "canary.test".into()),
        canary_address: None,
        helo: Some("client.audit.test".into()),
        local_domains: vec![LOCAL_DOMAIN.into()],
        local_user: "postmaster".into(),
        client_name: None,
        partners: Vec::new(),
        mx_domain: None,
        claimed_address: None,
    }
}

async fn start(practice: &DemoServer) -> Result<PracticeServer, Failure> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    PracticeServer::start(practice.behaviour.clone(), any_port).await.map_err(|error| {
        Failure::internal(format!("cannot start a practice server on loopback: {error}"))
    })
}

fn target(
    practice: &DemoServer,
    address: SocketAddr,
    scope: &mut Scope,
) -> Result<Target, Failure> {
    let candidate = Candidate {
        name: Some(practice.behaviour.name.clone()),
        address: address.ip(),
        port: address.port(),
        mail_domain: None,
        via: Via::Host,
        named_by_user: true,
    };
    scope.admit(candidate).map_err(Failure::internal)
}

/// What was expected beside what was found.
fn compare(fleet: &[DemoServer], judged: &[Judged]) -> (String, bool) {
    let mut table = String::from("\nPractice servers: expected and found\n\n");
    let mut matching = 0;
    for (practice, host) in fleet.iter().zip(judged) {
        let expect = (practice.expect.verdict, practice.expect.proof);
        let found = (host.relay.verdict.as_str(), host.relay.proof.as_str());
        let right = expect == found;
        matching += usize::from(right);
        let word = if right { "ok" } else { "DIFFERS" };
        let _ = writeln!(
            table,
            "  {word:<8}{:<13}{:<10} {:<52} {}",
            found.0, found.1, practice.title, practice.why
        );
        if !right {
            let _ = writeln!(table, "          expected {} {}", expect.0, expect.1);
        }
    }
    let _ = writeln!(table, "\n{matching} of {} as expected", fleet.len());
    (table, matching == fleet.len() && judged.len() == fleet.len())
}
