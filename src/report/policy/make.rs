//! A policy made from a report: the state of that day as what is expected from then on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use thiserror::Error;

use super::facts::StoredFacts;
use super::{CheckRule, Expectations, NO, YES, letter};
use crate::evidence::matrix::{CellKey, Client, Expected, Recipient, Sender};
use crate::grade::Letter;
use crate::report::escape;
use crate::report::model::CheckWord;

/// Why no policy is made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MakeError {
    /// It would expect an open relay.
    #[error(
        "{host} relays for strangers ({verdict}): no policy expects that; close it, audit it again, and make the \
         policy from that report"
    )]
    Relays {
        /// The host.
        host: String,
        /// The verdict.
        verdict: String,
    },
    /// Nothing to expect.
    #[error(
        "the report has no host, so there is nothing to expect; make the policy from one that met somebody"
    )]
    Nobody,
}

/// A policy, and what it does not speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The policy.
    pub policy: Expectations,
    /// What the report could not tell or tells of each host otherwise: a sentence each.
    pub left_out: Vec<String>,
}

/// Makes a policy that the report meets. `checks` are the ids of the checks of the grade.
///
/// # Errors
/// Where a host relays for strangers, and where there is none.
pub fn make(
    facts: &StoredFacts,
    checks: &[String],
    (name, version, file): (&str, u32, &str),
) -> Result<Made, MakeError> {
    let relays = |verdict: &str| matches!(verdict, "open" | "conditional");
    if let Some(host) = facts.hosts.iter().find(|host| relays(&host.relay.verdict)) {
        let (host, verdict) = (host.label(), host.relay.verdict.clone());
        return Err(MakeError::Relays { host, verdict });
    }
    let letters: Vec<_> = facts.hosts.iter().map(|host| letter(&host.grade.letter)).collect();
    if letters.is_empty() {
        return Err(MakeError::Nobody);
    }
    let mut left_out = Vec::new();
    let worst = letters.into_iter().min().flatten();
    let minimum_grade = worst.filter(|letter| *letter > Letter::N);
    if minimum_grade.is_none() {
        left_out.push("minimum_grade: a host is not graded, or has the worst grade".to_owned());
    }
    let mut policy = Expectations {
        name: name.to_owned(),
        version,
        file: file.to_owned(),
        minimum_grade,
        checks: Vec::new(),
        mx: BTreeMap::new(),
        matrix: Vec::new(),
    };
    for id in checks {
        match outcomes(facts, id) {
            Ok(required) if required.is_empty() => {}
            Ok(required) => {
                policy.checks.push(CheckRule { id: id.clone(), required, forbidden: Vec::new() });
            }
            Err(host) => left_out.push(format!("{id}: it is not known of {host}")),
        }
    }
    let seen = facts.hosts.iter().filter_map(|host| host.mx());
    let seen = seen.map(|(domain, name)| (domain.to_owned(), name));
    for (domain, name) in seen.chain(facts.left_alone.iter().cloned()) {
        let hosts = policy.mx.entry(domain.to_ascii_lowercase()).or_default();
        hosts.insert(name.to_ascii_lowercase());
    }
    matrix(facts, &mut policy, &mut left_out);
    Ok(Made { policy, left_out })
}

/// What may come out of a check: no worse than on any host today. Empty where it applies to none; an error names the
/// host of which it is not known.
fn outcomes(facts: &StoredFacts, id: &str) -> Result<Vec<CheckWord>, String> {
    let mut worst = None;
    for host in &facts.hosts {
        match host.check(id).unwrap_or(CheckWord::Unknown) {
            word if word.is_unknown() => return Err(host.label()),
            CheckWord::NotApplicable => {}
            word => worst = Some(worst.map_or(word, |worst: CheckWord| worst.min(word))),
        }
    }
    let known = [CheckWord::Fail, CheckWord::Warn, CheckWord::Pass];
    let good = |word: &CheckWord| worst.is_some_and(|worst| *word >= worst);
    Ok(known.into_iter().filter(good).collect())
}

/// The cells in which all hosts do the same.
fn matrix(facts: &StoredFacts, policy: &mut Expectations, left_out: &mut Vec<String>) {
    if facts.hosts.iter().all(|host| host.relay_matrix.is_none()) {
        return;
    }
    for client in Client::ALL {
        for (sender, recipient) in
            Sender::ALL.into_iter().flat_map(|from| Recipient::ALL.map(|to| (from, to)))
        {
            let path = (client.as_str(), sender.as_str(), recipient.as_str());
            let key = CellKey { client, sender, recipient };
            let all = |good: &dyn Fn(&str) -> bool| {
                facts.hosts.iter().all(|host| host.cell(path).is_some_and(good))
            };
            if all(&|word| word == YES) {
                policy.matrix.push((key, Expected::Yes));
            } else if all(&|word| NO.contains(&word)) {
                policy.matrix.push((key, Expected::No));
            } else {
                let why = "it is not known of all hosts, or they differ";
                left_out.push(format!("matrix {}.{}.{}: {why}", path.0, path.1, path.2));
            }
        }
    }
}

impl Made {
    /// The file. `about` says what it was made from.
    pub fn to_toml(&self, about: &str) -> String {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let policy = &self.policy;
        let mut out = format!(
            "# What is expected of mail servers: `mxaudit policy check --policy FILE REPORT` holds a report to it, and\n\
             # so does --policy FILE of check, sweep, report, replay and confirm. Unknown meets no expectation.\n\
             # Made from {}.\n",
            escape::terminal(about)
        );
        for what in &self.left_out {
            let _ = writeln!(out, "# Left out: {}.", escape::terminal(what));
        }
        let _ = writeln!(
            out,
            "\n[policy]\nname = {}\nversion = {}",
            text(&policy.name),
            policy.version
        );
        if let Some(letter) = policy.minimum_grade {
            let _ = writeln!(out, "minimum_grade = \"{letter}\"");
        }
        for rule in &policy.checks {
            let words: Vec<_> =
                rule.required.iter().map(|word| format!("\"{}\"", word.as_str())).collect();
            let _ = writeln!(
                out,
                "\n[[policy.check]]\nid = {}\nrequired = [{}]",
                text(&rule.id),
                words.join(", ")
            );
        }
        for (domain, hosts) in &policy.mx {
            let hosts: Vec<_> = hosts.iter().map(|host| text(host)).collect();
            let _ = writeln!(
                out,
                "\n[[policy.mx]]\ndomain = {}\nhosts = [{}]",
                text(domain),
                hosts.join(", ")
            );
        }
        if !policy.matrix.is_empty() {
            out.push_str("\n[policy.matrix]\n");
        }
        for (CellKey { client, sender, recipient }, wish) in &policy.matrix {
            let (client, sender) = (client.as_str(), sender.as_str());
            let _ =
                writeln!(out, "{client}.{sender}.{} = \"{}\"", recipient.as_str(), wish.as_str());
        }
        out
    }
}
