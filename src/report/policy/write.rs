//! What came of holding a stored report to a policy, for readers and for machines.

use std::io::{self, Write};

use serde_json::ser::PrettyFormatter;

use super::{JudgedHost, JudgedPolicy};
use crate::report::escape::terminal;
use crate::report::json;
use crate::report::terms::of_policy;

/// Writes each host with what it violates, and what came of it in all.
///
/// # Errors
/// Those of `out`.
pub fn write_terminal(judged: &JudgedPolicy, out: &mut dyn Write) -> io::Result<()> {
    for JudgedHost { host, violations } in &judged.hosts {
        let host = terminal(host);
        if violations.is_empty() {
            writeln!(out, "{host}: as expected")?;
        }
        for violation in violations {
            writeln!(out, "{host}: {}", terminal(&violation.to_string()))?;
        }
    }
    for remark in of_policy(&judged.section) {
        writeln!(out, "{}", terminal(&remark))?;
    }
    match judged.incomplete {
        true => writeln!(out, "the report does not tell of every host how it is"),
        false => Ok(()),
    }
}

/// Writes it as indented JSON with a final newline, as [`json::write`] does.
///
/// # Errors
/// Those of `out`.
pub fn write_json(judged: &JudgedPolicy, out: &mut dyn Write) -> io::Result<()> {
    json::serialize(judged, PrettyFormatter::new(), out)
}
