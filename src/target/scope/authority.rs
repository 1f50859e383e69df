//! On whose authority a target is contacted, for the report.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Rule;

/// How the user consented without a scope file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// With `--authorized`.
    Flag,
    /// With a yes on the terminal.
    Terminal,
}

/// Where an authority comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The target is the machine itself.
    Loopback,
    /// `--authorized`.
    Flag,
    /// A yes on the terminal.
    Terminal,
    /// A rule of the scope file.
    ScopeFile,
}

/// On whose authority a target is contacted. The last three are known only for a scope file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Where the authority comes from.
    pub source: Source,
    /// The scope file.
    pub file: Option<String>,
    /// Who authorised it, as the rule says.
    pub authorized_by: Option<String>,
    /// The last day of the rule.
    pub expires: Option<Date>,
}

impl Authority {
    pub(super) fn loopback() -> Self {
        Self::without_file(Source::Loopback)
    }

    pub(super) fn consent(consent: Consent) -> Self {
        Self::without_file(match consent {
            Consent::Flag => Source::Flag,
            Consent::Terminal => Source::Terminal,
        })
    }

    pub(super) fn rule(rule: &Rule, file: &str) -> Self {
        Self {
            source: Source::ScopeFile,
            file: Some(file.to_owned()),
            authorized_by: rule.authorized_by.clone(),
            expires: rule.expires,
        }
    }

    fn without_file(source: Source) -> Self {
        Self { source, file: None, authorized_by: None, expires: None }
    }
}
