//! One run: the audit with its progress, the report, the exit code. Shared by all commands that
//! audit.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use crate::engine::{Interrupt, NotProbed, Settings, audit};
use crate::evidence::Evidence;
use crate::finding::Finding;
use crate::net::Dialer;
use crate::report::model::{self, HostReport, RunDetails, RunReport};
use crate::report::{json, terminal};
use crate::target::Target;
use crate::target::scope::Scope;
use crate::verdict::{RelayVerdict, findings, judge};

use super::args::Format;
use super::exit::Failure;
use super::interrupt;

/// What a run starts from.
pub(super) struct Run {
    pub(super) targets: Vec<Target>,
    pub(super) not_probed: Vec<NotProbed>,
    pub(super) settings: Settings,
    pub(super) dialer: Arc<dyn Dialer>,
    /// The source address that the user asked for.
    pub(super) source: Option<std::net::IpAddr>,
    pub(super) quiet: bool,
}

/// What a run ends with.
pub(super) struct Finished {
    pub(super) judged: Vec<Judged>,
    pub(super) interrupted: bool,
    pub(super) report: RunReport,
}

/// One host, judged.
pub(super) struct Judged {
    pub(super) evidence: Evidence,
    pub(super) relay: RelayVerdict,
    pub(super) findings: Vec<Finding>,
}

/// Audits, judges and builds the report.
pub(super) async fn run(run: Run, scope: &Scope) -> Finished {
    let started = Timestamp::now();
    let settings = Arc::new(run.settings);
    let interrupt = Interrupt::default();
    interrupt::watch(interrupt.clone());
    let progress = progress(run.targets.len(), run.quiet);
    let done = |_: &Evidence| progress.inc(1);
    let all = audit(run.targets, Arc::clone(&settings), run.dialer, interrupt.clone(), done).await;
    progress.finish_and_clear();
    let judged: Vec<_> = all.into_iter().map(Judged::new).collect();
    let interrupted = interrupt.finish.is_cancelled();
    let hosts = judged.iter().map(|host| {
        let authority = scope.authority(host.evidence.target.address());
        HostReport::build(
            &host.evidence,
            &host.relay,
            &host.findings,
            &settings.library,
            authority.as_ref(),
        )
    });
    let details = RunDetails {
        started: started.to_string(),
        finished: Timestamp::now().to_string(),
        seed: settings.seed,
        profile: settings.profile,
        interrupted,
        source: run.source,
        outside_asserted: settings.outside_asserted,
        identity: &settings.identity,
    };
    let not_probed = run.not_probed.into_iter().map(|skipped| model::NotProbed {
        domain: skipped.domain,
        host: skipped.host,
        address: skipped.address,
        why: skipped.why,
    });
    let report = RunReport::build(details, hosts.collect(), not_probed.collect());
    Finished { judged, interrupted, report }
}

impl Judged {
    fn new(evidence: Evidence) -> Self {
        let relay = judge(&evidence);
        let findings = findings(&evidence, &relay);
        Self { evidence, relay, findings }
    }
}

/// The report in the form asked for.
pub(super) fn render(
    report: &RunReport,
    format: Format,
    quiet: bool,
    to_screen: bool,
) -> Result<Vec<u8>, Failure> {
    let fault = |error| Failure::internal(format!("cannot write the report: {error}"));
    let mut out = Vec::new();
    match format {
        Format::Json => json::write(report, &mut out).map_err(fault)?,
        Format::Terminal => {
            let options = terminal::Options { quiet, width: 100 };
            let colour = to_screen && wants_colour();
            if colour {
                terminal::write(report, &mut out, options).map_err(fault)?;
            } else {
                let mut plain = anstream::StripStream::new(&mut out);
                terminal::write(report, &mut plain, options).map_err(fault)?;
            }
        }
    }
    Ok(out)
}

/// Colour on a terminal, unless the user or the terminal says otherwise.
fn wants_colour() -> bool {
    let choice = anstream::AutoStream::choice(&std::io::stdout());
    choice != anstream::ColorChoice::Never
}

fn progress(hosts: usize, quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(u64::try_from(hosts).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{spinner} {pos} of {len} hosts, {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A seed that every reader of JSON can hold exactly.
pub(super) fn random_seed() -> u64 {
    fastrand::u32(..).into()
}
