//! How much a practice server puts up with on one connection.

use super::behaviour::{Behaviour, ErrorLimit, Syntax};
use super::counters::Kind;
use super::wording::{Reply, code};

/// Exim's `smtp_accept_max_nonmail`: commands that are no part of a transaction.
const EXIM_NONMAIL: u32 = 10;
/// Exim's `smtp_max_synprot_errors` and `smtp_max_unknown_commands`.
const EXIM_COMPLAINTS: u32 = 3;

/// What a connection has used up.
#[derive(Debug, Default)]
pub(super) struct Limits {
    errors: u32,
    nonmail: u32,
    complaints: u32,
    unknown: u32,
    used_free_rset: bool,
    used_free_greeting: bool,
    used_free_starttls: bool,
}

impl Limits {
    /// The last reply, in place of an answer to the command, where a limit was passed before.
    pub(super) fn refuse(&mut self, behaviour: &Behaviour, kind: Kind) -> Option<Reply> {
        if let Some(ErrorLimit::Reply421AfterErrors(most)) = behaviour.error_limit
            && self.errors >= most
        {
            let reply = format!("421 4.7.0 {} Error: too many errors", behaviour.name);
            return Some(reply.into_bytes());
        }
        if behaviour.syntax == Syntax::Exim && self.is_counted_as_nonmail(kind) {
            self.nonmail += 1;
            if self.nonmail > EXIM_NONMAIL {
                return Some(b"554 Too many nonmail commands".to_vec());
            }
        }
        None
    }

    /// Counts the answer; `true` when the server closes behind it, with words added if it has any.
    pub(super) fn count(&mut self, behaviour: &Behaviour, kind: Kind, reply: &mut Reply) -> bool {
        let code = code(reply);
        if code < 400 {
            return false;
        }
        self.errors = self.errors.saturating_add(1);
        if behaviour.syntax == Syntax::Exim && matches!(code, 500..=504 | 555) {
            let (counter, text) = match kind {
                Kind::Unknown => (&mut self.unknown, "Too many unrecognized commands"),
                _ => (&mut self.complaints, "Too many syntax or protocol errors"),
            };
            *counter += 1;
            if *counter > EXIM_COMPLAINTS {
                if let Some(sign) = reply.get_mut(3) {
                    *sign = b'-';
                }
                reply.extend_from_slice(format!("\r\n{code} {text}").as_bytes());
                return true;
            }
        }
        matches!(
            behaviour.error_limit,
            Some(ErrorLimit::HangUpAfterErrors(most)) if self.errors >= most
        )
    }

    /// A message was taken: the next one has a free RSET, greeting and STARTTLS again.
    pub(super) fn message_taken(&mut self) {
        (self.used_free_rset, self.used_free_greeting) = (false, false);
        self.used_free_starttls = false;
    }

    /// TLS has started: the greeting that follows is free.
    pub(super) fn secured(&mut self) {
        self.used_free_greeting = false;
    }

    fn is_counted_as_nonmail(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Rset => std::mem::replace(&mut self.used_free_rset, true),
            Kind::Helo | Kind::Ehlo => std::mem::replace(&mut self.used_free_greeting, true),
            Kind::StartTls => std::mem::replace(&mut self.used_free_starttls, true),
            Kind::Other => true,
            Kind::Mail | Kind::Rcpt | Kind::Data | Kind::Quit | Kind::Unknown => false,
        }
    }
}
