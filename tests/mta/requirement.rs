//! What must not be skipped.

use libtest_mimic::{Completion, Failed};

/// The variable that lists what must run: `all`, or names such as `postfix` separated by commas.
const VARIABLE: &str = "MXAUDIT_REQUIRE";

/// Reports a trial that needs `what` as ignored, with the reason, or as failed where [`VARIABLE`] requires `what`.
pub(crate) fn missing(what: &str, reason: &str) -> Result<Completion, Failed> {
    let required = std::env::var(VARIABLE).unwrap_or_default();
    if required.split(',').map(str::trim).any(|name| name == "all" || name == what) {
        return Err(format!("{VARIABLE}={required}, but {reason}").into());
    }
    Ok(Completion::ignored_with(reason))
}
