//! What a bounce says of the message that it reports about, in the fields of RFC 3464 and in the
//! words of servers that do not write these.

use serde::{Deserialize, Serialize};

/// How much of a message is looked at.
const MOST_BYTES: usize = 256 * 1024;
/// The longest line that is looked at; a field of a report is far shorter.
const LONGEST_LINE: usize = 1000;
/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 255;

/// What a bounce says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// It does not say that this server gave up by itself: it speaks of delay or of delivery, it
    /// repeats a reply that may be another server's, it is an answer by a person or a machine and no
    /// report, or it is too long to be read to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// The other server that had its say: the one that the message was handed to, or was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

impl Report {
    /// True where nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads the lines of a message that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    taken: usize,
    report: Report,
}

impl Lines {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let free = MOST_BYTES.saturating_sub(self.taken);
        let bytes = bytes.get(..free).unwrap_or(bytes);
        self.taken += bytes.len();
        for &byte in bytes {
            if byte == b'\n' {
                self.read();
            } else if self.line.len() < LONGEST_LINE {
                self.line.push(byte);
            }
        }
    }

    pub(super) fn finish(mut self) -> Report {
        self.read();
        // What stands further on is not known, so nothing is settled by it.
        self.report.unsettled |= self.taken == MOST_BYTES;
        self.report
    }

    fn read(&mut self) {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        let lower = line.trim().to_ascii_lowercase();
        if let Some(action) = lower.strip_prefix("action:") {
            self.report.unsettled |= !action.trim().starts_with("failed");
        } else if let Some(value) = lower.strip_prefix("remote-mta:") {
            let name = value.split_once(';').map_or(value, |(_, name)| name).trim();
            if !name.is_empty() && !is_the_server_itself(name) {
                self.keep(name);
            }
        } else if lower.starts_with("diagnostic-code: smtp") || quotes_a_refusal(&lower) {
            // The words of a server that was asked by SMTP, which may be the next one.
            self.report.unsettled = true;
        } else if lower.starts_with("remote host said:") {
            // A server that writes no fields says this; the name stands elsewhere.
            self.keep("another server");
        }
    }

    fn keep(&mut self, name: &str) {
        self.report.remote.get_or_insert_with(|| name.chars().take(LONGEST_NAME).collect());
    }
}

/// True for the names of a content filter on the server's own machine.
fn is_the_server_itself(name: &str) -> bool {
    let name = name.split(['[', ']', ' ', '(', ')']).find(|word| !word.is_empty());
    matches!(name, Some("localhost" | "127.0.0.1" | "::1" | "ipv6:::1"))
}

/// True for an address, a colon and a permanent reply, as in `user@example.org: 550 5.1.1 unknown`.
fn quotes_a_refusal(line: &str) -> bool {
    let Some((address, reply)) = line.split_once(": ") else { return false };
    let code = reply.get(..3).filter(|code| code.starts_with('5'));
    address.contains('@')
        && !address.contains(' ')
        && code.is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
        && matches!(reply.as_bytes().get(3), None | Some(b' ' | b'-'))
}
