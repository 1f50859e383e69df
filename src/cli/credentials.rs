//! `--credentials FILE`, `--pop-credentials FILE` and `--smtp-credentials FILE`: the operator's own
//! account. No message holds a value of the file.

use std::path::Path;

use serde::Deserialize;

use crate::session::{Credentials, Mechanism, Secret};
use crate::target::name::normalise;

use super::config;
use super::exit::Failure;
use super::secret_file;

/// Longest user name and password, in bytes.
const LONGEST: usize = 256;

/// The shape of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    username: String,
    password: String,
    mechanism: Option<String>,
    address: Option<String>,
}

/// An account as the file has it, checked.
pub(super) struct Account {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) mechanism: Option<Mechanism>,
    pub(super) address: Option<String>,
}

/// Reads the file, which nobody else may read, for a session of an audit.
pub(super) fn read(flag: &str, path: &Path) -> Result<Credentials, Failure> {
    let Account { username, password, mechanism, address } = account(flag, path)?;
    Ok(Credentials { username, password: Secret::new(password), mechanism, address })
}

/// Reads the file, which nobody else may read.
pub(super) fn account(flag: &str, path: &Path) -> Result<Account, Failure> {
    let shown = path.display();
    let text = secret_file::read(flag, path)?;
    let usage = |message: String| Failure::usage(format!("{shown}: {message}"));
    let raw: Raw = toml::from_str(&text).map_err(|error| {
        // The reader's own words may quote the line, and the line may be the password.
        let (line, column) = config::position(&text, error.span().map_or(0, |span| span.start));
        Failure::usage(format!(
            "{shown}:{line}:{column}: no credentials; write username = \"…\" and password = \"…\", \
             and where needed mechanism and address, each as text in quotes, and nothing else"
        ))
    })?;
    for (key, value) in [("username", &raw.username), ("password", &raw.password)] {
        if !is_usable(value) {
            return Err(usage(format!(
                "{key}: give 1 to {LONGEST} bytes without control characters"
            )));
        }
    }
    let mechanism = raw.mechanism.as_deref().map(|name| {
        let known = Mechanism::ALL.map(Mechanism::name).join(", ");
        Mechanism::of_name(name).ok_or_else(|| usage(format!("mechanism: use one of {known}")))
    });
    let address = raw.address.as_deref().map(|text| {
        let mailbox = text.rsplit_once('@').filter(|(user, domain)| {
            let plain = |c: char| c.is_ascii_graphic() && !"<>@\"".contains(c);
            !user.is_empty()
                && user.len() <= 64
                && user.chars().all(plain)
                && normalise(domain).is_ok()
        });
        let is_none = || usage("address: write it like jane@example.org".into());
        mailbox.map(|_| text.to_owned()).ok_or_else(is_none)
    });
    Ok(Account {
        username: raw.username,
        password: raw.password,
        mechanism: mechanism.transpose()?,
        address: address.transpose()?,
    })
}

/// True for a user name or a password that can be sent.
pub(super) fn is_usable(value: &str) -> bool {
    !value.is_empty() && value.len() <= LONGEST && !value.chars().any(char::is_control)
}
