//! The dialogue of one connection: a state of a few bytes, and replies appended to a buffer.

use std::net::Ipv4Addr;

use crate::behaviour::Behaviour;

use super::names::Names;
use super::paths::{Way, path_of, percent_leads_abroad, resolve, split, unquoted};
use super::wording::{Phrase, Tongue, put};

/// After this many refusals a server that hangs up does so.
const PATIENCE: u8 = 3;

/// Whose address the reverse-path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Null,
    Local,
    Foreign,
}

/// One connection to one server.
#[derive(Debug)]
pub(super) struct Conversation {
    behaviour: Behaviour,
    tongue: Tongue,
    names: Names,
    greeted_as_us: bool,
    sender: Option<Sender>,
    accepted: bool,
    refusals: u8,
}

impl Conversation {
    /// The server at `address`.
    pub(super) fn new(address: Ipv4Addr, behaviour: Behaviour) -> Self {
        let tongue = match behaviour {
            Behaviour::ClosedExim => Tongue::Exim,
            Behaviour::ClosedSerial => Tongue::Sendmail,
            _ => Tongue::Postfix,
        };
        Self {
            behaviour,
            tongue,
            names: Names::new(address),
            greeted_as_us: false,
            sender: None,
            accepted: false,
            refusals: 0,
        }
    }

    /// Says the greeting; `true` when the connection ends behind it.
    pub(super) fn greet(&self, out: &mut Vec<u8>) -> bool {
        match self.behaviour {
            Behaviour::Tarpit | Behaviour::Drip => false,
            Behaviour::Busy => {
                let host = self.names.host.as_bytes();
                put(out, &[b"421 4.3.2 ", host, b" Service not available, try later\r\n"]);
                true
            }
            _ => {
                self.tongue.greet(&self.names, out);
                false
            }
        }
    }

    /// Answers one line, given without its CRLF; `true` when the connection ends behind it.
    pub(super) fn obey(&mut self, line: &[u8], out: &mut Vec<u8>) -> bool {
        if self.behaviour.never_greets() {
            return false;
        }
        if self.behaviour == Behaviour::HangUp && self.refusals >= PATIENCE {
            let host = self.names.host.as_bytes();
            put(out, &[b"421 4.7.0 ", host, b" Error: too many errors\r\n"]);
            return true;
        }
        let (verb, argument) = line.split_at_checked(4).unwrap_or((line, b""));
        let start = out.len();
        let mut over = false;
        match &capitals(verb) {
            b"EHLO" => self.hello(true, argument.trim_ascii(), out),
            b"HELO" => self.hello(false, argument.trim_ascii(), out),
            b"MAIL" => self.mail(path_of(argument), out),
            b"RCPT" => self.rcpt(path_of(argument), out),
            b"DATA" => {
                let phrase = if self.accepted { Phrase::NoMessage } else { Phrase::NeedRecipient };
                self.tongue.say(phrase, out);
            }
            b"RSET" => {
                (self.sender, self.accepted) = (None, false);
                self.tongue.say(Phrase::Reset, out);
            }
            b"NOOP" => self.tongue.say(Phrase::Noop, out),
            b"QUIT" => {
                self.tongue.say(Phrase::Bye, out);
                over = true;
            }
            _ => self.tongue.say(Phrase::Unknown, out),
        }
        if matches!(out.get(start), Some(b'4' | b'5')) {
            self.refusals = self.refusals.saturating_add(1);
        }
        over
    }

    fn hello(&mut self, extended: bool, name: &[u8], out: &mut Vec<u8>) {
        self.greeted_as_us = name.eq_ignore_ascii_case(self.names.host.as_bytes());
        (self.sender, self.accepted) = (None, false);
        self.tongue.welcome(&self.names, extended, name, out);
    }

    fn mail(&mut self, path: &[u8], out: &mut Vec<u8>) {
        if self.sender.is_some() {
            return self.tongue.say(Phrase::NestedMail, out);
        }
        let (local_part, domain) = split(path);
        if self.tongue == Tongue::Exim
            && !path.is_empty()
            && let Some(complaint) = exim_complaint(local_part, domain)
        {
            return put(out, &[b"501 <", path, b">: ", complaint.on_sender(), b"\r\n"]);
        }
        self.sender = Some(match domain {
            _ if path.is_empty() => Sender::Null,
            Some(name) if self.names.is_local(name) => Sender::Local,
            _ => Sender::Foreign,
        });
        self.tongue.say(Phrase::SenderOk, out);
    }

    fn rcpt(&mut self, path: &[u8], out: &mut Vec<u8>) {
        let Some(sender) = self.sender else { return self.tongue.say(Phrase::NeedMail, out) };
        let way = match self.tongue {
            Tongue::Exim => match self.read_strictly(path) {
                Ok(way) => way,
                Err(parts) => return put(out, &parts),
            },
            _ => resolve(path, &self.names),
        };
        if self.behaviour == Behaviour::Greylist {
            return put(out, &[b"451 4.7.1 <", path, b">: Greylisted, see you in 5 minutes\r\n"]);
        }
        let taken = match way {
            Way::Postmaster => true,
            Way::Abroad => self.relays(sender, path),
            Way::Stranger => return self.tongue.unknown_user(path, out),
        };
        if taken {
            self.accepted = true;
            self.tongue.say(Phrase::RecipientOk, out);
        } else {
            self.tongue.refuse(path, out);
        }
    }

    fn relays(&self, sender: Sender, path: &[u8]) -> bool {
        match self.behaviour {
            Behaviour::Open | Behaviour::DataRefused => true,
            Behaviour::LocalSender => sender == Sender::Local,
            Behaviour::NullSender => sender == Sender::Null,
            Behaviour::OwnHelo => self.greeted_as_us,
            Behaviour::Percent => percent_leads_abroad(path, &self.names),
            _ => false,
        }
    }

    /// As Exim reads a recipient, or the parts of its complaint.
    fn read_strictly<'a>(&self, path: &'a [u8]) -> Result<Way, [&'a [u8]; 5]> {
        let (local_part, domain) = split(path);
        let postmaster = unquoted(local_part).eq_ignore_ascii_case(b"postmaster");
        if postmaster && domain.is_none() {
            return Ok(Way::Postmaster);
        }
        if let Some(complaint) = exim_complaint(local_part, domain) {
            return Err([b"501 <", path, b">: ", complaint.on_recipient(), b"\r\n"]);
        }
        let local = domain.is_some_and(|name| self.names.is_local(name));
        let signs: &[u8] = if local { b"@%!/|" } else { b"@%!" };
        if local_part.iter().any(|byte| signs.contains(byte)) {
            return Err([b"550 restricted characters in address\r\n", b"", b"", b"", b""]);
        }
        Ok(match (local, postmaster) {
            (false, _) => Way::Abroad,
            (true, true) => Way::Postmaster,
            (true, false) => Way::Stranger,
        })
    }
}

/// What Exim does not like about an address.
#[derive(Clone, Copy, Debug)]
enum Complaint {
    Malformed,
    NoDomain,
    Literal,
    BrokenDomain,
}

impl Complaint {
    fn on_sender(self) -> &'static [u8] {
        match self {
            Self::Malformed => b"malformed sender address",
            Self::NoDomain => b"sender address must contain a domain",
            other => other.on_any(),
        }
    }

    fn on_recipient(self) -> &'static [u8] {
        match self {
            Self::Malformed => b"malformed recipient address",
            Self::NoDomain => b"recipient address must contain a domain",
            other => other.on_any(),
        }
    }

    fn on_any(self) -> &'static [u8] {
        match self {
            Self::Literal => b"domain literals not allowed",
            _ => b"domain missing or malformed",
        }
    }
}

fn exim_complaint(local_part: &[u8], domain: Option<&[u8]>) -> Option<Complaint> {
    let quoted = local_part.first() == Some(&b'"');
    match domain {
        _ if !quoted && local_part.iter().any(|byte| matches!(byte, b'@' | b':')) => {
            Some(Complaint::Malformed)
        }
        None => Some(Complaint::NoDomain),
        Some(name) if name.first() == Some(&b'[') => Some(Complaint::Literal),
        Some(name) if name.is_empty() || name.last() == Some(&b'.') => {
            Some(Complaint::BrokenDomain)
        }
        Some(_) => None,
    }
}

/// A verb in capitals.
fn capitals(verb: &[u8]) -> [u8; 4] {
    let mut verb = verb.first_chunk::<4>().copied().unwrap_or_default();
    verb.make_ascii_uppercase();
    verb
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "mx-7f012345.farm.test";

    fn codes(behaviour: Behaviour, lines: &[&str]) -> Vec<String> {
        let mut server = Conversation::new(Ipv4Addr::new(127, 1, 35, 69), behaviour);
        let mut out = Vec::new();
        server.greet(&mut out);
        for line in lines {
            server.obey(line.as_bytes(), &mut out);
        }
        let text = String::from_utf8(out).unwrap();
        let last = text.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
        last.map(|line| line.get(..3).unwrap().to_owned()).collect()
    }

    /// The code of the last of these recipients, asked for by a client that greets as `helo`.
    fn asked(behaviour: Behaviour, helo: &str, sender: &str, recipient: &str) -> String {
        let [helo, mail, rcpt] = [
            format!("EHLO {helo}"),
            format!("MAIL FROM:<{sender}>"),
            format!("RCPT TO:<{recipient}>"),
        ];
        codes(behaviour, &[&helo, &mail, &rcpt]).pop().unwrap()
    }

    #[test]
    fn each_hole_takes_what_leads_through_it_and_nothing_else() {
        let plain = ("audit.test", "a@audit.test", "c@audit.test");
        let local = ("audit.test", "postmaster@farm.test", "c@audit.test");
        let helo = (HOST, "a@audit.test", "c@audit.test");
        let percent = ("audit.test", "a@audit.test", "c%audit.test@farm.test");
        let null = ("audit.test", "", "c@audit.test");
        let all = [plain, local, helo, percent, null];
        let table = [
            (Behaviour::ClosedPostfix, ["454"; 5]),
            (Behaviour::ClosedSerial, ["550"; 5]),
            (Behaviour::ClosedExim, ["550"; 5]),
            (Behaviour::Open, ["250"; 5]),
            (Behaviour::DataRefused, ["250"; 5]),
            (Behaviour::LocalSender, ["454", "250", "454", "454", "454"]),
            (Behaviour::OwnHelo, ["454", "454", "250", "454", "454"]),
            (Behaviour::Percent, ["454", "454", "454", "250", "454"]),
            (Behaviour::NullSender, ["454", "454", "454", "454", "250"]),
            (Behaviour::Greylist, ["451"; 5]),
        ];
        for (behaviour, expected) in table {
            let got = all.map(|(helo, from, to)| asked(behaviour, helo, from, to));
            assert_eq!(got, expected, "{behaviour:?}");
        }
    }

    #[test]
    fn the_postmaster_is_the_one_local_user() {
        for behaviour in [Behaviour::ClosedPostfix, Behaviour::ClosedExim, Behaviour::Open] {
            let ask = |to| asked(behaviour, "audit.test", "", to);
            assert_eq!(ask("postmaster"), "250", "{behaviour:?}");
            assert_eq!(ask("postmaster@farm.test"), "250", "{behaviour:?}");
            assert_eq!(ask("nobody@farm.test"), "550", "{behaviour:?}");
        }
    }

    #[test]
    fn some_end_the_connection_and_some_never_begin_it() {
        let refused = "RCPT TO:<c@audit.test>";
        let lines = ["MAIL FROM:<>", refused, refused, refused, refused];
        let replies = ["220", "250", "454", "454", "454", "421"];
        assert_eq!(codes(Behaviour::HangUp, &lines), replies);
        assert_eq!(codes(Behaviour::ClosedPostfix, &lines).last().unwrap(), "454");
        assert_eq!(codes(Behaviour::Busy, &[]), ["421"]);
        assert_eq!(codes(Behaviour::Tarpit, &lines), [""; 0]);
    }

    #[test]
    fn what_is_out_of_sequence_is_refused_and_no_message_is_taken() {
        for behaviour in [Behaviour::ClosedPostfix, Behaviour::ClosedExim, Behaviour::Open] {
            assert_eq!(codes(behaviour, &["RCPT TO:<c@audit.test>"]), ["220", "503"]);
            let lines = ["MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA", "RSET", "QUIT"];
            let got = codes(behaviour, &lines);
            assert!(got.get(3).unwrap().starts_with('5'), "{behaviour:?}: {got:?}");
            assert_eq!(got.last().unwrap(), "221");
        }
    }
}
