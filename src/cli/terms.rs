//! What counts for the exit code, as the user says it: read before anything is sent.

use crate::report::terms::{Suppression, Terms};

use super::args::{StoredTermsArgs, TermsArgs};
use super::exit::Failure;
use super::{consent, earlier};

/// The terms of a command that has read its configuration already.
pub(super) fn read(args: &TermsArgs, suppressions: Vec<Suppression>) -> Result<Terms, Failure> {
    let baseline = args.baseline.as_deref().map(earlier::baseline).transpose()?;
    Ok(Terms { baseline, suppressions })
}

/// The terms of a command that reads stored evidence.
pub(super) fn stored(args: &StoredTermsArgs) -> Result<Terms, Failure> {
    read(&args.terms, consent::read_suppressions(args.config.as_deref())?)
}
