//! The shape of `mxaudit.toml`, with the place of every value.

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) auditor: Auditor,
    #[serde(default)]
    pub(super) local: Local,
    #[serde(default)]
    pub(super) scope: Vec<Spanned<Scope>>,
}

/// `[auditor]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auditor {
    pub(super) domain: Option<Spanned<String>>,
    pub(super) contact: Option<Spanned<String>>,
    pub(super) canary: Option<Spanned<String>>,
    pub(super) canary_address: Option<Spanned<String>>,
    pub(super) helo: Option<Spanned<String>>,
    pub(super) client_name: Option<Spanned<String>>,
}

/// `[local]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    #[serde(default)]
    pub(super) domains: Vec<Spanned<String>>,
    pub(super) user: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) partners: Vec<Spanned<String>>,
    pub(super) mx_domain: Option<Spanned<String>>,
}

/// `[[scope]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    #[serde(default)]
    pub(super) networks: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) domains: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) exclude: Vec<Spanned<String>>,
    pub(super) authorized_by: Option<Spanned<String>>,
    pub(super) expires: Option<Spanned<Day>>,
}

/// A day as a TOML date or as text.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a date such as 2027-01-31")]
pub(super) enum Day {
    Date(toml::value::Datetime),
    Text(String),
}

impl Day {
    /// The text of the day, as it stands in the file.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Date(date) => date.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
