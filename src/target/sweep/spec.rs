//! Reading a target of a sweep as the user typed it.

use std::fmt;

use thiserror::Error;

use crate::target::set::{AddressRange, RangeError};
use crate::target::spec::{SpecError, TargetSpec, shown};

/// What the user asked to sweep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SweepSpec {
    /// Addresses that are known already.
    Addresses(AddressRange),
    /// A name that the DNS leads on from; never [`TargetSpec::Address`].
    Named(TargetSpec),
}

/// Why a text names no target of a sweep. The message says what to type instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SweepSpecError {
    /// Neither an address nor a name.
    #[error(transparent)]
    Target(#[from] SpecError),
    /// Meant as a range or a network.
    #[error(transparent)]
    Range(#[from] RangeError),
}

impl SweepSpec {
    /// Reads everything that [`TargetSpec::parse`] reads, IPv4 networks and IPv4 ranges.
    ///
    /// # Errors
    /// [`SweepSpecError`] says what the text is instead and what to type.
    pub fn parse(text: &str) -> Result<Self, SweepSpecError> {
        let text = text.trim();
        match TargetSpec::parse(text) {
            Ok(TargetSpec::Address(address)) => Ok(Self::Addresses(address.into())),
            // Digits of other scripts are ASCII in the normal form.
            Ok(named) if is_meant_as_range(text) || is_meant_as_range(&named.to_string()) => {
                Err(RangeError::Form(shown(text)).into())
            }
            Ok(named) => Ok(Self::Named(named)),
            Err(SpecError::Range(_)) => Ok(Self::Addresses(text.parse()?)),
            Err(_) if is_meant_as_range(text) => Ok(Self::Addresses(text.parse()?)),
            Err(other) => Err(other.into()),
        }
    }
}

/// Digits and the marks of a range. No name of a host is made of these alone.
fn is_meant_as_range(text: &str) -> bool {
    text.contains(['-', '/', '*'])
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '/' | '*' | ' '))
}

impl fmt::Display for SweepSpec {
    /// Writes a form that [`SweepSpec::parse`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(range) => range.fmt(f),
            Self::Named(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let cases = [
            ("address", "192.0.2.1", "192.0.2.1"),
            ("IPv6 address", "[2001:db8::1]", "2001:db8::1"),
            ("IPv6 network of one", "2001:db8::1/128", "2001:db8::1"),
            ("network", "192.0.2.77/24", "192.0.2.0-192.0.2.255"),
            ("short range", "192.0.2.10-40", "192.0.2.10-192.0.2.40"),
            ("long range", "192.0.2.10-192.0.3.40", "192.0.2.10-192.0.3.40"),
            ("range with blanks", "192.0.2.10 - 192.0.2.40", "192.0.2.10-192.0.2.40"),
            ("host", "host:MX.example.org", "host:mx.example.org"),
            ("domain", "domain:example.org", "domain:example.org"),
            ("bare name", "example.org.", "example.org"),
            ("name with hyphens", "mx-1-2.example.org", "mx-1-2.example.org"),
            ("name that begins like a range", "10-20.example.org", "10-20.example.org"),
        ];
        for (case, text, shown) in cases {
            let spec = SweepSpec::parse(text);
            assert_eq!(spec.as_ref().map(ToString::to_string), Ok(shown.to_owned()), "{case}");
            assert_eq!(SweepSpec::parse(shown), spec, "{case}, shown and read again");
        }
    }

    #[test]
    fn other_things_are_refused_with_a_remedy() {
        let cases = [
            ("empty", " ", "the target is empty; give an address"),
            ("port", "192.0.2.1:25", "use `192.0.2.1 --port 25`"),
            ("url", "https://example.org/", "give only the host name"),
            ("path", "example.org/24", "give only the host name"),
            ("IPv6 prefix", "2001:db8::/64", "IPv6 needs an explicit list"),
            ("bracketed IPv6 prefix", "[2001:db8::]/64", "IPv6 needs an explicit list"),
            ("IPv6 range", "2001:db8::1-2001:db8::5", "IPv6 needs an explicit list"),
            ("backwards", "192.0.2.40-10", "give 192.0.2.10-192.0.2.40"),
            ("star", "192.0.2.*", "or 192.0.2.0/24"),
            ("ranges inside", "192.0.1-2.1-9", "is no range of addresses"),
            ("range and a tab", "0-1\t", "is no range of addresses"),
            ("range in wide digits", "\u{ff10}-\u{ff11}", "is no range of addresses"),
            ("octet too large", "300.1.1.1-5", "is no range of addresses"),
            ("network of three octets", "192.0.2/24", "is no network"),
            ("network of a large octet", "192.0.300.0/24", "is no network"),
            ("host and network", "host:192.0.2.0/24", "is no network"),
            ("only a hyphen", "-", "give it without blanks"),
        ];
        for (case, text, message) in cases {
            let error = SweepSpec::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{case}: {error}");
        }
    }
}
