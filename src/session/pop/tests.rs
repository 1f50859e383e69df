use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::DuplexStream;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::session::Secret;

const PASSWORD: &str = "Kx7-sesame-9q";

fn account() -> Credentials {
    let password = Secret::new(PASSWORD.into());
    Credentials { username: "jane".into(), password, mechanism: None, address: None }
}

fn pair() -> (PopSession, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let connection = Connection { stream: Box::new(ours), local: nowhere, peer: nowhere };
    let deadlines =
        Deadlines { greeting: Duration::from_secs(300), reply: Duration::from_secs(60) };
    (PopSession::new(connection, deadlines), theirs)
}

/// Says the greeting, answers each line with the next text, and then closes; returns what it heard.
async fn serve(mut peer: impl Stream, answers: &[&[u8]]) -> String {
    let mut heard = Vec::new();
    for answer in answers {
        peer.write_all(answer).await.unwrap();
        peer.flush().await.unwrap();
        let before = heard.len();
        while !heard[before..].ends_with(b"\n") {
            if peer.read_buf(&mut heard).await.unwrap_or(0) == 0 {
                return String::from_utf8(heard).unwrap();
            }
        }
    }
    String::from_utf8(heard).unwrap()
}

/// How a login ends, what was recorded, and what the server heard.
async fn logged_in(tls: PopTls, answers: &'static [&'static [u8]]) -> (PopEnd, String, String) {
    let (mut session, peer) = pair();
    let server = tokio::spawn(serve(peer, answers));
    let end = session.log_in(&account(), tls, None).await;
    session.quit().await;
    let said = format!("{:?}", session.exchanges());
    drop(session);
    (end, said, server.await.unwrap())
}

const CLEAR: &str = "STLS\r\nUSER jane\r\nPASS Kx7-sesame-9q\r\nQUIT\r\n";

#[tokio::test(start_paused = true)]
async fn in_the_clear_only_where_the_user_says_so() {
    const NO_TLS: &[&[u8]] = &[
        b"+OK POP3 ready\r\n",
        b"-ERR unknown command\r\n",
        b"+OK\r\n",
        b"+OK Logged in, Kx7-sesame-9q.\r\n",
        b"+OK bye\r\n",
    ];
    let (end, said, heard) = logged_in(PopTls::StlsOrClear, NO_TLS).await;
    assert_eq!((end, heard.as_str()), (PopEnd::LoggedIn, CLEAR));
    assert!(said.contains("PASS ***") && said.contains("USER ***"), "{said}");
    assert!(said.contains("Logged in, ***.") && !said.contains(PASSWORD), "{said}");
    let (end, _, heard) = logged_in(PopTls::Stls, NO_TLS).await;
    assert_eq!((end, heard.as_str()), (PopEnd::NoTls, "STLS\r\nQUIT\r\n"));
}

#[tokio::test(start_paused = true)]
async fn what_a_server_may_say() {
    let ok: &[u8] = b"+OK\r\n";
    let no: &[u8] = b"-ERR\r\n";
    let table: [(&'static [&'static [u8]], PopEnd, &str); 9] = [
        (Box::leak(Box::new([no])), PopEnd::NoGreeting, "QUIT\r\n"),
        (&[b"220 mx ESMTP\r\n"], PopEnd::NoGreeting, ""),
        (&[b"+OKAY\r\n"], PopEnd::NoGreeting, ""),
        (&[], PopEnd::NoGreeting, ""),
        (Box::leak(Box::new([ok, no, no])), PopEnd::Refused, "STLS\r\nUSER jane\r\nQUIT\r\n"),
        (
            Box::leak(Box::new([ok, no, ok, b"-ERR [AUTH] Kx7-sesame-9q is wrong\r\n"])),
            PopEnd::Refused,
            CLEAR,
        ),
        (Box::leak(Box::new([ok])), PopEnd::Lost, "STLS\r\n"),
        (
            Box::leak(Box::new([ok, no, ok, b"yes\r\n"])),
            PopEnd::Lost,
            "STLS\r\nUSER jane\r\nPASS Kx7-sesame-9q\r\n",
        ),
        // A line that nobody asked for: which answer is whose?
        (Box::leak(Box::new([ok, b"-ERR\r\n+OK injected\r\n"])), PopEnd::Lost, "STLS\r\n"),
    ];
    for (answers, want, heard) in table {
        let (end, said, got) = logged_in(PopTls::StlsOrClear, answers).await;
        assert_eq!((end, got.as_str()), (want, heard), "{answers:?}: {said}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn endless_lines_and_silence_end() {
    let (mut session, mut peer) = pair();
    peer.write_all(&[b'+'; 5000]).await.unwrap();
    assert_eq!(session.log_in(&account(), PopTls::Stls, None).await, PopEnd::NoGreeting);
    let PopAnswer::NotPop(line) = &session.exchanges()[0].answer else { panic!("no fault") };
    assert_eq!(line.as_bytes().len(), EXCERPT);

    let (mut session, _peer) = pair();
    let start = Instant::now();
    assert_eq!(session.log_in(&account(), PopTls::Stls, None).await, PopEnd::NoGreeting);
    assert_eq!(start.elapsed().as_secs(), 300);
    session.quit().await;
    assert_eq!(session.exchanges().len(), 1, "nothing is said to the silent");
}

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["pop.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn inside_tls_at_once_or_by_stls() {
    const INSIDE: &[&[u8]] = &[b"+OK\r\n", b"+OK\r\n", b"+OK\r\n"];
    for at_once in [true, false] {
        let (mut session, mut peer) = pair();
        let server = tokio::spawn(async move {
            let mut heard = String::new();
            if !at_once {
                peer.write_all(b"+OK ready\r\n").await.unwrap();
                let mut line = [0; 6];
                peer.read_exact(&mut line).await.unwrap();
                heard = String::from_utf8(line.to_vec()).unwrap();
                peer.write_all(b"+OK go\r\n").await.unwrap();
            }
            let mut inside = acceptor().accept(peer).await.unwrap();
            if at_once {
                inside.write_all(b"+OK ready\r\n").await.unwrap();
            }
            let mut first = Vec::new();
            while !first.ends_with(b"\n") {
                inside.read_buf(&mut first).await.unwrap();
            }
            heard.push_str(&String::from_utf8(first).unwrap());
            heard + &serve(inside, INSIDE).await
        });
        let tls = if at_once { PopTls::AtOnce } else { PopTls::Stls };
        assert_eq!(session.log_in(&account(), tls, Some("pop.test")).await, PopEnd::LoggedIn);
        session.quit().await;
        let password = session.exchanges().iter().find(|e| e.sent.as_bytes() == b"PASS ***");
        assert!(password.is_some_and(|exchange| exchange.tls), "{:?}", session.exchanges());
        assert!(session.tls().is_some() && session.password_sent().is_some());
        drop(session);
        let heard = server.await.unwrap();
        let want = if at_once { CLEAR.strip_prefix("STLS\r\n").unwrap() } else { CLEAR };
        assert_eq!(heard, want);
    }
}

/// What comes in the clear behind the answer to STLS is not read inside, and there is no login.
#[tokio::test(start_paused = true)]
async fn nothing_said_before_tls_counts_inside() {
    let (end, said, heard) =
        logged_in(PopTls::StlsOrClear, &[b"+OK\r\n", b"+OK go\r\n+OK injected\r\n"]).await;
    assert_eq!((end, heard.as_str()), (PopEnd::NoTls, "STLS\r\n"), "{said}");
    assert!(said.contains("+OK injected"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_line_break_is_never_sent() {
    let (mut session, peer) = pair();
    let server = tokio::spawn(serve(peer, &[b"+OK\r\n", b"-ERR\r\n", b"+OK\r\n"]));
    let account = Credentials { username: "jane\r\nDELE 1".into(), ..account() };
    assert_eq!(session.log_in(&account, PopTls::StlsOrClear, None).await, PopEnd::Refused);
    drop(session);
    assert_eq!(server.await.unwrap(), "STLS\r\n");
}
