//! Which server stands at an address, and what an audit must say of it.

use std::io::Write;
use std::net::Ipv4Addr;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// What a server of the farm does. None of them ever takes a message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Behaviour {
    /// Closed, in the words of Postfix's stock settings.
    ClosedPostfix,
    /// Closed, with the words and the strictness of Exim.
    ClosedExim,
    /// Closed, in Sendmail's words, without PIPELINING.
    ClosedSerial,
    /// Relays for everybody.
    Open,
    /// Relays for a sender at one of its own domains.
    LocalSender,
    /// Relays for a client that greets with the server's own name.
    OwnHelo,
    /// Relays `user%other@itself`.
    Percent,
    /// Relays for the null sender.
    NullSender,
    /// Defers every recipient for ever, so that nothing is learnt about relaying.
    Greylist,
    /// Closed; after three refusals the next command gets 421 and the connection ends.
    HangUp,
    /// Takes every recipient and would refuse the message: seen only by who sends one.
    DataRefused,
    /// Says 421 in place of a greeting and closes.
    Busy,
    /// Takes the connection and never says anything.
    Tarpit,
    /// Takes the connection and says one byte of a greeting in five seconds, for ever.
    Drip,
}

/// Which probes a run asks, as far as verdicts depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// `quick` for all, `standard` for those that are not plainly closed.
    Adaptive,
    /// Most open relays.
    Quick,
    /// What is worth a few connections more.
    Standard,
    /// Everything.
    Thorough,
}

impl Profile {
    /// The word of the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Adaptive => "adaptive",
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Thorough => "thorough",
        }
    }
}

impl Behaviour {
    /// The word of the command line and of the tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ClosedPostfix => "closed-postfix",
            Self::ClosedExim => "closed-exim",
            Self::ClosedSerial => "closed-serial",
            Self::Open => "open",
            Self::LocalSender => "local-sender",
            Self::OwnHelo => "own-helo",
            Self::Percent => "percent",
            Self::NullSender => "null-sender",
            Self::Greylist => "greylist",
            Self::HangUp => "hang-up",
            Self::DataRefused => "data-refused",
            Self::Busy => "busy",
            Self::Tarpit => "tarpit",
            Self::Drip => "drip",
        }
    }

    /// Whether it holds on to a connection without a dialogue.
    pub(crate) fn never_greets(self) -> bool {
        matches!(self, Self::Tarpit | Self::Drip)
    }

    /// The verdict that an audit must reach, and the same in every profile: the quick one holds a
    /// form for each of these holes.
    pub(crate) fn verdict(self) -> &'static str {
        match self {
            Self::ClosedPostfix | Self::ClosedExim | Self::ClosedSerial | Self::HangUp => "closed",
            Self::Open
            | Self::LocalSender
            | Self::OwnHelo
            | Self::Percent
            | Self::NullSender
            | Self::DataRefused => "open",
            // Half a greeting is no SMTP, and no silence either.
            Self::Greylist | Self::Busy | Self::Drip => "inconclusive",
            Self::Tarpit => "unreachable",
        }
    }
}

/// How often each behaviour stands in the farm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mix {
    text: String,
    shares: Vec<(Behaviour, u64)>,
    total: u64,
}

/// The mixes that have a name.
const NAMED: [(&str, &str); 4] = [
    ("closed", "closed-postfix=60,closed-exim=40"),
    (
        "standard",
        "closed-postfix=40,closed-exim=20,closed-serial=10,open=4,local-sender=4,own-helo=3,\
         percent=3,null-sender=3,greylist=4,hang-up=4,data-refused=2,busy=3",
    ),
    // One host in fifty is not plainly closed.
    (
        "adaptive",
        "closed-postfix=586,closed-exim=294,closed-serial=100,open=4,local-sender=4,own-helo=3,\
         percent=3,null-sender=3,greylist=3",
    ),
    // Half of the hosts hold on to whoever connects.
    (
        "tarpits",
        "tarpit=25,drip=24,closed-postfix=24,closed-exim=12,closed-serial=5,open=3,local-sender=2,\
         own-helo=1,percent=1,null-sender=1,greylist=1,hang-up=1",
    ),
];

impl Mix {
    /// The server at `address`.
    pub(crate) fn truth(&self, address: Ipv4Addr) -> Behaviour {
        let mut at = scatter(address.into(), 1) % self.total;
        for (behaviour, share) in &self.shares {
            if at < *share {
                return *behaviour;
            }
            at -= share;
        }
        Behaviour::ClosedPostfix
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let named = NAMED.iter().find(|(name, _)| *name == text);
        let list = named.map_or(text, |(_, list)| list);
        let mut shares = Vec::new();
        for item in list.split(',') {
            let (word, share) = item.split_once('=').ok_or_else(|| {
                format!("`{item}` is neither a mix ({}) nor BEHAVIOUR=SHARE", names())
            })?;
            let behaviour = Behaviour::from_str(word, false).map_err(|_| {
                let all: Vec<_> =
                    Behaviour::value_variants().iter().map(|one| one.word()).collect();
                format!("`{word}` is no behaviour; there are {}", all.join(", "))
            })?;
            let share = share.parse().map_err(|_| format!("`{share}` is no whole number"))?;
            shares.push((behaviour, share));
        }
        let total = shares.iter().map(|(_, share)| share).sum();
        if total == 0 {
            return Err("all shares of the mix are 0".into());
        }
        Ok(Self { text: text.into(), shares, total })
    }
}

fn names() -> String {
    NAMED.map(|(name, _)| name).join(", ")
}

/// Whether a server answers at `address` where one in `in_how_many` does.
pub(crate) fn is_alive(address: Ipv4Addr, in_how_many: u32) -> bool {
    in_how_many <= 1 || scatter(address.into(), 2).is_multiple_of(u64::from(in_how_many))
}

/// A number that is evenly spread over the addresses, and for another `salt` another one.
fn scatter(address: u32, salt: u64) -> u64 {
    // The output function of SplitMix64.
    let mut z = (u64::from(address) | salt << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Every address of `network`, the first and the last included.
pub(crate) fn addresses(network: Ipv4Net) -> impl Iterator<Item = Ipv4Addr> {
    (u32::from(network.network())..=u32::from(network.broadcast())).map(Ipv4Addr::from)
}

/// Options of `truth`.
#[derive(Debug, Args)]
pub(crate) struct TruthArgs {
    /// The network
    network: Ipv4Net,
    /// closed, standard, adaptive, tarpits, or a list of BEHAVIOUR=SHARE
    #[arg(long, default_value = "standard")]
    mix: Mix,
    /// One address in so many answers
    #[arg(long, value_name = "N", default_value_t = 1)]
    alive: u32,
}

/// Prints address, behaviour and verdict, a line each.
pub(crate) fn print_truth(args: &TruthArgs) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for address in addresses(args.network).filter(|address| is_alive(*address, args.alive)) {
        let behaviour = args.mix.truth(address);
        writeln!(out, "{address} {} {}", behaviour.word(), behaviour.verdict())?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_mixes_hold_their_shares() {
        let block: Ipv4Net = "127.32.0.0/16".parse().unwrap();
        let share = |name: &str, counts: &dyn Fn(Behaviour) -> bool| {
            let mix: Mix = name.parse().unwrap();
            let all = addresses(block).filter(|address| counts(mix.truth(*address))).count();
            all as f64 / 65_536.0
        };
        let open = |one: Behaviour| one.verdict() != "closed";
        assert!((share("adaptive", &open) - 0.02).abs() < 0.003);
        assert!(share("standard", &Behaviour::never_greets) == 0.0);
        assert!((share("tarpits", &Behaviour::never_greets) - 0.49).abs() < 0.02);
        assert!(share("closed", &open) == 0.0);
        assert!((share("open=1,busy=3", &|one| one == Behaviour::Open) - 0.25).abs() < 0.02);
        let alive = addresses(block).filter(|address| is_alive(*address, 500)).count();
        assert!((100..=165).contains(&alive), "{alive}");
    }

    #[test]
    fn what_is_no_mix_is_said() {
        for (text, fault) in [
            ("mixed", "`mixed` is neither a mix (closed, standard, adaptive, tarpits)"),
            ("ajar=1", "`ajar` is no behaviour; there are closed-postfix, "),
            ("open=x", "`x` is no whole number"),
            ("open=0", "all shares of the mix are 0"),
        ] {
            let said = text.parse::<Mix>().unwrap_err();
            assert!(said.starts_with(fault), "{said}");
        }
    }
}
