//! The mail transaction: MAIL, RCPT, DATA and the message.

use crate::practice::address::{Argument, Destination, Mailbox};
use crate::practice::behaviour::{BlockStage, SecondGreeting, Syntax};
use crate::practice::counters::SeenEnvelope;
use crate::practice::recipient::{Request, Role};
use crate::practice::wording::{Phrase, Reply};

use super::Conversation;

/// The parameters of MAIL and RCPT that are understood; their values are not looked at.
const PARAMETERS: [&[u8]; 8] =
    [b"SIZE", b"BODY", b"AUTH", b"RET", b"ENVID", b"NOTIFY", b"ORCPT", b"SMTPUTF8"];

/// One MAIL, and the recipients that were accepted behind it.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    reverse_path: Vec<u8>,
    accepted: u32,
    accepted_local: bool,
}

/// Inside DATA.
#[derive(Debug)]
pub(super) struct Message {
    /// The last line ended in CRLF, so a lone dot ends the message.
    pub(super) after_crlf: bool,
}

impl Conversation<'_> {
    pub(super) fn mail(&mut self, argument: &[u8]) -> Reply {
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

    pub(super) fn rcpt(&mut self, argument: &[u8]) -> Reply {
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
        let judged = if let SecondGreeting::HeldAgainst(reply) = &behaviour.second_greeting
            && self.posed_as_us
        {
            Err(reply.clone().into_bytes())
        } else if sink {
            Ok(Destination::Foreign)
        } else {
            behaviour.judge(&request, self.ledger)
        };
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

    pub(super) fn data(&mut self) -> Reply {
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

    pub(super) fn take_message(&mut self) -> Option<Reply> {
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
