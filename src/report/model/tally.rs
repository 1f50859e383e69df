//! Hosts, counted one at a time: a tally is as large for a million hosts as for one.

use crate::finding::Severity;
use crate::grade::Letter;

use super::*;

/// From worst to best.
const LETTERS: [Letter; 7] =
    [Letter::F, Letter::N, Letter::D, Letter::C, Letter::B, Letter::A, Letter::APlus];

/// What is counted of one host, in the words of its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostCounts<'a> {
    /// The verdict.
    pub verdict: &'a str,
    /// How far relaying is proved.
    pub proof: &'a str,
    /// The letter of the grade.
    pub letter: &'a str,
    /// The severity of its worst finding, where it has one.
    pub severity: Option<Severity>,
}

/// Hosts counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By verdict and by grade.
    pub summary: Summary,
    /// By how far relaying is proved.
    pub proofs: ProofCounts,
    /// By the severity of the worst finding.
    pub severities: SeverityCounts,
}

/// A word of a host's report that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no {kind} that this version knows")]
pub struct UnknownWord {
    /// `verdict`, `proof` or `letter`.
    pub kind: &'static str,
    /// The word.
    pub word: String,
}

impl HostCounts<'static> {
    /// What is counted of a host.
    pub fn of(host: &HostReport) -> Self {
        Self {
            verdict: host.relay.verdict,
            proof: host.relay.proof,
            letter: host.grade.letter,
            severity: host.findings.iter().map(|finding| finding.severity).max(),
        }
    }
}

impl Tally {
    /// The counts of all hosts.
    pub(super) fn of(hosts: &[HostReport]) -> Self {
        let mut tally = Self::default();
        for host in hosts {
            // Words that come from the model are known.
            let _ = tally.add(&HostCounts::of(host));
        }
        tally
    }

    /// Counts one host.
    ///
    /// # Errors
    /// [`UnknownWord`], and nothing is counted.
    pub fn add(&mut self, host: &HostCounts<'_>) -> Result<(), UnknownWord> {
        let unknown = |kind, word: &str| UnknownWord { kind, word: word.to_owned() };
        let mut next = *self;
        let summary = &mut next.summary;
        summary.hosts += 1;
        *match host.verdict {
            "open" => &mut summary.open,
            "conditional" => &mut summary.conditional,
            "closed" => &mut summary.closed,
            "inconclusive" => &mut summary.inconclusive,
            "unreachable" => &mut summary.unreachable,
            other => return Err(unknown("verdict", other)),
        } += 1;
        let mut letters = LETTERS.into_iter();
        let letter = letters.find(|letter| letter.as_str() == host.letter);
        let letter = letter.ok_or_else(|| unknown("letter", host.letter))?;
        *summary.grades.of(letter) += 1;
        let rank = |word| LETTERS.iter().position(|letter| letter.as_str() == word);
        let is_worse = summary.worst.is_none_or(|worst| rank(letter.as_str()) < rank(worst));
        summary.worst = if is_worse { Some(letter.as_str()) } else { summary.worst };
        *match host.proof {
            "none" => &mut next.proofs.none,
            "suspected" => &mut next.proofs.suspected,
            "probable" => &mut next.proofs.probable,
            "confirmed" => &mut next.proofs.confirmed,
            other => return Err(unknown("proof", other)),
        } += 1;
        *match host.severity {
            Some(Severity::Critical) => &mut next.severities.critical,
            Some(Severity::High) => &mut next.severities.high,
            Some(Severity::Medium) => &mut next.severities.medium,
            Some(Severity::Low) => &mut next.severities.low,
            Some(Severity::Info) => &mut next.severities.info,
            None => &mut next.severities.none,
        } += 1;
        *self = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(
        verdict: &'static str,
        proof: &'static str,
        letter: &'static str,
    ) -> HostCounts<'static> {
        HostCounts { verdict, proof, letter, severity: None }
    }

    #[test]
    fn each_host_is_counted_once_by_each_measure() {
        let mut tally = Tally::default();
        for (host, worst) in [
            (host("closed", "none", "A+"), "A+"),
            (host("closed", "none", "B"), "B"),
            (host("inconclusive", "probable", "N"), "N"),
            (host("open", "confirmed", "F"), "F"),
            (host("conditional", "suspected", "D"), "F"),
            (host("unreachable", "none", "N"), "F"),
        ] {
            tally.add(&host).unwrap();
            assert_eq!(tally.summary.worst, Some(worst), "{host:?}");
        }
        let severe = |severity| HostCounts { severity, ..host("closed", "none", "A") };
        for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
            tally.add(&severe(Some(severity))).unwrap();
        }
        let Summary { hosts, open, conditional, closed, inconclusive, unreachable, grades, .. } =
            tally.summary;
        assert_eq!(
            (hosts, open, conditional, closed, inconclusive, unreachable),
            (10, 1, 1, 6, 1, 1)
        );
        let LetterCounts { a_plus, a, b, c, d, n, f } = grades;
        assert_eq!((a_plus, a, b, c, d, n, f), (1, 4, 1, 0, 1, 2, 1));
        let ProofCounts { none, suspected, probable, confirmed } = tally.proofs;
        assert_eq!((none, suspected, probable, confirmed), (7, 1, 1, 1));
        assert_eq!(tally.severities.none, 6);
        for (threshold, hosts) in
            [(Severity::Critical, 1), (Severity::Medium, 3), (Severity::Info, 4)]
        {
            assert_eq!(tally.severities.at_least(threshold), hosts, "{threshold:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_counted_as_anything() {
        for (bad, kind) in [
            (host("safe", "none", "A"), "verdict"),
            (host("closed", "sure", "A"), "proof"),
            (host("closed", "none", "E"), "letter"),
        ] {
            let mut tally = Tally::default();
            assert_eq!(tally.add(&bad).unwrap_err().kind, kind);
            assert_eq!(tally, Tally::default(), "{kind}");
        }
    }
}
