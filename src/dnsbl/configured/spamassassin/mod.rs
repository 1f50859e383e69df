//! SpamAssassin: the network rules of the plugins DNSEval, URIDNSBL and HashBL.

mod rule;
mod scores;
mod subtest;

use std::collections::{HashMap, HashSet};

use super::reading::{Reading, mentions_lists};
use super::{ConfiguredZone, NoteKind, Use};
use rule::{Ask, Rule};
use scores::Settings;

/// Reads rules and settings. Rules within `ifplugin` are taken to be used.
pub(super) fn read(text: &str, reading: &mut Reading) {
    let mut settings = Settings::default();
    let mut rules: Vec<Rule> = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut branches: Vec<Option<Branch>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = without_comment(line);
        let line = line.trim();
        let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let key = key.to_ascii_lowercase().replace('-', "_");
        let value = value.trim();
        match key.as_str() {
            "" => continue,
            "ifplugin" => branches.push(None),
            "if" => branches.push(Some(Branch::new(line, number))),
            "else" => {
                if let Some(last) = branches.last_mut() {
                    *last = Some(Branch::new(line, number));
                }
            }
            "endif" => {
                branches.pop();
            }
            "include" => {
                let message = "the included file may hold rules that ask lists; give it too";
                reading.not_followed(number, line, message);
            }
            _ if settings.set(&key, value, number) => {}
            _ => match rule::read(&key, value, number, line) {
                rule::Read::Rule(rule) => {
                    if let Some(branch) = branches.iter_mut().flatten().next() {
                        assume(branch, reading);
                    }
                    let replaced = names.insert(rule.name.clone(), rules.len());
                    if let Some(earlier) = replaced.and_then(|at| rules.get_mut(at)) {
                        let message = format!("`{}` is defined again in line {number}", rule.name);
                        reading.note(NoteKind::Disabled, earlier.line, &earlier.text, message);
                        earlier.ask = Ask::Nothing;
                    }
                    rules.push(rule);
                }
                rule::Read::Unclear(message) => reading.not_followed(number, line, message),
                rule::Read::Other => other(&key, value, number, line, reading),
            },
        }
    }
    let sets = Sets::of(&rules);
    for rule in &rules {
        emit(rule, &sets, &settings, reading);
    }
}

/// A branch whose condition is not decided here.
struct Branch {
    text: String,
    line: usize,
    noted: bool,
}

impl Branch {
    fn new(text: &str, line: usize) -> Self {
        Self { text: text.to_owned(), line, noted: false }
    }
}

/// Notes, once, that the rules within a branch are taken to be used.
fn assume(branch: &mut Branch, reading: &mut Reading) {
    if !branch.noted {
        let message = format!("the rules within `{}` are taken to be used", branch.text);
        reading.note(NoteKind::Assumed, branch.line, &branch.text, message);
        branch.noted = true;
    }
}

/// The rules that belong together by the name of their set.
struct Sets<'a> {
    heads: HashMap<&'a str, Vec<&'a Rule>>,
    judged: HashSet<&'a str>,
}

impl<'a> Sets<'a> {
    /// Rules that ask zones for one set; there is one of them or two.
    const HEAD_LIMIT: usize = 20;

    fn of(rules: &'a [Rule]) -> Self {
        let mut sets = Self { heads: HashMap::new(), judged: HashSet::new() };
        for rule in rules {
            match &rule.ask {
                Ask::Zone { set: Some(set), .. } => {
                    let heads = sets.heads.entry(set).or_default();
                    if heads.len() < Self::HEAD_LIMIT {
                        heads.push(rule);
                    }
                }
                Ask::Sub { set, .. } => {
                    sets.judged.insert(set);
                }
                _ => {}
            }
        }
        sets
    }
}

/// A line that is no rule about lists and mentions some.
fn other(key: &str, value: &str, number: usize, line: &str, reading: &mut Reading) {
    const HARMLESS: [&str; 12] = [
        "body",
        "describe",
        "dns_block_rule",
        "full",
        "lang",
        "meta",
        "priority",
        "rawbody",
        "reuse",
        "tflags",
        "uri",
        "loadplugin",
    ];
    // A rule `eval:check_uridnsbl('NAME')` only belongs to the `uri…` line of that name.
    let eval = value.contains("eval:") && !value.contains("eval:check_uridnsbl");
    let computed = key == "askdns" || (eval && mentions_lists(value));
    let named = mentions_lists(key) && !key.starts_with("uridnsbl_") && !key.starts_with("rbl_");
    if computed || (named && !HARMLESS.contains(&key) && key != "clear_uridnsbl_skip_domain") {
        reading.not_followed(number, line, format!("`{key}` may ask a list; it is not read"));
    }
}

/// The zones of a rule.
fn emit(rule: &Rule, sets: &Sets<'_>, settings: &Settings, reading: &mut Reading) {
    match &rule.ask {
        Ask::Nothing => {}
        Ask::Zone { subtest, set, .. } => {
            let judged = set.as_ref().is_some_and(|set| sets.judged.contains(set.as_str()));
            let indirect = rule.name.starts_with("__");
            let Some(mut zone) = zone_of(rule, rule, settings, reading) else { return };
            if indirect && subtest.is_none() {
                if judged {
                    return;
                }
                let message = format!(
                    "`{}` gives no points itself, and no rule of this file judges its answers",
                    rule.name
                );
                reading.note(NoteKind::Assumed, rule.line, &rule.text, message);
            }
            if let Some(subtest) = subtest {
                subtest::set(&mut zone, subtest, rule, reading);
            }
            reading.zone(zone);
        }
        Ask::Sub { set, subtest } => {
            let heads = sets.heads.get(set.as_str()).map(Vec::as_slice).unwrap_or_default();
            for head in heads {
                // The head's own note on why it is not asked is enough.
                if settings.why_not(head).is_some() {
                    continue;
                }
                if let Some(mut zone) = zone_of(rule, head, settings, reading) {
                    subtest::set(&mut zone, subtest, head, reading);
                    reading.zone(zone);
                }
            }
            if heads.is_empty() {
                let message = format!("the set `{set}` is of another file; give it too");
                reading.not_followed(rule.line, &rule.text, message);
            }
        }
    }
}

/// The zone of `head` with the points of `rule`, unless a setting turns it off.
fn zone_of(
    rule: &Rule,
    head: &Rule,
    settings: &Settings,
    reading: &mut Reading,
) -> Option<ConfiguredZone> {
    let Ask::Zone { zone, asked, .. } = &head.ask else { return None };
    for asking in [rule, head] {
        if let Some(why) = settings.why_not(asking) {
            let message = format!("{zone} is not asked by `{}`: {why}", asking.name);
            reading.note(NoteKind::Disabled, asking.line, &asking.text, message);
            return None;
        }
    }
    let weight = settings.score(&rule.name);
    let nice = match weight {
        Some(weight) => weight < 0.0,
        None => settings.is_nice(&rule.name),
    };
    let usage = if nice { Use::Allow } else { Use::Score };
    let first = *asked.first()?;
    let mut found = ConfiguredZone::new(zone.clone(), usage, first, rule.line, &rule.text);
    found.asked = asked.clone();
    found.rule = Some(rule.name.clone());
    found.weight = weight;
    found.loopback_only = head.drops_others();
    Some(found)
}

/// The line up to a `#` that is not escaped.
fn without_comment(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        if c == '#' {
            if !out.ends_with('\\') {
                break;
            }
            out.pop();
        }
        out.push(c);
    }
    out
}
