//! Judgement: from evidence to outcomes, a verdict and findings. Pure: no I/O, no clock.
//!
//! Three rules stand above the others. Unknown is never safe: whatever was not understood makes a
//! host inconclusive. A refusal is judged by what it says, and by how the server treats its own
//! users under the same circumstances. And an acceptance counts only where the server cannot have
//! taken the recipient for one of its own.

mod arrivals;
mod connection;
mod findings;
mod form;
pub mod listing;
mod matrix;
mod outcome;
mod own_mail;
mod pop;
mod proof;
mod reason;
mod relay;
mod vectors;
mod why;
mod wording;

pub use findings::findings;
pub use form::{FormVerdict, Judge, Reading};
pub(crate) use matrix::GAPS;
pub use matrix::{CellVerdict, MatrixVerdict, NotTested, Observed, RowVerdict, matrix};
pub use outcome::{NotRun, Outcome, Proof, Refusal, Undecided, Verdict};
pub use own_mail::{OwnMail, RefusedMail, Taken, own_mail};
pub(crate) use pop::POP_ENDS;
pub use pop::{Heard, PopOutcome, PopReason, PopVerdict, PopWindow, heard, pop_before_smtp};
pub use reason::Reason;
pub use relay::{Coverage, ProbeVerdict, RelayVerdict, judge, judge_by};
pub use vectors::{VectorFault, check_vectors};

#[cfg(test)]
mod tests;
