//! The set of admitted addresses, shared with the dialer.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// The addresses that a [`Scope`](super::Scope) admitted.
///
/// Clones share one set, so a dialer that holds one also sees what the scope admits later. Only the
/// scope adds to it.
#[derive(Clone, Debug, Default)]
pub struct Admitted {
    addresses: Arc<RwLock<HashSet<IpAddr>>>,
}

impl Admitted {
    /// Whether the address is loopback or was admitted; an IPv4-mapped address counts as IPv4.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        // A poisoned lock still guards a whole set: an insertion either happened or did not.
        address.is_loopback()
            || self.addresses.read().unwrap_or_else(PoisonError::into_inner).contains(&address)
    }

    pub(super) fn insert(&self, address: IpAddr) {
        self.addresses.write().unwrap_or_else(PoisonError::into_inner).insert(address);
    }
}
