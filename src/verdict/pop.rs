//! POP-before-SMTP judged: whether a POP3 login opens the server to our address, and for how long.

use crate::evidence::matrix::Gap;
use crate::evidence::pop::{PopAnswer, PopBeforeSmtp, PopCheck, PopEnd, PopLogin};
use crate::evidence::{Answer, Evidence, Loss};
use crate::finding::{Confidence, Finding, catalogue};
use crate::smtp::{Phase, Reply, Severity};
use crate::target::Role;

use super::form::names_of;
use super::wording::Class;
use super::{NotTested, Undecided};

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

/// How the answer to one check reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The recipient was accepted.
    Granted,
    /// Relaying was refused.
    Refused,
    /// The recipient was refused for good, without a word about relaying.
    Unclear,
    /// Nothing was learned.
    Unknown(PopReason),
}

/// Why nothing was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopReason {
    /// The mail server could not be asked.
    Gap(Gap),
    /// The mail server said "not now".
    Deferred,
    /// The mail server's answer says nothing.
    Undecided(Undecided),
    /// The login did not come about.
    Login(PopEnd),
    /// The login came from another address than the questions.
    OtherSource,
}

/// Every way in which a login can end.
pub(crate) const POP_ENDS: [PopEnd; 7] = [
    PopEnd::LoggedIn,
    PopEnd::NoConnection,
    PopEnd::NoGreeting,
    PopEnd::NoTls,
    PopEnd::Refused,
    PopEnd::Lost,
    PopEnd::Stopped,
];

impl Heard {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "accepted",
            Self::Refused | Self::Unclear => "refused",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The reason word of the report.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Unknown(why) => Some(why.as_str()),
            Self::Granted | Self::Refused | Self::Unclear => None,
        }
    }
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

impl PopReason {
    /// What stands for a check whose answer is not there.
    pub(crate) const NOT_ANSWERED: Self = Self::Undecided(Undecided::NotAnswered);

    /// The reason word of the report.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Gap(gap) => {
                let why = NotTested::Gap(gap);
                (why.as_str(), why.remedy())
            }
            Self::Deferred => (
                "deferred",
                "the mail server puts our recipient off: run again later, or exempt the auditor's \
                 address from its greylist",
            ),
            Self::Undecided(why) => (why.as_str(), why.remedy()),
            Self::OtherSource => (
                "other-source",
                "the POP3 login came from another address than the questions: name one address for \
                 both with --source",
            ),
            Self::Login(end) => match end {
                PopEnd::NoConnection => (
                    "pop-no-connection",
                    "no connection to the POP3 server came about: name it with --pop-server and \
                     --pop-port",
                ),
                PopEnd::NoGreeting => (
                    "pop-no-greeting",
                    "what answers on that port does not greet as a POP3 server does: name server \
                     and port with --pop-server and --pop-port",
                ),
                PopEnd::NoTls => (
                    "pop-no-tls",
                    "there was no TLS with the POP3 server, and without it no login is tried: mend \
                     STLS or the certificate, or agree to a login in the clear with \
                     --auth-in-clear",
                ),
                PopEnd::Refused => (
                    "pop-login-refused",
                    "the POP3 server refused the login: check the file of --pop-credentials",
                ),
                PopEnd::Lost => (
                    "pop-connection-lost",
                    "the connection to the POP3 server ended before the login did: look into its \
                     log",
                ),
                PopEnd::Stopped => ("stopped", "the course of the host ended first: run again"),
                PopEnd::LoggedIn => ("logged-in", ""),
            },
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

/// How the answer to check `number` reads; `None` where it is not there.
pub fn heard(evidence: &Evidence, number: usize) -> Option<Heard> {
    let check = evidence.pop.as_ref()?.checks.get(number)?;
    if let Some(gap) = check.gap {
        return Some(Heard::Unknown(PopReason::Gap(gap)));
    }
    let exchange = evidence.exchange_at(check.place?)?;
    let undecided = |why| Heard::Unknown(PopReason::Undecided(why));
    Some(match &exchange.answer {
        Answer::Lost(loss) => undecided(match loss {
            Loss::Closed | Loss::Reset | Loss::Handshake { .. } => Undecided::ConnectionLost,
            Loss::Timeout { .. } => Undecided::Timeout,
            Loss::Fault(_) => Undecided::PeerFault,
        }),
        Answer::Reply(reply) => match exchange.phase {
            Phase::Mail | Phase::Rcpt => by_reply(evidence, reply, exchange.phase),
            _ => undecided(Undecided::ConnectionLost),
        },
    })
}

fn by_reply(evidence: &Evidence, reply: &Reply, phase: Phase) -> Heard {
    let undecided = |why| Heard::Unknown(PopReason::Undecided(why));
    let transient = reply.severity() == Severity::Transient;
    let wants_a_login = || evidence.target.role() == Role::Submission && evidence.offers("AUTH");
    match names_of(evidence).classify(reply, phase) {
        Class::Accepted if phase == Phase::Rcpt => Heard::Granted,
        Class::Accepted => undecided(Undecided::NotAnswered),
        Class::RelayDenied | Class::AuthNeeded => Heard::Refused,
        Class::ClientRefused if !transient && wants_a_login() => Heard::Refused,
        Class::TlsNeeded => Heard::Unknown(PopReason::Gap(Gap::NoTls)),
        Class::Throttled => undecided(Undecided::Throttled),
        Class::Deferred => Heard::Unknown(PopReason::Deferred),
        Class::Listed | Class::ClientRefused => undecided(Undecided::Blocked),
        Class::HeloRefused => undecided(Undecided::HeloRefused),
        Class::SenderRefused => undecided(Undecided::SenderRefused),
        Class::Odd | Class::Sequence => undecided(Undecided::PeerFault),
        _ if transient => Heard::Unknown(PopReason::Deferred),
        _ if phase == Phase::Mail => undecided(Undecided::SenderRefused),
        Class::UnknownUser
        | Class::UnknownDomain
        | Class::Unverified
        | Class::MailboxUnavailable => undecided(Undecided::RecipientVerification),
        Class::Denied
        | Class::InvalidRecipient
        | Class::Content
        | Class::Syntax
        | Class::Unworded => Heard::Unclear,
    }
}

/// Judges what was asked about POP-before-SMTP; `None` where it was not. Pure: the same evidence
/// gives the same verdict.
pub fn pop_before_smtp(evidence: &Evidence) -> Option<PopVerdict> {
    let pop = evidence.pop.as_ref()?;
    let heard: Vec<_> = (0..pop.checks.len()).map(|number| heard(evidence, number)).collect();
    let all = || pop.checks.iter().zip(heard.iter().copied());
    let before = all().filter(|(check, _)| check.after_ms.is_none()).last();
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
    let window =
        (outcome == PopOutcome::Granted).then(|| window(evidence, pop.login()?, &after)).flatten();
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
) -> Option<PopWindow> {
    let password = login.password()?.elapsed_ms;
    let last = after.iter().rposition(|(_, heard)| *heard == Some(Heard::Granted))?;
    let at_least = after.get(last)?.0.after_ms?.saturating_sub(password);
    let mut later = after.iter().skip(last);
    let refused = later.find(|(_, heard)| matches!(heard, Some(Heard::Refused | Heard::Unclear)));
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
        notes.push(format!(
            "it was still granted when the last question was asked; the time to keep asking was \
             {} s",
            pop.window
        ));
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
