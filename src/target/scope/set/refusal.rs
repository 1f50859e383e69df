//! Why addresses of a set may not be contacted.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Subnets};
use jiff::civil::Date;
use thiserror::Error;

use crate::target::network::NotUnicast;
use crate::target::set::{AddressRange, AddressSet};

/// Ranges that a message names.
const NAMED: usize = 3;
/// The most networks of a line that permits the addresses.
const NETWORKS: usize = 4;

/// Why addresses of a set may not be contacted: one line that names the first of them and what would
/// permit them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetRefusal {
    /// The addresses name no single host. Nothing permits them.
    #[error("{} never contacted: {}; leave {} out with --exclude", subject(.part), kind_text(.part, *.kind), them(.part))]
    NotUnicast {
        /// The addresses.
        part: AddressSet,
        /// What they are instead.
        kind: NotUnicast,
    },
    /// There is no scope file.
    #[error("{} out of scope: a sweep needs a scope file; run `mxaudit init` and {}", subject(.part), add(.part))]
    NoScope {
        /// The addresses.
        part: AddressSet,
    },
    /// No rule of the scope file covers them.
    #[error(
        "{} outside the scope of {file}; to permit {them} {}, or leave {them} out with --exclude",
        subject(.part), add(.part), them = them(.part)
    )]
    OutsideScope {
        /// The addresses.
        part: AddressSet,
        /// The scope file.
        file: String,
    },
    /// Only a rule that has expired covers them.
    #[error(
        "{} no longer in scope: the [[scope]] table at line {line} of {file} expired after {expires}; to permit {} have it authorised again and set a new expires",
        subject(.part), them(.part)
    )]
    Expired {
        /// The addresses.
        part: AddressSet,
        /// The scope file.
        file: String,
        /// The line of the rule's table.
        line: usize,
        /// The last day of the rule.
        expires: Date,
    },
}

impl SetRefusal {
    pub(super) fn no_scope(part: &AddressSet) -> Option<Self> {
        (!part.is_empty()).then(|| Self::NoScope { part: part.clone() })
    }

    /// The addresses that may not be contacted for this reason.
    pub fn part(&self) -> &AddressSet {
        match self {
            Self::NotUnicast { part, .. }
            | Self::NoScope { part }
            | Self::OutsideScope { part, .. }
            | Self::Expired { part, .. } => part,
        }
    }
}

/// The first ranges and the count, with the verb: `192.0.2.0-192.0.2.9 (10 addresses) are`.
fn subject(part: &AddressSet) -> String {
    let named: Vec<_> = part.ranges().take(NAMED).map(|range| range.to_string()).collect();
    let more = part.ranges().skip(NAMED).count();
    let ranges = named.join(", ");
    match (part.len(), more) {
        (1, _) => format!("{ranges} is"),
        (addresses, 0) => format!("{ranges} ({addresses} addresses) are"),
        (addresses, 1) => format!("{ranges} and one more range ({addresses} addresses) are"),
        (addresses, _) => format!("{ranges} and {more} more ranges ({addresses} addresses) are"),
    }
}

fn them(part: &AddressSet) -> &'static str {
    if part.len() == 1 { "it" } else { "them" }
}

/// The line of a scope file that permits the addresses, or a beginning of it.
fn add(part: &AddressSet) -> String {
    let networks: Vec<_> = part.ranges().flat_map(networks).take(NETWORKS + 1).collect();
    let (shown, rest) = match networks.get(..NETWORKS + 1) {
        Some(_) => (networks.get(..1).unwrap_or_default(), " and so on"),
        None => (networks.as_slice(), ""),
    };
    let quoted: Vec<_> = shown.iter().map(|network| format!("\"{network}\"")).collect();
    format!("add networks = [{}]{rest} to a [[scope]] table", quoted.join(", "))
}

/// The fewest networks that are together the range.
fn networks(range: AddressRange) -> Vec<IpNet> {
    match (range.first(), range.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect()
        }
        (address, _) => vec![address.into()],
    }
}

fn kind_text(part: &AddressSet, kind: NotUnicast) -> &'static str {
    match (part.len(), kind) {
        (1, NotUnicast::Multicast) => "it is a multicast address",
        (1, NotUnicast::Unspecified) => "it is an unspecified address",
        (1, NotUnicast::Broadcast) => "it is the broadcast address",
        (_, NotUnicast::Multicast) => "they are multicast addresses",
        (_, NotUnicast::Unspecified) => "they are unspecified addresses",
        (_, NotUnicast::Broadcast) => "they are the broadcast address",
    }
}
