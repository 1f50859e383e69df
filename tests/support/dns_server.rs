//! A name server on loopback that answers from a zone text, over UDP and TCP.
//!
//! It answers like a recursive server: aliases that lead on within the zone are part of the answer. An answer that is
//! larger than the asking side takes over UDP is sent empty and marked as truncated.
//!
//! Include it into an integration test with `#[path = "support/dns_server.rs"] mod dns_server;`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::{Edns, Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use mxaudit::dns::{MAX_ALIASES, RecordKind, ZoneAnswer, ZoneFile, ZoneRecord};
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// How much an answer says about a name that is an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every test that includes this file chooses")]
pub(crate) enum Aliases {
    /// The whole chain and what stands at its end, as a recursive server answers.
    Followed,
    /// The first alias only; the asking side follows it.
    OneByOne,
}

/// A running server; it stops when this is dropped.
pub(crate) struct DnsServer {
    address: SocketAddr,
    asked: Asked,
    _tasks: JoinSet<()>,
}

/// The questions that came in, as `udp example.test MX`, in the order of their arrival.
type Asked = Arc<Mutex<Vec<String>>>;

impl DnsServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub(crate) async fn start(zone: ZoneFile, aliases: Aliases) -> io::Result<Self> {
        let (udp, tcp) = bind().await?;
        let address = udp.local_addr()?;
        let (zone, asked) = (Arc::new(Zone { file: zone, aliases }), Asked::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, zone.clone(), asked.clone()));
        tasks.spawn(serve_tcp(tcp, zone, asked.clone()));
        Ok(Self { address, asked, _tasks: tasks })
    }

    /// Starts a server that answers from a zone text; panics when the text is not valid or no port is free.
    pub(crate) async fn with_zone(text: &str) -> Self {
        let zone = ZoneFile::parse(text).expect("a valid zone text");
        Self::start(zone, Aliases::Followed).await.expect("a free port on loopback")
    }

    /// The address of the server, the same for UDP and TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The questions that came in so far, as `udp example.test MX`. A question can be sent more than once.
    #[allow(dead_code, reason = "not every test that includes this file counts questions")]
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is served, and how.
struct Zone {
    file: ZoneFile,
    aliases: Aliases,
}

/// Finds a port that is free for both protocols.
async fn bind() -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < 20 => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn serve_udp(socket: UdpSocket, zone: Arc<Zone>, asked: Asked) {
    let mut buffer = [0; 4096];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { continue };
        let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
        note(&asked, "udp", &query);
        let Some(answer) = answer(&zone, &query) else { continue };
        let Ok(mut bytes) = answer.to_vec() else { continue };
        if bytes.len() > usize::from(query.max_payload()) {
            let Ok(short) = answer.truncate().to_vec() else { continue };
            bytes = short;
        }
        let _ = socket.send_to(&bytes, peer).await;
    }
}

async fn serve_tcp(listener: TcpListener, zone: Arc<Zone>, asked: Asked) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (zone, asked) = (zone.clone(), asked.clone());
        connections.spawn(async move {
            // The other side closes when it has what it wants.
            let _ = serve_connection(stream, &zone, &asked).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(mut stream: TcpStream, zone: &Zone, asked: &Asked) -> io::Result<()> {
    loop {
        let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut bytes).await?;
        let query = Message::from_vec(&bytes).map_err(io::Error::other)?;
        note(asked, "tcp", &query);
        if let Some(answer) = answer(zone, &query) {
            let bytes = answer.to_vec().map_err(io::Error::other)?;
            stream.write_u16(u16::try_from(bytes.len()).map_err(io::Error::other)?).await?;
            stream.write_all(&bytes).await?;
        }
    }
}

fn note(asked: &Asked, protocol: &str, query: &Message) {
    for question in &query.queries {
        let name = question.name().to_lowercase().to_ascii();
        let line = format!("{protocol} {} {}", name.trim_end_matches('.'), question.query_type());
        asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// The answer to a query, none when the zone says that none comes.
fn answer(zone: &Zone, query: &Message) -> Option<Message> {
    let question = query.queries.first()?;
    let mut answer = Message::response(query.metadata.id, OpCode::Query);
    answer.metadata.recursion_desired = query.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.add_query(question.clone());
    if query.edns.is_some() {
        answer.set_edns(Edns::new());
    }
    let mut owner = question.name().clone();
    for _ in 0..=MAX_ALIASES {
        let name = owner.to_ascii();
        let found = match question.query_type() {
            RecordType::A => zone.file.lookup(&name, RecordKind::A),
            RecordType::AAAA => zone.file.lookup(&name, RecordKind::Aaaa),
            RecordType::MX => zone.file.lookup(&name, RecordKind::Mx),
            RecordType::CNAME => zone.file.lookup(&name, RecordKind::Cname),
            _ if zone.file.contains(&name) => ZoneAnswer::NoData,
            _ => ZoneAnswer::NoSuchName,
        };
        let code = match found {
            ZoneAnswer::Records(records) => {
                for record in records {
                    answer.add_answer(Record::from_rdata(owner.clone(), 300, data(record)?));
                }
                return Some(answer);
            }
            ZoneAnswer::Alias(target) => {
                let target = absolute(target)?;
                let alias = RData::CNAME(CNAME(target.clone()));
                answer.add_answer(Record::from_rdata(owner, 300, alias));
                if zone.aliases == Aliases::OneByOne {
                    return Some(answer);
                }
                owner = target;
                continue;
            }
            ZoneAnswer::NoData => ResponseCode::NoError,
            ZoneAnswer::NoSuchName => ResponseCode::NXDomain,
            ZoneAnswer::ServerFailure => ResponseCode::ServFail,
            ZoneAnswer::Refused => ResponseCode::Refused,
            ZoneAnswer::Timeout => return None,
        };
        answer.metadata.response_code = code;
        if matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
            answer.add_authority(start_of_authority(&owner));
        }
        return Some(answer);
    }
    // The aliases do not end: they are all there is to say.
    Some(answer)
}

fn data(record: &ZoneRecord) -> Option<RData> {
    Some(match record {
        ZoneRecord::A(address) => RData::A(A(*address)),
        ZoneRecord::Aaaa(address) => RData::AAAA(AAAA(*address)),
        ZoneRecord::Cname(target) => RData::CNAME(CNAME(absolute(target)?)),
        ZoneRecord::Mx(mx) => RData::MX(MX::new(mx.preference, absolute(&mx.exchange)?)),
        _ => return None,
    })
}

fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{name}.")).ok()
}

/// The record that marks a negative answer as one: it is of the zone above the name.
fn start_of_authority(name: &Name) -> Record {
    let zone = name.base_name();
    let soa = SOA::new(zone.clone(), zone.clone(), 1, 3600, 600, 86400, 60);
    Record::from_rdata(zone, 60, RData::SOA(soa))
}
