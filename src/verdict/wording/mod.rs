//! What a refusal says: from a reply to a class, by code, enhanced status and wording.
//!
//! Names and addresses are taken out of the text first, since a host may be called
//! `relay-blocked-530.example`. Relay wording comes first, because servers add it to all kinds of
//! other text; then what is wanted instead (TLS, a login), then refusals of us, of the greeting
//! name and of the sender; what no wording decides is left to the difference between the server's
//! own users and strangers.

use std::net::IpAddr;

use crate::smtp::{Phase, Reply, Severity};

/// What a reply to MAIL or RCPT, or one before them, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Accepted,
    RelayDenied,
    /// "Access denied": old Sendmail kits say it of relaying, others of clients.
    Denied,
    /// "Invalid recipient": OpenSMTPD says it of relaying and of unknown users.
    InvalidRecipient,
    AuthNeeded,
    TlsNeeded,
    ClientBlocked,
    HeloRefused,
    SenderRefused,
    UnknownUser,
    Syntax,
    Sequence,
    Throttled,
    Deferred,
    /// A permanent refusal that says nothing of the above.
    Unworded,
    /// A reply that does not belong here, such as 354 to RCPT.
    Odd,
}

const RELAY: &[&str] = &[
    "relay access denied",
    "relaying denied",
    "relay denied",
    "relaying not permitted",
    "relay not permitted",
    "relaying is not permitted",
    "relaying not allowed",
    "relay not allowed",
    "relaying is not allowed",
    "relaying prohibited",
    "relaying is prohibited",
    "unable to relay",
    "cannot relay",
    "can't relay",
    "permitted to relay",
    "allowed to relay",
    "authorized to relay",
    "authorised to relay",
    "not relay",
    "don't relay",
    "no relaying",
    "rcpthosts",
    "tenantattribution",
    "non-accepted domain",
];

const TLS: &[&str] = &["starttls", "tls required", "tls is required", "encryption required"];

const AUTH: &[&str] = &[
    "authentication required",
    "authentication is required",
    "authenticate first",
    "must authenticate",
    "please authenticate",
    "not authenticated",
    "auth first",
    "smtp auth",
];

const THROTTLED: &[&str] =
    &["too many", "rate limit", "limit exceeded", "slow down", "throttl", "nonmail commands"];

const GREYLIST: &[&str] = &["greylist", "graylist", "grey-list", "gray-list", "grey list"];

const HELO: &[&str] = &["helo", "ehlo"];

const SENDER: &[&str] = &[
    "sender address",
    "sender verif",
    "sender domain",
    "sender rejected",
    "sender denied",
    "sender refused",
    "sender is",
    "bad sender",
    "invalid sender",
    "null sender",
    "domain of sender",
    "mail from domain",
    "return path",
    "envelope sender",
    "spf ",
    "spf:",
];

const CLIENT: &[&str] = &[
    "client host",
    "client address",
    "client ip",
    "your host",
    "your ip",
    "your address",
    "your server",
    "your network",
    "your reputation",
    "blocked using",
    "blocked by",
    "blocklist",
    "block list",
    "blacklist",
    "black list",
    "blackhole",
    "denylist",
    "dnsbl",
    "rbl",
    "spamhaus",
    "listed at",
    "listed by",
    "listed in",
    "listed on",
    "reputation",
    "banned",
    "reverse dns",
    "reverse hostname",
    "ptr record",
    "connection refused",
    "connection rejected",
    "connections from",
    "no smtp service",
    "not accepting mail from",
];

const UNKNOWN_USER: &[&str] = &[
    "user unknown",
    "unknown user",
    "unknown recipient",
    "unknown local",
    "unknown mailbox",
    "recipient unknown",
    "mailbox unknown",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no mailbox",
    "does not exist",
    "doesn't exist",
    "mailbox unavailable",
    "mailbox not found",
    "recipient not found",
    "user not found",
    "invalid mailbox",
    "undeliverable",
    "unrouteable",
    "unverified address",
    "callback",
    "callout",
    "could not verify",
    "cannot verify",
    "verify failed",
    "verification failed",
    "recipient verif",
];

const SYNTAX: &[&str] = &[
    "restricted character",
    "syntax error",
    "bad address syntax",
    "bad recipient address syntax",
    "address syntax",
    "malformed",
    "unqualified",
    "domain literal",
    "must contain a domain",
    "source rout",
    "illegal address",
];

/// Every name and address that may stand in a reply without meaning anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Lower case, longest first.
    names: Vec<String>,
}

impl Names {
    pub(crate) fn new(names: impl IntoIterator<Item = String>, addresses: &[IpAddr]) -> Self {
        let texts = addresses.iter().map(IpAddr::to_string);
        let mut names: Vec<_> = names
            .into_iter()
            .chain(texts)
            .map(|name| name.to_ascii_lowercase())
            .filter(|name| name.len() > 2)
            .collect();
        names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        names.dedup();
        Self { names }
    }

    /// The wording of a reply: lower case, without the enhanced status, without `<…>`, `[…]` and
    /// the known names, words separated by one space and framed by spaces.
    pub(crate) fn wording(&self, reply: &Reply) -> String {
        let mut text = String::new();
        for line in reply.texts() {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(line).to_lowercase());
        }
        let mut text = without_brackets(&text);
        for name in &self.names {
            text = text.replace(name.as_str(), " ");
        }
        let mut out = String::from(" ");
        for word in text.split_whitespace().filter(|w| !is_status(w) && !w.contains('@')) {
            out.push_str(word);
            out.push(' ');
        }
        out
    }

    /// True when two replies say the same, names aside.
    pub(crate) fn alike(&self, one: &Reply, other: &Reply) -> bool {
        one.code() == other.code() && self.wording(one) == self.wording(other)
    }

    /// The class of a reply in its phase.
    pub(crate) fn classify(&self, reply: &Reply, phase: Phase) -> Class {
        let severity = reply.severity();
        match severity {
            Severity::Positive => return Class::Accepted,
            Severity::Intermediate => return Class::Odd,
            Severity::Transient | Severity::Permanent => {}
        }
        let wording = self.wording(reply);
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| wording.contains(phrase));
        let status = reply.enhanced().map(|e| (e.subject, e.detail));
        let transient = severity == Severity::Transient;
        if says(RELAY) || matches!(status, Some((7, 54 | 64))) {
            return Class::RelayDenied;
        }
        if reply.code() == 530 || says(AUTH) || says(TLS) {
            return if says(TLS) { Class::TlsNeeded } else { Class::AuthNeeded };
        }
        if says(THROTTLED) || reply.code() == 421 {
            return Class::Throttled;
        }
        if transient && says(GREYLIST) {
            return Class::Deferred;
        }
        if says(HELO) {
            return Class::HeloRefused;
        }
        if says(SENDER) || matches!(status, Some((1, 7 | 8))) {
            return Class::SenderRefused;
        }
        if says(CLIENT) || matches!(status, Some((7, 25 | 27))) {
            return Class::ClientBlocked;
        }
        let early = if phase == Phase::Mail { early(reply.code()) } else { None };
        if let Some(class) = early {
            return class;
        }
        if says(UNKNOWN_USER) || matches!(status, Some((1, 1 | 2 | 6 | 10))) {
            return Class::UnknownUser;
        }
        if transient {
            return Class::Deferred;
        }
        if wording.contains("invalid recipient") {
            return Class::InvalidRecipient;
        }
        if wording.contains("access denied") {
            return Class::Denied;
        }
        let syntax_code = matches!(reply.code(), 500 | 501 | 502 | 553 | 555);
        if syntax_code || says(SYNTAX) || matches!(status, Some((1, 3) | (5, 2 | 4))) {
            return Class::Syntax;
        }
        if matches!(reply.code(), 503 | 504) {
            return Class::Sequence;
        }
        Class::Unworded
    }
}

/// Codes that are about the sender when they answer MAIL.
fn early(code: u16) -> Option<Class> {
    matches!(code, 501 | 503 | 504 | 553 | 555).then_some(Class::SenderRefused)
}

/// Drops `<…>` and `[…]`; an opening bracket without its partner stays.
fn without_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['<', '[']) {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let close = if tail.starts_with('<') { '>' } else { ']' };
        match tail.find(close) {
            Some(end) => {
                out.push(' ');
                rest = tail.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push_str(tail);
                rest = "";
            }
        }
    }
    out.push_str(rest);
    out
}

/// An enhanced status such as `5.7.1` or `(#5.7.1)`.
fn is_status(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_digit());
    let mut parts = word.split('.');
    let class = parts.next().is_some_and(|c| matches!(c, "2" | "4" | "5"));
    let numbers = parts.clone().count() == 2;
    class && numbers && parts.all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
