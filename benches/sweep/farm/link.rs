//! One open connection of the farm.

use std::io::{ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::time::Instant;

use mio::net::TcpStream;

use crate::script::Heard;

use super::conversation::Conversation;

/// A line that is longer ends the connection.
const LONGEST_LINE: usize = 4096;

/// A connection, the replies that are on their way to it, and what it was told so far.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: TcpStream,
    pub(super) address: Ipv4Addr,
    /// Tells it from others that had the same place before.
    pub(super) serial: u32,
    pub(super) accepted: Instant,
    /// What is noted of it, where it is recorded.
    pub(super) heard: Option<Heard>,
    conversation: Conversation,
    buffers: Buffers,
    /// How much of the output may leave by now.
    released: usize,
    written: usize,
    over: bool,
}

/// The memory of a connection, handed on to the next one.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

/// How a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It waits for the client.
    Wait,
    /// The client does not take more at the moment.
    Blocked,
    /// It is over.
    Close,
}

/// What one reading has brought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) bytes: usize,
    pub(super) ended: bool,
}

impl Link {
    pub(super) fn new(
        stream: TcpStream,
        address: Ipv4Addr,
        serial: u32,
        conversation: Conversation,
        buffers: Buffers,
    ) -> Self {
        let accepted = Instant::now();
        let (heard, released, written, over) = (None, 0, 0, false);
        Self {
            stream,
            address,
            serial,
            accepted,
            heard,
            conversation,
            buffers,
            released,
            written,
            over,
        }
    }

    /// Puts the greeting on its way.
    pub(super) fn greet(&mut self) {
        self.over = self.conversation.greet(&mut self.buffers.output);
    }

    /// Puts `text` on its way, whatever the dialogue is.
    pub(super) fn add(&mut self, text: &[u8]) {
        self.buffers.output.extend_from_slice(text);
    }

    /// Up to where replies are on their way; what `release` wants.
    pub(super) fn composed(&self) -> usize {
        self.buffers.output.len()
    }

    /// Reads what the client has sent and puts the replies on their way. `to_the_end` reads until
    /// nothing is left, which an edge that tells of the client's end needs.
    pub(super) fn read(&mut self, space: &mut [u8], to_the_end: bool) -> Taken {
        let mut taken = Taken { bytes: 0, ended: false };
        loop {
            match self.stream.read(space) {
                Ok(0) => taken.ended = true,
                Ok(count) => {
                    taken.bytes += count;
                    let text = space.get(..count).unwrap_or_default();
                    if let Some(heard) = &mut self.heard {
                        heard.note_write(text);
                    }
                    self.take(text);
                    if to_the_end || count == space.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => taken.ended = true,
            }
            return taken;
        }
    }

    fn take(&mut self, text: &[u8]) {
        if self.buffers.input.is_empty() {
            let rest = self.obey(text);
            self.buffers.input.extend_from_slice(rest);
        } else {
            let mut input = std::mem::take(&mut self.buffers.input);
            input.extend_from_slice(text);
            let rest = self.obey(&input).len();
            input.drain(..input.len() - rest);
            self.buffers.input = input;
        }
        self.over |= self.buffers.input.len() > LONGEST_LINE;
    }

    /// Answers every whole line of `text`; what is left of it comes back.
    fn obey<'a>(&mut self, mut text: &'a [u8]) -> &'a [u8] {
        while let Some(end) = text.iter().position(|byte| *byte == b'\n')
            && !self.over
        {
            let (line, rest) = text.split_at(end);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.over = self.conversation.obey(line, &mut self.buffers.output);
            text = rest.get(1..).unwrap_or_default();
        }
        text
    }

    /// Lets the output leave up to `until`; the count of bytes that left, and how it goes on.
    pub(super) fn release(&mut self, until: usize) -> (usize, Next) {
        self.released = self.released.max(until).min(self.composed());
        self.flush()
    }

    /// Writes what may leave.
    pub(super) fn flush(&mut self) -> (usize, Next) {
        let mut sent = 0;
        while let Some(text) = self.buffers.output.get(self.written..self.released)
            && !text.is_empty()
        {
            match self.stream.write(text) {
                Ok(count) => {
                    if let Some(heard) = &mut self.heard {
                        heard.note_reply(text.get(..count).unwrap_or_default());
                    }
                    self.written += count;
                    sent += count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return (sent, Next::Blocked);
                }
                Err(_) => return (sent, Next::Close),
            }
        }
        let all = self.written == self.composed();
        (sent, if all && self.over { Next::Close } else { Next::Wait })
    }

    /// Gives the memory back.
    pub(super) fn into_buffers(self) -> (Buffers, Option<Heard>) {
        let mut buffers = self.buffers;
        buffers.input.clear();
        buffers.output.clear();
        (buffers, self.heard)
    }
}
