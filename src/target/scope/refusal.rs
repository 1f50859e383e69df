//! Why a candidate may not be contacted.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Date;
use thiserror::Error;

use super::{CONSENT_LIMIT, Candidate};
use crate::target::name::NameError;
use crate::target::network::NotUnicast;

/// Why a candidate may not be contacted: one line that names the target and what would permit it.
///
/// `subject` is the address, after the host name where one is known: `mx.example.org (192.0.2.7)`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The address names no single host. Nothing permits it.
    #[error("{subject} is never contacted: it is {}; give the address of one host", kind_text(*.kind))]
    NotUnicast {
        /// The target.
        subject: String,
        /// What the address is instead.
        kind: NotUnicast,
    },
    /// A name beside the address is not a domain name, so nothing can be compared with it.
    #[error("{address} is not contacted: the name that led to it is not valid: {problem}")]
    NotAName {
        /// The address.
        address: IpAddr,
        /// What is wrong with the name.
        problem: NameError,
    },
    /// There is no scope file, and the user did not consent.
    #[error(
        "{subject} is out of scope: no scope file and no consent; pass --authorized if you administer it, or run `mxaudit init` and {}",
        add(.address)
    )]
    NoConsent {
        /// The target.
        subject: String,
        /// Its address.
        address: IpAddr,
    },
    /// The user consented, but named another host.
    #[error("{subject} was not named; to permit it name it on the command line")]
    NotNamed {
        /// The target.
        subject: String,
        /// Its address.
        address: IpAddr,
    },
    /// Consent without a scope file has covered as many public addresses as it can.
    #[error(
        "{subject} is one public address too many: --authorized covers {CONSENT_LIMIT} a run; to permit more run `mxaudit init` and {}",
        add(.address)
    )]
    TooMany {
        /// The target.
        subject: String,
        /// Its address.
        address: IpAddr,
    },
    /// No rule of the scope file covers it.
    #[error("{subject} is outside the scope of {file}; to permit it {}", add(.address))]
    OutsideScope {
        /// The target.
        subject: String,
        /// Its address.
        address: IpAddr,
        /// The scope file.
        file: String,
    },
    /// An MX host that is not at or below its mail domain: a provider's, as a rule.
    #[error(
        "{subject} is run by others, not probed: {domain} authorises only its own names; if you administer it too, {}",
        match .file { Some(_) => add(.address), None => "name it on the command line".to_owned() }
    )]
    RunByOthers {
        /// The target.
        subject: String,
        /// Its address.
        address: IpAddr,
        /// The mail domain whose MX record names the host.
        domain: String,
        /// The scope file, if there is one.
        file: Option<String>,
    },
    /// A rule excludes the address.
    #[error(
        "{subject} is excluded: line {line} of {file} begins a [[scope]] table with {network} in its exclude; to permit it remove that entry"
    )]
    Excluded {
        /// The target.
        subject: String,
        /// The entry.
        network: IpNet,
        /// The scope file.
        file: String,
        /// The line of the rule's table.
        line: usize,
    },
    /// Only rules that have expired cover it.
    #[error(
        "{subject} is no longer in scope: the [[scope]] table at line {line} of {file} expired after {expires}; to permit it have it authorised again and set a new expires"
    )]
    Expired {
        /// The target.
        subject: String,
        /// The scope file.
        file: String,
        /// The line of the rule's table.
        line: usize,
        /// The last day of the rule.
        expires: Date,
    },
}

/// How a message names the candidate.
pub(super) fn subject(candidate: &Candidate) -> String {
    match &candidate.name {
        Some(name) => format!("{name} ({})", candidate.address),
        None => candidate.address.to_string(),
    }
}

/// The line of a scope file that permits the address.
fn add(address: &IpAddr) -> String {
    format!("add networks = [\"{}\"] to a [[scope]] table", IpNet::from(*address))
}

fn kind_text(kind: NotUnicast) -> &'static str {
    match kind {
        NotUnicast::Multicast => "a multicast address",
        NotUnicast::Unspecified => "an unspecified address",
        NotUnicast::Broadcast => "the broadcast address",
    }
}
