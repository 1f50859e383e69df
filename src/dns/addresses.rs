//! The two halves of an address question, joined.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{DnsError, RecordKind};

/// Joins the answers to the A and the AAAA question as [`Resolver::addresses`](super::Resolver::addresses) promises.
///
/// `name` is the name that was asked, for the error.
pub(super) fn join(
    name: &str,
    v4: Result<Vec<Ipv4Addr>, DnsError>,
    v6: Result<Vec<Ipv6Addr>, DnsError>,
) -> Result<Vec<IpAddr>, DnsError> {
    let mut errors = Vec::new();
    let mut v4 = v4.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let mut v6 = v6.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    v4.sort();
    v4.dedup();
    v6.sort();
    v6.dedup();
    let all: Vec<IpAddr> =
        v4.into_iter().map(IpAddr::from).chain(v6.into_iter().map(IpAddr::from)).collect();
    if !all.is_empty() {
        return Ok(all);
    }
    let nowhere = errors.len() == 2
        && errors.iter().all(|error| matches!(error, DnsError::NoSuchName { .. }));
    Err(match errors.into_iter().find(|error| !error.is_negative_answer()) {
        Some(failure) => failure,
        None if nowhere => DnsError::NoSuchName { name: name.to_owned() },
        None => DnsError::NoData { name: name.to_owned(), kind: RecordKind::Address },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "mx.test";

    fn no_data<T>(kind: RecordKind) -> Result<Vec<T>, DnsError> {
        Err(DnsError::NoData { name: NAME.into(), kind })
    }
    fn no_name<T>() -> Result<Vec<T>, DnsError> {
        Err(DnsError::NoSuchName { name: NAME.into() })
    }
    fn failed<T>(kind: RecordKind) -> Result<Vec<T>, DnsError> {
        Err(DnsError::ServerFailure { name: NAME.into(), kind })
    }
    fn late<T>(kind: RecordKind) -> Result<Vec<T>, DnsError> {
        Err(DnsError::Timeout { name: NAME.into(), kind })
    }

    #[test]
    fn addresses_come_sorted_within_their_family_and_once() {
        let v4 = ["192.0.2.9", "192.0.2.10", "192.0.2.9"];
        let v6 = ["2001:db8::2", "2001:db8::1"];
        let joined = join(
            NAME,
            Ok(v4.iter().map(|a| a.parse().unwrap()).collect()),
            Ok(v6.iter().map(|a| a.parse().unwrap()).collect()),
        );
        let text: Vec<String> = joined.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(text, ["192.0.2.9", "192.0.2.10", "2001:db8::1", "2001:db8::2"]);
    }

    #[test]
    fn one_family_is_enough_whatever_the_other_says() {
        let v4 = Ipv4Addr::new(192, 0, 2, 1);
        for v6 in
            [no_data(RecordKind::Aaaa), no_name(), failed(RecordKind::Aaaa), late(RecordKind::Aaaa)]
        {
            assert_eq!(join(NAME, Ok(vec![v4]), v6).unwrap(), [IpAddr::from(v4)]);
        }
        let v6 = Ipv6Addr::LOCALHOST;
        assert_eq!(join(NAME, failed(RecordKind::A), Ok(vec![v6])).unwrap(), [IpAddr::from(v6)]);
    }

    #[test]
    fn a_name_is_absent_only_when_both_answers_say_so() {
        assert!(matches!(join(NAME, no_name(), no_name()), Err(DnsError::NoSuchName { .. })));
        for (v4, v6) in [
            (no_name(), no_data(RecordKind::Aaaa)),
            (no_data(RecordKind::A), no_name()),
            (no_data(RecordKind::A), no_data(RecordKind::Aaaa)),
            (Ok(vec![]), no_name()),
            (Ok(vec![]), Ok(vec![])),
        ] {
            assert!(matches!(
                join(NAME, v4, v6),
                Err(DnsError::NoData { kind: RecordKind::Address, .. })
            ));
        }
    }

    #[test]
    fn a_failure_outweighs_a_negative_answer() {
        for (v4, v6) in [
            (no_data(RecordKind::A), late(RecordKind::Aaaa)),
            (no_name(), late(RecordKind::Aaaa)),
            (Ok(vec![]), late(RecordKind::Aaaa)),
        ] {
            assert!(matches!(
                join(NAME, v4, v6),
                Err(DnsError::Timeout { kind: RecordKind::Aaaa, .. })
            ));
        }
        assert!(matches!(
            join(NAME, failed(RecordKind::A), late(RecordKind::Aaaa)),
            Err(DnsError::ServerFailure { kind: RecordKind::A, .. })
        ));
    }
}
