//! One question to one server, and the answer that fits it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::super::error::AnswerFault;
use crate::evidence::lookup::LookupAnswer;

/// The largest datagram that is taken; more than we say we take, for servers that do not heed it.
const LARGEST_DATAGRAM: usize = 4096;

/// Why there is no answer. In order: what says more about the question is greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The system could not send or receive; its words.
    Unreachable(String),
    /// Nothing came in time.
    Silent,
    /// What came is no answer to the question.
    Unreadable(AnswerFault),
}

impl Fault {
    pub(super) fn into_answer(self) -> LookupAnswer {
        match self {
            Self::Unreachable(words) => LookupAnswer::Unreachable(words),
            Self::Silent => LookupAnswer::Timeout,
            Self::Unreadable(why) => LookupAnswer::Malformed(why.to_string()),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

/// Asks over UDP.
///
/// The socket is connected, so that datagrams of others do not reach it and a closed port is told. A datagram with
/// another id may be a forgery that races the answer: it is passed over, and is what is reported if nothing better comes.
pub(super) async fn udp(
    server: SocketAddr,
    request: &Message,
    limit: Duration,
) -> Result<Message, Fault> {
    let bytes = encoded(request)?;
    let mut passed_over = None;
    let exchange = async {
        let any: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        socket.connect(server).await?;
        socket.send(&bytes).await?;
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        loop {
            let length = socket.recv(&mut buffer).await?;
            let datagram = buffer.get(..length).unwrap_or_default();
            if datagram.first_chunk::<2>() == Some(&request.metadata.id.to_be_bytes()) {
                return decoded(datagram, request).map_err(Fault::Unreadable);
            }
            passed_over = Some(Fault::Unreadable(AnswerFault::OtherId));
        }
    };
    match timeout(limit, exchange).await {
        Ok(ended) => ended,
        Err(_) => Err(passed_over.unwrap_or(Fault::Silent)),
    }
}

/// Asks over TCP.
pub(super) async fn tcp(
    server: SocketAddr,
    request: &Message,
    limit: Duration,
) -> Result<Message, Fault> {
    let bytes = encoded(request)?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        decoded(&answer, request).map_err(Fault::Unreadable)
    };
    timeout(limit, exchange).await.unwrap_or(Err(Fault::Silent))
}

fn encoded(request: &Message) -> Result<Vec<u8>, Fault> {
    Ok(request.to_vec().map_err(io::Error::other)?)
}

/// The message in these bytes, if it answers the request.
pub(super) fn decoded(bytes: &[u8], request: &Message) -> Result<Message, AnswerFault> {
    let answer = Message::from_vec(bytes).map_err(|_| AnswerFault::Undecodable)?;
    let head = &answer.metadata;
    if head.message_type != MessageType::Response || head.op_code != OpCode::Query {
        return Err(AnswerFault::NoAnswer);
    }
    if head.id != request.metadata.id {
        return Err(AnswerFault::OtherId);
    }
    // A server that fails may leave the question out.
    let left_out = answer.queries.is_empty()
        && answer.answers.is_empty()
        && !matches!(head.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    if answer.queries != request.queries && !left_out {
        return Err(AnswerFault::OtherQuestion);
    }
    Ok(answer)
}
