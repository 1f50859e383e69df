//! What a connection may cost the server, and what this server has shown to tolerate.
//!
//! The numbers keep below the limits of stock servers: Postfix slows down at 10 errors, Exim ends a
//! session at the fourth syntax error and at the eleventh RSET, and as Debian ships it refuses every
//! recipient beyond the tenth of a transaction while less than half of them were accepted.

/// Caps for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Refused commands.
    pub refusals: usize,
    /// Refusals for syntax or sequence.
    pub syntax: usize,
    /// RSET commands.
    pub resets: usize,
    /// Recipients of one transaction, accepted or not.
    pub recipients: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { refusals: 9, syntax: 3, resets: 5, recipients: 10 }
    }
}

/// What a connection has cost so far, by the server's own answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) refusals: usize,
    pub(super) syntax: usize,
    pub(super) resets: usize,
}

impl Spent {
    /// Counts one refusal by its code.
    pub(super) fn refusal(&mut self, code: u16) {
        self.refusals += 1;
        if matches!(code, 500..=504 | 553 | 555) {
            self.syntax += 1;
        }
    }
}

impl Budget {
    /// How many more commands may be sent if each of them is refused.
    pub(super) fn room(&self, spent: &Spent) -> usize {
        self.refusals.saturating_sub(spent.refusals)
    }

    /// How many more of them may be syntax risks.
    pub(super) fn syntax_room(&self, spent: &Spent) -> usize {
        self.syntax.saturating_sub(spent.syntax)
    }

    /// After a connection that the server ended or complained on: stay one below what it took.
    pub(super) fn lower(&mut self, spent: &Spent) {
        let below =
            |cap: usize, seen: usize| if seen == 0 { cap } else { cap.min(seen - 1).max(1) };
        self.refusals = below(self.refusals, spent.refusals);
        self.syntax = below(self.syntax, spent.syntax);
        if spent.resets > 0 {
            self.resets = self.resets.min(spent.resets - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_lowers_what_was_spent_and_never_to_nothing() {
        let mut budget = Budget::default();
        budget.lower(&Spent { refusals: 3, syntax: 0, resets: 0 });
        assert_eq!(budget, Budget { refusals: 2, ..Budget::default() });
        budget.lower(&Spent { refusals: 1, syntax: 1, resets: 1 });
        assert_eq!(budget, Budget { refusals: 1, syntax: 1, resets: 0, ..Budget::default() });
    }

    #[test]
    fn only_some_codes_are_syntax() {
        let mut spent = Spent::default();
        for code in [450, 454, 550, 554, 501, 503, 553] {
            spent.refusal(code);
        }
        assert_eq!((spent.refusals, spent.syntax), (7, 3));
    }
}
