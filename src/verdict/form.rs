//! The outcome of one form, read by the light of the controls that share its context.

use crate::evidence::{Answer, Attempt, Control, Evidence, Form, Loss, Pass};
use crate::finding::Confidence;
use crate::probe::{Axis, Outer};
use crate::smtp::{Phase, Reply, Severity};
use crate::target::{Role, network::vantage_is_inside};

use super::wording::{Class, Names};
use super::{NotRun, Outcome, Refusal, Undecided};

/// Judges the forms of one host.
#[derive(Debug)]
pub struct Judge<'a> {
    evidence: &'a Evidence,
    names: Names,
    inside: bool,
    sink: bool,
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

impl<'a> Judge<'a> {
    /// Reads what the whole host has in common.
    pub fn new(evidence: &'a Evidence) -> Self {
        let first = evidence.transcripts.first();
        let inside = !evidence.outside_asserted
            && first.is_some_and(|t| vantage_is_inside(t.local.ip(), t.peer.ip()));
        let mut judge = Self { evidence, names: names_of(evidence), inside, sink: false };
        let sink = judge.controls(Control::RcptBeforeMail).any(|(index, _)| {
            judge.reply_to(index).is_some_and(|(reply, phase)| {
                phase == Phase::Rcpt && reply.severity() == Severity::Positive
            })
        });
        judge.sink = sink;
        judge
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
        let attempt = self.evidence.deciding(index);
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
            (Outcome::Inconclusive(Undecided::HeloRefused), Some(Axis::Helo))
                if self.plain_is_judged() =>
            {
                Outcome::Refused(Refusal::Helo)
            }
            _ => base,
        };
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

    /// True when some plain form got past HELO and MAIL and was refused as relaying.
    pub fn plain_is_judged(&self) -> bool {
        let plain = self.evidence.forms.iter().enumerate().filter(|(_, form)| form.is_plain());
        plain.into_iter().any(|(index, _)| self.base(index).0.is_relay_refusal())
    }

    /// True when a retry may say more: the server said "not now".
    pub fn wants_retry(&self, index: usize) -> bool {
        let transient = self.reply_to(index).is_some_and(|(reply, phase)| {
            reply.severity() == Severity::Transient
                && self.names.classify(reply, phase) != Class::RelayDenied
        });
        let control_of_sequence =
            self.evidence.forms.get(index).and_then(Form::control) == Some(Control::RcptBeforeMail);
        transient && !control_of_sequence
    }

    /// The outcome without regard to what plain forms say.
    fn base(&self, index: usize) -> (Outcome, Confidence) {
        let (Some(form), Some(attempt)) =
            (self.evidence.forms.get(index), self.evidence.deciding(index))
        else {
            return (self.not_asked(), Confidence::High);
        };
        let undecided = |why| (Outcome::Inconclusive(why), Confidence::High);
        match (self.answer(attempt), self.phase(attempt)) {
            (Some(Answer::Reply(reply)), Some(phase)) => self.by_reply(form, reply, phase),
            (Some(Answer::Lost(loss)), _) => undecided(match loss {
                Loss::Closed | Loss::Reset => Undecided::ConnectionLost,
                Loss::Timeout { .. } => Undecided::Timeout,
                Loss::Fault(_) => Undecided::PeerFault,
            }),
            _ => undecided(Undecided::NotAnswered),
        }
    }

    fn not_asked(&self) -> Outcome {
        match self.evidence.stopped {
            Some(stop) => Outcome::NotRun(NotRun::Stopped(stop)),
            None if self.evidence.transcripts.is_empty() => Outcome::NotRun(NotRun::Unreachable),
            None => Outcome::Inconclusive(Undecided::NotAnswered),
        }
    }

    fn by_reply(&self, form: &Form, reply: &Reply, phase: Phase) -> (Outcome, Confidence) {
        let class = self.names.classify(reply, phase);
        let sure = |outcome| (outcome, Confidence::High);
        let undecided = |why| sure(Outcome::Inconclusive(why));
        match class {
            Class::RelayDenied => sure(Outcome::Refused(Refusal::Relay)),
            Class::AuthNeeded => sure(Outcome::AuthRequired),
            Class::TlsNeeded => sure(Outcome::TlsRequired),
            Class::ClientBlocked if self.refuses_all_without_login() => sure(Outcome::AuthRequired),
            Class::ClientBlocked => undecided(Undecided::Blocked),
            Class::Deferred => sure(Outcome::Deferred),
            Class::Odd => undecided(Undecided::PeerFault),
            _ => match phase {
                Phase::Rcpt => self.by_recipient(form, reply, class),
                Phase::Mail if class == Class::Throttled => undecided(Undecided::Throttled),
                Phase::Mail if class == Class::HeloRefused => undecided(Undecided::HeloRefused),
                Phase::Mail => undecided(Undecided::SenderRefused),
                _ if reply.severity() == Severity::Transient => sure(Outcome::Deferred),
                Phase::Ehlo | Phase::Helo => undecided(Undecided::HeloRefused),
                _ => undecided(Undecided::Blocked),
            },
        }
    }

    fn by_recipient(&self, form: &Form, reply: &Reply, class: Class) -> (Outcome, Confidence) {
        let sure = |outcome| (outcome, Confidence::High);
        let undecided = |why| sure(Outcome::Inconclusive(why));
        let own = form.outer.is_own();
        match class {
            Class::Accepted => self.by_control(form),
            Class::HeloRefused => undecided(Undecided::HeloRefused),
            Class::SenderRefused => undecided(Undecided::SenderRefused),
            Class::Throttled => undecided(Undecided::Throttled),
            Class::Sequence => undecided(Undecided::UnknownWording),
            Class::UnknownUser | Class::InvalidRecipient if own => {
                sure(Outcome::Refused(Refusal::UnknownUser))
            }
            Class::UnknownUser => undecided(Undecided::RecipientVerification),
            // A plain address has no syntax to refuse, whatever the code says.
            Class::Syntax if own || !is_plain_address(form) => {
                sure(Outcome::Refused(Refusal::Syntax))
            }
            _ => self.by_difference(form, reply, class),
        }
    }

    /// What no wording decides: does the server treat its own users differently under the same
    /// HELO and sender?
    fn by_difference(&self, form: &Form, reply: &Reply, class: Class) -> (Outcome, Confidence) {
        let refused = |why, confidence| (Outcome::Refused(why), confidence);
        let undecided = |why| (Outcome::Inconclusive(why), Confidence::High);
        let locals = self.local_replies(form);
        let accepted = |wanted: Control| {
            locals.iter().any(|(control, _, reply)| {
                *control == wanted && reply.severity() == Severity::Positive
            })
        };
        if accepted(Control::LocalUser) || accepted(Control::RandomUser) {
            return refused(Refusal::Relay, Confidence::High);
        }
        let same: Vec<_> = locals.iter().filter(|(_, _, r)| self.names.alike(r, reply)).collect();
        let postmaster = accepted(Control::Postmaster);
        if form.outer.is_own() && postmaster {
            let as_unknown = same.iter().any(|(_, outer, _)| *outer == form.outer);
            let why = if as_unknown { Refusal::UnknownUser } else { Refusal::Relay };
            return refused(why, Confidence::Medium);
        }
        if class == Class::InvalidRecipient && (postmaster || same.is_empty()) {
            return refused(Refusal::Relay, Confidence::Medium);
        }
        if !same.is_empty() {
            // A HELO that is refused at RCPT is refused for everybody.
            let of_helo = form.envelope.helo.is_some();
            return undecided(match (postmaster, of_helo) {
                (true, _) => Undecided::NoLocalUser,
                (false, true) => Undecided::HeloRefused,
                (false, false) => Undecided::Blocked,
            });
        }
        let told_apart = locals.iter().any(|(control, _, reply)| {
            *control == Control::RandomUser && reply.severity() == Severity::Permanent
        });
        match (class, postmaster, told_apart) {
            (Class::Denied, ..) | (_, true, true) => refused(Refusal::Relay, Confidence::Low),
            (_, true, false) => undecided(Undecided::NoLocalUser),
            (_, false, _) => undecided(Undecided::UnknownWording),
        }
    }

    /// An acceptance counts unless the server may have taken the recipient for one of its own.
    fn by_control(&self, form: &Form) -> (Outcome, Confidence) {
        let undecided = |why| (Outcome::Inconclusive(why), Confidence::High);
        if self.sink {
            return undecided(Undecided::ScriptedSink);
        }
        if self.inside {
            return undecided(Undecided::VantageInside);
        }
        if !form.outer.is_own() {
            return (Outcome::AcceptedRecipient, Confidence::High);
        }
        let control = self.controls(Control::RandomUser).find(|(_, control)| {
            control.outer == form.outer
                && control.outer_domain == form.outer_domain
                && control.shares_context(form)
        });
        let refused =
            control.and_then(|(index, _)| self.newest_reply(index)).is_some_and(|reply| {
                let class = self.names.classify(reply, Phase::Rcpt);
                let of_us = matches!(
                    class,
                    Class::Throttled
                        | Class::ClientBlocked
                        | Class::HeloRefused
                        | Class::SenderRefused
                        | Class::AuthNeeded
                        | Class::TlsNeeded
                );
                reply.severity() == Severity::Permanent && !of_us || class == Class::RelayDenied
            });
        if refused {
            (Outcome::AcceptedRecipient, Confidence::High)
        } else {
            undecided(Undecided::LocalControl)
        }
    }

    /// The replies to the server's own recipients under the same HELO and sender.
    fn local_replies(&self, form: &Form) -> Vec<(Control, Outer, &Reply)> {
        let forms = self.evidence.forms.iter().enumerate();
        forms
            .filter_map(|(index, other)| {
                let control = other.control()?;
                let local = matches!(
                    control,
                    Control::Postmaster | Control::LocalUser | Control::RandomUser
                );
                let (reply, phase) = self.reply_to(index)?;
                (local && phase == Phase::Rcpt && other.shares_context(form)).then_some((
                    control,
                    other.outer,
                    reply,
                ))
            })
            .collect()
    }

    /// On a submission port that offers AUTH, a refusal of every client means: log in.
    fn refuses_all_without_login(&self) -> bool {
        self.evidence.target.role() == Role::Submission
            && self.evidence.extensions.iter().any(|keyword| keyword == "AUTH")
    }

    fn controls(&self, wanted: Control) -> impl Iterator<Item = (usize, &'a Form)> {
        let forms = self.evidence.forms.iter().enumerate();
        forms.filter(move |(_, form)| form.control() == Some(wanted))
    }

    fn answer(&self, attempt: &Attempt) -> Option<&'a Answer> {
        self.evidence.exchange(attempt).map(|exchange| &exchange.answer)
    }

    fn phase(&self, attempt: &Attempt) -> Option<Phase> {
        self.evidence.exchange(attempt).map(|exchange| exchange.phase)
    }

    /// The reply that decides a form, with its phase.
    fn reply_to(&self, index: usize) -> Option<(&'a Reply, Phase)> {
        let exchange = self.evidence.exchange(self.evidence.deciding(index)?)?;
        Some((exchange.answer.reply()?, exchange.phase))
    }

    /// The newest reply to a control at RCPT, confirmations included.
    fn newest_reply(&self, index: usize) -> Option<&'a Reply> {
        let newest = self.evidence.attempts.iter().rev().find(|attempt| attempt.form == index)?;
        let exchange = self.evidence.exchange(newest)?;
        let at_rcpt = exchange.phase == Phase::Rcpt || newest.pass == Pass::Confirm;
        exchange.answer.reply().filter(|_| at_rcpt)
    }
}

/// True when a reply complains of too much: errors, commands, connections. It says nothing about
/// the form that it answers, and asks for a new connection and less on it.
pub fn is_complaint(evidence: &Evidence, reply: &Reply) -> bool {
    reply.is_refusal() && names_of(evidence).classify(reply, Phase::Rcpt) == Class::Throttled
}

/// True for `local@domain` of letters, digits, dots, hyphens and plus signs only.
fn is_plain_address(form: &Form) -> bool {
    let path = form.envelope.forward_path.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-+@".contains(byte);
    path.iter().all(plain) && path.iter().filter(|byte| **byte == b'@').count() == 1
}

/// Everything that may stand in a reply without being wording.
fn names_of(evidence: &Evidence) -> Names {
    let identity = &evidence.identity;
    let mut names: Vec<String> = evidence.server_names.clone();
    names.extend(evidence.target.name().map(str::to_owned));
    names.extend(evidence.target.mail_domain().map(str::to_owned));
    names.extend(identity.local_domains.iter().cloned());
    names.extend(identity.auditor_domain.clone());
    names.extend(identity.helo.clone());
    names.extend([identity.canary.0.clone(), identity.canary.1.clone()]);
    for form in &evidence.forms {
        let envelope = &form.envelope;
        for path in [&envelope.reverse_path, &envelope.forward_path] {
            names.push(String::from_utf8_lossy(path.as_bytes()).into_owned());
        }
    }
    let mut addresses = vec![evidence.target.address()];
    addresses.extend(evidence.transcripts.first().map(|transcript| transcript.local.ip()));
    addresses.extend(identity.canary_address);
    Names::new(names, &addresses)
}
