//! What a user expects of their servers, as a file with a name and a version: which grade at least, what must come
//! out of which check, which hosts the MX records name, what the relay matrix shows.
//!
//! It is judged by the facts of a report and by nothing else. What is not known meets no expectation. The rules of
//! the grade are another file, `reports/policy/v1.toml`, which no user changes.

mod facts;
mod make;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::matrix::{CellKey, Expected};
use crate::grade::Letter;
use crate::report::model::{CheckWord, PolicySection, PolicyViolation, Tool};

pub(in crate::report) use facts::left_alone;
pub use facts::{PolicyDocument, PolicyFacts, StoredFacts};
pub use make::{Made, MakeError, make};
pub use write::{write_json, write_terminal};

/// The name of the format of a stored report that was held to a policy.
pub(in crate::report) const SCHEMA: &str = "mxaudit.policy.v1";

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectations {
    /// What it is called.
    pub name: String,
    /// Counted up by whoever changes it.
    pub version: u32,
    /// Where it stands.
    pub file: String,
    /// The worst letter that a host may have.
    pub minimum_grade: Option<Letter>,
    /// What must come out of checks of the grade.
    pub checks: Vec<CheckRule>,
    /// For each mail domain, all hosts that its MX records name.
    pub mx: BTreeMap<String, BTreeSet<String>>,
    /// What cells of the relay matrix must show.
    pub matrix: Vec<(CellKey, Expected)>,
}

/// What must come out of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRule {
    /// The check, by its id in the rules of the grade.
    pub id: String,
    /// One of these must come out, where the check applies to the host; any where it is empty.
    pub required: Vec<CheckWord>,
    /// None of these may.
    pub forbidden: Vec<CheckWord>,
}

/// A stored report that was held to a policy: version 1 of `mxaudit.policy.v1`. Fields may grow, never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JudgedPolicy {
    /// The name of this format: `mxaudit.policy.v1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// When the run of the report began, RFC 3339, if it says so.
    pub started: Option<String>,
    /// What came of it in all.
    #[serde(rename = "policy")]
    pub section: PolicySection,
    /// The hosts, with what each violates.
    pub hosts: Vec<JudgedHost>,
    /// True where the report does not tell of every host how it is.
    pub incomplete: bool,
}

/// A host that was held to a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JudgedHost {
    /// `name:port`, or `address:port`.
    pub host: String,
    /// What it violates; empty where it is as expected.
    pub violations: Vec<PolicyViolation>,
}

/// The hosts that the MX records of the domains of a policy name, as far as a report shows them.
#[derive(Clone, Debug, Default)]
pub struct SeenMx(BTreeMap<String, BTreeSet<String>>);

impl Expectations {
    /// What of a host is not as expected.
    pub fn host(&self, host: &PolicyFacts) -> Vec<PolicyViolation> {
        // Every policy expects this, whether it says so or not.
        let verdict = &host.relay.verdict;
        let relays = matches!(verdict.as_str(), "open" | "conditional");
        let relaying = relays.then(|| PolicyViolation {
            rule: "relay".to_owned(),
            expected: "closed".to_owned(),
            found: verdict.clone(),
            unknown: false,
        });
        let mut violations: Vec<_> = relaying.into_iter().chain(self.grade(host)).collect();
        violations.extend(self.checks.iter().filter_map(|rule| rule.judge(host)));
        violations.extend(self.matrix.iter().filter_map(|(key, wish)| cell(host, *key, *wish)));
        violations
    }

    fn grade(&self, host: &PolicyFacts) -> Option<PolicyViolation> {
        let minimum = self.minimum_grade?;
        let letter = letter(&host.grade.letter);
        match letter {
            // N is no pass, whatever is asked for.
            Some(letter) if letter >= minimum && letter > Letter::N => None,
            _ => Some(PolicyViolation {
                rule: "minimum_grade".to_owned(),
                expected: format!("{minimum} or better"),
                found: letter.map_or("not known", Letter::as_str).to_owned(),
                unknown: letter.is_none_or(|letter| letter == Letter::N),
            }),
        }
    }

    /// Takes note of what a host shows of the MX records.
    pub fn see(&self, host: &PolicyFacts, seen: &mut SeenMx) {
        if let Some((domain, name)) = host.mx() {
            self.see_mx(domain, &name, seen);
        }
    }

    /// Takes note of a mail host that is left alone.
    pub fn see_mx(&self, domain: &str, name: &str, seen: &mut SeenMx) {
        let domain = domain.to_ascii_lowercase();
        if self.mx.contains_key(&domain) {
            seen.0.entry(domain).or_default().insert(name.to_ascii_lowercase());
        }
    }

    /// Holds a stored report to it.
    pub fn judge(&self, facts: &StoredFacts) -> JudgedPolicy {
        let mut seen = SeenMx::default();
        let mut hosts = Vec::new();
        for host in &facts.hosts {
            self.see(host, &mut seen);
            hosts.push(JudgedHost { host: host.label(), violations: self.host(host) });
        }
        for (domain, name) in &facts.left_alone {
            self.see_mx(domain, name, &mut seen);
        }
        let violating = hosts.iter().filter(|host| !host.violations.is_empty()).count();
        let unknown = |host: &PolicyFacts| {
            !matches!(host.relay.verdict.as_str(), "open" | "conditional" | "closed")
        };
        let section = self.section(&seen, hosts.len(), violating);
        let incomplete = !facts.ended || hosts.is_empty() || facts.hosts.iter().any(unknown);
        let (tool, started) = (Tool::this(), facts.started.clone());
        JudgedPolicy { schema: SCHEMA, tool, started, section, hosts, incomplete }
    }

    /// What a report says of it, when all of its hosts were held to it.
    pub fn section(&self, seen: &SeenMx, hosts: usize, hosts_violating: usize) -> PolicySection {
        let violations = self.run(seen);
        PolicySection {
            name: self.name.clone(),
            version: self.version,
            file: self.file.clone(),
            met: hosts > 0 && hosts_violating == 0 && violations.is_empty(),
            hosts,
            hosts_violating,
            violations,
        }
    }

    /// What of the run is not as expected, beside its hosts.
    fn run(&self, seen: &SeenMx) -> Vec<PolicyViolation> {
        let names = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
        let judge = |(domain, hosts): (&String, &BTreeSet<String>)| {
            let found = seen.0.get(domain);
            (found != Some(hosts)).then(|| PolicyViolation {
                rule: format!("mx {domain}"),
                expected: names(hosts),
                found: found.map_or("not known: the domain was not audited".to_owned(), names),
                unknown: found.is_none(),
            })
        };
        self.mx.iter().filter_map(judge).collect()
    }
}

impl CheckRule {
    fn judge(&self, host: &PolicyFacts) -> Option<PolicyViolation> {
        let found = host.check(&self.id);
        let word = found.unwrap_or(CheckWord::Unknown);
        let missing = !self.required.is_empty()
            && !self.required.contains(&word)
            && word != CheckWord::NotApplicable;
        // Whether something forbidden came out is not known either where nothing is.
        if !missing && !word.is_unknown() && !self.forbidden.contains(&word) {
            return None;
        }
        let words = |all: &[CheckWord]| {
            all.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" or ")
        };
        let expected = match missing || self.forbidden.is_empty() {
            true => words(&self.required),
            false => format!("not {}", words(&self.forbidden)),
        };
        Some(PolicyViolation {
            rule: self.id.clone(),
            expected,
            found: found.map_or("not in the report", CheckWord::as_str).to_owned(),
            unknown: word.is_unknown(),
        })
    }
}

const YES: &str = "accepted";
const NO: [&str; 2] = ["refused", "auth-required"];

fn cell(host: &PolicyFacts, key: CellKey, wish: Expected) -> Option<PolicyViolation> {
    let CellKey { client, sender, recipient } = key;
    let path = (client.as_str(), sender.as_str(), recipient.as_str());
    let found = host.cell(path);
    let is_yes = found == Some(YES);
    let is_no = found.is_some_and(|word| NO.contains(&word));
    let met = match wish {
        Expected::Yes => is_yes,
        Expected::No => is_no,
        Expected::Any => return None,
    };
    (!met).then(|| PolicyViolation {
        rule: format!("matrix {}.{}.{}", path.0, path.1, path.2),
        expected: wish.as_str().to_owned(),
        found: found.unwrap_or("not asked").to_owned(),
        unknown: !is_yes && !is_no,
    })
}

/// The letter of a report; `None` for one that this version does not know.
fn letter(text: &str) -> Option<Letter> {
    const ALL: [Letter; 7] =
        [Letter::F, Letter::N, Letter::D, Letter::C, Letter::B, Letter::A, Letter::APlus];
    ALL.into_iter().find(|letter| letter.as_str() == text)
}
