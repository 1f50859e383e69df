//! Earlier reports, read to be compared with.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::report::diff::{Baseline, Document, Facts, Head, ReadError};
use crate::report::policy::{PolicyDocument, StoredFacts};

use super::exit::Failure;
use super::sweep::folder::RunHead;

/// All that is compared of a report.
pub(super) fn facts(path: &Path) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    let ended = documents(path, &path.display().to_string(), |one: Document| facts.add(one))?;
    if let Some(ended) = ended {
        facts.set_ended(ended);
    }
    Ok(facts)
}

/// The findings of a report, against which only new ones count.
pub(super) fn baseline(path: &Path) -> Result<Baseline, Failure> {
    let name = path.display().to_string();
    let mut baseline = Baseline::new(&name);
    let label = format!("--baseline {name}");
    if let Some(ended) = documents(path, &label, |one: Document| baseline.add(one))? {
        baseline.set_ended(ended);
    }
    Ok(baseline)
}

/// What a policy is judged by.
pub(super) fn policy_facts(path: &Path) -> Result<StoredFacts, Failure> {
    let mut facts = StoredFacts::default();
    let add = |one: PolicyDocument| facts.add(one);
    if let Some(ended) = documents(path, &path.display().to_string(), add)? {
        facts.ended = ended;
        let head = RunHead::open(path)?;
        let left =
            head.run().plan.not_probed.iter().map(|one| (one.domain.clone(), one.host.clone()));
        facts.left_alone.extend(left);
    }
    Ok(facts)
}

/// Reads a report as JSON or JSON lines, or the folder of a sweep; of a folder it says whether the sweep came to its
/// end. `label` begins the messages.
fn documents<T: DeserializeOwned>(
    path: &Path,
    label: &str,
    add: impl FnMut(T) -> Result<(), ReadError>,
) -> Result<Option<bool>, Failure> {
    let run = path.is_dir().then(|| RunHead::open(path)).transpose()?;
    let file: PathBuf = match run {
        Some(_) => path.join("hosts.jsonl"),
        None => path.to_owned(),
    };
    let label = match run {
        Some(_) => format!("{label}: hosts.jsonl"),
        None => label.to_owned(),
    };
    // A sweep that was killed may have left half a line.
    let torn = run.is_some();
    each(&file, &label, torn, |head: Head| head.check())?;
    let read = each(&file, &label, torn, add)?;
    match run {
        Some(run) => Ok(Some(run.run().finished.is_some() && !run.run().interrupted)),
        None if read == 0 => Err(Failure::usage(format!(
            "{label}: it is empty; give a report of --format json or jsonl"
        ))),
        None => Ok(None),
    }
}

/// Reads the documents of a file one after another, and says how many there are.
fn each<T: DeserializeOwned>(
    file: &Path,
    label: &str,
    torn: bool,
    mut take: impl FnMut(T) -> Result<(), ReadError>,
) -> Result<usize, Failure> {
    let fault = |error: &dyn std::fmt::Display| Failure::usage(format!("{label}: {error}"));
    let open = File::open(file).map_err(|error| {
        fault(&format!("cannot be read: {error}; name a report or the folder of a sweep"))
    })?;
    let reader: Box<dyn Read> = Box::new(BufReader::with_capacity(1 << 16, open));
    let mut count = 0;
    for document in serde_json::Deserializer::from_reader(reader).into_iter::<T>() {
        match document {
            Ok(document) => take(document).map_err(|error| fault(&error))?,
            Err(error) if torn && error.is_eof() => break,
            Err(error) => {
                let what =
                    format!("{error}; it is no whole report of mxaudit in JSON or JSON lines");
                return Err(fault(&what));
            }
        }
        count += 1;
    }
    Ok(count)
}
