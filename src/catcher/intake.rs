//! The message behind DATA, read without keeping it.

use smtp_proto::request::receiver::{DataReceiver, DummyDataReceiver};

use crate::evidence::ArrivalReader;

/// The longest message that is taken, in bytes.
pub(super) const LONGEST_MESSAGE: usize = 30 * 1024 * 1024;

/// One message, until its final dot.
pub(super) struct Intake {
    receiver: DataReceiver,
    /// Takes the rest of a message that is too long.
    discarding: Option<DummyDataReceiver>,
    /// Text that is free of stuffed dots and not read yet.
    text: Vec<u8>,
    reader: ArrivalReader,
}

impl Intake {
    pub(super) fn new() -> Self {
        let mut receiver = DataReceiver::new();
        // The line end of DATA itself: a final dot may follow it at once.
        receiver.ingest(&mut b"\r\n".iter(), &mut Vec::new());
        Self { receiver, discarding: None, text: Vec::new(), reader: ArrivalReader::default() }
    }

    /// Takes what is there of the message; true when its final dot was reached, and the input
    /// begins behind it.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> bool {
        let mut bytes = input.iter();
        let ended = match &mut self.discarding {
            Some(receiver) => receiver.ingest(&mut bytes),
            None => self.receiver.ingest(&mut bytes, &mut self.text),
        };
        *input = bytes.as_slice();
        // A CR at the end may be the final dot's: the receiver takes it back then.
        let held_back = !ended && self.text.last() == Some(&b'\r');
        let read = self.text.len() - usize::from(held_back);
        self.reader.take(self.text.get(..read).unwrap_or_default());
        self.text.drain(..read);
        if self.discarding.is_none() && self.is_too_long() {
            self.discarding = Some(DummyDataReceiver::new_data(&self.receiver));
            self.text = Vec::new();
        }
        ended
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.reader.size() > LONGEST_MESSAGE as u64
    }

    pub(super) fn into_reader(self) -> ArrivalReader {
        self.reader
    }
}
