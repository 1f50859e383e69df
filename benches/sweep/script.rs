//! Recorded connections, and how they are said again to another address.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::farm::{dotted, hex};

/// One connection as the farm heard it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// What the client wrote, in order.
    pub(crate) said: Vec<Said>,
    /// All that it was told.
    pub(crate) replies: String,
    /// How long it lasted, in seconds.
    pub(crate) seconds: f64,
}

/// One write of the client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    /// How many bytes it had been sent before.
    pub(crate) after: usize,
    /// What it wrote.
    pub(crate) text: String,
}

impl Heard {
    /// Notes what the client wrote.
    pub(crate) fn note_write(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.said.push(Said { after: self.replies.len(), text });
    }

    /// Notes what it was told.
    pub(crate) fn note_reply(&mut self, text: &[u8]) {
        self.replies.push_str(&String::from_utf8_lossy(text));
    }
}

/// The connections of one host, in the order in which they ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// The host.
    pub(crate) address: Ipv4Addr,
    /// Its connections.
    pub(crate) connections: Vec<Heard>,
}

/// The connections of a host with the places where its address stands.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// One after the other.
    pub(crate) connections: Vec<Connection>,
}

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// What is written, and when.
    pub(crate) steps: Vec<Step>,
    /// What comes in all.
    pub(crate) replies: Amount,
    /// How long a connection is held on which nothing comes, in seconds.
    pub(crate) held: f64,
}

/// One write.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// What must have come before.
    pub(crate) after: Amount,
    parts: Vec<Part>,
}

/// A count of bytes which depends on how long the address is when it is written with dots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    fixed: usize,
    addresses: usize,
}

#[derive(Clone, Debug)]
enum Part {
    Text(Vec<u8>),
    /// The address with dots.
    Dotted,
    /// The eight digits in the server's name.
    Hex,
}

impl Amount {
    fn of(text: &str, dotted: &str) -> Self {
        let addresses = text.matches(dotted).count();
        Self { fixed: text.len() - addresses * dotted.len(), addresses }
    }

    /// The count where an address with dots takes `width` bytes.
    pub(crate) fn with(self, width: usize) -> usize {
        self.fixed + self.addresses * width
    }
}

impl Step {
    /// Adds the text for `address`.
    pub(crate) fn write(&self, address: Ipv4Addr, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Dotted => out.extend_from_slice(dotted(address).as_bytes()),
                Part::Hex => out.extend_from_slice(hex(address).as_bytes()),
            }
        }
    }
}

impl Script {
    /// Learns from what was recorded of one host.
    pub(crate) fn learn(recorded: &Recorded) -> Self {
        let address = recorded.address;
        let dotted = address.to_string();
        let hex = format!("{:08x}", u32::from(address));
        let connections = recorded.connections.iter().map(|heard| Connection {
            steps: heard
                .said
                .iter()
                .map(|said| Step {
                    after: Amount::of(heard.replies.get(..said.after).unwrap_or_default(), &dotted),
                    parts: cut(&said.text, &dotted, &hex),
                })
                .collect(),
            replies: Amount::of(&heard.replies, &dotted),
            held: heard.seconds,
        });
        Self { connections: connections.collect() }
    }
}

fn cut(text: &str, dotted: &str, hex: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (at, piece) in text.split(dotted).enumerate() {
        if at > 0 {
            parts.push(Part::Dotted);
        }
        for (at, plain) in piece.split(hex).enumerate() {
            if at > 0 {
                parts.push(Part::Hex);
            }
            parts.push(Part::Text(plain.into()));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_to_one_host_is_said_to_another_with_its_names() {
        let mut heard = Heard::default();
        heard.note_reply(b"220 mx-7f010203.farm.test\r\n");
        heard.note_write(b"RCPT TO:<c%audit.test@[127.1.2.3]>\r\n");
        heard.note_reply(b"454 <c%audit.test@[127.1.2.3]>: no\r\n");
        heard.note_write(b"HELO mx-7f010203.farm.test\r\n");
        let recorded =
            Recorded { address: Ipv4Addr::new(127, 1, 2, 3), connections: vec![heard.clone()] };
        let script = Script::learn(&recorded);
        let connection = script.connections.first().unwrap();
        let other = Ipv4Addr::new(127, 16, 200, 30);
        let mut said = Vec::new();
        for step in &connection.steps {
            step.write(other, &mut said);
        }
        let expected = "RCPT TO:<c%audit.test@[127.16.200.30]>\r\nHELO mx-7f10c81e.farm.test\r\n";
        assert_eq!(String::from_utf8(said).unwrap(), expected);
        let width = other.to_string().len();
        let longer = width - "127.1.2.3".len();
        assert_eq!(connection.replies.with(width), heard.replies.len() + longer);
        let after: Vec<_> = connection.steps.iter().map(|step| step.after.with(width)).collect();
        assert_eq!(after, [27, heard.replies.len() + longer]);
    }
}
