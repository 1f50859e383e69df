//! What goes out in one group: as much of the queue as the server bears if it refuses all of it.
//!
//! RFC 2920 section 3.1 lets RSET, MAIL and RCPT stand anywhere in a group, and QUIT at its end. So
//! a group may hold the end of one transaction and the beginning of the next. What follows a MAIL
//! that may yet be refused is out of sequence then: it counts as such beforehand, and once a server
//! has refused a sender, nothing follows a new one before its answer. EHLO may only end a group too.

use std::collections::VecDeque;

use crate::engine::line::{Line, Transaction, recipients_of};
use crate::evidence::{Control, Form, Hello, Pass};
use crate::smtp::is_syntax_risk;

use super::{Runner, sender_of};

/// One command of a group. The number is that of the form it is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Rset,
    /// Our own greeting behind another one.
    Hello,
    Mail(usize),
    /// The recipient that a form wants accepted before its own.
    First(usize),
    /// The recipient of a form.
    Rcpt(usize),
    Quit,
}

/// What becomes of the next form of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is in the group.
    Packed,
    /// It has to wait for the answers.
    Waits,
    /// It needs another connection.
    Elsewhere,
}

/// A group in the making, and what the connection bears beyond it.
pub(super) struct Pack {
    pub(super) steps: Vec<Step>,
    /// The transaction that is open behind it.
    open: Option<Transaction>,
    /// MAIL of that transaction is part of the group, and from a new sender.
    unproven: bool,
    /// One of the server's own recipients is part of the group and of that transaction.
    has_control: bool,
    /// Refusals that are left if all of it is refused.
    refusals: usize,
    /// The same of those for syntax or sequence.
    syntax: usize,
    /// RSET commands that are left.
    resets: usize,
    /// Refusals that are left if foreign and unknown recipients are refused and the others not.
    pub(super) expected: usize,
}

impl Pack {
    fn pay(&mut self, refusals: usize, syntax: usize) {
        self.refusals = self.refusals.saturating_sub(refusals);
        self.syntax = self.syntax.saturating_sub(syntax);
    }

    /// True when this much may be added; whatever stands first has been found to fit.
    fn bears(&self, refusals: usize, syntax: usize) -> bool {
        self.steps.is_empty() || self.refusals >= refusals && self.syntax >= syntax
    }
}

impl Runner {
    /// The next group for the head of the queue, which fits the line; a single command where the
    /// server takes no groups.
    pub(super) fn pack(&self, queue: &VecDeque<usize>, pass: Pass) -> Vec<Step> {
        let Some(line) = &self.line else { return Vec::new() };
        let room = self.budget.room(&line.spent);
        let mut pack = Pack {
            steps: Vec::new(),
            open: line.transaction.clone(),
            unproven: false,
            has_control: false,
            refusals: room,
            syntax: self.budget.syntax_room(&line.spent),
            resets: self.budget.resets.saturating_sub(line.spent.resets),
            expected: room,
        };
        // Behind the last form, a connection under our own name may still be of use.
        let is_ours = line.hello == Hello::default() || self.greets_again && !line.greeted_again;
        let mut next = match pass == Pass::End || !is_ours {
            true => Next::Elsewhere,
            false => Next::Waits,
        };
        let mut to_fill = false;
        for &index in queue {
            let Some(form) = self.evidence.forms.get(index) else { continue };
            let is_here = form.envelope.is_opened_by(&line.hello);
            if self.refusal_of(form).is_some() || to_fill && !is_here {
                continue;
            }
            let became = self.add(&mut pack, line, index, form, pass);
            if became == Next::Elsewhere && !is_here && self.greets_again {
                // Another name is next: what this connection still bears is for forms behind it.
                (to_fill, next) = (true, Next::Elsewhere);
            } else if became != Next::Packed {
                let is_spent = !self.lenient && pack.expected < recipients_of(form);
                next = if is_spent { Next::Elsewhere } else { became };
                break;
            }
        }
        let Pack { mut steps, .. } = pack;
        if !(line.pipelining && self.pipelining) {
            steps.truncate(1);
        } else if next == Next::Elsewhere && !matches!(steps.last(), Some(Step::Mail(_)) | None) {
            steps.push(Step::Quit);
        }
        steps
    }

    fn add(&self, pack: &mut Pack, line: &Line, index: usize, form: &Form, pass: Pass) -> Next {
        if !form.envelope.is_opened_by(&line.hello) {
            return self.add_greeting(pack, line, form);
        }
        let risk = usize::from(is_syntax_risk(form.envelope.forward_path.as_bytes()));
        if form.control() == Some(Control::RcptBeforeMail) {
            if pack.open.is_some() {
                return Next::Elsewhere;
            }
            pack.steps.push(Step::Rcpt(index));
            pack.pay(1, 1);
            pack.expected = pack.expected.saturating_sub(1);
            return Next::Packed;
        }
        let most = self.budget.recipients;
        if !pack.open.as_ref().is_some_and(|open| open.takes(form, most)) {
            match self.begin(pack, index, form) {
                Next::Packed => {}
                other => return other,
            }
            // A confirmation is asked without haste.
            if pass == Pass::Confirm {
                return Next::Waits;
            }
        }
        // Behind a recipient of its own, a server may say yes to any.
        let is_control = form.control().is_some();
        let wants_first = pack.open.as_ref().is_some_and(|open| open.wants_first(form));
        let behind_control = pack.has_control && !is_control && form.envelope.first_rcpt.is_none();
        let count = 1 + usize::from(wants_first);
        let syntax = if pack.unproven { count } else { risk };
        if behind_control || pack.unproven && self.wary || !pack.bears(count, syntax) {
            return Next::Waits;
        }
        if wants_first {
            pack.steps.push(Step::First(index));
        }
        pack.steps.push(Step::Rcpt(index));
        pack.pay(count, syntax);
        pack.has_control |= is_control || wants_first;
        let known = matches!(form.control(), Some(Control::Postmaster | Control::LocalUser));
        pack.expected = pack.expected.saturating_sub(usize::from(!known));
        if let Some(open) = &mut pack.open {
            open.recipients += count;
        }
        Next::Packed
    }

    /// Adds what begins the transaction of a form.
    fn begin(&self, pack: &mut Pack, index: usize, form: &Form) -> Next {
        if pack.open.is_some() && pack.resets == 0 {
            return Next::Elsewhere;
        }
        let known = self.accepted_senders.contains(&sender_of(form));
        let syntax = usize::from(!known);
        // MAIL may be refused, and then all that follows it is; not from a sender that was accepted.
        if pack.unproven && self.wary || !pack.bears(recipients_of(form), syntax) {
            return Next::Waits;
        }
        if pack.open.is_some() {
            pack.steps.push(Step::Rset);
            pack.resets -= 1;
        }
        pack.steps.push(Step::Mail(index));
        pack.pay(syntax, syntax);
        pack.open = Some(Transaction::of(form));
        (pack.unproven, pack.has_control) = (!known, false);
        Next::Packed
    }
}
