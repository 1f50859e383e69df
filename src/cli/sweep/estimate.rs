//! What a sweep will cost, before it starts: connections and time, between the case that nobody
//! answers and the case that everybody does.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use crate::report::model::RunProfile;

/// Connections to a closed host by the quick probes, the standard ones and all.
const QUICK: u64 = 3;
const STANDARD: u64 = 12;
const THOROUGH: u64 = 30;
/// Round trips on one connection.
const ROUND_TRIPS: u64 = 7;
/// How long one of them is taken to be.
const ROUND_TRIP: Duration = Duration::from_millis(100);

/// What the cost depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Addresses times ports.
    pub(super) jobs: u64,
    /// Jobs in the fullest /24 or /64.
    pub(super) fullest: u64,
    pub(super) profile: RunProfile,
    /// Hosts and addresses at once.
    pub(super) hosts: u64,
    pub(super) addresses: u64,
    /// New connections a second, in all and to a prefix; 0 is no limit.
    pub(super) rate: u64,
    pub(super) per_prefix: u64,
    pub(super) connect_timeout: Duration,
    /// How long lists take for their part where everybody answers.
    pub(super) lists: Duration,
}

/// The bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// Connections when nobody answers, and when everybody does and is closed.
    pub(super) connections: (u64, u64),
    /// Connections when everybody answers and none is plainly closed.
    pub(super) most: u64,
    /// How long the first two take.
    pub(super) time: (Duration, Duration),
}

pub(super) fn estimate(size: &Size) -> Estimate {
    let (each, most) = match size.profile {
        RunProfile::Adaptive => (QUICK, QUICK + STANDARD),
        RunProfile::Quick => (QUICK, QUICK),
        RunProfile::Standard => (STANDARD, STANDARD),
        RunProfile::Thorough => (THOROUGH, THOROUGH),
    };
    let all = size.jobs.saturating_mul(each);
    let over = |count: u64, rate: u64| match rate {
        0 => Duration::ZERO,
        rate => Duration::from_secs_f64(count as f64 / rate as f64),
    };
    // What takes longest decides: the rates, or how much goes on at once.
    let dark = over(size.jobs, size.rate).max(over(size.fullest, size.per_prefix)).max(at_once(
        size.jobs,
        size.connect_timeout,
        size.addresses,
    ));
    let host = ROUND_TRIP.saturating_mul(u32::try_from(each * ROUND_TRIPS).unwrap_or(u32::MAX));
    let alive = over(all, size.rate)
        .max(over(size.fullest.saturating_mul(each), size.per_prefix))
        .max(at_once(size.jobs, host, size.hosts))
        .max(size.lists);
    Estimate {
        connections: (size.jobs, all),
        most: size.jobs.saturating_mul(most),
        time: (dark, alive),
    }
}

/// How long `count` things take of which each takes `time` and `places` go on at once.
fn at_once(count: u64, time: Duration, places: u64) -> Duration {
    let rounds = count.div_ceil(places.max(1));
    time.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
}

/// How many of these ranges of IPv4 addresses, first and last, are in the fullest /24.
pub(super) fn fullest_prefix(ranges: impl Iterator<Item = (u32, u32)>) -> u64 {
    let mut partly: HashMap<u32, u64> = HashMap::new();
    let mut fullest = 0;
    for (first, last) in ranges {
        let (from, to) = (first >> 8, last >> 8);
        if to > from + 1 {
            fullest = 256;
        }
        for prefix in [Some(from), (to > from).then_some(to)].into_iter().flatten() {
            let low = u64::from(first.max(prefix << 8));
            let high = u64::from(last.min(prefix << 8 | 0xff));
            let count = partly.entry(prefix).or_default();
            *count += high - low + 1;
            fullest = fullest.max(*count);
        }
    }
    fullest
}

/// How many of these addresses are in the fullest /64.
pub(super) fn fullest_64(addresses: impl Iterator<Item = Ipv6Addr>) -> u64 {
    let mut counts: HashMap<u128, u64> = HashMap::new();
    for address in addresses {
        *counts.entry(address.to_bits() >> 64).or_default() += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

/// A time as people say it: `45 s`, `12 min`, `3 h 20 min`.
pub(super) fn spoken(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..=119 => format!("{} s", seconds.max(1)),
        120..=7199 => format!("{} min", seconds.div_ceil(60)),
        7200..=172_799 => {
            let minutes = seconds.div_ceil(60);
            match minutes % 60 {
                0 => format!("{} h", minutes / 60),
                rest => format!("{} h {rest} min", minutes / 60),
            }
        }
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        jobs: 65_536,
        fullest: 256,
        profile: RunProfile::Adaptive,
        hosts: 512,
        addresses: 16_384,
        rate: 1000,
        per_prefix: 20,
        connect_timeout: Duration::from_secs(5),
        lists: Duration::ZERO,
    };

    #[test]
    fn the_narrowest_limit_decides() {
        let seconds = |size: Size| {
            let (dark, alive) = estimate(&size).time;
            (dark.as_secs(), alive.as_secs())
        };
        assert_eq!(seconds(SIZE), (65, 268), "the rate when dark, hosts at once when not");
        assert_eq!(seconds(Size { rate: 100, ..SIZE }), (655, 1966), "the rate");
        assert_eq!(seconds(Size { per_prefix: 1, ..SIZE }), (256, 768), "that of a prefix");
        let free = Size { rate: 0, per_prefix: 0, ..SIZE };
        assert_eq!(seconds(free), (20, 268), "without rates, what goes on at once");
        let lists = Duration::from_secs(13_108);
        assert_eq!(seconds(Size { lists, ..SIZE }), (65, 13_108), "the slowest list");
    }

    #[test]
    fn connections_depend_on_the_profile() {
        let of = |profile| {
            let estimate = estimate(&Size { jobs: 100, profile, ..SIZE });
            (estimate.connections, estimate.most)
        };
        assert_eq!(of(RunProfile::Adaptive), ((100, 300), 1500));
        assert_eq!(of(RunProfile::Quick), ((100, 300), 300));
        assert_eq!(of(RunProfile::Standard), ((100, 1200), 1200));
        assert_eq!(of(RunProfile::Thorough), ((100, 3000), 3000));
    }

    #[test]
    fn the_fullest_prefix_is_found() {
        let of = |ranges: &[(u32, u32)]| fullest_prefix(ranges.iter().copied());
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[(0x0a00_0005, 0x0a00_0005)]), 1);
        assert_eq!(of(&[(0x0a00_00f0, 0x0a00_0117)]), 24, "16 in the one, 24 in the other");
        assert_eq!(of(&[(0x0a00_0000, 0x0a00_0003), (0x0a00_0080, 0x0a00_0083)]), 8);
        assert_eq!(of(&[(0x0a00_0001, 0x0a00_02fe)]), 256);
        assert_eq!(of(&[(0, u32::MAX)]), 256);
    }

    #[test]
    fn the_fullest_64_is_found() {
        let of = |texts: &[&str]| fullest_64(texts.iter().map(|text| text.parse().unwrap()));
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&["2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"]), 2);
    }

    #[test]
    fn times_and_numbers_are_spoken() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        for (seconds, text) in [
            (0, "1 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "120 min"),
            (7200, "2 h"),
            (9000, "2 h 30 min"),
            (172_800, "2 days"),
        ] {
            assert_eq!(spoken(seconds), text);
        }
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_048_576, "1,048,576")] {
            assert_eq!(grouped(number), text);
        }
    }
}
