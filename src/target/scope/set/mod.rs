//! Whole sets of addresses: judged range by range, admitted at once.

mod refusal;

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;

pub use refusal::SetRefusal;

use super::{Authority, Grounds, Refusal, Rule, Scope};
use crate::target::cover::Cover;
use crate::target::network::{self, LOOPBACK, NotUnicast};
use crate::target::set::{AddressRange, AddressSet};
use crate::target::{Target, Via};

/// What became of a set that was admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAdmission {
    /// The addresses that may be contacted from now on.
    pub admitted: AddressSet,
    /// The addresses that a rule excludes. They are not contacted.
    pub excluded: AddressSet,
}

/// Addresses that one rule permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The addresses.
    pub part: AddressSet,
    /// On whose authority.
    pub authority: Authority,
    /// The networks of the rule that hold any of the addresses; none where a name or consent does.
    pub networks: Vec<IpNet>,
    /// The line of the rule's table in the scope file, where a network of it permits the addresses.
    pub line: Option<usize>,
}

impl Scope {
    /// Judges a set of addresses, and remembers those that are admitted as ranges.
    ///
    /// Each address is judged as [`Scope::admit`] judges one that the user named. A set is admitted
    /// as a whole or not at all; what a rule excludes is no fault, but left out and returned. On
    /// consent alone no set is admitted: beyond loopback it takes a scope file.
    ///
    /// # Errors
    /// At least one [`SetRefusal`], one for each reason why addresses may not be contacted. Nothing
    /// is admitted then.
    pub fn admit_set(&mut self, set: &AddressSet) -> Result<SetAdmission, Vec<SetRefusal>> {
        let (mut refusals, rest) = not_unicast(set);
        let (_, rest) = split_loopback(&rest);
        let excluded = match &self.grounds {
            Grounds::Rules { rules, file, today } => {
                let (excluded, rest) = exclusions(rules).split(&rest);
                refusals.extend(refused_by_rules(rest, rules, file, *today));
                excluded
            }
            Grounds::Nothing | Grounds::Consent(_) => {
                refusals.extend(SetRefusal::no_scope(&rest));
                AddressSet::default()
            }
        };
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let admitted = set.difference(&excluded);
        self.admitted.insert_set(&admitted);
        Ok(SetAdmission { admitted, excluded })
    }

    /// Which rule permits which of the addresses, in the order of the scope file, loopback first.
    /// Addresses that were not admitted are in no grant.
    pub fn grants(&self, set: &AddressSet) -> Vec<Grant> {
        let mut grants = Vec::new();
        let (loopback, mut rest) = split_loopback(set);
        push(&mut grants, loopback, Authority::loopback(), &LOOPBACK, None);
        rest = self.admitted.of_set(&rest);
        for (authority, part) in self.granted_by_name(&rest) {
            rest = rest.difference(&part);
            push(&mut grants, part, authority, &[], None);
        }
        if let Grounds::Rules { rules, file, today } = &self.grounds {
            for rule in rules.iter().filter(|rule| !rule.is_expired(*today)) {
                let (part, others) = networks(rule).split(&rest);
                rest = others;
                let authority = Authority::rule(rule, file);
                push(&mut grants, part, authority, &rule.networks, Some(rule.line));
            }
        }
        grants
    }

    /// A target for an address that was admitted before, in a set or alone, without a name.
    ///
    /// # Errors
    /// [`Refusal::NotNamed`] for any other address.
    pub fn target(&self, address: IpAddr, port: u16) -> Result<Target, Refusal> {
        let address = address.to_canonical();
        match self.permits(address) {
            true => Ok(Target::new(None, address, port, None, Via::Address)),
            false => Err(Refusal::NotNamed { subject: address.to_string(), address }),
        }
    }

    /// The authority for an address that was admitted in a set.
    pub(super) fn authority_in_set(&self, address: IpAddr) -> Option<Authority> {
        self.admitted.permits(address).then(|| self.authority_of_network(address)).flatten()
    }

    /// The authority of the first current rule with a network that holds the address.
    fn authority_of_network(&self, address: IpAddr) -> Option<Authority> {
        let Grounds::Rules { rules, file, today } = &self.grounds else { return None };
        let judged = network::judged_as(address);
        let permits = |rule: &&Rule| {
            !rule.is_expired(*today) && rule.networks.iter().any(|n| n.contains(&judged))
        };
        rules.iter().find(permits).map(|rule| Authority::rule(rule, file))
    }

    /// The addresses of the set that a name or the user's consent permits, by authority.
    fn granted_by_name(&self, set: &AddressSet) -> Vec<(Authority, AddressSet)> {
        let by_name = |address: IpAddr, authority| {
            set.contains(address) && self.authority_of_network(address).as_ref() != Some(authority)
        };
        let mut alone: Vec<_> =
            self.authorities.iter().filter(|(address, known)| by_name(**address, known)).collect();
        alone.sort_unstable_by_key(|(address, _)| **address);
        let mut parts: Vec<(Authority, Vec<IpAddr>)> = Vec::new();
        for (address, authority) in alone {
            match parts.iter_mut().find(|(known, _)| known == authority) {
                Some((_, addresses)) => addresses.push(*address),
                None => parts.push((authority.clone(), vec![*address])),
            }
        }
        parts.into_iter().map(|(authority, part)| (authority, part.into_iter().collect())).collect()
    }
}

fn push(
    grants: &mut Vec<Grant>,
    part: AddressSet,
    authority: Authority,
    networks: &[IpNet],
    line: Option<usize>,
) {
    if part.is_empty() {
        return;
    }
    let holds = |network: &&IpNet| !Cover::new([**network], []).split(&part).0.is_empty();
    let networks = networks.iter().filter(holds).copied().collect();
    grants.push(Grant { part, authority, networks, line });
}

/// The addresses of the machine itself, as they are written, and the others.
fn split_loopback(set: &AddressSet) -> (AddressSet, AddressSet) {
    let written = |address: &IpAddr| address.is_loopback();
    let ipv6 = set.ipv6().map(IpAddr::V6).filter(written);
    let ipv4 = Cover::new(LOOPBACK, []).split(&set.ipv4_only()).0;
    let loopback = ipv4.union(&ipv6.collect());
    let others = set.difference(&loopback);
    (loopback, others)
}

/// Refusals of the addresses that name no single host, and the other addresses.
fn not_unicast(set: &AddressSet) -> (Vec<SetRefusal>, AddressSet) {
    let kinds = [NotUnicast::Unspecified, NotUnicast::Multicast, NotUnicast::Broadcast];
    let mut rest = set.clone();
    let mut refusals = Vec::new();
    for kind in kinds {
        let ipv6 = rest.ipv6().map(IpAddr::V6).filter(|a| network::not_unicast(*a) == Some(kind));
        let ipv6: AddressSet = ipv6.collect();
        let networks = network::NOT_UNICAST.iter().filter(|(_, of)| *of == kind);
        let ipv4 = networks.map(|(network, _)| AddressRange::from(*network)).collect();
        let part = rest.intersection(&ipv4).union(&ipv6);
        rest = rest.difference(&part);
        if !part.is_empty() {
            refusals.push(SetRefusal::NotUnicast { part, kind });
        }
    }
    (refusals, rest)
}

fn networks(rule: &Rule) -> Cover {
    Cover::new(rule.networks.iter().copied(), [])
}

/// What the rules exclude, expired ones too.
fn exclusions(rules: &[Rule]) -> Cover {
    Cover::of_exclusions(rules.iter().flat_map(|rule| rule.exclude.iter().copied()), [])
}

/// Refusals of the addresses that no current rule permits.
fn refused_by_rules(
    mut rest: AddressSet,
    rules: &[Rule],
    file: &str,
    today: Date,
) -> Vec<SetRefusal> {
    let (expired, current): (Vec<_>, Vec<_>) = rules.iter().partition(|r| r.is_expired(today));
    for rule in current {
        rest = networks(rule).split(&rest).1;
    }
    let mut refusals = Vec::new();
    for rule in expired {
        let (part, others) = networks(rule).split(&rest);
        rest = others;
        if let Some(expires) = rule.expires.filter(|_| !part.is_empty()) {
            let (file, line) = (file.to_owned(), rule.line);
            refusals.push(SetRefusal::Expired { part, file, line, expires });
        }
    }
    if !rest.is_empty() {
        refusals.push(SetRefusal::OutsideScope { part: rest, file: file.to_owned() });
    }
    refusals
}

#[cfg(test)]
mod tests;
