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
