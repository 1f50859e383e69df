//! Reading a target as the user typed it.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use super::name::{self, NameError};

/// What the user asked to check. Names are in the form of [`name::normalise`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetSpec {
    /// An IPv4 or IPv6 address.
    Address(IpAddr),
    /// `host:NAME`: the addresses of the name.
    Host(String),
    /// `domain:NAME`: the hosts that the domain's MX records name.
    Domain(String),
    /// A bare name; DNS decides whether it is a mail domain or a host.
    Name(String),
}

/// Why a text names no target. The message says what to type instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecError {
    /// Nothing but spaces.
    #[error("the target is empty; give an address, a host name or a mail domain")]
    Empty,
    /// A port follows the target.
    #[error("`{text}` ends in a port; use `{target} --port {port}`")]
    Port {
        /// The whole text.
        text: String,
        /// The text before the port.
        target: String,
        /// The port as it was typed.
        port: String,
    },
    /// A URL or a path.
    #[error("`{0}` is a URL or a path; give only the host name or the mail domain")]
    Url(String),
    /// A mailbox.
    #[error("`{text}` is an e-mail address; give its domain: domain:{domain}")]
    Mailbox {
        /// The whole text.
        text: String,
        /// What follows the last `@`.
        domain: String,
    },
    /// A network or a span of addresses.
    #[error(
        "`{0}` is a range; a check takes single hosts: list the addresses one by one, or use `mxaudit sweep {0}`"
    )]
    Range(String),
    /// An IPv6 address with a zone.
    #[error("`{0}` has a zone after the %; give an address without one")]
    Zone(String),
    /// Brackets around something else than an address, or only one bracket.
    #[error("`{0}` has brackets, but no address between them; write it like [2001:db8::1]")]
    Brackets(String),
    /// Colons, but neither an IPv6 address nor a known kind.
    #[error(
        "`{0}` is neither an IPv6 address nor begins with host: or domain:; correct the address or the prefix"
    )]
    Colon(String),
    /// `host:` or `domain:` before an address.
    #[error("`{text}` gives an address where a name belongs; give {address} alone")]
    AddressAsName {
        /// The whole text.
        text: String,
        /// The address.
        address: IpAddr,
    },
    /// Not a domain name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl TargetSpec {
    /// Reads an address (IPv6 with or without brackets), `host:NAME`, `domain:NAME` or a bare name.
    ///
    /// # Errors
    /// [`SpecError`] says what the text is instead and what to type.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SpecError::Empty);
        }
        if let Some(address) = address(text) {
            return Ok(Self::Address(address));
        }
        let (make, rest): (fn(String) -> Self, &str) = match text.split_once(':') {
            Some((kind, rest)) if kind.eq_ignore_ascii_case("host") => (Self::Host, rest),
            Some((kind, rest)) if kind.eq_ignore_ascii_case("domain") => (Self::Domain, rest),
            _ => (Self::Name, text),
        };
        if let Some(address) = address(rest) {
            return Err(SpecError::AddressAsName { text: shown(text), address });
        }
        refuse_other_kinds(text, rest)?;
        Ok(make(name::normalise(rest)?))
    }
}

/// Names the frequent things that are no target, each with its own remedy.
fn refuse_other_kinds(text: &str, rest: &str) -> Result<(), SpecError> {
    if rest.contains("://") {
        return Err(SpecError::Url(shown(text)));
    }
    if let Some((_, domain)) = rest.rsplit_once('@') {
        return Err(SpecError::Mailbox { text: shown(text), domain: shown(domain) });
    }
    let before = |mark| rest.split_once(mark).and_then(|(first, _)| address(first));
    if before('/').is_some() || before('-').is_some() {
        return Err(SpecError::Range(shown(text)));
    }
    if rest.contains('/') {
        return Err(SpecError::Url(shown(text)));
    }
    if rest.contains('%') && rest.contains(':') {
        return Err(SpecError::Zone(shown(text)));
    }
    if let Some((target, port)) = rest.rsplit_once(':')
        && !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && (!target.contains(':') || address(target).is_some())
    {
        let target = text.strip_suffix(port).and_then(|t| t.strip_suffix(':')).unwrap_or(target);
        return Err(SpecError::Port {
            text: shown(text),
            target: shown(target),
            port: port.to_owned(),
        });
    }
    if rest.contains(['[', ']']) {
        return Err(SpecError::Brackets(shown(text)));
    }
    if rest.contains(':') {
        return Err(SpecError::Colon(shown(text)));
    }
    Ok(())
}

/// An address, with or without brackets.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    inner.parse().ok()
}

/// The text as a message shows it: control characters escaped.
pub(super) fn shown(text: &str) -> String {
    text.escape_debug().to_string()
}

impl fmt::Display for TargetSpec {
    /// Writes the form that [`TargetSpec::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Host(name) => write!(f, "host:{name}"),
            Self::Domain(name) => write!(f, "domain:{name}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let address = |text: &str| TargetSpec::Address(text.parse().unwrap());
        let host = |name: &str| TargetSpec::Host(name.to_owned());
        let domain = |name: &str| TargetSpec::Domain(name.to_owned());
        let bare = |name: &str| TargetSpec::Name(name.to_owned());
        let cases = [
            ("ipv4", "192.0.2.1", address("192.0.2.1")),
            ("ipv6", "2001:db8::1", address("2001:db8::1")),
            ("ipv6 that ends like a port", "2001:db8::1:25", address("2001:db8::1:25")),
            ("bracketed ipv6", "[2001:DB8::1]", address("2001:db8::1")),
            ("address literal", "[192.0.2.1]", address("192.0.2.1")),
            ("spaces around", " 192.0.2.1\n", address("192.0.2.1")),
            ("host", "host:MX.example.org.", host("mx.example.org")),
            ("host prefix in capitals", "HOST:mx.example.org", host("mx.example.org")),
            ("domain", "domain:example.org", domain("example.org")),
            ("unicode domain", "domain:bücher.example", domain("xn--bcher-kva.example")),
            ("bare name", "Example.org", bare("example.org")),
            ("one label", "localhost", bare("localhost")),
            ("name with a hyphen", "mx-1.example.org", bare("mx-1.example.org")),
        ];
        for (case, text, spec) in cases {
            assert_eq!(TargetSpec::parse(text).as_ref(), Ok(&spec), "{case}");
            assert_eq!(
                TargetSpec::parse(&spec.to_string()),
                Ok(spec),
                "{case}, shown and read again"
            );
        }
    }

    #[test]
    fn other_things_are_refused_with_a_remedy() {
        let cases = [
            ("empty", "", "the target is empty; give an address"),
            ("spaces", "  ", "the target is empty; give an address"),
            ("port", "mx.example.org:25", "ends in a port; use `mx.example.org --port 25`"),
            ("port of ipv4", "192.0.2.1:25", "use `192.0.2.1 --port 25`"),
            ("port of ipv6", "[2001:db8::1]:25", "use `[2001:db8::1] --port 25`"),
            (
                "port after a kind",
                "host:mx.example.org:587",
                "use `host:mx.example.org --port 587`",
            ),
            ("url", "https://example.org/", "is a URL or a path; give only the host name"),
            ("path", "example.org/mail", "is a URL or a path; give only the host name"),
            (
                "mailbox",
                "jane@example.org",
                "is an e-mail address; give its domain: domain:example.org",
            ),
            ("mailto", "mailto:jane@example.org", "give its domain: domain:example.org"),
            ("cidr", "192.0.2.0/24", "or use `mxaudit sweep 192.0.2.0/24`"),
            (
                "ipv6 cidr",
                "2001:db8::/32",
                "a check takes single hosts: list the addresses one by one, or use",
            ),
            ("span", "192.0.2.1-20", "or use `mxaudit sweep 192.0.2.1-20`"),
            ("zone", "fe80::1%eth0", "has a zone after the %"),
            ("one bracket", "[2001:db8::1", "has brackets, but no address between them"),
            ("bracketed name", "[example.org]", "has brackets, but no address between them"),
            ("unknown kind", "mx:example.org", "neither an IPv6 address nor begins with host:"),
            ("bad ipv6", "2001:db8::1::2", "neither an IPv6 address nor begins with host:"),
            ("address as host", "host:192.0.2.1", "give 192.0.2.1 alone"),
            ("no name after the kind", "domain:", "the name is empty; give a name"),
            ("octet too large", "300.1.1.1", "neither an IPv4 address nor a name"),
            ("too few octets", "192.0.2", "neither an IPv4 address nor a name"),
            ("leading zero", "192.0.2.01", "neither an IPv4 address nor a name"),
            ("number", "12345", "neither an IPv4 address nor a name"),
            ("two names", "a.example b.example", "character ' ' cannot stand in the name"),
            ("terminal escape", "a\u{1b}[2J", "`a\\u{1b}[2J` has brackets"),
        ];
        for (case, text, message) in cases {
            let error = TargetSpec::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{case}: {error}");
            assert!(!error.contains(char::is_control), "{case}: {error:?}");
        }
    }
}
