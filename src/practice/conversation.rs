//! One session, command by command: what a practice server answers, without any wire.

use super::account::{Pending, Step};
use super::address::{Argument, Destination, Mailbox};
use super::behaviour::{Behaviour, BlockStage, EhloSupport, HeloMatch, Syntax};
use super::counters::{Kind, Ledger, SeenEnvelope, Tally};
use super::limits::Limits;
use super::recipient::{Request, Role};
use super::secure::Session;
use super::wording::{Phrase, Reply, code};

/// The parameters of MAIL and RCPT that are understood; their values are not looked at.
const PARAMETERS: [&[u8]; 8] =
    [b"SIZE", b"BODY", b"AUTH", b"RET", b"ENVID", b"NOTIFY", b"ORCPT", b"SMTPUTF8"];

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
    transaction: Option<Transaction>,
    message: Option<Message>,
}

#[derive(Debug, Default)]
struct Transaction {
    reverse_path: Vec<u8>,
    accepted: u32,
    accepted_local: bool,
}

/// Inside DATA.
#[derive(Debug)]
struct Message {
    /// The last line ended in CRLF, so a lone dot ends the message.
    after_crlf: bool,
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

    fn auth(&mut self, argument: &[u8]) -> Reply {
        let behaviour = self.behaviour;
        match &behaviour.account {
            Some(account) if behaviour.offers_auth(self.inside_tls) => {
                self.step(account.begin(argument))
            }
            _ => behaviour.refuse_auth(self.inside_tls),
        }
    }

    fn go_on_with_login(&mut self, pending: &Pending, line: &[u8]) -> Reply {
        let Some(account) = &self.behaviour.account else {
            return self.behaviour.refuse_auth(self.inside_tls);
        };
        let mut reply = self.step(account.answer(pending, line));
        self.repeat_secrets(&mut reply);
        reply
    }

    fn step(&mut self, step: Step) -> Reply {
        match step {
            Step::Ask(pending, challenge) => {
                self.login = Some(pending);
                challenge.as_bytes().to_vec()
            }
            Step::Done => {
                (self.logged_in, self.tried_login) = (true, true);
                self.behaviour.logged_in()
            }
            Step::Failed => {
                self.tried_login = true;
                self.behaviour.refuse_auth(self.inside_tls)
            }
        }
    }

    /// Adds the password to a reply, where the server is that kind of server.
    fn repeat_secrets(&self, reply: &mut Reply) {
        let secrets = self.behaviour.account.as_ref().and_then(|account| account.secrets());
        if let Some(secrets) = secrets.filter(|_| self.tried_login) {
            reply.extend_from_slice(format!(" {secrets}").as_bytes());
        }
    }

    fn start_tls(&self, argument: &[u8]) -> (Reply, Then) {
        let syntax = self.behaviour.syntax;
        if self.block_at(BlockStage::Greeting).is_some() {
            return (syntax.say(Phrase::Blocked), Then::Read);
        }
        let session = Session { greeted: self.helo.is_some(), inside_tls: self.inside_tls };
        match self.behaviour.start_tls(argument, session) {
            Ok(behind) => (syntax.say(Phrase::StartTls), Then::Handshake(behind.to_vec())),
            Err(reply) => (reply, Then::Read),
        }
    }

    fn xclient(&mut self, argument: &[u8]) -> Reply {
        if self.transaction.is_some() {
            return self.behaviour.syntax.say(Phrase::XclientInMail);
        }
        match self.behaviour.read_xclient(argument) {
            Ok(trusted) => {
                self.trusted = trusted.unwrap_or(self.trusted);
                self.helo = None;
                self.greeting()
            }
            Err(reply) => reply,
        }
    }

    fn helo(&mut self, kind: Kind, argument: &[u8]) -> Reply {
        let behaviour = self.behaviour;
        if let (Kind::Ehlo, EhloSupport::Refused(reply)) = (kind, &behaviour.ehlo) {
            return reply.clone().into_bytes();
        }
        let name = argument.trim_ascii();
        if name.is_empty() && !behaviour.accept_everything {
            return behaviour.syntax.say(Phrase::HeloSyntax);
        }
        if let Some((which, reply)) = &behaviour.refuse_helo
            && behaviour.helo_matches(which, name)
        {
            return reply.clone().into_bytes();
        }
        self.helo = Some(name.to_vec());
        self.transaction = None;
        match kind {
            Kind::Ehlo => behaviour.list_extensions(self.inside_tls),
            _ => format!("250 {}", behaviour.name).into_bytes(),
        }
    }

    fn mail(&mut self, argument: &[u8]) -> Reply {
        let behaviour = self.behaviour;
        let syntax = behaviour.syntax;
        let sink = behaviour.accept_everything;
        if self.transaction.is_some() && !sink {
            return syntax.say(Phrase::NestedMail);
        }
        if syntax == Syntax::Exim && self.helo.is_none() && !sink {
            return syntax.say(Phrase::NeedHelo);
        }
        let argument = read_path(argument, b"FROM:");
        if !sink && let Err(reply) = self.check_mail(argument.as_ref()) {
            return reply;
        }
        let reverse_path = argument.map(|argument| argument.path.to_vec()).unwrap_or_default();
        self.transaction = Some(Transaction { reverse_path, ..Transaction::default() });
        syntax.say(Phrase::SenderOk)
    }

    fn check_mail(&self, argument: Option<&Argument<'_>>) -> Result<(), Reply> {
        let behaviour = self.behaviour;
        let malformed = || behaviour.syntax.say(Phrase::SenderSyntax);
        let Argument { path, parameters } = argument.ok_or_else(malformed)?;
        if let Some(option) = strange_parameter(parameters) {
            return Err([b"555 5.5.4 Unsupported option: ", option].concat());
        }
        if !path.is_empty() {
            let mailbox = Mailbox::read(path).ok_or_else(malformed)?;
            if let Some(complaint) = behaviour.complain(path, &mailbox, Role::Sender) {
                return Err(complaint);
            }
        }
        if let Some(reply) = self.block_at(BlockStage::Mail) {
            return Err(reply);
        }
        if self.logged_in
            && let Some(reply) = behaviour.refuse_in_name_of(path)
        {
            return Err(reply);
        }
        let stranger = !(self.trusted || self.logged_in);
        match &behaviour.refuse_sender {
            Some((which, reply)) if stranger && behaviour.sender_matches(*which, path) => {
                Err(reply.clone().into_bytes())
            }
            _ => Ok(()),
        }
    }

    fn rcpt(&mut self, argument: &[u8]) -> Reply {
        let behaviour = self.behaviour;
        let syntax = behaviour.syntax;
        let sink = behaviour.accept_everything;
        let mut no_mail = Transaction::default();
        let transaction = match &mut self.transaction {
            Some(transaction) => transaction,
            None if sink => &mut no_mail,
            None => return syntax.say(Phrase::NeedMail),
        };
        let Some(argument) = read_path(argument, b"TO:") else {
            return syntax.say(if sink { Phrase::RecipientOk } else { Phrase::RecipientSyntax });
        };
        if let Some(option) = strange_parameter(argument.parameters).filter(|_| !sink) {
            return [b"555 5.5.4 Unsupported option: ", option].concat();
        }
        let helo = self.helo.as_deref().unwrap_or_default();
        let request = Request {
            helo,
            reverse_path: &transaction.reverse_path,
            forward_path: argument.path,
            after_local: transaction.accepted_local,
            inside_tls: self.inside_tls,
            trusted: self.trusted || self.logged_in,
        };
        let judged =
            if sink { Ok(Destination::Foreign) } else { behaviour.judge(&request, self.ledger) };
        self.ledger.note_envelope(SeenEnvelope {
            helo: helo.to_vec(),
            reverse_path: transaction.reverse_path.clone(),
            forward_path: argument.path.to_vec(),
            inside_tls: self.inside_tls,
            accepted: judged.is_ok(),
        });
        match judged {
            Ok(destination) => {
                transaction.accepted += 1;
                transaction.accepted_local |= matches!(destination, Destination::Local(_));
                syntax.say(Phrase::RecipientOk)
            }
            Err(reply) => reply,
        }
    }

    fn data(&mut self) -> Reply {
        let behaviour = self.behaviour;
        if !behaviour.accept_everything {
            match &self.transaction {
                None => return behaviour.syntax.say(Phrase::DataBeforeMail),
                Some(transaction) if transaction.accepted == 0 => {
                    return behaviour.syntax.say(Phrase::DataBeforeRecipient);
                }
                Some(_) => {}
            }
        }
        if let Some(reply) = &behaviour.refuse_data {
            return reply.clone().into_bytes();
        }
        self.message = Some(Message { after_crlf: true });
        behaviour.syntax.say(Phrase::StartData)
    }

    fn take_message(&mut self) -> Option<Reply> {
        self.message = None;
        self.transaction = None;
        self.limits.message_taken();
        let number = self.ledger.note_message();
        if self.behaviour.silent_after_message {
            return None;
        }
        let reply = match self.behaviour.syntax {
            Syntax::Postfix => format!("250 2.0.0 Ok: queued as {number:010X}"),
            Syntax::Exim => format!("250 OK id={number:010X}"),
        };
        Some(reply.into_bytes())
    }

    fn block_at(&self, stage: BlockStage) -> Option<Reply> {
        let block = self.behaviour.block_client.as_ref().filter(|block| block.stage == stage)?;
        Some(block.reply.clone().into_bytes())
    }
}

impl Behaviour {
    fn helo_matches(&self, which: &HeloMatch, name: &[u8]) -> bool {
        match which {
            HeloMatch::Any => true,
            HeloMatch::OwnName => name.eq_ignore_ascii_case(self.name.as_bytes()),
            HeloMatch::Local => self.is_local(name),
            HeloMatch::OneLabel => !name.contains(&b'.') && !name.starts_with(b"["),
            HeloMatch::Exactly(other) => name.eq_ignore_ascii_case(other.as_bytes()),
        }
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

/// The path behind `FROM:` or `TO:`.
fn read_path<'a>(argument: &'a [u8], keyword: &[u8]) -> Option<Argument<'a>> {
    let (head, rest) = argument.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| Argument::read(rest))?
}

/// The first parameter that is not understood.
fn strange_parameter(parameters: &[u8]) -> Option<&[u8]> {
    parameters.split(u8::is_ascii_whitespace).filter(|option| !option.is_empty()).find(|option| {
        let keyword = option.split(|byte| *byte == b'=').next().unwrap_or_default();
        !PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(keyword))
    })
}
