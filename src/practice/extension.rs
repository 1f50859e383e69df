//! What a practice server lists in its reply to EHLO, and the commands of those extensions.

use std::net::IpAddr;

use super::behaviour::Behaviour;
use super::counters::Kind;
use super::secure::TlsStart;
use super::wording::{Phrase, Reply};

/// The attributes of XCLIENT that are understood. The values of all but ADDR are not looked at.
const ATTRIBUTES: [&str; 8] =
    ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"];

/// What the server does with XCLIENT, which it lists for every client, be it only inside TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Xclient {
    /// It believes every client: the session begins again with the greeting, and a client that
    /// says it has one of these addresses is trusted and may relay.
    Honoured {
        /// The addresses that are trusted.
        trusted: Vec<IpAddr>,
    },
    /// The same, and it lists the command inside TLS only.
    ListedInsideTls {
        /// The addresses that are trusted.
        trusted: Vec<IpAddr>,
    },
    /// It gives this reply, such as `550 5.7.0 Error: insufficient authorization`.
    Refused(String),
}

/// Where AUTH is listed. Without an [`Account`](super::Account) each try is refused with 535.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthOffer {
    /// In clear and inside TLS.
    Everywhere,
    /// Only inside TLS. In clear it is refused with 504 (RFC 4954 section 4).
    InsideTls,
}

impl Behaviour {
    /// The kind of a command by its verb in capitals. Those of an extension that the server does
    /// not have are unknown.
    pub(super) fn kind_of(&self, verb: &[u8]) -> Kind {
        match verb {
            b"HELO" => Kind::Helo,
            b"EHLO" => Kind::Ehlo,
            b"MAIL" => Kind::Mail,
            b"RCPT" => Kind::Rcpt,
            b"DATA" => Kind::Data,
            b"RSET" => Kind::Rset,
            b"QUIT" => Kind::Quit,
            b"NOOP" | b"VRFY" | b"HELP" => Kind::Other,
            b"STARTTLS" if self.tls.is_some() => Kind::StartTls,
            b"AUTH" if self.auth.is_some() => Kind::Other,
            b"XCLIENT" if self.xclient.is_some() => Kind::Other,
            b"XFORWARD" if self.xforward => Kind::Other,
            _ => Kind::Unknown,
        }
    }

    /// The reply to EHLO (RFC 5321 section 4.1.1.1).
    pub(super) fn list_extensions(&self, inside_tls: bool) -> Reply {
        let starttls =
            !inside_tls && self.tls.as_ref().is_some_and(|tls| tls.start != TlsStart::Implicit);
        let optional = [
            (starttls, "STARTTLS"),
            (self.offers_auth(inside_tls), "AUTH PLAIN LOGIN"),
            (self.offers_xclient(inside_tls), "XCLIENT NAME ADDR PROTO HELO"),
            (self.xforward, "XFORWARD NAME ADDR PROTO HELO"),
        ];
        let optional = optional.into_iter().filter_map(|(listed, line)| listed.then_some(line));
        let lines: Vec<&str> = [self.name.as_str()]
            .into_iter()
            .chain(self.extensions.iter().map(String::as_str))
            .chain(optional)
            .collect();
        let last = lines.len().saturating_sub(1);
        let sign = |number| if number == last { ' ' } else { '-' };
        let lines = lines.iter().enumerate().map(|(number, text)| {
            let sign = sign(number);
            format!("250{sign}{text}")
        });
        lines.collect::<Vec<_>>().join("\r\n").into_bytes()
    }

    /// The reply to AUTH of somebody without an account.
    pub(super) fn refuse_auth(&self, inside_tls: bool) -> Reply {
        let offered = self.offers_auth(inside_tls);
        self.syntax.say(if offered { Phrase::AuthFailed } else { Phrase::AuthNeedsTls })
    }

    fn offers_xclient(&self, inside_tls: bool) -> bool {
        match self.xclient {
            None => false,
            Some(Xclient::ListedInsideTls { .. }) => inside_tls,
            Some(Xclient::Honoured { .. } | Xclient::Refused(_)) => true,
        }
    }

    pub(super) fn offers_auth(&self, inside_tls: bool) -> bool {
        match self.auth {
            None => false,
            Some(AuthOffer::Everywhere) => true,
            Some(AuthOffer::InsideTls) => inside_tls,
        }
    }

    /// Whether the client that XCLIENT describes is trusted, where its address is told, or the
    /// reply that refuses the command.
    pub(super) fn read_xclient(&self, argument: &[u8]) -> Result<Option<bool>, Reply> {
        let trusted = match &self.xclient {
            Some(Xclient::Honoured { trusted } | Xclient::ListedInsideTls { trusted }) => trusted,
            Some(Xclient::Refused(reply)) => return Err(reply.clone().into_bytes()),
            None => return Err(self.syntax.say(Phrase::Unknown)),
        };
        let argument = String::from_utf8_lossy(argument);
        if argument.is_empty() {
            return Err(b"501 5.5.4 Syntax: XCLIENT attribute=value...".to_vec());
        }
        let mut is_trusted = None;
        for pair in argument.split_ascii_whitespace() {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if value.is_empty() || !ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name))
            {
                return Err(format!("501 5.5.4 Bad XCLIENT attribute name: {name}").into_bytes());
            }
            if name.eq_ignore_ascii_case("ADDR") {
                let address = read_address(value)
                    .ok_or_else(|| format!("501 5.5.4 Bad ADDR syntax: {value}").into_bytes())?;
                is_trusted = Some(address.is_some_and(|address| trusted.contains(&address)));
            }
        }
        Ok(is_trusted)
    }
}

/// An address as XCLIENT writes it; `Some(None)` where it says that there is none.
fn read_address(value: &str) -> Option<Option<IpAddr>> {
    if ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return Some(None);
    }
    let address = match value.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case("IPV6:") => rest,
        _ => value,
    };
    address.parse().ok().map(Some)
}
