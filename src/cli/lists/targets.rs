//! Whom `mxaudit lists` looks up.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::evidence::listing::Subject;
use crate::target::spec::{SpecError, TargetSpec};

use crate::cli::exit::{Exit, Failure};

/// Bits of a range that may differ: a /16 of IPv4.
const WIDEST: u8 = 16;

/// Reads all targets, so that every mistake is named at once; whether there is a range among them is said too.
pub(super) fn read(texts: &[String]) -> Result<(Vec<Subject>, bool), Failure> {
    let (mut found, mut seen, mut messages) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut is_range = false;
    for text in texts {
        match one(text.trim()) {
            Ok(subjects) => {
                is_range |= subjects.len() > 1;
                found.extend(subjects.into_iter().filter(|subject| seen.insert(subject.clone())));
            }
            Err(message) => messages.push(format!("target: {message}")),
        }
    }
    match messages.is_empty() {
        true => Ok((found, is_range)),
        false => Err(Failure { messages, exit: Exit::Usage }),
    }
}

fn one(text: &str) -> Result<Vec<Subject>, String> {
    let shown = text.escape_debug();
    if let Ok(network) = text.parse::<IpNet>() {
        return range(network);
    }
    let ends = text.split_once('-').map(|(first, last)| (first.trim(), last.trim()));
    if ends.is_some_and(|(first, _)| first.parse::<IpAddr>().is_ok()) {
        return Err(format!("`{shown}` is a span; give ranges such as 192.0.2.0/28"));
    }
    match TargetSpec::parse(text) {
        Ok(TargetSpec::Address(address)) => Ok(vec![Subject::Address(address.to_canonical())]),
        Ok(TargetSpec::Name(domain) | TargetSpec::Domain(domain)) => {
            Ok(vec![Subject::Domain(domain)])
        }
        Ok(TargetSpec::Host(host)) => {
            Err(format!("`{shown}` is a host; give its addresses, or {host} as a domain"))
        }
        Err(SpecError::Port { target, .. }) => {
            Err(format!("`{shown}` ends in a port; lists know none: give {target}"))
        }
        Err(SpecError::Range(_)) => Err(format!(
            "`{shown}` is no range that can be read; give an address and the length of the prefix, \
             such as 192.0.2.0/24 or 2001:db8::/120"
        )),
        Err(other) => Err(other.to_string()),
    }
}

fn range(network: IpNet) -> Result<Vec<Subject>, String> {
    let free = network.max_prefix_len() - network.prefix_len();
    if free > WIDEST {
        let shortest = network.max_prefix_len() - WIDEST;
        return Err(format!(
            "{network} has more than 65,536 addresses; give parts of at most a /{shortest}"
        ));
    }
    let first = network.network();
    let count = 1_u32 << free;
    let address = |offset: u32| match first {
        IpAddr::V4(first) => IpAddr::V4((first.to_bits() | offset).into()),
        IpAddr::V6(first) => IpAddr::V6((first.to_bits() | u128::from(offset)).into()),
    };
    Ok((0..count).map(|offset| Subject::Address(address(offset).to_canonical())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(text: &str) -> Result<Vec<String>, String> {
        let read = read(&[text.to_owned()]);
        read.map(|(all, _)| all.iter().map(ToString::to_string).collect())
            .map_err(|failure| failure.messages.join("\n"))
    }

    #[test]
    fn targets_are_addresses_ranges_and_domains() {
        let table: &[(&str, &[&str])] = &[
            ("192.0.2.7", &["192.0.2.7"]),
            ("::ffff:192.0.2.7", &["192.0.2.7"]),
            ("[2001:db8::7]", &["2001:db8::7"]),
            ("192.0.2.77/30", &["192.0.2.76", "192.0.2.77", "192.0.2.78", "192.0.2.79"]),
            ("2001:db8::/127", &["2001:db8::", "2001:db8::1"]),
            ("192.0.2.7/32", &["192.0.2.7"]),
            ("Example.ORG.", &["example.org"]),
            ("domain:bücher.example", &["xn--bcher-kva.example"]),
        ];
        for (text, want) in table {
            assert_eq!(read_one(text).unwrap(), *want, "{text}");
        }
        assert_eq!(read_one("10.1.0.0/16").unwrap().len(), 65_536);
        assert_eq!(read_one("2001:db8::/112").unwrap().len(), 65_536);
    }

    #[test]
    fn what_is_no_target_is_told_with_its_remedy() {
        for (text, want) in [
            (
                "10.0.0.0/15",
                "10.0.0.0/15 has more than 65,536 addresses; give parts of at most a /16",
            ),
            ("2001:db8::/111", "at most a /112"),
            ("192.0.2.0/33", "is no range that can be read"),
            ("192.0.2.1-192.0.2.9", "is a span; give ranges such as 192.0.2.0/28"),
            ("192.0.2.1:25", "ends in a port; lists know none: give 192.0.2.1"),
            ("host:mx.example.org", "give its addresses, or mx.example.org as a domain"),
            ("https://example.org/", "is a URL"),
            ("a..example", ""),
            ("", "is empty"),
        ] {
            let message = read_one(text).unwrap_err();
            assert!(message.starts_with("target: ") && message.contains(want), "{text}: {message}");
        }
    }

    #[test]
    fn every_mistake_is_named_and_nobody_is_looked_up_twice() {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let failure = read(&texts(&["10.0.0.0/8", "192.0.2.1", "a..b"])).unwrap_err();
        assert_eq!((failure.messages.len(), failure.exit), (2, Exit::Usage));
        let (all, is_range) = read(&texts(&["192.0.2.1", "192.0.2.0/31", "192.0.2.1"])).unwrap();
        assert_eq!((all.len(), is_range), (2, true));
        assert!(!read(&texts(&["192.0.2.1", "192.0.2.2"])).unwrap().1);
    }
}
