//! `mxaudit replay`: judges stored evidence again. No network, but for a mail
//! that is wanted.

use std::path::Path;
use std::sync::Arc;

use super::args::ReplayArgs;
use super::exit::{self, Exit, Failure};
use super::mail::{self, Kept};
use super::reports::Reports;
use super::{probes, run, store, terms};

pub(super) fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    let mail = mail::Wanted::read(&args.mail, &args.terms.terms, args.terms.config.as_deref())?;
    let paths: Vec<&Path> = args.evidence.iter().map(AsRef::as_ref).collect();
    let record = match paths.as_slice() {
        [folder] if folder.is_dir() => store::read_folder(folder)?,
        files if files.iter().any(|path| path.is_dir()) => {
            return Err(Failure::usage("give one folder, or transcripts, not both"));
        }
        files => store::read_files(files)?,
    };
    let terms = terms::stored(&args.terms)?;
    let mail = mail.map(|mail| {
        let kept = match paths.as_slice() {
            [folder] if folder.is_dir() => Kept::Evidence((*folder).to_owned()),
            _ => Kept::of_check(None, &args.report),
        };
        mail.by(record.identity.auditor_domain.as_deref(), kept, args.report.quiet)
    });
    let mail = mail.transpose()?;
    let library = Arc::new(probes::library(&args.library)?);
    probes::complain_of_missing(&record.own_probes, &library);
    let mut reports = Reports::prepare(&args.report)?;
    let (_, report) = run::judge_record(&record, &library, &terms)?;
    reports.write(&report, "")?;
    let exit = exit::of_audit(&report, args.fail_on.severity());
    let exit = run::with_missing(&record, exit);
    Ok(match mail {
        Some(mail) if !mail.send_report(&report) => exit::missing(exit),
        _ => exit,
    })
}
