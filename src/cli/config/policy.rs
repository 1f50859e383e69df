//! `[policy]`: what is expected of the servers.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::{ConfigError, ConfigProblem, Reader, raw, shown};
use crate::evidence::matrix::{CellKey, Client, Expected, Recipient};
use crate::grade::{Letter, Policy};
use crate::report::model::CheckWord;
use crate::report::policy::{CheckRule, Expectations};

/// The check that no policy may expect to fail.
const RELAY: &str = "relay.variants";
/// The letters that can be asked for.
const LETTERS: [Letter; 5] = [Letter::APlus, Letter::A, Letter::B, Letter::C, Letter::D];

impl Reader<'_> {
    /// The policy of the file, where it has one.
    pub(super) fn policy(&self, raw: &raw::File) -> Result<Option<Expectations>, ConfigError> {
        raw.policy.as_ref().map(|table| self.expectations(table)).transpose()
    }

    fn expectations(&self, table: &Spanned<raw::Policy>) -> Result<Expectations, ConfigError> {
        let raw = table.get_ref();
        let lacks = |key| self.error(table, ConfigProblem::PolicyLacks(key));
        let name = raw.name.as_ref().ok_or_else(|| lacks("name"))?;
        let version = raw.version.as_ref().ok_or_else(|| lacks("version"))?;
        let rules = Policy::embedded()
            .map_err(|error| self.error(table, ConfigProblem::Toml(error.to_string())))?;
        let mut checks = Vec::new();
        for rule in &raw.check {
            let rule = self.check_rule(rule, &rules, &checks)?;
            checks.push(rule);
        }
        let mut mx = BTreeMap::new();
        for rule in &raw.mx {
            let (domain, hosts) = self.mx(rule)?;
            if mx.insert(domain.clone(), hosts).is_some() {
                return Err(self.error(rule, ConfigProblem::PolicyTwice(domain)));
            }
        }
        let matrix = self.matrix(&raw.matrix)?;
        for (CellKey { client, recipient, .. }, wish) in &matrix {
            if (*client, *recipient, *wish) == (Client::Foreign, Recipient::Foreign, Expected::Yes)
            {
                return Err(self.error(table, ConfigProblem::PolicyExpectsRelay("matrix")));
            }
        }
        Ok(Expectations {
            name: self.said("name", name)?,
            version: *version.get_ref(),
            file: self.file.to_owned(),
            minimum_grade: raw.minimum_grade.as_ref().map(|grade| self.grade(grade)).transpose()?,
            checks,
            mx,
            matrix,
        })
    }

    fn grade(&self, value: &Spanned<String>) -> Result<Letter, ConfigError> {
        let text = value.get_ref();
        let letter = LETTERS.into_iter().find(|letter| letter.as_str() == text);
        letter.ok_or_else(|| self.error(value, ConfigProblem::PolicyGrade(shown(text))))
    }

    fn check_rule(
        &self,
        table: &Spanned<raw::PolicyCheck>,
        rules: &Policy,
        known: &[CheckRule],
    ) -> Result<CheckRule, ConfigError> {
        let raw = table.get_ref();
        let id = raw.id.get_ref();
        if !rules.find(id).is_some_and(|(_, check)| check.built) {
            let all = rules.categories.iter().flat_map(|category| &category.checks);
            let all = all.filter(|check| check.built).map(|check| check.id.as_str());
            let known = all.collect::<Vec<_>>().join(", ");
            return Err(self.error(&raw.id, ConfigProblem::PolicyCheck { id: shown(id), known }));
        }
        if known.iter().any(|rule| rule.id == *id) {
            return Err(self.error(&raw.id, ConfigProblem::PolicyTwice(id.clone())));
        }
        if raw.required.is_empty() && raw.forbidden.is_empty() {
            return Err(self.error(table, ConfigProblem::PolicyEmptyRule(id.clone())));
        }
        let required = self.words("required", &raw.required)?;
        let forbidden = self.words("forbidden", &raw.forbidden)?;
        for (word, value) in required.iter().zip(&raw.required) {
            if id == RELAY && *word != CheckWord::Pass {
                return Err(self.error(value, ConfigProblem::PolicyExpectsRelay("required")));
            }
            if forbidden.contains(word) {
                return Err(self.error(value, ConfigProblem::PolicyBoth(word.as_str())));
            }
        }
        Ok(CheckRule { id: id.clone(), required, forbidden })
    }

    fn words(
        &self,
        key: &'static str,
        values: &[Spanned<String>],
    ) -> Result<Vec<CheckWord>, ConfigError> {
        let word = |value: &Spanned<String>| {
            let known = [CheckWord::Pass, CheckWord::Warn, CheckWord::Fail];
            let word = known.into_iter().find(|word| word.as_str() == value.get_ref());
            word.ok_or_else(|| {
                let value_text = shown(value.get_ref());
                self.error(value, ConfigProblem::PolicyWord { key, value: value_text })
            })
        };
        values.iter().map(word).collect()
    }

    fn mx(
        &self,
        table: &Spanned<raw::PolicyMx>,
    ) -> Result<(String, BTreeSet<String>), ConfigError> {
        let raw = table.get_ref();
        if raw.hosts.is_empty() {
            return Err(self.error(table, ConfigProblem::Empty("hosts")));
        }
        let hosts = raw.hosts.iter().map(|host| self.name("hosts", host)).collect::<Result<_, _>>();
        Ok((self.name("domain", &raw.domain)?, hosts?))
    }
}
