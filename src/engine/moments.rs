//! When to ask whether relaying is still granted after a POP3 login.
//!
//! At first the server may not have noticed the login yet; once it grants relaying, each question
//! comes 8 % later than the one before, so that the end of the window is known to less than 10 %
//! by few connections: some 75 for an hour, some 120 for a day.

use std::time::Duration;

/// When to ask while relaying is not granted: servers that read a log notice a login late,
/// and those that rebuild a map each minute later still.
const EARLY: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(45),
    Duration::from_secs(75),
];
/// The second question after relaying was granted. No window of use is shorter.
const FIRST: Duration = Duration::from_secs(10);
/// Each question in a hundredth of the one before.
const GROWTH: u32 = 108;

/// When to ask next, counted from the login: `last` is when the last question was asked, and
/// `granted` whether any was answered with a yes. `None` when there is nothing left to ask.
pub(super) fn next(last: Option<Duration>, granted: bool, window: Duration) -> Option<Duration> {
    let Some(last) = last else { return Some(Duration::ZERO) };
    if last >= window {
        return None;
    }
    let next = match granted {
        true => Some(FIRST.max(last * GROWTH / 100)),
        false => EARLY.into_iter().find(|early| *early > last),
    };
    next.map(|next| next.min(window))
}

/// How many connections to the mail server a whole window may take, the one before the login among
/// them.
pub fn most_checks(window: Duration) -> usize {
    let later = |last: &Duration| next(Some(*last), true, window);
    1 + std::iter::successors(Some(Duration::ZERO), later).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: f64) -> Duration {
        Duration::from_secs_f64(count)
    }

    fn all(granted: bool, window: Duration) -> Vec<Duration> {
        std::iter::successors(next(None, granted, window), |last| {
            next(Some(*last), granted, window)
        })
        .collect()
    }

    #[test]
    fn granted_moments_grow_by_less_than_a_tenth() {
        for window in [60, 3600, 86400] {
            let moments = all(true, seconds(f64::from(window)));
            assert_eq!((moments[0], moments[1]), (Duration::ZERO, FIRST));
            for pair in moments[1..].windows(2) {
                assert!(pair[0] < pair[1] && pair[1] < pair[0] * 110 / 100, "{pair:?}");
            }
            assert_eq!(moments.last(), Some(&seconds(f64::from(window))));
            assert_eq!(most_checks(seconds(f64::from(window))), moments.len() + 1);
        }
        assert_eq!(most_checks(seconds(3600.0)), 80);
        assert_eq!(most_checks(seconds(86400.0)), 121);
    }

    #[test]
    fn a_login_may_be_noticed_late() {
        assert_eq!(all(false, seconds(3600.0)), EARLY);
        assert_eq!(all(false, seconds(10.0)), [0.0, 5.0, 10.0].map(seconds));
        assert_eq!(next(Some(seconds(15.2)), true, seconds(60.0)), Some(seconds(16.416)));
    }

    #[test]
    fn a_short_window_is_asked_at_its_end() {
        assert_eq!(all(true, seconds(3.0)), [0.0, 3.0].map(seconds));
        assert_eq!(all(true, Duration::ZERO), [Duration::ZERO]);
    }
}
