//! How many connections there may be at once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The most connections at once.
const MOST: usize = 1000;
/// The most of one IPv4 address, or of one /64 of IPv6.
const MOST_OF_ONE: usize = 50;

/// The connections that there are.
#[derive(Debug, Default)]
pub(super) struct Admission(Mutex<Present>);

#[derive(Debug, Default)]
struct Present {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// One admitted connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    admission: Arc<Admission>,
    client: IpAddr,
}

impl Admission {
    /// A seat for one connection of a client; none when there are too many.
    pub(super) fn admit(self: &Arc<Self>, client: IpAddr) -> Option<Seat> {
        let client = network(client);
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = present.by_client.get(&client).copied().unwrap_or_default();
        if present.all >= MOST || of_one >= MOST_OF_ONE {
            return None;
        }
        present.all += 1;
        present.by_client.insert(client, of_one + 1);
        Some(Seat { admission: Arc::clone(self), client })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut present = self.admission.0.lock().unwrap_or_else(PoisonError::into_inner);
        present.all = present.all.saturating_sub(1);
        if let Some(count) = present.by_client.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                present.by_client.remove(&self.client);
            }
        }
    }
}

/// What one owner of IPv6 addresses has is a /64.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_gets_fifty_and_all_a_thousand() {
        let admission = Arc::new(Admission::default());
        let mut seats: Vec<_> = (0..20)
            .flat_map(|n| vec![IpAddr::from([192, 0, 2, n]); 50])
            .map(|client| admission.admit(client).unwrap())
            .collect();
        assert!(admission.admit([198, 51, 100, 1].into()).is_none());
        seats.pop();
        assert!(admission.admit([192, 0, 2, 0].into()).is_none());
        assert!(admission.admit([198, 51, 100, 1].into()).is_some());
        drop(seats);
        assert!(admission.0.lock().unwrap().by_client.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let admission = Arc::new(Admission::default());
        let client = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]);
        let seats: Vec<_> = (0..50).map(|n| admission.admit(client(n)).unwrap()).collect();
        assert!(admission.admit(client(99)).is_none());
        assert!(admission.admit([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1].into()).is_some());
        drop(seats);
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), IpAddr::from([192, 0, 2, 1]));
    }
}
