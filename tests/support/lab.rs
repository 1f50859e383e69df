//! Runs the real engine against practice servers on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mxaudit::engine::{Budget, Interrupt, Settings, Wanted, audit};
use mxaudit::evidence::{Evidence, Identity};
use mxaudit::net::TcpDialer;
use mxaudit::practice::{Behaviour, LOCAL_DOMAIN, PracticeServer};
use mxaudit::probe::{Library, Profile};
use mxaudit::session::Deadlines;
use mxaudit::target::scope::{Candidate, Scope};
use mxaudit::target::{Target, Via};
use mxaudit::verdict::{RelayVerdict, judge};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;

/// Settings for loopback: a short retry, an assertion that we are strangers.
pub(crate) fn settings() -> Settings {
    Settings {
        library: Arc::new(Library::embedded().unwrap()),
        profile: Profile::Quick,
        deeper: None,
        wanted: Wanted::default(),
        identity: Identity {
            auditor_domain: Some("audit.test".into()),
            contact: None,
            canary: (String::new(), "audit.test".into()),
            canary_address: None,
            helo: Some("client.audit.test".into()),
            local_domains: vec![LOCAL_DOMAIN.into()],
            local_user: "postmaster".into(),
            client_name: None,
            partners: Vec::new(),
            mx_domain: None,
            claimed_address: None,
        },
        outside_asserted: true,
        deadlines: Deadlines { greeting: Duration::from_secs(5), reply: Duration::from_secs(5) },
        host_deadline: Duration::from_secs(60),
        retry_wait: Duration::from_millis(100),
        greylist_wait: Duration::ZERO,
        budget: Budget::default(),
        letters: None,
        max_hosts: 16,
        seed: 7,
        matrix: None,
        pop: None,
    }
}

/// The only way to a target is through the scope; loopback is always in it.
pub(crate) fn target(address: SocketAddr) -> Target {
    let candidate = Candidate {
        name: None,
        address: address.ip(),
        port: address.port(),
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    };
    Scope::loopback_only().admit(candidate).unwrap()
}

/// Audits one practice server.
pub(crate) async fn audited(
    behaviour: Behaviour,
    settings: Settings,
) -> (Evidence, RelayVerdict, PracticeServer) {
    let server =
        PracticeServer::start(behaviour, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let evidence = audit_address(server.address(), settings).await;
    let verdict = judge(&evidence);
    (evidence, verdict, server)
}

/// Audits whatever listens on an address.
pub(crate) async fn audit_address(address: SocketAddr, settings: Settings) -> Evidence {
    let dialer = TcpDialer::new(Scope::loopback_only().admitted(), None, Duration::from_secs(2));
    let settings = Arc::new(settings);
    let targets = vec![target(address)];
    let mut all = audit(targets, settings, Arc::new(dialer), Interrupt::default(), |_| {}).await;
    all.pop().unwrap()
}

/// TLS with a certificate for `name` that nobody else has signed, for the practice servers.
#[allow(dead_code, reason = "not every test that includes this file has TLS")]
pub(crate) fn self_signed(name: &str) -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// The codes of the accepted probes.
pub(crate) fn accepted(verdict: &RelayVerdict) -> Vec<&str> {
    let accepted =
        verdict.probes.iter().filter(|p| p.verdict.outcome.as_str() == "accepted-recipient");
    accepted.map(|probe| probe.code.as_str()).collect()
}

/// The dialogue of every connection, for the message of a failing test.
pub(crate) fn dialogue(evidence: &Evidence) -> String {
    let mut out = String::new();
    for transcript in &evidence.transcripts {
        out.push_str("--\n");
        for exchange in &transcript.exchanges {
            out.push_str(&format!(
                "{:?} C: {} S: {:?}\n",
                exchange.phase, exchange.sent, exchange.answer
            ));
        }
    }
    out
}
