//! What operators of lists allow in a day, held during a run.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

/// What is told of a list whose allowance is spent.
type Spent = Box<dyn Fn(&str) + Send + Sync>;

/// How many more questions each list may be asked; the default lets all be asked without end.
///
/// Every question counts, those too that are answered from what is known already: a list is asked rather less.
#[derive(Default)]
pub struct Allowance {
    left: HashMap<String, AtomicI64>,
    spent: Option<Spent>,
}

impl Allowance {
    /// So many for each of these lists, named by their ids. `spent` is told once of each list when the first question to
    /// it is not put any more.
    pub fn new(
        limits: impl IntoIterator<Item = (String, u64)>,
        spent: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let left = |limit: u64| AtomicI64::new(i64::try_from(limit).unwrap_or(i64::MAX));
        let left = limits.into_iter().map(|(zone, limit)| (zone, left(limit))).collect();
        Self { left, spent: Some(Box::new(spent)) }
    }

    /// Takes one question; false where there is none left.
    pub(super) fn take(&self, zone: &str) -> bool {
        let Some(left) = self.left.get(zone) else { return true };
        let before = left.fetch_sub(1, Ordering::Relaxed);
        // Only one sees the last one gone.
        if before == 0 {
            self.spent.iter().for_each(|spent| spent(zone));
        }
        before > 0
    }
}

impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allowance").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn what_is_spent_is_told_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let limits = [("one".to_owned(), 2), ("none".to_owned(), 0)];
        let allowance =
            Allowance::new(limits, move |zone| tell.lock().unwrap().push(zone.to_owned()));
        let taken: Vec<_> = (0..4).map(|_| allowance.take("one")).collect();
        assert_eq!(taken, [true, true, false, false]);
        assert!(!allowance.take("none") && !allowance.take("none"));
        assert!(allowance.take("another"), "a list without a limit");
        assert_eq!(*told.lock().unwrap(), ["one", "none"]);
        assert!(Allowance::default().take("one"));
    }
}
