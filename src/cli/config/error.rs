//! What can be wrong with `mxaudit.toml`.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use jiff::civil::Date;
use thiserror::Error;

use crate::target::name::NameError;
use crate::target::scope::ScopeError;

/// A problem and its place. The text is one line: `mxaudit.toml:12:3: problem; remedy`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub(crate) struct ConfigError {
    /// The file's name as the caller gave it.
    pub(crate) file: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The column in characters, counted from 1.
    pub(crate) column: usize,
    /// What is wrong there.
    pub(crate) problem: ConfigProblem,
}

impl ConfigError {
    pub(super) fn at(file: &str, text: &str, span: &Range<usize>, problem: ConfigProblem) -> Self {
        let (line, column) = position(text, span.start);
        Self { file: file.to_owned(), line, column, problem }
    }
}

/// What is wrong with a value of the file. The message names the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ConfigProblem {
    /// Not TOML, a key that does not exist, or a value of another type.
    #[error("{0}; `mxaudit init` writes a file that explains every key")]
    Toml(String),
    /// A domain or host name that is none.
    #[error("{key}: {problem}")]
    Name {
        /// The key.
        key: &'static str,
        /// What is wrong with the name.
        problem: NameError,
    },
    /// A mailbox that is none.
    #[error("{key}: `{value}` is not a mailbox; write it like postmaster@example.net")]
    Mailbox {
        /// The key.
        key: &'static str,
        /// The value, escaped.
        value: String,
    },
    /// A user that is not a plain local part.
    #[error("user: `{0}` is not a user; write the part before the @, such as postmaster")]
    User(String),
    /// An address that is none.
    #[error("{key}: `{value}` is not an address; write it like 192.0.2.10 or 2001:db8::10")]
    Address {
        /// The key.
        key: &'static str,
        /// The value, escaped.
        value: String,
    },
    /// A network that is none.
    #[error("{key}: `{value}` is not a network; write it like 198.51.100.0/28 or 198.51.100.9")]
    Network {
        /// The key.
        key: &'static str,
        /// The value, escaped.
        value: String,
    },
    /// A network with bits set after its prefix: it is unclear whether a host or a network is meant.
    #[error("{key}: {value} is not the start of its network; write {network} or {host}")]
    HostBits {
        /// The key.
        key: &'static str,
        /// The value.
        value: IpNet,
        /// The network that holds the address.
        network: IpNet,
        /// The address alone.
        host: IpAddr,
    },
    /// A day that is none.
    #[error("expires: `{0}` is not a day; write it like 2027-01-31")]
    Day(String),
    /// A rule that permits nothing any more.
    #[error(
        "expires: the authorisation ended after {0}; have it authorised again and set a new day, or remove the [[scope]] table"
    )]
    Expired(Date),
    /// The mailbox that stands for a stranger is one of the targets' own.
    #[error(
        "{key}: {domain} is at or below the local domain {local}; mail to it proves no relaying; use a domain that the targets do not accept mail for"
    )]
    CanaryIsLocal {
        /// The key: `canary`, or `domain` where no canary is given.
        key: &'static str,
        /// The domain of the canary.
        domain: String,
        /// The local domain.
        local: String,
    },
    /// A partner whose domain holds the canary.
    #[error(
        "partners: {partner} holds {canary}, the canary's domain; mail to it proves no relaying; use a canary that is no partner's"
    )]
    PartnerHoldsCanary {
        /// The partner.
        partner: String,
        /// The domain of the canary.
        canary: String,
    },
    /// The domain whose MX record names the targets is one that they take mail for by right.
    #[error(
        "mx_domain: {domain} is at or below the {kind} {own}; mail to it proves no relaying; use a domain that the targets are not set up for"
    )]
    MxDomainIsLocal {
        /// The domain.
        domain: String,
        /// What the other domain is: `local domain` or `partner`.
        kind: &'static str,
        /// The other domain.
        own: String,
    },
    /// The domain whose MX record names the targets is the canary's, which needs to be a stranger's.
    #[error(
        "mx_domain: {0} is the canary's domain, whose MX record must not name the targets; use another domain of yours, such as one below it"
    )]
    MxDomainIsCanary(String),
    /// A suppression without one of its keys.
    #[error(
        "[[suppress]]: `{0}` is missing; a suppression names check, target, reason and expires, so that nobody \
         forgets it"
    )]
    SuppressLacks(&'static str),
    /// A suppression of a check that does not exist.
    #[error("check: `{0}` is no check that finds anything; `mxaudit explain` lists all of them")]
    NoCheck(String),
    /// A suppression of a claim of relaying.
    #[error(
        "check: `{0}` cannot be suppressed: a server that relays for strangers fails every run until it is closed; \
         `mxaudit explain {0}` says how to close it, then remove this [[suppress]] table"
    )]
    SuppressesRelaying(String),
    /// A reason, code or list that says nothing.
    #[error("{0}: is empty; fill it in or remove its table")]
    Empty(&'static str),
    /// A policy without its name or its version.
    #[error(
        "[policy]: `{0}` is missing; a policy has a name and a version, so that a report can say what it was held to"
    )]
    PolicyLacks(&'static str),
    /// No policy where one was named.
    #[error("there is no [policy] table; `mxaudit policy make` writes one from a report")]
    NoPolicy,
    /// A grade that nobody asks for.
    #[error(
        "minimum_grade: `{0}` is no grade to ask for; write \"A+\", \"A\", \"B\", \"C\" or \"D\""
    )]
    PolicyGrade(String),
    /// A check that the grade does not have.
    #[error("id: `{id}` is no check of the grade; write one of {known}")]
    PolicyCheck {
        /// The id, escaped.
        id: String,
        /// The checks that there are.
        known: String,
    },
    /// An outcome that cannot be required or forbidden.
    #[error(
        "{key}: `{value}` is no outcome to name; write \"pass\", \"warn\" or \"fail\" (what is not known meets no rule \
         anyway)"
    )]
    PolicyWord {
        /// The key.
        key: &'static str,
        /// The value, escaped.
        value: String,
    },
    /// A rule about nothing.
    #[error(
        "[[policy.check]]: `{0}` has neither required nor forbidden outcomes; name some or remove the table"
    )]
    PolicyEmptyRule(String),
    /// An outcome that is required and forbidden.
    #[error("required: `{0}` is forbidden too; remove one of the two")]
    PolicyBoth(&'static str),
    /// Two rules about the same.
    #[error("there are two rules about {0}; make one of them")]
    PolicyTwice(String),
    /// A policy that wants a server to relay for strangers.
    #[error("{0}: no policy expects a server to relay for strangers; close the server instead")]
    PolicyExpectsRelay(&'static str),
    /// An expectation of the relay matrix that is none.
    #[error("matrix: `{0}` is no expectation; write \"yes\", \"no\" or \"any\"")]
    Expectation(String),
    /// The rules together are no scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

/// Reduces a message of the TOML reader to one printable line.
pub(super) fn one_line(message: &str) -> String {
    let lines: Vec<_> = message.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let escaped =
        |c: char| if c.is_control() { c.escape_default().collect() } else { String::from(c) };
    lines.join(", ").chars().map(escaped).collect()
}

/// Line and column of a byte offset, both counted from 1.
pub(in crate::cli) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let text = "a = 1\n  bü = 2\n";
        let cases =
            [(0, (1, 1)), (4, (1, 5)), (6, (2, 1)), (8, (2, 3)), (12, (2, 6)), (99, (3, 1))];
        for (offset, place) in cases {
            assert_eq!(position(text, offset), place, "{offset}");
        }
    }

    #[test]
    fn messages_become_one_line() {
        assert_eq!(one_line("invalid string\nexpected `\"`\n"), "invalid string, expected `\"`");
        assert_eq!(one_line("unknown field `\u{1b}[2J`"), "unknown field `\\u{1b}[2J`");
    }
}
