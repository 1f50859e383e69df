//! Which relay, how it is reached, and by what its certificate is judged.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};

/// The user's own relay.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What protects the connection.
    pub security: Security,
    /// The user name in the URL.
    pub user: Option<String>,
    /// How to log in.
    pub account: Option<Account>,
    /// Whose word its certificate needs.
    pub roots: Roots,
}

/// What protects a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 section 3.3).
    Tls,
    /// STARTTLS; without it nothing is sent.
    StartTls,
    /// Nothing: to this machine only.
    Clear,
}

/// An account at the relay. It is shown to nobody.
#[derive(Clone)]
pub struct Account {
    /// The name to log in with.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Certificates of those whose word is taken.
#[derive(Clone)]
pub struct Roots(pub(super) Arc<RootCertStore>);

/// What is wrong with the URL of a relay. None of these holds the URL, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RelayError {
    #[error("is no URL; write smtps://HOST, or smtp://HOST?tls=required for STARTTLS")]
    NoUrl,
    #[error("begins with neither smtps:// nor smtp://")]
    Scheme,
    #[error("names no host, such as smtps://mail.example.org")]
    NoHost,
    #[error(
        "holds a password, which every user of this machine could read in the list of processes"
    )]
    Password,
    #[error("has a user name that is empty or holds control characters")]
    User,
    #[error("has a path or a fragment behind the host; leave it out")]
    Path,
    #[error("has something other than ?tls=required or ?tls=none behind the host")]
    Query,
    #[error(
        "does not say what protects the connection: write smtps://HOST, smtp://HOST?tls=required for STARTTLS, or, for a relay on this machine only, smtp://127.0.0.1?tls=none"
    )]
    Unprotected,
    #[error("asks for TLS twice: smtps:// is TLS from the first byte; leave ?tls= out")]
    Twice,
    #[error(
        "asks for a connection in the clear, which is for a relay on this machine only (127.0.0.1, [::1] or localhost)"
    )]
    ClearElsewhere,
    #[error("has the port 0")]
    Port,
}

/// Why there is nobody whose word a certificate could have.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RootsError {
    #[error("no certificate in PEM form is in it; it holds -----BEGIN CERTIFICATE-----")]
    Empty,
    #[error("certificate {number} is broken: {problem}")]
    Broken { number: usize, problem: String },
    #[error("this system has no list of trusted CAs: {0}")]
    System(String),
}

impl Relay {
    /// Reads `smtps://[USER@]HOST[:PORT]` or `smtp://[USER@]HOST[:PORT]?tls=required|none`.
    ///
    /// # Errors
    /// Whatever it says that is not this.
    pub fn parse(text: &str, roots: Roots) -> Result<Self, RelayError> {
        let url = Url::parse(text).map_err(|_| RelayError::NoUrl)?;
        if url.password().is_some() {
            return Err(RelayError::Password);
        }
        let tls = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(RelayError::Scheme),
        };
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_ascii_lowercase(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(RelayError::NoHost),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(RelayError::Path);
        }
        let security = match (tls, url.query()) {
            (true, None) => Security::Tls,
            (true, Some("tls=required" | "tls=none")) => return Err(RelayError::Twice),
            (false, Some("tls=required")) => Security::StartTls,
            (false, Some("tls=none")) if is_this_machine(&host) => Security::Clear,
            (false, Some("tls=none")) => return Err(RelayError::ClearElsewhere),
            (false, None) => return Err(RelayError::Unprotected),
            (_, Some(_)) => return Err(RelayError::Query),
        };
        let usual = match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Clear => 25,
        };
        let port = url.port().unwrap_or(usual);
        if port == 0 {
            return Err(RelayError::Port);
        }
        let user = percent_decode_str(url.username()).decode_utf8();
        let user = user.map_err(|_| RelayError::User)?.into_owned();
        if user.chars().any(char::is_control) || user.is_empty() && text.contains("//@") {
            return Err(RelayError::User);
        }
        let user = Some(user).filter(|user| !user.is_empty());
        Ok(Self { host, port, security, user, account: None, roots })
    }
}

/// A name or address that never leads to another machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(address) => std::net::SocketAddr::new(address, self.port).fmt(f),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(***)")
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

impl Roots {
    /// Nobody's: no certificate will do.
    pub fn none() -> Self {
        Self(Arc::new(RootCertStore::empty()))
    }

    /// Those of a PEM file, and no others.
    ///
    /// # Errors
    /// Where it holds none, or one that is broken.
    pub fn of_pem(pem: &[u8]) -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        for (at, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let broken = |problem: String| RootsError::Broken { number: at + 1, problem };
            let certificate = certificate.map_err(|error| broken(error.to_string()))?;
            store.add(certificate).map_err(|error| broken(error.to_string()))?;
        }
        match store.is_empty() {
            true => Err(RootsError::Empty),
            false => Ok(Self(Arc::new(store))),
        }
    }

    /// Those that this system trusts.
    ///
    /// # Errors
    /// Where it has none.
    pub fn of_system() -> Result<Self, RootsError> {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        // A system holds some that no TLS library takes.
        store.add_parsable_certificates(found.certs);
        match store.is_empty() {
            true => {
                let why = found.errors.first().map(ToString::to_string);
                Err(RootsError::System(why.unwrap_or_else(|| "there is none".into())))
            }
            false => Ok(Self(Arc::new(store))),
        }
    }
}
