//! TLS as an auditor wants it: any certificate will do, and each is recorded.
//!
//! A mail server's certificate says nothing about whether it relays. So it is neither trusted nor
//! refused here, and nothing that is sent inside is a secret.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::Stream;
use crate::evidence::TlsFacts;

/// One for all connections, or why there is none.
static CONNECTOR: LazyLock<Result<TlsConnector, Error>> = LazyLock::new(connector);

/// Shakes hands over an open connection. `name` is asked for (RFC 6066 section 3) where it is one.
pub async fn secure(
    stream: Box<dyn Stream>,
    name: Option<&str>,
    address: IpAddr,
) -> io::Result<(Box<dyn Stream>, TlsFacts)> {
    let connector = CONNECTOR.as_ref().map_err(io::Error::other)?;
    let named = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    let name = named.unwrap_or_else(|| ServerName::IpAddress(address.into()));
    let stream = connector.connect(name, stream).await?;
    let facts = facts(stream.get_ref().1);
    Ok((Box::new(stream), facts))
}

fn facts(connection: &ClientConnection) -> TlsFacts {
    let version = connection.protocol_version().and_then(|version| version.as_str());
    let suite = connection.negotiated_cipher_suite();
    let cipher = suite.and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
    let chain = connection.peer_certificates().unwrap_or_default();
    TlsFacts {
        version: version.unwrap_or("unknown").replace('_', "."),
        // The library's own spelling of a suite that IANA calls TLS_….
        cipher: cipher.replacen("TLS13_", "TLS_", 1),
        certificates: chain.iter().map(|certificate| certificate.to_vec().into()).collect(),
    }
}

fn connector() -> Result<TlsConnector, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recorded(provider)))
        .with_no_client_auth();
    // Each connection sees the certificates anew.
    config.resumption = Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes any certificate whose key the server has.
#[derive(Debug)]
struct Recorded(Arc<CryptoProvider>);

impl ServerCertVerifier for Recorded {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
