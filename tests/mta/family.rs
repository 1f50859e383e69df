//! What the kinds of servers have in common.

use std::fmt;

use anyhow::{Result, bail};

use super::case::Case;
use super::limit::Limit;
use super::place::Place;
use super::{exim, opensmtpd, postfix, sendmail};

/// One kind of server.
pub(crate) trait Family: Sync {
    /// Its name, in trials and for `MXAUDIT_REQUIRE`.
    fn name(&self) -> &'static str;

    /// The third number of its servers' addresses.
    fn number(&self) -> u8;

    /// Its cases.
    fn cases(&self) -> &'static [Case];

    /// Checks that this machine has it.
    ///
    /// # Errors
    ///
    /// Says what is missing.
    fn available(&self) -> Result<()>;

    /// Starts the server of a case and waits until it greets.
    ///
    /// # Errors
    ///
    /// A server that does not greet in time, or ends, is an error that carries its log.
    fn start(&self, case: &'static Case, place: Place) -> Result<Box<dyn Server>>;

    /// What stands in the log of a server that a client has annoyed.
    fn complaints(&self) -> &'static [&'static str];

    /// Its limits.
    fn limits(&self) -> &'static [Limit];

    /// Holds an audit to what the log tells about it beyond complaints; the log grew from `before` to `after`.
    ///
    /// # Errors
    ///
    /// Says what the audit did.
    fn bore(&self, case: &Case, before: &str, after: &str) -> Result<()> {
        let _ = (case, before, after);
        Ok(())
    }
}

/// A running server, ended on drop.
pub(crate) trait Server: Send + fmt::Debug {
    /// Everything that it has logged.
    ///
    /// # Errors
    ///
    /// Fails where the log cannot be read.
    fn log(&self) -> Result<String>;

    /// The whole log, once everything is in it that went before this call.
    ///
    /// # Errors
    ///
    /// Fails where the log does not come to rest.
    fn settled_log(&self) -> Result<String>;

    /// Changes a setting, `key = value`, while the server runs. It may take a while until it holds.
    ///
    /// # Errors
    ///
    /// Fails where the server cannot be told.
    fn set(&self, setting: &str) -> Result<()> {
        bail!("{setting}: this kind of server is not told anything while it runs")
    }
}

/// Every kind.
pub(crate) const FAMILIES: [&dyn Family; 4] =
    [&postfix::FAMILY, &exim::FAMILY, &sendmail::FAMILY, &opensmtpd::FAMILY];
