//! The scope: which addresses may be contacted, on whose authority.
//!
//! Loopback is always in scope. Beyond it a scope has one source: nothing, the rules of a scope
//! file, or the user's consent for the hosts they named.
mod admitted;
mod authority;
mod refusal;
mod rule;
mod set;

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;

pub use admitted::Admitted;
pub use authority::{Authority, Consent, Source};
pub use refusal::Refusal;
pub use rule::{Rule, ScopeError};
pub use set::{Grant, SetAdmission, SetRefusal};

use super::name::{is_at_or_below, normalise};
use super::{Target, Via, network};

/// The most distinct public addresses that one run may contact on consent alone.
pub const CONSENT_LIMIT: usize = 16;

/// An address that somebody would like to contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The host name that led to the address, if one did. It must come from the user or from an MX
    /// record, never from a PTR record: whoever runs an address chooses its PTR record.
    pub name: Option<String>,
    /// The address.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
    /// The domain for which the server takes mail, if known.
    pub mail_domain: Option<String>,
    /// How the address was found. The domain of [`Via::Mx`] is one that the user named.
    pub via: Via,
    /// Whether the user named this host or this address itself, and not only its mail domain.
    pub named_by_user: bool,
}

/// What may be contacted, and what was admitted so far.
#[derive(Debug)]
pub struct Scope {
    grounds: Grounds,
    admitted: Admitted,
    authorities: HashMap<IpAddr, Authority>,
    public_on_consent: usize,
}

#[derive(Debug)]
enum Grounds {
    Nothing,
    Rules { rules: Vec<Rule>, file: String, today: Date },
    Consent(Consent),
}

impl Scope {
    fn new(grounds: Grounds) -> Self {
        Self {
            grounds,
            admitted: Admitted::default(),
            authorities: HashMap::new(),
            public_on_consent: 0,
        }
    }

    /// Permits loopback and nothing else.
    pub fn loopback_only() -> Self {
        Self::new(Grounds::Nothing)
    }

    /// Permits what the user named: at most [`CONSENT_LIMIT`] distinct public addresses, any number
    /// of private ones, and the MX hosts at or below a mail domain that the user named.
    pub fn authorized(consent: Consent) -> Self {
        Self::new(Grounds::Consent(consent))
    }

    /// Permits what the rules of a scope file permit on the day `today`. `file` is the file's name
    /// as messages and reports show it.
    ///
    /// # Errors
    /// [`ScopeError`] when the rules together are wider than a scope may be, or when a rule for
    /// public addresses or names lacks `authorized_by` or an expiry within 90 days. A rule that has
    /// expired is no error; it permits nothing.
    pub fn from_rules(
        rules: Vec<Rule>,
        file: impl Into<String>,
        today: Date,
    ) -> Result<Self, ScopeError> {
        let rules = rule::checked(rules, today)?;
        Ok(Self::new(Grounds::Rules { rules, file: file.into(), today }))
    }

    /// Judges a candidate and remembers its address when it is admitted.
    ///
    /// An IPv4-mapped IPv6 address becomes its IPv4 self. An address behind the well-known NAT64
    /// prefix keeps its form, but is judged as the IPv4 address in it. An exclusion outranks every
    /// rule of the file; only loopback stands above it.
    ///
    /// # Errors
    /// [`Refusal`] names the target and what would permit it.
    pub fn admit(&mut self, candidate: Candidate) -> Result<Target, Refusal> {
        let candidate = in_one_form(candidate)?;
        let address = candidate.address;
        if let Some(kind) = network::not_unicast(address) {
            return Err(Refusal::NotUnicast { subject: refusal::subject(&candidate), kind });
        }
        if !address.is_loopback() {
            let authority = match &self.grounds {
                Grounds::Nothing => {
                    Err(Refusal::NoConsent { subject: refusal::subject(&candidate), address })
                }
                Grounds::Rules { rules, file, today } => {
                    judge_by_rules(&candidate, rules, file, *today)
                }
                Grounds::Consent(consent) => {
                    judge_by_consent(&candidate).map(|()| Authority::consent(*consent))
                }
            }?;
            self.remember(&candidate, authority)?;
        }
        let Candidate { name, port, mail_domain, via, .. } = candidate;
        Ok(Target::new(name, address, port, mail_domain, via))
    }

    fn remember(&mut self, candidate: &Candidate, authority: Authority) -> Result<(), Refusal> {
        let address = candidate.address;
        if self.authorities.contains_key(&address) {
            return Ok(());
        }
        if matches!(self.grounds, Grounds::Consent(_)) && network::is_public(address) {
            if self.public_on_consent >= CONSENT_LIMIT {
                let subject = refusal::subject(candidate);
                return Err(Refusal::TooMany { subject, address });
            }
            self.public_on_consent += 1;
        }
        self.authorities.insert(address, authority);
        self.admitted.insert(address);
        Ok(())
    }

    /// Whether the address is loopback or was admitted before.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.admitted.permits(address)
    }

    /// The addresses admitted so far, for the dialer. A clone follows later admissions.
    pub fn admitted(&self) -> Admitted {
        self.admitted.clone()
    }

    /// On whose authority the address may be contacted; `None` for one that was not admitted.
    pub fn authority(&self, address: IpAddr) -> Option<Authority> {
        let address = address.to_canonical();
        match address.is_loopback() {
            true => Some(Authority::loopback()),
            false => {
                let alone = self.authorities.get(&address).cloned();
                alone.or_else(|| self.authority_in_set(address))
            }
        }
    }
}

/// Names normalised, an IPv4-mapped address unwrapped.
fn in_one_form(mut candidate: Candidate) -> Result<Candidate, Refusal> {
    candidate.address = candidate.address.to_canonical();
    let name = candidate.name.as_mut();
    let mail_domain = candidate.mail_domain.as_mut();
    let via = match &mut candidate.via {
        Via::Mx { domain, .. } => Some(domain),
        Via::Address | Via::Host => None,
    };
    for text in [name, mail_domain, via].into_iter().flatten() {
        *text = normalise(text)
            .map_err(|problem| Refusal::NotAName { address: candidate.address, problem })?;
    }
    Ok(candidate)
}

/// The host name, where the way it was found lets it speak for the address.
fn authorising_name(candidate: &Candidate) -> Option<&str> {
    match candidate.via {
        Via::Address => None,
        Via::Host | Via::Mx { .. } => candidate.name.as_deref(),
    }
}

/// The mail domain whose MX record led to a host that is not at or below it.
fn domain_of_other_host(candidate: &Candidate) -> Option<&str> {
    match &candidate.via {
        Via::Mx { domain, .. } if !candidate.named_by_user => {
            let own = authorising_name(candidate).is_some_and(|name| rule::covers(domain, name));
            (!own).then_some(domain)
        }
        _ => None,
    }
}

fn judge_by_rules(
    candidate: &Candidate,
    rules: &[Rule],
    file: &str,
    today: Date,
) -> Result<Authority, Refusal> {
    let judged = network::judged_as(candidate.address);
    let contains = |networks: &[IpNet]| networks.iter().copied().find(|n| n.contains(&judged));
    let subject = || refusal::subject(candidate);
    // A permit names the address that is judged; an exclusion counts in the form that was written, too.
    let written = |networks: &[IpNet]| {
        networks.iter().copied().find(|network| network.contains(&candidate.address))
    };
    for rule in rules {
        if let Some(network) = contains(&rule.exclude).or_else(|| written(&rule.exclude)) {
            let (file, line) = (file.to_owned(), rule.line);
            return Err(Refusal::Excluded { subject: subject(), network, file, line });
        }
    }
    let name = authorising_name(candidate);
    let by_name =
        |rule: &Rule| name.is_some_and(|n| rule.domains.iter().any(|d| is_at_or_below(n, d)));
    let mut expired = None;
    for rule in rules.iter().filter(|r| contains(&r.networks).is_some() || by_name(r)) {
        match rule.expires {
            Some(expires) if rule.is_expired(today) => {
                expired.get_or_insert((rule.line, expires));
            }
            _ => return Ok(Authority::rule(rule, file)),
        }
    }
    let (subject, file) = (subject(), file.to_owned());
    if let Some((line, expires)) = expired {
        return Err(Refusal::Expired { subject, file, line, expires });
    }
    let address = candidate.address;
    Err(match domain_of_other_host(candidate) {
        Some(domain) => {
            let domain = domain.to_owned();
            Refusal::RunByOthers { subject, address, domain, file: Some(file) }
        }
        None => Refusal::OutsideScope { subject, address, file },
    })
}

fn judge_by_consent(candidate: &Candidate) -> Result<(), Refusal> {
    let (subject, address) = (refusal::subject(candidate), candidate.address);
    if candidate.named_by_user {
        return Ok(());
    }
    match (&candidate.via, domain_of_other_host(candidate)) {
        (_, Some(domain)) => {
            let domain = domain.to_owned();
            Err(Refusal::RunByOthers { subject, address, domain, file: None })
        }
        (Via::Mx { .. }, None) => Ok(()),
        (Via::Address | Via::Host, None) => Err(Refusal::NotNamed { subject, address }),
    }
}

#[cfg(test)]
mod tests;
