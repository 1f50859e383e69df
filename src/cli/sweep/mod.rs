//! `mxaudit sweep`: the ranges that the user administers.

mod announce;
mod course;
mod estimate;
mod excluding;
pub(in crate::cli) mod folder;
mod gather;
mod limits;
mod lists;
mod prepare;
mod progress;
mod wanted;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::args::SweepArgs;
use super::config::Config;
use super::exit::{Exit, Failure};
use super::mail::{self, Kept};
use super::report::Wish;
use super::reports::Reports;
use super::{complain, consent, exit, interrupt, print, report, terms};
use crate::engine::{Interrupt, ProvedLists};
use crate::report::escape;
use jiff::{Timestamp, Zoned};

use course::Sweep;
use folder::{RunFolder, RunHead, RunReader, Stopped};
use prepare::Prepared;

pub(super) fn sweep(args: &SweepArgs) -> Result<Exit, Failure> {
    let today = Zoned::now().date();
    let Some(config) = consent::read_config(args.config.as_deref(), today)? else {
        return Err(Failure::usage(
            "a sweep needs a scope file that permits what is swept, and on whose authority; \
             `mxaudit init` writes one, --config names another",
        ));
    };
    // Every mistake is told before anything is sent or made.
    let terms = terms::read(&args.terms, config.to_judged())?;
    let mail = mail::Wanted::read(&args.mail, &args.terms, args.config.as_deref())?;
    for dir in args.run.resume.iter().chain(&args.run.out) {
        args.report.files().try_for_each(|file| folder::check_report(dir, file))?;
    }
    let wants_reports = !args.report.formats.is_empty() || args.report.output.is_some();
    let reports = wants_reports.then(|| Reports::prepare(&args.report)).transpose()?;
    let runtime = super::runtime()?;
    let interrupt = Interrupt::default();
    let (mut prepared, stopped) = match &args.run.resume {
        Some(dir) => {
            let (prepared, stopped) = resume(args, dir, config)?;
            (prepared, Some(stopped))
        }
        None => {
            let prepared = Prepared::begin(args, config, &runtime)?;
            if args.run.dry_run {
                return print(&prepared.announcement(0));
            }
            (prepared, None)
        }
    };
    let kept = args.run.resume.as_ref().or(args.run.out.as_ref()).cloned().map(Kept::Sweep);
    let domain = prepared.plan.identity.auditor_domain.as_deref();
    let mail = mail.zip(kept).map(|(mail, kept)| mail.by(domain, kept, args.report.quiet));
    let mail = mail.transpose()?;
    if let Some(dir) = args.run.out.as_deref().filter(|_| stopped.is_none()) {
        RunFolder::check_vacant(dir)?;
    }
    if !args.report.quiet {
        complain("the plan:");
        let done = stopped.as_ref().map_or(0, Stopped::done);
        for line in prepared.announcement(done).lines() {
            complain(line);
        }
    }
    let lists = runtime.block_on(prove(&mut prepared, &interrupt))?;
    // From here on the folder is written to; what may refuse the run has had its say.
    let now = Timestamp::now().to_string();
    let mut folder = match (stopped, &args.run.out) {
        (Some(stopped), _) => stopped.go_on(prepared.plan.clone(), &now)?,
        (None, Some(dir)) => {
            let (plan, versions) = (prepared.plan.clone(), prepared.versions.clone());
            RunFolder::create(dir, plan, versions, &now)?
        }
        (None, None) => {
            return Err(Failure::usage("a sweep needs a folder to be written to: --out DIR"));
        }
    };
    let lists = match lists {
        Some(lists) => {
            let part = folder.lists(lists.proofs())?;
            Some((lists, part))
        }
        None => None,
    };
    let library = Arc::clone(&prepared.settings.library);
    let ended = runtime.block_on(run(args, prepared, lists, &mut folder, &interrupt));
    let interrupted = interrupt.finish.is_cancelled();
    let (dir, (tally, counts)) = (folder.dir().to_owned(), folder.counts());
    let unheard = folder.unheard().message();
    // A run that could not be written any more did not come to its end.
    let cut = interrupted || ended.is_err();
    let finished = folder.finish(&Timestamp::now().to_string(), cut);
    ended?;
    finished?;
    if counts.not_asked > 0 {
        complain(&format!(
            "{} of {} were not asked to the end; mxaudit sweep --resume {} goes on",
            counts.not_asked,
            counts.jobs,
            dir.display()
        ));
    }
    // What is left of the run has no more to say, also not about Ctrl-C.
    drop(runtime);
    let (fail_on, quiet) = (args.fail_on, args.report.quiet);
    match reports {
        reports if reports.is_some() || mail.is_some() || !terms.is_empty() => report::write(
            RunReader::open(&dir)?,
            &library,
            &terms,
            Wish { reports, mail, fail_on, quiet },
        ),
        // All hosts are in the folder; without a wish for more, the counts are told.
        _ => {
            let (head, counts) = (RunHead::open(&dir)?, (tally.summary, counts));
            report::write_counts(&head, &report::section(&head), counts, quiet)?;
            let (summary, sweep) = counts;
            let found = sweep.severities.at_least(fail_on.severity()) > 0;
            let exit = exit::of_sweep(&summary, &sweep, found, !interrupted);
            Ok(match unheard {
                Some(message) => {
                    complain(&escape::terminal(&message));
                    exit::missing(exit)
                }
                None => exit,
            })
        }
    }
}

/// Reads a run to go on with, and changes nothing of it: what it asks is in its folder, and until when it may is said
/// anew.
fn resume(args: &SweepArgs, dir: &Path, config: Config) -> Result<(Prepared, Stopped), Failure> {
    let versions = prepare::versions(&args.library, &args.zones)?;
    let stopped = Stopped::open(dir, &versions)?;
    let prepared = Prepared::resume(args, config, stopped.plan().clone(), versions)?;
    stopped.check(&prepared.versions)?;
    for dropped in stopped.dropped() {
        complain(dropped);
    }
    Ok((prepared, stopped))
}

/// Takes the signals from here on, and has the lists prove themselves before anything is sent to a host.
async fn prove(
    prepared: &mut Prepared,
    interrupt: &Interrupt,
) -> Result<Option<ProvedLists>, Failure> {
    let words = [
        "stopping: no new connections; hosts at hand are asked again by --resume; press Ctrl-C \
         again to drop their connections",
        "dropping all connections; --resume goes on",
    ];
    interrupt::watch(interrupt.clone(), words);
    match prepared.lists.take() {
        Some(lists) => Ok(Some(lists.prove(prepared.plan.seed, interrupt).await?)),
        None => Ok(None),
    }
}

async fn run(
    args: &SweepArgs,
    prepared: Prepared,
    lists: Option<(ProvedLists, usize)>,
    folder: &mut RunFolder,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let seconds = prepared.plan.limits.deadline;
    if seconds > 0 {
        let finish = interrupt.finish.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds.into())).await;
            complain(&format!("{seconds} s are over: no new connections; --resume goes on"));
            finish.cancel();
        });
    }
    if let Some(note) = &prepared.fitted.note {
        complain(note);
    }
    let dialer = prepare::dialer(&prepared);
    let Prepared { addresses, named, plan, order, scope, settings, fitted, judging, .. } = prepared;
    let sweep = Sweep {
        addresses,
        named,
        ports: plan.ports,
        order,
        scope: Arc::new(scope),
        settings: Arc::new(settings),
        limits: fitted.limits,
        dialer,
        judging,
        lists,
        interrupt: interrupt.clone(),
        quiet: args.report.quiet,
    };
    sweep.run(folder).await?;
    Ok(())
}
