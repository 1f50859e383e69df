//! One client's dialogue, without any I/O: bytes in, replies out.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MailFrom, RcptTo, Request};

use super::Settings;
use super::intake::{Intake, LONGEST_MESSAGE};
use super::path::{Owner, bracketed, owner};
use crate::evidence::{Arrival, Handover};

/// The longest command line, in bytes with its line end.
const LONGEST_LINE: usize = 2048;
/// The most bytes of one line that are skipped before the connection is closed.
const MOST_SKIPPED: usize = 1024 * 1024;
/// The most recipients of one message.
const MOST_RECIPIENTS: usize = 100;
/// The most commands of one connection that make no sense.
const MOST_FAULTS: u32 = 20;

/// What the connection needs next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// More bytes of the client.
    Read,
    /// These are to be stored, and [`Conversation::stored`] is to be told; none for a message
    /// without a token.
    Store(Vec<Arrival>),
    /// The end, behind the replies that wait.
    Close,
}

/// One client's dialogue.
pub(super) struct Conversation {
    settings: Arc<Settings>,
    client: IpAddr,
    helo: Option<String>,
    mail: Option<Mail>,
    stage: Stage,
    faults: u32,
    replies: Vec<u8>,
}

/// A message that is being announced.
struct Mail {
    reverse_path: String,
    forward_paths: Vec<String>,
}

enum Stage {
    /// A command line, as far as it has come.
    Command(Vec<u8>),
    /// So many bytes of a line that is too long.
    Skipping(usize),
    Data(Box<Intake>),
    Closed,
}

impl Conversation {
    /// Greets the client.
    pub(super) fn new(settings: Arc<Settings>, client: IpAddr) -> Self {
        let greeting = format!("220 {} ESMTP mxaudit catch", settings.name);
        let mut conversation = Self {
            settings,
            client,
            helo: None,
            mail: None,
            stage: Stage::Command(Vec::new()),
            faults: 0,
            replies: Vec::new(),
        };
        conversation.say(&greeting);
        conversation
    }

    /// The replies that wait to be sent.
    pub(super) fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// True while a message is on its way.
    pub(super) fn is_in_message(&self) -> bool {
        matches!(self.stage, Stage::Data(_))
    }

    /// Says the last reply.
    pub(super) fn close(&mut self, reply: &str) {
        self.say(reply);
        self.stage = Stage::Closed;
    }

    /// Takes what the client sent, as far as the next turn.
    pub(super) fn feed(&mut self, input: &mut &[u8]) -> Turn {
        while !input.is_empty() {
            match &mut self.stage {
                Stage::Closed => return Turn::Close,
                Stage::Data(intake) => {
                    if intake.take(input)
                        && let Some(arrivals) = self.end_of_message()
                    {
                        return Turn::Store(arrivals);
                    }
                }
                Stage::Skipping(skipped) => {
                    let (taken, whole) = line_piece(input, usize::MAX);
                    *skipped += taken.len();
                    if whole {
                        self.stage = Stage::Command(Vec::new());
                        self.fault("500 5.5.2 Line too long");
                    } else if *skipped > MOST_SKIPPED {
                        self.close("421 4.7.0 No line end in sight, closing the connection");
                    }
                }
                Stage::Command(line) => {
                    let (taken, whole) = line_piece(input, LONGEST_LINE - line.len());
                    line.extend_from_slice(taken);
                    if whole {
                        let line = std::mem::take(line);
                        self.command(&line);
                    } else if line.len() >= LONGEST_LINE {
                        self.stage = Stage::Skipping(0);
                    }
                }
            }
        }
        if matches!(self.stage, Stage::Closed) { Turn::Close } else { Turn::Read }
    }

    /// Answers the final dot: the arrivals are on the disk, or could not be put there.
    pub(super) fn stored(&mut self, stored: bool) {
        self.say(if stored {
            "250 2.0.0 Noted"
        } else {
            "451 4.3.0 The message cannot be noted now, try again later"
        });
    }

    fn say(&mut self, reply: &str) {
        self.replies.extend_from_slice(reply.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }

    /// Refuses what makes no sense, and ends with a client that makes none.
    fn fault(&mut self, reply: &str) {
        self.faults += 1;
        if self.faults >= MOST_FAULTS {
            self.close("421 4.7.0 Too many errors, closing the connection");
        } else {
            self.say(reply);
        }
    }

    fn command(&mut self, line: &[u8]) {
        match Request::parse(&mut line.iter()) {
            Ok(Request::Ehlo { host }) => {
                self.hello(&host);
                let name = self.settings.name.clone();
                self.say(&format!("250-{name}"));
                self.say("250-8BITMIME");
                self.say(&format!("250-SIZE {LONGEST_MESSAGE}"));
                self.say("250-PIPELINING");
                self.say("250 ENHANCEDSTATUSCODES");
            }
            Ok(Request::Helo { host }) => {
                self.hello(&host);
                let name = self.settings.name.clone();
                self.say(&format!("250 {name}"));
            }
            Ok(Request::Mail { from }) => self.mail(line, Some(&from)),
            // Our own tests send paths that no grammar allows, and servers pass them on.
            Err(Error::InvalidSenderAddress) => self.mail(line, None),
            Ok(Request::Rcpt { to }) => self.recipient(line, Some(&to)),
            Err(Error::InvalidRecipientAddress) => self.recipient(line, None),
            Ok(Request::Data) => self.data(),
            Ok(Request::Rset) => {
                self.mail = None;
                self.say("250 2.0.0 Ok");
            }
            Ok(Request::Noop { .. }) => self.say("250 2.0.0 Ok"),
            Ok(Request::Quit) => self.close("221 2.0.0 Bye"),
            Ok(Request::Vrfy { .. }) => {
                self.say("252 2.0.0 Not verified; send a message and see");
            }
            Ok(Request::Help { .. }) => {
                self.say("214 2.0.0 This server notes test messages of one domain and sends none");
            }
            Ok(_) => self.fault("502 5.5.1 Not offered here"),
            Err(Error::SyntaxError { .. }) => self.fault("501 5.5.4 Syntax error"),
            Err(Error::InvalidParameter { .. }) => self.fault("501 5.5.4 Bad parameter"),
            Err(Error::UnsupportedParameter { .. }) => self.fault("555 5.5.4 Unknown parameter"),
            Err(_) => self.fault("500 5.5.2 Unknown command"),
        }
    }

    fn hello(&mut self, host: &str) {
        self.helo = Some(host.to_owned());
        self.mail = None;
    }

    fn mail(&mut self, line: &[u8], from: Option<&MailFrom<std::borrow::Cow<'_, str>>>) {
        const OFFERED: u64 = MAIL_BODY_7BIT | MAIL_BODY_8BITMIME;
        let Some(path) = bracketed(line) else {
            return self.fault("501 5.1.7 Bad reverse-path");
        };
        if self.helo.is_none() {
            return self.fault("503 5.5.1 Say EHLO first");
        }
        if self.mail.is_some() {
            return self.fault("503 5.5.1 One message after the other");
        }
        if let Some(from) = from {
            if from.size > LONGEST_MESSAGE {
                return self.say("552 5.3.4 The message is too long");
            }
            if from.flags & !OFFERED != 0 || from.auth.is_some() || from.env_id.is_some() {
                return self.fault("555 5.5.4 Parameter not offered");
            }
        }
        let reverse_path = String::from_utf8_lossy(path).into_owned();
        self.mail = Some(Mail { reverse_path, forward_paths: Vec::new() });
        self.say("250 2.1.0 Ok");
    }

    fn recipient(&mut self, line: &[u8], to: Option<&RcptTo<std::borrow::Cow<'_, str>>>) {
        let path = bracketed(line);
        let owner = path.map_or(Owner::Nobody, |path| owner(path, &self.settings.domain));
        let Some(mail) = &mut self.mail else {
            return self.fault("503 5.5.1 MAIL comes first");
        };
        match (owner, to) {
            (Owner::Other, _) => self.say("550 5.7.1 Relaying denied"),
            (Owner::Nobody, _) | (Owner::Canary, None) => self.fault("501 5.1.3 Bad forward-path"),
            (Owner::Canary, Some(to)) if to.flags != 0 || to.orcpt.is_some() => {
                self.fault("555 5.5.4 Parameter not offered");
            }
            (Owner::Canary, Some(_)) if mail.forward_paths.len() >= MOST_RECIPIENTS => {
                self.say("452 4.5.3 Too many recipients");
            }
            (Owner::Canary, Some(_)) => {
                let path = path.map(String::from_utf8_lossy).unwrap_or_default().into_owned();
                mail.forward_paths.push(path);
                self.say("250 2.1.5 Ok");
            }
        }
    }

    fn data(&mut self) {
        match &self.mail {
            None => self.fault("503 5.5.1 MAIL comes first"),
            Some(mail) if mail.forward_paths.is_empty() => {
                self.fault("554 5.5.1 No valid recipients");
            }
            Some(_) => {
                self.say("354 End with a dot on a line of its own");
                self.stage = Stage::Data(Box::new(Intake::new()));
            }
        }
    }

    /// What the message brought; none where it was refused.
    fn end_of_message(&mut self) -> Option<Vec<Arrival>> {
        let stage = std::mem::replace(&mut self.stage, Stage::Command(Vec::new()));
        let (Stage::Data(intake), Some(mail)) = (stage, self.mail.take()) else {
            return None;
        };
        if intake.is_too_long() {
            self.say("552 5.3.4 The message is too long");
            return None;
        }
        Some(intake.into_reader().finish(Handover {
            at: Timestamp::now().to_string(),
            client: Some(self.client),
            helo: self.helo.clone(),
            envelope: Some((mail.reverse_path, mail.forward_paths)),
        }))
    }
}

/// Takes a piece of a line, at most so long; true when it ends the line.
fn line_piece<'a>(input: &mut &'a [u8], most: usize) -> (&'a [u8], bool) {
    let window = input.get(..most).unwrap_or(input);
    let end = window.iter().position(|byte| *byte == b'\n');
    let (taken, rest) = input.split_at(end.map_or(window.len(), |at| at + 1));
    *input = rest;
    (taken, end.is_some())
}
