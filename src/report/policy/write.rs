//! What came of holding a stored report to a policy, for a reader.

use std::io::{self, Write};

use super::JudgedPolicy;
use crate::report::escape::terminal;
use crate::report::terms::of_policy;

/// Writes each host with what it violates, and what came of it in all.
///
/// # Errors
/// Those of `out`.
pub fn write_terminal(judged: &JudgedPolicy, out: &mut dyn Write) -> io::Result<()> {
    for (host, violations) in &judged.hosts {
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
