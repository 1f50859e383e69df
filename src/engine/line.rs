//! One open connection of a host's course: the session, what it cost, and where it is recorded.

use crate::evidence::{Exchange, Transcript};
use crate::net::Connection;
use crate::session::{Deadlines, Session};
use crate::smtp::WireText;

use super::budget::Spent;

/// An open connection.
pub(super) struct Line {
    pub(super) session: Session,
    /// Index of its transcript in the evidence.
    pub(super) transcript: usize,
    /// The name that was greeted with; `None` is the auditor's own.
    pub(super) helo: Option<WireText>,
    /// PIPELINING was offered.
    pub(super) pipelining: bool,
    /// The reverse-path of the open transaction.
    pub(super) sender: Option<WireText>,
    pub(super) spent: Spent,
    /// A form was answered on it.
    pub(super) answered: bool,
}

impl Line {
    pub(super) fn new(
        connection: Connection,
        deadlines: Deadlines,
        helo: Option<WireText>,
        transcript: usize,
    ) -> Self {
        Self {
            session: Session::new(connection, deadlines),
            transcript,
            helo,
            pipelining: false,
            sender: None,
            spent: Spent::default(),
            answered: false,
        }
    }
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
