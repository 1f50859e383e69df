//! Probes: relay tests as data. A probe says what to send; `verdict` says what the answers mean.

mod library;
mod load;
mod source;
mod template;
mod vector;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use library::{Library, LibraryError};
pub use source::SourceError;
pub use template::{Bindings, Placeholder, Template, TemplateError};
pub use vector::{Expected, Vector};

/// One relay test: its envelope, what an acceptance means, and the vectors that prove it.
#[derive(Clone, Debug)]
pub struct Probe {
    /// `<family>-<name>`, unique and never reused.
    pub id: String,
    /// The short code that people quote, such as `R01`.
    pub code: String,
    /// One line.
    pub title: String,
    /// The version that brought it.
    pub since: String,
    /// The entry of the finding catalogue that an acceptance belongs to.
    pub check: String,
    /// What the probe varies.
    pub axis: Axis,
    /// True for the probes without which a server is not judged.
    pub gate: bool,
    /// The smallest profile that holds it.
    pub profile: Profile,
    /// How far it goes.
    pub safety: SafetyClass,
    /// The port roles that it makes sense for.
    pub roles: Vec<ProbeRole>,
    /// The domain that the server sees in the forward-path.
    pub outer: Outer,
    /// What an acceptance means.
    pub detects: String,
    /// RFC sections and manuals.
    pub references: Vec<String>,
    /// The fix, one line for each kind of server.
    pub fix: BTreeMap<Mta, String>,
    /// What is sent.
    pub envelope: EnvelopeTemplate,
    /// Dialogues with the outcome that they must be judged to have.
    pub vectors: Vec<Vector>,
    /// The file that it was read from.
    pub file: String,
    built_in: bool,
}

impl Probe {
    /// True for the probes of the binary itself.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }
}

/// The greeting name and the two paths of a probe, with placeholders.
#[derive(Clone, Debug)]
pub struct EnvelopeTemplate {
    /// How the server is greeted.
    pub greeting: Greeting,
    /// Asked inside TLS after STARTTLS.
    pub starttls: bool,
    /// Asked after XCLIENT with the address that the user agreed to claim.
    pub xclient: bool,
    /// `None` means the auditor's own name.
    pub helo: Option<Template>,
    /// The reverse-path without its brackets.
    pub mail_from: Template,
    /// False where the reverse-path is sent without brackets.
    pub mail_brackets: bool,
    /// A recipient of the server's own that is asked first, in the same transaction.
    pub first_rcpt: Option<Template>,
    /// The forward-path without its brackets.
    pub rcpt_to: Template,
    /// False where the forward-path is sent without brackets.
    pub rcpt_brackets: bool,
}

/// How a session begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Greeting {
    /// With EHLO, and with HELO where the server does not know it.
    #[default]
    Ehlo,
    /// With HELO.
    Helo,
    /// With MAIL at once.
    None,
}

/// What a probe varies against a plain message from a stranger to a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// The reverse-path.
    Sender,
    /// The name in EHLO.
    Helo,
    /// The form of the forward-path.
    Recipient,
    /// What the connection went through before.
    Context,
}

/// How many probes run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The forms that find most open relays.
    Quick,
    /// The forms that are worth a second connection.
    Standard,
    /// All of them.
    Thorough,
}

/// How far a probe goes, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SafetyClass {
    /// Reads only.
    Passive,
    /// MAIL and RCPT, never DATA.
    Envelope,
    /// Sends a message.
    Message,
    /// May disturb the server.
    Intrusive,
}

/// Port roles, as a probe file names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeRole {
    /// Takes mail from the world.
    Mx,
    /// Takes mail from its own users.
    Submission,
}

/// The domain that the server sees in a forward-path. It decides whether an acceptance alone
/// proves anything: a server may take `"x@far"@local` for a user of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outer {
    /// A domain that is not the server's: acceptance is relaying.
    Foreign,
    /// None: the server adds its own.
    Absent,
    /// The server's host name.
    HostName,
    /// A domain that it takes mail for.
    MailDomain,
    /// Its address, as a literal.
    Address,
    /// localhost.
    Localhost,
    /// A name below a domain that it takes mail for.
    SubDomain,
}

/// The servers that fixes are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Mta {
    Postfix,
    Exim,
    Sendmail,
    Opensmtpd,
    Exchange,
    Qmail,
    Courier,
}

impl Mta {
    /// The name as its makers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postfix => "Postfix",
            Self::Exim => "Exim",
            Self::Sendmail => "Sendmail",
            Self::Opensmtpd => "OpenSMTPD",
            Self::Exchange => "Exchange",
            Self::Qmail => "qmail",
            Self::Courier => "Courier",
        }
    }
}

impl Outer {
    /// True where the server may take the recipient for one of its own.
    pub fn is_own(self) -> bool {
        self != Self::Foreign
    }

    /// What a reader is told about it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Foreign => "a foreign domain",
            Self::Absent => "no domain",
            Self::HostName => "the server's host name",
            Self::MailDomain => "the mail domain",
            Self::Address => "the server's address",
            Self::Localhost => "localhost",
            Self::SubDomain => "a name below the mail domain",
        }
    }
}

#[cfg(test)]
mod tests;
