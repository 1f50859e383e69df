//! Who the client says that it is: HELO and EHLO, STARTTLS and XCLIENT.

use crate::practice::behaviour::{Behaviour, BlockStage, EhloSupport, HeloMatch, SecondGreeting};
use crate::practice::counters::Kind;
use crate::practice::secure::Session;
use crate::practice::wording::{Phrase, Reply};

use super::{Conversation, Then};

impl Conversation<'_> {
    pub(super) fn start_tls(&self, argument: &[u8]) -> (Reply, Then) {
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

    pub(super) fn xclient(&mut self, argument: &[u8]) -> Reply {
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

    pub(super) fn helo(&mut self, kind: Kind, argument: &[u8]) -> Reply {
        let behaviour = self.behaviour;
        if let (Kind::Ehlo, EhloSupport::Refused(reply)) = (kind, &behaviour.ehlo) {
            return reply.clone().into_bytes();
        }
        let again = self.helo.as_ref().map(|_| &behaviour.second_greeting);
        if let Some(SecondGreeting::Refused(reply)) = again {
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
        self.posed_as_us |= name.eq_ignore_ascii_case(behaviour.name.as_bytes());
        if again != Some(&SecondGreeting::KeepsName) {
            self.helo = Some(name.to_vec());
        }
        if again != Some(&SecondGreeting::KeepsTransaction) {
            self.transaction = None;
        }
        match kind {
            Kind::Ehlo => behaviour.list_extensions(self.inside_tls),
            _ => format!("250 {}", behaviour.name).into_bytes(),
        }
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
