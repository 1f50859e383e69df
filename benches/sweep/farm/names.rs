//! The names of a server of the farm, all made from its address.

use std::io::Write as _;
use std::net::Ipv4Addr;

use crate::LOCAL_DOMAIN;

/// A short text on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    fn write(text: std::fmt::Arguments<'_>) -> Self {
        let mut bytes = [0; N];
        let mut rest = bytes.as_mut_slice();
        let _ = rest.write_fmt(text);
        let len = N - rest.len();
        Self { bytes, len }
    }

    /// The text.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// What the server at an address calls itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// `mx-7f012345.farm.test`, of one width for all.
    pub(super) host: Short<21>,
    /// `[127.1.35.69]`.
    literal: Short<17>,
}

impl Names {
    pub(super) fn new(address: Ipv4Addr) -> Self {
        let host = Short::write(format_args!("mx-{}.{LOCAL_DOMAIN}", hex(address).text()));
        Self { host, literal: Short::write(format_args!("[{address}]")) }
    }

    /// Whether the server takes mail for `domain`; a final dot is not part of the name.
    pub(super) fn is_local(&self, domain: &[u8]) -> bool {
        let domain = domain.strip_suffix(b".").unwrap_or(domain);
        match domain.len() {
            21 if domain.eq_ignore_ascii_case(self.host.as_bytes()) => true,
            9 => {
                domain.eq_ignore_ascii_case(LOCAL_DOMAIN.as_bytes())
                    || domain.eq_ignore_ascii_case(b"localhost")
            }
            _ => domain == self.literal.as_bytes(),
        }
    }
}

/// The eight digits that stand for `address` in its server's name.
pub(crate) fn hex(address: Ipv4Addr) -> Short<8> {
    Short::write(format_args!("{:08x}", u32::from(address)))
}

/// `address` as it is written with dots.
pub(crate) fn dotted(address: Ipv4Addr) -> Short<15> {
    Short::write(format_args!("{address}"))
}

impl<const N: usize> Short<N> {
    fn text(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}
