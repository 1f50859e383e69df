//! A form: one probe or control with all its values in place.

use serde::{Deserialize, Serialize};

use crate::probe::{Axis, Outer};
use crate::smtp::WireText;

/// The greeting name and the paths, as they are sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Envelope {
    /// The name in EHLO or HELO; `None` is the auditor's own.
    pub helo: Option<WireText>,
    /// The reverse-path without brackets; empty is the null reverse-path.
    pub reverse_path: WireText,
    /// The forward-path without brackets.
    pub forward_path: WireText,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[derive(schemars::JsonSchema)]
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
    /// True for a plain message from a stranger to a stranger: the probes that can show a server
    /// to be closed.
    pub fn is_plain(&self) -> bool {
        let sender_axis = matches!(self.role, FormRole::Probe { axis: Axis::Sender, .. });
        sender_axis
            && self.sender != SenderKind::Local
            && self.outer == Outer::Foreign
            && self.envelope.helo.is_none()
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

    /// What the probe varies, if it is a probe.
    pub fn axis(&self) -> Option<Axis> {
        match self.role {
            FormRole::Probe { axis, .. } => Some(axis),
            FormRole::Control { .. } => None,
        }
    }

    /// The domain that the server sees, where it is one of its own: what stands behind the last
    /// `@` of the forward-path.
    pub fn outer_domain(&self) -> Option<&str> {
        let named = matches!(self.outer, Outer::HostName | Outer::MailDomain | Outer::Address);
        let path = std::str::from_utf8(self.envelope.forward_path.as_bytes()).ok()?;
        path.rsplit_once('@').filter(|_| named).map(|(_, domain)| domain)
    }

    /// True when both greet with the same name and come from the same sender, so that one may be
    /// read by the light of the other.
    pub fn shares_context(&self, other: &Self) -> bool {
        self.envelope.helo == other.envelope.helo
            && self.envelope.reverse_path == other.envelope.reverse_path
    }
}
