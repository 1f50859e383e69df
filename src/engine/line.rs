//! One open connection of a host's course: the session, what it cost, and where it is recorded.

use tokio::time::Instant;

use crate::evidence::{Control, Exchange, Form, Hello, Transcript};
use crate::net::Connection;
use crate::session::{Deadlines, Session};
use crate::smtp::WireText;

use super::budget::Spent;

/// An open connection.
pub(super) struct Line {
    pub(super) session: Session,
    /// Index of its transcript in the evidence.
    pub(super) transcript: usize,
    /// What it was opened with, or greeted with again.
    pub(super) hello: Hello,
    /// It was greeted a second time, with our own name.
    pub(super) greeted_again: bool,
    /// And a recipient was answered by that name.
    pub(super) is_in_force: bool,
    /// PIPELINING was offered.
    pub(super) pipelining: bool,
    /// STARTTLS was offered.
    pub(super) starttls: bool,
    /// Index of the exchange in which the last EHLO or HELO was accepted.
    pub(super) greeted: usize,
    /// The open transaction.
    pub(super) transaction: Option<Transaction>,
    pub(super) spent: Spent,
    /// A form was answered on it.
    pub(super) answered: bool,
    /// When it was dialled.
    pub(super) dialled: Instant,
}

impl Line {
    pub(super) fn new(
        connection: Connection,
        deadlines: Deadlines,
        hello: Hello,
        transcript: usize,
        dialled: Instant,
    ) -> Self {
        Self {
            session: Session::new(connection, deadlines),
            transcript,
            hello,
            greeted_again: false,
            is_in_force: false,
            pipelining: false,
            starttls: false,
            greeted: 0,
            transaction: None,
            spent: Spent::default(),
            answered: false,
            dialled,
        }
    }
}

/// A transaction: one MAIL, and whatever recipients follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) reverse_path: WireText,
    pub(super) bare_mail: bool,
    /// A recipient of the server's own was accepted in it. A server that decides once for all
    /// recipients would then say yes to any.
    pub(super) has_local: bool,
    /// The recipient that was accepted for the sake of a form that wants it before its own.
    pub(super) first: Option<WireText>,
    /// How many recipients were named in it.
    pub(super) recipients: usize,
}

impl Transaction {
    pub(super) fn of(form: &Form) -> Self {
        let envelope = &form.envelope;
        let (reverse_path, bare_mail) = (envelope.reverse_path.clone(), envelope.bare_mail);
        Self { reverse_path, bare_mail, has_local: false, first: None, recipients: 0 }
    }

    /// True when this form may be asked in it, and no more than `most` recipients are named then.
    pub(super) fn takes(&self, form: &Form, most: usize) -> bool {
        let local_is_fine = form.envelope.first_rcpt.is_some()
            || form.control().is_some_and(|control| control != Control::PlainAtEnd);
        self.reverse_path == form.envelope.reverse_path
            && self.bare_mail == form.envelope.bare_mail
            && (!self.has_local || local_is_fine)
            && (self.recipients == 0 || self.recipients + self.left_of(form) <= most)
    }

    /// How many recipients of a form have yet to be named in it.
    pub(super) fn left_of(&self, form: &Form) -> usize {
        1 + usize::from(self.wants_first(form))
    }

    /// True when the recipient that a form wants before its own has yet to be named in it.
    pub(super) fn wants_first(&self, form: &Form) -> bool {
        form.envelope.first_rcpt.is_some() && form.envelope.first_rcpt != self.first
    }
}

/// How many recipients a form names.
pub(super) fn recipients_of(form: &Form) -> usize {
    1 + usize::from(form.envelope.first_rcpt.is_some())
}

/// Adds an exchange to a transcript and says where it stands.
pub(super) fn record(
    transcripts: &mut [Transcript],
    transcript: usize,
    exchange: Exchange,
) -> (usize, usize) {
    let Some(record) = transcripts.get_mut(transcript) else { return (transcript, 0) };
    record.exchanges.push(exchange);
    (transcript, record.exchanges.len() - 1)
}
