//! One run: the audit with its progress, and from its record to the report. Shared by all commands
//! that audit or judge.

use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use crate::engine::{Interrupt, NotProbed, Settings, audit};
use crate::evidence::Evidence;
use crate::net::Dialer;
use crate::probe::Library;
use crate::report::escape;
use crate::report::model::{self, RunDetails, RunReport};
use crate::report::terms::Terms;
use crate::target::Target;
use crate::target::scope::Scope;
use crate::verdict::listing::{Standing, each_listing};
use crate::verdict::{matrix, pop_before_smtp};

use super::complain;
use super::exit::{self, Exit, Failure};
use super::interrupt;
use super::judge::{Judged, Judging, Said};
use super::reputation::Reputation;
use super::store::{Host, Record};

/// What a run starts from.
pub(super) struct Run {
    pub(super) targets: Vec<Target>,
    pub(super) not_probed: Vec<NotProbed>,
    pub(super) settings: Settings,
    pub(super) dialer: Arc<dyn Dialer>,
    /// The source address that the user asked for.
    pub(super) source: Option<IpAddr>,
    /// Categories of the grade that are left out.
    pub(super) skipped: Vec<String>,
    /// Probes that are not built in: id and file.
    pub(super) own_probes: Vec<(String, String)>,
    pub(super) quiet: bool,
    /// Lists to ask about the hosts meanwhile.
    pub(super) reputation: Option<Reputation>,
}

/// Audits, and records everything that the report is made of.
pub(super) async fn run(run: Run, scope: &Scope) -> Record {
    let started = Timestamp::now();
    let settings = Arc::new(run.settings);
    let interrupt = Interrupt::default();
    let words = [
        "stopping: no new connections; press Ctrl-C again to drop those at hand",
        "dropping all connections; the report holds what was seen",
    ];
    interrupt::watch(interrupt.clone(), words);
    let progress = progress(run.targets.len(), "hosts", run.quiet);
    let done = |_: &Evidence| progress.inc(1);
    let audit = audit(run.targets, Arc::clone(&settings), run.dialer, interrupt.clone(), done);
    let lists = async {
        match run.reputation {
            Some(reputation) => Some(reputation.ask(&interrupt.finish).await),
            None => None,
        }
    };
    let (all, listings) = join(audit, lists).await;
    progress.finish_and_clear();
    let hosts = all.into_iter().map(|evidence| Host {
        authority: scope.authority(evidence.target.address()),
        evidence,
        transcripts: Vec::new(),
    });
    Record {
        format: Record::format(),
        started: started.to_string(),
        finished: Timestamp::now().to_string(),
        seed: settings.seed,
        profile: settings.profile,
        interrupted: interrupt.finish.is_cancelled(),
        source: run.source,
        outside_asserted: settings.outside_asserted,
        identity: settings.identity.clone(),
        not_probed: run.not_probed,
        skipped: run.skipped,
        own_probes: run.own_probes,
        hosts: hosts.collect(),
        listings,
    }
}

/// Judges and grades a record and builds its report. The same record gives the same report on the same
/// `terms`.
pub(super) fn judge_record(
    record: &Record,
    library: &Arc<Library>,
    terms: &Terms,
) -> Result<(Vec<Judged>, RunReport), Failure> {
    let judging = Judging::new(Arc::clone(library), &record.skipped, record.source)?;
    let said = Said::by(record.listings.as_ref());
    let judge = |host: &Host| judging.judge(&host.evidence, &said);
    let judged: Vec<_> = record.hosts.iter().map(judge).collect();
    let hosts = record
        .hosts
        .iter()
        .zip(&judged)
        .map(|(host, judged)| judging.report(&host.evidence, judged, host.authority.as_ref()));
    let details = RunDetails {
        started: record.started.clone(),
        finished: record.finished.clone(),
        seed: record.seed,
        profile: record.profile.into(),
        interrupted: record.interrupted,
        source: record.source,
        outside_asserted: record.outside_asserted,
        identity: &record.identity,
        own_probes: &record.own_probes,
        skipped: &record.skipped,
        listings: record.listings.as_ref(),
    };
    let mut report = RunReport::build(details, hosts.collect(), not_probed(&record.not_probed));
    terms.of_run(&record.started).report(&mut report);
    Ok((judged, report))
}

/// The report's form of hosts that are left alone.
pub(super) fn not_probed(all: &[NotProbed]) -> Vec<model::NotProbed> {
    let one = |skipped: NotProbed| model::NotProbed {
        domain: skipped.domain,
        host: skipped.host,
        address: skipped.address,
        why: skipped.why,
    };
    all.iter().cloned().map(one).collect()
}

/// Which rows of the relay matrix of a host are missing although they were asked for, and why nothing
/// is known of POP-before-SMTP.
pub(super) fn missing(evidence: &Evidence) -> impl Iterator<Item = String> {
    let rows = matrix(evidence).map(|matrix| matrix.missing(evidence)).unwrap_or_default();
    let pop = pop_before_smtp(evidence).and_then(|pop| pop.missing(evidence));
    rows.into_iter().chain(pop)
}

/// Says what is missing although it was asked for: nothing found is then not all there is to find.
pub(super) fn with_missing(record: &Record, exit: Exit) -> Exit {
    let missing = record.hosts.iter().flat_map(|host| missing(&host.evidence));
    let unknown = record.listings.iter().flat_map(each_listing);
    let unknown = unknown.filter(|verdict| verdict.standing == Standing::Unknown).map(|verdict| {
        format!(
            "no list says anything about {}: whether it is listed is not known",
            verdict.subject
        )
    });
    let missing = missing.chain(unknown);
    let mut exit = exit;
    for message in missing {
        complain(&escape::terminal(&message));
        exit = exit::missing(exit);
    }
    exit
}

/// A bar on the terminal that counts to `all`.
pub(super) fn progress(all: usize, what: &str, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(u64::try_from(all).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template(&format!(
        "{{spinner}} {{pos}} of {{len}} {what}, {{elapsed}}"
    ));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A seed that every reader of JSON can hold exactly.
pub(super) fn random_seed() -> u64 {
    fastrand::u32(..).into()
}
