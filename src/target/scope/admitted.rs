//! The set of admitted addresses, shared with the dialer.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::target::set::AddressSet;

/// The addresses that a [`Scope`](super::Scope) admitted.
///
/// Clones share one set, so a dialer that holds one also sees what the scope admits later. Only the
/// scope adds to it.
#[derive(Clone, Debug, Default)]
pub struct Admitted {
    known: Arc<RwLock<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Admitted each for itself.
    alone: HashSet<IpAddr>,
    /// Admitted in sets.
    in_sets: AddressSet,
}

impl Admitted {
    /// Whether the address is loopback or was admitted; an IPv4-mapped address counts as IPv4.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback()
            || self.read(|known| known.alone.contains(&address) || known.in_sets.contains(address))
    }

    pub(super) fn insert(&self, address: IpAddr) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).alone.insert(address);
    }

    pub(super) fn insert_set(&self, set: &AddressSet) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.in_sets = known.in_sets.union(set);
    }

    /// The addresses of the set that were admitted.
    pub(super) fn of_set(&self, set: &AddressSet) -> AddressSet {
        self.read(|known| {
            let alone = known.alone.iter().copied().filter(|address| set.contains(*address));
            known.in_sets.intersection(set).union(&alone.collect())
        })
    }

    // A poisoned lock still guards a whole set: an insertion either happened or did not.
    fn read<T>(&self, ask: impl FnOnce(&Known) -> T) -> T {
        ask(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}
