//! `mxaudit diff`: two stored reports compared. No network.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::report::diff::{self, Document, Facts, Head};

use super::args::{DiffArgs, DiffFormat};
use super::exit::{self, Exit, Failure};
use super::output::Output;
use super::reports;
use super::sweep::folder::RunHead;

pub(super) fn diff(args: &DiffArgs) -> Result<Exit, Failure> {
    let (old, new) = (facts(&args.old)?, facts(&args.new)?);
    let mut output = Output::prepare(args.output.as_deref(), "--output")?;
    let report = diff::compare(&old, &new);
    let mut bytes = Vec::new();
    let written = match args.format {
        DiffFormat::Terminal => reports::on_screen(output.is_standard(), &mut bytes, |out| {
            diff::write_terminal(&report, out)
        }),
        DiffFormat::Json => diff::write_json(&report, &mut bytes),
    };
    written.map_err(Failure::internal)?;
    output.write(&bytes)?;
    Ok(exit::of_diff(&report, args.fail_on.severity()))
}

/// Reads one side: a report as JSON or JSON lines, or the folder of a sweep.
fn facts(path: &Path) -> Result<Facts, Failure> {
    let run = path.is_dir().then(|| RunHead::open(path)).transpose()?;
    let file: PathBuf = match run {
        Some(_) => path.join("hosts.jsonl"),
        None => path.to_owned(),
    };
    // A sweep that was killed may have left half a line.
    let torn = run.is_some();
    each(&file, torn, |head: Head| head.check())?;
    let mut facts = Facts::default();
    let read = each(&file, torn, |document: Document| facts.add(document))?;
    if let Some(run) = run {
        facts.set_ended(run.run().finished.is_some() && !run.run().interrupted);
    } else if read == 0 {
        let file = file.display();
        return Err(Failure::usage(format!(
            "{file}: it is empty; give a report of --format json or jsonl"
        )));
    }
    Ok(facts)
}

/// Reads the documents of a file one after another, and says how many there are.
fn each<T: DeserializeOwned>(
    file: &Path,
    torn: bool,
    mut take: impl FnMut(T) -> Result<(), diff::ReadError>,
) -> Result<usize, Failure> {
    let name = file.display();
    let fault = |error: &dyn std::fmt::Display| Failure::usage(format!("{name}: {error}"));
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
