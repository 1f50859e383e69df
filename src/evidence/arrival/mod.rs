//! Messages that came to the canary: what names them, and by which way they came.

mod head;
mod read;
mod report;
#[cfg(test)]
mod tests;
mod token;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use read::ArrivalReader;
pub use report::Report;
pub use token::{TOKEN_LENGTH, TOKEN_PREFIX, is_token};

/// One token that one message brought to the canary.
///
/// Everything but the token is what strangers wrote: it may hold any character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The token: `mxa1` and 24 letters or digits of base32, in lower case.
    pub token: String,
    /// When the message was taken, in the form of RFC 3339.
    pub at: String,
    /// The address that handed the message over, where it is known.
    pub client: Option<IpAddr>,
    /// The name that it gave itself in EHLO or HELO.
    pub helo: Option<String>,
    /// The reverse-path without its brackets; empty for the null one, and where none is known.
    pub reverse_path: String,
    /// The forward-paths without their brackets.
    pub forward_paths: Vec<String>,
    /// The values of the Received lines, unfolded, the newest first.
    pub received: Vec<String>,
    /// True for what is not the message itself but speaks of it: a bounce, or an answer that quotes it. The message
    /// itself names its token in its own header.
    pub bounce: bool,
    /// What a bounce says of the message that it reports about.
    #[serde(default, skip_serializing_if = "Report::is_empty")]
    pub report: Report,
    /// The length of the message in bytes.
    pub size: u64,
}

/// How a message came to the canary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// When it was taken, in the form of RFC 3339.
    pub at: String,
    /// Who handed it over.
    pub client: Option<IpAddr>,
    /// The name that this client gave itself.
    pub helo: Option<String>,
    /// The reverse-path and the forward-paths; without them, the fields Return-Path and
    /// Delivered-To of the message say them.
    pub envelope: Option<(String, Vec<String>)>,
}

impl Arrival {
    /// True for a bounce that says nothing else than that the server did not hand the message on:
    /// neither that it goes on trying, nor that another server had its say.
    pub fn is_final_return(&self) -> bool {
        self.bounce && !self.report.unsettled && self.report.remote.is_none()
    }

    /// Reads a whole message: one arrival for each token in it, none where there is no token.
    pub fn read(message: &[u8], handover: Handover) -> Vec<Self> {
        let mut reader = ArrivalReader::default();
        reader.take(message);
        reader.finish(handover)
    }

    /// Reads one line of a store.
    ///
    /// # Errors
    /// The line is not an arrival.
    pub fn from_line(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }
}
