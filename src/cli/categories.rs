//! `--only` and `--skip`: which categories of the grade are audited.

use crate::engine::Wanted;
use crate::grade::Policy;

use super::exit::Failure;

/// What the user left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Categories {
    /// Ids of categories of the policy. They count as untested.
    pub(super) skipped: Vec<String>,
}

impl Categories {
    /// Reads the two flags; `only` wins over what it does not name.
    pub(super) fn read(only: &[String], skip: &[String]) -> Result<Self, Failure> {
        let policy = Policy::embedded().map_err(Failure::internal)?;
        let built = policy.categories.iter().filter(|c| c.checks.iter().any(|check| check.built));
        let known: Vec<_> = built.map(|category| category.id.clone()).collect();
        for (flag, names) in [("--only", only), ("--skip", skip)] {
            if let Some(name) = names.iter().find(|name| !known.contains(name)) {
                let known = known.join(", ");
                return Err(Failure::usage(format!("{flag}: `{name}` is none of {known}")));
            }
        }
        let is_out = |id: &String| skip.contains(id) || !(only.is_empty() || only.contains(id));
        let skipped: Vec<_> = known.iter().filter(|id| is_out(id)).cloned().collect();
        if skipped.len() == known.len() {
            return Err(Failure::usage("--only and --skip leave nothing to audit"));
        }
        Ok(Self { skipped })
    }

    /// What is asked at all.
    pub(super) fn wanted(&self) -> Wanted {
        let is_in = |id: &str| !self.skipped.iter().any(|skipped| skipped == id);
        Wanted { relay: is_in("relay"), operations: is_in("operations") }
    }
}
