//! Relays made by hand, on loopback: each says what its script says.

use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

const EHLO: (&str, &str) = ("EHLO [127.0.0.1]", "250-relay.test\r\n250 AUTH PLAIN LOGIN\r\n");
const MAIL: (&str, &str) = ("MAIL FROM:<from@audit.test>", "250 2.1.0 ok\r\n");
const RCPT: (&str, &str) = ("RCPT TO:<a@example.test>", "250 2.1.5 ok\r\n");
const REFUSED: (&str, &str) =
    ("RCPT TO:<b@example.test>", "550-5.1.1 no\r\n550 5.1.1 such user\r\n");
const DATA: (&str, &str) = ("DATA", "354 go on\r\n");
const DOT: (&str, &str) = (".", "250 2.0.0 queued as 1\r\n");
const QUIT: (&str, &str) = ("QUIT", "221 bye\r\n");

/// The words of a relay: its greeting, and what it answers to each line.
type Script = Vec<(&'static str, &'static str)>;

fn certificate(name: &str) -> (CertifiedKey<KeyPair>, Roots) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let roots = Roots::of_pem(made.cert.pem().as_bytes()).unwrap();
    (made, roots)
}

fn acceptor(made: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![made.cert.der().clone()], key)
    .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Plays a script; the last line that it knows ends it.
async fn play(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    greeting: &str,
    script: &Script,
    heard: &Mutex<Vec<String>>,
) {
    let mut stream = BufReader::new(stream);
    stream.write_all(greeting.as_bytes()).await.unwrap();
    let mut answers = script.iter();
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
        let said = std::mem::take(&mut line).trim_end().to_owned();
        let answer = answers.clone().next().filter(|(want, _)| said.starts_with(want));
        heard.lock().unwrap().push(said);
        if let Some((_, reply)) = answer {
            answers.next();
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    }
}

enum Before {
    Nothing,
    Tls,
    /// What is said in the clear, and then TLS.
    Clear(Script),
}

struct Peer {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    async fn start(before: Before, tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        let greeting = "220 relay.test ESMTP\r\n";
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            match (before, tls) {
                (Before::Tls, Some(tls)) => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    play(stream, greeting, &script, &told).await;
                }
                (Before::Clear(clear), Some(tls)) => {
                    let stream = in_clear(stream, &clear, &told).await;
                    let Ok(stream) = tls.accept(stream).await else { return };
                    play(stream, "", &script, &told).await;
                }
                _ => play(stream, greeting, &script, &told).await,
            }
        });
        Self { port, heard }
    }

    fn relay(&self, security: Security, roots: Roots) -> Relay {
        let host = if security == Security::Clear { "127.0.0.1" } else { "localhost" };
        let (port, user, account) = (self.port, None, None);
        Relay { host: host.into(), port, security, user, account, roots }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Says a script before TLS, without reading a byte further than its last line.
async fn in_clear(mut stream: TcpStream, script: &Script, heard: &Mutex<Vec<String>>) -> TcpStream {
    use tokio::io::AsyncReadExt as _;
    stream.write_all(b"220 relay.test ESMTP\r\n").await.unwrap();
    for (want, reply) in script {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.unwrap());
        }
        let line = String::from_utf8(line).unwrap().trim_end().to_owned();
        assert!(line.starts_with(want), "{line}");
        heard.lock().unwrap().push(line);
        stream.write_all(reply.as_bytes()).await.unwrap();
    }
    stream
}

async fn send(relay: &Relay, to: &[&str]) -> Result<Taken, SubmitError> {
    let to: Vec<Address> = to.iter().map(|address| address.parse().unwrap()).collect();
    let message = b"Subject: x\r\n\r\n.dot\r\nend\r\n";
    submit(relay, &"from@audit.test".parse().unwrap(), &to, message).await
}

async fn in_the_clear(script: Script, to: &[&str]) -> (Result<Taken, SubmitError>, Vec<String>) {
    let peer = Peer::start(Before::Nothing, None, script).await;
    let sent = send(&peer.relay(Security::Clear, certificate("localhost").1), to).await;
    (sent, peer.heard())
}

#[tokio::test]
async fn a_mail_is_taken_inside_tls() {
    let (made, roots) = certificate("localhost");
    let script = vec![EHLO, MAIL, RCPT, DATA, DOT, QUIT];
    let peer = Peer::start(Before::Tls, Some(acceptor(&made)), script).await;
    let taken = send(&peer.relay(Security::Tls, roots), &["a@example.test"]).await.unwrap();
    assert_eq!(taken, Taken { reply: "250 2.0.0 queued as 1".into(), refused: Vec::new() });
    let heard = peer.heard();
    let body = heard.iter().position(|line| line == "Subject: x").unwrap();
    assert_eq!(heard[body..body + 5], ["Subject: x", "", "..dot", "end", ""], "{heard:?}");
}

#[tokio::test]
async fn a_certificate_has_to_be_the_relays() {
    let (made, _) = certificate("localhost");
    let (other_name, other_roots) = certificate("relay.test");
    for (made, roots, what) in [
        (&made, &other_roots, "invalid peer certificate: "),
        (&other_name, &other_roots, "not valid for name"),
    ] {
        let peer = Peer::start(Before::Tls, Some(acceptor(made)), vec![EHLO]).await;
        let error = send(&peer.relay(Security::Tls, roots.clone()), &["a@example.test"]).await;
        let error = error.unwrap_err();
        assert!(matches!(error, SubmitError::Tls { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(peer.heard(), [""; 0], "nothing was said");
    }
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_it_from_the_others() {
    let to = ["b@example.test", "a@example.test"];
    let (sent, heard) = in_the_clear(vec![EHLO, MAIL, REFUSED, RCPT, DATA, DOT, QUIT], &to).await;
    let taken = sent.unwrap();
    let said = "550 5.1.1 no such user".to_owned();
    assert_eq!(taken.refused, [("b@example.test".parse().unwrap(), said)]);
    assert!(heard.contains(&"..dot".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn nobody_gets_it_and_the_relay_is_quoted() {
    let (sent, heard) = in_the_clear(vec![EHLO, MAIL, REFUSED, QUIT], &["b@example.test"]).await;
    let error = sent.unwrap_err();
    assert!(matches!(error, SubmitError::Refused { .. }), "{error}");
    assert!(error.to_string().ends_with("b@example.test: 550 5.1.1 no such user"), "{error}");
    assert!(!heard.contains(&"DATA".to_owned()), "{heard:?}");
    let full = (".", "452 4.3.1 the disk is full\r\n");
    let (sent, _) = in_the_clear(vec![EHLO, MAIL, RCPT, DATA, full], &["a@example.test"]).await;
    let error = sent.unwrap_err().to_string();
    assert!(error.ends_with(" answers the mail: 452 4.3.1 the disk is full"), "{error}");
}

#[tokio::test]
async fn a_relay_that_repeats_the_password_does_not_get_it_told() {
    let failed = ("AUTH PLAIN ", "535 5.7.8 no, s3cret is wrong\r\n");
    let peer = Peer::start(Before::Nothing, None, vec![EHLO, failed, QUIT]).await;
    let mut relay = peer.relay(Security::Clear, certificate("localhost").1);
    relay.account = Some(Account { username: "u".into(), password: "s3cret".into() });
    let error = send(&relay, &["a@example.test"]).await.unwrap_err().to_string();
    assert!(error.ends_with("answers the login: 535 5.7.8 no, *** is wrong"), "{error}");
    assert!(!format!("{relay:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_login_that_is_wanted_is_not_left_out() {
    let none = ("EHLO", "250 relay.test\r\n");
    let peer = Peer::start(Before::Nothing, None, vec![none, MAIL]).await;
    let mut relay = peer.relay(Security::Clear, certificate("localhost").1);
    relay.account = Some(Account { username: "u".into(), password: "s3cret".into() });
    let error = send(&relay, &["a@example.test"]).await.unwrap_err();
    assert!(matches!(error, SubmitError::NoLogin { .. }), "{error}");
    assert!(!peer.heard().iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_relay_that_does_not_stop_talking_is_left() {
    let endless: &'static str =
        Box::leak(format!("250-{}\r\n", "x".repeat(60)).repeat(20_000).into());
    let (sent, _) = in_the_clear(vec![("EHLO", endless)], &["a@example.test"]).await;
    assert!(matches!(sent.unwrap_err(), SubmitError::Answer { .. }));
    let one_line: &'static str = Box::leak("2".repeat(3 << 20).into());
    let (sent, _) = in_the_clear(vec![("EHLO", one_line)], &["a@example.test"]).await;
    let error = sent.unwrap_err().to_string();
    assert!(error.contains("does not stop talking"), "{error}");
}

fn clear(after: &'static str) -> Before {
    Before::Clear(vec![("EHLO", "250-relay.test\r\n250 STARTTLS\r\n"), ("STARTTLS", after)])
}

#[tokio::test]
async fn starttls_begins_anew() {
    let (made, roots) = certificate("localhost");
    let script = vec![EHLO, MAIL, RCPT, DATA, DOT, QUIT];
    let peer = Peer::start(clear("220 go\r\n"), Some(acceptor(&made)), script).await;
    let taken = send(&peer.relay(Security::StartTls, roots), &["a@example.test"]).await.unwrap();
    assert_eq!(taken.reply, "250 2.0.0 queued as 1");
    let told = peer.heard();
    assert_eq!(told[..4], ["EHLO [127.0.0.1]", "STARTTLS", "EHLO [127.0.0.1]", MAIL.0], "{told:?}");
}

/// What a stranger puts behind the reply to STARTTLS is never taken for the relay's words.
#[tokio::test]
async fn words_in_the_clear_behind_starttls_end_it() {
    let (made, roots) = certificate("localhost");
    let injected = "220 go\r\n250-evil.test\r\n250 AUTH PLAIN\r\n";
    let peer = Peer::start(clear(injected), Some(acceptor(&made)), vec![EHLO, MAIL]).await;
    let error = send(&peer.relay(Security::StartTls, roots), &["a@example.test"]).await;
    let error = error.unwrap_err();
    assert!(matches!(error, SubmitError::Injected { .. }), "{error}");
    assert_eq!(peer.heard(), ["EHLO [127.0.0.1]", "STARTTLS"]);
}

#[tokio::test]
async fn nothing_is_sent_where_starttls_is_not_to_be_had() {
    let (_, roots) = certificate("localhost");
    let stripped = vec![("EHLO", "250-relay.test\r\n250 AUTH PLAIN\r\n")];
    let refused =
        vec![("EHLO", "250-relay.test\r\n250 STARTTLS\r\n"), ("STARTTLS", "454 4.7.0 later\r\n")];
    for (script, want) in [(stripped, "STARTTLS is not offered"), (refused, "454 4.7.0 later")] {
        let peer = Peer::start(Before::Nothing, None, script).await;
        let relay = peer.relay(Security::StartTls, roots.clone());
        let error = send(&relay, &["a@example.test"]).await.unwrap_err();
        assert!(matches!(error, SubmitError::NoStartTls { .. }), "{error}");
        assert!(error.to_string().ends_with(want), "{error}");
        assert!(!peer.heard().iter().any(|line| line.starts_with("MAIL")));
    }
}

#[test]
fn urls_say_how_the_relay_is_reached() {
    let (_, roots) = certificate("localhost");
    let read = |text: &str| {
        let relay = Relay::parse(text, roots.clone())?;
        Ok((relay.to_string(), relay.security, relay.user))
    };
    let of = |relay: &str, security, user: Option<&str>| {
        Ok((relay.to_owned(), security, user.map(str::to_owned)))
    };
    let table = [
        ("smtps://mail.example.org", of("mail.example.org:465", Security::Tls, None)),
        (
            "smtps://me@Mail.example.org:10465/",
            of("mail.example.org:10465", Security::Tls, Some("me")),
        ),
        ("smtps://me%40example.org@h", of("h:465", Security::Tls, Some("me@example.org"))),
        ("smtps://me@example.org@h", of("h:465", Security::Tls, Some("me@example.org"))),
        ("smtp://h?tls=required", of("h:587", Security::StartTls, None)),
        ("smtp://[::1]?tls=none", of("[::1]:25", Security::Clear, None)),
        ("smtp://localhost:2525?tls=none", of("localhost:2525", Security::Clear, None)),
        ("smtp://127.0.0.9?tls=none", of("127.0.0.9:25", Security::Clear, None)),
        ("smtp://mail.example.org?tls=none", Err(RelayError::ClearElsewhere)),
        ("smtp://192.0.2.1?tls=none", Err(RelayError::ClearElsewhere)),
        ("smtp://localhost.example.org?tls=none", Err(RelayError::ClearElsewhere)),
        ("smtp://mail.example.org", Err(RelayError::Unprotected)),
        ("smtp://127.0.0.1", Err(RelayError::Unprotected)),
        ("smtp://h?tls=maybe", Err(RelayError::Query)),
        ("smtps://h?x", Err(RelayError::Query)),
        ("smtps://h?tls=none", Err(RelayError::Twice)),
        ("smtps://me:s3cret@h", Err(RelayError::Password)),
        ("smtp://me:s3cret@h", Err(RelayError::Password)),
        ("https://me:s3cret@h", Err(RelayError::Password)),
        ("https://h", Err(RelayError::Scheme)),
        ("mail.example.org", Err(RelayError::NoUrl)),
        ("smtps://", Err(RelayError::NoHost)),
        ("smtps://h:99999", Err(RelayError::NoUrl)),
        ("smtps://h:0", Err(RelayError::Port)),
        ("smtps://h/mail", Err(RelayError::Path)),
        ("smtps://h#x", Err(RelayError::Path)),
        ("smtps://a%00b@h", Err(RelayError::User)),
        ("smtps://a%ffb@h", Err(RelayError::User)),
    ];
    for (text, want) in table {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn a_file_of_roots_holds_some() {
    assert!(matches!(Roots::of_pem(b"nothing"), Err(RootsError::Empty)));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(Roots::of_pem(broken), Err(RootsError::Broken { number: 1, .. })));
}
