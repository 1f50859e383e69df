//! The rules of a scope file and what they must keep to.

use ipnet::{IpNet, Ipv4Net};
use jiff::ToSpan;
use jiff::civil::Date;
use thiserror::Error;

use crate::target::name::{NameError, is_at_or_below, normalise};
use crate::target::network::{is_public_network, network_judged_as};

/// Shortest prefix of a public IPv6 network.
const IPV6_PREFIX: u8 = 48;
/// The most public IPv4 addresses in one scope: a /12.
const IPV4_ADDRESSES: u64 = 1 << (32 - 12);
/// The most days between today and an expiry.
const MAX_DAYS: i32 = 90;

/// One `[[scope]]` table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The networks under audit.
    pub networks: Vec<IpNet>,
    /// The domains under audit: each covers the hosts at and below it.
    pub domains: Vec<String>,
    /// Addresses that are never contacted, whatever rule covers them.
    pub exclude: Vec<IpNet>,
    /// Who authorised the audit.
    pub authorized_by: Option<String>,
    /// The last day of the authorisation.
    pub expires: Option<Date>,
    /// The line of the table in its file, counted from 1.
    pub line: usize,
}

impl Rule {
    /// Whether the last day of the rule lies before `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|expires| expires < today)
    }

    /// Something in the rule that needs `authorized_by` and an expiry.
    fn first_public(&self) -> Option<String> {
        let network = self.networks.iter().find(|n| is_public_network(n)).map(IpNet::to_string);
        network.or_else(|| self.domains.first().cloned())
    }
}

/// Why rules are not a scope. The message names the remedy; [`ScopeError::line`] the table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// The public IPv4 networks of all rules are together larger than a /12.
    #[error(
        "the public IPv4 networks up to {network} hold {addresses} addresses; a scope has at most {IPV4_ADDRESSES} (a /12); list smaller networks or split the file"
    )]
    Ipv4TooLarge {
        /// The line of the rule that exceeds the limit.
        line: usize,
        /// The network that exceeds it.
        network: IpNet,
        /// Addresses in all networks so far, each counted once.
        addresses: u64,
    },
    /// A public IPv6 network has a prefix shorter than /48.
    #[error(
        "{network} is too large: a public IPv6 network has a prefix of /{IPV6_PREFIX} or longer; list smaller networks"
    )]
    Ipv6TooLarge {
        /// The line of the rule.
        line: usize,
        /// The network.
        network: IpNet,
    },
    /// A domain of one label, that is a whole top-level domain.
    #[error("domain {domain} is too large: it is a top-level domain; list the domains below it")]
    DomainTooLarge {
        /// The line of the rule.
        line: usize,
        /// The domain.
        domain: String,
    },
    /// A domain is not a domain name.
    #[error("domain is not valid: {problem}")]
    Domain {
        /// The line of the rule.
        line: usize,
        /// The domain as it was given.
        domain: String,
        /// What is wrong with it.
        problem: NameError,
    },
    /// A public network or a domain without `authorized_by`.
    #[error("{subject} needs authorized_by; add authorized_by = \"who, on what occasion\"")]
    NoAuthorizedBy {
        /// The line of the rule.
        line: usize,
        /// The network or domain.
        subject: String,
    },
    /// A public network or a domain without `expires`.
    #[error("{subject} needs an expiry; add expires = {latest} or an earlier day")]
    NoExpiry {
        /// The line of the rule.
        line: usize,
        /// The network or domain.
        subject: String,
        /// The latest day possible.
        latest: Date,
    },
    /// A public network or a domain whose rule lasts longer than 90 days.
    #[error(
        "{subject} expires on {expires}, more than {MAX_DAYS} days from today; set expires = {latest} or an earlier day"
    )]
    ExpiryTooLate {
        /// The line of the rule.
        line: usize,
        /// The network or domain.
        subject: String,
        /// The day that the rule gives.
        expires: Date,
        /// The latest day possible.
        latest: Date,
    },
}

impl ScopeError {
    /// The line of the `[[scope]]` table at fault.
    pub fn line(&self) -> usize {
        match self {
            Self::Ipv4TooLarge { line, .. }
            | Self::Ipv6TooLarge { line, .. }
            | Self::DomainTooLarge { line, .. }
            | Self::Domain { line, .. }
            | Self::NoAuthorizedBy { line, .. }
            | Self::NoExpiry { line, .. }
            | Self::ExpiryTooLate { line, .. } => *line,
        }
    }
}

/// Whether the mail domain authorises the host name: at or below it, and no top-level domain.
pub(super) fn covers(domain: &str, name: &str) -> bool {
    name == domain || (domain.contains('.') && is_at_or_below(name, domain))
}

/// The latest expiry that a rule for public targets may have.
fn latest_expiry(today: Date) -> Date {
    today.saturating_add(MAX_DAYS.days())
}

/// Brings networks and domains into the form in which they are compared, and holds the rules to
/// their limits. Networks that overlap count once; exclusions do not count.
pub(super) fn checked(mut rules: Vec<Rule>, today: Date) -> Result<Vec<Rule>, ScopeError> {
    let mut public_ipv4: Vec<Ipv4Net> = Vec::new();
    let mut at_most = 0; // addresses in `public_ipv4`, or more where networks overlap
    for rule in &mut rules {
        let line = rule.line;
        for network in rule.networks.iter_mut().chain(&mut rule.exclude) {
            *network = network_judged_as(*network);
        }
        for domain in &mut rule.domains {
            let name = normalise(domain).map_err(|problem| ScopeError::Domain {
                line,
                domain: domain.clone(),
                problem,
            })?;
            if !name.contains('.') {
                return Err(ScopeError::DomainTooLarge { line, domain: domain.clone() });
            }
            *domain = name;
        }
        for network in rule.networks.iter().filter(|n| is_public_network(n)) {
            match *network {
                IpNet::V4(inner) => {
                    public_ipv4.push(inner);
                    at_most += size(inner);
                    if at_most > IPV4_ADDRESSES {
                        public_ipv4 = Ipv4Net::aggregate(&public_ipv4);
                        at_most = public_ipv4.iter().copied().map(size).sum();
                    }
                    if at_most > IPV4_ADDRESSES {
                        let (network, addresses) = (*network, at_most);
                        return Err(ScopeError::Ipv4TooLarge { line, network, addresses });
                    }
                }
                IpNet::V6(inner) if inner.prefix_len() < IPV6_PREFIX => {
                    return Err(ScopeError::Ipv6TooLarge { line, network: *network });
                }
                IpNet::V6(_) => {}
            }
        }
        check_authority(rule, today)?;
    }
    Ok(rules)
}

fn size(network: Ipv4Net) -> u64 {
    1 << (32 - network.prefix_len())
}

fn check_authority(rule: &Rule, today: Date) -> Result<(), ScopeError> {
    let Some(subject) = rule.first_public() else { return Ok(()) };
    let (line, latest) = (rule.line, latest_expiry(today));
    if rule.authorized_by.as_deref().is_none_or(|who| who.trim().is_empty()) {
        return Err(ScopeError::NoAuthorizedBy { line, subject });
    }
    match rule.expires {
        None => Err(ScopeError::NoExpiry { line, subject, latest }),
        Some(expires) if expires > latest => {
            Err(ScopeError::ExpiryTooLate { line, subject, expires, latest })
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 22);

    fn rule(networks: &[&str], domains: &[&str]) -> Rule {
        Rule {
            networks: networks.iter().map(|n| n.parse().unwrap()).collect(),
            domains: domains.iter().map(|d| (*d).to_owned()).collect(),
            line: 7,
            ..Rule::default()
        }
    }

    fn signed(networks: &[&str], domains: &[&str]) -> Rule {
        let authorized_by = Some("Jane Doe".to_owned());
        Rule { authorized_by, expires: Some(date(2027, 1, 31)), ..rule(networks, domains) }
    }

    fn expiring(expires: Date) -> Rule {
        Rule { expires: Some(expires), ..signed(&["192.0.2.0/24"], &[]) }
    }

    #[test]
    fn rules_within_the_limits_are_a_scope() {
        let cases = [
            ("no rule", vec![]),
            ("empty rule", vec![rule(&[], &[])]),
            ("a /12", vec![signed(&["11.0.0.0/12"], &[])]),
            (
                "the same /12 twice",
                vec![signed(&["11.0.0.0/12"], &[]), signed(&["11.0.0.0/12"], &[])],
            ),
            ("a part of the same /12", vec![signed(&["11.0.0.0/12", "11.1.0.0/16"], &[])]),
            (
                "two halves of a /12",
                vec![signed(&["11.0.0.0/13"], &[]), signed(&["11.8.0.0/13"], &[])],
            ),
            ("a private /8 beside a /12", vec![signed(&["10.0.0.0/8", "11.0.0.0/12"], &[])]),
            ("ipv6 /48", vec![signed(&["2001:db8::/48"], &[])]),
            ("a domain", vec![signed(&[], &["example.org"])]),
            (
                "private and loopback unsigned",
                vec![rule(
                    &[
                        "10.0.0.0/8",
                        "100.64.0.0/10",
                        "169.254.0.0/16",
                        "127.0.0.0/8",
                        "fc00::/7",
                        "fe80::/10",
                        "::1/128",
                    ],
                    &[],
                )],
            ),
            (
                "private for years",
                vec![Rule { expires: Some(date(2036, 1, 1)), ..rule(&["10.0.0.0/8"], &[]) }],
            ),
            ("expires today", vec![expiring(TODAY)]),
            ("expires in 90 days", vec![expiring(date(2027, 2, 20))]),
            ("has expired", vec![expiring(date(2026, 11, 21))]),
        ];
        for (case, rules) in cases {
            assert_eq!(checked(rules, TODAY).map(|_| ()), Ok(()), "{case}");
        }
    }

    #[test]
    fn rules_beyond_the_limits_are_not() {
        let unsigned = |networks: &[&str], domains: &[&str]| Rule {
            authorized_by: None,
            ..signed(networks, domains)
        };
        let blank = Rule { authorized_by: Some(" ".to_owned()), ..signed(&["192.0.2.0/24"], &[]) };
        let endless = |networks: &[&str], domains: &[&str]| Rule {
            expires: None,
            ..signed(networks, domains)
        };
        let cases = [
            ("a /11", vec![signed(&["11.0.0.0/11"], &[])], "hold 2097152 addresses"),
            (
                "one address over a /12",
                vec![signed(&["11.0.0.0/12", "192.0.2.1/32"], &[])],
                "up to 192.0.2.1/32 hold 1048577 addresses",
            ),
            (
                "over a /12 in two rules",
                vec![signed(&["11.0.0.0/12"], &[]), signed(&["192.0.2.0/24"], &[])],
                "hold 1048832 addresses",
            ),
            ("half private", vec![signed(&["10.0.0.0/7"], &[])], "hold 33554432 addresses"),
            ("everything", vec![signed(&["0.0.0.0/0"], &[])], "hold 4294967296 addresses"),
            (
                "everything, mapped",
                vec![signed(&["::ffff:0.0.0.0/96"], &[])],
                "hold 4294967296 addresses",
            ),
            (
                "everything, translated",
                vec![signed(&["64:ff9b::/96"], &[])],
                "hold 4294967296 addresses",
            ),
            ("ipv6 /47", vec![signed(&["2001:db8::/47"], &[])], "2001:db8::/47 is too large"),
            ("top-level domain", vec![signed(&[], &["org"])], "domain org is too large"),
            ("bad domain", vec![signed(&[], &["exa mple.org"])], "domain is not valid"),
            (
                "unsigned documentation range",
                vec![unsigned(&["192.0.2.0/24"], &[])],
                "192.0.2.0/24 needs authorized_by",
            ),
            (
                "unsigned ipv6",
                vec![unsigned(&["2001:db8::/64"], &[])],
                "2001:db8::/64 needs authorized_by",
            ),
            (
                "unsigned domain",
                vec![unsigned(&[], &["example.org"])],
                "example.org needs authorized_by",
            ),
            (
                "unsigned domain beside private",
                vec![unsigned(&["10.0.0.0/8"], &["example.org"])],
                "example.org needs authorized_by",
            ),
            ("blank signature", vec![blank], "192.0.2.0/24 needs authorized_by"),
            (
                "network without expiry",
                vec![endless(&["192.0.2.0/24"], &[])],
                "192.0.2.0/24 needs an expiry; add expires = 2027-02-20",
            ),
            (
                "domain without expiry",
                vec![endless(&[], &["example.org"])],
                "example.org needs an expiry",
            ),
            (
                "expires in 91 days",
                vec![expiring(date(2027, 2, 21))],
                "more than 90 days from today; set expires = 2027-02-20",
            ),
        ];
        for (case, rules, message) in cases {
            let error = checked(rules, TODAY).unwrap_err();
            assert!(error.to_string().contains(message), "{case}: {error}");
            assert_eq!(error.line(), 7, "{case}");
        }
    }

    #[test]
    fn the_error_names_the_rule_that_exceeds_the_limit() {
        let first = Rule { line: 3, ..signed(&["11.0.0.0/12"], &[]) };
        let second = Rule { line: 9, ..signed(&["192.0.2.0/24"], &[]) };
        assert_eq!(checked(vec![first, second], TODAY).unwrap_err().line(), 9);
    }
}
