//! Domain names in one written form.

use thiserror::Error;

/// Longest name in its text form without the final dot, in octets: 255 octets on the wire
/// (RFC 1035 section 2.3.4) less the length octet of the first label and the root label.
const MAX_NAME: usize = 253;
/// Longest label, in octets (RFC 1035 section 2.3.4).
const MAX_LABEL: usize = 63;

/// Why a text is not a domain name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing is left after the final dot is removed.
    #[error("the name is empty; give a name such as mx.example.org")]
    Empty,
    /// The Unicode text has no ASCII form.
    #[error("`{0}` has no valid ASCII form (IDNA); check its spelling")]
    Idna(String),
    /// Two dots follow each other, or the name begins with one.
    #[error("`{0}` has an empty label; remove the extra dot")]
    EmptyLabel(String),
    /// A label is longer than 63 octets.
    #[error("label `{0}` is longer than 63 octets; shorten it")]
    LongLabel(String),
    /// The whole name is longer than 253 octets.
    #[error("the name is {0} octets long; the most is 253")]
    LongName(usize),
    /// A label begins or ends with a hyphen.
    #[error("label `{0}` begins or ends with a hyphen; remove the hyphen")]
    Hyphen(String),
    /// A character other than a letter, a digit, `-`, `_` or a dot.
    #[error(
        "character {character:?} cannot stand in the name `{name}`; only letters, digits, - and _ can"
    )]
    Character {
        /// The name as it was given, escaped.
        name: String,
        /// The first such character.
        character: char,
    },
    /// The last label is a number, so the text can only be a mistyped IPv4 address.
    #[error(
        "`{0}` is neither an IPv4 address nor a name: the part after the last dot is a number; correct the address"
    )]
    Numeric(String),
}

/// Brings a domain name into the form that all comparisons use: ASCII (IDNA), lower case, no final
/// dot. Labels are letters, digits, hyphens and underscores.
///
/// # Errors
/// [`NameError`] says what to change.
pub fn normalise(text: &str) -> Result<String, NameError> {
    let ascii =
        idna::domain_to_ascii(text).map_err(|_| match text.chars().find(|c| is_foreign(*c)) {
            Some(character) => {
                NameError::Character { name: text.escape_debug().to_string(), character }
            }
            None => NameError::Idna(text.escape_debug().to_string()),
        })?;
    let name = ascii.strip_suffix('.').unwrap_or(&ascii).to_ascii_lowercase();
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let odd = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.');
    if let Some(character) = name.chars().find(|c| odd(*c)) {
        return Err(NameError::Character { name: text.escape_debug().to_string(), character });
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(NameError::EmptyLabel(name));
        }
        if label.len() > MAX_LABEL {
            return Err(NameError::LongLabel(label.to_owned()));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(NameError::Hyphen(label.to_owned()));
        }
    }
    if name.len() > MAX_NAME {
        return Err(NameError::LongName(name.len()));
    }
    if name.rsplit('.').next().is_some_and(is_number) {
        return Err(NameError::Numeric(name));
    }
    Ok(name)
}

/// Whether `name` is `domain` or lies below it. Both are in the form of [`normalise`].
pub fn is_at_or_below(name: &str, domain: &str) -> bool {
    match name.strip_suffix(domain) {
        Some(rest) => !domain.is_empty() && (rest.is_empty() || rest.ends_with('.')),
        None => false,
    }
}

/// An ASCII character that no domain name has.
fn is_foreign(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')
}

/// Decimal, or hexadecimal in the manner of C: old resolvers take such a label as part of an address.
fn is_number(label: &str) -> bool {
    let hexadecimal =
        label.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|b| b.is_ascii_digit())
}

/// Names that are kept for documentation, tests and local use: RFC 2606, RFC 6761, and the registry of special-use
/// domain names that the latter began.
const SPECIAL_USE: [&str; 12] = [
    "alt",
    "example",
    "example.com",
    "example.net",
    "example.org",
    "home.arpa",
    "internal",
    "invalid",
    "local",
    "localhost",
    "onion",
    "test",
];

/// Whether a domain, in lower case and without a final dot, is nobody's, so that no public server can know it.
pub fn is_special_use(domain: &str) -> bool {
    SPECIAL_USE.iter().any(|special| is_at_or_below(domain, special))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_one_form() {
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        let cases = [
            ("plain", "mx.example.org", "mx.example.org"),
            ("upper case", "MX.Example.ORG", "mx.example.org"),
            ("final dot", "mx.example.org.", "mx.example.org"),
            ("one label", "mailhost", "mailhost"),
            ("underscore", "_smtp.example.org", "_smtp.example.org"),
            ("digits before the last label", "25.example.org", "25.example.org"),
            ("unicode", "Bücher.example", "xn--bcher-kva.example"),
            ("already ascii", "xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("ideographic dot", "mx\u{3002}example.org", "mx.example.org"),
            ("longest", long.as_str(), long.as_str()),
        ];
        for (case, text, name) in cases {
            assert_eq!(normalise(text).as_deref(), Ok(name), "{case}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(62));
        let label = "a".repeat(64);
        let character =
            |name: &str, character| NameError::Character { name: name.to_owned(), character };
        let cases = [
            ("empty", "", NameError::Empty),
            ("root", ".", NameError::Empty),
            ("two dots", "mx..example.org", NameError::EmptyLabel("mx..example.org".to_owned())),
            ("first dot", ".example.org", NameError::EmptyLabel(".example.org".to_owned())),
            ("long label", label.as_str(), NameError::LongLabel(label.clone())),
            ("long name", long.as_str(), NameError::LongName(254)),
            ("first hyphen", "-mx.example.org", NameError::Hyphen("-mx".to_owned())),
            ("last hyphen", "mx-.example.org", NameError::Hyphen("mx-".to_owned())),
            ("space", "mx example.org", character("mx example.org", ' ')),
            ("star", "*.example.org", character("*.example.org", '*')),
            ("line feed", "mx\n.example.org", character("mx\\n.example.org", '\n')),
            (
                "broken punycode",
                "xn--a\u{fc}.example",
                NameError::Idna("xn--aü.example".to_owned()),
            ),
            ("not an octet", "300.1.1.1", NameError::Numeric("300.1.1.1".to_owned())),
            ("one number", "3221225985", NameError::Numeric("3221225985".to_owned())),
            ("hexadecimal", "0x7f.0x1", NameError::Numeric("0x7f.0x1".to_owned())),
            ("full-width digits", "\u{ff11}.2.3.4", NameError::Numeric("1.2.3.4".to_owned())),
        ];
        for (case, text, error) in cases {
            assert_eq!(normalise(text), Err(error), "{case}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_names_below() {
        let cases = [
            ("itself", "example.org", "example.org", true),
            ("below", "a.b.example.org", "example.org", true),
            ("above", "org", "example.org", false),
            ("same ending", "badexample.org", "example.org", false),
            ("other", "example.net", "example.org", false),
            ("empty domain", "example.org.", "", false),
        ];
        for (case, name, domain, expected) in cases {
            assert_eq!(is_at_or_below(name, domain), expected, "{case}");
        }
    }

    #[test]
    fn names_that_are_nobodys() {
        for domain in ["test", "target.test", "a.b.example", "example.org", "mx.example.com"] {
            assert!(is_special_use(domain), "{domain}");
        }
        for domain in ["", "latest", "contest.org", "notexample.com", "test.org", "local.host"] {
            assert!(!is_special_use(domain), "{domain}");
        }
    }
}
