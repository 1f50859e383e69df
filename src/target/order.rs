//! The order in which numbered targets are asked.

/// Rounds of the network. Four are the least that mix well (Luby and Rackoff); these are cheap.
const ROUNDS: u64 = 8;

/// An order of the numbers below a count: straight, or shuffled by a seed.
///
/// A shuffled order is a permutation that is computed for each position and remembers nothing, so
/// that a million targets cost no memory and a run that is resumed with the same seed goes on in
/// the same order. It is for fairness to the networks asked, not for secrecy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    count: u64,
    /// None in a straight order.
    seed: Option<u64>,
}

impl Order {
    /// The numbers from 0 in order.
    pub fn straight(count: u64) -> Self {
        Self { count, seed: None }
    }

    /// The numbers in an order that the seed decides.
    pub fn random(count: u64, seed: u64) -> Self {
        Self { count, seed: Some(seed) }
    }

    /// How many numbers there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there is no number.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number at a position; none where the position is [`len`](Self::len) or more.
    pub fn at(&self, position: u64) -> Option<u64> {
        if position >= self.count {
            return None;
        }
        let Some(seed) = self.seed else { return Some(position) };
        // The network permutes the next power of two, less than twice the count. Walking on until a
        // number below the count comes up makes that a permutation of the numbers below it: the walk
        // follows a cycle on which the start lies, so it ends.
        let bits = u64::BITS - (self.count - 1).leading_zeros();
        let mut number = permuted(position, bits, seed);
        while number >= self.count {
            number = permuted(number, bits, seed);
        }
        Some(number)
    }

    /// All numbers in this order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        let order = *self;
        (0..self.count).filter_map(move |position| order.at(position))
    }
}

/// A permutation of the numbers of so many bits: a Feistel network whose halves may differ by a bit.
fn permuted(number: u64, bits: u32, seed: u64) -> u64 {
    let low_bits = bits.div_ceil(2);
    let (low_mask, high_mask) = (mask(low_bits), mask(bits - low_bits));
    let (mut low, mut high) = (number & low_mask, number >> low_bits);
    for round in 0..ROUNDS {
        // Each step changes one half by the other alone and so can be undone.
        match round % 2 {
            0 => low ^= mixed(high, seed, round) & low_mask,
            _ => high ^= mixed(low, seed, round) & high_mask,
        }
    }
    (high << low_bits) | low
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Mixes a half with the seed and the round, by the finaliser of SplitMix64 on each.
fn mixed(half: u64, seed: u64, round: u64) -> u64 {
    let key = finalised(seed.wrapping_add((round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    finalised(half ^ key)
}

fn finalised(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_each_once(count: u64, seed: u64) {
        let order = Order::random(count, seed);
        let mut seen = vec![false; usize::try_from(count).unwrap()];
        for number in order.iter() {
            let slot = &mut seen[usize::try_from(number).unwrap()];
            assert!(!*slot, "{number} of {count} twice, seed {seed}");
            *slot = true;
        }
        assert!(seen.iter().all(|seen| *seen), "{count}, seed {seed}");
        assert_eq!(order.at(count), None);
    }

    #[test]
    fn a_random_order_names_each_number_once() {
        for count in (0..70).chain([127, 128, 129, 251, 4096, 65_521, 65_536, 65_537, 1_000_003]) {
            assert_each_once(count, 4711);
        }
    }

    #[test]
    fn the_largest_counts_stay_in_bounds() {
        for count in [1 << 32, (1 << 33) + 7, (1 << 63) - 1, 1 << 63, u64::MAX] {
            let order = Order::random(count, 1);
            for position in [0, 1, count / 2, count - 1] {
                assert!(order.at(position).unwrap() < count, "{position} of {count}");
            }
            assert_eq!(order.at(count), None);
        }
    }

    #[test]
    fn a_straight_order_is_straight() {
        assert_eq!(Order::straight(3).iter().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(Order::straight(3).at(3), None);
        assert!(Order::straight(0).is_empty());
    }

    #[test]
    fn the_seed_decides_the_order() {
        let first = |seed| Order::random(1000, seed).iter().take(20).collect::<Vec<_>>();
        assert_eq!(first(7), first(7));
        for seed in 0..100 {
            assert_ne!(first(seed), first(seed + 1), "{seed}");
        }
    }

    /// Counts, over all positions of a /16, the steps that stay in one /24, and the most addresses of
    /// one /24 among any 256 positions that follow each other. By chance the one is 255 of 65,535,
    /// the other about 10; in a straight order they are 65,280 and 256.
    #[test]
    fn a_random_order_hammers_no_network() {
        for seed in 0..20 {
            let networks: Vec<_> = Order::random(1 << 16, seed)
                .iter()
                .map(|n| usize::try_from(n >> 8).unwrap())
                .collect();
            let stays = networks.windows(2).filter(|pair| pair[0] == pair[1]).count();
            assert!((150..400).contains(&stays), "{stays} steps stay, seed {seed}");
            let mut inside = [0_u32; 256];
            let mut most = 0;
            for (at, &network) in networks.iter().enumerate() {
                inside[network] += 1;
                most = most.max(inside[network]);
                if let Some(left) = at.checked_sub(255) {
                    inside[networks[left]] -= 1;
                }
            }
            assert!(most <= 14, "{most} of one network among 256, seed {seed}");
        }
    }

    proptest! {
        #[test]
        fn any_count_and_seed_give_a_permutation(count in 0_u64..3000, seed: u64) {
            assert_each_once(count, seed);
        }
    }
}
