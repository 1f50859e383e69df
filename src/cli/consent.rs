//! The scope file, or the user's word.

use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::Path;

use jiff::civil::Date;

use crate::report::policy::Expectations;
use crate::target::spec::TargetSpec;

use super::config::{Config, ConfigError, Judged};
use super::exit::Failure;
use super::input;

/// The name that is looked for in the working folder.
const DEFAULT_FILE: &str = "mxaudit.toml";

/// Reads the configuration: the named file, else `mxaudit.toml` here, else none.
pub(super) fn read_config(named: Option<&Path>, today: Date) -> Result<Option<Config>, Failure> {
    let parse = |text: &str, file: &str| Config::parse(text, file, today);
    read_as(named, parse)
}

/// Reads of the same file what is said of stored reports.
pub(super) fn read_judged(named: Option<&Path>) -> Result<Judged, Failure> {
    Ok(read_as(named, Config::judged)?.unwrap_or_default())
}

/// Reads the policy of a file that has nothing else, or is a configuration.
pub(super) fn read_policy(file: &Path) -> Result<Expectations, Failure> {
    let shown = file.display().to_string();
    let text = input::text(file, input::BY_HAND).map_err(|error| {
        Failure::usage(format!(
            "{shown}: cannot be read: {error}; `mxaudit policy make` writes a policy from a report"
        ))
    })?;
    Config::policy(&text, &shown).map_err(Failure::usage)
}

fn read_as<T>(
    named: Option<&Path>,
    parse: impl FnOnce(&str, &str) -> Result<T, ConfigError>,
) -> Result<Option<T>, Failure> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match input::text(path, input::BY_HAND) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => {
            return Err(Failure::usage(format!(
                "{}: cannot be read: {error}; `mxaudit init` writes one",
                path.display()
            )));
        }
    };
    let shown = path.display().to_string();
    parse(&text, &shown).map(Some).map_err(Failure::usage)
}

/// Asks on the terminal; `false` where there is none.
pub(super) fn ask(specs: &[TargetSpec]) -> bool {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return false;
    }
    let names: Vec<_> = specs.iter().map(ToString::to_string).collect();
    let mut err = anstream::stderr();
    let _ = write!(
        err,
        "mxaudit connects to {} and tries whether strangers can relay mail through it.\n\
         Do you administer it, or act for those who do? [y/N] ",
        names.join(", ")
    );
    let _ = err.flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
