//! `mxaudit report`: the folder of a sweep in any form, at any time. No network, but for a mail that
//! is wanted.

use std::sync::Arc;

use crate::probe::Library;
use crate::report::escape;
use crate::report::mail::{Collector, LARGEST};
use crate::report::model::{
    Grant, HostCounts, PolicySection, RunDetails, RunKey, RunSection, Summary, SweepCounts, Tally,
};
use crate::report::terminal::{self, SweepWriter};
use crate::report::terms::Terms;

use super::args::{FailOn, FolderArgs};
use super::exit::{self, Exit, Failure};
use super::judge::{Judging, Said};
use super::mail::{self, Kept, Mail};
use super::output::Output;
use super::reports::{self, Reports};
use super::reputation::Unheard;
use super::sweep::folder::{self, Host, RunHead, RunReader};
use super::{complain, probes, run, terms};

pub(super) fn report(args: &FolderArgs) -> Result<Exit, Failure> {
    let mail = mail::Wanted::read(&args.mail, &args.terms.terms, args.terms.config.as_deref())?;
    let reader = RunReader::open(&args.run)?;
    let terms = terms::stored(&args.terms)?;
    let domain = reader.head().run().plan.identity.auditor_domain.as_deref();
    let kept = Kept::Sweep(args.run.clone());
    let mail = mail.map(|mail| mail.by(domain, kept, args.report.quiet)).transpose()?;
    let library = Arc::new(probes::library(&args.library)?);
    probes::complain_of_missing(&reader.head().run().plan.own_probes, &library);
    args.report.files().try_for_each(|file| folder::check_report(&args.run, file))?;
    let reports = Reports::prepare(&args.report)?;
    if reader.head().run().finished.is_none() {
        let dir = reader.head().dir().display();
        complain(&format!(
            "{dir}: this run has not ended: the report holds what there is; where no mxaudit is at work on it any \
             more, go on with --resume {dir}"
        ));
    }
    let reports = Some(reports);
    let wish = Wish { reports, mail, fail_on: args.fail_on, quiet: false };
    write(reader, &library, &terms, wish)
}

/// What is to be made of a run.
pub(super) struct Wish {
    /// The reports; without one, the counts are told.
    pub(super) reports: Option<Reports>,
    /// The mail.
    pub(super) mail: Option<Mail>,
    pub(super) fail_on: FailOn,
    /// Only the summary lines; `reports` know that by themselves.
    pub(super) quiet: bool,
}

/// Judges the hosts of a run once more, one at a time, writes them in every form that is wanted, and
/// sends the mail that is.
pub(super) fn write(
    mut reader: RunReader,
    library: &Arc<Library>,
    terms: &Terms,
    wish: Wish,
) -> Result<Exit, Failure> {
    let Wish { mut reports, mail, fail_on, quiet } = wish;
    let plan = &reader.head().run().plan;
    let judging = Judging::new(Arc::clone(library), &plan.skipped, plan.source)?;
    let section = section(reader.head());
    let mut settlement = terms.of_run(&section.started);
    let not_probed = run::not_probed(&plan.not_probed);
    let started = reader.head().run().started.clone();
    let key = RunKey { started: &started, seed: plan.seed };
    let streams = reports.as_mut().map(|reports| reports.begin(key, &section));
    let mut streams = streams.transpose()?;
    let contents = mail.as_ref().map(|_| Collector::begin(&section, LARGEST));
    let mut contents = contents.transpose().map_err(Failure::internal)?;
    let (mut tally, mut unheard, mut missing) = (Tally::default(), Unheard::default(), false);
    for index in 0..reader.len() {
        let Some(host) = reader.host(index)? else { break };
        let Host { evidence, authority, listed, .. } = host;
        let said = listed.as_ref().and_then(|listed| {
            let proofs = reader.head().lists(listed.part)?;
            Some(Said::of_host(proofs, &listed.said))
        });
        let said = said.unwrap_or_default();
        let judged = judging.judge(&evidence, &said);
        let mut report = judging.report(&evidence, &judged, authority.as_ref());
        settlement.host(&mut report);
        tally.add(&HostCounts::of(&report)).map_err(Failure::internal)?;
        let subjects = report.lists.iter().map(|one| (one.subject.as_str(), one.standing));
        unheard.add(report.target.label(), subjects);
        for message in run::missing(&evidence) {
            complain(&escape::terminal(&message));
            missing = true;
        }
        if let Some(streams) = &mut streams {
            streams.host(&report)?;
        }
        if let Some(contents) = &mut contents {
            contents.host(&report).map_err(Failure::internal)?;
        }
    }
    if reader.head().run().plan.asks_lists()
        && let Some(message) = unheard.message()
    {
        complain(&escape::terminal(&message));
        missing = true;
    }
    let counts: SweepCounts = reader.counts(&tally);
    let mut settled = section.clone();
    let worst = settlement.worst();
    settlement.run(&mut settled, &not_probed);
    let all = (tally.summary, counts);
    match streams {
        Some(streams) => streams.end(&settled, &not_probed, all)?,
        None => write_counts(reader.head(), &settled, all, quiet)?,
    }
    let contents = contents.map(|contents| contents.end(&settled, &not_probed, all));
    let contents = contents.transpose().map_err(Failure::internal)?;
    let ended = reader.head().run().finished.is_some() && !reader.head().run().interrupted;
    let found = worst >= Some(fail_on.severity())
        || settled.policy.as_ref().is_some_and(PolicySection::is_violated);
    let exit = exit::of_sweep(&tally.summary, &counts, found, ended);
    let sent = mail.zip(contents).is_none_or(|(mail, contents)| mail.send(contents));
    Ok(if missing || !sent { exit::missing(exit) } else { exit })
}

/// Prints what a run comes to, without its hosts.
pub(super) fn write_counts(
    head: &RunHead,
    section: &RunSection,
    counts: (Summary, SweepCounts),
    quiet: bool,
) -> Result<(), Failure> {
    let options = terminal::Options { quiet, width: 100 };
    let not_probed = run::not_probed(&head.run().plan.not_probed);
    let mut text = Vec::new();
    reports::on_screen(true, &mut text, |out| {
        SweepWriter::new(options).end(section, &not_probed, counts, out)
    })
    .map_err(Failure::internal)?;
    if !quiet {
        let dir = head.dir().display();
        text.extend_from_slice(
            format!("every host is in {dir}: mxaudit report {dir} --format terminal\n").as_bytes(),
        );
    }
    Output::prepare(None, "")?.write(&text)
}

/// What the hosts of a run have in common.
pub(super) fn section(head: &RunHead) -> RunSection {
    let run = head.run();
    let plan = &run.plan;
    let details = RunDetails {
        started: run.started.clone(),
        finished: head.finished().to_owned(),
        seed: plan.seed,
        profile: plan.profile,
        interrupted: run.interrupted || run.finished.is_none(),
        source: plan.source,
        outside_asserted: plan.outside_asserted,
        identity: &plan.identity,
        own_probes: &plan.own_probes,
        skipped: &plan.skipped,
        listings: head.newest_lists(),
    };
    let grants = plan.authority.iter();
    let grants = grants.map(|covered| Grant::of(&covered.authority, covered.targets.clone()));
    RunSection::of(details, grants.collect())
}
