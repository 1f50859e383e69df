//! How many queries a run costs each operator.

use super::zone::{SubjectKind, Zone};

/// Queries about a zone itself: its start of authority and a random label.
const PER_ZONE: u64 = 2;
/// Queries for the test entries of one kind: the positive one with its text, and the negative one before and after.
const PER_KIND: u64 = 4;

/// How many subjects of each kind are to be looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubjectCounts {
    /// IPv4 addresses.
    pub ipv4: usize,
    /// IPv6 addresses.
    pub ipv6: usize,
    /// Domain names.
    pub domains: usize,
}

impl SubjectCounts {
    fn of(&self, kind: SubjectKind) -> u64 {
        let count = match kind {
            SubjectKind::Ipv4 => self.ipv4,
            SubjectKind::Ipv6 => self.ipv6,
            SubjectKind::Domain => self.domains,
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

/// What a run costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// One for each zone, in the order that they were given in.
    pub zones: Vec<ZoneBudget>,
}

/// What a run costs one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneBudget {
    /// The zone's id.
    pub zone: String,
    /// Queries: one for each subject that it lists the kind of, and those that prove the zone. Texts of listings come
    /// on top, one for each.
    pub queries: u64,
    /// What its operator allows in a day.
    pub daily_limit: Option<u64>,
}

impl ZoneBudget {
    /// Whether the run alone is more than the operator allows in a day.
    pub fn exceeds(&self) -> bool {
        self.daily_limit.is_some_and(|limit| self.queries > limit)
    }
}

impl Budget {
    /// All queries together.
    pub fn total(&self) -> u64 {
        self.zones.iter().fold(0, |sum, zone| sum.saturating_add(zone.queries))
    }

    /// The zones that would be asked more than their operators allow in a day.
    pub fn exceeding(&self) -> impl Iterator<Item = &ZoneBudget> {
        self.zones.iter().filter(|zone| zone.exceeds())
    }
}

/// Counts the queries that looking up so many subjects in these zones takes. A zone that lists nothing of their kinds
/// is not asked.
pub fn budget<'a>(subjects: SubjectCounts, zones: impl IntoIterator<Item = &'a Zone>) -> Budget {
    let cost = |zone: &Zone| {
        let counts = zone.entries.iter().map(|entry| subjects.of(entry.kind));
        let asked = counts.filter(|count| *count > 0);
        let queries =
            asked.fold(0, |sum: u64, count| sum.saturating_add(count).saturating_add(PER_KIND));
        if queries == 0 { 0 } else { queries.saturating_add(PER_ZONE) }
    };
    let one = |zone: &Zone| ZoneBudget {
        zone: zone.id.clone(),
        queries: cost(zone),
        daily_limit: zone.daily_limit,
    };
    Budget { zones: zones.into_iter().map(one).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dnsbl::Registry;

    const ZEN: &str = "spamhaus-zen";

    #[test]
    fn queries_are_subjects_and_proofs() {
        let registry = Registry::embedded().unwrap();
        let counts = |ipv4, ipv6, domains| SubjectCounts { ipv4, ipv6, domains };
        let cases = [
            ("both kinds of address", ZEN, counts(10, 3, 7), 10 + 3 + 2 * 4 + 2, false),
            ("one kind", ZEN, counts(10, 0, 7), 10 + 4 + 2, false),
            ("none of its kinds", ZEN, counts(0, 0, 7), 0, false),
            ("at the limit", "sem-black", counts(99_994, 0, 0), 100_000, false),
            ("above the limit", "sem-black", counts(99_995, 0, 0), 100_001, true),
            ("no limit stated", "psbl", counts(5_000_000, 0, 0), 5_000_006, false),
            ("a list of names", "spamhaus-dbl", counts(9, 9, 1), 1 + 4 + 2, false),
        ];
        for (case, id, subjects, queries, exceeds) in cases {
            let cost = budget(subjects, [registry.zone(id).unwrap()]);
            assert_eq!(cost.total(), queries, "{case}");
            assert_eq!(cost.exceeding().count() == 1, exceeds, "{case}");
        }
    }

    #[test]
    fn zones_are_counted_one_by_one() {
        let registry = Registry::embedded().unwrap();
        let subjects = SubjectCounts { ipv4: 200_000, ..SubjectCounts::default() };
        let cost = budget(subjects, registry.defaults());
        let exceeding: Vec<_> = cost.exceeding().map(|zone| zone.zone.as_str()).collect();
        assert_eq!(exceeding, ["mailspike-bl", "sem-black", "dnswl"]);
        assert_eq!(cost.zones.len(), registry.defaults().count());
        let most = SubjectCounts { ipv4: usize::MAX, ipv6: usize::MAX, domains: usize::MAX };
        assert_eq!(budget(most, registry.zones()).total(), u64::MAX, "no overflow");
    }
}
