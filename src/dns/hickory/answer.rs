//! What the results of the resolver library mean in the terms of this crate.

use std::sync::Arc;

use hickory_resolver::net::{self, NetError};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::super::error::AnswerFault;
use super::super::name::NameFault;
use super::super::{DnsError, RecordKind};

/// One question, in both vocabularies. The name is in normal form.
pub(super) struct Question<'a> {
    name: &'a str,
    kind: RecordKind,
    pub(super) record_type: RecordType,
}

impl<'a> Question<'a> {
    pub(super) fn new(name: &'a str, kind: RecordKind, record_type: RecordType) -> Self {
        Self { name, kind, record_type }
    }

    /// The name as the library takes it, with the final dot that keeps every search list away.
    pub(super) fn wire_name(&self) -> Result<Name, DnsError> {
        Name::from_ascii(format!("{}.", self.name))
            .map_err(|_| DnsError::BadName { name: self.name.to_owned(), why: NameFault::TooLong })
    }

    /// The contents of the records that answer the question, aliases followed.
    ///
    /// A message may carry other records, of owners that were not asked for; they are dropped.
    pub(super) fn records(&self, asked: &Name, message: &Message) -> Result<Vec<RData>, DnsError> {
        match message.metadata.response_code {
            ResponseCode::NoError => {}
            ResponseCode::NXDomain => return Err(self.malformed(AnswerFault::Contradictory)),
            code => return Err(self.response_code(code)),
        }
        let mut owner = asked;
        for record in &message.answers {
            if let RData::CNAME(target) = &record.data
                && record.name == *owner
            {
                owner = &target.0;
            }
        }
        let found: Vec<RData> = message
            .answers
            .iter()
            .filter(|r| r.name == *owner && r.record_type() == self.record_type)
            .map(|r| r.data.clone())
            .collect();
        if found.is_empty() {
            return Err(self.malformed(AnswerFault::Unrelated));
        }
        Ok(found)
    }

    /// The failure that the library reports, with the question named.
    pub(super) fn failure(&self, error: NetError) -> DnsError {
        match error {
            NetError::Timeout => self.timeout(),
            NetError::Dns(net::DnsError::ResponseCode(code)) => self.response_code(code),
            NetError::Dns(net::DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NoError if none.soa.is_none() && none.ns.is_some() => {
                    DnsError::Referral { name: self.name.to_owned(), kind: self.kind }
                }
                code => self.response_code(code),
            },
            NetError::Truncated => self.malformed(AnswerFault::Truncated),
            NetError::Proto(_) => self.malformed(AnswerFault::Undecodable),
            NetError::ForeignClassRecord { .. } => self.malformed(AnswerFault::ForeignClass),
            other => DnsError::Transport {
                name: self.name.to_owned(),
                kind: self.kind,
                source: Arc::new(other),
            },
        }
    }

    /// What an answer without usable records says through its response code.
    fn response_code(&self, code: ResponseCode) -> DnsError {
        let (name, kind) = (self.name.to_owned(), self.kind);
        match code {
            ResponseCode::NoError => DnsError::NoData { name, kind },
            ResponseCode::NXDomain => DnsError::NoSuchName { name },
            ResponseCode::ServFail => DnsError::ServerFailure { name, kind },
            ResponseCode::Refused => DnsError::Refused { name, kind },
            other => DnsError::ResponseCode { name, kind, code: other.into() },
        }
    }

    pub(super) fn timeout(&self) -> DnsError {
        DnsError::Timeout { name: self.name.to_owned(), kind: self.kind }
    }

    pub(super) fn alias_loop(&self) -> DnsError {
        DnsError::AliasLoop { name: self.name.to_owned(), kind: self.kind }
    }

    fn malformed(&self, why: AnswerFault) -> DnsError {
        DnsError::Malformed { name: self.name.to_owned(), kind: self.kind, why }
    }
}

/// True when a result without data may come from aliases that the library gave up on.
///
/// Such a result has no SOA record, which real negative answers have (RFC 2308 section 2.2), though not all.
pub(super) fn may_be_unfinished(error: &NetError) -> bool {
    matches!(error, NetError::Dns(net::DnsError::NoRecordsFound(none))
        if none.response_code == ResponseCode::NoError && none.soa.is_none() && none.ns.is_none())
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::OpCode;
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::{A, CNAME};

    use super::*;

    const QUESTION: Question<'static> =
        Question { name: "www.test", kind: RecordKind::A, record_type: RecordType::A };

    fn message(code: ResponseCode, records: &[(&str, RData)]) -> Message {
        let mut message = Message::response(0, OpCode::Query);
        message.metadata.response_code = code;
        for (owner, data) in records {
            let owner = Name::from_ascii(owner).unwrap();
            message.add_answer(Record::from_rdata(owner, 60, data.clone()));
        }
        message
    }
    fn a(last: u8) -> RData {
        RData::A(A::new(192, 0, 2, last))
    }
    fn alias(target: &str) -> RData {
        RData::CNAME(CNAME(Name::from_ascii(target).unwrap()))
    }
    fn records(message: &Message) -> Result<Vec<RData>, DnsError> {
        QUESTION.records(&QUESTION.wire_name().unwrap(), message)
    }

    #[test]
    fn only_records_of_the_name_at_the_end_of_the_aliases_count() {
        let answer = message(
            ResponseCode::NoError,
            &[
                ("other.test.", a(66)),
                ("WWW.test.", alias("host.test.")),
                ("other.test.", alias("evil.test.")),
                ("Host.Test.", alias("end.test.")),
                ("end.test.", a(1)),
                ("evil.test.", a(67)),
                ("www.test.", a(68)),
            ],
        );
        assert_eq!(records(&answer).unwrap(), [a(1)]);
    }

    #[test]
    fn a_success_without_an_answer_is_no_answer() {
        for answer in [
            message(ResponseCode::NoError, &[("other.test.", a(1))]),
            message(ResponseCode::NoError, &[("www.test.", alias("www.test."))]),
            message(ResponseCode::NoError, &[]),
        ] {
            assert!(matches!(
                records(&answer),
                Err(DnsError::Malformed { why: AnswerFault::Unrelated, .. })
            ));
        }
    }

    #[test]
    fn the_response_code_outweighs_records() {
        let nowhere = message(ResponseCode::NXDomain, &[("www.test.", a(1))]);
        assert!(matches!(
            records(&nowhere),
            Err(DnsError::Malformed { why: AnswerFault::Contradictory, .. })
        ));
        let reserved = message(ResponseCode::Unknown(12), &[("www.test.", a(1))]);
        assert!(matches!(records(&reserved), Err(DnsError::ResponseCode { code: 12, .. })));
    }

    #[test]
    fn response_codes_of_their_own_keep_their_number() {
        let error =
            QUESTION.failure(NetError::Dns(net::DnsError::ResponseCode(ResponseCode::NotImp)));
        assert!(matches!(error, DnsError::ResponseCode { code: 4, kind: RecordKind::A, .. }));
    }
}
