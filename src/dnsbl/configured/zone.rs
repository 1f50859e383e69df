//! One list that a configuration trusts.

use std::net::Ipv4Addr;

use super::filter::Filter;
use super::key::Secret;
use super::reading::shorten;

/// One use of one list.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfiguredZone {
    /// The zone: lower case, without the final dot; `{key}` stands for a key.
    pub zone: String,
    /// The key in its name.
    pub key: Option<Secret>,
    /// What a listing does.
    pub usage: Use,
    /// What the zone is asked about.
    pub kind: Kind,
    /// The same in detail: where the addresses or names come from.
    pub asked: Vec<Asked>,
    /// The rule or symbol that the program calls it by, where it has such a thing.
    pub rule: Option<String>,
    /// What Exim asks about instead of the client's address, as the file writes it behind the slash.
    pub keys: Option<String>,
    /// The answers that count. `None` where every answer does, and where [`unread_filter`](Self::unread_filter) is set.
    pub filter: Option<Filter>,
    /// A filter that cannot be evaluated here; which answers count is then unknown.
    pub unread_filter: Option<String>,
    /// Whether the program drops answers outside 127.0.0.0/8 before its filter.
    pub loopback_only: bool,
    /// The points that a listing gives, where the file says so.
    pub weight: Option<f64>,
    /// The line of the setting, counted from 1.
    pub line: usize,
    /// The text that decides, shortened.
    pub text: String,
}

impl ConfiguredZone {
    /// A zone of which every answer counts.
    pub(super) fn new(zone: String, usage: Use, asked: Asked, line: usize, text: &str) -> Self {
        Self {
            zone,
            key: None,
            usage,
            kind: asked.kind(),
            asked: vec![asked],
            rule: None,
            keys: None,
            filter: None,
            unread_filter: None,
            loopback_only: false,
            weight: None,
            line,
            text: shorten(text),
        }
    }

    /// Everything in it that is shown, but for the name.
    pub fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let filter = self.filter.as_mut().map(|filter| &mut filter.text);
        let more = [self.unread_filter.as_mut(), self.rule.as_mut(), filter];
        more.into_iter().flatten().chain([&mut self.text])
    }

    /// Whether the program takes these answers to one question for a listing. `None` where that cannot be told.
    pub fn accepts(&self, answers: &[Ipv4Addr]) -> Option<bool> {
        if self.unread_filter.is_some() {
            return None;
        }
        let kept: Vec<_> = answers
            .iter()
            .copied()
            .filter(|answer| !self.loopback_only || answer.is_loopback())
            .collect();
        match &self.filter {
            _ if kept.is_empty() => Some(false),
            Some(filter) => Some(filter.accepts_set(&kept)),
            None => Some(true),
        }
    }

    /// Whether every answer within 127.0.0.0/8 counts as a listing, the zone's refusals among them. False where that
    /// cannot be told.
    pub fn accepts_any(&self) -> bool {
        self.unread_filter.is_none() && self.filter.as_ref().is_none_or(Filter::is_open)
    }
}

/// What a listing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// The mail is refused for good.
    Reject,
    /// The mail is refused for now.
    Defer,
    /// The mail is accepted and thrown away.
    Discard,
    /// The mail is held.
    Quarantine,
    /// Points are added.
    Score,
    /// It is logged or put into a header.
    Warn,
    /// The mail is let through, or spared a refusal.
    Allow,
    /// The zone is asked after another one has matched; only then its answer matters.
    Confirm,
}

/// What a zone is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// IP addresses.
    Address,
    /// Domain names.
    Domain,
    /// Hashes of addresses or URIs.
    Hash,
}

/// Where the asked address or name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// The address of the SMTP client.
    ClientAddress,
    /// Addresses of earlier hops, from `Received` fields.
    ReceivedAddress,
    /// Another address: of a host in a URI, of a name server, or one that the configuration computes.
    OtherAddress,
    /// The verified name of the client.
    ClientName,
    /// The name that the client's PTR record gives, verified or not.
    ReverseName,
    /// The argument of HELO or EHLO.
    Helo,
    /// The domain of the envelope sender.
    Sender,
    /// The domain of a recipient.
    Recipient,
    /// Domains within the message: URIs, header fields, signatures.
    Content,
    /// Another name, which the configuration computes.
    OtherName,
    /// A hash of something in the message.
    Hash,
}

impl Asked {
    /// Whether this is an address, a name or a hash.
    pub fn kind(self) -> Kind {
        match self {
            Self::ClientAddress | Self::ReceivedAddress | Self::OtherAddress => Kind::Address,
            Self::Hash => Kind::Hash,
            _ => Kind::Domain,
        }
    }
}
