//! The commands that an audit sends (RFC 5321 section 4.1.1).

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Where in a session something was sent or received.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
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
    /// AUTH and what the client says until it is decided (RFC 4954).
    Auth,
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
            "AUTH" | VEILED => Self::Auth,
            "XCLIENT" => Self::Xclient,
            "QUIT" => Self::Quit,
            _ => return None,
        })
    }
}

/// What stands in a record in place of a secret.
pub const VEILED: &str = "***";
/// The longest line of an exchange of AUTH without its CRLF (RFC 4954 section 4).
const LONGEST_AUTH: usize = 12286;

/// One command line, without its line end.
///
/// Paths are bytes, because the interesting ones are not valid addresses; but no command can
/// hold a line break or another control byte, so no probe can smuggle a second command. What is
/// secret of it is sent and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    phase: Phase,
    line: Vec<u8>,
    /// What a record shows in place of the line, where that is secret.
    shown: Option<Vec<u8>>,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({:?} {})", self.phase, String::from_utf8_lossy(self.shown()))
    }
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
        Self::open(Phase::Rset, b"RSET")
    }

    /// `STARTTLS` (RFC 3207 section 4).
    pub fn starttls() -> Self {
        Self::open(Phase::StartTls, b"STARTTLS")
    }

    /// `XCLIENT` with the address of the client that we claim to be.
    pub fn xclient(claimed: IpAddr) -> Self {
        let address = match claimed {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("IPV6:{address}"),
        };
        let line = format!("XCLIENT NAME=[UNAVAILABLE] ADDR={address}").into_bytes();
        Self { phase: Phase::Xclient, line, shown: None }
    }

    /// `DATA`.
    pub fn data() -> Self {
        Self::open(Phase::Data, b"DATA")
    }

    /// `QUIT`.
    pub fn quit() -> Self {
        Self::open(Phase::Quit, b"QUIT")
    }

    /// `AUTH mechanism`, with the initial response where there is one: Base64, shown to nobody.
    pub fn auth(mechanism: &str, initial: Option<&[u8]>) -> Result<Self, CommandError> {
        let open = Self::build(Phase::Auth, &[b"AUTH ", mechanism.as_bytes()])?;
        let Some(initial) = initial else { return Ok(open) };
        let whole = Self::build(Phase::Auth, &[open.line(), b" ", initial])?;
        let shown = [open.line(), b" ", VEILED.as_bytes()].concat();
        Ok(Self { shown: Some(shown), ..whole })
    }

    /// The answer to a challenge of AUTH: Base64, shown to nobody.
    pub fn auth_response(response: &[u8]) -> Result<Self, CommandError> {
        let line = Self::checked(&[response], LONGEST_AUTH)?;
        Ok(Self { phase: Phase::Auth, line, shown: Some(VEILED.into()) })
    }

    /// MAIL with the reverse-path as it is, without brackets.
    pub fn bare_mail(reverse_path: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Mail, &[b"MAIL FROM:", reverse_path])
    }

    /// RCPT with the forward-path as it is, without brackets.
    pub fn bare_rcpt(forward_path: &[u8]) -> Result<Self, CommandError> {
        Self::build(Phase::Rcpt, &[b"RCPT TO:", forward_path])
    }

    fn open(phase: Phase, line: &[u8]) -> Self {
        Self { phase, line: line.to_vec(), shown: None }
    }

    fn build(phase: Phase, parts: &[&[u8]]) -> Result<Self, CommandError> {
        Ok(Self { phase, line: Self::checked(parts, 510)?, shown: None })
    }

    fn checked(parts: &[&[u8]], longest: usize) -> Result<Vec<u8>, CommandError> {
        let line = parts.concat();
        if let Some((at, byte)) = line.iter().enumerate().find(|(_, b)| b.is_ascii_control()) {
            return Err(CommandError::ControlByte { byte: *byte, at });
        }
        if line.len() > longest {
            return Err(CommandError::TooLong { length: line.len() });
        }
        Ok(line)
    }

    /// Which command it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The line without CRLF, as it is sent.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// The line as a record may show it.
    pub fn shown(&self) -> &[u8] {
        self.shown.as_deref().unwrap_or(&self.line)
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

    #[test]
    fn what_is_secret_is_sent_and_not_shown() {
        let whole = Command::auth("PLAIN", Some(b"AGphbmUAc2VjcmV0")).unwrap();
        assert_eq!(whole.line(), b"AUTH PLAIN AGphbmUAc2VjcmV0");
        assert_eq!(whole.shown(), b"AUTH PLAIN ***");
        assert_eq!(format!("{whole:?}"), "Command(Auth AUTH PLAIN ***)");
        let response = Command::auth_response(b"c2VjcmV0").unwrap();
        assert_eq!((response.line(), response.shown()), (&b"c2VjcmV0"[..], &b"***"[..]));
        assert_eq!(Command::auth("LOGIN", None).unwrap().shown(), b"AUTH LOGIN");
        let long = Command::auth("PLAIN", Some(&[b'x'; 510]));
        assert_eq!(long, Err(CommandError::TooLong { length: 521 }));
        assert!(Command::auth_response(&[b'x'; 510]).is_ok());
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
