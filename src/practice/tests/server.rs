//! The server on a socket.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpStream;

use super::*;

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

#[tokio::test]
async fn a_server_listens_counts_and_stops() {
    let server = PracticeServer::start(Behaviour::closed(), loopback()).await.unwrap();
    let address = server.address();
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    let mut greeting = [0; 5];
    second.read_exact(&mut greeting).await.unwrap();
    first.write_all(b"MAIL FROM:<>\r\nRCPT TO:<user@[127.0.0.1]>\r\nQUIT\r\n").await.unwrap();
    let mut output = String::new();
    first.read_to_string(&mut output).await.unwrap();
    assert!(output.ends_with("250 2.1.5 Ok\r\n221 2.0.0 Bye\r\n"), "{output}");
    let counters = server.counters();
    assert_eq!((counters.connections, counters.concurrent_peak, counters.quits), (2, 2, 1));
    assert_eq!(server.envelopes().len(), 1);
    drop(server);
    // The open session ends too, whether by FIN or by reset.
    let mut rest = Vec::new();
    let _ = second.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let behaviour = Behaviour { delivery: Delivery::ResetAfter(1), ..Behaviour::closed() };
    let server = PracticeServer::start(behaviour, loopback()).await.unwrap();
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    client.write_all(b"HELO a\r\n").await.unwrap();
    let mut said = Vec::new();
    while said.iter().filter(|byte| **byte == b'\n').count() < 2 {
        assert_ne!(client.read_buf(&mut said).await.unwrap(), 0);
    }
    client.write_all(b"NOOP\r\n").await.unwrap();
    let error = client.read_to_end(&mut said).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
