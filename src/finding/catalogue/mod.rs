//! The one place for the words of each check: terminal, JSON and `mxaudit explain` print these.

mod lists;
mod mail;

use super::Severity;

/// One check.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The id, unique and never reused.
    pub id: &'static str,
    /// One line, present tense.
    pub title: &'static str,
    /// The severity of a finding of this kind.
    pub severity: Severity,
    /// What it means and why it matters.
    pub explanation: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// RFC sections and manuals.
    pub references: &'static [&'static str],
}

/// The id of the check for relaying to anyone.
pub const OPEN_RELAY: &str = "open-relay";
/// The id of the check for relaying to domains whose MX record names the server.
pub const CONDITIONAL_RELAY: &str = "conditional-relay";
/// The checks whose findings claim that a server relays for strangers. What they find has a level of proof, and
/// always counts for the exit code.
pub const RELAYING: [&str; 2] = [OPEN_RELAY, CONDITIONAL_RELAY];

/// The id of the check for users who may send in any name once they have logged in.
pub const AUTH_SENDS_AS_ANYONE: &str = "auth-sends-as-anyone";
/// The id of the check for strangers who write in the name of a local user.
pub const OWN_DOMAIN_SPOOFING: &str = "own-domain-spoofing";
/// The id of the check for relaying to whoever shares the address of a POP3 login.
pub const POP_BEFORE_SMTP: &str = "pop-before-smtp";
/// The id of the check for servers that take mail from nobody who has not logged in.
pub const SEND_ONLY: &str = "send-only";
/// The id of the check for clients that may relay and cannot.
pub const TRUSTED_CANNOT_RELAY: &str = "trusted-cannot-relay";
/// The id of the check for text in the clear behind the reply to STARTTLS.
pub const STARTTLS_PLAINTEXT: &str = "starttls-plaintext";
/// The id of the check for XCLIENT; the reason word of the report for it is the same.
pub const XCLIENT_OFFERED: &str = "xclient-offered";

/// Every check, in alphabetical order.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let mut all: Vec<_> = mail::ENTRIES.iter().chain(lists::ENTRIES).collect();
    all.sort_by_key(|entry| entry.id);
    all.into_iter()
}

/// The entry with this id.
pub fn find(id: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let ids: Vec<_> = entries().map(|entry| entry.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    }
}
