//! TCP, and the gate where bytes leave: an address outside the admitted set is never dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{Connection, Dialer};
use crate::evidence::{DialFailure, DialFault};
use crate::target::Target;
use crate::target::scope::Admitted;

/// Dials over TCP.
#[derive(Debug)]
pub struct TcpDialer {
    admitted: Admitted,
    source: Option<IpAddr>,
    connect_timeout: Duration,
}

impl TcpDialer {
    /// A dialer for the admitted addresses, from `source` where it is given.
    pub fn new(admitted: Admitted, source: Option<IpAddr>, connect_timeout: Duration) -> Self {
        Self { admitted, source, connect_timeout }
    }

    async fn connect(
        &self,
        target: &Target,
        source: Option<IpAddr>,
    ) -> Result<Connection, DialFailure> {
        let address = target.address();
        if !self.admitted.permits(address) {
            let text = format!("{address} is not in the declared scope");
            return Err(DialFailure { kind: DialFault::OutOfScope, text });
        }
        let socket = socket(address, source)?;
        let peer = SocketAddr::new(address, target.port());
        let seconds = self.connect_timeout.as_secs_f32();
        let mut connecting = pin!(timeout(self.connect_timeout, socket.connect(peer)));
        // What fails before anything could come back from the network failed here.
        let (ended, failed) = match connecting.as_mut().now_or_never() {
            Some(ended) => (ended, Failed::AtOnce),
            None => (connecting.await, Failed::Later),
        };
        let stream = match ended {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(failure(&error, failed, &format!("cannot connect to {peer}")));
            }
            Err(_) => {
                let text = format!("cannot connect to {peer}: no answer within {seconds} s");
                return Err(DialFailure { kind: DialFault::Timeout, text });
            }
        };
        open(stream)
            .map_err(|error| failure(&error, Failed::Later, &format!("connection to {peer}")))
    }
}

fn socket(address: IpAddr, source: Option<IpAddr>) -> Result<TcpSocket, DialFailure> {
    let local = |error: io::Error, what: String| DialFailure {
        kind: DialFault::Local,
        text: format!("{what}: {error}"),
    };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| local(error, "cannot make a socket".into()))?;
    if let Some(source) = source {
        if source.is_ipv4() != address.is_ipv4() {
            let text = format!("the source address {source} is of another family than {address}");
            return Err(DialFailure { kind: DialFault::Local, text });
        }
        socket.bind(SocketAddr::new(source, 0)).map_err(|error| {
            local(error, format!("cannot send from the source address {source}"))
        })?;
    }
    // Commands are short and each waits for its answer: nothing is gained by collecting them.
    socket.set_nodelay(true).map_err(|error| local(error, "cannot set TCP_NODELAY".into()))?;
    Ok(socket)
}

fn open(stream: TcpStream) -> io::Result<Connection> {
    let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
    Ok(Connection { stream: Box::new(stream), local, peer })
}

/// When a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failed {
    /// In the call that asks for it.
    AtOnce,
    /// Behind it.
    Later,
}

fn failure(error: &io::Error, failed: Failed, what: &str) -> DialFailure {
    use io::ErrorKind::{
        AddrInUse, AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown,
        NetworkUnreachable, OutOfMemory, PermissionDenied, TimedOut,
    };
    let kind = match error.kind() {
        ConnectionRefused => DialFault::Refused,
        TimedOut => DialFault::Timeout,
        AddrInUse | AddrNotAvailable | PermissionDenied | NetworkDown | OutOfMemory => {
            DialFault::Local
        }
        // No route leads there from here. A router on the way says so later (ICMP).
        HostUnreachable | NetworkUnreachable if failed == Failed::AtOnce => DialFault::Local,
        HostUnreachable | NetworkUnreachable => DialFault::Unreachable,
        // ENFILE, EMFILE and ENOBUFS have no kind of their own.
        _ if matches!(error.raw_os_error(), Some(23 | 24 | 105)) => DialFault::Local,
        _ => DialFault::Unreachable,
    };
    DialFailure { kind, text: format!("{what}: {error}") }
}

impl Dialer for TcpDialer {
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        Box::pin(self.connect(target, self.source))
    }

    fn dial_from<'a>(
        &'a self,
        target: &'a Target,
        source: IpAddr,
    ) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        Box::pin(self.connect(target, Some(source)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is our own machine's fault says nothing about the address: it is to be asked again.
    #[test]
    fn faults_of_our_own_are_told_from_silence() {
        use DialFault::{Local, Refused, Timeout, Unreachable};
        let table = [
            ("EPERM", 1, Local, Local),
            ("ENOMEM", 12, Local, Local),
            ("EACCES", 13, Local, Local),
            ("ENFILE", 23, Local, Local),
            ("EMFILE", 24, Local, Local),
            ("EADDRNOTAVAIL", 99, Local, Local),
            ("ENETDOWN", 100, Local, Local),
            ("ENETUNREACH", 101, Local, Unreachable),
            ("ENOBUFS", 105, Local, Local),
            ("ETIMEDOUT", 110, Timeout, Timeout),
            ("ECONNREFUSED", 111, Refused, Refused),
            ("EHOSTUNREACH", 113, Local, Unreachable),
        ];
        for (name, number, at_once, later) in table {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(failure(&error, Failed::AtOnce, "x").kind, at_once, "{name}");
            assert_eq!(failure(&error, Failed::Later, "x").kind, later, "{name}");
        }
    }
}
