//! What a practice server decides about one recipient.

use std::net::Ipv4Addr;

use super::address::{Destination, Mailbox, dequote, position};
use super::behaviour::{
    Behaviour, BlockStage, RelayPolicy, SenderMatch, Syntax, Temporary, is_postmaster,
};
use super::counters::Ledger;
use super::wording::{Phrase, Reply};

/// A recipient, with all that a relay policy may look at.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) helo: &'a [u8],
    pub(super) reverse_path: &'a [u8],
    pub(super) forward_path: &'a [u8],
    /// A local recipient was accepted before, in the same transaction.
    pub(super) after_local: bool,
    pub(super) inside_tls: bool,
    /// The client is trusted: it may relay to everybody.
    pub(super) trusted: bool,
}

/// Whose address is read: the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Sender,
    Recipient,
}

impl Behaviour {
    /// Where an accepted recipient leads, or the reply that refuses it.
    pub(super) fn judge(
        &self,
        request: &Request<'_>,
        ledger: &Ledger,
    ) -> Result<Destination, Reply> {
        let path = request.forward_path;
        let malformed = || self.syntax.say(Phrase::RecipientSyntax);
        let mailbox = Mailbox::read(path).ok_or_else(malformed)?;
        if let Some(complaint) = self.complain(path, &mailbox, Role::Recipient) {
            return Err(complaint);
        }
        let destination = self.destination(&mailbox);
        if let Some(block) = &self.block_client
            && block.stage == BlockStage::Rcpt
            && !(block.exempt_postmaster && leads_to_postmaster(&destination))
        {
            return Err(block.reply.clone().into_bytes());
        }
        if let Some(reply) = self.defer(request, ledger) {
            return Err(reply);
        }
        let is_local = |domain: &[u8]| self.is_local(domain);
        let by_percent = |policy: &_| {
            *policy == RelayPolicy::PercentHack && mailbox.percent_leads_abroad(is_local)
        };
        if self.relay.any(request.inside_tls, &by_percent) {
            return Ok(Destination::Foreign);
        }
        if self.syntax == Syntax::Exim && is_restricted(&mailbox, &destination) {
            return Err(b"550 restricted characters in address".to_vec());
        }
        if let Some(reply) = &self.refuse_postmaster
            && leads_to_postmaster(&destination)
        {
            return Err(reply.clone().into_bytes());
        }
        match destination {
            Destination::Local(user) if self.is_user(&user) => Ok(Destination::Local(user)),
            Destination::Local(_) => Err(self.syntax.unknown_user(path)),
            Destination::Foreign if self.relays(request, &mailbox) => Ok(Destination::Foreign),
            Destination::Foreign => Err(self.wording.refuse(path)),
        }
    }

    /// The complaint about an address that the server cannot or will not read.
    pub(super) fn complain(&self, path: &[u8], mailbox: &Mailbox, role: Role) -> Option<Reply> {
        let (phrase, word) = match role {
            Role::Sender => (Phrase::SenderSyntax, "sender"),
            Role::Recipient => (Phrase::RecipientSyntax, "recipient"),
        };
        let domain = mailbox.domain.as_deref();
        if self.syntax == Syntax::Postfix {
            return domain.is_some_and(is_bare_address).then(|| self.syntax.say(phrase));
        }
        let text = match domain {
            None if role == Role::Recipient && is_postmaster(&mailbox.local_part) => return None,
            _ if position(&mailbox.local_part, |byte| b"@:".contains(&byte)).is_some() => {
                format!("malformed {word} address")
            }
            None => format!("{word} address must contain a domain"),
            Some(literal) if literal.starts_with(b"[") => "domain literals not allowed".into(),
            Some(name) if name.is_empty() || name.ends_with(b".") => {
                "domain missing or malformed".into()
            }
            Some(_) => return None,
        };
        Some([b"501 <", path, b">: ", text.as_bytes()].concat())
    }

    /// Whether `refuse_sender` means this reverse-path.
    pub(super) fn sender_matches(&self, which: SenderMatch, reverse_path: &[u8]) -> bool {
        let domain = Mailbox::read(reverse_path).and_then(|mailbox| mailbox.domain);
        match which {
            SenderMatch::Any => true,
            SenderMatch::Null => reverse_path.is_empty(),
            SenderMatch::Local => domain.is_some_and(|name| self.is_local(&name)),
            SenderMatch::Foreign => domain.is_some_and(|name| !self.is_local(&name)),
        }
    }

    fn destination(&self, mailbox: &Mailbox) -> Destination {
        match (self.syntax, mailbox.domain.as_deref()) {
            (Syntax::Postfix, _) => mailbox.resolve(|domain| self.is_local(domain)),
            (Syntax::Exim, Some(domain)) if !self.is_local(domain) => Destination::Foreign,
            (Syntax::Exim, _) => Destination::Local(dequote(&mailbox.local_part)),
        }
    }

    fn defer(&self, request: &Request<'_>, ledger: &Ledger) -> Option<Reply> {
        let reply = match self.temporary.as_ref()? {
            Temporary::Always { reply } => reply,
            Temporary::FirstTries { n, reply } => {
                let (number, _) = ledger.note_try(request.reverse_path, request.forward_path);
                (number <= *n).then_some(reply)?
            }
            Temporary::For { time, reply } => {
                let (_, first) = ledger.note_try(request.reverse_path, request.forward_path);
                (first.elapsed() < *time).then_some(reply)?
            }
        };
        Some(reply.clone().into_bytes())
    }

    fn relays(&self, request: &Request<'_>, mailbox: &Mailbox) -> bool {
        let holds = |policy: &_| match policy {
            RelayPolicy::Open => true,
            RelayPolicy::LocalSender => {
                self.sender_matches(SenderMatch::Local, request.reverse_path)
            }
            RelayPolicy::HeloIsOwnName => request.helo.eq_ignore_ascii_case(self.name.as_bytes()),
            RelayPolicy::SourceRoute => mailbox.route.first().is_some_and(|hop| self.is_local(hop)),
            RelayPolicy::MxListsTarget(domains) => mailbox.domain.as_deref().is_some_and(|name| {
                domains.iter().any(|domain| domain.as_bytes().eq_ignore_ascii_case(name))
            }),
            RelayPolicy::SecondRecipient => request.after_local,
            RelayPolicy::Closed
            | RelayPolicy::PercentHack
            | RelayPolicy::InsideTls(_)
            | RelayPolicy::InClear(_)
            | RelayPolicy::AnyOf(_) => false,
        };
        request.trusted || self.relay.any(request.inside_tls, &holds)
    }
}

impl RelayPolicy {
    /// Whether `holds` is true for this policy or, in a set, for one of its members; those that
    /// are not in force on this side of TLS are left out.
    fn any(&self, inside_tls: bool, holds: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::InsideTls(policy) => inside_tls && policy.any(inside_tls, holds),
            Self::InClear(policy) => !inside_tls && policy.any(inside_tls, holds),
            Self::AnyOf(policies) => policies.iter().any(|policy| policy.any(inside_tls, holds)),
            single => holds(single),
        }
    }
}

fn leads_to_postmaster(destination: &Destination) -> bool {
    matches!(destination, Destination::Local(user) if is_postmaster(user))
}

/// Exim's stock rule about the signs that other servers route by.
fn is_restricted(mailbox: &Mailbox, destination: &Destination) -> bool {
    let signs: &[u8] = match destination {
        Destination::Local(_) => b"@%!/|",
        Destination::Foreign => b"@%!",
    };
    let plain = dequote(&mailbox.local_part);
    plain.starts_with(b".") || plain.iter().any(|byte| signs.contains(byte))
}

/// An IPv4 address without the brackets of a literal.
fn is_bare_address(domain: &[u8]) -> bool {
    std::str::from_utf8(domain).is_ok_and(|text| text.parse::<Ipv4Addr>().is_ok())
}
