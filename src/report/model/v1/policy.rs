//! What a user expects of their servers and whether it is so, in version 1 of the report.

use schemars::JsonSchema;
use serde::Serialize;

/// The policy that a run was held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicySection {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Where it stands.
    pub file: String,
    /// True where there are hosts, and everything is as expected.
    pub met: bool,
    /// Hosts that were held to it.
    pub hosts: usize,
    /// Those that violate it; each says what it violates.
    pub hosts_violating: usize,
    /// What no single host violates.
    pub violations: Vec<PolicyViolation>,
}

/// One expectation that is not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyViolation {
    /// What the policy speaks of: `minimum_grade`, the id of a check, `mx` and a domain, `matrix` and a cell.
    pub rule: String,
    /// What it expects.
    pub expected: String,
    /// What there is.
    pub found: String,
    /// True where it is not known how it is, and only therefore not as expected.
    pub unknown: bool,
}

impl PolicySection {
    /// True where something is not as expected. A run that met nobody violates nothing, and meets nothing either.
    pub fn is_violated(&self) -> bool {
        self.hosts_violating > 0 || !self.violations.is_empty()
    }
}

impl std::fmt::Display for PolicyViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rule, expected, found, unknown } = self;
        let doubt = if *unknown { " (not known is not met)" } else { "" };
        write!(f, "{rule}: expected {expected}, found {found}{doubt}")
    }
}
