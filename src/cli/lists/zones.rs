//! Which lists `mxaudit lists` asks, and with which keys.

use std::path::Path;

use crate::cli::args::ZonesArgs;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{input, secret_file};
use crate::dnsbl::{Access, Keys, OwnZones, Registry, SubjectKind, Tombstone, Zone};
use crate::evidence::listing::Skipped;

use super::Wanted;

/// The registry with the user's own lists.
pub(in crate::cli) fn registry(args: &ZonesArgs) -> Result<Registry, Failure> {
    let mut registry = Registry::embedded().map_err(Failure::internal)?;
    if let Some(path) = &args.own {
        let shown = path.display().to_string();
        let text = input::text(path, input::BY_HAND).map_err(|error| {
            Failure::usage(format!(
                "--zones {shown}: cannot be read: {error}; name a file of lists"
            ))
        })?;
        let own = OwnZones::read(&text, &shown).map_err(in_lines)?;
        registry.overlay(own).map_err(in_lines)?;
    }
    Ok(registry)
}

/// Each fault of a file is a line.
fn in_lines(error: impl ToString) -> Failure {
    let messages = error.to_string().lines().map(str::to_owned).collect();
    Failure { messages, exit: Exit::Usage }
}

/// The keys of the environment and, before them, those of the file.
pub(super) fn keys(args: &ZonesArgs, registry: &Registry) -> Result<Keys, Failure> {
    let variables = std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    });
    let mut keys = Keys::from_variables(variables).map_err(Failure::usage)?;
    if let Some(path) = &args.keys {
        keys.overlay(read_keys(path)?);
    }
    keys.check(registry).map_err(Failure::usage)?;
    Ok(keys)
}

fn read_keys(path: &Path) -> Result<Keys, Failure> {
    let text = secret_file::read("--keys", path)?;
    Keys::read(&text, &path.display().to_string()).map_err(Failure::usage)
}

/// The lists that are wanted, with why one of them is not to be asked.
pub(super) fn choose(
    args: &ZonesArgs,
    registry: &Registry,
    keys: &Keys,
    kinds: &[SubjectKind],
) -> Result<Vec<Wanted>, Failure> {
    let mut messages = Vec::new();
    let mut chosen: Vec<Wanted> = match args.zone.is_empty() {
        true => registry.chosen(keys).into_iter().map(|zone| (zone.clone(), None)).collect(),
        false => Vec::new(),
    };
    for name in &args.zone {
        match named(registry, keys, kinds, name, args.ask_dead) {
            Ok(wanted) if chosen.iter().any(|(zone, _)| zone.id == wanted.0.id) => {}
            Ok(wanted) => chosen.push(wanted),
            Err(message) => messages.push(format!("--zone: {message}")),
        }
    }
    for name in &args.skip_zone {
        match (registry.zone(name), registry.tombstone(name)) {
            (Some(skip), _) => chosen.retain(|(zone, _)| zone.id != skip.id),
            (None, Some(_)) => {
                let id = id_of(name);
                chosen.retain(|(zone, _)| zone.id != id);
            }
            (None, None) => messages.push(format!("--skip-zone: {}", unknown(registry, name))),
        }
    }
    if chosen.is_empty() && messages.is_empty() {
        messages.push("no list is left to ask; name one with --zone".to_owned());
    }
    match messages.is_empty() {
        true => Ok(chosen),
        false => Err(Failure { messages, exit: Exit::Usage }),
    }
}

/// The list that the user names. To name one says that its operator lets this resolver ask.
fn named(
    registry: &Registry,
    keys: &Keys,
    kinds: &[SubjectKind],
    name: &str,
    ask_dead: bool,
) -> Result<Wanted, String> {
    if let Some(zone) = registry.zone(name) {
        let no_key = zone.access == Access::Key && keys.of(zone).is_none();
        return Ok((zone.clone(), no_key.then_some(Skipped::NoKey)));
    }
    let Some(stone) = registry.tombstone(name) else { return Err(unknown(registry, name)) };
    let kinds = if kinds.is_empty() { &[SubjectKind::Ipv4] } else { kinds };
    let zone = Zone::undescribed(name, kinds, &story(stone)).map_err(|error| error.to_string())?;
    Ok((zone, (!ask_dead).then_some(Skipped::Dead)))
}

/// What happened to a list, and when.
pub(super) fn story(stone: &Tombstone) -> String {
    let ended = stone.ended.as_ref().map(|when| format!("ended {when}: ")).unwrap_or_default();
    let renamed =
        stone.renamed.as_ref().map(|name| format!("; it is called {name} now")).unwrap_or_default();
    format!("{ended}{}{renamed} (source: {})", stone.what, stone.source)
}

fn id_of(name: &str) -> String {
    Zone::undescribed(name, &[SubjectKind::Ipv4], "unknown").map(|zone| zone.id).unwrap_or_default()
}

fn unknown(registry: &Registry, name: &str) -> String {
    const NEAR: f64 = 0.8;
    let wanted = name.to_ascii_lowercase();
    let names = registry.zones().flat_map(|zone| [zone.id.as_str(), zone.zone.as_str()]);
    let mut near: Vec<(f64, &str)> = names
        .map(|known| (strsim::jaro_winkler(&wanted, known), known))
        .filter(|(likeness, known)| {
            *likeness >= NEAR || wanted.len() > 3 && known.contains(&wanted)
        })
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<_> = near.into_iter().take(4).map(|(_, known)| known).collect();
    let meant = match near.is_empty() {
        true => String::new(),
        false => format!("did you mean {}; ", near.join(", ")),
    };
    format!(
        "no list is known as `{}`; {meant}a file of your own for --zones can add it",
        name.escape_debug()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(only: &[&str], skip: &[&str], ask_dead: bool) -> ZonesArgs {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ZonesArgs {
            own: None,
            zone: all(only),
            skip_zone: all(skip),
            ask_dead,
            keys: None,
            over_limit: false,
        }
    }

    fn chosen(args: &ZonesArgs, keys: &Keys) -> Result<Vec<(String, Option<Skipped>)>, String> {
        let registry = Registry::embedded().unwrap();
        let kinds = [SubjectKind::Ipv4];
        let chosen = choose(args, &registry, keys, &kinds);
        chosen
            .map(|all| all.into_iter().map(|(zone, why)| (zone.id, why)).collect())
            .map_err(|failure| failure.messages.join("\n"))
    }

    fn ids(args: &ZonesArgs) -> Vec<String> {
        chosen(args, &Keys::default()).unwrap().into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn without_names_the_defaults_are_asked_but_for_those_that_are_skipped() {
        let registry = Registry::embedded().unwrap();
        let all: Vec<_> = registry.defaults().map(|zone| zone.id.clone()).collect();
        assert_eq!(ids(&args(&[], &[], false)), all);
        let fewer = ids(&args(&[], &["zen.spamhaus.org", "psbl"], false));
        assert_eq!(fewer.len(), all.len() - 2);
        assert!(!fewer.contains(&"spamhaus-zen".to_owned()) && !fewer.contains(&"psbl".to_owned()));
    }

    #[test]
    fn a_named_list_is_asked_whatever_its_terms_and_a_dead_one_only_on_demand() {
        let none = Keys::default();
        let of = |name: &str, ask_dead| chosen(&args(&[name], &[], ask_dead), &none).unwrap();
        assert_eq!(of("B.barracudacentral.org.", false), [("barracuda".to_owned(), None)]);
        assert_eq!(of("psbl", false), [("psbl".to_owned(), None)]);
        let keyed = of("spamhaus-zen-dqs", false);
        assert_eq!(keyed, [("spamhaus-zen-dqs".to_owned(), Some(Skipped::NoKey))]);
        let dead = ("dnsbl-sorbs-net".to_owned(), Some(Skipped::Dead));
        assert_eq!(of("dnsbl.sorbs.net", false), [dead]);
        assert_eq!(of("dnsbl.sorbs.net", true), [("dnsbl-sorbs-net".to_owned(), None)]);
        let keys = Keys::read("spamhaus-dqs = \"abc\"", "keys.toml").unwrap();
        let keyed = chosen(&args(&["spamhaus-zen-dqs"], &[], false), &keys).unwrap();
        assert_eq!(keyed, [("spamhaus-zen-dqs".to_owned(), None)]);
    }

    #[test]
    fn a_dead_list_tells_its_story() {
        let registry = Registry::embedded().unwrap();
        let of = |name| story(registry.tombstone(name).unwrap());
        assert!(
            of("relays.ordb.org").starts_with("ended 2006-12-18: fell silent, and listed every")
        );
        assert!(of("spamrbl.imp.ch").contains("it is called spamrbl.swinog.ch now"));
        assert!(of("dnsbl.burnt-tech.com").starts_with("expired"));
    }

    #[test]
    fn an_unknown_list_is_told_with_those_that_are_like_it() {
        let none = Keys::default();
        let message = chosen(&args(&["zen.spamhaus.com"], &["nowhere"], false), &none).unwrap_err();
        let (first, second) = message.split_once('\n').unwrap();
        assert!(first.starts_with("--zone: no list is known as `zen.spamhaus.com`"), "{first}");
        assert!(first.contains("zen.spamhaus.org") && first.contains("--zones"), "{first}");
        assert!(
            second.starts_with("--skip-zone: no list is known as `nowhere`; a file"),
            "{second}"
        );
        let message = chosen(&args(&["psbl"], &["psbl"], false), &none).unwrap_err();
        assert!(message.contains("no list is left"), "{message}");
    }
}
