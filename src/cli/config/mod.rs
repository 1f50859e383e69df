//! `mxaudit.toml`: who audits, what is local to the targets, and what is in scope.
mod error;
mod policy;
mod raw;
mod suppress;
mod template;

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;
use toml::Spanned;

pub(super) use error::position;
pub(crate) use error::{ConfigError, ConfigProblem};
pub(crate) use template::template;

use crate::evidence::matrix::{CellKey, Client, Expected, Recipient, Sender};
use crate::report::policy::Expectations;
use crate::report::terms::Suppression;
use crate::target::name::{is_at_or_below, normalise};
use crate::target::scope::{Rule, Scope, ScopeError};

/// What a configuration file says.
#[derive(Debug)]
pub(crate) struct Config {
    /// `[auditor]`.
    pub(crate) auditor: Auditor,
    /// `[local]`.
    pub(crate) local: Local,
    /// `[matrix]`: what is expected of cells of the relay matrix, where it is not the rule.
    pub(crate) matrix: Vec<(CellKey, Expected)>,
    /// The rules of all `[[scope]]` tables, in their order in the file.
    pub(crate) rules: Vec<Rule>,
    /// The scope that the rules make; without rules it permits loopback only.
    pub(crate) scope: Scope,
    /// `[[suppress]]`: findings that may stay for a while.
    pub(crate) suppressions: Vec<Suppression>,
    /// `[policy]`: what is expected of the servers.
    pub(crate) policy: Option<Expectations>,
}

/// What a configuration says of how stored reports are judged.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// `[[suppress]]`.
    pub(crate) suppressions: Vec<Suppression>,
    /// `[policy]`.
    pub(crate) policy: Option<Expectations>,
}

/// `[auditor]`: the identity that the probes show, all of it the auditor's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Auditor {
    /// The auditor's domain, from which probes are sent.
    pub(crate) domain: Option<String>,
    /// The mailbox that a postmaster can write to.
    pub(crate) contact: Option<String>,
    /// The mailbox that stands for a stranger's.
    pub(crate) canary: Option<String>,
    /// The address where mail for the canary's domain is taken, for forms with an address literal.
    pub(crate) canary_address: Option<IpAddr>,
    /// The name given in HELO and EHLO.
    pub(crate) helo: Option<String>,
    /// The name that the auditor's address has in DNS.
    pub(crate) client_name: Option<String>,
}

impl Auditor {
    /// The domain of the canary, which is the auditor's own where no mailbox is given.
    fn canary_domain(&self) -> Option<&str> {
        let canary = self.canary.as_deref().and_then(|mailbox| mailbox.rsplit_once('@'));
        canary.map(|(_, domain)| domain).or(self.domain.as_deref())
    }
}

/// `[local]`: what the targets accept mail for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Local {
    /// The domains.
    pub(crate) domains: Vec<String>,
    /// A user that exists at them.
    pub(crate) user: Option<String>,
    /// Domains that the targets may trust because of their names.
    pub(crate) partners: Vec<String>,
    /// A domain of the auditor's whose MX record names the targets.
    pub(crate) mx_domain: Option<String>,
}

/// Longest local part of a mailbox, in octets (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL_PART: usize = 64;

impl Config {
    /// What it says of how reports are judged.
    pub(crate) fn to_judged(&self) -> Judged {
        Judged { suppressions: self.suppressions.clone(), policy: self.policy.clone() }
    }

    /// Reads a configuration. `file` is its name for messages, `today` the day that expiries are
    /// compared with.
    ///
    /// # Errors
    /// [`ConfigError`]: the first problem and its line. A table that has expired is a problem too.
    pub(crate) fn parse(text: &str, file: &str, today: Date) -> Result<Self, ConfigError> {
        Reader { text, file, today }.config()
    }

    /// Reads what a configuration says of stored reports, whose scope is of no interest any more.
    ///
    /// # Errors
    /// [`ConfigError`]: the first problem and its line.
    pub(crate) fn judged(text: &str, file: &str) -> Result<Judged, ConfigError> {
        let reader = Reader { text, file, today: Date::ZERO };
        let raw = reader.raw()?;
        Ok(Judged { suppressions: reader.suppressions(&raw)?, policy: reader.policy(&raw)? })
    }

    /// Reads the policy of a file that must have one.
    ///
    /// # Errors
    /// [`ConfigError`]: the first problem and its line.
    pub(crate) fn policy(text: &str, file: &str) -> Result<Expectations, ConfigError> {
        let policy = Self::judged(text, file)?.policy;
        policy.ok_or_else(|| ConfigError::at(file, text, &(0..0), ConfigProblem::NoPolicy))
    }
}

/// A file while it is read.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    today: Date,
}

impl Reader<'_> {
    fn config(&self) -> Result<Config, ConfigError> {
        let raw = self.raw()?;
        let local = self.local(&raw.local)?;
        let auditor = self.auditor(&raw.auditor, &local)?;
        self.check_names(&raw.local, &auditor, &local)?;
        let rules =
            raw.scope.iter().map(|table| self.rule(table)).collect::<Result<Vec<_>, _>>()?;
        let scope = Scope::from_rules(rules.clone(), self.file, self.today)
            .map_err(|e| self.scope_error(e, &raw.scope))?;
        for (rule, table) in rules.iter().zip(&raw.scope) {
            if let (Some(expires), Some(place)) = (rule.expires, &table.get_ref().expires)
                && rule.is_expired(self.today)
            {
                return Err(self.error(place, ConfigProblem::Expired(expires)));
            }
        }
        let matrix = self.matrix(&raw.matrix)?;
        let suppressions = self.suppressions(&raw)?;
        let policy = self.policy(&raw)?;
        Ok(Config { auditor, local, matrix, rules, scope, suppressions, policy })
    }

    fn raw(&self) -> Result<raw::File, ConfigError> {
        toml::from_str(self.text).map_err(|e| {
            let problem = ConfigProblem::Toml(error::one_line(e.message()));
            ConfigError::at(self.file, self.text, &e.span().unwrap_or(0..0), problem)
        })
    }

    fn auditor(&self, raw: &raw::Auditor, local: &Local) -> Result<Auditor, ConfigError> {
        let name = |key, value: &Option<_>| value.as_ref().map(|v| self.name(key, v)).transpose();
        let mailbox =
            |key, value: &Option<_>| value.as_ref().map(|v| self.mailbox(key, v)).transpose();
        let auditor = Auditor {
            domain: name("domain", &raw.domain)?,
            contact: mailbox("contact", &raw.contact)?,
            canary: mailbox("canary", &raw.canary)?,
            canary_address: raw.canary_address.as_ref().map(|v| self.address(v)).transpose()?,
            helo: name("helo", &raw.helo)?,
            client_name: name("client_name", &raw.client_name)?,
        };
        let (key, place) = match &raw.canary {
            Some(_) => ("canary", &raw.canary),
            None => ("domain", &raw.domain),
        };
        if let (Some(place), Some(domain)) = (place, auditor.canary_domain())
            && let Some(local) = local.domains.iter().find(|l| is_at_or_below(domain, l))
        {
            let (domain, local) = (domain.to_owned(), local.clone());
            return Err(self.error(place, ConfigProblem::CanaryIsLocal { key, domain, local }));
        }
        Ok(auditor)
    }

    fn local(&self, raw: &raw::Local) -> Result<Local, ConfigError> {
        let domains =
            raw.domains.iter().map(|d| self.name("domains", d)).collect::<Result<_, _>>()?;
        let name = |key, value| self.name(key, value);
        let partners =
            raw.partners.iter().map(|d| name("partners", d)).collect::<Result<_, _>>()?;
        let mx_domain = raw.mx_domain.as_ref().map(|d| name("mx_domain", d)).transpose()?;
        let user = match &raw.user {
            Some(user) if !is_local_part(user.get_ref()) => {
                return Err(self.error(user, ConfigProblem::User(shown(user.get_ref()))));
            }
            Some(user) => Some(user.get_ref().clone()),
            None => None,
        };
        Ok(Local { domains, user, partners, mx_domain })
    }

    fn matrix(&self, raw: &raw::Matrix) -> Result<Vec<(CellKey, Expected)>, ConfigError> {
        let mut expected = Vec::new();
        let clients = Client::ALL.into_iter().zip([&raw.foreign, &raw.trusted, &raw.authenticated]);
        for (client, senders) in clients {
            let senders = [&senders.foreign, &senders.local, &senders.null];
            for (sender, recipients) in Sender::ALL.into_iter().zip(senders) {
                let recipients = [&recipients.foreign, &recipients.local];
                for (recipient, value) in Recipient::ALL.into_iter().zip(recipients) {
                    let Some(value) = value else { continue };
                    let wish = match value.get_ref().as_str() {
                        "yes" => Expected::Yes,
                        "no" => Expected::No,
                        "any" => Expected::Any,
                        other => {
                            return Err(self.error(value, ConfigProblem::Expectation(shown(other))));
                        }
                    };
                    expected.push((CellKey { client, sender, recipient }, wish));
                }
            }
        }
        Ok(expected)
    }

    /// The canary must be no partner's, and the domain whose MX record names the targets must be
    /// neither theirs nor the canary's.
    fn check_names(
        &self,
        raw: &raw::Local,
        auditor: &Auditor,
        local: &Local,
    ) -> Result<(), ConfigError> {
        let canary = auditor.canary_domain();
        for (place, partner) in raw.partners.iter().zip(&local.partners) {
            if let Some(canary) = canary.filter(|canary| is_at_or_below(canary, partner)) {
                let (partner, canary) = (partner.clone(), canary.to_owned());
                return Err(
                    self.error(place, ConfigProblem::PartnerHoldsCanary { partner, canary })
                );
            }
        }
        let (Some(place), Some(domain)) = (&raw.mx_domain, &local.mx_domain) else {
            return Ok(());
        };
        let locals = local.domains.iter().map(|own| ("local domain", own));
        let mut own = locals.chain(local.partners.iter().map(|own| ("partner", own)));
        let domain = domain.clone();
        if let Some((kind, own)) = own.find(|(_, own)| is_at_or_below(&domain, own)) {
            let own = own.clone();
            return Err(self.error(place, ConfigProblem::MxDomainIsLocal { domain, kind, own }));
        }
        if canary == Some(domain.as_str()) {
            return Err(self.error(place, ConfigProblem::MxDomainIsCanary(domain)));
        }
        Ok(())
    }

    fn rule(&self, table: &Spanned<raw::Scope>) -> Result<Rule, ConfigError> {
        let raw = table.get_ref();
        let networks = |key, values: &[_]| {
            values.iter().map(|v| self.network(key, v)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Rule {
            networks: networks("networks", &raw.networks)?,
            domains: raw.domains.iter().map(|d| d.get_ref().clone()).collect(),
            exclude: networks("exclude", &raw.exclude)?,
            authorized_by: raw.authorized_by.as_ref().map(|who| who.get_ref().clone()),
            expires: raw.expires.as_ref().map(|day| self.day(day)).transpose()?,
            line: self.line(table),
        })
    }

    fn name(&self, key: &'static str, value: &Spanned<String>) -> Result<String, ConfigError> {
        normalise(value.get_ref())
            .map_err(|problem| self.error(value, ConfigProblem::Name { key, problem }))
    }

    fn mailbox(&self, key: &'static str, value: &Spanned<String>) -> Result<String, ConfigError> {
        let text = value.get_ref();
        let no_mailbox = || self.error(value, ConfigProblem::Mailbox { key, value: shown(text) });
        let (user, domain) = text.rsplit_once('@').ok_or_else(no_mailbox)?;
        if !is_local_part(user) {
            return Err(no_mailbox());
        }
        let domain = normalise(domain)
            .map_err(|problem| self.error(value, ConfigProblem::Name { key, problem }))?;
        Ok(format!("{user}@{domain}"))
    }

    fn address(&self, value: &Spanned<String>) -> Result<IpAddr, ConfigError> {
        value.get_ref().parse().map_err(|_| {
            let problem =
                ConfigProblem::Address { key: "canary_address", value: shown(value.get_ref()) };
            self.error(value, problem)
        })
    }

    fn network(&self, key: &'static str, value: &Spanned<String>) -> Result<IpNet, ConfigError> {
        let network = network(value.get_ref()).ok_or_else(|| {
            self.error(value, ConfigProblem::Network { key, value: shown(value.get_ref()) })
        })?;
        if network.trunc() != network {
            let (value_net, host) = (network, network.addr());
            let network = network.trunc();
            let problem = ConfigProblem::HostBits { key, value: value_net, network, host };
            return Err(self.error(value, problem));
        }
        Ok(network)
    }

    fn day(&self, value: &Spanned<raw::Day>) -> Result<Date, ConfigError> {
        let text = value.get_ref().text();
        // Only YYYY-MM-DD: a time of day would be dropped without a word.
        let day = if text.len() == 10 { text.parse().ok() } else { None };
        day.ok_or_else(|| self.error(value, ConfigProblem::Day(shown(&text))))
    }

    /// Places a problem of the rules at the value at fault, or else at its table.
    fn scope_error(&self, error: ScopeError, tables: &[Spanned<raw::Scope>]) -> ConfigError {
        let Some(table) = tables.iter().find(|table| self.line(table) == error.line()) else {
            return ConfigError::at(self.file, self.text, &(0..0), error.into());
        };
        let raw = table.get_ref();
        let span = match &error {
            ScopeError::Ipv4TooLarge { network: at_fault, .. }
            | ScopeError::Ipv6TooLarge { network: at_fault, .. } => raw
                .networks
                .iter()
                .find(|n| network(n.get_ref()) == Some(*at_fault))
                .map(Spanned::span),
            ScopeError::Domain { domain, .. } | ScopeError::DomainTooLarge { domain, .. } => {
                raw.domains.iter().find(|d| d.get_ref() == domain).map(Spanned::span)
            }
            ScopeError::NoAuthorizedBy { .. } => raw.authorized_by.as_ref().map(Spanned::span),
            ScopeError::ExpiryTooLate { .. } => raw.expires.as_ref().map(Spanned::span),
            ScopeError::NoExpiry { .. } => None,
        };
        ConfigError::at(self.file, self.text, &span.unwrap_or_else(|| table.span()), error.into())
    }

    fn line<T>(&self, value: &Spanned<T>) -> usize {
        position(self.text, value.span().start).0
    }

    fn error<T>(&self, value: &Spanned<T>, problem: ConfigProblem) -> ConfigError {
        ConfigError::at(self.file, self.text, &value.span(), problem)
    }
}

/// A network in CIDR notation; an address alone is a network of one.
fn network(text: &str) -> Option<IpNet> {
    let alone = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(alone)
}

/// A dot-string of RFC 5321 section 4.1.2: no quoting, so that nothing in it can be mistaken.
fn is_local_part(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.len() <= MAX_LOCAL_PART
        && text.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

/// The value as a message shows it: control characters escaped.
fn shown(text: &str) -> String {
    text.escape_debug().to_string()
}

#[cfg(test)]
mod tests;
