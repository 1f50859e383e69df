//! SCRAM-SHA-256 (RFC 5802, RFC 7677) against a server of our own making.

use data_encoding::BASE64;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

use super::*;

/// What the server does after the client's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its own proof, then 235.
    Sound,
    /// A proof of another password.
    WrongProof,
    /// 235 at once.
    NoProof,
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn encoded(text: &[u8]) -> String {
    BASE64.encode(text)
}

async fn line(peer: &mut BufReader<DuplexStream>) -> String {
    let mut line = String::new();
    peer.read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}

async fn say(peer: &mut BufReader<DuplexStream>, text: &str) {
    peer.write_all(format!("{text}\r\n").as_bytes()).await.unwrap();
}

fn decoded(line: &str) -> String {
    String::from_utf8(BASE64.decode(line.as_bytes()).unwrap()).unwrap()
}

async fn scram_server(peer: DuplexStream, password: &str, end: End) {
    let mut peer = BufReader::new(peer);
    let first = line(&mut peer).await;
    let client_first = decoded(first.strip_prefix("AUTH SCRAM-SHA-256 ").unwrap());
    let bare = client_first.strip_prefix("n,,").unwrap();
    let nonce = bare.strip_prefix("n=jane,r=").unwrap();
    let salt = b"salt of the test";
    let server_first = format!("r={nonce}more,s={},i=4096", encoded(salt));
    say(&mut peer, &format!("334 {}", encoded(server_first.as_bytes()))).await;
    let client_final = decoded(&line(&mut peer).await);
    let (without, proof) = client_final.rsplit_once(",p=").unwrap();
    let mut salted = [0; 32];
    pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), salt, 4096, &mut salted).unwrap();
    let stored = Sha256::digest(mac(&salted, b"Client Key"));
    let message = format!("{bare},{server_first},{without}");
    let signature = mac(&stored, message.as_bytes());
    let proof = BASE64.decode(proof.as_bytes()).unwrap();
    let key: Vec<_> = proof.iter().zip(&signature).map(|(one, other)| one ^ other).collect();
    if Sha256::digest(&key) != stored {
        return say(&mut peer, "535 5.7.8 Error: authentication failed").await;
    }
    if end == End::NoProof {
        return say(&mut peer, "235 2.7.0 ok").await;
    }
    let mut proof = mac(&mac(&salted, b"Server Key"), message.as_bytes());
    if end == End::WrongProof {
        proof[0] ^= 1;
    }
    let server_final = format!("v={}", encoded(&proof));
    say(&mut peer, &format!("334 {}", encoded(server_final.as_bytes()))).await;
    let reply = if line(&mut peer).await.is_empty() { "235 2.7.0 ok" } else { "501 given up" };
    say(&mut peer, reply).await;
}

async fn log_in(password: &'static str, end: End) -> (Login, Vec<Exchange>) {
    let (mut session, peer) = pair();
    let server = tokio::spawn(scram_server(peer, password, end));
    let account = Credentials {
        username: "jane".into(),
        password: Secret::new("pencil".into()),
        mechanism: None,
        address: None,
    };
    let ended = session.log_in(&account, Mechanism::ScramSha256).await;
    server.await.unwrap();
    ended
}

#[tokio::test]
async fn both_sides_prove_that_they_know_the_password() {
    let cases = [
        ("pencil", End::Sound, Login::Done, "235"),
        ("another", End::Sound, Login::Refused, "535"),
        ("pencil", End::WrongProof, Login::Refused, "501"),
        ("pencil", End::NoProof, Login::Refused, "235"),
    ];
    for (password, end, want, last) in cases {
        let (login, exchanges) = log_in(password, end).await;
        assert_eq!(login, want, "{password} {end:?}");
        let code = exchanges.last().unwrap().answer.reply().unwrap().code();
        assert_eq!(code.to_string(), last, "{password} {end:?}");
        // Nothing is kept that the password could be guessed from.
        for (at, exchange) in exchanges.iter().enumerate() {
            let sent = if at == 0 { "AUTH SCRAM-SHA-256 ***" } else { "***" };
            assert_eq!((exchange.sent.to_string().as_str(), exchange.phase), (sent, Phase::Auth));
            let reply = exchange.answer.reply().unwrap();
            assert!(reply.code() != 334 || reply.text() == "***", "{reply}");
        }
    }
}

#[tokio::test]
async fn a_password_that_is_too_long_for_the_line_follows_it() {
    let (mut session, peer) = pair();
    let password = "p".repeat(600);
    let want = encoded(format!("\0jane\0{password}").as_bytes());
    let server = tokio::spawn(async move {
        let mut peer = BufReader::new(peer);
        assert_eq!(line(&mut peer).await, "AUTH PLAIN");
        say(&mut peer, "334 ").await;
        assert_eq!(line(&mut peer).await, want);
        say(&mut peer, "235 2.7.0 ok").await;
    });
    let password = Secret::new(password);
    let account = Credentials { username: "jane".into(), password, mechanism: None, address: None };
    let (login, exchanges) = session.log_in(&account, Mechanism::Plain).await;
    server.await.unwrap();
    assert_eq!((login, exchanges.len()), (Login::Done, 2));
}
