//! The text form of a transcript (`.smtp`): evidence beside a report, and a fixture by copying it.
//!
//! ```text
//! mxaudit-transcript 1
//! connection 192.0.2.66:40000 > 192.0.2.25:25
//! +12 S: 220 mx.example.test ESMTP
//! C: EHLO client.audit.test
//! S: 250-mx.example.test
//! +3 S: 250 PIPELINING
//! ; form relay-sender-same first
//! C: MAIL FROM:<probe@audit.test>
//! +2 S: 250 2.1.0 Ok
//! C| RCPT TO:<canary@audit.test>
//! +60000 X: timeout 60 22
//! ```
//!
//! `C:` is a command, `C|` one that was written before the answer to the one before it was read.
//! `S:` is a line of a reply; `\n` at its end says that it ended with LF alone. `X:` stands in the
//! place of a reply that did not come. The last line of each answer begins with `+` and the
//! milliseconds that the whole answer took. Bytes outside printable ASCII are escaped as in
//! [`WireText`](crate::smtp::WireText). Lines that begin with `;` are comments.
//!
//! `T: TLSv1.3 TLS_AES_256_GCM_SHA384` stands where TLS begins: all below it was said inside. Behind
//! it comes a line `T: certificate …` for each certificate of the server, in Base64.

mod read;
mod write;

pub use read::read_transcript;
pub use write::write_transcript;

/// The first line of every file.
const HEADER: &str = "mxaudit-transcript 1";

#[cfg(test)]
mod tests;
