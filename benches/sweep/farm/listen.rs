//! The sockets that the farm listens on, all of them on loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

use crate::behaviour::{addresses, is_alive};
use crate::error::{Error, Result};

use super::{FarmArgs, Rest};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;
/// How long a connection to a listener is waited for that may not take it any more.
const FULL_AFTER: Duration = Duration::from_millis(200);
/// An address where no server stands.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 254);

/// The listener that never accepts, and what fills its queue; it works for as long as it is held.
#[derive(Debug)]
pub(super) struct Dark {
    _listener: Socket,
    _waiting: Vec<TcpStream>,
}

/// Opens one listener for all of loopback, or one for each address that is alive.
pub(super) fn open(args: &FarmArgs) -> Result<(Vec<TcpListener>, Option<Dark>)> {
    let Some(block) = args.block else {
        let all = listen(Ipv4Addr::UNSPECIFIED, args.port, BACKLOG, false)?;
        return Ok((vec![answer(all)], None));
    };
    let shared = args.rest == Rest::Dark;
    let alive = addresses(block).filter(|address| is_alive(*address, args.alive));
    let listeners = alive
        .map(|address| listen(address, args.port, BACKLOG, shared).map(answer))
        .collect::<Result<_>>()?;
    let dark = shared.then(|| swallow(args.port)).transpose()?;
    Ok((listeners, dark))
}

/// A listener for all other addresses whose queue is full: the system drops every further SYN, as
/// a firewall does.
fn swallow(port: u16) -> Result<Dark> {
    let listener = listen(Ipv4Addr::UNSPECIFIED, port, 0, true)?;
    let address = SocketAddr::from((NOBODY, port));
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, FULL_AFTER) {
        waiting.push(stream);
    }
    Ok(Dark { _listener: listener, _waiting: waiting })
}

fn listen(address: Ipv4Addr, port: u16, backlog: i32, shared: bool) -> Result<Socket> {
    let address = SocketAddr::V4(SocketAddrV4::new(address, port));
    let open = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(shared)?;
        // Accepted sockets inherit it.
        socket.set_tcp_nodelay(true)?;
        // Where the system allows it, nothing from another interface even gets an answer.
        let _ = socket.bind_device(Some(b"lo"));
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(backlog)?;
        Ok(socket)
    };
    open().map_err(|source| Error::Listen { address, source })
}

fn answer(socket: Socket) -> TcpListener {
    TcpListener::from_std(socket.into())
}
