//! The outcome of one form, read by the light of the controls that share its context.

mod context;
mod control;
mod difference;
mod message;
mod names;
mod reading;
mod reply;

use std::cell::{Cell, OnceCell};

use crate::evidence::{Answer, Attempt, Control, Evidence, Form, Loss, SenderKind};
use crate::finding::Confidence;
use crate::probe::Axis;
use crate::smtp::{Phase, Reply, Severity};
use crate::target::network::vantage_is_inside;

use super::wording::{Class, Names};
use super::{NotRun, Outcome, Refusal, Undecided};

pub(super) use names::names_of;
pub use reading::Reading;

/// An outcome with its confidence.
type Base = (Outcome, Confidence);

/// Judges the forms of one host.
#[derive(Debug)]
pub struct Judge<'a> {
    evidence: &'a Evidence,
    names: OnceCell<Reading>,
    inside: bool,
    sink: bool,
    /// The attempt that decides each form.
    deciding: Vec<Option<&'a Attempt>>,
    /// The outcomes that were found, without regard to what plain forms say.
    bases: Vec<Cell<Option<Base>>>,
}

/// What became of one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormVerdict {
    /// What became of it.
    pub outcome: Outcome,
    /// How sure that is.
    pub confidence: Confidence,
    /// Transcript and exchange that decide it.
    pub evidence: Option<(usize, usize)>,
    /// For an acceptance: whether it repeated, alone on a fresh connection; `None` when that was
    /// not tried.
    pub repeated: Option<bool>,
}

fn sure(outcome: Outcome) -> Base {
    (outcome, Confidence::High)
}

fn undecided(why: Undecided) -> Base {
    sure(Outcome::Inconclusive(why))
}

impl<'a> Judge<'a> {
    /// Reads what the whole host has in common.
    pub fn new(evidence: &'a Evidence) -> Self {
        let first = evidence.transcripts.first();
        let inside = !evidence.outside_asserted
            && first.is_some_and(|t| vantage_is_inside(t.local.ip(), t.peer.ip()));
        let forms = evidence.forms.len();
        let mut deciding = vec![None; forms];
        for attempt in evidence.attempts.iter().filter(|attempt| attempt.decides()) {
            if let Some(place) = deciding.get_mut(attempt.form) {
                *place = Some(attempt);
            }
        }
        let (names, bases) = (OnceCell::new(), vec![Cell::new(None); forms]);
        let mut judge = Self { evidence, names, inside, sink: false, deciding, bases };
        let sink = judge.controls(Control::RcptBeforeMail).any(|(index, _)| {
            judge.reply_to(index).is_some_and(|(reply, phase)| {
                phase == Phase::Rcpt && reply.severity() == Severity::Positive
            })
        });
        judge.sink = sink;
        judge
    }

    /// The same, reading as another judge of the same host does, whose forms are no fewer.
    pub fn with(evidence: &'a Evidence, reading: &Reading) -> Self {
        Self { names: OnceCell::from(reading.clone()), ..Self::new(evidence) }
    }

    /// How it reads replies.
    pub fn reading(&self) -> &Reading {
        self.names.get_or_init(|| Reading::new(self.evidence))
    }

    fn names(&self) -> &Names {
        self.reading().names()
    }

    /// True when we connect from a place that every server trusts.
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// True when the server accepted what no server accepts.
    pub fn is_sink(&self) -> bool {
        self.sink
    }

    /// What became of form `index`.
    pub fn form(&self, index: usize) -> FormVerdict {
        let attempt = self.deciding(index);
        let evidence = attempt.map(|attempt| (attempt.transcript, attempt.exchange));
        let (base, confidence) = self.base(index);
        let axis = self.evidence.forms.get(index).and_then(Form::axis);
        // A refusal of what only this form has in common with no plain one is a refusal of the
        // form, provided that a plain one got past it.
        let outcome = match (base, axis) {
            (Outcome::Inconclusive(Undecided::SenderRefused), Some(Axis::Sender))
                if self.plain_is_judged() =>
            {
                Outcome::Refused(Refusal::Sender)
            }
            (Outcome::Inconclusive(Undecided::HeloRefused), Some(Axis::Helo | Axis::Context))
                if self.plain_is_judged() && self.is_past_other_greetings(index) =>
            {
                Outcome::Refused(Refusal::Helo)
            }
            _ => base,
        };
        if Self::awaits_delivery(outcome)
            && let Some(verdict) = self.by_message(index, outcome)
        {
            return verdict;
        }
        if outcome != Outcome::AcceptedRecipient {
            return FormVerdict { outcome, confidence, evidence, repeated: None };
        }
        let repeated = self.evidence.confirmation(index).map(|again| {
            let answer = self.answer(again);
            matches!(answer, Some(Answer::Reply(reply)) if reply.severity() == Severity::Positive)
                && self.phase(again) == Some(Phase::Rcpt)
        });
        let own = self.evidence.forms.get(index).is_some_and(|form| form.outer.is_own());
        let confidence = match (repeated, own) {
            (Some(true), false) => Confidence::High,
            (Some(true), true) => Confidence::Medium,
            _ => Confidence::Low,
        };
        FormVerdict { outcome, confidence, evidence, repeated }
    }

    /// How the reply that decides a form reads.
    pub(super) fn class(&self, index: usize) -> Option<Class> {
        self.reply_to(index).map(|(reply, phase)| self.names().classify(reply, phase))
    }

    /// True when some plain form got past HELO and MAIL and was refused as relaying, at RCPT or later.
    pub fn plain_is_judged(&self) -> bool {
        let mut plain = self.evidence.forms.iter().enumerate().filter(|(_, form)| form.is_plain());
        plain.any(|(index, _)| {
            let base = self.base(index).0;
            let late = || self.by_message(index, base).map(|verdict| verdict.outcome);
            base.is_relay_refusal()
                || Self::awaits_delivery(base) && late().is_some_and(Outcome::is_late_refusal)
        })
    }

    /// True when of the plain forms those from the null sender are accepted and others refused.
    pub(super) fn relays_bounces_only(&self) -> bool {
        let plain = |sender: SenderKind, wanted: &dyn Fn(Outcome) -> bool| {
            let mut forms = self.evidence.forms.iter().enumerate();
            forms.any(|(index, form)| {
                form.is_plain() && form.sender == sender && wanted(self.base(index).0)
            })
        };
        plain(SenderKind::Null, &|outcome| outcome == Outcome::AcceptedRecipient)
            && plain(SenderKind::Foreign, &Outcome::is_relay_refusal)
    }

    /// True for a HELO, recipient or context form in its variant with the null sender.
    pub(super) fn is_by_null_sender(&self, index: usize) -> bool {
        self.evidence.forms.get(index).is_some_and(|form| {
            form.sender == SenderKind::Null
                && matches!(form.axis(), Some(Axis::Helo | Axis::Recipient | Axis::Context))
        })
    }

    /// True when a retry may say more: the server said "not now".
    pub fn wants_retry(&self, index: usize) -> bool {
        let transient = self.reply_to(index).is_some_and(|(reply, phase)| {
            reply.severity() == Severity::Transient
                && self.names().classify(reply, phase) != Class::RelayDenied
        });
        let control_of_sequence =
            self.evidence.forms.get(index).and_then(Form::control) == Some(Control::RcptBeforeMail);
        transient && !control_of_sequence
    }

    /// True when two forms were put off, and in words that seem to give one reason.
    pub fn are_put_off_alike(&self, one: usize, other: usize) -> bool {
        let reply_to = |index| {
            let reply = self.reply_to(index).map(|(reply, _)| reply);
            reply.filter(|reply| reply.severity() == Severity::Transient)
        };
        reply_to(one)
            .zip(reply_to(other))
            .is_some_and(|(one, other)| self.names().alike(one, other))
    }

    /// The outcome without regard to what plain forms say.
    fn base(&self, index: usize) -> Base {
        let known = self.bases.get(index);
        if let Some(base) = known.and_then(Cell::get) {
            return base;
        }
        let base = self.find_base(index);
        if let Some(known) = known {
            known.set(Some(base));
        }
        base
    }

    fn find_base(&self, index: usize) -> Base {
        let (Some(form), Some(attempt)) = (self.evidence.forms.get(index), self.deciding(index))
        else {
            return sure(self.not_asked());
        };
        if self.evidence.is_doubtful(attempt) {
            return undecided(Undecided::PeerFault);
        }
        match (self.answer(attempt), self.phase(attempt)) {
            // What a form wants inside TLS was not asked without it.
            (Some(_), _) if form.envelope.starttls && self.lacks_tls(attempt) => {
                sure(Outcome::NotRun(NotRun::NoTls))
            }
            (Some(_), Some(Phase::Mail | Phase::Rcpt))
                if form.envelope.starttls && !self.is_inside_tls(attempt) =>
            {
                undecided(Undecided::NotAnswered)
            }
            (Some(Answer::Reply(reply)), Some(Phase::Xclient))
                if reply.severity() == Severity::Permanent =>
            {
                self.by_claim(attempt, reply)
            }
            // The recipient that had to be accepted first was not: the question was never put.
            (Some(Answer::Reply(reply)), Some(Phase::Rcpt)) if self.is_first(form, attempt) => {
                match self.names().classify(reply, Phase::Rcpt) {
                    Class::AuthNeeded => sure(Outcome::AuthRequired),
                    Class::TlsNeeded => sure(Outcome::TlsRequired),
                    Class::ClientRefused if self.wants_a_login() => sure(Outcome::AuthRequired),
                    Class::Listed | Class::ClientRefused => undecided(Undecided::Blocked),
                    _ if reply.severity() == Severity::Transient => sure(Outcome::Deferred),
                    _ => undecided(Undecided::NoLocalUser),
                }
            }
            (Some(Answer::Reply(reply)), Some(phase)) => {
                let base = self.by_reply(form, reply, phase);
                let at_end = form.control() == Some(Control::PlainAtEnd);
                // Banned midway, everything is refused: without a wording, only the same refusal
                // as at the start says the same.
                if at_end && base.0.is_relay_refusal() && !self.repeats_the_start(form, reply) {
                    return undecided(Undecided::UnknownWording);
                }
                base
            }
            (Some(Answer::Lost(loss)), _) => undecided(match loss {
                Loss::Closed | Loss::Reset | Loss::Handshake { .. } => Undecided::ConnectionLost,
                Loss::Timeout { .. } => Undecided::Timeout,
                Loss::Fault(_) => Undecided::PeerFault,
            }),
            _ => undecided(Undecided::NotAnswered),
        }
    }

    /// True when an attempt was decided by the recipient that stands before the form's own.
    fn is_first(&self, form: &Form, attempt: &Attempt) -> bool {
        let sent = self.evidence.exchange(attempt).map(|exchange| exchange.sent.as_bytes());
        form.envelope.first_rcpt.as_ref().is_some_and(|first| {
            let command = [b"RCPT TO:<", first.as_bytes(), b">"].concat();
            sent == Some(command.as_slice())
        })
    }

    fn not_asked(&self) -> Outcome {
        match self.evidence.stopped {
            Some(stop) => Outcome::NotRun(NotRun::Stopped(stop)),
            None if self.evidence.transcripts.is_empty() => Outcome::NotRun(NotRun::Unreachable),
            None => Outcome::Inconclusive(Undecided::NotAnswered),
        }
    }

    /// The attempt that decides a form.
    pub(super) fn deciding(&self, index: usize) -> Option<&'a Attempt> {
        self.deciding.get(index).copied().flatten()
    }

    fn controls(&self, wanted: Control) -> impl Iterator<Item = (usize, &'a Form)> {
        let forms = self.evidence.forms.iter().enumerate();
        forms.filter(move |(_, form)| form.control() == Some(wanted))
    }

    fn answer(&self, attempt: &Attempt) -> Option<&'a Answer> {
        if self.evidence.is_doubtful(attempt) {
            return None;
        }
        self.evidence.exchange(attempt).map(|exchange| &exchange.answer)
    }

    fn is_inside_tls(&self, attempt: &Attempt) -> bool {
        self.evidence.exchange(attempt).is_some_and(|exchange| exchange.tls)
    }

    fn phase(&self, attempt: &Attempt) -> Option<Phase> {
        self.evidence.exchange(attempt).map(|exchange| exchange.phase)
    }

    /// The reply that decides a form, with its phase.
    fn reply_to(&self, index: usize) -> Option<(&'a Reply, Phase)> {
        let attempt = self.deciding(index)?;
        Some((self.answer(attempt)?.reply()?, self.phase(attempt)?))
    }
}
