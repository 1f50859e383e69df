//! Keys to zones that ask for one. No message and no form of printing holds a key.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;
use toml::Spanned;

use super::name;
use super::registry::{Registry, is_id, position};
use super::zone::Zone;

/// What an environment variable begins with that holds a key; the id follows in capitals, with `_` for `-`.
const VARIABLE: &str = "MXAUDIT_KEY_";

/// Keys by the name that zones know them by.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys(BTreeMap<String, String>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, "***"))).finish()
    }
}

/// Why keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The file is not of the form.
    #[error(
        "{file}:{line}:{column}: no list of keys; write one line for each, such as \
         spamhaus-dqs = \"…\", with the key in quotes, and each name once"
    )]
    Syntax {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
    },
    /// The name cannot be one of a key.
    #[error("{place}: `{}` is no name of a key; use one such as spamhaus-dqs", name.escape_debug())]
    BadName {
        /// The place in the file, or the environment.
        place: String,
        /// The name.
        name: String,
    },
    /// The key cannot stand in a domain name.
    #[error(
        "{place}: the key for `{name}` is not made of 1 to 63 letters, digits and hyphens; copy it \
         anew from the operator's page, or remove it"
    )]
    BadKey {
        /// The place in the file, or the name of the variable.
        place: String,
        /// The name of the key.
        name: String,
    },
    /// No zone takes the key.
    #[error("no list takes a key by the name `{name}`; those that do: {}", known.join(", "))]
    Unknown {
        /// The name of the key.
        name: String,
        /// The names that zones know.
        known: Vec<String>,
    },
}

impl Keys {
    /// Reads a file of lines `name = "key"` (TOML). `file` is its name for errors.
    pub fn read(text: &str, file: &str) -> Result<Self, KeyError> {
        let raw: BTreeMap<Spanned<String>, Spanned<String>> =
            // The reader's own words may quote the line, and the line may be the key.
            toml::from_str(text).map_err(|error| {
                let (line, column) = position(text, error.span().map_or(0, |span| span.start));
                KeyError::Syntax { file: file.to_owned(), line, column }
            })?;
        let mut keys = Self::default();
        for (name, key) in raw {
            let (line, column) = position(text, name.span().start);
            let place = format!("{file}:{line}:{column}");
            keys.insert(place, name.into_inner(), key.into_inner())?;
        }
        Ok(keys)
    }

    /// Takes the keys out of environment variables, `MXAUDIT_KEY_SPAMHAUS_DQS` for `spamhaus-dqs`. Others are left
    /// alone.
    pub fn from_variables<N, V>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, KeyError>
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let mut keys = Self::default();
        for (variable, key) in variables {
            let variable = variable.as_ref();
            if let Some(rest) = variable.strip_prefix(VARIABLE) {
                let name = rest.to_ascii_lowercase().replace('_', "-");
                keys.insert(variable.to_owned(), name, key.into())?;
            }
        }
        Ok(keys)
    }

    fn insert(&mut self, place: String, name: String, key: String) -> Result<(), KeyError> {
        if !is_id(&name) {
            return Err(KeyError::BadName { place, name });
        }
        if key.contains('_') || name::check_label(&key).is_err() {
            return Err(KeyError::BadKey { place, name });
        }
        self.0.insert(name, key);
        Ok(())
    }

    /// Takes in other keys; those with a known name take its place.
    pub fn overlay(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The key for a zone; `None` where it takes none or there is none.
    pub fn of(&self, zone: &Zone) -> Option<&str> {
        self.0.get(zone.key_name()?).map(String::as_str)
    }

    /// The names that there are keys for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Finds a key that no zone of the registry takes: a misspelt name would be a silent skip.
    pub fn check(&self, registry: &Registry) -> Result<(), KeyError> {
        let mut known: Vec<String> =
            registry.zones().filter_map(Zone::key_name).map(str::to_owned).collect();
        known.sort_unstable();
        known.dedup();
        match self.0.keys().find(|name| !known.contains(name)) {
            Some(name) => Err(KeyError::Unknown { name: name.clone(), known }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
