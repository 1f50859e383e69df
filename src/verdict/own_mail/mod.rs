//! Mail that a server should take: for postmaster, from the null reverse-path, and under a greeting
//! name that does not belong to the client's address.
//!
//! A refusal counts where the server shows beside it that it refuses neither us nor everything. A
//! demand for TLS or a login, a block, a throttle and "not now" are no refusals of such mail.

mod greeting;
mod null_sender;
mod postmaster;

use crate::evidence::{Control, Evidence, Form, Hello, SenderKind};
use crate::finding::Confidence;
use crate::smtp::{Phase, Reply, Severity};
use crate::target::Role;

use super::wording::Class;
use super::{FormVerdict, Judge, Outcome, Refusal, RelayVerdict, Undecided, Verdict};

/// What a server does with mail that it should take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMail {
    /// Mail for postmaster.
    pub postmaster: Taken,
    /// Mail from the null reverse-path for one of the server's own mailboxes.
    pub null_sender: Taken,
    /// Mail for one of the server's own mailboxes under a greeting name that does not belong to our
    /// address.
    pub mismatched_helo: Taken,
}

/// What a server does with one kind of mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It takes it.
    Accepted,
    /// It refuses it permanently.
    Refused(RefusedMail),
    /// Nothing was learned.
    Unknown {
        /// Why, in one word of the report.
        why: &'static str,
        /// What it means here, and what to do where something can be done.
        detail: String,
    },
    /// It owes strangers nothing: a submission port.
    NotApplicable,
}

/// A refusal of mail that a server should take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedMail {
    /// How sure it is that the refusal is of such mail, and not of us.
    pub confidence: Confidence,
    /// What the server did, in one sentence.
    pub summary: String,
    /// What to write under the deciding line.
    pub mark: String,
    /// What limits or supports the claim, one sentence each.
    pub notes: Vec<String>,
    /// Transcript and exchange that decide it.
    pub evidence: (usize, usize),
    /// The server's words.
    pub words: String,
}

/// Reads what a server does with mail that it should take. Pure, as [`judge`](super::judge) is.
pub fn own_mail(evidence: &Evidence, relay: &RelayVerdict) -> OwnMail {
    let judge = Judge::with(evidence, &relay.reading);
    let host = Host { evidence, relay, asked: asked(evidence, relay, &judge), judge };
    let beyond = host.beyond_judging();
    let unless_beyond = |look: &dyn Fn() -> Taken| beyond.clone().unwrap_or_else(look);
    OwnMail {
        postmaster: unless_beyond(&|| host.postmaster()),
        null_sender: unless_beyond(&|| host.null_sender()),
        mismatched_helo: unless_beyond(&|| host.mismatched_helo()),
    }
}

/// What is looked at.
struct Host<'a> {
    evidence: &'a Evidence,
    relay: &'a RelayVerdict,
    judge: Judge<'a>,
    asked: Vec<Asked<'a>>,
}

/// A control about one of the server's own mailboxes, and what it was answered.
struct Asked<'a> {
    control: Control,
    form: &'a Form,
    outcome: Outcome,
    place: Option<(usize, usize)>,
    reply: Option<(&'a Reply, Phase)>,
    class: Option<Class>,
}

fn asked<'a>(evidence: &'a Evidence, relay: &RelayVerdict, judge: &Judge<'_>) -> Vec<Asked<'a>> {
    let of = |(index, verdict): &(usize, FormVerdict)| {
        let form = evidence.forms.get(*index)?;
        let control = form.control()?;
        let own = match control {
            Control::Postmaster
            | Control::LocalUser
            | Control::RandomUser
            | Control::MismatchedHelo => true,
            Control::PlainAtEnd | Control::RcptBeforeMail => false,
        };
        let exchange = judge.deciding(*index).and_then(|attempt| evidence.exchange(attempt));
        let reply = exchange.and_then(|e| Some((e.answer.reply()?, e.phase)));
        let (place, class) = (verdict.evidence, judge.class(*index));
        own.then_some(Asked { control, form, outcome: verdict.outcome, place, reply, class })
    };
    relay.controls.iter().filter_map(of).collect()
}

impl Asked<'_> {
    fn is_accepted(&self) -> bool {
        self.reply.is_some_and(|(reply, phase)| {
            phase == Phase::Rcpt && reply.severity() == Severity::Positive
        })
    }

    fn is_refused_at(&self, phases: &[Phase]) -> bool {
        self.reply.is_some_and(|(reply, phase)| {
            phases.contains(&phase) && reply.severity() == Severity::Permanent
        })
    }

    fn is_past_mail(&self) -> bool {
        self.reply.is_some_and(|(_, phase)| phase == Phase::Rcpt)
    }

    /// Under the auditor's own greeting name: another is part of a test.
    fn is_under_our_name(&self) -> bool {
        self.form.envelope.is_opened_by(&Hello::default())
    }

    fn is_from_nobody(&self) -> bool {
        self.form.sender == SenderKind::Null
    }

    /// The refusal asks for TLS, a login, another order or patience, or is aimed at the client or
    /// its greeting name.
    fn is_about_the_client(&self) -> bool {
        self.asks_for_something()
            || matches!(self.class, Some(Class::Listed | Class::ClientRefused | Class::HeloRefused))
    }

    /// The refusal is none, for what it asks for.
    fn asks_for_something(&self) -> bool {
        !matches!(
            self.class,
            Some(
                Class::RelayDenied
                    | Class::Denied
                    | Class::InvalidRecipient
                    | Class::MailboxUnavailable
                    | Class::Listed
                    | Class::ClientRefused
                    | Class::HeloRefused
                    | Class::SenderRefused
                    | Class::UnknownUser
                    | Class::UnknownDomain
                    | Class::Unverified
                    | Class::Syntax
                    | Class::Unworded
            )
        )
    }

    fn refused(&self, confidence: Confidence, summary: String, mark: &str) -> Option<RefusedMail> {
        Some(RefusedMail {
            confidence,
            summary,
            mark: mark.to_owned(),
            notes: Vec::new(),
            evidence: self.place?,
            words: self.words(),
        })
    }

    fn words(&self) -> String {
        self.reply.map_or_else(String::new, |(reply, _)| reply.to_string())
    }

    fn recipient(&self) -> String {
        format!("<{}>", self.form.envelope.forward_path)
    }

    fn sender(&self) -> String {
        format!("<{}>", self.form.envelope.reverse_path)
    }
}

impl Host<'_> {
    /// What holds for every kind of mail, where the host as a whole forbids a judgement.
    fn beyond_judging(&self) -> Option<Taken> {
        if self.relay.verdict == Verdict::Unreachable {
            return Some(Taken::unknown("unreachable", "the host does not speak SMTP"));
        }
        if self.evidence.target.role() == Role::Submission {
            return Some(Taken::NotApplicable);
        }
        let sink = self.judge.is_sink();
        sink.then(|| Taken::undecided(Undecided::ScriptedSink))
    }

    /// An acceptance, unless it proves nothing.
    fn accepted(&self) -> Taken {
        match self.judge.is_inside() {
            true => Taken::undecided(Undecided::VantageInside),
            false => Taken::Accepted,
        }
    }

    /// True when the plain recipient at the end was answered otherwise than at the start: what was
    /// refused in between may have been refused to a client that had begun to be blocked.
    fn has_changed_midway(&self) -> bool {
        self.relay.controls.iter().any(|(index, verdict)| {
            let form = self.evidence.forms.get(*index);
            let at_end = form.and_then(Form::control) == Some(Control::PlainAtEnd);
            at_end && verdict.evidence.is_some() && !verdict.outcome.is_relay_refusal()
        })
    }
}

impl Taken {
    fn unknown(why: &'static str, detail: impl Into<String>) -> Self {
        Self::Unknown { why, detail: detail.into() }
    }

    fn undecided(why: Undecided) -> Self {
        Self::unknown(why.as_str(), why.meaning())
    }

    fn changed_midway() -> Self {
        let detail = "a plain foreign recipient was answered otherwise at the end than at the \
                      start: the server may have begun to block us";
        Self::unknown("changed-midway", detail)
    }

    /// Nothing was learned: why, if there was such a question at all.
    fn untold(asked: Option<&Asked<'_>>) -> Self {
        let Some(asked) = asked else {
            return Self::unknown("not-asked", "the plan had no such form");
        };
        let outcome = asked.outcome;
        let why = match outcome {
            Outcome::Deferred | Outcome::AuthRequired | Outcome::TlsRequired => outcome.as_str(),
            Outcome::Refused(Refusal::Relay) => "no-local-domain",
            _ => outcome.reason().unwrap_or("not-answered"),
        };
        match (outcome, asked.words()) {
            (_, words) if !words.is_empty() => {
                Self::unknown(why, format!("the answer does not tell: {words}"))
            }
            (Outcome::Inconclusive(reason), _) => Self::unknown(why, reason.meaning()),
            _ => Self::unknown(why, "no answer"),
        }
    }
}
