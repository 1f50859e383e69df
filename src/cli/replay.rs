//! `mxaudit replay`: judges stored evidence again. No network.

use std::path::Path;
use std::sync::Arc;

use super::args::ReplayArgs;
use super::exit::{self, Exit, Failure};
use super::reports::Reports;
use super::{probes, run, store};

pub(super) fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    let paths: Vec<&Path> = args.evidence.iter().map(AsRef::as_ref).collect();
    let record = match paths.as_slice() {
        [folder] if folder.is_dir() => store::read_folder(folder)?,
        files if files.iter().any(|path| path.is_dir()) => {
            return Err(Failure::usage("give one folder, or transcripts, not both"));
        }
        files => store::read_files(files)?,
    };
    let library = Arc::new(probes::library(&args.library)?);
    probes::complain_of_missing(&record.own_probes, &library);
    let mut reports = Reports::prepare(&args.report)?;
    let (judged, report) = run::judge_record(&record, &library)?;
    reports.write(&report, "")?;
    let hosts = judged.iter().map(|host| (&host.relay, host.findings.as_slice()));
    let exit = exit::of_audit(hosts, args.fail_on.severity(), record.interrupted);
    Ok(run::with_missing(&record, exit))
}
