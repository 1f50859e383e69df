//! How many connections a stranger has open to a server, seen from the kernel.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::{STRANGER, STRANGER6};

/// How often one looks.
const INTERVAL: Duration = Duration::from_millis(10);

/// A connection: the stranger's end and the server's.
type Connection = (SocketAddr, SocketAddr);

/// The most connections at once that were seen to each server.
#[derive(Debug)]
pub(crate) struct Watch {
    most: Arc<Mutex<HashMap<SocketAddr, usize>>>,
}

impl Watch {
    /// Watches until the process ends.
    ///
    /// # Errors
    ///
    /// Fails where no thread can be started.
    pub(crate) fn begin() -> Result<Self> {
        let most = Arc::new(Mutex::new(HashMap::new()));
        let shared = Arc::clone(&most);
        thread::Builder::new().name("watch".to_owned()).spawn(move || {
            let mut before = HashSet::new();
            loop {
                let now = established();
                // The kernel's table is not read at one instant: a connection that has ended and the next one can both
                // be in it. What is in two tables running was open all the time between them.
                let mut counts = HashMap::new();
                for (_, server) in now.intersection(&before) {
                    *counts.entry(*server).or_insert(0) += 1;
                }
                before = now;
                let mut most = shared.lock().unwrap_or_else(PoisonError::into_inner);
                for (server, count) in counts {
                    let known: &mut usize = most.entry(server).or_insert(0);
                    *known = count.max(*known);
                }
                drop(most);
                thread::sleep(INTERVAL);
            }
        })?;
        Ok(Self { most })
    }

    /// The most connections at once to `server` since this was last asked.
    pub(crate) fn most(&self, server: SocketAddr) -> usize {
        let mut most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        most.remove(&server).unwrap_or(0)
    }
}

/// The established connections of the stranger.
fn established() -> HashSet<Connection> {
    let mut connections = HashSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let mut fields = line.split_whitespace().skip(1);
            let (local, remote, state) = (fields.next(), fields.next(), fields.next());
            if state != Some("01") {
                continue;
            }
            let (Some(local), Some(remote)) = (local.and_then(read), remote.and_then(read)) else {
                continue;
            };
            if local.ip() == IpAddr::from(STRANGER) || local.ip() == IpAddr::from(STRANGER6) {
                connections.insert((local, remote));
            }
        }
    }
    connections
}

/// Reads `0100427F:0019`: each four bytes of the address in the machine's order, then the port.
fn read(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let address: IpAddr = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => Ipv4Addr::from(four).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
    };
    Some(SocketAddr::new(address, port))
}
