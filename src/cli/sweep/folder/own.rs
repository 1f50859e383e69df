//! The files that are the run's own, which no report may take the place of.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::FolderError;
use super::{LOCK, REPORTS, SUMMARY, plan};

/// Files and folders at the top of a run folder.
const OWN: [&str; 6] = [plan::RUN, REPORTS, SUMMARY, LOCK, "evidence", "dark"];

/// Finds out whether a report may be written to `path` beside the run in `dir`, which need not be there yet.
///
/// # Errors
/// Where that is a file of the run, or the folder itself.
pub(in crate::cli) fn check_report(dir: &Path, path: &Path) -> Result<(), FolderError> {
    match is_own(dir, path) {
        true => Err(FolderError::Own { path: path.to_owned(), dir: dir.to_owned() }),
        false => Ok(()),
    }
}

fn is_own(dir: &Path, path: &Path) -> bool {
    let dir = fs::canonicalize(dir).ok().or_else(|| place(dir));
    let (Some(dir), Some(path)) = (dir, place(path)) else { return false };
    let Ok(inside) = path.strip_prefix(&dir) else { return false };
    match inside.components().next() {
        Some(first) => is_own_name(first.as_os_str()),
        None => true,
    }
}

/// Where a file is or would be made; `None` where no folder is there to hold it.
fn place(path: &Path) -> Option<PathBuf> {
    let folder = match path.parent()? {
        folder if folder == Path::new("") => Path::new("."),
        folder => folder,
    };
    Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))
}

/// Some file systems tell no capital letters from small ones.
fn is_own_name(name: &OsStr) -> bool {
    let partly = |name: &str| Some(name.strip_prefix('.')?.strip_suffix(".partial")?.to_owned());
    name.to_str().is_some_and(|name| {
        let name = partly(name).unwrap_or_else(|| name.to_owned());
        OWN.iter().any(|own| own.eq_ignore_ascii_case(&name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_takes_no_place_of_the_runs_own() {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("run");
        let own = |path: &str| check_report(&run, &place.path().join(path)).is_err();
        // Before the run has begun only its folder could be taken.
        assert!(own("run") && !own("hosts.jsonl"));
        fs::create_dir_all(run.join("evidence")).unwrap();
        fs::create_dir_all(run.join("reports")).unwrap();
        std::os::unix::fs::symlink(&run, place.path().join("link")).unwrap();
        for path in [
            "run/hosts.jsonl",
            "run/HOSTS.jsonl",
            "run/run.json",
            "run/.run.json.partial",
            "run/summary.json",
            "run/lock",
            "run/evidence",
            "run/evidence/hosts.jsonl",
            "run/evidence/mine.csv",
            "run/dark",
            "run/reports/../hosts.jsonl",
            "link/hosts.jsonl",
        ] {
            assert!(own(path), "{path}");
        }
        for path in ["run/hosts.csv", "run/reports/hosts.jsonl", "hosts.jsonl", "nowhere/run.json"]
        {
            assert!(!own(path), "{path}");
        }
        let error = check_report(&run, &run.join("run.json")).unwrap_err().to_string();
        assert!(error.contains("name another file"), "{error}");
    }
}
