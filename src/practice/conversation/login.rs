//! AUTH: the login, step by step, and a server that repeats what it was told in it.

use crate::practice::account::{Pending, Step};
use crate::practice::wording::Reply;

use super::Conversation;

impl Conversation<'_> {
    pub(super) fn auth(&mut self, argument: &[u8]) -> Reply {
        let behaviour = self.behaviour;
        match &behaviour.account {
            Some(account) if behaviour.offers_auth(self.inside_tls) => {
                self.step(account.begin(argument))
            }
            _ => behaviour.refuse_auth(self.inside_tls),
        }
    }

    pub(super) fn go_on_with_login(&mut self, pending: &Pending, line: &[u8]) -> Reply {
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
    pub(super) fn repeat_secrets(&self, reply: &mut Reply) {
        let secrets = self.behaviour.account.as_ref().and_then(|account| account.secrets());
        if let Some(secrets) = secrets.filter(|_| self.tried_login) {
            reply.extend_from_slice(format!(" {secrets}").as_bytes());
        }
    }
}
