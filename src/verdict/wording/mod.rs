//! What a refusal says: from a reply to a class, by code, enhanced status and wording.
//!
//! Names and addresses are taken out of the text first, since a host may be called
//! `relay-blocked-530.example`. What another server said and this one only passes on comes before
//! everything, because it is not about this server. Then relay wording, because servers add it to
//! all kinds of other text; then what is wanted instead (TLS, a login), then refusals of us, of
//! the greeting name and of the sender. What no wording decides is left to the difference between
//! the server's own users and strangers. Where two readings are possible, the one that proves less
//! is taken.

mod phrases;
mod text;

use std::sync::PoisonError;

use crate::smtp::{Phase, Reply, Severity};

use phrases::List;
pub(crate) use text::Names;
use text::{Said, Wording, bare};

/// Wordings of one server that are kept: whoever says everything in new words is read anew.
const MOST_READ: usize = 64;

/// What a reply to MAIL or RCPT, or one before them, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Accepted,
    RelayDenied,
    /// "Access denied": old Sendmail kits say it of relaying, others of clients.
    Denied,
    /// "Invalid recipient": OpenSMTPD says it of relaying and of unknown users.
    InvalidRecipient,
    /// The text of RFC 5321 for 550, which servers say of anything.
    MailboxUnavailable,
    AuthNeeded,
    TlsNeeded,
    /// A list, a missing PTR record: something that is so for us and not for every stranger.
    Listed,
    /// A refusal of the client that may be meant for every client.
    ClientRefused,
    HeloRefused,
    SenderRefused,
    UnknownUser,
    /// The domain of the recipient, or of the sender, was looked up in vain.
    UnknownDomain,
    /// Somebody was asked whether the recipient exists.
    Unverified,
    Syntax,
    Sequence,
    /// The message is refused for what is in it, or for its size.
    Content,
    Throttled,
    Deferred,
    /// A permanent refusal that says nothing of the above.
    Unworded,
    /// A reply that does not belong here, such as 354 or 221 to RCPT.
    Odd,
}

/// A refusal that is being read.
struct Refused<'a> {
    reply: &'a Reply,
    phase: Phase,
    text: Wording,
    /// Subject and detail of the enhanced status.
    status: Option<(u16, u16)>,
    transient: bool,
    /// Exim says what is wrong with this address, and below it that it was one too many.
    only_ends_with_too_many: bool,
}

impl Names {
    /// The class of a reply in its phase.
    pub(crate) fn classify(&self, reply: &Reply, phase: Phase) -> Class {
        match reply.severity() {
            Severity::Positive if reply.is_goodbye() && phase != Phase::Quit => Class::Odd,
            Severity::Positive => Class::Accepted,
            Severity::Intermediate => Class::Odd,
            Severity::Transient | Severity::Permanent => {
                self.classify_refusal(reply, &Said::new(reply, phase))
            }
        }
    }

    fn classify_refusal(&self, reply: &Reply, said: &Said) -> Class {
        // Nothing is written by halves, so what a panic left behind is still true.
        let read = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, class)) = read().iter().find(|(known, _)| known == said) {
            return *class;
        }
        let class = self.read_refusal(reply, said);
        let mut read = read();
        if read.len() < MOST_READ {
            read.push((said.clone(), class));
        }
        class
    }

    fn read_refusal(&self, reply: &Reply, said: &Said) -> Class {
        let refused = Refused {
            reply,
            phase: said.phase,
            text: self.wording(&said.text),
            status: said.enhanced.map(|e| (e.subject, e.detail)),
            transient: reply.severity() == Severity::Transient,
            only_ends_with_too_many: self.only_ends_with_too_many(reply),
        };
        refused
            .of_another_server()
            .or_else(|| refused.of_relaying())
            .or_else(|| refused.of_pace())
            .or_else(|| refused.of_us())
            .or_else(|| refused.of_content())
            .or_else(|| refused.of_order())
            .or_else(|| refused.of_recipient())
            .unwrap_or(if refused.transient { Class::Deferred } else { refused.by_code() })
    }

    fn only_ends_with_too_many(&self, reply: &Reply) -> bool {
        if reply.code() != 501 {
            return false;
        }
        let texts: Vec<_> = reply.texts().collect();
        let Some((last, before)) = texts.split_last() else { return false };
        let says = |texts: &[&[u8]], list| self.wording(&bare(texts.iter().copied())).says(list);
        !before.is_empty() && says(&[*last], List::TooManyErrors) && !says(before, List::Throttled)
    }

    /// True when two replies seem to give one reason: code, status and class are the same, and so
    /// are most of the words, names aside.
    pub(crate) fn alike(&self, one: &Reply, other: &Reply) -> bool {
        if one.code() != other.code() {
            return false;
        }
        let (first, second) = (Said::new(one, Phase::Rcpt), Said::new(other, Phase::Rcpt));
        let are_of_one_class = || {
            !one.is_refusal()
                || self.classify_refusal(one, &first) == self.classify_refusal(other, &second)
        };
        first.enhanced == second.enhanced
            && are_of_one_class()
            && (first.text == second.text || self.resemble(&first.text, &second.text))
    }
}

impl Refused<'_> {
    fn says(&self, list: List) -> bool {
        self.text.says(list)
    }

    fn status_is(&self, subject: u16, details: &[u16]) -> bool {
        self.status.is_some_and(|(s, detail)| s == subject && details.contains(&detail))
    }

    /// True when the reply names a list, be it by the list's host name.
    fn is_listed(&self) -> bool {
        // Exchange Online numbers what it holds against a client from 5.7.500.
        let numbered = match self.status {
            Some((7, 25)) => true,
            Some((7, 500..)) => !self.transient,
            _ => false,
        };
        numbered || self.text.names(List::Listed)
    }

    /// What a verification heard from another server is that server's word.
    fn of_another_server(&self) -> Option<Class> {
        if self.says(List::SenderVerification) {
            return Some(Class::SenderRefused);
        }
        self.says(List::Quoted).then_some(Class::Unverified)
    }

    fn of_relaying(&self) -> Option<Class> {
        let open_relay = self.says(List::OpenRelay);
        let firm = self.says(List::RelayFirm) && !(open_relay && self.is_listed());
        let weak =
            !self.transient && !open_relay && !self.is_listed() && self.says(List::RelayWeak);
        let greylisted = self.transient && self.says(List::Greylist);
        let said = firm || weak || self.status_is(7, &[54, 64]);
        (said && !greylisted).then_some(Class::RelayDenied)
    }

    fn of_pace(&self) -> Option<Class> {
        // A greeting of 421 says no more than "not now".
        let at_door = matches!(self.phase, Phase::Greeting | Phase::Ehlo | Phase::Helo);
        let too_many = self.says(List::Throttled) && !self.says(List::NotThrottled);
        let too_many = too_many && !self.only_ends_with_too_many;
        if too_many || self.status_is(7, &[28]) || self.reply.code() == 421 && !at_door {
            return Some(Class::Throttled);
        }
        self.says(List::Greylist).then_some(Class::Deferred)
    }

    /// TLS or a login is wanted, or the refusal is aimed at our sender, our name or our address.
    fn of_us(&self) -> Option<Class> {
        let must = self.reply.code() == 530;
        if self.says(List::Tls) || must && self.says(List::TlsHint) {
            return Some(Class::TlsNeeded);
        }
        let listed = self.is_listed();
        if must && !listed || self.status_is(7, &[57]) {
            return Some(Class::AuthNeeded);
        }
        if self.reply.code() != 503 && self.says(List::Helo) {
            return Some(Class::HeloRefused);
        }
        let of_sender = self.says(List::Sender)
            || self.status_is(1, &[7, 8])
            || self.status_is(7, &[20, 21, 22, 23, 24, 26, 27, 60]);
        if of_sender {
            return Some(Class::SenderRefused);
        }
        if listed {
            return Some(Class::Listed);
        }
        if self.says(List::Client) {
            return Some(Class::ClientRefused);
        }
        self.says(List::Auth).then_some(Class::AuthNeeded)
    }

    /// Only a message, or the announcement of one, has content.
    fn of_content(&self) -> Option<Class> {
        let is_asked = matches!(self.phase, Phase::Data | Phase::Message);
        let coded = self.status.is_some_and(|(subject, _)| subject == 6)
            || self.status_is(2, &[2, 3])
            || self.status_is(3, &[1, 4])
            || self.reply.code() == 552;
        let refused = is_asked && (coded || self.says(List::Content));
        refused.then_some(if self.transient { Class::Deferred } else { Class::Content })
    }

    /// Out of sequence; and codes that are about the sender when they answer MAIL.
    fn of_order(&self) -> Option<Class> {
        let code = self.reply.code();
        if code == 503 && self.says(List::Sequence) {
            return Some(Class::Sequence);
        }
        let of_sender = self.phase == Phase::Mail && matches!(code, 501 | 503 | 504 | 553 | 555);
        of_sender.then_some(Class::SenderRefused)
    }

    fn of_recipient(&self) -> Option<Class> {
        if !self.transient && self.says(List::RouteAddress) {
            return Some(Class::Syntax);
        }
        if self.says(List::UnknownDomain) || self.status_is(1, &[2]) {
            return Some(Class::UnknownDomain);
        }
        if self.says(List::UnknownUser) || self.status_is(1, &[1, 6, 10]) {
            return Some(Class::UnknownUser);
        }
        if self.says(List::Unverified) {
            return Some(Class::Unverified);
        }
        // 4.1.x is about an address, and not yet a no.
        let of_address = self.transient && self.status.is_some_and(|(subject, _)| subject == 1);
        of_address.then_some(Class::Unverified)
    }

    fn by_code(&self) -> Class {
        let code = self.reply.code();
        let worded = self.says(List::Syntax) || self.status_is(1, &[3]);
        if worded || self.status_is(5, &[2, 4]) {
            return Class::Syntax;
        }
        if self.says(List::InvalidRecipient) {
            return Class::InvalidRecipient;
        }
        if self.says(List::MailboxUnavailable) {
            return Class::MailboxUnavailable;
        }
        if self.says(List::AccessDenied) {
            return Class::Denied;
        }
        match code {
            500 | 501 | 553 | 555 => Class::Syntax,
            503 | 504 => Class::Sequence,
            _ => Class::Unworded,
        }
    }
}

#[cfg(test)]
mod tests;
