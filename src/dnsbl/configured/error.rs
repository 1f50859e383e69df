//! Why a file is not read.

use thiserror::Error;

/// Why a configuration file gives no list of zones.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// It is larger than any such file.
    #[error(
        "cannot read the lists of {name}: it has {size} bytes, and a configuration file has at most {limit}; name the \
         file that holds the settings"
    )]
    TooLarge {
        /// What the user called it.
        name: String,
        /// Its bytes.
        size: usize,
        /// The most that is read.
        limit: usize,
    },
    /// There is nothing in it.
    #[error(
        "cannot read the lists of {name}: it is empty; name the file that the server reads, or the output of \
         `postconf -n`"
    )]
    Empty {
        /// What the user called it.
        name: String,
    },
    /// It holds a NUL byte.
    #[error(
        "cannot read the lists of {name}: there is a NUL byte in line {line}, so it is no text; name a configuration \
         file, saved as UTF-8 or ASCII, and no compiled table"
    )]
    Binary {
        /// What the user called it.
        name: String,
        /// The line of the first such byte, counted from 1.
        line: usize,
    },
    /// It is in none of the dialects.
    #[error(
        "cannot read the lists of {name}: nothing in it is known from a configuration file; looked for Postfix \
         (`smtpd_… =` in main.cf, services in master.cf), Exim (`begin acl`, `dnslists =`), Sendmail (`FEATURE(` in a \
         .mc file, rule sets in sendmail.cf), rspamd (`rbls {{ … }}` in rbl.conf) and SpamAssassin (`header RULE \
         eval:…`, `score RULE …` in a .cf file)"
    )]
    Unrecognised {
        /// What the user called it.
        name: String,
    },
}
