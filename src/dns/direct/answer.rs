//! What a message says to a question.

use std::time::Duration;

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_resolver::proto::rr::rdata::{SOA, TXT};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::super::error::AnswerFault;
use super::super::lookup::{Question, TimedAnswer};
use super::super::name::from_wire;
use crate::evidence::lookup::{LookupAnswer, LookupKind};

/// Addresses of one answer that are kept.
const MAX_ADDRESSES: usize = 64;
/// Texts and names of one answer that are kept.
const MAX_TEXTS: usize = 8;
/// Characters of one text that are kept.
const MAX_CHARACTERS: usize = 500;
/// Aliases that are followed within one answer.
const MAX_CHAIN: usize = 16;

/// The option code of extended errors, and the codes that mean failed validation: bogus, signature expired, signature
/// not yet valid, keys, signatures, zone key or proof of absence missing (RFC 8914).
const EXTENDED_ERROR: EdnsCode = EdnsCode::Unknown(15);
const FAILED_VALIDATION: std::ops::RangeInclusive<u16> = 6..=12;

pub(super) fn record_type(kind: LookupKind) -> RecordType {
    match kind {
        LookupKind::A => RecordType::A,
        LookupKind::Txt => RecordType::TXT,
        LookupKind::Soa => RecordType::SOA,
        LookupKind::Ptr => RecordType::PTR,
    }
}

/// Reads a message that answers the question and is not truncated.
pub(super) fn read(
    question: &Question,
    asked: &Name,
    message: &Message,
) -> Result<TimedAnswer, AnswerFault> {
    let records = records(question.kind(), asked, message)?;
    match message.metadata.response_code {
        ResponseCode::NoError if !records.is_empty() => {
            let holds = records.iter().map(|(record, chain)| record.ttl.min(*chain)).min();
            let contents: Vec<&RData> = records.iter().map(|(record, _)| &record.data).collect();
            let answer = contents_of(question, records.first().map(|(r, _)| &r.name), &contents);
            Ok(TimedAnswer { answer, holds: holds.map(|s| Duration::from_secs(s.into())) })
        }
        ResponseCode::NoError => nothing(message).map(|()| negative(LookupAnswer::NoData, message)),
        ResponseCode::NXDomain if !records.is_empty() => Err(AnswerFault::Contradictory),
        ResponseCode::NXDomain => Ok(negative(LookupAnswer::NoSuchName, message)),
        ResponseCode::ServFail if validation_failed(message) => {
            Ok(TimedAnswer::untimed(LookupAnswer::Bogus))
        }
        ResponseCode::ServFail => Ok(TimedAnswer::untimed(LookupAnswer::ServerFailure)),
        ResponseCode::Refused => Ok(TimedAnswer::untimed(LookupAnswer::Refused)),
        code => Ok(TimedAnswer::untimed(LookupAnswer::OtherCode(code.into()))),
    }
}

/// The records of the asked type at the end of the aliases, each with the shortest time of the aliases before it.
fn records<'m>(
    kind: LookupKind,
    asked: &Name,
    message: &'m Message,
) -> Result<Vec<(&'m Record, u32)>, AnswerFault> {
    if message.answers.iter().any(|record| record.dns_class != DNSClass::IN) {
        return Err(AnswerFault::ForeignClass);
    }
    let (mut owner, mut shortest) = (asked, u32::MAX);
    for _ in 0..MAX_CHAIN {
        let alias = message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *owner => Some((&target.0, record.ttl)),
            _ => None,
        });
        let Some((target, ttl)) = alias else {
            let wanted = record_type(kind);
            let found = message.answers.iter();
            let found = found.filter(|r| r.name == *owner && r.record_type() == wanted);
            return Ok(found.map(|record| (record, shortest)).collect());
        };
        (owner, shortest) = (target, shortest.min(ttl));
    }
    Err(AnswerFault::AliasLoop)
}

/// Checks that success without the wanted records means that there are none.
fn nothing(message: &Message) -> Result<(), AnswerFault> {
    let has = |wanted| message.authorities.iter().any(|record| record.record_type() == wanted);
    if has(RecordType::NS) && !has(RecordType::SOA) {
        return Err(AnswerFault::Referral);
    }
    // Signatures may stand beside what is left of an answer.
    let of_aliases = |record: &Record| {
        matches!(record.record_type(), RecordType::CNAME | RecordType::DNAME | RecordType::RRSIG)
    };
    if !message.answers.iter().all(of_aliases) {
        return Err(AnswerFault::Unrelated);
    }
    // An alias whose target was not looked up says nothing about the target.
    if message.answers.is_empty() || has(RecordType::SOA) {
        Ok(())
    } else {
        Err(AnswerFault::Unfinished)
    }
}

/// A negative answer, which holds as long as the SOA record beside it says (RFC 2308 section 5).
fn negative(answer: LookupAnswer, message: &Message) -> TimedAnswer {
    let holds = message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(SOA { minimum, .. }) => Some(record.ttl.min(*minimum)),
        _ => None,
    });
    TimedAnswer { answer, holds: holds.map(|seconds| Duration::from_secs(seconds.into())) }
}

fn validation_failed(message: &Message) -> bool {
    let Some(edns) = &message.edns else { return false };
    edns.options().get_all(EXTENDED_ERROR).into_iter().any(|option| match option {
        EdnsOption::Unknown(_, data) => data
            .first_chunk::<2>()
            .is_some_and(|code| FAILED_VALIDATION.contains(&u16::from_be_bytes(*code))),
        _ => false,
    })
}

/// The contents of records, at least one, sorted and capped.
fn contents_of(question: &Question, owner: Option<&Name>, contents: &[&RData]) -> LookupAnswer {
    match question.kind() {
        LookupKind::A => {
            let addresses = contents.iter().filter_map(|data| match data {
                RData::A(address) => Some(address.0),
                _ => None,
            });
            LookupAnswer::Addresses(in_order(addresses.collect(), MAX_ADDRESSES))
        }
        LookupKind::Txt => {
            let texts = contents.iter().filter_map(|data| match data {
                // Masked before it is cut, or a part of a secret could stay.
                RData::TXT(text) => Some(capped(&question.mask(&visible(text)))),
                _ => None,
            });
            LookupAnswer::Texts(in_order(texts.collect(), MAX_TEXTS))
        }
        LookupKind::Soa => {
            LookupAnswer::Authority(question.mask(&owner.map(from_wire).unwrap_or_default()))
        }
        LookupKind::Ptr => {
            let names = contents.iter().filter_map(|data| match data {
                RData::PTR(name) => Some(question.mask(&from_wire(&name.0))),
                _ => None,
            });
            LookupAnswer::Names(in_order(names.collect(), MAX_TEXTS))
        }
    }
}

fn in_order<T: Ord>(mut all: Vec<T>, most: usize) -> Vec<T> {
    all.sort();
    all.dedup();
    all.truncate(most);
    all
}

/// The strings of a TXT record joined; a backslash doubled, an octet that is not visible ASCII as `\DDD`.
fn visible(text: &TXT) -> String {
    let mut visible = String::new();
    for &octet in text.txt_data.iter().flatten() {
        match octet {
            b'\\' => visible.push_str(r"\\"),
            b' '..=b'~' => visible.push(char::from(octet)),
            _ => visible.push_str(&format!("\\{octet:03}")),
        }
    }
    visible
}

/// At most [`MAX_CHARACTERS`] characters; a text that is cut ends in an ellipsis.
fn capped(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
