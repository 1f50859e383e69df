//! Whole sessions: each behaviour says what it should.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

mod extension;
mod relay;
mod secure;
mod server;
mod session;

/// A forward-path that no server of these tests is the last hop of.
const FOREIGN: &str = "<u@far.test>";

/// Serves `behaviour` over one end of a duplex stream and gives the other end.
fn connect(behaviour: Behaviour) -> (DuplexStream, Arc<Ledger>) {
    let (client, stream) = duplex(1 << 16);
    let ledger = Arc::new(Ledger::default());
    let shared = Arc::clone(&ledger);
    tokio::spawn(async move { converse(&behaviour, stream, &shared).await });
    (client, ledger)
}

/// Sends all lines at once, ends the input, and gives the reply lines.
async fn talk(behaviour: &Behaviour, lines: &[&str]) -> Vec<String> {
    let (mut client, _) = connect(behaviour.clone());
    let input: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    client.write_all(input.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut output = String::new();
    client.read_to_string(&mut output).await.unwrap();
    output.split_terminator("\r\n").map(String::from).collect()
}

/// The reply to one RCPT in a fresh session.
async fn rcpt(behaviour: &Behaviour, helo: &str, from: &str, to: &str) -> String {
    let (helo, from, to) =
        (format!("HELO {helo}"), format!("MAIL FROM:{from}"), format!("RCPT TO:{to}"));
    talk(behaviour, &[&helo, &from, &to]).await.pop().unwrap()
}

/// Asks for each forward-path on its own and says which are accepted.
async fn accepted<'a>(behaviour: &Behaviour, from: &str, paths: &[&'a str]) -> Vec<&'a str> {
    let mut taken = Vec::new();
    for path in paths {
        if rcpt(behaviour, "probe.test", from, path).await.starts_with("250 ") {
            taken.push(*path);
        }
    }
    taken
}

fn practice(relay: RelayPolicy) -> Behaviour {
    let own_addresses = vec![IpAddr::from([192, 0, 2, 1])];
    Behaviour { relay, own_addresses, name: "mx.practice.test".into(), ..Behaviour::closed() }
}
