//! What a check found, as the grade sees it.

/// What became of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// As it should be: full points.
    Pass,
    /// Not as it should be, and no failure: half of the points.
    Warn,
    /// No points.
    Fail,
    /// Nothing was learned; the reason in one word of the report. It never passes.
    Unknown(String),
    /// It makes no sense for this host, and counts nowhere.
    NotApplicable,
    /// The user left it out. It counts as untested.
    Skipped,
}

/// One check of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// The check's id in the policy.
    pub id: String,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// How much of it was judged, in percent: a check may have many parts. It says nothing about
    /// a check that is unknown, skipped or not applicable.
    pub tested: u32,
    /// The finding that caused it, by its id in the catalogue.
    pub finding: Option<String>,
    /// What was seen, in one sentence.
    pub detail: String,
}

impl CheckResult {
    /// A check that was judged as a whole.
    pub fn new(id: &str, outcome: CheckOutcome, detail: impl Into<String>) -> Self {
        Self { id: id.to_owned(), outcome, tested: 100, finding: None, detail: detail.into() }
    }

    /// A check that nothing was learned about, with the reason word and what it means.
    pub fn unknown(id: &str, why: &str, detail: impl Into<String>) -> Self {
        Self::new(id, CheckOutcome::Unknown(why.to_owned()), detail)
    }

    /// A check that the user left out.
    pub fn skipped(id: &str) -> Self {
        Self::new(id, CheckOutcome::Skipped, "left out by the user")
    }

    /// True where nothing was learned: unknown, skipped, or a pass of which no part was judged.
    pub fn is_untested(&self) -> bool {
        match self.outcome {
            CheckOutcome::Unknown(_) | CheckOutcome::Skipped => true,
            CheckOutcome::Pass | CheckOutcome::Warn => self.tested == 0,
            CheckOutcome::Fail | CheckOutcome::NotApplicable => false,
        }
    }

    /// Lower is worse: of two results for one check the worse one counts.
    pub(super) fn rank(&self) -> u32 {
        match self.outcome {
            CheckOutcome::Fail => 0,
            CheckOutcome::Warn if self.tested > 0 => 1,
            CheckOutcome::Warn | CheckOutcome::Unknown(_) | CheckOutcome::Skipped => 2,
            CheckOutcome::Pass => 3 + self.tested.min(100),
            CheckOutcome::NotApplicable => u32::MAX,
        }
    }
}
