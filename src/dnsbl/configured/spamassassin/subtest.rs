//! The answers that a rule is satisfied with.

use std::net::Ipv4Addr;

use super::super::filter::{Accepted, Filter};
use super::super::pattern::Pattern;
use super::super::reading::Reading;
use super::super::zone::ConfiguredZone;
use super::rule::{Plugin, Rule};

/// Puts the subtest of a rule into its zone. `head` is the rule that asks the zone.
pub(super) fn set(zone: &mut ConfiguredZone, subtest: &str, head: &Rule, reading: &mut Reading) {
    let accepted = match head.plugin {
        _ if head.compares_text() => {
            Err("it is compared with the TXT record and not with the address".to_owned())
        }
        Plugin::UriDnsbl => of_uri(subtest),
        Plugin::DnsEval => of_header(subtest),
        Plugin::HashBl => expression(subtest),
    };
    match accepted {
        Ok(accepted) => zone.filter = Some(Filter::any(accepted, subtest)),
        Err(why) => {
            zone.unread_filter = Some(subtest.to_owned());
            let message = format!("which answers of {} count is not known: {why}", zone.zone);
            reading.not_followed(zone.line, subtest, message);
        }
    }
}

/// An address, a bit mask, or a regular expression.
fn of_header(subtest: &str) -> Result<Vec<Accepted>, String> {
    if subtest.starts_with("sb:") {
        return Err("SenderBase rules are ignored".to_owned());
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits(subtest) {
        let mask = subtest.parse().map_err(|_| format!("`{subtest}` is no mask of 32 bits"))?;
        return Ok(vec![Accepted::AnyBitOfLoopback(mask)]);
    }
    if subtest.split('.').count() == 4 && subtest.split('.').all(digits) {
        // Compared as text: what is no canonical address equals no answer.
        return Ok(subtest.parse().map(Accepted::Exact).into_iter().collect());
    }
    expression(subtest)
}

fn expression(subtest: &str) -> Result<Vec<Accepted>, String> {
    // SpamAssassin also takes `/…/` and `m{…}` around an expression.
    let bare = subtest.strip_prefix("m{").and_then(|inner| inner.strip_suffix('}'));
    let bare = bare.or_else(|| subtest.strip_prefix('/').and_then(|inner| inner.strip_suffix('/')));
    Pattern::regex(bare.unwrap_or(subtest))
        .map(|pattern| vec![Accepted::Text(pattern)])
        .ok_or_else(|| format!("the expression `{subtest}` is not understood"))
}

/// `n`, `n1-n2` or `n/m`, of decimal numbers, hexadecimal numbers and addresses.
fn of_uri(subtest: &str) -> Result<Vec<Accepted>, String> {
    let fault = || format!("`{subtest}` is no mask, range or address");
    let delimiter = subtest.find(['/', '-']);
    let Some(at) = delimiter else {
        return match number(subtest).ok_or_else(fault)? {
            (value, true) => Ok(vec![Accepted::Exact(Ipv4Addr::from_bits(value))]),
            (mask, false) => Ok(vec![Accepted::AnyBitOfLoopback(mask)]),
        };
    };
    let (first, rest) = subtest.split_at_checked(at).ok_or_else(fault)?;
    let second = rest.get(1..).ok_or_else(fault)?;
    let (first, _) = number(first).ok_or_else(fault)?;
    let (second, _) = number(second).ok_or_else(fault)?;
    Ok(vec![match rest.starts_with('-') {
        true => Accepted::Range(Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(second)),
        false => Accepted::Masked { mask: second, value: first },
    }])
}

/// A number, and whether it was written as an address.
fn number(text: &str) -> Option<(u32, bool)> {
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some((address.to_bits(), true));
    }
    let value = match text.strip_prefix("0x") {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16),
        _ if text.bytes().all(|b| b.is_ascii_digit()) => text.parse(),
        _ => return None,
    };
    value.ok().map(|value| (value, false))
}
