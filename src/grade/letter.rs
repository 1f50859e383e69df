//! The letters of a grade, in their order.

use std::fmt;

use serde::Deserialize;

/// A grade, from worst to best. N stands for "not graded": too little is known. It is no pass, and
/// F outranks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[allow(missing_docs)]
pub enum Letter {
    F,
    N,
    D,
    C,
    B,
    A,
    #[serde(rename = "A+")]
    APlus,
}

impl Letter {
    /// The letter as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F => "F",
            Self::N => "N",
            Self::D => "D",
            Self::C => "C",
            Self::B => "B",
            Self::A => "A",
            Self::APlus => "A+",
        }
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_from_worst_to_best() {
        let order = "F N D C B A A+";
        let mut letters =
            [Letter::A, Letter::N, Letter::F, Letter::APlus, Letter::D, Letter::B, Letter::C];
        letters.sort();
        assert_eq!(letters.map(Letter::as_str).join(" "), order);
    }
}
