//! A form: one probe or control with all its values in place.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::probe::{Axis, Bindings, Greeting, Outer, Placeholder, Probe, Template};
use crate::smtp::{WireText, literal};

/// The greeting name and the paths, as they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// How the session begins.
    #[serde(default)]
    pub greeting: Greeting,
    /// The name in EHLO or HELO; `None` is the auditor's own.
    pub helo: Option<WireText>,
    /// Asked inside TLS after STARTTLS, whether or not the server wants that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub starttls: bool,
    /// The client address that is claimed with XCLIENT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<IpAddr>,
    /// The reverse-path without brackets; empty is the null reverse-path.
    pub reverse_path: WireText,
    /// The reverse-path is sent without brackets.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bare_mail: bool,
    /// A recipient of the server's own that is asked first, in the same transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_rcpt: Option<WireText>,
    /// The forward-path without brackets.
    pub forward_path: WireText,
    /// The forward-path is sent without brackets.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bare_rcpt: bool,
}

fn open_relay() -> String {
    "open-relay".to_owned()
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a session is opened with: forms that share it can share a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hello {
    /// Which command.
    pub greeting: Greeting,
    /// The name; `None` is the auditor's own.
    pub name: Option<WireText>,
    /// After STARTTLS.
    pub starttls: bool,
    /// After XCLIENT with this address.
    pub claimed: Option<IpAddr>,
}

/// The greeting and the sender of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Context<'a> {
    greeting: Greeting,
    name: Option<&'a WireText>,
    starttls: bool,
    claimed: Option<IpAddr>,
    reverse_path: &'a WireText,
    bare_mail: bool,
}

impl Envelope {
    /// What the session is opened with.
    pub fn hello(&self) -> Hello {
        Hello {
            greeting: self.greeting,
            name: self.helo.clone(),
            starttls: self.starttls,
            claimed: self.claimed,
        }
    }

    /// True where that is what a session was opened with.
    pub fn is_opened_by(&self, hello: &Hello) -> bool {
        self.greeting == hello.greeting
            && self.starttls == hello.starttls
            && self.claimed == hello.claimed
            && self.helo == hello.name
    }
}

/// One envelope to ask, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// A probe or a control.
    pub role: FormRole,
    /// What is sent.
    pub envelope: Envelope,
    /// Whose the reverse-path is.
    pub sender: SenderKind,
    /// The domain that the server sees in the forward-path.
    pub outer: Outer,
    /// That domain, where it is one of the server's own.
    #[serde(default)]
    pub outer_domain: Option<String>,
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "kebab-case")]
pub enum FormRole {
    /// A relay test.
    Probe {
        /// The probe's id.
        id: String,
        /// Its short code.
        code: String,
        /// The entry of the finding catalogue that an acceptance belongs to.
        #[serde(default = "open_relay")]
        check: String,
        /// What it varies.
        axis: Axis,
        /// True for a gate probe.
        gate: bool,
        /// Which of several local domains it is made with; 0 where there is no choice. Forms of
        /// one probe and one instance differ in their sender only.
        instance: usize,
    },
    /// A question that makes the other answers readable.
    Control {
        /// Which.
        control: Control,
    },
}

/// The questions that make the answers to relay tests readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// postmaster, whom RFC 5321 section 4.5.1 wants accepted.
    Postmaster,
    /// A mailbox that the user says exists.
    LocalUser,
    /// A user that cannot exist, at the form's outer domain.
    RandomUser,
    /// The plain foreign recipient once more at the end.
    PlainAtEnd,
    /// RCPT before MAIL, which no server accepts.
    RcptBeforeMail,
    /// A recipient of the server's own under a greeting name that does not belong to our address,
    /// for which RFC 5321 section 4.1.4 lets no server refuse mail.
    MismatchedHelo,
}

/// Whose a reverse-path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SenderKind {
    /// The auditor's, foreign to the server.
    Foreign,
    /// Made to look like the server's own, or otherwise a part of the test.
    Local,
    /// The null reverse-path.
    Null,
}

impl Form {
    /// The form of a probe with all values in place, or the first value that is missing.
    pub fn of_probe(
        probe: &Probe,
        bindings: &Bindings,
        instance: usize,
    ) -> Result<Self, Placeholder> {
        let render = |template: &Template| {
            template.render(bindings).map(|text| WireText::from(text.into_bytes()))
        };
        let reverse_path = render(&probe.envelope.mail_from)?;
        let sender = match probe.envelope.mail_from.as_str() {
            _ if reverse_path.is_empty() => SenderKind::Null,
            "{sender}" | "{sender.local}@{canary.domain}" | "{sender.local}@{auditor.domain}" => {
                SenderKind::Foreign
            }
            _ => SenderKind::Local,
        };
        let forward_path = render(&probe.envelope.rcpt_to)?;
        let outer_domain = match probe.outer {
            Outer::Foreign | Outer::Absent => None,
            Outer::HostName => bindings.target_name.clone(),
            Outer::MailDomain => bindings.local_domain.clone(),
            Outer::Address => bindings.target_address.map(literal),
            Outer::Localhost => Some("localhost".to_owned()),
            Outer::SubDomain => {
                let path = String::from_utf8_lossy(forward_path.as_bytes()).into_owned();
                path.rsplit_once('@').map(|(_, domain)| domain.to_owned())
            }
        };
        Ok(Self {
            role: FormRole::Probe {
                id: probe.id.clone(),
                code: probe.code.clone(),
                check: probe.check.clone(),
                axis: probe.axis,
                gate: probe.gate,
                instance,
            },
            envelope: Envelope {
                greeting: probe.envelope.greeting,
                starttls: probe.envelope.starttls,
                claimed: probe.envelope.xclient.then_some(bindings.claimed_address).flatten(),
                helo: probe.envelope.helo.as_ref().map(render).transpose()?,
                reverse_path,
                bare_mail: !probe.envelope.mail_brackets,
                first_rcpt: probe.envelope.first_rcpt.as_ref().map(render).transpose()?,
                forward_path,
                bare_rcpt: !probe.envelope.rcpt_brackets,
            },
            sender,
            outer: probe.outer,
            outer_domain,
        })
    }

    /// True for a plain message from a stranger to a stranger: the probes that can show a server
    /// to be closed.
    pub fn is_plain(&self) -> bool {
        let sender_axis = matches!(self.role, FormRole::Probe { axis: Axis::Sender, .. });
        sender_axis
            && self.sender != SenderKind::Local
            && self.outer == Outer::Foreign
            && self.envelope.is_opened_by(&Hello::default())
            && !(self.envelope.bare_mail || self.envelope.bare_rcpt)
            && self.envelope.first_rcpt.is_none()
    }

    /// The control, if it is one.
    pub fn control(&self) -> Option<Control> {
        match self.role {
            FormRole::Control { control } => Some(control),
            FormRole::Probe { .. } => None,
        }
    }

    /// The probe's id, if it is a probe.
    pub fn probe_id(&self) -> Option<&str> {
        match &self.role {
            FormRole::Probe { id, .. } => Some(id),
            FormRole::Control { .. } => None,
        }
    }

    /// The entry of the finding catalogue that an acceptance belongs to, if it is a probe.
    pub fn check(&self) -> Option<&str> {
        match &self.role {
            FormRole::Probe { check, .. } => Some(check),
            FormRole::Control { .. } => None,
        }
    }

    /// What the probe varies, if it is a probe.
    pub fn axis(&self) -> Option<Axis> {
        match self.role {
            FormRole::Probe { axis, .. } => Some(axis),
            FormRole::Control { .. } => None,
        }
    }

    /// The greeting and the sender: by the light of forms that share them a form may be read.
    pub fn context(&self) -> Context<'_> {
        let Envelope { greeting, helo, starttls, claimed, reverse_path, bare_mail, .. } =
            &self.envelope;
        Context {
            greeting: *greeting,
            name: helo.as_ref(),
            starttls: *starttls,
            claimed: *claimed,
            reverse_path,
            bare_mail: *bare_mail,
        }
    }

    /// True when both greet with the same name and come from the same sender, so that one may be
    /// read by the light of the other.
    pub fn shares_context(&self, other: &Self) -> bool {
        self.context() == other.context()
    }
}
