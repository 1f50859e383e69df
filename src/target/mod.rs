//! What may be contacted: target specifications, the scope that judges them, and admitted targets.
//!
//! Values only. [`spec`] reads what the user typed, a resolver turns it into [`scope::Candidate`]s,
//! and [`scope::Scope::admit`] is the only way from a candidate to a [`Target`]. Whole sets of addresses go
//! through [`scope::Scope::admit_set`].
pub mod cover;
pub mod name;
pub mod network;
pub mod order;
pub mod scope;
pub mod set;
pub mod spec;
pub mod sweep;

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The service that a port offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes mail from other servers: ports 25 and 2525, and every port without another meaning.
    Mx,
    /// Takes mail from the site's own users: ports 587 and 465.
    Submission,
}

impl Role {
    /// The role that a port has by convention.
    pub fn of_port(port: u16) -> Self {
        match port {
            465 | 587 => Self::Submission,
            _ => Self::Mx,
        }
    }
}

/// How an address was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Via {
    /// The address itself was given. A name beside it is decoration and authorises nothing.
    Address,
    /// An address record of a host name.
    Host,
    /// An address record of a host that an MX record names.
    Mx {
        /// The mail domain that has the MX record.
        domain: String,
        /// The preference of the MX record; lower is tried first.
        preference: u16,
    },
}

/// One server port that may be contacted.
///
/// Made only by [`scope::Scope::admit`] and [`scope::Scope::target`]. A target that is read back from stored evidence serves to
/// judge that evidence again; the dialer asks [`scope::Admitted::permits`] and so refuses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    name: Option<String>,
    address: IpAddr,
    port: u16,
    role: Role,
    mail_domain: Option<String>,
    via: Via,
}

impl Target {
    fn new(
        name: Option<String>,
        address: IpAddr,
        port: u16,
        mail_domain: Option<String>,
        via: Via,
    ) -> Self {
        Self { name, address, port, role: Role::of_port(port), mail_domain, via }
    }

    /// Another port of the same host, which the dialer permits as it permits this one.
    pub fn with_port(&self, port: u16) -> Self {
        Self { port, role: Role::of_port(port), ..self.clone() }
    }

    /// The host name, lower case and without a final dot, if one is known.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address to dial; never an IPv4-mapped IPv6 address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The service expected at the port.
    pub fn role(&self) -> Role {
        self.role
    }

    /// True where TLS comes before the greeting: port 465 (RFC 8314 section 3.3).
    pub fn is_tls_at_once(&self) -> bool {
        self.port == 465
    }

    /// The domain for which the server takes mail, if known.
    pub fn mail_domain(&self) -> Option<&str> {
        self.mail_domain.as_deref()
    }

    /// How the address was found.
    pub fn via(&self) -> &Via {
        &self.via
    }
}

impl fmt::Display for Target {
    /// Writes `name:port`, or `address:port` with an IPv6 address in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.address) {
            (Some(name), _) => write!(f, "{name}:{}", self.port),
            (None, IpAddr::V4(address)) => write!(f, "{address}:{}", self.port),
            (None, IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: Option<&str>, address: &str, port: u16) -> Target {
        let address = address.parse().unwrap();
        Target::new(name.map(str::to_owned), address, port, None, Via::Address)
    }

    #[test]
    fn ports_have_roles() {
        let cases = [
            (25, Role::Mx),
            (2525, Role::Mx),
            (49152, Role::Mx),
            (465, Role::Submission),
            (587, Role::Submission),
        ];
        for (port, role) in cases {
            assert_eq!(Role::of_port(port), role, "{port}");
            assert_eq!(target(None, "127.0.0.1", port).role(), role, "{port}");
        }
    }

    #[test]
    fn display_prefers_the_name_and_brackets_ipv6() {
        let cases = [
            (target(Some("mx.example.org"), "192.0.2.1", 25), "mx.example.org:25"),
            (target(None, "192.0.2.1", 587), "192.0.2.1:587"),
            (target(None, "2001:db8::1", 25), "[2001:db8::1]:25"),
        ];
        for (target, text) in cases {
            assert_eq!(target.to_string(), text);
        }
    }

    #[test]
    fn stored_form_survives_a_round_trip() {
        let via = Via::Mx { domain: "example.org".to_owned(), preference: 10 };
        let stored = Target::new(
            Some("mx.example.org".to_owned()),
            "192.0.2.1".parse().unwrap(),
            25,
            Some("example.org".to_owned()),
            via,
        );
        let text = serde_json::to_string(&stored).unwrap();
        assert_eq!(
            text,
            r#"{"name":"mx.example.org","address":"192.0.2.1","port":25,"role":"mx","mail_domain":"example.org","via":{"kind":"mx","domain":"example.org","preference":10}}"#
        );
        assert_eq!(serde_json::from_str::<Target>(&text).unwrap(), stored);
    }
}
