use std::net::Ipv4Addr;

use hickory_resolver::proto::op::{Edns, OpCode, Query};
use hickory_resolver::proto::rr::rdata::{A, CNAME, NS, PTR};
use proptest::prelude::*;

use super::*;

const LISTED: &str = "2.0.0.127.bl.test";

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).unwrap()
}
fn record(owner: &str, ttl: u32, data: RData) -> Record {
    Record::from_rdata(name(owner), ttl, data)
}
fn a(last: u8) -> RData {
    RData::A(A::new(127, 0, 0, last))
}
fn alias(target: &str) -> RData {
    RData::CNAME(CNAME(name(target)))
}
fn txt(strings: &[&[u8]]) -> RData {
    RData::TXT(TXT::from_bytes(strings.to_vec()))
}
fn soa(minimum: u32) -> RData {
    RData::SOA(SOA::new(name("ns.bl.test"), name("hostmaster.bl.test"), 1, 2, 3, 4, minimum))
}
fn message(code: ResponseCode, answers: &[Record], authorities: &[Record]) -> Message {
    let mut message = Message::response(1, OpCode::Query);
    message.metadata.response_code = code;
    message.add_answers(answers.to_vec());
    message.add_authorities(authorities.to_vec());
    message
}
fn ask(kind: LookupKind, asked: &str, message: &Message) -> Result<TimedAnswer, AnswerFault> {
    read(&Question::new(asked, kind).unwrap(), &name(asked), message)
}
fn ask_a(message: &Message) -> Result<TimedAnswer, AnswerFault> {
    ask(LookupKind::A, LISTED, message)
}
fn told(answer: LookupAnswer, seconds: Option<u64>) -> Result<TimedAnswer, AnswerFault> {
    Ok(TimedAnswer { answer, holds: seconds.map(Duration::from_secs) })
}
fn codes(last: &[u8]) -> LookupAnswer {
    LookupAnswer::Addresses(last.iter().map(|&last| Ipv4Addr::new(127, 0, 0, last)).collect())
}

#[test]
fn all_codes_come_sorted_and_hold_as_long_as_the_shortest() {
    let records = [
        record(LISTED, 60, a(11)),
        record("2.0.0.127.BL.test", 30, a(2)),
        record(LISTED, 90, a(11)),
        record("other.test", 1, a(99)),
        record(LISTED, 1, txt(&[b"no address"])),
    ];
    let answer = message(ResponseCode::NoError, &records, &[]);
    assert_eq!(ask_a(&answer), told(codes(&[2, 11]), Some(30)));
}

#[test]
fn aliases_are_followed_in_whatever_order_they_stand() {
    let records = [
        record("end.test", 300, a(4)),
        record("middle.test", 20, alias("end.test")),
        record(LISTED, 600, alias("Middle.test")),
        record("other.test", 1, alias("evil.test")),
        record("evil.test", 1, a(99)),
    ];
    assert_eq!(ask_a(&message(ResponseCode::NoError, &records, &[])), told(codes(&[4]), Some(20)));
    let circle = [record(LISTED, 1, alias("b.test")), record("b.test", 1, alias(LISTED))];
    assert_eq!(ask_a(&message(ResponseCode::NoError, &circle, &[])), Err(AnswerFault::AliasLoop));
}

#[test]
fn that_there_is_nothing_is_told_from_that_there_is_no_such_name() {
    let authority = [record("bl.test", 600, soa(60))];
    let short = [record("bl.test", 5, soa(60))];
    let no_data = LookupAnswer::NoData;
    for (code, authorities, expected) in [
        (ResponseCode::NoError, &authority[..], told(no_data.clone(), Some(60))),
        (ResponseCode::NoError, &[], told(no_data.clone(), None)),
        (ResponseCode::NXDomain, &short, told(LookupAnswer::NoSuchName, Some(5))),
        (ResponseCode::NXDomain, &[], told(LookupAnswer::NoSuchName, None)),
    ] {
        assert_eq!(ask_a(&message(code, &[], authorities)), expected);
    }
    let dangling = [record(LISTED, 9, alias("gone.test"))];
    let gone = message(ResponseCode::NXDomain, &dangling, &authority);
    assert_eq!(ask_a(&gone), told(LookupAnswer::NoSuchName, Some(60)));
    let bare = message(ResponseCode::NoError, &dangling, &authority);
    assert_eq!(ask_a(&bare), told(no_data, Some(60)));
}

#[test]
fn what_answers_nothing_is_a_fault_and_no_clean_name() {
    let referral = [record("test", 600, RData::NS(NS(name("ns.test"))))];
    let stranger = [record("other.test", 60, a(2))];
    let other_type = [record(LISTED, 60, txt(&[b"text"]))];
    let bare_alias = [record(LISTED, 60, alias("elsewhere.test"))];
    let own = [record(LISTED, 60, a(2))];
    for (code, answers, authorities, fault) in [
        (ResponseCode::NoError, &[][..], &referral[..], AnswerFault::Referral),
        (ResponseCode::NoError, &stranger, &[], AnswerFault::Unrelated),
        (ResponseCode::NoError, &other_type, &[], AnswerFault::Unrelated),
        (ResponseCode::NoError, &bare_alias, &[], AnswerFault::Unfinished),
        (ResponseCode::NXDomain, &own, &[], AnswerFault::Contradictory),
    ] {
        assert_eq!(ask_a(&message(code, answers, authorities)), Err(fault));
    }
    let mut foreign = record(LISTED, 60, a(2));
    foreign.dns_class = DNSClass::CH;
    let foreign = message(ResponseCode::NoError, &[foreign], &[]);
    assert_eq!(ask_a(&foreign), Err(AnswerFault::ForeignClass));
}

#[test]
fn response_codes_stay_apart() {
    for (code, answer) in [
        (ResponseCode::ServFail, LookupAnswer::ServerFailure),
        (ResponseCode::Refused, LookupAnswer::Refused),
        (ResponseCode::FormErr, LookupAnswer::OtherCode(1)),
        (ResponseCode::NotImp, LookupAnswer::OtherCode(4)),
        (ResponseCode::BADVERS, LookupAnswer::OtherCode(16)),
        (ResponseCode::Unknown(12), LookupAnswer::OtherCode(12)),
    ] {
        // Records beside a failure mean nothing.
        let records = [record(LISTED, 60, a(2))];
        assert_eq!(ask_a(&message(code, &records, &[])), told(answer, None), "{code}");
    }
}

#[test]
fn failed_validation_is_seen_where_the_server_says_so() {
    let with = |code: ResponseCode, extended: &[&[u8]]| {
        let mut message = message(code, &[], &[]);
        let mut edns = Edns::new();
        for data in extended {
            edns.options_mut().insert(EdnsOption::Unknown(15, data.to_vec()));
        }
        message.set_edns(edns);
        ask_a(&message).unwrap().answer
    };
    let failure = ResponseCode::ServFail;
    for bogus in [&[0, 6][..], &[0, 7, b'o', b'l', b'd'], &[0, 9], &[0, 12]] {
        assert_eq!(with(failure, &[bogus]), LookupAnswer::Bogus, "{bogus:?}");
    }
    assert_eq!(with(failure, &[&[0, 22], &[0, 6]]), LookupAnswer::Bogus);
    for other in [&[0, 5][..], &[0, 13], &[0, 22], &[6, 0], &[0], &[]] {
        assert_eq!(with(failure, &[other]), LookupAnswer::ServerFailure, "{other:?}");
    }
    assert_eq!(with(ResponseCode::Refused, &[&[0, 6]]), LookupAnswer::Refused);
    assert_eq!(with(ResponseCode::NXDomain, &[&[0, 6]]), LookupAnswer::NoSuchName);
}

#[test]
fn texts_are_joined_escaped_and_capped() {
    let text = |data: &[RData]| {
        let records: Vec<_> = data.iter().map(|data| record(LISTED, 60, data.clone())).collect();
        match ask(LookupKind::Txt, LISTED, &message(ResponseCode::NoError, &records, &[])) {
            Ok(TimedAnswer { answer: LookupAnswer::Texts(texts), .. }) => texts,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(text(&[txt(&[b"see ", b"", b"https://bl.test/"])]), ["see https://bl.test/"]);
    let hostile = txt(&[b"\x1b[31m\x00\\\x7f", "\u{202e}é".as_bytes()]);
    assert_eq!(text(&[hostile]), [r"\027[31m\000\\\127\226\128\174\195\169"]);
    let long = text(&[txt(&[&[b'x'; 255], &[b'x'; 245]]), txt(&[&[b'y'; 255], &[b'y'; 246]])]);
    assert_eq!(long, ["x".repeat(500), format!("{}…", "y".repeat(500))]);
    let many: Vec<_> = (0..20_u8).map(|n| txt(&[&[b'a' + n]])).collect();
    assert_eq!(text(&many), ["a", "b", "c", "d", "e", "f", "g", "h"]);
    assert_eq!(text(&[txt(&[b"b"]), txt(&[b"a"]), txt(&[b"b"])]), ["a", "b"]);
}

#[test]
fn a_secret_leaves_no_part_of_itself_where_a_text_is_cut() {
    let question =
        Question::new("2.0.0.127.s3cret.zen.test", LookupKind::Txt).unwrap().hiding("s3cret");
    // The cap falls into the secret.
    let text = txt(&[&[b'x'; 248], &[b'x'; 248], b"S3CRET and more"]);
    let answer = message(ResponseCode::NoError, &[record(question.name(), 60, text)], &[]);
    let told = read(&question, &name(question.name()), &answer).unwrap();
    assert_eq!(told.answer, LookupAnswer::Texts(vec![format!("{}{{key…", "x".repeat(496))]));
}

#[test]
fn authorities_and_names_are_visible_ascii() {
    let owner = message(ResponseCode::NoError, &[record("Bl.Test", 60, soa(5))], &[]);
    assert_eq!(
        ask(LookupKind::Soa, "bl.test", &owner),
        told(LookupAnswer::Authority("bl.test".into()), Some(60))
    );
    let above = message(ResponseCode::NoError, &[], &[record("test", 60, soa(5))]);
    assert_eq!(ask(LookupKind::Soa, "bl.test", &above), told(LookupAnswer::NoData, Some(5)));
    let hostile = Name::from_labels([b"\x1b[1m".as_slice(), b"test"]).unwrap();
    let names = [
        record("9.2.0.192.in-addr.arpa", 60, RData::PTR(PTR(hostile))),
        record("9.2.0.192.in-addr.arpa", 60, RData::PTR(PTR(name("MX.test")))),
    ];
    let answer = message(ResponseCode::NoError, &names, &[]);
    assert_eq!(
        ask(LookupKind::Ptr, "9.2.0.192.in-addr.arpa", &answer).unwrap().answer,
        LookupAnswer::Names(vec![r"\027\[1m.test".into(), "mx.test".into()])
    );
}

#[test]
fn the_number_of_addresses_is_capped() {
    let records: Vec<_> = (0..=255).map(|last| record(LISTED, 60, a(last))).collect();
    let answer = ask_a(&message(ResponseCode::NoError, &records, &[])).unwrap().answer;
    assert_eq!(answer.addresses().len(), MAX_ADDRESSES);
}

proptest! {
    /// Bytes that a server can send, from nothing to an answer with a few octets changed.
    #[test]
    fn no_bytes_panic(
        noise in prop::collection::vec(any::<u8>(), 0..200),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut answer = message(
            ResponseCode::NoError,
            &[record(LISTED, 60, alias("b.test")), record("b.test", 60, a(2)),
              record(LISTED, 60, txt(&[b"text"]))],
            &[record("bl.test", 60, soa(5))],
        );
        answer.add_query(Query::query(name(LISTED), RecordType::A));
        answer.set_edns(Edns::new());
        let mut bytes = answer.to_vec().unwrap();
        for (at, octet) in changes {
            let at = at.index(bytes.len());
            bytes[at] = octet;
        }
        let kept = cut.index(bytes.len() + 1);
        for bytes in [&noise[..], &bytes, &bytes[..kept]] {
            let Ok(message) = Message::from_vec(bytes) else { continue };
            for kind in [LookupKind::A, LookupKind::Txt, LookupKind::Soa, LookupKind::Ptr] {
                if let Ok(told) = ask(kind, LISTED, &message)
                    && let LookupAnswer::Texts(texts) = told.answer
                {
                    prop_assert!(texts.iter().all(|text| text.chars().count() <= 501));
                }
            }
        }
    }
}
