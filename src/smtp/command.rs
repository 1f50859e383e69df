//! The commands that an audit sends (RFC 5321 section 4.1.1).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Where in a session something was sent or received.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The server's greeting; nothing was sent.
    Greeting,
    /// EHLO.
    Ehlo,
    /// HELO.
    Helo,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// RSET.
    Rset,
    /// DATA.
    Data,
    /// The message and the final dot (RFC 5321 section 4.1.1.4).
    Message,
    /// STARTTLS (RFC 3207).
    #[serde(rename = "starttls")]
    StartTls,
    /// The TLS handshake, where it did not come about.
    Handshake,
    /// XCLIENT, with which a proxy tells a Postfix whose connection it passes on.
    Xclient,
    /// QUIT.
    Quit,
    /// Bytes of the server that no command asked for.
    Unsolicited,
}

impl Phase {
    /// The phase of a command by its verb, in upper case.
    pub fn of_verb(verb: &str) -> Option<Self> {
        Some(match verb {
            "EHLO" => Self::Ehlo,
            "HELO" => Self::Helo,
            "MAIL" => Self::Mail,
            "RCPT" => Self::Rcpt,
            "RSET" => Self::Rset,
            "DATA" => Self::Data,
            "." => Self::Message,
            "STARTTLS" => Self::StartTls,
            "XCLIENT" => Self::Xclient,
            "QUIT" => Self::Quit,
            _ => return None,
        })
    }
}

/// One command line, without its line end.
///
/// Paths are bytes, because the interesting ones are not valid addresses; but no command can
/// hold a line break or another control byte, so no probe can smuggle a second command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    phase: Phase,
    line: Vec<u8>,
}

/// Why a text cannot be part of a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It holds a control byte: CR and LF would end the command.
    #[error("control byte 0x{byte:02x} at offset {at} cannot be sent in a command")]
    ControlByte {
        /// The byte.
        byte: u8,
        /// Its offset.
        at: usize,
    },
    /// The line would pass the 512 octets of RFC 5321 section 4.5.3.1.4.
    #[error("a command line of {length} octets is longer than the 510 that RFC 5321 allows")]
    TooLong {
        /// Its length without CRLF.
        length: usize,
    },
}

impl Command {
    /// `EHLO name`.
    pub fn ehlo(name: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Ehlo, &[b"EHLO ", name])
    }

    /// `HELO name`.
    pub fn helo(name: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Helo, &[b"HELO ", name])
    }

    /// `MAIL FROM:<reverse-path>`; an empty path is the null reverse-path.
    pub fn mail(reverse_path: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Mail, &[b"MAIL FROM:<", reverse_path, b">"])
    }

    /// `RCPT TO:<forward-path>`.
    pub fn rcpt(forward_path: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Rcpt, &[b"RCPT TO:<", forward_path, b">"])
    }

    /// `RSET`.
    pub fn rset() -> Self {
        Self { phase: Phase::Rset, line: b"RSET".to_vec() }
    }

    /// `STARTTLS` (RFC 3207 section 4).
    pub fn starttls() -> Self {
        Self { phase: Phase::StartTls, line: b"STARTTLS".to_vec() }
    }

    /// `XCLIENT` with the address of the client that we claim to be.
    pub fn xclient(claimed: IpAddr) -> Self {
        let address = match claimed {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("IPV6:{address}"),
        };
        let line = format!("XCLIENT NAME=[UNAVAILABLE] ADDR={address}").into_bytes();
        Self { phase: Phase::Xclient, line }
    }

    /// `DATA`.
    pub fn data() -> Self {
        Self { phase: Phase::Data, line: b"DATA".to_vec() }
    }

    /// `QUIT`.
    pub fn quit() -> Self {
        Self { phase: Phase::Quit, line: b"QUIT".to_vec() }
    }

    /// MAIL with the reverse-path as it is, without brackets.
    pub fn bare_mail(reverse_path: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Mail, &[b"MAIL FROM:", reverse_path])
    }

    /// RCPT with the forward-path as it is, without brackets.
    pub fn bare_rcpt(forward_path: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Rcpt, &[b"RCPT TO:", forward_path])
    }

    fn build(phase: Phase, parts: &[&[u8]]) -> Result<Self, CommandError> {
        let line = parts.concat();
        if let Some((at, byte)) = line.iter().enumerate().find(|(_, b)| b.is_ascii_control()) {
            return Err(CommandError::ControlByte { byte: *byte, at });
        }
        if line.len() > 510 {
            return Err(CommandError::TooLong { length: line.len() });
        }
        Ok(Self { phase, line })
    }

    /// Which command it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The line without CRLF.
    pub fn line(&self) -> &[u8] {
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_wrapped() {
        assert_eq!(Command::mail(b"").unwrap().line(), b"MAIL FROM:<>");
        assert_eq!(Command::rcpt(b"\"a@b\"@c").unwrap().line(), b"RCPT TO:<\"a@b\"@c>");
    }

    #[test]
    fn a_claimed_address_is_written_as_the_command_wants_it() {
        let line = |address: &str| Command::xclient(address.parse().unwrap()).line().to_vec();
        assert_eq!(line("127.0.0.1"), b"XCLIENT NAME=[UNAVAILABLE] ADDR=127.0.0.1");
        assert_eq!(line("::1"), b"XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:::1");
    }

    #[test]
    fn long_lines_are_refused() {
        assert_eq!(Command::rcpt(&[b'x'; 501]), Err(CommandError::TooLong { length: 511 }));
    }

    proptest! {
        #[test]
        fn nothing_can_inject_a_line_break(path in proptest::collection::vec(any::<u8>(), 0..80)) {
            for command in [Command::mail(&path), Command::rcpt(&path), Command::ehlo(&path)] {
                match command {
                    Ok(command) => prop_assert!(!command.line().iter().any(u8::is_ascii_control)),
                    Err(_) => prop_assert!(path.iter().any(u8::is_ascii_control)),
                }
            }
        }
    }
}
