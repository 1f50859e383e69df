//! Which texts can stand in the DNS as host and zone names.

use thiserror::Error;

/// Longest name in its text form without the final dot (RFC 1035 section 2.3.4: 255 octets on the wire).
pub(super) const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// What keeps a text from being a name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// Nothing is left.
    #[error("it is empty")]
    Empty,
    /// Two dots follow each other, or one comes first.
    #[error("it has an empty label; remove the extra dot")]
    EmptyLabel,
    /// A label has more than 63 octets.
    #[error("it has a label of more than 63 octets; shorten it")]
    LongLabel,
    /// The name has more than 253 octets.
    #[error("it has {0} octets, and 253 is the most")]
    LongName(usize),
    /// A label begins or ends with a hyphen.
    #[error("a label begins or ends with a hyphen; remove it")]
    Hyphen,
    /// A character that no such name has.
    #[error("it contains {0:?}; use letters, digits, - and _, and xn-- labels for other scripts")]
    Character(char),
}

/// The form that names are compared and asked in: lower case, without the final dot. Nothing is checked.
pub(super) fn folded(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()
}

/// Checks a name in the form of [`folded`].
pub(super) fn check(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    name.split('.').try_for_each(check_label)?;
    if name.len() > MAX_NAME {
        return Err(NameFault::LongName(name.len()));
    }
    Ok(())
}

/// Checks one label.
pub(super) fn check_label(label: &str) -> Result<(), NameFault> {
    if label.is_empty() {
        return Err(NameFault::EmptyLabel);
    }
    if let Some(c) = label.chars().find(|c| !(c.is_ascii_alphanumeric() || "-_".contains(*c))) {
        return Err(NameFault::Character(c));
    }
    if label.len() > MAX_LABEL {
        return Err(NameFault::LongLabel);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(NameFault::Hyphen);
    }
    Ok(())
}

/// Whether a name is a domain or lies below it. Both are in the form of [`folded`].
pub(super) fn is_at_or_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_other_texts() {
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        let too_long = format!("{long}c");
        let label = "a".repeat(64);
        let cases = [
            ("plain", "bl.example.org", Ok(())),
            ("one label", "invalid", Ok(())),
            ("underscores at the ends", "_dnsbl_.test", Ok(())),
            ("longest", long.as_str(), Ok(())),
            ("too long", too_long.as_str(), Err(NameFault::LongName(254))),
            ("long label", label.as_str(), Err(NameFault::LongLabel)),
            ("empty", "", Err(NameFault::Empty)),
            ("two dots", "bl..example", Err(NameFault::EmptyLabel)),
            ("first dot", ".example", Err(NameFault::EmptyLabel)),
            ("hyphen first", "-bl.example", Err(NameFault::Hyphen)),
            ("hyphen last", "bl.example-", Err(NameFault::Hyphen)),
            ("space", "bl .example", Err(NameFault::Character(' '))),
            ("brace", "{key}.example", Err(NameFault::Character('{'))),
            ("script", "bücher.example", Err(NameFault::Character('ü'))),
        ];
        for (case, name, expected) in cases {
            assert_eq!(check(name), expected, "{case}");
        }
    }

    #[test]
    fn below_means_at_a_dot() {
        let cases = [
            ("itself", "sorbs.net", "sorbs.net", true),
            ("below", "dnsbl.sorbs.net", "sorbs.net", true),
            ("same end", "notsorbs.net", "sorbs.net", false),
            ("above", "net", "sorbs.net", false),
        ];
        for (case, name, domain, expected) in cases {
            assert_eq!(is_at_or_below(name, domain), expected, "{case}");
        }
    }
}
