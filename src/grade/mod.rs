//! The grade: from the outcomes of checks and a policy to a letter. Pure, integers only.
//!
//! - A pass earns full points, a warning half, a failure none. What is not known is left out of
//!   earned and possible alike and lowers the coverage; what does not apply counts nowhere.
//! - The letter comes from the score and is held down by caps and by the coverage; the worst wins.
//!   F outranks N, "not graded".
//! - Unknown never helps: a pass that turns into unknown, skipped or failed never raises the
//!   letter. A failure that is added never raises it either, save that an N may become a D: then
//!   enough is known to grade at all.
//! - The numbers are data: `reports/policy/v1.toml`.

mod advice;
mod check;
mod facts;
mod letter;
mod listing;
mod load;
mod policy;
mod scorecard;
mod tally;
#[cfg(test)]
mod tests;

pub use check::{CheckOutcome, CheckResult};
pub use facts::relay_results;
pub use letter::Letter;
pub use listing::listing_results;
pub use policy::{Cap, Category, Check, CoverageBound, Policy, Thresholds, When};
pub use scorecard::{CategoryGrade, Effect, Grade, GradeReason, Standing, grade};
