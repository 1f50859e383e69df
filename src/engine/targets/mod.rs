//! From what the user typed to targets: names are resolved, and the scope judges every address.

use std::net::IpAddr;

use futures::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};

use crate::dns::{DnsError, Resolver};
use crate::target::scope::{Candidate, Refusal, Scope};
use crate::target::spec::TargetSpec;
use crate::target::{Target, Via};

/// Names asked at once.
const PARALLEL: usize = 16;

/// What became of the user's targets.
#[derive(Debug, Default)]
pub struct Expansion {
    /// Admitted, in the order of naming, each address and port once.
    pub targets: Vec<Target>,
    /// Hosts of a named mail domain that are not the user's to audit.
    pub not_probed: Vec<NotProbed>,
    /// What cannot be audited at all.
    pub errors: Vec<ExpansionError>,
}

/// A mail host that is listed and left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotProbed {
    /// The mail domain that names it.
    pub domain: String,
    /// Its host name.
    pub host: String,
    /// Its address, if it has one.
    pub address: Option<IpAddr>,
    /// Why it is left alone.
    pub why: String,
}

/// Why a target cannot be audited.
#[derive(Debug, thiserror::Error)]
pub enum ExpansionError {
    /// The DNS did not give what is needed.
    #[error("{name}: {source}; check the spelling, or name another resolver with --resolver")]
    Dns {
        /// The name as typed.
        name: String,
        /// What the DNS said.
        source: DnsError,
    },
    /// RFC 7505: the domain says that it takes no mail.
    #[error("{name} takes no mail: its only MX record is the null MX of RFC 7505")]
    NullMx {
        /// The domain.
        name: String,
    },
    /// The scope does not permit it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl ExpansionError {
    /// True when only consent is missing, which the user can give on a terminal.
    pub fn wants_consent(&self) -> bool {
        matches!(self, Self::Refused(Refusal::NoConsent { .. }))
    }
}

/// A host to look at: a name or none, its addresses, and how it was found.
struct Host {
    name: Option<String>,
    addresses: Vec<IpAddr>,
    via: Via,
    named_by_user: bool,
}

/// Resolves the specifications and asks the scope for each address and port.
pub async fn expand(
    specs: &[TargetSpec],
    ports: &[u16],
    resolver: &dyn Resolver,
    scope: &mut Scope,
) -> Expansion {
    let mut expansion = Expansion::default();
    let found: Vec<_> = stream::iter(specs)
        .map(|spec| resolve(spec, specs, resolver))
        .buffered(PARALLEL)
        .collect()
        .await;
    for resolved in found {
        match resolved {
            Ok((hosts, not_probed)) => {
                expansion.not_probed.extend(not_probed);
                for host in hosts {
                    expansion.admit(host, ports, scope);
                }
            }
            Err(error) => expansion.errors.push(error),
        }
    }
    expansion
}

impl Expansion {
    fn admit(&mut self, host: Host, ports: &[u16], scope: &mut Scope) {
        for &address in &host.addresses {
            for &port in ports {
                let domain = match &host.via {
                    Via::Mx { domain, .. } => Some(domain.clone()),
                    Via::Address | Via::Host => None,
                };
                let admitted = scope.admit(Candidate {
                    name: host.name.clone(),
                    address,
                    port,
                    mail_domain: domain.clone(),
                    via: host.via.clone(),
                    named_by_user: host.named_by_user,
                });
                match (admitted, domain) {
                    (Ok(target), _) => self.add(target),
                    // A mail provider's host is no mistake of the user's: it is listed.
                    (Err(refusal), Some(domain)) if !host.named_by_user => {
                        let why = refusal.to_string();
                        let name = host.name.clone().unwrap_or_default();
                        let skipped = NotProbed { domain, host: name, address: Some(address), why };
                        if !self.not_probed.contains(&skipped) {
                            self.not_probed.push(skipped);
                        }
                    }
                    (Err(refusal), _) => self.errors.push(refusal.into()),
                }
            }
        }
    }

    fn add(&mut self, target: Target) {
        let same =
            |other: &Target| other.address() == target.address() && other.port() == target.port();
        match self.targets.iter_mut().find(|other| same(other)) {
            // The one that knows the mail domain knows more.
            Some(known) if known.mail_domain().is_none() && target.mail_domain().is_some() => {
                *known = target;
            }
            Some(_) => {}
            None => self.targets.push(target),
        }
    }
}

/// The first target that takes the mail of `domain` by right, as far as the DNS says: what it
/// accepts for that domain proves nothing.
pub async fn taker_of(domain: &str, targets: &[Target], resolver: &dyn Resolver) -> Option<String> {
    for (host, addresses) in takers(domain, resolver).await {
        let takes = |target: &&Target| {
            target.name() == Some(host.as_str()) || addresses.contains(&target.address())
        };
        if let Some(target) = targets.iter().find(takes) {
            return Some(target.to_string());
        }
    }
    None
}

/// The hosts that take the mail of `domain`, with their addresses, as far as the DNS says.
pub async fn takers(domain: &str, resolver: &dyn Resolver) -> Vec<(String, Vec<IpAddr>)> {
    let exchangers = match resolver.mx(domain).await {
        Ok(exchangers) => exchangers.into_iter().map(|mx| mx.exchange).collect(),
        // RFC 5321 section 5.1: without MX records the domain's own host takes its mail.
        Err(DnsError::NoData { .. }) => vec![domain.to_owned()],
        Err(_) => return Vec::new(),
    };
    let mut takers = Vec::with_capacity(exchangers.len());
    for host in exchangers {
        let addresses = resolver.addresses(&host).await.unwrap_or_default();
        takers.push((host, addresses));
    }
    takers
}

type Resolved = (Vec<Host>, Vec<NotProbed>);

async fn resolve(
    spec: &TargetSpec,
    all: &[TargetSpec],
    resolver: &dyn Resolver,
) -> Result<Resolved, ExpansionError> {
    match spec {
        TargetSpec::Address(address) => {
            let addresses = vec![*address];
            let host = Host { name: None, addresses, via: Via::Address, named_by_user: true };
            Ok((vec![host], Vec::new()))
        }
        TargetSpec::Host(name) => Ok((vec![host(name, resolver).await?], Vec::new())),
        TargetSpec::Domain(name) => mail_domain(name, all, resolver).await,
        // A bare name is a mail domain if it has MX records, else a host.
        TargetSpec::Name(name) => match resolver.mx(name).await {
            Err(DnsError::NoData { .. }) => Ok((vec![host(name, resolver).await?], Vec::new())),
            Err(source) => Err(ExpansionError::Dns { name: name.clone(), source }),
            Ok(_) => mail_domain(name, all, resolver).await,
        },
    }
}

async fn host(name: &str, resolver: &dyn Resolver) -> Result<Host, ExpansionError> {
    let found = resolver.addresses(name).await;
    let addresses =
        found.map_err(|source| ExpansionError::Dns { name: name.to_owned(), source })?;
    Ok(Host { name: Some(name.to_owned()), addresses, via: Via::Host, named_by_user: true })
}

async fn mail_domain(
    domain: &str,
    all: &[TargetSpec],
    resolver: &dyn Resolver,
) -> Result<Resolved, ExpansionError> {
    let fault = |source| ExpansionError::Dns { name: domain.to_owned(), source };
    let exchangers = match resolver.mx(domain).await {
        // RFC 5321 section 5.1: without MX records the domain's own host takes its mail.
        Err(DnsError::NoData { .. }) => {
            let mut only = host(domain, resolver).await?;
            only.via = Via::Mx { domain: domain.to_owned(), preference: 0 };
            return Ok((vec![only], Vec::new()));
        }
        found => found.map_err(fault)?,
    };
    if exchangers.iter().all(|mx| mx.is_null()) {
        return Err(ExpansionError::NullMx { name: domain.to_owned() });
    }
    let named = |host: &str| {
        all.iter().any(
            |spec| matches!(spec, TargetSpec::Host(name) | TargetSpec::Name(name) if name == host),
        )
    };
    let mut hosts = Vec::new();
    let mut not_probed = Vec::new();
    for mx in exchangers.into_iter().filter(|mx| !mx.is_null()) {
        let via = Via::Mx { domain: domain.to_owned(), preference: mx.preference };
        match resolver.addresses(&mx.exchange).await {
            Ok(addresses) => hosts.push(Host {
                named_by_user: named(&mx.exchange),
                name: Some(mx.exchange),
                addresses,
                via,
            }),
            // One broken MX must not hide the others.
            Err(error) => not_probed.push(NotProbed {
                domain: domain.to_owned(),
                host: mx.exchange,
                address: None,
                why: error.to_string(),
            }),
        }
    }
    Ok((hosts, not_probed))
}

#[cfg(test)]
mod tests;
