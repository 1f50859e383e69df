//! One session, command by command: what a practice server answers, without any wire.

mod greeting;
mod login;
mod transaction;

use super::account::Pending;
use super::behaviour::{Behaviour, BlockStage};
use super::counters::{Kind, Ledger, Tally};
use super::limits::Limits;
use super::wording::{Phrase, Reply, code};

use transaction::{Message, Transaction};

/// The answer to one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// What is said, without its last CRLF; nothing inside a message.
    pub(super) reply: Option<Reply>,
    /// What the server does behind it.
    pub(super) then: Then,
}

/// What follows an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next command.
    Read,
    /// The end: the server closes.
    Close,
    /// The handshake. These bytes stand in clear before it, behind the reply.
    Handshake(Vec<u8>),
}

/// One session with a client.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    behaviour: &'a Behaviour,
    ledger: &'a Ledger,
    tally: Tally,
    limits: Limits,
    inside_tls: bool,
    /// Its address or XCLIENT has made it a client that may relay.
    trusted: bool,
    /// The account has logged in, and may relay.
    logged_in: bool,
    /// A try to log in was made.
    tried_login: bool,
    /// What the next line answers, in the middle of AUTH.
    login: Option<Pending>,
    helo: Option<Vec<u8>>,
    /// It has greeted with the server's own name.
    posed_as_us: bool,
    transaction: Option<Transaction>,
    message: Option<Message>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(behaviour: &'a Behaviour, ledger: &'a Ledger, trusted: bool) -> Self {
        Self {
            behaviour,
            ledger,
            tally: Tally::default(),
            limits: Limits::default(),
            inside_tls: false,
            trusted,
            logged_in: false,
            tried_login: false,
            login: None,
            helo: None,
            posed_as_us: false,
            transaction: None,
            message: None,
        }
    }

    /// What is said before the first command.
    pub(super) fn greet(&self) -> Answer {
        let reply = self.greeting();
        Answer { then: close_if(code(&reply) == 421), reply: Some(reply) }
    }

    fn greeting(&self) -> Reply {
        let behaviour = self.behaviour;
        match (self.block_at(BlockStage::Greeting), &behaviour.banner) {
            (Some(reply), _) => reply,
            (None, Some(banner)) => banner.clone(),
            (None, None) => format!("220 {} ESMTP", behaviour.name).into_bytes(),
        }
    }

    /// TLS has started: all that was said before is forgotten (RFC 3207 section 4.2).
    pub(super) fn secured(&mut self) {
        self.ledger.note_handshake();
        self.limits.secured();
        self.inside_tls = true;
        (self.helo, self.transaction) = (None, None);
        (self.login, self.logged_in) = (None, false);
    }

    /// Whether the next line is a command, and not part of a message.
    pub(super) fn awaits_command(&self) -> bool {
        self.message.is_none()
    }

    /// The answer to one line, given with its line end. A command without a line end is one that
    /// grew too long.
    pub(super) fn answer(&mut self, line: &[u8]) -> Answer {
        if let Some(message) = &mut self.message {
            let ends = message.after_crlf && line == b".\r\n";
            message.after_crlf = line.ends_with(b"\r\n");
            let reply = if ends { self.take_message() } else { None };
            return Answer { reply, then: Then::Read };
        }
        let Some(text) = line.strip_suffix(b"\n") else {
            let reply = self.behaviour.syntax.say(Phrase::LineTooLong);
            self.ledger.note_command(&mut self.tally, Kind::Unknown, code(&reply));
            return Answer { reply: Some(reply), then: Then::Close };
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if let Some(pending) = self.login.take() {
            let reply = self.go_on_with_login(&pending, text);
            self.ledger.note_command(&mut self.tally, Kind::Other, code(&reply));
            return Answer { reply: Some(reply), then: Then::Read };
        }
        let (verb, argument) = split_verb(text);
        let kind = self.behaviour.kind_of(&verb);
        let (mut reply, then) = match self.limits.refuse(self.behaviour, kind) {
            Some(reply) => (reply, Then::Close),
            None if kind == Kind::StartTls => self.start_tls(argument),
            None => (self.obey(kind, &verb, argument), close_if(kind == Kind::Quit)),
        };
        self.repeat_secrets(&mut reply);
        let over = self.limits.count(self.behaviour, kind, &mut reply);
        let code = code(&reply);
        self.ledger.note_command(&mut self.tally, kind, code);
        let then = if over || code == 421 { Then::Close } else { then };
        Answer { then, reply: Some(reply) }
    }

    fn obey(&mut self, kind: Kind, verb: &[u8], argument: &[u8]) -> Reply {
        let syntax = self.behaviour.syntax;
        if self.block_at(BlockStage::Greeting).is_some() && kind != Kind::Quit {
            return syntax.say(Phrase::Blocked);
        }
        if !self.inside_tls
            && let Some(reply) = self.behaviour.ask_for_tls(kind, verb)
        {
            return reply;
        }
        match kind {
            Kind::Helo | Kind::Ehlo => self.helo(kind, argument),
            Kind::Mail => self.mail(argument),
            Kind::Rcpt => self.rcpt(argument),
            Kind::Data => self.data(),
            Kind::Rset => {
                self.transaction = None;
                syntax.say(Phrase::Reset)
            }
            Kind::Quit => syntax.say(Phrase::Bye),
            Kind::Unknown if !self.behaviour.accept_everything => syntax.say(Phrase::Unknown),
            Kind::Other if verb == b"VRFY" => syntax.say(Phrase::Verify),
            Kind::Other if verb == b"HELP" => syntax.say(Phrase::Help),
            Kind::Other if verb == b"AUTH" => self.auth(argument),
            Kind::Other if verb == b"XCLIENT" => self.xclient(argument),
            Kind::Other | Kind::StartTls | Kind::Unknown => syntax.say(Phrase::Noop),
        }
    }

    fn block_at(&self, stage: BlockStage) -> Option<Reply> {
        let block = self.behaviour.block_client.as_ref().filter(|block| block.stage == stage)?;
        Some(block.reply.clone().into_bytes())
    }
}

fn close_if(closes: bool) -> Then {
    if closes { Then::Close } else { Then::Read }
}

/// The command word in capitals, and what follows its first space.
fn split_verb(line: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (verb, argument) = line.split_at_checked(end).unwrap_or((line, b""));
    (verb.to_ascii_uppercase(), argument.trim_ascii())
}
