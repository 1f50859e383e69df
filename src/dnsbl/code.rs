//! What the answers of a zone mean.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// How the addresses that a zone answers are compared with its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decoding {
    /// An answer is one code or no code.
    Exact,
    /// The last octet of an answer is a sum of codes, each one bit of it.
    Bitmask,
    /// Codes are ranges of answers; no two of them overlap.
    Range,
}

/// How much a listing matters to who sends mail from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Good reputation: it never takes points and adds none.
    Allow,
    /// Shown and never scored.
    Info,
    /// Policy and small lists.
    Minor,
    /// Widely used lists.
    Major,
    /// Lists that most servers refuse by.
    Critical,
}

/// One code of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The first answer that it stands for; with [`Decoding::Bitmask`], `127.0.0.N` of the bit N.
    pub first: Ipv4Addr,
    /// The last one, where it is a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Ipv4Addr>,
    /// What the operator means by it.
    pub meaning: String,
    /// How much it matters.
    pub weight: Weight,
    /// False where the answer is about the subject and is no reproach: good reputation, or a plain fact.
    pub listing: bool,
}

/// An answer that is about who asks and not about the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The answer; with [`Decoding::Bitmask`], `127.0.0.N` of the bit N.
    pub answer: Ipv4Addr,
    /// What the operator means by it.
    pub meaning: String,
    /// What the user can do.
    pub remedy: String,
}

impl Refusal {
    /// What an answer in 127.255.255.0/24 means. The block is an error of the query at every list that uses it, and
    /// three of its addresses mean the same everywhere.
    pub fn of_error_block(answer: Ipv4Addr) -> Option<Self> {
        let [127, 255, 255, last] = answer.octets() else { return None };
        let (meaning, remedy) = match last {
            252 => (
                "the name of the zone is wrong",
                "correct the zone's name, or the key in it, where it comes from a file of your own",
            ),
            254 => (
                "the query came through a public or open resolver",
                "ask through a resolver of your own that does not forward to a public one",
            ),
            255 => (
                "too many queries came from this resolver",
                "wait and ask less, or get a key or a subscription from the operator",
            ),
            _ => (
                "an error of the query, which only the operator can explain",
                "look the answer up on the operator's pages, and check the resolver and the key",
            ),
        };
        Some(Self { answer, meaning: meaning.to_owned(), remedy: remedy.to_owned() })
    }
}

impl Code {
    /// Whether an answer lies between the first and the last one.
    pub(super) fn holds(&self, answer: Ipv4Addr) -> bool {
        self.first <= answer && answer <= self.last.unwrap_or(self.first)
    }
}

/// The sum of bits that an answer carries in a zone with [`Decoding::Bitmask`]: the last octet of 127.0.0.0/24.
pub(super) fn bits_of(answer: Ipv4Addr) -> Option<u8> {
    match answer.octets() {
        [127, 0, 0, bits] => Some(bits),
        _ => None,
    }
}
