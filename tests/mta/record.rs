//! The dialogues of the truth, kept for the vectors of the probe files.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::truth::Truth;

/// The variable that names the directory.
const VARIABLE: &str = "MXAUDIT_RECORD";

/// Writes `<family>-<case>/<technique>.txt` for every technique, where a directory is named.
///
/// # Errors
///
/// Fails where a file cannot be written.
pub(crate) fn keep(family: &str, case: &str, truth: &Truth) -> Result<()> {
    let Some(directory) = env::var_os(VARIABLE) else { return Ok(()) };
    let directory = PathBuf::from(directory).join(format!("{family}-{case}"));
    fs::create_dir_all(&directory)?;
    for attempt in &truth.attempts {
        let path = directory.join(format!("{}.txt", attempt.id));
        let what = match (attempt.relayed, attempt.returned) {
            (true, _) => "relayed",
            (false, true) => "returned",
            (false, false) => "not relayed",
        };
        fs::write(&path, format!("{}# {what}\n", attempt.said))
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}
