//! The relay techniques, written down once more, independently of mxaudit's probes.

use super::dialogue::Envelope;
use super::{AUDITOR_DOMAIN, HOST_NAME, LOCAL_DOMAIN};

/// One technique, under the id of the probe that should find it.
#[derive(Debug)]
pub(crate) struct Technique {
    /// The probe's id.
    pub(crate) id: &'static str,
    helo: &'static str,
    mail_from: &'static str,
    rcpt_to: &'static str,
}

const HELO: &str = "probe.{foreign}";
const SENDER: &str = "prober@{foreign}";
const RECIPIENT: &str = "{user}@{foreign}";

/// Every technique that the truth check knows.
pub(crate) const TECHNIQUES: [Technique; 12] = [
    sender("relay-sender-same", SENDER),
    sender("relay-sender-other", "prober@elsewhere.test"),
    sender("relay-sender-null", ""),
    sender("relay-sender-host", "postmaster@{host}"),
    sender("relay-sender-local-domain", "postmaster@{local}"),
    Technique { id: "relay-helo-own-name", helo: "{host}", mail_from: SENDER, rcpt_to: RECIPIENT },
    recipient("relay-percent-host", "{user}%{foreign}@{host}"),
    recipient("relay-percent-local-domain", "{user}%{foreign}@{local}"),
    recipient("relay-quoted-at", r#""{user}@{foreign}""#),
    recipient("relay-quoted-at-host", r#""{user}@{foreign}"@{host}"#),
    recipient("relay-route-host", "@{host}:{user}@{foreign}"),
    recipient("relay-bang", "{foreign}!{user}"),
];

const fn sender(id: &'static str, mail_from: &'static str) -> Technique {
    Technique { id, helo: HELO, mail_from, rcpt_to: RECIPIENT }
}

const fn recipient(id: &'static str, rcpt_to: &'static str) -> Technique {
    Technique { id, helo: HELO, mail_from: SENDER, rcpt_to }
}

impl Technique {
    /// The envelope that would bring mail to `user` at the auditor's domain.
    pub(crate) fn envelope(&self, user: &str) -> Envelope {
        let fill = |template: &str| {
            let named = template.replace("{host}", HOST_NAME).replace("{local}", LOCAL_DOMAIN);
            named.replace("{foreign}", AUDITOR_DOMAIN).replace("{user}", user)
        };
        Envelope {
            helo: fill(self.helo),
            mail_from: fill(self.mail_from),
            rcpt_to: fill(self.rcpt_to),
        }
    }
}

/// An ordinary envelope: a foreign sender who writes to `recipient`.
pub(crate) fn plain(recipient: String) -> Envelope {
    let mut envelope = TECHNIQUES[0].envelope("");
    envelope.rcpt_to = recipient;
    envelope
}
