//! Files with secrets: passwords and keys.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::exit::Failure;
use super::input;

/// Reads the file that `flag` names, which nobody else may read.
pub(super) fn read(flag: &str, path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let fault = |error: io::Error| {
        Failure::usage(format!("{flag} {shown}: cannot be read: {error}; name a file of your own"))
    };
    let file = File::open(path).map_err(fault)?;
    check_mode(flag, &file.metadata().map_err(fault)?, path)?;
    let bytes = input::of(file, input::BY_HAND).map_err(fault)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format!("{flag} {shown}: is not UTF-8 text; write the file anew"))
    })
}

/// A secret that others can read is one that others have.
#[cfg(unix)]
fn check_mode(flag: &str, metadata: &fs::Metadata, path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Failure::usage(format!(
        "{flag} {shown}: others can read it (mode {mode:03o}); run: chmod 600 {shown}"
    )))
}

#[cfg(not(unix))]
fn check_mode(_: &str, _: &fs::Metadata, _: &Path) -> Result<(), Failure> {
    Ok(())
}
