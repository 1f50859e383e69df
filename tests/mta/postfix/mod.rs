//! Postfix, installed on this machine; one instance a case.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::case::Case;
use super::family::{Family, Server};
use super::limit::Limit;
use super::place::Place;

mod cases;
pub(crate) mod exact;
mod limits;
mod log;
pub(crate) mod mail_report;
pub(crate) mod report;
mod server;

/// The family.
pub(crate) static FAMILY: Postfix = Postfix;

/// The Postfix of this machine.
#[derive(Debug)]
pub(crate) struct Postfix;

impl Family for Postfix {
    fn name(&self) -> &'static str {
        "postfix"
    }

    fn number(&self) -> u8 {
        1
    }

    fn cases(&self) -> &'static [Case] {
        &cases::CASES
    }

    /// Checks that this machine has a Postfix that the cases can be written for.
    fn available(&self) -> Result<()> {
        let output = Command::new("postconf")
            .args(["-d", "-h", "mail_version"])
            .stderr(Stdio::null())
            .output()
            .context("Postfix is not installed (postconf cannot be run)")?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
        let known = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        ensure!(
            known >= (3, 7),
            "Postfix 3.7 is needed for regexp tables in main.cf, this is {version:?}"
        );
        Ok(())
    }

    fn start(&self, case: &'static Case, place: Place) -> Result<Box<dyn Server>> {
        Ok(Box::new(server::Instance::start(case, &place)?))
    }

    fn complaints(&self) -> &'static [&'static str] {
        &[
            "too many errors after",
            "non-SMTP command from",
            "improper command pipelining after",
            "concurrency limit exceeded",
            "rate limit exceeded",
            "timeout after",
            "PREGREET",
            "COMMAND PIPELINING",
            "COMMAND COUNT LIMIT",
            "COMMAND TIME LIMIT",
            "NON-SMTP COMMAND",
            "BARE NEWLINE",
        ]
    }

    fn limits(&self) -> &'static [Limit] {
        &limits::LIMITS
    }

    /// A session that was slowed down is in the log only by its number of errors.
    fn bore(&self, case: &Case, before: &str, after: &str) -> Result<()> {
        report::polite(case, after.get(before.len()..).context("the log shrank")?)
    }
}
