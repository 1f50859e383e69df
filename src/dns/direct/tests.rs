//! A server that misbehaves in every way, on loopback.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::A;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

use super::super::error::AnswerFault;
use super::*;
use crate::evidence::lookup::LookupKind;

/// What a server sends to one question: datagrams, or messages on a connection.
type Behave = fn(&Message, Over) -> Vec<Vec<u8>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Udp,
    Tcp,
}

struct Peer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Over>>>,
    _tasks: JoinSet<()>,
}

impl Peer {
    async fn start(behave: Behave) -> Self {
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Over>>> = Arc::default();
        let mut tasks = JoinSet::new();
        let log = asked.clone();
        tasks.spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (length, peer) = udp.recv_from(&mut buffer).await.unwrap();
                log.lock().unwrap().push(Over::Udp);
                let query = Message::from_vec(&buffer[..length]).unwrap();
                for datagram in behave(&query, Over::Udp) {
                    udp.send_to(&datagram, peer).await.unwrap();
                }
            }
        });
        let log = asked.clone();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                log.lock().unwrap().push(Over::Tcp);
                let mut bytes = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut bytes).await.unwrap();
                let query = Message::from_vec(&bytes).unwrap();
                for message in behave(&query, Over::Tcp) {
                    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
                    stream.write_all(&[&length, message.as_slice()].concat()).await.unwrap();
                }
            }
        });
        Self { address, asked, _tasks: tasks }
    }

    fn asked(&self) -> Vec<Over> {
        self.asked.lock().unwrap().clone()
    }
}

/// Long enough for a busy machine; only what is never answered waits for it.
const PATIENT: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(250);

fn limits(timeout: Duration) -> QueryLimits {
    QueryLimits { timeout, attempts: NonZeroU8::MIN.saturating_add(1) }
}
fn resolver(servers: &[SocketAddr], timeout: Duration) -> DirectResolver {
    DirectResolver::with_servers(servers.to_vec(), limits(timeout)).unwrap()
}
fn question(name: &str) -> Question {
    Question::new(name, LookupKind::A).unwrap()
}
async fn ask(behave: Behave, timeout: Duration) -> (LookupAnswer, Vec<Over>) {
    let peer = Peer::start(behave).await;
    let answer = resolver(&[peer.address], timeout).lookup(&question("2.0.0.127.bl.test")).await;
    (answer, peer.asked())
}

/// A good answer with one code.
fn listed(query: &Message) -> Message {
    let mut answer = Message::response(query.metadata.id, OpCode::Query);
    answer.add_queries(query.queries.clone());
    let data = RData::A(A::new(127, 0, 0, 2));
    answer.add_answer(Record::from_rdata(query.queries[0].name().clone(), 60, data));
    answer
}
fn changed(query: &Message, change: fn(&mut Message)) -> Vec<u8> {
    let mut answer = listed(query);
    change(&mut answer);
    answer.to_vec().unwrap()
}
fn code() -> LookupAnswer {
    LookupAnswer::Addresses(vec![Ipv4Addr::new(127, 0, 0, 2)])
}
fn malformed(why: AnswerFault) -> LookupAnswer {
    LookupAnswer::Malformed(why.to_string())
}

#[tokio::test]
async fn an_answer_is_taken_at_once_and_holds_for_its_time() {
    let peer = Peer::start(|query, _| vec![changed(query, |_| {})]).await;
    let resolver = resolver(&[peer.address], PATIENT);
    let told = resolver.timed_lookup(&question("2.0.0.127.bl.test")).await;
    assert_eq!(told, TimedAnswer { answer: code(), holds: Some(Duration::from_secs(60)) });
    assert_eq!(peer.asked(), [Over::Udp]);
}

#[tokio::test]
async fn no_name_is_answered_without_the_server() {
    let peer = Peer::start(|query, _| vec![changed(query, |_| {})]).await;
    let resolver = resolver(&[peer.address], PATIENT);
    let names =
        ["x7f2k9qq.invalid", "localhost", "a.localhost", "1.0.0.127.in-addr.arpa", "x.onion"];
    for name in names {
        assert_eq!(resolver.lookup(&question(name)).await, code(), "{name}");
    }
    assert_eq!(peer.asked().len(), names.len());
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_over_tcp() {
    let (answer, asked) = ask(
        |query, over| match over {
            Over::Udp => vec![changed(query, |answer| {
                answer.metadata.truncation = true;
                answer.answers.clear();
            })],
            Over::Tcp => vec![changed(query, |_| {})],
        },
        PATIENT,
    )
    .await;
    assert_eq!((answer, asked), (code(), vec![Over::Udp, Over::Tcp]));
}

#[tokio::test]
async fn what_cannot_be_had_whole_is_truncated() {
    let (answer, asked) =
        ask(|query, _| vec![changed(query, |answer| answer.metadata.truncation = true)], PATIENT)
            .await;
    assert_eq!((answer, asked), (LookupAnswer::Truncated, vec![Over::Udp, Over::Tcp]));
    // A connection that ends without an answer.
    let (answer, _) = ask(
        |query, over| match over {
            Over::Udp => vec![changed(query, |answer| answer.metadata.truncation = true)],
            Over::Tcp => vec![],
        },
        PATIENT,
    )
    .await;
    assert_eq!(answer, LookupAnswer::Truncated);
}

#[tokio::test]
async fn silence_is_a_timeout_after_all_attempts() {
    let (answer, asked) = ask(|_, _| vec![], SHORT).await;
    assert_eq!((answer, asked), (LookupAnswer::Timeout, vec![Over::Udp, Over::Udp]));
}

#[tokio::test]
async fn a_closed_port_is_no_timeout() {
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answer = resolver(&[closed], PATIENT).lookup(&question("2.0.0.127.bl.test")).await;
    assert!(matches!(answer, LookupAnswer::Unreachable(_)), "{answer:?}");
}

#[tokio::test]
async fn a_datagram_with_another_id_is_passed_over() {
    let (answer, asked) = ask(
        |query, _| {
            let forged = changed(query, |answer| {
                answer.metadata.id = answer.metadata.id.wrapping_add(1);
                answer.answers.clear();
            });
            vec![vec![], vec![7], forged, changed(query, |_| {})]
        },
        PATIENT,
    )
    .await;
    assert_eq!((answer, asked), (code(), vec![Over::Udp]));
    let (answer, _) = ask(
        |query, _| {
            vec![changed(query, |answer| answer.metadata.id = answer.metadata.id.wrapping_add(1))]
        },
        SHORT,
    )
    .await;
    assert_eq!(answer, malformed(AnswerFault::OtherId));
}

#[tokio::test]
async fn what_is_no_answer_to_the_question_is_malformed() {
    let cases: [(Behave, AnswerFault); 6] = [
        (
            |query, _| vec![[&query.metadata.id.to_be_bytes(), &[0xff; 40][..]].concat()],
            AnswerFault::Undecodable,
        ),
        (
            |query, _| {
                vec![changed(query, |answer| {
                    answer.queries.clear();
                    let name = Name::from_ascii("other.test.").unwrap();
                    answer.add_query(Query::query(name, RecordType::A));
                })]
            },
            AnswerFault::OtherQuestion,
        ),
        (
            |query, _| vec![changed(query, |answer| answer.queries.clear())],
            AnswerFault::OtherQuestion,
        ),
        (
            // That a name does not exist is no failure.
            |query, _| {
                vec![changed(query, |answer| {
                    answer.queries.clear();
                    answer.answers.clear();
                    answer.metadata.response_code = ResponseCode::NXDomain;
                })]
            },
            AnswerFault::OtherQuestion,
        ),
        (
            |query, _| {
                vec![changed(query, |answer| {
                    answer.metadata.message_type = MessageType::Query;
                })]
            },
            AnswerFault::NoAnswer,
        ),
        (
            |query, _| {
                vec![changed(query, |answer| {
                    answer.metadata.response_code = ResponseCode::NXDomain
                })]
            },
            AnswerFault::Contradictory,
        ),
    ];
    for (behave, fault) in cases {
        let (answer, asked) = ask(behave, PATIENT).await;
        assert_eq!((answer, asked), (malformed(fault), vec![Over::Udp, Over::Udp]));
    }
}

#[tokio::test]
async fn a_failure_may_leave_the_question_out() {
    let (answer, _) = ask(
        |query, _| {
            let mut answer = Message::response(query.metadata.id, OpCode::Query);
            answer.metadata.response_code = ResponseCode::FormErr;
            vec![answer.to_vec().unwrap()]
        },
        PATIENT,
    )
    .await;
    assert_eq!(answer, LookupAnswer::OtherCode(1));
}

#[tokio::test]
async fn the_first_server_that_answers_stays() {
    let deaf = Peer::start(|_, _| vec![]).await;
    let broken = Peer::start(|query, _| {
        vec![changed(query, |answer| {
            answer.metadata.response_code = ResponseCode::ServFail;
            answer.answers.clear();
        })]
    })
    .await;
    let good = Peer::start(|query, _| vec![changed(query, |_| {})]).await;
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let all = [closed, deaf.address, broken.address, good.address];
    let resolver = resolver(&all, SHORT);
    assert_eq!(resolver.servers(), all.map(|server| server.to_string()));
    for _ in 0..3 {
        let answer = resolver.lookup(&question("2.0.0.127.bl.test")).await;
        assert_eq!(answer, LookupAnswer::ServerFailure);
    }
    assert_eq!(resolver.servers(), [broken.address.to_string()]);
    assert_eq!((deaf.asked().len(), broken.asked().len(), good.asked().len()), (2, 3, 0));
}

#[tokio::test]
async fn of_several_servers_without_an_answer_the_best_known_fault_is_told() {
    let deaf = Peer::start(|_, _| vec![]).await;
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for servers in [[closed, deaf.address], [deaf.address, closed]] {
        let resolver = resolver(&servers, SHORT);
        assert_eq!(resolver.lookup(&question("bl.test")).await, LookupAnswer::Timeout);
        assert_eq!(resolver.servers().len(), 2);
    }
}

#[test]
fn servers_are_named_once_and_the_usual_port_not_at_all() {
    let servers = ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.1:53", "192.0.2.1:5353"];
    let servers: Vec<SocketAddr> = servers.iter().map(|text| text.parse().unwrap()).collect();
    let resolver = resolver(&servers, SHORT);
    assert_eq!(resolver.servers(), ["192.0.2.1", "2001:db8::1", "192.0.2.1:5353"]);
    assert!(DirectResolver::with_servers(Vec::new(), DirectResolver::LIMITS).is_err());
    assert_eq!(DirectResolver::LIMITS.total(), Duration::from_secs(4));
}
