//! One self-signed certificate for every server of the lab.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::HOST_NAME;

/// Writes the certificate and its key into `directory` and returns their paths.
///
/// Anyone can read them: each server runs as a user of its own, and the key is worth nothing.
///
/// # Errors
///
/// Fails where a file cannot be written.
pub(crate) fn write(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    let made = rcgen::generate_simple_self_signed([HOST_NAME.to_owned()])?;
    let paths = (directory.join("certificate.pem"), directory.join("key.pem"));
    let files = [(&paths.0, made.cert.pem()), (&paths.1, made.signing_key.serialize_pem())];
    for (path, text) in files {
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    }
    Ok(paths)
}
