//! Real lists and real resolvers on loopback: rbldnsd serves zones in every state of health, unbound stands before
//! them in every way that matters.
//!
//! Nothing needs root or an installed package: both are run from where `tests/mta/box/fetch.sh` has unpacked them, on
//! free ports of 127.0.0.1.

mod log;
mod process;
pub(crate) mod program;
mod resolvers;
mod zones;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::Result;
use tempfile::TempDir;

pub(crate) use self::log::Asked;
use self::process::Process;
use self::resolvers::Kind;
pub(crate) use self::zones::zone;

/// Name servers that a trial can ask; they end when this is dropped.
pub(crate) struct Peers {
    /// Serves the lists themselves.
    lists: Process,
    healthy: Process,
    stripping: Process,
    rewriting: Process,
    refusing: Process,
    forwarding: Process,
    validating: Process,
    deaf: UdpSocket,
    _directory: TempDir,
}

/// What must be unpacked, by name; what is not, with the reason.
pub(crate) fn missing() -> Option<(&'static str, String)> {
    ["rbldnsd", "unbound"]
        .into_iter()
        .find_map(|name| Some((name, process::unpacked(name).err()?.to_string())))
}

impl Peers {
    /// Starts all of them and waits until they answer.
    ///
    /// # Errors
    ///
    /// A server that does not answer is an error that carries its log.
    pub(crate) fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        // Servers that are started by root run as somebody else.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        let path = directory.path();
        let lists = zones::start(&path.join("lists"))?;
        let unbound = |kind| resolvers::start(path, kind, lists.address());
        let refusing = unbound(Kind::Refusing)?;
        Ok(Self {
            healthy: unbound(Kind::Healthy)?,
            stripping: unbound(Kind::Stripping)?,
            rewriting: unbound(Kind::Rewriting)?,
            forwarding: unbound(Kind::ForwardingTo(refusing.address()))?,
            validating: unbound(Kind::Validating)?,
            deaf: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?,
            refusing,
            lists,
            _directory: directory,
        })
    }

    /// The name server of the lists, which answers for them only and does no recursion.
    pub(crate) fn lists(&self) -> SocketAddr {
        self.lists.address()
    }

    /// A resolver as it should be.
    pub(crate) fn healthy(&self) -> SocketAddr {
        self.healthy.address()
    }

    /// A resolver that strips 127.0.0.0/8 from answers, as a protection against rebinding.
    pub(crate) fn stripping(&self) -> SocketAddr {
        self.stripping.address()
    }

    /// A resolver that gives every name that does not exist an address, those of lists excepted.
    pub(crate) fn rewriting(&self) -> SocketAddr {
        self.rewriting.address()
    }

    /// A resolver that refuses everybody.
    pub(crate) fn refusing(&self) -> SocketAddr {
        self.refusing.address()
    }

    /// A resolver that forwards to the one that refuses.
    pub(crate) fn forwarding(&self) -> SocketAddr {
        self.forwarding.address()
    }

    /// A resolver that validates, to which the healthy list of IPv4 addresses is forged.
    pub(crate) fn validating(&self) -> SocketAddr {
        self.validating.address()
    }

    /// An address where nobody ever answers.
    pub(crate) fn deaf(&self) -> SocketAddr {
        self.deaf.local_addr().expect("a bound socket has an address")
    }

    /// All questions that clients put to the healthy resolver so far, in order.
    pub(crate) fn asked_healthy(&self) -> Result<Vec<Asked>> {
        log::of_resolver(&self.healthy.log()?)
    }

    /// All questions that came to the lists so far, through any resolver or directly, in order.
    pub(crate) fn asked_lists(&self) -> Result<Vec<Asked>> {
        log::of_lists(&zones::query_log(&self.lists)?)
    }
}
