//! Which answers of a list count.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::octets::Octets;
use super::pattern::Pattern;

/// The answers of a list that count as a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// An answer is in the set when one of these holds it. With none, no answer is.
    pub accepted: Vec<Accepted>,
    /// Whether the result is turned round (Exim's `!=` and `!&`).
    pub negated: bool,
    /// Whether all answers to a question must be in the set and not only one (Exim's `==` and `=&`).
    pub every: bool,
    /// The filter as the file writes it.
    pub text: String,
}

impl Filter {
    /// A filter that is satisfied when one answer is in the set.
    pub(super) fn any(accepted: Vec<Accepted>, text: &str) -> Self {
        Self { accepted, negated: false, every: false, text: text.to_owned() }
    }

    /// Whether the list counts as matched when this is its only answer.
    pub fn accepts(&self, answer: Ipv4Addr) -> bool {
        self.accepts_set(&[answer])
    }

    /// Whether the list counts as matched when these are its answers.
    pub fn accepts_set(&self, answers: &[Ipv4Addr]) -> bool {
        let holds = |answer: &Ipv4Addr| self.accepted.iter().any(|one| one.holds(*answer));
        let matched =
            if self.every { answers.iter().all(holds) } else { answers.iter().any(holds) };
        !answers.is_empty() && matched != self.negated
    }

    /// Whether the filter keeps no answer within 127.0.0.0/8 out.
    pub fn is_open(&self) -> bool {
        if self.negated {
            // Every part that can hold an answer at all holds one in 127.0.0.0/8 or keeps nothing of it out.
            return self.accepted.iter().all(Accepted::is_outside);
        }
        self.accepted.iter().any(Accepted::is_open)
    }
}

/// A set of answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// One address.
    Exact(Ipv4Addr),
    /// A set of values for each octet (Postfix, Sendmail).
    Octets(Octets),
    /// A network.
    Net(Ipv4Net),
    /// The addresses from the first to the last.
    Range(Ipv4Addr, Ipv4Addr),
    /// Addresses that have all bits of the mask (rspamd).
    AllBits(u32),
    /// The same, where an answer outside 127.0.0.0/8 counts as one without any bit (Exim).
    AllBitsOfLoopback(u32),
    /// Addresses within 127.0.0.0/8 that have at least one bit of the mask (SpamAssassin).
    AnyBitOfLoopback(u32),
    /// Addresses that agree with the value in the bits of the mask.
    Masked {
        /// The bits that are compared.
        mask: u32,
        /// What they are compared with.
        value: u32,
    },
    /// Addresses whose text matches.
    Text(Pattern),
}

impl Accepted {
    /// Whether the answer is in the set.
    pub fn holds(&self, answer: Ipv4Addr) -> bool {
        let bits = answer.to_bits();
        match self {
            Self::Exact(address) => *address == answer,
            Self::Octets(octets) => octets.holds(answer),
            Self::Net(net) => net.contains(&answer),
            Self::Range(first, last) => (*first..=*last).contains(&answer),
            Self::AllBits(mask) => bits & mask == *mask,
            Self::AllBitsOfLoopback(mask) => {
                let seen = if answer.is_loopback() { bits } else { 0 };
                seen & mask == *mask
            }
            Self::AnyBitOfLoopback(mask) => answer.is_loopback() && bits & mask != 0,
            Self::Masked { mask, value } => bits & mask == value & mask,
            Self::Text(pattern) => pattern.matches(&answer.to_string()),
        }
    }

    /// Whether the set holds the whole of 127.0.0.0/8. A set that is open only together with others is not.
    fn is_open(&self) -> bool {
        const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 0);
        const LAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);
        match self {
            Self::Exact(_) => false,
            Self::Octets(octets) => octets.is_open(),
            Self::Net(net) => net.contains(&FIRST) && net.contains(&LAST),
            Self::Range(first, last) => *first <= FIRST && LAST <= *last,
            // What holds 127.0.0.0 asks for no bit that another address of the network lacks.
            Self::AllBits(_) | Self::AllBitsOfLoopback(_) | Self::AnyBitOfLoopback(_) => {
                self.holds(FIRST)
            }
            Self::Masked { mask, .. } => mask & 0x00ff_ffff == 0 && self.holds(FIRST),
            Self::Text(pattern) => pattern.is_open(),
        }
    }

    /// Whether the set holds nothing of 127.0.0.0/8.
    fn is_outside(&self) -> bool {
        match self {
            Self::Exact(address) => !address.is_loopback(),
            Self::AllBits(mask) | Self::AllBitsOfLoopback(mask) => {
                mask & 0xff00_0000 & !0x7f00_0000 != 0
            }
            _ => false,
        }
    }
}
