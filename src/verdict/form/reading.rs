//! How the replies of one host are read, the same for all its judges.

use std::fmt;
use std::sync::Arc;

use crate::evidence::{Evidence, Form};
use crate::smtp::{Phase, Reply};
use crate::target::Role;
use crate::verdict::wording::{Class, Names};

use super::names::names_of_form;
use super::names_of;

/// How the replies of one host are read: without the names in them, and each wording once.
#[derive(Clone)]
pub struct Reading(Arc<Names>);

/// What it has read so far is no part of a verdict.
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").finish_non_exhaustive()
    }
}

impl Reading {
    /// The names that are no part of a wording.
    pub(super) fn names(&self) -> &Names {
        &self.0
    }

    /// Reads as what is known of a host by now allows.
    pub fn new(evidence: &Evidence) -> Self {
        Self(Arc::new(names_of(evidence)))
    }

    /// True where forms that were added since hold no name that it does not know.
    pub fn knows(&self, added: &[Form]) -> bool {
        added.iter().flat_map(names_of_form).all(|name| self.0.holds(&name))
    }

    /// True when a reply asks for TLS. On a submission port that is also what a refusal of every
    /// client may mean, since the login that would be offered inside is not offered outside.
    pub fn asks_for_tls(&self, evidence: &Evidence, reply: &Reply, phase: Phase) -> bool {
        let submission = evidence.target.role() == Role::Submission && !evidence.offers("AUTH");
        match self.0.classify(reply, phase) {
            Class::TlsNeeded => true,
            Class::AuthNeeded | Class::ClientRefused => submission,
            _ => false,
        }
    }

    /// True when a refusal is about the greeting name, or about commands out of sequence.
    pub fn blames_greeting(&self, reply: &Reply, phase: Phase) -> bool {
        matches!(self.0.classify(reply, phase), Class::HeloRefused | Class::Sequence)
    }

    /// True when a reply complains of too much: errors, commands, connections. It says nothing about
    /// the form that it answers, and asks for a new connection and less on it.
    pub fn is_complaint(&self, reply: &Reply) -> bool {
        reply.is_refusal() && self.0.classify(reply, Phase::Rcpt) == Class::Throttled
    }
}
