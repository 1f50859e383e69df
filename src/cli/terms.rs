//! What counts for the exit code, as the user says it: read before anything is sent.

use crate::report::terms::Terms;

use super::args::{StoredTermsArgs, TermsArgs};
use super::config::Judged;
use super::exit::Failure;
use super::{consent, earlier};

/// The terms of a command that has read its configuration already.
pub(super) fn read(args: &TermsArgs, judged: Judged) -> Result<Terms, Failure> {
    let Judged { suppressions, policy } = judged;
    let baseline = args.baseline.as_deref().map(earlier::baseline).transpose()?;
    let named = args.policy.as_deref().map(consent::read_policy).transpose()?;
    Ok(Terms { baseline, suppressions, policy: named.or(policy) })
}

/// The terms of a command that reads stored evidence.
pub(super) fn stored(args: &StoredTermsArgs) -> Result<Terms, Failure> {
    read(&args.terms, consent::read_judged(args.config.as_deref())?)
}
