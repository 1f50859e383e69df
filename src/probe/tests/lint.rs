//! What must hold of every embedded probe.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::finding::catalogue;
use crate::probe::{Axis, Greeting, Library, Placeholder, Probe, Profile};

fn embedded() -> Library {
    Library::embedded().expect("the embedded probes")
}

/// Runs `key` over all probes and fails where two give the same.
fn unique<K: Ord + std::fmt::Debug>(key: impl Fn(&Probe) -> K) {
    let mut seen: BTreeMap<K, String> = BTreeMap::new();
    for probe in embedded().iter() {
        let key = key(probe);
        let text = format!("{key:?}");
        if let Some(other) = seen.insert(key, probe.file.clone()) {
            panic!("{} and {other} share {text}", probe.file);
        }
    }
}

#[test]
fn ids_codes_titles_and_envelopes_are_unique() {
    unique(|probe| probe.id.clone());
    unique(|probe| probe.code.clone());
    unique(|probe| probe.title.clone());
    unique(|probe| {
        let envelope = &probe.envelope;
        let helo = envelope.helo.as_ref().map(ToString::to_string);
        let paths = (envelope.mail_from.to_string(), envelope.rcpt_to.to_string());
        let brackets = (envelope.mail_brackets, envelope.rcpt_brackets);
        let context = (envelope.starttls, envelope.xclient);
        (envelope.greeting as u8, helo, paths, brackets, envelope.first_rcpt.is_some(), context)
    });
}

/// Every file below `probes/` is embedded, under the id that its path says.
#[test]
fn ids_are_file_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeSet::new();
    for family in fs::read_dir(root.join("probes")).unwrap() {
        let family = family.unwrap().path();
        for file in fs::read_dir(&family).unwrap() {
            let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
            files.insert(format!("{}-{}", stem(&family), stem(&file.unwrap().path())));
        }
    }
    let ids: BTreeSet<_> = embedded().iter().map(|probe| probe.id.clone()).collect();
    assert_eq!(ids, files);
    assert_eq!(embedded().len(), files.len());
}

#[test]
fn what_a_reader_needs_is_there() {
    for probe in embedded().iter() {
        let name = &probe.file;
        assert!(catalogue::find(&probe.check).is_some(), "{name}");
        let known = ["RFC ", "CVE-", "MS", "Microsoft ", "Postfix "];
        let cited = |text: &String| known.iter().any(|start| text.starts_with(start));
        assert!(probe.references.iter().all(cited), "{name}: {:?}", probe.references);
        assert!(
            !probe.fix.is_empty() && probe.fix.values().all(|fix| fix.ends_with('.')),
            "{name}"
        );
        assert!(probe.detects.ends_with('.') && !probe.title.ends_with('.'), "{name}");
        let version: Vec<_> = probe.since.split('.').collect();
        assert!(version.len() == 3 && version.iter().all(|n| n.parse::<u32>().is_ok()), "{name}");
        let names: BTreeSet<_> = probe.vectors.iter().map(|vector| &vector.name).collect();
        assert_eq!(names.len(), probe.vectors.len(), "{name}: vectors with one name");
    }
}

/// The letter of the code is the axis; the axis is what the envelope varies.
#[test]
fn codes_and_envelopes_keep_to_their_axis() {
    for probe in embedded().iter() {
        let letter = match probe.axis {
            Axis::Sender => "S",
            Axis::Helo => "H",
            Axis::Recipient => "R",
            Axis::Context => "C",
        };
        let name = &probe.file;
        let envelope = &probe.envelope;
        assert!(probe.code.starts_with(letter) && (3..=4).contains(&probe.code.len()), "{name}");
        let greets = envelope.helo.is_some() || envelope.greeting != Greeting::Ehlo;
        assert_eq!(greets, probe.axis == Axis::Helo, "{name}");
        let context = envelope.starttls || envelope.xclient;
        assert_eq!(context, probe.axis == Axis::Context, "{name}");
        let plain = envelope.rcpt_to.as_str() == "{canary}"
            && envelope.rcpt_brackets
            && envelope.first_rcpt.is_none();
        assert_eq!(plain, probe.axis != Axis::Recipient, "{name}");
        let sender = envelope.mail_from.as_str() == "{sender}" && envelope.mail_brackets;
        assert_eq!(sender, probe.axis != Axis::Sender, "{name}");
        // The recipient is always the canary, however it is wrapped.
        let uses = |wanted| probe.envelope.rcpt_to.uses(wanted);
        assert!(uses(Placeholder::Canary) || uses(Placeholder::CanaryLocal), "{name}");
    }
}

#[test]
fn gates_are_in_the_quick_profile() {
    let library = embedded();
    let gates: Vec<_> = library.iter().filter(|probe| probe.gate).collect();
    let codes: Vec<_> = gates.iter().map(|probe| probe.code.as_str()).collect();
    assert_eq!(codes, ["S01", "S04", "S10", "H01"]);
    assert!(gates.iter().all(|probe| probe.profile == Profile::Quick));
}

/// Nobody's real domain stands in a template or in a vector.
#[test]
fn domains_are_reserved() {
    for probe in embedded().iter() {
        let envelope = &probe.envelope;
        let templates =
            [Some(&envelope.mail_from), Some(&envelope.rcpt_to), envelope.helo.as_ref()];
        for literal in templates.into_iter().flatten().flat_map(|template| template.literals()) {
            assert_eq!(real_domains(literal), [""; 0], "{}", probe.file);
        }
        for vector in &probe.vectors {
            let replies = vector.replies.iter().chain(&vector.control).chain(&vector.local);
            for reply in replies {
                assert_eq!(real_domains(&reply.text()), [""; 0], "{}: {}", probe.file, vector.name);
            }
        }
    }
}

/// The names in a text that look like domains and are not reserved (RFC 2606, RFC 6761).
fn real_domains(text: &str) -> Vec<&str> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let names = text.split(|c| !of_name(c)).map(|name| name.trim_matches('.'));
    let is_domain = |name: &&str| {
        let top = name.rsplit_once('.').map_or("", |(_, top)| top);
        let one_case = !top.contains(char::is_lowercase) || !top.contains(char::is_uppercase);
        top.len() > 1 && top.bytes().all(|b| b.is_ascii_alphabetic()) && one_case
    };
    let is_reserved = |name: &str| {
        let name = name.to_lowercase();
        let mut labels = name.rsplit('.');
        let (top, second) = (labels.next(), labels.next());
        matches!(top, Some("example" | "test" | "invalid"))
            || second == Some("example") && matches!(top, Some("com" | "net" | "org"))
    };
    names.filter(is_domain).filter(|name| !is_reserved(name)).collect()
}

#[test]
fn the_domain_lint_can_fail() {
    let found = real_domains(
        "220 MX.GMAIL.COM at a@b.test, c.example.org; zen.spamhaus.org. 4.96 x.ADR.Found",
    );
    assert_eq!(found, ["MX.GMAIL.COM", "zen.spamhaus.org"]);
    assert_eq!(real_domains("250 2.1.5 Ok mx.target.example 192.0.2.66 example.com"), [""; 0]);
}

/// A recording names its server and version; a family has one of an acceptance and of a refusal.
#[test]
fn families_have_recordings() {
    use crate::probe::Expected;
    let library = embedded();
    let vectors: Vec<_> = library.iter().flat_map(|probe| &probe.vectors).collect();
    for outcome in [Expected::Accepted, Expected::Refused] {
        let recorded =
            vectors.iter().filter(|v| v.outcome == outcome).filter_map(|v| v.source.as_ref());
        let mut count = 0;
        for source in recorded {
            assert!(source.contains(|c: char| c.is_ascii_digit()), "{source}: no version");
            count += 1;
        }
        assert!(count > 0, "{outcome:?}");
    }
}
