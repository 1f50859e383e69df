//! The message of a confirmation: it says what it is, who sends it, and on whose behalf.

use std::time::SystemTime;

use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, Encoding};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};

use crate::evidence::{Identity, TOKEN_LENGTH, TOKEN_PREFIX};

/// What all messages of a run have in common.
#[derive(Clone)]
pub struct Letters {
    key: hmac::Key,
    run: String,
    date: SystemTime,
    /// At most so many to one host.
    pub limit: usize,
}

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The auditor has no domain of their own to write from.
    #[error("a message needs a sender: give your own domain with --auditor-domain")]
    NoSender,
    /// An address that the mail library does not take.
    #[error("{address} cannot be written in a message")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        source: lettre::address::AddressError,
    },
    /// The library cannot write it.
    #[error("the message cannot be written")]
    Message(#[from] lettre::error::Error),
}

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key signs the tokens of this run, and nobody else is to make one.
        f.debug_struct("Letters").field("run", &self.run).field("limit", &self.limit).finish()
    }
}

impl Letters {
    /// The messages of the run `run`. `key` is secret and made anew for each run.
    pub fn new(key: &[u8; 32], run: String, date: SystemTime, limit: usize) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), run, date, limit }
    }

    /// The token for one purpose: the same for the same words, and not to be guessed.
    pub fn token(&self, purpose: &str) -> String {
        let tag = hmac::sign(&self.key, purpose.as_bytes());
        let text = alphabet().encode(tag.as_ref());
        TOKEN_PREFIX.chars().chain(text.chars()).take(TOKEN_LENGTH).collect()
    }

    /// One message to the canary `to`. `about` names what is asked, such as a probe's id and the
    /// server.
    pub fn write(
        &self,
        identity: &Identity,
        to: &str,
        token: &str,
        about: &str,
    ) -> Result<Vec<u8>, LetterError> {
        let domain = identity.auditor_domain.as_deref().ok_or(LetterError::NoSender)?;
        let sender = identity.sender().ok_or(LetterError::NoSender)?;
        let contact = identity.contact.as_deref().unwrap_or("not given");
        let body = format!(
            "This message was sent by mxaudit to find out whether a mail server relays.\r\n\
             Whoever finds it in a queue or a mailbox may throw it away.\r\n\
             \r\n\
             auditor: {domain}\r\n\
             contact: {contact}\r\n\
             run:     {}\r\n\
             about:   {about}\r\n\
             token:   {token}\r\n",
            self.run
        );
        let own = |name: &'static str, value: String| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
        };
        let message = Message::builder()
            .from(mailbox(&sender)?)
            .to(mailbox(to)?)
            .subject(format!("mxaudit relay test {token}"))
            .date(self.date)
            .message_id(Some(format!("<{token}@{domain}>")))
            .raw_header(own("X-Mxaudit-Token", token.to_owned()))
            .raw_header(own("X-Mxaudit-Audit", {
                format!("auditor={domain}; contact={contact}; run={}; about={about}", self.run)
            }))
            .raw_header(own("Auto-Submitted", "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(body)?;
        Ok(message.formatted())
    }
}

fn mailbox(address: &str) -> Result<Mailbox, LetterError> {
    let parsed = address.parse().map_err(|source| {
        let address = address.to_owned();
        LetterError::Address { address, source }
    })?;
    Ok(Mailbox::new(None, parsed))
}

/// RFC 4648 Base32 in lower case, which survives whatever mail does to case.
fn alphabet() -> Encoding {
    let mut specification = BASE32_NOPAD.specification();
    specification.symbols = specification.symbols.to_ascii_lowercase();
    specification.encoding().unwrap_or(BASE32_NOPAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(key: u8) -> Letters {
        Letters::new(&[key; 32], "r1".into(), SystemTime::UNIX_EPOCH, 5)
    }

    fn identity(domain: Option<&str>) -> Identity {
        Identity {
            auditor_domain: domain.map(str::to_owned),
            contact: Some("hostmaster@audit.test".into()),
            canary: ("canary".into(), "audit.test".into()),
            canary_address: None,
            helo: None,
            local_domains: Vec::new(),
            local_user: "postmaster".into(),
            client_name: None,
            partners: Vec::new(),
            mx_domain: None,
            claimed_address: None,
        }
    }

    #[test]
    fn tokens_are_of_one_run_and_one_purpose() {
        let token = letters(1).token("a");
        assert_eq!(token.len(), 28);
        let rest = token.strip_prefix("mxa1").unwrap();
        assert!(rest.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')), "{token}");
        assert!(crate::evidence::is_token(&token), "the canary knows it again: {token}");
        assert_eq!(letters(1).token("a"), token);
        assert_ne!(letters(1).token("b"), token);
        assert_ne!(letters(2).token("a"), token);
        assert!(!format!("{:?}", letters(1)).contains("key"));
    }

    #[test]
    fn a_message_says_what_it_is() {
        let token = letters(1).token("a");
        let identity = identity(Some("audit.test"));
        let about = "relay-sender-same at 192.0.2.25:25";
        let bytes = letters(1).write(&identity, "canary+x@audit.test", &token, about).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        for wanted in [
            "From: probe@audit.test\r\n",
            "To: canary+x@audit.test\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            &format!("Subject: mxaudit relay test {token}\r\n"),
            &format!("Message-ID: <{token}@audit.test>\r\n"),
            &format!("X-Mxaudit-Token: {token}\r\n"),
            "contact=hostmaster@audit.test; run=r1",
            about,
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text}");
        let longest = text.split("\r\n").map(str::len).max();
        assert!(longest <= Some(998), "RFC 5322 section 2.1.1: {longest:?}");
    }

    #[test]
    fn without_a_domain_there_is_no_sender() {
        let written = letters(1).write(&identity(None), "canary@audit.test", "mxa1", "");
        assert!(matches!(written, Err(LetterError::NoSender)));
        let written = letters(1).write(&identity(Some("audit.test")), "a b@c", "mxa1", "");
        assert!(matches!(written, Err(LetterError::Address { .. })), "{written:?}");
    }
}
