//! POP-before-SMTP judged: whether a POP3 login opens the server to our address, and for how long.

mod heard;
mod reason;

use crate::evidence::pop::{PopAnswer, PopBeforeSmtp, PopCheck, PopEnd, PopLogin};
use crate::evidence::{Answer, Evidence};
use crate::finding::{Confidence, Finding, catalogue};

use super::Undecided;

pub use heard::{Heard, heard};
pub(crate) use reason::POP_ENDS;
pub use reason::PopReason;

/// What is known of POP-before-SMTP at one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopVerdict {
    /// What it is.
    pub outcome: PopOutcome,
    /// How long relaying is granted, where it is.
    pub window: Option<PopWindow>,
    /// How each check reads, in the order of asking; `None` where the evidence lacks it.
    pub heard: Vec<Option<Heard>>,
    /// The exchange that shows the outcome best.
    pub place: Option<(usize, usize)>,
}

/// Whether relaying is granted after a POP3 login and not before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopOutcome {
    /// It is.
    Granted,
    /// It is refused after the login as before it.
    NotGranted,
    /// It was granted before the login already.
    NotMeasured,
    /// Nothing was learned.
    Unknown(PopReason),
}

/// How long relaying was granted, in milliseconds after the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopWindow {
    /// It was granted for this long.
    pub at_least: u64,
    /// It was refused from here on; `None` where nobody saw it refused.
    pub below: Option<u64>,
}

impl PopOutcome {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::NotGranted => "not-granted",
            Self::NotMeasured => "not-measured",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The reason word of the report.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::NotMeasured => Some("granted-before-login"),
            Self::Unknown(why) => Some(why.as_str()),
            Self::Granted | Self::NotGranted => None,
        }
    }

    /// What to do about not knowing.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            Self::NotMeasured => Some(
                "relaying was granted before the login: the server is an open relay, takes this \
                 address for one of its own, or remembers an earlier login from it; mend that, or \
                 wait, and run again",
            ),
            Self::Unknown(why) => Some(why.remedy()),
            Self::Granted | Self::NotGranted => None,
        }
    }
}

impl PopVerdict {
    /// What to say where it was asked for and is not known, with the words of the server.
    pub fn missing(&self, evidence: &Evidence) -> Option<String> {
        let (reason, remedy) = self.outcome.reason().zip(self.outcome.remedy())?;
        let said = self.said(evidence).map(|said| format!(" ({said})")).unwrap_or_default();
        Some(format!("{}: POP-before-SMTP is not known, {reason}{said}: {remedy}", evidence.target))
    }

    fn said(&self, evidence: &Evidence) -> Option<String> {
        if let PopOutcome::Unknown(PopReason::Login(_)) = self.outcome {
            let login = decisive(evidence.pop.as_ref()?)?;
            let failure = login.failure.as_ref().map(|failure| failure.text.clone());
            let said = |answer: &PopAnswer| match answer {
                PopAnswer::Positive(_) => None,
                PopAnswer::Negative(line) | PopAnswer::NotPop(line) => Some(line.to_string()),
                PopAnswer::Lost(loss) => Some(loss.to_string()),
            };
            let mut answers = login.exchanges.iter().rev().map(|exchange| &exchange.answer);
            return failure.or_else(|| answers.find_map(said));
        }
        Some(match &evidence.exchange_at(self.place?)?.answer {
            Answer::Reply(reply) => reply.to_string(),
            Answer::Lost(loss) => loss.to_string(),
        })
    }
}

/// The connection that shows best why there was no login.
fn decisive(pop: &PopBeforeSmtp) -> Option<&PopLogin> {
    let met = |login: &&PopLogin| login.end != PopEnd::NoConnection;
    pop.logins.iter().rev().find(met).or(pop.logins.last())
}

/// Judges what was asked about POP-before-SMTP; `None` where it was not. Pure: the same evidence
/// gives the same verdict.
pub fn pop_before_smtp(evidence: &Evidence) -> Option<PopVerdict> {
    let pop = evidence.pop.as_ref()?;
    let heard: Vec<_> = (0..pop.checks.len()).map(|number| heard(evidence, number)).collect();
    let all = || pop.checks.iter().zip(heard.iter().copied());
    let before = all().rfind(|(check, _)| check.after_ms.is_none());
    let after: Vec<_> = all().filter(|(check, _)| check.after_ms.is_some()).collect();
    let granted = after.iter().find(|(_, heard)| *heard == Some(Heard::Granted));
    let unknown = |why| (PopOutcome::Unknown(why), None);
    let (outcome, shown) = match before {
        None | Some((_, None)) => unknown(PopReason::Login(PopEnd::Stopped)),
        Some((check, Some(Heard::Granted))) => (PopOutcome::NotMeasured, check.place),
        Some((check, Some(Heard::Unknown(why)))) => (PopOutcome::Unknown(why), check.place),
        Some((_, Some(Heard::Refused | Heard::Unclear))) => match pop.login() {
            None => {
                let end = decisive(pop).map_or(PopEnd::Stopped, |login| login.end);
                unknown(PopReason::Login(end))
            }
            Some(login) if other_source(evidence, pop, login) => unknown(PopReason::OtherSource),
            Some(_) => match granted {
                Some((check, _)) => (PopOutcome::Granted, check.place),
                None => never_granted(pop, &after),
            },
        },
    };
    let window = (outcome == PopOutcome::Granted).then(|| {
        let unclear = before.is_some_and(|(_, heard)| heard == Some(Heard::Unclear));
        window(evidence, pop.login()?, &after, unclear)
    });
    let window = window.flatten();
    Some(PopVerdict { outcome, window, heard, place: shown })
}

/// Relaying was not granted after the login: that is a no only where each answer clearly was.
fn never_granted(
    pop: &PopBeforeSmtp,
    after: &[(&PopCheck, Option<Heard>)],
) -> (PopOutcome, Option<(usize, usize)>) {
    let not_refused = after.iter().find(|(_, heard)| *heard != Some(Heard::Refused));
    match (not_refused, after.last()) {
        (Some((check, Some(Heard::Unknown(why)))), _) => (PopOutcome::Unknown(*why), check.place),
        (Some((check, Some(_))), _) => {
            (PopOutcome::Unknown(PopReason::Undecided(Undecided::UnknownWording)), check.place)
        }
        (None, Some((check, _))) if pop.stopped.is_none() => (PopOutcome::NotGranted, check.place),
        (Some((_, None)) | None, _) => {
            (PopOutcome::Unknown(PopReason::Login(PopEnd::Stopped)), None)
        }
    }
}

/// True where a question came from another address than the login: the server then let in somebody
/// else.
fn other_source(evidence: &Evidence, pop: &PopBeforeSmtp, login: &PopLogin) -> bool {
    let source = |check: &PopCheck| Some(evidence.transcripts.get(check.place?.0)?.local.ip());
    let login = login.local.map(|local| local.ip());
    pop.checks.iter().filter_map(source).any(|source| Some(source) != login)
}

/// The server noticed the login between the sending of the password and its answer, and decided
/// between a question and its answer: so the truth lies between the bounds.
fn window(
    evidence: &Evidence,
    login: &PopLogin,
    after: &[(&PopCheck, Option<Heard>)],
    unclear_before: bool,
) -> Option<PopWindow> {
    let password = login.password()?.elapsed_ms;
    let last = after.iter().rposition(|(_, heard)| *heard == Some(Heard::Granted))?;
    let at_least = after.get(last)?.0.after_ms?.saturating_sub(password);
    let mut later = after.iter().skip(last);
    // A refusal without a word about relaying may be a ban, unless relaying was refused so before.
    let refused = later.find(|(_, heard)| match heard {
        Some(Heard::Refused) => true,
        Some(Heard::Unclear) => unclear_before,
        _ => false,
    });
    let below = refused.and_then(|(check, _)| {
        Some(check.after_ms? + evidence.exchange_at(check.place?)?.elapsed_ms)
    });
    Some(PopWindow { at_least, below })
}

impl PopWindow {
    /// Such as `for 28.4 s to 30.6 s`, or `for at least 60.0 s`.
    pub fn words(self) -> String {
        let seconds = |ms: u64| format!("{}.{} s", ms / 1000, ms % 1000 / 100);
        match self.below {
            Some(below) => format!("for {} to {}", seconds(self.at_least), seconds(below + 99)),
            None => format!("for at least {}", seconds(self.at_least)),
        }
    }
}

/// The finding of a server that lets in whoever shares the address of a login.
pub(super) fn finding(evidence: &Evidence) -> Option<Finding> {
    let verdict = pop_before_smtp(evidence)?;
    let window = verdict.window.filter(|_| verdict.outcome == PopOutcome::Granted)?;
    let pop = evidence.pop.as_ref()?;
    let mut notes = vec![
        "asked at RCPT only, before the login and after it, each time on a connection of its own"
            .to_owned(),
        "assumed: a login lengthens the window, and a question does not".to_owned(),
    ];
    if window.below.is_none() {
        let still = verdict.heard.last() == Some(&Some(Heard::Granted));
        let said = match still {
            true => "it was still granted when the last question was asked",
            false => "when it ended is not known: the last questions had no clear answer",
        };
        notes.push(format!("{said}; the time to keep asking was {} s", pop.window));
    }
    if pop.login()?.tls.is_none() {
        notes.push("the password went to the POP3 server in the clear".to_owned());
    }
    Some(Finding {
        id: catalogue::POP_BEFORE_SMTP,
        severity: catalogue::find(catalogue::POP_BEFORE_SMTP)?.severity,
        confidence: match window.below {
            Some(_) => Confidence::High,
            None => Confidence::Medium,
        },
        probe: None,
        summary: format!(
            "after a POP3 login, whoever comes from the same address may relay {}",
            window.words()
        ),
        notes,
        evidence: verdict.place,
        mark: "accepted after the login, refused before it".to_owned(),
        also: Vec::new(),
    })
}
