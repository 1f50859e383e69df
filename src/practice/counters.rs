//! What a practice server remembers of its clients.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How often things happened, over all connections; a copy of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that were taken.
    pub connections: u64,
    /// Most connections at one time.
    pub concurrent_peak: u64,
    /// Times that it answered: the greeting, and each command or group of them that came at once.
    pub answers: u64,
    /// Command lines, understood or not.
    pub commands: u64,
    /// HELO commands.
    pub helos: u64,
    /// EHLO commands.
    pub ehlos: u64,
    /// MAIL commands.
    pub mails: u64,
    /// RCPT commands.
    pub recipients: u64,
    /// RCPT commands that got a 4xx or 5xx reply.
    pub refused_recipients: u64,
    /// Commands that got a 4xx or 5xx reply.
    pub errors: u64,
    /// Commands that got a complaint about syntax or sequence: 500 to 504, and 555.
    pub syntax_errors: u64,
    /// RSET commands.
    pub resets: u64,
    /// DATA commands.
    pub data: u64,
    /// Messages taken to their end. None is kept.
    pub messages: u64,
    /// QUIT commands.
    pub quits: u64,
    /// STARTTLS commands, of a server that has TLS.
    pub starttls: u64,
    /// Handshakes that came to a good end.
    pub handshakes: u64,
    /// Most refused recipients on one connection.
    pub most_refused_recipients: u64,
    /// Most complaints about syntax or sequence on one connection.
    pub most_syntax_errors: u64,
    /// Most RSET commands on one connection.
    pub most_resets: u64,
    /// Most EHLO commands on one connection.
    pub most_ehlos: u64,
}

/// One RCPT inside a transaction, in the bytes that the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEnvelope {
    /// The name of the last HELO or EHLO; empty without one.
    pub helo: Vec<u8>,
    /// The reverse-path without its brackets.
    pub reverse_path: Vec<u8>,
    /// The forward-path without its brackets.
    pub forward_path: Vec<u8>,
    /// Whether it came inside TLS.
    pub inside_tls: bool,
    /// Whether the recipient was accepted.
    pub accepted: bool,
}

/// The memory that all connections of a server share.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    counters: Counters,
    open: u64,
    envelopes: Vec<SeenEnvelope>,
    tries: HashMap<(Vec<u8>, Vec<u8>), (u32, Instant)>,
}

/// What one connection has done so far, for the maxima.
#[derive(Debug, Default)]
pub(super) struct Tally {
    refused_recipients: u64,
    syntax_errors: u64,
    resets: u64,
    ehlos: u64,
}

/// The kinds of command that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Helo,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Rset,
    Quit,
    StartTls,
    /// Understood, and none of the others.
    Other,
    /// Not understood.
    Unknown,
}

impl Ledger {
    /// The counters as they stand now.
    pub fn counters(&self) -> Counters {
        self.book().counters
    }

    /// Every recipient that was named so far, in the order of arrival.
    pub fn envelopes(&self) -> Vec<SeenEnvelope> {
        self.book().envelopes.clone()
    }

    /// Counts a connection until the guard is dropped.
    pub(super) fn enter(&self) -> Visit<'_> {
        let mut book = self.book();
        book.open += 1;
        book.counters.connections += 1;
        book.counters.concurrent_peak = book.counters.concurrent_peak.max(book.open);
        Visit { ledger: self }
    }

    /// Counts a command and the code of its reply.
    pub(super) fn note_command(&self, tally: &mut Tally, kind: Kind, code: u16) {
        let mut book = self.book();
        let counters = &mut book.counters;
        counters.commands += 1;
        match kind {
            Kind::Helo => counters.helos += 1,
            Kind::Ehlo => {
                counters.ehlos += 1;
                tally.ehlos += 1;
            }
            Kind::Mail => counters.mails += 1,
            Kind::Rcpt => counters.recipients += 1,
            Kind::Data => counters.data += 1,
            Kind::Rset => {
                counters.resets += 1;
                tally.resets += 1;
            }
            Kind::Quit => counters.quits += 1,
            Kind::StartTls => counters.starttls += 1,
            Kind::Other | Kind::Unknown => {}
        }
        if code >= 400 {
            counters.errors += 1;
            if kind == Kind::Rcpt {
                counters.refused_recipients += 1;
                tally.refused_recipients += 1;
            }
        }
        if matches!(code, 500..=504 | 555) {
            counters.syntax_errors += 1;
            tally.syntax_errors += 1;
        }
        counters.most_refused_recipients =
            counters.most_refused_recipients.max(tally.refused_recipients);
        counters.most_syntax_errors = counters.most_syntax_errors.max(tally.syntax_errors);
        counters.most_resets = counters.most_resets.max(tally.resets);
        counters.most_ehlos = counters.most_ehlos.max(tally.ehlos);
    }

    pub(super) fn note_answer(&self) {
        self.book().counters.answers += 1;
    }

    pub(super) fn note_handshake(&self) {
        self.book().counters.handshakes += 1;
    }

    pub(super) fn note_envelope(&self, envelope: SeenEnvelope) {
        self.book().envelopes.push(envelope);
    }

    /// Counts a message and gives its number, from 1.
    pub(super) fn note_message(&self) -> u64 {
        let mut book = self.book();
        book.counters.messages += 1;
        book.counters.messages
    }

    /// Counts a try of this pair of paths; gives its number, from 1, and when the first one was.
    pub(super) fn note_try(&self, reverse_path: &[u8], forward_path: &[u8]) -> (u32, Instant) {
        let mut book = self.book();
        let pair = (reverse_path.to_vec(), forward_path.to_vec());
        let (tries, first) = book.tries.entry(pair).or_insert_with(|| (0, Instant::now()));
        *tries = tries.saturating_add(1);
        (*tries, *first)
    }

    /// A thread that panicked cannot leave the book half-written in a way that matters here.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection that is open.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    ledger: &'a Ledger,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut book = self.ledger.book();
        book.open = book.open.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_counts_what_is_open_at_once() {
        let ledger = Ledger::default();
        drop(ledger.enter());
        let both = (ledger.enter(), ledger.enter());
        drop(both);
        drop(ledger.enter());
        let counters = ledger.counters();
        assert_eq!((counters.connections, counters.concurrent_peak), (4, 2));
    }

    #[test]
    fn maxima_belong_to_one_connection() {
        let ledger = Ledger::default();
        for refused in [2, 3] {
            let mut tally = Tally::default();
            for _ in 0..refused {
                ledger.note_command(&mut tally, Kind::Rcpt, 501);
            }
            ledger.note_command(&mut tally, Kind::Rcpt, 250);
        }
        let counters = ledger.counters();
        assert_eq!((counters.recipients, counters.refused_recipients), (7, 5));
        assert_eq!((counters.most_refused_recipients, counters.most_syntax_errors), (3, 3));
    }

    #[test]
    fn tries_are_counted_for_each_pair_of_paths() {
        let ledger = Ledger::default();
        let tries = [("a", "b"), ("a", "b"), ("a", "c"), ("c", "b")];
        let seen = tries.map(|(from, to)| ledger.note_try(from.as_bytes(), to.as_bytes()).0);
        assert_eq!(seen, [1, 2, 1, 1]);
    }
}
