//! The relay techniques, written down once more, independently of mxaudit's probes.

use std::net::IpAddr;

use super::place::Place;
use super::{AUDITOR_DOMAIN, CLIENT_NAME, HOST_NAME, LOCAL_DOMAIN, PARTNER_DOMAIN, SINK, TRUSTED};

/// One technique, under the id of the probe that should find it.
#[derive(Debug)]
pub(crate) struct Technique {
    /// The probe's id.
    pub(crate) id: &'static str,
    greeting: Greeting,
    /// With its angle brackets, if it has any.
    mail_from: &'static str,
    /// A recipient that the server takes before the one that matters.
    first: Option<&'static str>,
    /// With its angle brackets, if it has any.
    rcpt_to: &'static str,
    /// What comes before the greeting.
    before: Before,
}

/// What a client does before it greets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing.
    Nothing,
    /// Asks for TLS, where it does not speak it yet.
    StartTls,
    /// Claims to be a client that the server trusts.
    Claim(IpAddr),
}

/// How the client greets.
#[derive(Debug, Clone, Copy)]
enum Greeting {
    Ehlo(&'static str),
    Helo(&'static str),
    None,
}

/// What a client says before `DATA`.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// The whole greeting command.
    pub(crate) greeting: Option<String>,
    /// The argument of `MAIL FROM:`.
    pub(crate) mail_from: String,
    /// The argument of the first `RCPT TO:`, where there are two.
    pub(crate) first: Option<String>,
    /// The argument of the `RCPT TO:` that matters.
    pub(crate) rcpt_to: String,
    /// What comes before the greeting.
    pub(crate) before: Before,
}

const HELO: &str = "probe.{foreign}";
const SENDER: &str = "<prober@{foreign}>";
const RECIPIENT: &str = "<{user}@{foreign}>";

/// The techniques whose greeting, reverse-path and forward-path are ordinary.
pub(crate) const PLAIN: [&str; 3] =
    ["relay-sender-same", "relay-sender-other", "relay-sender-null"];

/// Every technique that the truth check knows.
pub(crate) const TECHNIQUES: [Technique; 70] = [
    sender("relay-sender-same", SENDER),
    sender("relay-sender-other", "<prober@{other}>"),
    sender("relay-sender-null", "<>"),
    sender("relay-sender-host", "<postmaster@{host}>"),
    sender("relay-sender-local-domain", "<postmaster@{local}>"),
    sender("relay-sender-nx", "<prober@nowhere.{foreign}>"),
    sender("relay-sender-unqualified", "<prober>"),
    sender("relay-sender-ip", "<postmaster@{literal}>"),
    sender("relay-sender-localhost", "<postmaster@localhost>"),
    sender("relay-sender-postmaster", "<postmaster@{host}>"),
    sender("relay-sender-subdomain", "<postmaster@sub.{local}>"),
    sender("relay-sender-rdns", "<prober@{client}>"),
    sender("relay-sender-partner", "<prober@{partner}>"),
    sender("relay-sender-nobrackets", "prober@{foreign}"),
    sender("relay-sender-source-route", "<@{local}:prober@{foreign}>"),
    sender("relay-sender-percent", "<prober%{foreign}@{local}>"),
    sender("relay-sender-embeds", "<prober@{local}.{foreign}>"),
    helo("relay-helo-own-name", "{host}"),
    helo("relay-helo-own-address", "{literal}"),
    helo("relay-helo-own-address-bare", "{address}"),
    helo("relay-helo-localhost", "localhost"),
    helo("relay-helo-loopback-address", "127.0.0.1"),
    helo("relay-helo-loopback-literal", "[127.0.0.1]"),
    helo("relay-helo-local-domain", "{local}"),
    helo("relay-helo-one-label", "X"),
    greeting("relay-helo-not-ehlo", Greeting::Helo(HELO)),
    greeting("relay-no-greeting", Greeting::None),
    recipient("relay-percent-host", "<{user}%{foreign}@{host}>"),
    recipient("relay-percent-ip", "<{user}%{foreign}@{literal}>"),
    recipient("relay-percent-local-domain", "<{user}%{foreign}@{local}>"),
    recipient("relay-percent-localhost", "<{user}%{foreign}@localhost>"),
    recipient("relay-percent-bare", "<{user}%{foreign}>"),
    recipient("relay-percent-rooted", "<{user}%{foreign}@{local}.>"),
    recipient("relay-quoted-at", r#"<"{user}@{foreign}">"#),
    recipient("relay-quoted-percent", r#"<"{user}%{foreign}">"#),
    recipient("relay-quoted-at-host", r#"<"{user}@{foreign}"@{host}>"#),
    recipient("relay-quoted-at-ip", r#"<"{user}@{foreign}"@{literal}>"#),
    recipient("relay-quoted-at-local-domain", r#"<"{user}@{foreign}"@{local}>"#),
    recipient("relay-quoted-percent-local-domain", r#"<"{user}%{foreign}"@{local}>"#),
    recipient("relay-double-at-host", "<{user}@{foreign}@{host}>"),
    recipient("relay-double-at-ip", "<{user}@{foreign}@{literal}>"),
    recipient("relay-double-at-local-domain", "<{user}@{foreign}@{local}>"),
    recipient("relay-route-host", "<@{host}:{user}@{foreign}>"),
    recipient("relay-route-ip", "<@{literal}:{user}@{foreign}>"),
    recipient("relay-route-local-domain", "<@{local}:{user}@{foreign}>"),
    recipient("relay-route-multi", "<@{local},@{foreign}:{user}@{foreign}>"),
    recipient("relay-bang", "<{foreign}!{user}>"),
    recipient("relay-bang-host", "<{foreign}!{user}@{host}>"),
    recipient("relay-bang-ip", "<{foreign}!{user}@{literal}>"),
    recipient("relay-bang-local-domain", "<{foreign}!{user}@{local}>"),
    recipient("relay-bang-multi", "<{host}!{foreign}!{user}>"),
    recipient("relay-bang-percent-mix", "<{foreign}!{user}%{host}>"),
    recipient("relay-trailing-at", "<{user}@{foreign}@>"),
    recipient("relay-trailing-dot", "<{user}@{foreign}.>"),
    recipient("relay-no-brackets", "{user}@{foreign}"),
    recipient("relay-ext-literal", "<{user}@[{sink}]>"),
    recipient("relay-ext-bare-ip", "<{user}@{sink}>"),
    recipient("relay-imcea", "<IMCEASMTP-{user}+40{foreign}@{local}>"),
    recipient("relay-imcea-quoted", r#"<"IMCEA {user}@{foreign}"@{local}>"#),
    recipient("relay-smtp-prefix", r#"<"SMTP:{user}@{foreign}"@{local}>"#),
    recipient("relay-comment", "<{user}@{local}(@{foreign})>"),
    recipient("relay-colon", "<{host}:{user}@{foreign}>"),
    recipient("relay-decnet", "<{foreign}::{user}@{local}>"),
    recipient("relay-sub-local-domain", "<{user}@sub.{local}>"),
    recipient("relay-mx-lists-target", "<{user}@{mx}>"),
    recipient("relay-rcpt-embeds", "<{user}-{local}@{foreign}>"),
    recipient("relay-rcpt-embeds-domain", "<{user}@{local}.{foreign}>"),
    Technique { first: Some("<postmaster@{local}>"), ..ordinary("relay-second-recipient") },
    Technique { before: Before::StartTls, ..ordinary("relay-after-starttls") },
    Technique { before: Before::Claim(IpAddr::V4(TRUSTED)), ..ordinary("relay-xclient") },
];

/// Random users at each of the server's own domains, by the word that a probe file has for the domain.
pub(crate) const RANDOM_USERS: [Technique; 6] = [
    recipient("random-host-name", "<{user}@{host}>"),
    recipient("random-mail-domain", "<{user}@{local}>"),
    recipient("random-address", "<{user}@{literal}>"),
    recipient("random-localhost", "<{user}@localhost>"),
    recipient("random-sub-domain", "<{user}@sub.{local}>"),
    recipient("random-absent", "<{user}>"),
];

/// An ordinary foreign sender who writes to an ordinary foreign recipient.
const fn ordinary(id: &'static str) -> Technique {
    Technique {
        id,
        greeting: Greeting::Ehlo(HELO),
        mail_from: SENDER,
        first: None,
        rcpt_to: RECIPIENT,
        before: Before::Nothing,
    }
}

const fn sender(id: &'static str, mail_from: &'static str) -> Technique {
    Technique { mail_from, ..ordinary(id) }
}

const fn helo(id: &'static str, name: &'static str) -> Technique {
    greeting(id, Greeting::Ehlo(name))
}

const fn greeting(id: &'static str, greeting: Greeting) -> Technique {
    Technique { greeting, ..ordinary(id) }
}

const fn recipient(id: &'static str, rcpt_to: &'static str) -> Technique {
    Technique { rcpt_to, ..ordinary(id) }
}

impl Technique {
    /// The envelope that would bring mail to `user` at a foreign domain, for the server at `place`.
    pub(crate) fn envelope(&self, user: &str, place: &Place, server: IpAddr) -> Envelope {
        let literal = match server {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        };
        let values = [
            ("{host}", HOST_NAME.to_owned()),
            ("{local}", LOCAL_DOMAIN.to_owned()),
            ("{foreign}", AUDITOR_DOMAIN.to_owned()),
            ("{other}", PARTNER_DOMAIN.to_owned()),
            ("{partner}", PARTNER_DOMAIN.to_owned()),
            ("{client}", CLIENT_NAME.to_owned()),
            ("{address}", server.to_string()),
            ("{literal}", literal),
            ("{sink}", SINK.to_string()),
            ("{mx}", place.mx_domain()),
            ("{user}", user.to_owned()),
        ];
        let fill = |template: &str| {
            values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        Envelope {
            greeting: match self.greeting {
                Greeting::Ehlo(name) => Some(format!("EHLO {}", fill(name))),
                Greeting::Helo(name) => Some(format!("HELO {}", fill(name))),
                Greeting::None => None,
            },
            mail_from: fill(self.mail_from),
            first: self.first.map(fill),
            rcpt_to: fill(self.rcpt_to),
            before: self.before,
        }
    }
}

/// An ordinary envelope: a foreign sender who writes to `recipient`.
pub(crate) fn plain(recipient: &str) -> Envelope {
    Envelope {
        greeting: Some(format!("EHLO probe.{AUDITOR_DOMAIN}")),
        mail_from: format!("<prober@{AUDITOR_DOMAIN}>"),
        first: None,
        rcpt_to: format!("<{recipient}>"),
        before: Before::Nothing,
    }
}
