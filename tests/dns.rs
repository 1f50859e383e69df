//! The resolver against a real name server on loopback: every kind of answer stays what it is.

#[path = "support/dns_server.rs"]
mod dns_server;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use mxaudit::dns::{
    AnswerFault, DnsError, HickoryResolver, MAX_ALIASES, QueryLimits, RecordKind, Resolver,
    ZoneFile,
};
use tokio::net::UdpSocket;

use self::dns_server::{Aliases, DnsServer};

const ZONE: &str = "
example.test       MX     20 mx2.example.test
example.test       MX     10 mx1.example.test
example.test       MX     10 Backup.Example.Test
nomail.test        MX     0 .
alias.test         CNAME  example.test
mx1.example.test   A      192.0.2.2
mx1.example.test   A      192.0.2.1
mx1.example.test   AAAA   2001:db8::1
four.test          A      192.0.2.4
six.test           AAAA   2001:db8::6
mail.example.test  CNAME  www.example.test
www.example.test   CNAME  mx1.example.test
dangling.test      CNAME  gone.test
empty.test         CNAME  example.test
loop1.test         CNAME  loop2.test
loop2.test         CNAME  loop1.test
servfail.test      MX     SERVFAIL
servfail.test      A      SERVFAIL
servfail.test      AAAA   NODATA
refused.test       MX     REFUSED
refused.test       A      NXDOMAIN
refused.test       AAAA   REFUSED
timeout.test       MX     TIMEOUT
half.test          A      SERVFAIL
half.test          AAAA   2001:db8::2
late.test          A      192.0.2.5
late.test          AAAA   TIMEOUT
torn.test          A      NXDOMAIN
bücher.test        A      192.0.2.3
";

/// Long enough for a loopback server that is slow to be scheduled.
const PATIENT: QueryLimits =
    QueryLimits { timeout: Duration::from_secs(3), attempts: NonZeroU8::MIN };
/// For questions that nobody answers.
const SHORT: QueryLimits =
    QueryLimits { timeout: Duration::from_millis(300), attempts: NonZeroU8::MIN };

fn resolver(server: SocketAddr, limits: QueryLimits) -> HickoryResolver {
    HickoryResolver::with_server_limited(server, limits).expect("a resolver")
}
async fn mx(resolver: &dyn Resolver, name: &str) -> Result<Vec<String>, DnsError> {
    let found = resolver.mx(name).await?;
    Ok(found.iter().map(|mx| format!("{} {}", mx.preference, mx.exchange)).collect())
}
async fn addresses(resolver: &dyn Resolver, name: &str) -> Result<Vec<String>, DnsError> {
    Ok(resolver.addresses(name).await?.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn records_come_in_the_promised_order() {
    let server = DnsServer::with_zone(ZONE).await;
    let resolver = resolver(server.address(), PATIENT);
    let exchangers = ["10 backup.example.test", "10 mx1.example.test", "20 mx2.example.test"];
    assert_eq!(mx(&resolver, "Example.TEST.").await.unwrap(), exchangers);
    assert_eq!(mx(&resolver, "alias.test").await.unwrap(), exchangers);
    assert_eq!(mx(&resolver, "nomail.test").await.unwrap(), ["0 "]);
    assert!(resolver.mx("nomail.test").await.unwrap()[0].is_null());
    let all = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
    assert_eq!(addresses(&resolver, "mx1.example.test").await.unwrap(), all);
    assert_eq!(addresses(&resolver, "mail.example.test").await.unwrap(), all);
    assert_eq!(addresses(&resolver, "four.test").await.unwrap(), ["192.0.2.4"]);
    assert_eq!(addresses(&resolver, "six.test").await.unwrap(), ["2001:db8::6"]);
    assert_eq!(addresses(&resolver, "Bücher.test").await.unwrap(), ["192.0.2.3"]);
}

#[tokio::test]
async fn each_kind_of_failure_is_an_error_of_its_own() {
    let server = DnsServer::with_zone(ZONE).await;
    let resolver = resolver(server.address(), PATIENT);
    let mx = async |name: &str| resolver.mx(name).await.unwrap_err();
    match mx("Unknown.test").await {
        DnsError::NoSuchName { name } => assert_eq!(name, "unknown.test"),
        other => panic!("{other:?}"),
    }
    match mx("dangling.test").await {
        DnsError::NoSuchName { name } => assert_eq!(name, "dangling.test"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(mx("four.test").await, DnsError::NoData { kind: RecordKind::Mx, .. }));
    assert!(matches!(
        mx("servfail.test").await,
        DnsError::ServerFailure { kind: RecordKind::Mx, .. }
    ));
    assert!(matches!(mx("refused.test").await, DnsError::Refused { kind: RecordKind::Mx, .. }));
    assert!(matches!(mx("loop1.test").await, DnsError::AliasLoop { kind: RecordKind::Mx, .. }));
    assert!(matches!(mx("a b.test").await, DnsError::BadName { .. }));
    assert!(server.asked().iter().all(|line| !line.contains("a b")));
}

#[tokio::test]
async fn the_two_address_questions_are_judged_together() {
    let server = DnsServer::with_zone(ZONE).await;
    let resolver = resolver(server.address(), PATIENT);
    let failure = async |name: &str| resolver.addresses(name).await.unwrap_err();
    assert!(matches!(failure("unknown.test").await, DnsError::NoSuchName { .. }));
    for name in ["example.test", "torn.test", "empty.test"] {
        assert!(matches!(failure(name).await, DnsError::NoData { kind: RecordKind::Address, .. }));
    }
    assert!(matches!(
        failure("servfail.test").await,
        DnsError::ServerFailure { kind: RecordKind::A, .. }
    ));
    assert!(matches!(
        failure("refused.test").await,
        DnsError::Refused { kind: RecordKind::Aaaa, .. }
    ));
    assert!(matches!(failure("loop1.test").await, DnsError::AliasLoop { .. }));
    assert_eq!(addresses(&resolver, "half.test").await.unwrap(), ["2001:db8::2"]);
}

#[tokio::test]
async fn the_zone_itself_gives_the_same_answers_as_the_server_made_of_it() {
    let server = DnsServer::with_zone(ZONE).await;
    let (wire, zone) = (resolver(server.address(), PATIENT), ZoneFile::parse(ZONE).unwrap());
    let names = ZONE.lines().filter_map(|line| line.split_whitespace().next());
    for name in
        names.chain(["unknown.test"]).filter(|&name| !["timeout.test", "late.test"].contains(&name))
    {
        let of = |answer: Result<Vec<String>, DnsError>| format!("{answer:?}");
        assert_eq!(of(mx(&wire, name).await), of(mx(&zone, name).await), "MX of {name}");
        assert_eq!(
            of(addresses(&wire, name).await),
            of(addresses(&zone, name).await),
            "addresses of {name}"
        );
    }
}

#[tokio::test]
async fn no_answer_is_a_timeout_within_the_limits() {
    let server = DnsServer::with_zone(ZONE).await;
    let resolver = resolver(server.address(), SHORT);
    let start = Instant::now();
    let error = resolver.mx("timeout.test").await.unwrap_err();
    assert!(matches!(error, DnsError::Timeout { kind: RecordKind::Mx, .. }), "{error:?}");
    assert!(start.elapsed() >= SHORT.total());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // What one question brought is not lost to the silence of the other.
    assert_eq!(addresses(&resolver, "late.test").await.unwrap(), ["192.0.2.5"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_timeout() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = resolver(nobody.local_addr().unwrap(), SHORT);
    let error = resolver.addresses("four.test").await.unwrap_err();
    assert!(matches!(error, DnsError::Timeout { kind: RecordKind::A, .. }), "{error:?}");
}

#[tokio::test]
async fn a_failing_server_is_asked_once_an_attempt() {
    let server = DnsServer::with_zone(ZONE).await;
    let count = async |attempts: u8| {
        let limits = QueryLimits { attempts: NonZeroU8::new(attempts).unwrap(), ..PATIENT };
        let before = server.asked().len();
        resolver(server.address(), limits).mx("servfail.test").await.unwrap_err();
        server.asked().len() - before
    };
    // An answer that is late by a third of a second makes the library send a datagram again.
    assert!(count(1).await < 4);
    assert!(count(4).await >= 4);
}

#[tokio::test]
async fn an_answer_too_large_for_udp_is_fetched_over_tcp() {
    let many: Vec<String> = (1..=200).map(|n| format!("192.0.2.{n}")).collect();
    let zone: String = many.iter().map(|address| format!("many.test A {address}\n")).collect();
    let server = DnsServer::with_zone(&zone).await;
    let resolver = resolver(server.address(), PATIENT);
    let mut found = addresses(&resolver, "many.test").await.unwrap();
    found.sort_by_key(|address| many.iter().position(|other| other == address));
    assert_eq!(found, many);
    let asked = server.asked();
    for expected in ["udp many.test A", "tcp many.test A"] {
        assert!(asked.iter().any(|line| line == expected), "{expected} not in {asked:?}");
    }
}

#[tokio::test]
async fn answers_are_kept_and_search_lists_are_not_used() {
    let server = DnsServer::with_zone(ZONE).await;
    let resolver = resolver(server.address(), PATIENT);
    assert_eq!(mx(&resolver, "alias.test").await.unwrap().len(), 3);
    assert!(matches!(resolver.mx("single").await, Err(DnsError::NoSuchName { .. })));
    assert!(
        server.asked().iter().all(|line| ["udp alias.test MX", "udp single MX"].contains(&&**line))
    );
    drop(server);
    assert_eq!(mx(&resolver, "Alias.TEST.").await.unwrap().len(), 3);
    assert!(matches!(resolver.mx("single.").await, Err(DnsError::NoSuchName { .. })));
}

#[tokio::test]
async fn aliases_are_followed_up_to_the_cap() {
    let mut zone = String::from("end.test A 192.0.2.1\nn1.test CNAME end.test\n");
    for n in 2..=MAX_ALIASES + 1 {
        zone += &format!("n{n}.test CNAME n{}.test\n", n - 1);
    }
    zone += "short.test CNAME mute.test\nmute.test MX 0 .\n";
    let (longest, longer) = (format!("n{MAX_ALIASES}.test"), format!("n{}.test", MAX_ALIASES + 1));
    for aliases in [Aliases::Followed, Aliases::OneByOne] {
        let zone = ZoneFile::parse(&zone).unwrap();
        let server = DnsServer::start(zone, aliases).await.unwrap();
        // Each question has a resolver of its own, so that no answer comes out of the cache.
        let of = async |name: &str| {
            resolver(server.address(), PATIENT).addresses(name).await.map(|found| found.len())
        };
        assert!(matches!(of(&longest).await, Ok(1)), "{aliases:?}");
        assert!(matches!(of("short.test").await, Err(DnsError::NoData { .. })), "{aliases:?}");
        if aliases == Aliases::OneByOne {
            let error = of(&longer).await.unwrap_err();
            assert!(matches!(error, DnsError::AliasLoop { .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn many_questions_run_at_once() {
    let zone: String = (0..300).map(|n| format!("host{n}.test A 192.0.2.{}\n", n % 250)).collect();
    let server = DnsServer::with_zone(&zone).await;
    let resolver = resolver(server.address(), PATIENT);
    let questions = (0..300).map(|n| resolver.addresses(&format!("host{n}.test")));
    for (n, answer) in futures::future::join_all(questions).await.into_iter().enumerate() {
        let expected: IpAddr = format!("192.0.2.{}", n % 250).parse().unwrap();
        assert_eq!(answer.unwrap(), [expected]);
    }
}

/// Answers every datagram with its first octets, flags of choice and a tail of choice.
async fn forger(flags: [u8; 2], counts: [u8; 8], tail: &'static [u8]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            // The question is the name up to its root label, the type and the class.
            let query = &buffer[..length];
            let end =
                12 + query[12..].iter().position(|&octet| octet == 0).expect("a root label") + 5;
            let answer = [&query[..2], &flags, &counts, &query[12..end], tail].concat();
            socket.send_to(&answer, peer).await.expect("a peer on loopback");
        }
    });
    address
}

const ONE_QUESTION: [u8; 8] = [0, 1, 0, 0, 0, 0, 0, 0];

#[tokio::test]
async fn an_answer_that_is_no_message_is_malformed() {
    // It announces one answer record and has none.
    let server = forger([0x81, 0x80], [0, 1, 0, 1, 0, 0, 0, 0], b"\xc0").await;
    let error = resolver(server, PATIENT).mx("example.test").await.unwrap_err();
    assert!(
        matches!(error, DnsError::Malformed { why: AnswerFault::Undecodable, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn other_response_codes_keep_their_number() {
    let server = forger([0x81, 0x84], ONE_QUESTION, b"").await;
    let error = resolver(server, PATIENT).mx("example.test").await.unwrap_err();
    assert!(matches!(error, DnsError::ResponseCode { code: 4, .. }), "{error:?}");
    let server = forger([0x81, 0x8c], ONE_QUESTION, b"").await;
    let error = resolver(server, PATIENT).mx("example.test").await.unwrap_err();
    assert!(matches!(error, DnsError::ResponseCode { code: 12, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_records_and_without_soa_is_no_data() {
    let server = forger([0x81, 0x80], ONE_QUESTION, b"").await;
    let error = resolver(server, PATIENT).mx("example.test").await.unwrap_err();
    assert!(matches!(error, DnsError::NoData { .. }), "{error:?}");
}

#[tokio::test]
async fn a_referral_is_not_an_answer() {
    // One NS record for the root in the authority section: name, type 2, class 1, TTL, length, "ns."
    let referral = b"\x00\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x04\x02ns\x00";
    let server = forger([0x81, 0x00], [0, 1, 0, 0, 0, 1, 0, 0], referral).await;
    let error = resolver(server, PATIENT).mx("example.test").await.unwrap_err();
    assert!(matches!(error, DnsError::Referral { .. }), "{error:?}");
}

#[tokio::test]
async fn the_port_works_as_an_object() {
    let server = DnsServer::with_zone(ZONE).await;
    let ports: [Box<dyn Resolver>; 2] =
        [Box::new(resolver(server.address(), PATIENT)), Box::new(ZoneFile::parse(ZONE).unwrap())];
    for port in ports {
        assert_eq!(addresses(&*port, "four.test").await.unwrap(), ["192.0.2.4"]);
    }
}
