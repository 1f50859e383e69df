//! What all addresses that a zone answered say together.

use std::net::Ipv4Addr;

use super::code::{Code, Decoding, Refusal, Weight, bits_of};
use super::zone::{Purpose, Zone};

/// The address that RFC 5782 section 5 keeps out of every list of addresses. As an answer it is a listing only where
/// a zone documents it as one.
const NEVER_LISTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);

/// What an answer says. Only [`Reading::Codes`] says something about the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// There was no address to read.
    Nothing,
    /// The zone answers about who asks. One such address is enough, whatever else came.
    Refused(Refusal),
    /// Addresses outside 127.0.0.0/8 (RFC 5782 section 2.1): the zone is parked or hijacked, or a resolver rewrites
    /// answers.
    Outside(Vec<Ipv4Addr>),
    /// What the addresses stand for, in ascending order.
    Codes(Vec<Hit>),
}

/// One thing that a zone says about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The address that says it.
    pub answer: Ipv4Addr,
    /// Which bit of it, in a zone with [`Decoding::Bitmask`].
    pub bit: Option<u8>,
    /// What the operator means by it. `None` where that is not documented.
    pub meaning: Option<String>,
    /// How much it matters; [`Weight::Info`] where the meaning is not known.
    pub weight: Weight,
    /// False where it is no reproach.
    pub listing: bool,
}

impl Reading {
    /// What the addresses stand for; empty unless they are codes.
    pub fn hits(&self) -> &[Hit] {
        match self {
            Self::Codes(hits) => hits,
            _ => &[],
        }
    }

    /// Whether the subject is listed.
    pub fn is_listing(&self) -> bool {
        self.hits().iter().any(|hit| hit.listing)
    }

    /// Whether every address stands for a documented code, and there is one: what a test entry must answer.
    pub fn is_documented(&self) -> bool {
        !self.hits().is_empty() && self.hits().iter().all(|hit| hit.meaning.is_some())
    }
}

impl Zone {
    /// Reads all addresses of one answer.
    pub fn read(&self, answers: &[Ipv4Addr]) -> Reading {
        let mut answers = answers.to_vec();
        answers.sort_unstable();
        answers.dedup();
        if answers.is_empty() {
            return Reading::Nothing;
        }
        if let Some(refusal) = answers.iter().find_map(|answer| self.refusal(*answer)) {
            return Reading::Refused(refusal);
        }
        let outside: Vec<_> = answers.iter().copied().filter(|it| !it.is_loopback()).collect();
        if !outside.is_empty() {
            return Reading::Outside(outside);
        }
        Reading::Codes(answers.iter().flat_map(|answer| self.hits(*answer)).collect())
    }

    /// The refusal that an address stands for: the zone's own words before those of the block.
    fn refusal(&self, answer: Ipv4Addr) -> Option<Refusal> {
        let own = self.refusals.iter().find(|refusal| self.is_refusal(refusal, answer));
        own.cloned().or_else(|| Refusal::of_error_block(answer))
    }

    fn is_refusal(&self, refusal: &Refusal, answer: Ipv4Addr) -> bool {
        match (self.decoding, bits_of(refusal.answer), bits_of(answer)) {
            (Decoding::Bitmask, Some(bit), Some(bits)) => bits & bit != 0,
            _ => refusal.answer == answer,
        }
    }

    /// What one address inside 127.0.0.0/8 stands for.
    fn hits(&self, answer: Ipv4Addr) -> Vec<Hit> {
        let bits = match self.decoding {
            Decoding::Bitmask => bits_of(answer).filter(|bits| *bits != 0),
            Decoding::Exact | Decoding::Range => None,
        };
        let Some(bits) = bits else {
            let code = self.codes.iter().find(|code| code.holds(answer));
            return vec![self.hit(answer, None, code)];
        };
        let set = (0..u8::BITS).map(|place| 1_u8 << place).filter(|bit| bits & bit != 0);
        set.map(|bit| {
            let code = self.codes.iter().find(|code| bits_of(code.first) == Some(bit));
            self.hit(answer, Some(bit), code)
        })
        .collect()
    }

    fn hit(&self, answer: Ipv4Addr, bit: Option<u8>, code: Option<&Code>) -> Hit {
        let (meaning, weight, listing) = match code {
            Some(code) => (Some(code.meaning.clone()), code.weight, code.listing),
            None => {
                let listing = self.purpose == Purpose::Block && answer != NEVER_LISTED;
                (None, Weight::Info, listing)
            }
        };
        Hit { answer, bit, meaning, weight, listing }
    }
}

#[cfg(test)]
mod tests;
