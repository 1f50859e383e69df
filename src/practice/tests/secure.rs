//! TLS, and the ways in which it goes wrong.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::delivery::GARBAGE;
use super::*;

const NAME: &str = "mx.practice.test";
const READY: &str = "220 2.0.0 Ready to start TLS";

/// A server with a certificate of its own making, and a client that trusts nothing else.
struct Pair {
    server: Arc<ServerConfig>,
    client: TlsConnector,
}

impl Pair {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { server: Arc::new(server), client: TlsConnector::from(Arc::new(client)) }
    }

    fn serving(&self, start: TlsStart, handshake: Handshake) -> Behaviour {
        let tls = Tls { config: Arc::clone(&self.server), start, handshake };
        Behaviour { tls: Some(tls), extensions: Vec::new(), ..practice(RelayPolicy::Closed) }
    }

    fn sound(&self) -> Behaviour {
        let tls = Some(Tls::starttls(Arc::clone(&self.server)));
        Behaviour { tls, ..self.serving(TlsStart::Command, Handshake::Sound) }
    }

    async fn shake<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.client.connect(ServerName::try_from(NAME).unwrap(), stream).await
    }

    /// A session inside TLS, right behind the handshake.
    async fn inside(&self, behaviour: Behaviour) -> TlsStream<DuplexStream> {
        let (mut client, _) = connect(behaviour);
        reply(&mut client).await;
        ask(&mut client, "EHLO a.test").await;
        ask(&mut client, "STARTTLS").await;
        self.shake(client).await.unwrap()
    }
}

/// Reads one reply and not a byte more; its lines are joined by ` | `.
async fn reply<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    loop {
        line.push(stream.read_u8().await.unwrap());
        if let Some(text) = line.strip_suffix(b"\r\n") {
            let last = text.get(3) != Some(&b'-');
            lines.push(String::from_utf8(text.to_vec()).unwrap());
            line.clear();
            if last {
                return lines.join(" | ");
            }
        }
    }
}

/// Sends a line, or several, and reads one reply.
async fn ask<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, line: &str) -> String {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    reply(stream).await
}

/// The reply to a foreign recipient in a fresh transaction.
async fn foreign<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> String {
    for line in ["EHLO a.test", "RSET", "MAIL FROM:<>"] {
        assert!(ask(stream, line).await.starts_with("250"), "{line}");
    }
    ask(stream, "RCPT TO:<u@far.test>").await
}

#[tokio::test]
async fn starttls_begins_the_session_again() {
    let pair = Pair::new();
    let (mut client, ledger) =
        connect(Behaviour { auth: Some(AuthOffer::InsideTls), ..pair.sound() });
    assert_eq!(reply(&mut client).await, "220 mx.practice.test ESMTP");
    assert_eq!(ask(&mut client, "EHLO a.test").await, "250-mx.practice.test | 250 STARTTLS");
    let refusal = "504 5.5.4 Encryption required for requested authentication mechanism";
    assert_eq!(ask(&mut client, "AUTH PLAIN AGEAYg==").await, refusal);
    assert_eq!(ask(&mut client, "STARTTLS now").await, "501 5.5.4 Syntax: STARTTLS");
    assert_eq!(ask(&mut client, "MAIL FROM:<>").await, "250 2.1.0 Ok");
    // What comes in clear behind STARTTLS is dropped.
    assert_eq!(ask(&mut client, "STARTTLS\r\nNOOP").await, READY);
    let mut client = pair.shake(client).await.unwrap();
    assert_eq!(ask(&mut client, "RCPT TO:<user>").await, "503 5.5.1 Error: need MAIL command");
    let listed = "250-mx.practice.test | 250 AUTH PLAIN LOGIN";
    assert_eq!(ask(&mut client, "EHLO a.test").await, listed);
    assert_eq!(ask(&mut client, "STARTTLS").await, "554 5.5.1 Error: TLS already active");
    let refusal = "535 5.7.8 Error: authentication failed";
    assert_eq!(ask(&mut client, "AUTH PLAIN AGEAYg==").await, refusal);
    foreign(&mut client).await;
    assert_eq!(ask(&mut client, "QUIT").await, "221 2.0.0 Bye");
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    let counters = ledger.counters();
    let seen = (counters.connections, counters.starttls, counters.handshakes, counters.ehlos);
    assert_eq!(seen, (1, 3, 1, 3));
    assert!(ledger.envelopes().iter().all(|envelope| envelope.inside_tls));
    assert_eq!(ledger.envelopes().len(), 1);
}

#[tokio::test]
async fn implicit_tls_comes_before_the_greeting() {
    let pair = Pair::new();
    let tls = Some(Tls::implicit(Arc::clone(&pair.server)));
    let (client, ledger) = connect(Behaviour { tls, ..pair.sound() });
    let mut client = pair.shake(client).await.unwrap();
    assert_eq!(reply(&mut client).await, "220 mx.practice.test ESMTP");
    assert_eq!(ask(&mut client, "EHLO a.test").await, "250 mx.practice.test");
    assert_eq!(ask(&mut client, "STARTTLS").await, "554 5.5.1 Error: TLS already active");
    assert_eq!(ledger.counters().handshakes, 1);
}

#[tokio::test]
async fn tls_can_be_required() {
    let pair = Pair::new();
    let lines = ["EHLO a.test", "NOOP", "MAIL FROM:<>", "RCPT TO:<user>", "RSET", "QUIT"];
    let ask_exim = "550 5.7.0 TLS required";
    let table = [
        (Syntax::Postfix, MUST_START_TLS, ["250", "530", "530", "530", "221"]),
        (Syntax::Exim, ask_exim, ["250", "550", "503", "250", "221"]),
    ];
    for (syntax, text, expected) in table {
        let server = Behaviour { tls_required: Some(text.into()), syntax, ..pair.sound() };
        let replies = talk(&server, &lines).await;
        let codes: Vec<&str> = replies.iter().skip(3).filter_map(|reply| reply.get(..3)).collect();
        assert_eq!(codes, expected, "{syntax:?}");
        assert!(replies.contains(&text.to_owned()));
        let mut inside = pair.inside(server).await;
        assert!(ask(&mut inside, "EHLO a.test").await.starts_with("250"));
        assert!(ask(&mut inside, "MAIL FROM:<>").await.starts_with("250"));
    }
}

#[tokio::test]
async fn relaying_can_depend_on_the_side_of_tls() {
    let pair = Pair::new();
    let open = || Box::new(RelayPolicy::Open);
    let nested = RelayPolicy::AnyOf(vec![RelayPolicy::SourceRoute, RelayPolicy::InClear(open())]);
    let table = [
        (RelayPolicy::InsideTls(open()), false, true),
        (RelayPolicy::InClear(open()), true, false),
        (RelayPolicy::InsideTls(Box::new(nested)), false, false),
        (RelayPolicy::Open, true, true),
    ];
    for (relay, in_clear, inside) in table {
        let server = Behaviour { relay: relay.clone(), ..pair.sound() };
        let (mut client, _) = connect(server.clone());
        reply(&mut client).await;
        assert_eq!(foreign(&mut client).await.starts_with("250"), in_clear, "{relay:?}");
        let mut client = pair.inside(server).await;
        assert_eq!(foreign(&mut client).await.starts_with("250"), inside, "{relay:?}");
    }
    let relay = RelayPolicy::InsideTls(Box::new(RelayPolicy::PercentHack));
    let server = Behaviour { relay, ..pair.sound() };
    let path = "<u%far.test@practice.test>";
    assert!(rcpt(&server, "a.test", "<>", path).await.starts_with("454"));
    let mut client = pair.inside(server).await;
    foreign(&mut client).await;
    assert_eq!(ask(&mut client, &format!("RCPT TO:{path}")).await, "250 2.1.5 Ok");
}

#[tokio::test]
async fn injected_bytes_stand_in_clear_in_the_write_of_the_220() {
    let pair = Pair::new();
    let injected = TlsStart::Injecting(b"250 injected\r\n".to_vec());
    let (mut client, _) = connect(pair.serving(injected, Handshake::Sound));
    reply(&mut client).await;
    client.write_all(b"STARTTLS\r\n").await.unwrap();
    let mut piece = vec![0; 4096];
    let length = client.read(&mut piece).await.unwrap();
    let expected = format!("{READY}\r\n250 injected\r\n");
    assert_eq!(piece.get(..length).unwrap(), expected.as_bytes());
    let mut client = pair.shake(client).await.unwrap();
    assert_eq!(ask(&mut client, "EHLO a.test").await, "250 mx.practice.test");
}

#[tokio::test]
async fn starttls_can_be_refused() {
    let reply = "454 4.7.0 TLS not available due to local problem";
    let server = Pair::new().serving(TlsStart::Refused(reply.into()), Handshake::Sound);
    let replies = talk(&server, &["EHLO a.test", "STARTTLS", "NOOP"]).await;
    assert_eq!(replies.get(2..).unwrap(), ["250 STARTTLS", reply, "250 2.0.0 Ok"]);
}

#[tokio::test]
async fn exim_takes_starttls_behind_a_greeting_and_counts_one_as_free() {
    let pair = Pair::new();
    let server = Behaviour { syntax: Syntax::Exim, ..pair.sound() };
    let (mut client, _) = connect(server);
    reply(&mut client).await;
    let early = "503 STARTTLS command used when not advertised";
    assert_eq!(ask(&mut client, "STARTTLS").await, early);
    ask(&mut client, "EHLO a.test").await;
    assert_eq!(ask(&mut client, "STARTTLS").await, "220 TLS go ahead");
    let mut client = pair.shake(client).await.unwrap();
    // The second STARTTLS above was one of ten; the greeting inside TLS is free again.
    for line in ["EHLO a.test", "RSET"].iter().chain(&["NOOP"; 9]) {
        assert!(ask(&mut client, line).await.starts_with("250"), "{line}");
    }
    assert_eq!(ask(&mut client, "NOOP").await, "554 Too many nonmail commands");
}

/// A session in which the handshake is due, and how the server saw it end.
async fn due(
    pair: &Pair,
    start: TlsStart,
    handshake: Handshake,
) -> (DuplexStream, tokio::task::JoinHandle<io::Result<Ending>>) {
    let behaviour = pair.serving(start.clone(), handshake);
    let (mut client, stream) = duplex(1 << 16);
    let session =
        tokio::spawn(async move { converse(&behaviour, stream, &Ledger::default()).await });
    if start == TlsStart::Command {
        reply(&mut client).await;
        assert_eq!(ask(&mut client, "STARTTLS").await, READY);
    }
    (client, session)
}

#[tokio::test]
async fn the_server_can_close_or_talk_garbage_in_place_of_a_handshake() {
    let pair = Pair::new();
    for start in [TlsStart::Command, TlsStart::Implicit] {
        let (client, session) = due(&pair, start.clone(), Handshake::Close).await;
        let error = pair.shake(client).await.unwrap_err();
        let kinds = [io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.kind()), "{start:?}: {error:?}");
        assert_eq!(session.await.unwrap().unwrap(), Ending::ByServer);

        let (client, session) = due(&pair, start.clone(), Handshake::Garbage).await;
        let error = pair.shake(client).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{start:?}: {error:?}");
        assert_eq!(session.await.unwrap().unwrap(), Ending::ByServer);

        let (mut client, _session) = due(&pair, start, Handshake::Garbage).await;
        client.write_all(b"x").await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, GARBAGE);
    }
}

#[tokio::test(start_paused = true)]
async fn the_handshake_can_fail_to_come() {
    let pair = Pair::new();
    for start in [TlsStart::Command, TlsStart::Implicit] {
        let (client, session) = due(&pair, start, Handshake::Stall).await;
        assert!(timeout(Duration::from_secs(600), pair.shake(client)).await.is_err());
        // The client is gone with the future that held it.
        assert_eq!(session.await.unwrap().unwrap(), Ending::ByClient);
    }
}

#[tokio::test]
async fn a_client_that_does_not_speak_tls_ends_the_session_with_an_error() {
    let pair = Pair::new();
    let (mut client, session) = due(&pair, TlsStart::Command, Handshake::Sound).await;
    client.write_all(b"EHLO a.test\r\n").await.unwrap();
    assert_eq!(session.await.unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn a_server_on_a_socket_speaks_tls_and_resets_inside_it() {
    let pair = Pair::new();
    let behaviour = Behaviour { delivery: Delivery::ResetAfter(3), ..pair.sound() };
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = PracticeServer::start(behaviour, any_port).await.unwrap();
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        reply(&mut client).await;
        ask(&mut client, "EHLO a.test").await;
        assert_eq!(ask(&mut client, "STARTTLS").await, READY);
        let mut client = pair.shake(client).await.unwrap();
        assert_eq!(ask(&mut client, "EHLO a.test").await, "250 mx.practice.test");
        clients.push(client);
    }
    let counters = server.counters();
    assert_eq!((counters.concurrent_peak, counters.handshakes), (2, 2));
    for mut client in clients {
        client.write_all(b"NOOP\r\n").await.unwrap();
        let error = client.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
