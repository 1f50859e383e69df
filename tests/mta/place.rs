//! Where one server of the lab stands, and the texts that depend on it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::case::Case;
use super::{DNS, SINK};

/// The place of one server.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The number of its family.
    pub(crate) family: u8,
    /// Its number in the family, from 1.
    pub(crate) number: u8,
    /// The directory of its own, which exists.
    pub(crate) directory: PathBuf,
    /// A self-signed certificate for every server, which all can read.
    pub(crate) certificate: PathBuf,
    /// The key of the certificate.
    pub(crate) key: PathBuf,
}

impl Place {
    /// The address: 127.20.1.1 for the first case of the first family.
    pub(crate) fn address(&self) -> Ipv4Addr {
        Ipv4Addr::new(127, 20, self.family, self.number)
    }

    /// The IPv6 address: fd20::1:1 for the first case of the first family.
    pub(crate) fn address6(&self) -> Ipv6Addr {
        Ipv6Addr::new(0xfd20, 0, 0, 0, 0, 0, self.family.into(), self.number.into())
    }

    /// Where a case is asked.
    pub(crate) fn socket(&self, case: &Case) -> SocketAddr {
        let address: IpAddr =
            if case.ipv6 { self.address6().into() } else { self.address().into() };
        SocketAddr::new(address, case.port)
    }

    /// The name that is this server's alone; every server calls itself [`super::HOST_NAME`].
    pub(crate) fn mx_host(&self) -> String {
        format!("mx-{}-{}.target.test", self.family, self.number)
    }

    /// A foreign domain whose second MX record names [`Self::mx_host`].
    pub(crate) fn mx_domain(&self) -> String {
        format!("by{}-{}.mxlist.test", self.family, self.number)
    }

    /// Replaces `{address}`, `{address6}`, `{number}`, `{state}` (the directory), `{sink}`, `{dns}`, `{certificate}`,
    /// `{key}`, `{mx_host}` and `{mx_domain}`. Other braces stay as they are.
    pub(crate) fn fill(&self, text: &str) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let values = [
            ("{address}", self.address().to_string()),
            ("{address6}", self.address6().to_string()),
            ("{number}", self.number.to_string()),
            ("{state}", path(&self.directory)),
            ("{sink}", SINK.to_string()),
            ("{dns}", DNS.to_string()),
            ("{certificate}", path(&self.certificate)),
            ("{key}", path(&self.key)),
            ("{mx_host}", self.mx_host()),
            ("{mx_domain}", self.mx_domain()),
        ];
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}
