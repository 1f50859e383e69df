use super::super::NameFault;
use super::*;

const ZONE: &str = "
# a domain with two exchangers
Example.TEST        MX     20 MX2.example.test.   # the second one
example.test        mx     10 mx1.example.test
example.test        MX     10 backup.example.test
nomail.test         MX     0 .
mx1.example.test    A      192.0.2.2
mx1.example.test    A      192.0.2.1
mx1.example.test    AAAA   2001:db8::1
mail.example.test   CNAME  www.example.test
www.example.test    CNAME  mx1.example.test
dangling.test       CNAME  gone.test
loop1.test          CNAME  loop2.test
loop2.test          CNAME  loop1.test
servfail.test       MX     SERVFAIL
refused.test        MX     REFUSED
timeout.test        MX     TIMEOUT
nodata.test         MX     NODATA
half.test           A      TIMEOUT
half.test           AAAA   2001:db8::2
torn.test           A      NXDOMAIN
torn.test           AAAA   SERVFAIL
bücher.test         A      192.0.2.3
";

fn zone() -> ZoneFile {
    ZoneFile::parse(ZONE).unwrap()
}
async fn addresses_of(name: &str) -> Vec<String> {
    zone().addresses(name).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn exchangers_come_in_the_order_of_preference_and_name() {
    let found = zone().mx("EXAMPLE.test.").await.unwrap();
    let text: Vec<_> =
        found.iter().map(|mx| format!("{} {}", mx.preference, mx.exchange)).collect();
    assert_eq!(text, ["10 backup.example.test", "10 mx1.example.test", "20 mx2.example.test"]);
    assert!(found.iter().all(|mx| !mx.is_null()));
    let null = zone().mx("nomail.test").await.unwrap();
    assert_eq!(null, [Mx { preference: 0, exchange: String::new() }]);
    assert!(null[0].is_null());
}

#[tokio::test]
async fn addresses_are_found_through_aliases_and_u_labels() {
    let expected = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
    assert_eq!(addresses_of("mx1.example.test").await, expected);
    assert_eq!(addresses_of("mail.example.test").await, expected);
    assert_eq!(addresses_of("BÜCHER.test").await, ["192.0.2.3"]);
    assert_eq!(addresses_of("half.test").await, ["2001:db8::2"]);
}

#[tokio::test]
async fn each_outcome_is_an_error_of_its_own() {
    let zone = zone();
    let mx = async |name: &str| zone.mx(name).await.unwrap_err();
    assert!(matches!(
        mx("servfail.test").await,
        DnsError::ServerFailure { kind: RecordKind::Mx, .. }
    ));
    assert!(matches!(mx("refused.test").await, DnsError::Refused { kind: RecordKind::Mx, .. }));
    assert!(matches!(mx("timeout.test").await, DnsError::Timeout { kind: RecordKind::Mx, .. }));
    assert!(matches!(mx("nodata.test").await, DnsError::NoData { kind: RecordKind::Mx, .. }));
    assert!(matches!(mx("mx1.example.test").await, DnsError::NoData { .. }));
    assert!(matches!(mx("unknown.test").await, DnsError::NoSuchName { .. }));
    assert!(matches!(mx("a b").await, DnsError::BadName { .. }));
    assert!(matches!(mx("loop1.test").await, DnsError::AliasLoop { .. }));
    match mx("Dangling.test").await {
        DnsError::NoSuchName { name } => assert_eq!(name, "dangling.test"),
        other => panic!("{other:?}"),
    }
    let torn = zone.addresses("torn.test").await.unwrap_err();
    assert!(matches!(torn, DnsError::ServerFailure { kind: RecordKind::Aaaa, .. }));
    let none = zone.addresses("example.test").await.unwrap_err();
    assert_eq!(none.to_string(), "example.test has no address record");
}

#[tokio::test]
async fn aliases_are_followed_up_to_the_cap() {
    let mut text = String::from("end.test A 192.0.2.1\nn0.test CNAME end.test\n");
    for n in 1..=MAX_ALIASES {
        text += &format!("n{n}.test CNAME n{}.test\n", n - 1);
    }
    let zone = ZoneFile::parse(&text).unwrap();
    let longest = zone.addresses(&format!("n{}.test", MAX_ALIASES - 1)).await;
    assert_eq!(longest.unwrap().len(), 1);
    let longer = zone.addresses(&format!("n{MAX_ALIASES}.test")).await;
    assert!(matches!(longer, Err(DnsError::AliasLoop { .. })));
}

#[test]
fn lookup_does_not_follow_aliases() {
    let zone = zone();
    assert_eq!(
        zone.lookup("MAIL.example.test.", RecordKind::A),
        ZoneAnswer::Alias("www.example.test")
    );
    let own = [ZoneRecord::Cname("www.example.test".into())];
    assert_eq!(zone.lookup("mail.example.test", RecordKind::Cname), ZoneAnswer::Records(&own));
    assert_eq!(zone.lookup("half.test", RecordKind::A), ZoneAnswer::Timeout);
    assert_eq!(zone.lookup("half.test", RecordKind::Mx), ZoneAnswer::NoData);
    assert_eq!(zone.lookup("test", RecordKind::A), ZoneAnswer::NoSuchName);
    assert!(zone.contains("Half.test.") && !zone.contains("test") && !zone.contains(""));
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let name = |name: &str, why| ZoneFault::Name { name: name.into(), why };
    for (bad, fault) in [
        ("b.test", ZoneFault::Fields),
        ("b.test A", ZoneFault::Fields),
        ("b.test MX 10", ZoneFault::Fields),
        ("b.test A 192.0.2.1 192.0.2.2", ZoneFault::Fields),
        ("b.test MX 10 mx.test more", ZoneFault::Fields),
        ("b.test MX SERVFAIL now", ZoneFault::Fields),
        ("b.test SRV text", ZoneFault::Type("SRV".into())),
        ("b.test TXT", ZoneFault::Fields),
        ("b.test TXT text", ZoneFault::Text("text".into())),
        ("b.test TXT \"text", ZoneFault::Text("\"text".into())),
        ("b.test TXT \"text\" more", ZoneFault::Text("\"text\" more".into())),
        ("b.test TXT more \"text\"", ZoneFault::Fields),
        ("b.test PTR a..b", name("a..b", NameFault::EmptyLabel)),
        ("*.b..test A 192.0.2.1", name("b..test", NameFault::EmptyLabel)),
        ("a.*.test A 192.0.2.1", name("a.*.test", NameFault::Character('*'))),
        ("b.test address 192.0.2.1", ZoneFault::Type("address".into())),
        ("b..test A 192.0.2.1", name("b..test", NameFault::EmptyLabel)),
        ("b.test MX 10 m@x.test", name("m@x.test", NameFault::Character('@'))),
        ("b.test A 2001:db8::1", ZoneFault::Address("2001:db8::1".into())),
        ("b.test AAAA 192.0.2.1", ZoneFault::Address("192.0.2.1".into())),
        ("b.test MX 65536 mx.test", ZoneFault::Preference("65536".into())),
        ("a.test A 192.0.2.1", ZoneFault::Duplicate),
        ("a.test A SERVFAIL", ZoneFault::BesideOutcome),
        ("f.test MX REFUSED", ZoneFault::BesideOutcome),
        ("a.test CNAME b.test", ZoneFault::BesideAlias),
        ("c.test MX NODATA", ZoneFault::BesideAlias),
        ("c.test CNAME b.test", ZoneFault::BesideAlias),
    ] {
        let text = format!(
            "# zone\na.test A 192.0.2.1\nc.test CNAME d.test\nf.test MX SERVFAIL\n\n{bad}\n"
        );
        assert_eq!(ZoneFile::parse(&text).unwrap_err(), ZoneError { line: 6, fault }, "{bad}");
    }
    let error = ZoneFile::parse("b.test SRV text").unwrap_err();
    assert_eq!(error.to_string(), "line 1: unknown type \"SRV\"");
}

#[test]
fn texts_are_whole_and_comments_stand_outside_of_them() {
    let zone = ZoneFile::parse("t.test TXT \"a # b  c\" # d \"\nt.test TXT \"\"\n").unwrap();
    let texts = [ZoneRecord::Txt("a # b  c".into()), ZoneRecord::Txt(String::new())];
    assert_eq!(zone.lookup("t.test", RecordKind::Txt), ZoneAnswer::Records(&texts));
}

#[test]
fn a_wildcard_stands_for_names_without_lines_of_their_own() {
    let text =
        "*.test A REFUSED\n*.bl.test A 127.0.0.2\nown.bl.test A NODATA\nbl.test SOA ns.test\n";
    let zone = ZoneFile::parse(text).unwrap();
    let listed = [ZoneRecord::A(Ipv4Addr::new(127, 0, 0, 2))];
    assert_eq!(zone.lookup("2.0.0.127.BL.test", RecordKind::A), ZoneAnswer::Records(&listed));
    assert_eq!(zone.lookup("x.bl.test", RecordKind::Txt), ZoneAnswer::NoData);
    assert_eq!(zone.lookup("own.bl.test", RecordKind::A), ZoneAnswer::NoData);
    assert_eq!(zone.lookup("bl.test", RecordKind::A), ZoneAnswer::NoData);
    assert_eq!(zone.lookup("else.test", RecordKind::A), ZoneAnswer::Refused);
    assert_eq!(zone.lookup("test", RecordKind::A), ZoneAnswer::NoSuchName);
    assert_eq!(zone.lookup("xbl.other", RecordKind::A), ZoneAnswer::NoSuchName);
}
