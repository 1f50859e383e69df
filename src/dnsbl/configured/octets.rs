//! Sets of addresses that are given octet by octet.

use std::net::Ipv4Addr;

/// For each octet of an address, the values that it may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Octets([Vec<(u8, u8)>; 4]);

impl Octets {
    /// Whether the address is in the set.
    pub fn holds(&self, address: Ipv4Addr) -> bool {
        let fits = |(ranges, octet): (&Vec<(u8, u8)>, u8)| {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&octet))
        };
        self.0.iter().zip(address.octets()).all(fits)
    }

    /// Whether the set holds the whole of 127.0.0.0/8.
    pub(super) fn is_open(&self) -> bool {
        let [first, rest @ ..] = &self.0;
        let holds = |ranges: &Vec<(u8, u8)>, octet: u8| {
            ranges.iter().any(|(from, to)| (*from..=*to).contains(&octet))
        };
        holds(first, 127)
            && rest.iter().all(|ranges| (0..=u8::MAX).all(|octet| holds(ranges, octet)))
    }

    /// Reads a reply filter of Postfix: four fields, each a number or `[a..b;c]`, the whole optionally in brackets.
    pub(super) fn postfix(text: &str) -> Result<Self, String> {
        let text = outer_brackets(text)?;
        let mut rest = text;
        let mut fields = Vec::new();
        loop {
            let (ranges, after) = match rest.strip_prefix('[') {
                Some(inner) => {
                    let (body, after) =
                        inner.split_once(']').ok_or("a `[` is not closed by a `]`")?;
                    let ranges = body.split(';').map(range).collect::<Result<Vec<_>, _>>()?;
                    (ranges, after)
                }
                None => {
                    let end = rest.find('.').unwrap_or(rest.len());
                    let (field, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    let value = octet(field)?;
                    (vec![(value, value)], after)
                }
            };
            fields.push(ranges);
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => break,
                None => return Err(format!("`{after}` follows a field where `.` is expected")),
            }
        }
        let count = fields.len();
        fields.try_into().map(Self).map_err(|_| format!("it has {count} fields and not 4"))
    }

    /// Reads the left side of a Sendmail rule as the dns map of enhdnsbl answers it: `127.0.0.2.`, where `$-` stands
    /// for one octet and a final `$+` or `$*` for the rest. `None` where it is something else.
    pub(super) fn sendmail(text: &str) -> Option<Self> {
        const ALL: (u8, u8) = (0, u8::MAX);
        let mut fields: Vec<Vec<(u8, u8)>> = Vec::new();
        let mut parts = text.trim().split('.').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            match part {
                "" if last && fields.len() == 4 => break,
                "$-" => fields.push(vec![ALL]),
                "$+" | "$*" if fields.len() < 4 => {
                    fields.resize(4, vec![ALL]);
                    // Behind it there is only the final dot, if anything.
                    match (last, parts.next(), parts.next()) {
                        (true, _, _) | (false, Some(""), None) => break,
                        _ => return None,
                    }
                }
                _ if last => return None,
                number => {
                    let value = octet(number).ok()?;
                    fields.push(vec![(value, value)]);
                }
            }
        }
        fields.try_into().ok().map(Self)
    }
}

/// The pattern without the brackets around all of it.
fn outer_brackets(text: &str) -> Result<&str, String> {
    let mut level = 0_usize;
    if !text.starts_with('[') {
        return if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) };
    }
    for (at, c) in text.char_indices() {
        match c {
            '[' => level += 1,
            ']' => {
                level = level.saturating_sub(1);
                if level == 0 {
                    let inner = text.get(1..at).unwrap_or_default();
                    return match at + 1 == text.len() {
                        true if inner.is_empty() => Err("it is empty".to_owned()),
                        true => Ok(inner),
                        false => Ok(text),
                    };
                }
            }
            _ => {}
        }
    }
    Err("a `[` is not closed by a `]`".to_owned())
}

/// A member of a bracketed sequence.
fn range(text: &str) -> Result<(u8, u8), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (octet(first)?, octet(last)?);
    if first > last { Err(format!("the range `{text}` is empty")) } else { Ok((first, last)) }
}

fn octet(text: &str) -> Result<u8, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = digits.then(|| text.trim_start_matches('0'));
    match value {
        Some("") => Ok(0),
        Some(value) => value.parse().map_err(|_| format!("`{text}` is no number up to 255")),
        None => Err(format!("`{text}` is no number up to 255")),
    }
}
