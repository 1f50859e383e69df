//! Which DNS-based lists a mail server or filter is configured to trust, read from its configuration file.
//!
//! Text in, values out: nothing is opened, looked up or included. What a file says about lists and cannot be followed
//! from the file alone becomes a [`Note`].

mod error;
mod exim;
mod filter;
mod key;
mod octets;
mod pattern;
mod postfix;
mod reading;
mod recognise;
mod rspamd;
mod sendmail;
mod spamassassin;
#[cfg(test)]
mod tests;
mod zone;

use std::fmt;

pub use error::ConfigError;
pub use filter::{Accepted, Filter};
pub use key::{Secret, masked_before, masked_of};
pub use octets::Octets;
pub use pattern::Pattern;
pub use zone::{Asked, ConfiguredZone, Kind, Use};

use reading::Reading;

/// The largest file that is read.
pub const SIZE_LIMIT: usize = 5 * 1024 * 1024;

/// What one file says about DNS-based lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// The language that the file is written in.
    pub dialect: Dialect,
    /// The lists, in the order of the file.
    pub zones: Vec<ConfiguredZone>,
    /// What else there is to know, in the order of the file.
    pub notes: Vec<Note>,
}

/// The language of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Postfix `main.cf`, or what `postconf -n` prints.
    PostfixMain,
    /// Postfix `master.cf`.
    PostfixMaster,
    /// The run time configuration of Exim, or a fragment of its ACLs.
    Exim,
    /// The m4 source of a Sendmail configuration.
    SendmailMc,
    /// A generated `sendmail.cf`.
    SendmailCf,
    /// `rbl.conf` of rspamd.
    Rspamd,
    /// Rules or settings of SpamAssassin.
    SpamAssassin,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostfixMain => "Postfix main.cf",
            Self::PostfixMaster => "Postfix master.cf",
            Self::Exim => "Exim configuration",
            Self::SendmailMc => "Sendmail .mc",
            Self::SendmailCf => "sendmail.cf",
            Self::Rspamd => "rspamd rbl.conf",
            Self::SpamAssassin => "SpamAssassin .cf",
        })
    }
}

/// Something about a file that is no zone and that its reader must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line that it is about, counted from 1.
    pub line: usize,
    /// What kind of thing it is.
    pub kind: NoteKind,
    /// The text it is about, shortened.
    pub text: String,
    /// What there is to know.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// What a [`Note`] means for the list of zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// There may be zones that are not in the list: this setting cannot be followed from the file alone.
    NotFollowed,
    /// Another file, a table or a service, which most servers have, may ask lists of its own.
    Elsewhere,
    /// A zone is named here and is not asked.
    Disabled,
    /// A condition was taken to hold that this file does not decide.
    Assumed,
    /// How the zones are used.
    Meaning,
}

impl NoteKind {
    /// The kind in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFollowed => "not-followed",
            Self::Elsewhere => "elsewhere",
            Self::Disabled => "disabled",
            Self::Assumed => "assumed",
            Self::Meaning => "meaning",
        }
    }
}

/// Reads a configuration file. `name` is what the user called it; it is used in errors and, where the content leaves
/// a choice, to recognise the dialect.
///
/// # Errors
/// When the file is too large, empty, not text, or in none of the dialects.
pub fn read(name: &str, bytes: &[u8]) -> Result<Configured, ConfigError> {
    if bytes.len() > SIZE_LIMIT {
        return Err(ConfigError::TooLarge {
            name: name.to_owned(),
            size: bytes.len(),
            limit: SIZE_LIMIT,
        });
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let line = 1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
        return Err(ConfigError::Binary { name: name.to_owned(), line });
    }
    // Comments in old files are often in Latin-1, and no setting that counts here is outside ASCII.
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Err(ConfigError::Empty { name: name.to_owned() });
    }
    let dialect = recognise::recognise(name, text)
        .ok_or_else(|| ConfigError::Unrecognised { name: name.to_owned() })?;
    let mut reading = Reading::default();
    match dialect {
        Dialect::PostfixMain => postfix::read_main(text, &mut reading),
        Dialect::PostfixMaster => postfix::read_master(text, &mut reading),
        Dialect::Exim => exim::read(text, &mut reading),
        Dialect::SendmailMc => sendmail::read_mc(text, &mut reading),
        Dialect::SendmailCf => sendmail::read_cf(text, &mut reading),
        Dialect::Rspamd => rspamd::read(text, &mut reading),
        Dialect::SpamAssassin => spamassassin::read(text, &mut reading),
    }
    Ok(reading.finish(dialect))
}
