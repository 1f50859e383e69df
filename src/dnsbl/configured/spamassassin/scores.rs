//! Points, and settings that turn rules off.

use std::collections::{HashMap, HashSet};

use super::rule::{Ask, Plugin, Rule};

/// What the file sets beside the rules.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// For each rule: the points with network tests, without and with Bayes.
    scores: HashMap<String, (f64, f64)>,
    nice: HashSet<String>,
    /// Domains with whether queries below them are allowed, and the line that says so.
    restrictions: HashMap<String, (bool, usize)>,
    /// The line that turns a plugin off.
    no_dns: Option<usize>,
    no_header: Option<usize>,
    no_uri: Option<usize>,
}

impl Settings {
    /// Reads a setting. False where it is none of these.
    pub(super) fn set(&mut self, key: &str, value: &str, line: usize) -> bool {
        let mut words = value.split_whitespace();
        match key {
            "score" => self.set_score(value),
            "tflags" => {
                let name = words.next().unwrap_or_default().to_owned();
                if words.any(|flag| flag == "nice") {
                    self.nice.insert(name);
                }
            }
            "skip_rbl_checks" => self.no_header = (value == "1").then_some(line),
            "skip_uribl_checks" => self.no_uri = (value == "1").then_some(line),
            "dns_available" => self.no_dns = value.starts_with("no").then_some(line),
            "clear_dns_query_restriction" => self.restrictions.clear(),
            "dns_query_restriction" => {
                let allowed = words.next() == Some("allow");
                for domain in words {
                    let domain = domain.trim_matches('.').to_ascii_lowercase();
                    self.restrictions.insert(domain, (allowed, line));
                }
            }
            _ => return false,
        }
        true
    }

    fn set_score(&mut self, value: &str) {
        let mut words = value.split_whitespace();
        let name = words.next().unwrap_or_default().to_owned();
        let texts: Vec<_> = words.collect();
        let relative = texts.iter().any(|text| text.starts_with('('));
        let numbers: Option<Vec<f64>> = texts
            .iter()
            .map(|text| text.trim_matches(['(', ')']).parse().ok().filter(|n: &f64| n.is_finite()))
            .collect();
        let (plain, bayes) = match numbers.as_deref() {
            Some([all]) => (*all, *all),
            Some([_, plain, _, bayes]) => (*plain, *bayes),
            _ => return,
        };
        match self.scores.get_mut(&name) {
            Some(old) if relative => *old = (old.0 + plain, old.1 + bayes),
            None if relative => {}
            _ => {
                self.scores.insert(name, (plain, bayes));
            }
        }
    }

    /// The points of a rule with network tests and Bayes, where the file says them.
    pub(super) fn score(&self, rule: &str) -> Option<f64> {
        self.scores.get(rule).map(|(_, bayes)| *bayes)
    }

    /// Whether a rule speaks for a mail.
    pub(super) fn is_nice(&self, rule: &str) -> bool {
        self.nice.contains(rule)
    }

    /// Why a rule does not run, if a setting of this file says so.
    pub(super) fn why_not(&self, rule: &Rule) -> Option<String> {
        if self.scores.get(&rule.name).is_some_and(|(plain, bayes)| *plain == 0.0 && *bayes == 0.0)
        {
            return Some("its score is 0".to_owned());
        }
        let off = match rule.plugin {
            Plugin::DnsEval => self.no_header.map(|line| ("skip_rbl_checks", line)),
            Plugin::UriDnsbl => self.no_uri.map(|line| ("skip_uribl_checks", line)),
            Plugin::HashBl => None,
        };
        if let Some((setting, line)) = self.no_dns.map(|line| ("dns_available", line)).or(off) {
            return Some(format!("`{setting}` in line {line} turns it off"));
        }
        let Ask::Zone { zone, .. } = &rule.ask else { return None };
        let (allowed, line) = self.restriction(zone)?;
        (!allowed).then(|| format!("`dns_query_restriction` in line {line} forbids it"))
    }

    /// What the closest of the zone and its parents is set to.
    fn restriction(&self, zone: &str) -> Option<(bool, usize)> {
        let mut name = zone;
        loop {
            if let Some(found) = self.restrictions.get(name) {
                return Some(*found);
            }
            match name.split_once('.') {
                Some((_, parent)) => name = parent,
                None => return self.restrictions.get("*").copied(),
            }
        }
    }
}
