//! Domain names as users, zone texts and MX records write them.

use hickory_resolver::proto::rr::Name;

use super::DnsError;

/// What keeps a text from being asked for as a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFault {
    /// Nothing is left to ask for; the root name counts as empty.
    #[error("it is empty")]
    Empty,
    /// Two dots follow each other, or a dot comes first.
    #[error("it has an empty label")]
    EmptyLabel,
    /// A label has more than 63 octets (RFC 1035 section 2.3.4).
    #[error("it has a label of more than 63 octets")]
    LabelTooLong,
    /// The name has more than 253 characters, which is more than 255 octets on the wire.
    #[error("it has more than 253 characters")]
    TooLong,
    /// An ASCII character that is no letter, digit, hyphen, underscore or slash.
    #[error("it contains {0:?}")]
    Character(char),
    /// Characters outside ASCII that IDNA (UTS 46) does not map to A-labels.
    #[error("it is not a valid internationalised name")]
    Idna,
}

/// The octets that the text form of a name may have without its final dot.
const MAX_CHARACTERS: usize = 253;
const MAX_LABEL: usize = 63;

/// Brings a name into the form that is compared and reported: lower case, A-labels, no final dot.
///
/// Underscores are names of services and slashes occur in delegated reverse zones, so both pass. ASCII names are not
/// checked against IDNA: a label with a broken `xn--` can exist in the DNS and can be asked for.
pub(super) fn normalise(text: &str) -> Result<String, DnsError> {
    normal_form(text).map_err(|why| DnsError::BadName { name: text.to_owned(), why })
}

/// As [`normalise`], with the bare fault for callers that report it in their own way.
pub(super) fn normal_form(text: &str) -> Result<String, NameFault> {
    let ascii = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(text).map_err(|_| NameFault::Idna)?
    };
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(NameFault::EmptyLabel);
        }
        if label.len() > MAX_LABEL {
            return Err(NameFault::LabelTooLong);
        }
    }
    if let Some(c) = name.chars().find(|&c| !(c.is_ascii_alphanumeric() || ".-_/".contains(c))) {
        return Err(NameFault::Character(c));
    }
    if name.len() > MAX_CHARACTERS {
        return Err(NameFault::TooLong);
    }
    Ok(name.to_owned())
}

/// The text form of a name that a server sent: lower case, without the final dot, unusual octets escaped.
///
/// The escapes are those of RFC 1035 section 5.1; the library's own text form has octal numbers in them.
pub(super) fn from_wire(name: &Name) -> String {
    let mut text = String::new();
    for label in name.iter() {
        if !text.is_empty() {
            text.push('.');
        }
        for octet in label {
            match char::from(octet.to_ascii_lowercase()) {
                c if c.is_ascii_alphanumeric() || "-_/".contains(c) => text.push(c),
                c if c.is_ascii_graphic() => text.extend(['\\', c]),
                _ => text.push_str(&format!("\\{octet:03}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_final_dot_and_u_labels_are_brought_into_one_form() {
        assert_eq!(normal_form("MX1.Example.TEST.").unwrap(), "mx1.example.test");
        assert_eq!(normal_form("Bücher.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(normal_form("bücher。example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(normal_form("_25._tcp.mx.test").unwrap(), "_25._tcp.mx.test");
        assert_eq!(normal_form("r3---sn.test").unwrap(), "r3---sn.test");
    }

    #[test]
    fn what_is_no_name_is_told_by_its_fault() {
        let long_label = format!("{}.test", "a".repeat(64));
        let long_name = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(62)].join(".");
        for (text, fault) in [
            ("", NameFault::Empty),
            (".", NameFault::Empty),
            ("..", NameFault::EmptyLabel),
            (".test", NameFault::EmptyLabel),
            ("a..test", NameFault::EmptyLabel),
            ("a.test..", NameFault::EmptyLabel),
            (&long_label, NameFault::LabelTooLong),
            (&long_name, NameFault::TooLong),
            ("a b.test", NameFault::Character(' ')),
            ("a\\.b.test", NameFault::Character('\\')),
            ("user@a.test", NameFault::Character('@')),
            ("[192.0.2.1]", NameFault::Character('[')),
            ("a\0.test", NameFault::Character('\0')),
            ("a\u{0301}\u{200d}\u{2028}.test", NameFault::Idna),
        ] {
            assert_eq!(normal_form(text), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn the_longest_names_pass() {
        let name = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
        assert_eq!(name.len(), MAX_CHARACTERS);
        let normal = normal_form(&format!("{name}.")).unwrap();
        assert!(Name::from_ascii(format!("{normal}.")).is_ok());
    }

    #[test]
    fn octets_of_a_server_are_escaped() {
        let labels = [b"MX\x1b[1m \xff".as_slice(), b"a.b\\".as_slice(), b"Test".as_slice()];
        let name = Name::from_labels(labels).unwrap();
        assert_eq!(from_wire(&name), r"mx\027\[1m\032\255.a\.b\\.test");
        assert!(matches!(normalise(&from_wire(&name)), Err(DnsError::BadName { .. })));
        assert_eq!(from_wire(&Name::from_ascii("MX1.Example.Test.").unwrap()), "mx1.example.test");
        assert_eq!(from_wire(&Name::root()), "");
    }
}
