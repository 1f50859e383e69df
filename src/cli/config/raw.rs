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
    pub(super) matrix: Matrix,
    #[serde(default)]
    pub(super) scope: Vec<Spanned<Scope>>,
    #[serde(default)]
    pub(super) suppress: Vec<Spanned<Suppress>>,
    pub(super) policy: Option<Spanned<Policy>>,
}

/// `[matrix]`: `client.sender.recipient = "yes"`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Matrix {
    pub(super) foreign: Senders,
    pub(super) trusted: Senders,
    pub(super) authenticated: Senders,
}

/// The senders of one client.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Senders {
    pub(super) foreign: Recipients,
    pub(super) local: Recipients,
    pub(super) null: Recipients,
}

/// The recipients of one sender.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Recipients {
    pub(super) foreign: Option<Spanned<String>>,
    pub(super) local: Option<Spanned<String>>,
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

/// `[[suppress]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suppress {
    pub(super) check: Option<Spanned<String>>,
    pub(super) target: Option<Spanned<String>>,
    pub(super) reason: Option<Spanned<String>>,
    pub(super) expires: Option<Spanned<Day>>,
    pub(super) code: Option<Spanned<String>>,
    pub(super) list: Option<Spanned<String>>,
}

/// `[policy]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) name: Option<Spanned<String>>,
    pub(super) version: Option<Spanned<u32>>,
    pub(super) minimum_grade: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) check: Vec<Spanned<PolicyCheck>>,
    #[serde(default)]
    pub(super) mx: Vec<Spanned<PolicyMx>>,
    #[serde(default)]
    pub(super) matrix: Matrix,
}

/// `[[policy.check]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyCheck {
    pub(super) id: Spanned<String>,
    #[serde(default)]
    pub(super) required: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) forbidden: Vec<Spanned<String>>,
}

/// `[[policy.mx]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyMx {
    pub(super) domain: Spanned<String>,
    pub(super) hosts: Vec<Spanned<String>>,
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
