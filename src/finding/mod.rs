//! Findings: what an audit claims, each with an entry of the catalogue and the place of its proof.

pub mod catalogue;

use serde::{Deserialize, Serialize};

/// How much a finding matters, from least to most.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// How sure a claim is, from least to most.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// One claim about one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry of the catalogue.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The probe that found it, if one did.
    pub probe: Option<String>,
    /// What the server did, in one sentence.
    pub summary: String,
    /// What limits or supports the claim, one sentence each.
    pub notes: Vec<String>,
    /// Transcript and exchange that decide it.
    pub evidence: Option<(usize, usize)>,
    /// What to write under the deciding line.
    pub mark: String,
    /// Other probes that the same cause explains.
    pub also: Vec<String>,
}

impl Finding {
    /// A claim of the check `id`, as severe as the catalogue says, with nothing else known of it.
    /// `None` where the catalogue has no such check.
    pub fn new(id: &str, confidence: Confidence, summary: impl Into<String>) -> Option<Self> {
        let entry = catalogue::find(id)?;
        Some(Self {
            id: entry.id,
            severity: entry.severity,
            confidence,
            probe: None,
            summary: summary.into(),
            notes: Vec::new(),
            evidence: None,
            mark: String::new(),
            also: Vec::new(),
        })
    }
}

impl Severity {
    /// The word as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Confidence {
    /// The word as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_says_how_severe_a_finding_is() {
        for entry in catalogue::entries() {
            let found = Finding::new(entry.id, Confidence::Low, "so it is").unwrap();
            assert_eq!((found.id, found.severity), (entry.id, entry.severity));
            assert_eq!((found.confidence, found.summary.as_str()), (Confidence::Low, "so it is"));
        }
        assert_eq!(Finding::new("no-such-check", Confidence::High, ""), None);
    }
}
