//! The port to the network: who dials, and where bytes may leave for.

mod tcp;
mod tls;

use std::net::{IpAddr, SocketAddr};

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

pub use tcp::TcpDialer;
pub use tls::secure;

use crate::evidence::{DialFailure, DialFault};
use crate::target::Target;

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

/// An open connection.
pub struct Connection {
    /// The bytes.
    pub stream: Box<dyn Stream>,
    /// Our address.
    pub local: SocketAddr,
    /// The server's.
    pub peer: SocketAddr,
}

/// Opens connections to targets. Tests hand in their own.
pub trait Dialer: Send + Sync {
    /// Opens one connection, or says why it did not come about.
    fn dial<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>>;

    /// The same from another address of this machine.
    fn dial_from<'a>(
        &'a self,
        _: &'a Target,
        source: IpAddr,
    ) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        let text = format!("this dialer does not send from {source}");
        Box::pin(async { Err(DialFailure { kind: DialFault::Local, text }) })
    }
}
