//! `[[suppress]]`: a finding that may stay for a while, on whose word and until when.

use toml::Spanned;

use super::{ConfigError, ConfigProblem, Reader, network, raw, shown};
use crate::finding::catalogue;
use crate::report::terms::{Suppressed, Suppression};

impl Reader<'_> {
    /// All suppressions of the file, in its order. One that has ended is none of the problems: it does nothing, and
    /// the report says so.
    pub(super) fn suppressions(&self, raw: &raw::File) -> Result<Vec<Suppression>, ConfigError> {
        raw.suppress.iter().map(|table| self.suppression(table)).collect()
    }

    fn suppression(&self, table: &Spanned<raw::Suppress>) -> Result<Suppression, ConfigError> {
        let raw = table.get_ref();
        let lacks = |key| self.error(table, ConfigProblem::SuppressLacks(key));
        let check = raw.check.as_ref().ok_or_else(|| lacks("check"))?;
        let target = raw.target.as_ref().ok_or_else(|| lacks("target"))?;
        let reason = raw.reason.as_ref().ok_or_else(|| lacks("reason"))?;
        let expires = raw.expires.as_ref().ok_or_else(|| lacks("expires"))?;
        let said = |key, value: &Option<_>| value.as_ref().map(|v| self.said(key, v)).transpose();
        Ok(Suppression {
            check: self.check(check)?,
            target: self.suppressed(target)?,
            code: said("code", &raw.code)?,
            list: said("list", &raw.list)?,
            reason: self.said("reason", reason)?,
            expires: self.day(expires)?,
            place: format!("{}:{}", self.file, self.line(table)),
        })
    }

    /// A check of the catalogue that does not claim relaying.
    fn check(&self, value: &Spanned<String>) -> Result<String, ConfigError> {
        let id = value.get_ref();
        let Some(entry) = catalogue::find(id) else {
            return Err(self.error(value, ConfigProblem::NoCheck(shown(id))));
        };
        match catalogue::RELAYING.contains(&entry.id) {
            true => Err(self.error(value, ConfigProblem::SuppressesRelaying(id.clone()))),
            false => Ok(id.clone()),
        }
    }

    fn suppressed(&self, value: &Spanned<String>) -> Result<Suppressed, ConfigError> {
        let text = value.get_ref();
        match network(text).is_some() || text.contains('/') {
            true => self.network("target", value).map(Suppressed::Network),
            false => self.name("target", value).map(Suppressed::Name),
        }
    }

    /// A text that is not empty.
    pub(super) fn said(
        &self,
        key: &'static str,
        value: &Spanned<String>,
    ) -> Result<String, ConfigError> {
        match value.get_ref().trim() {
            "" => Err(self.error(value, ConfigProblem::Empty(key))),
            text => Ok(text.to_owned()),
        }
    }
}
