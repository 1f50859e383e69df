//! Why a host is judged as it is, in the words of a closed list.

use crate::evidence::{Answer, DialFault, Evidence, Lacking, Loss, Stop};
use crate::smtp::{Phase, ReplyFault};

use super::{NotRun, Outcome, Undecided};

/// One reason, in the words of a closed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The word of the report.
    pub code: &'static str,
    /// What it means here.
    pub text: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
    /// The codes of the probes that it stands for.
    pub probes: Vec<String>,
    /// Transcript and exchange that show it best.
    pub evidence: Option<(usize, usize)>,
}

impl Reason {
    pub(super) fn new(code: &'static str, text: &str, remedy: &str) -> Self {
        let (text, remedy) = (text.to_owned(), remedy.to_owned());
        Self { code, text, remedy, probes: Vec::new(), evidence: None }
    }

    pub(super) fn undecided(why: Undecided) -> Self {
        Self::new(why.as_str(), why.meaning(), why.remedy())
    }

    pub(super) fn stopped(stop: Stop) -> Self {
        let why = NotRun::Stopped(stop);
        Self::new(why.as_str(), "the course of this host ended before its plan did", why.remedy())
    }

    /// The reason where TLS came about and the server asks for it, or for more of it, all the same.
    pub(super) fn more_tls() -> Self {
        Self::new(
            "tls-required",
            "the server asks for TLS inside TLS too: it may want a certificate of the client, or \
             stronger ciphers than were agreed on",
            "look into the server's rules for what it wants of TLS, and audit from where it wants \
             nothing more",
        )
    }

    /// The reason why an outcome keeps a host from being called closed; `None` where it does not.
    pub(super) fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Inconclusive(why) => Some(Self::undecided(why)),
            Outcome::NotRun(NotRun::Stopped(stop)) => Some(Self::stopped(stop)),
            Outcome::Deferred => Some(Self::new(
                "deferred",
                "the server said \"not now\" again after the retry: that is no refusal to relay",
                "run again with --greylist-wait SECONDS, as long as the server's words ask for",
            )),
            Outcome::TlsRequired => Some(Self::new(
                "tls-required",
                "the server answers only inside TLS, and TLS did not come about",
                "look into the server's log for the reason; TLS 1.2 and 1.3 are spoken here",
            )),
            Outcome::NotRun(why @ NotRun::Lacking(Lacking::Interest)) => {
                Some(Self::new(why.as_str(), "relaying was left out of this audit", why.remedy()))
            }
            Outcome::NotRun(NotRun::Lacking(_) | NotRun::NoTls | NotRun::Unreachable)
            | Outcome::AuthRequired
            | Outcome::Refused(_)
            | Outcome::AcceptedRecipient
            | Outcome::Delivered => None,
            Outcome::AcceptedMessage => Some(Self::new(
                "not-arrived",
                "the server took a whole message for a stranger's mailbox, and nothing shows that \
                 it arrived: discarded, delayed, or swallowed by a trap",
                "look into the server's queue and log for the token; if the message arrives later, \
                 mxaudit confirm judges again",
            )),
        }
    }
}

/// Why the host is called unreachable, if nothing on it spoke SMTP.
pub(super) fn no_smtp(evidence: &Evidence) -> Option<Reason> {
    let greetings = evidence.transcripts.iter().filter_map(|transcript| {
        let mut exchanges = transcript.exchanges.iter();
        let first = exchanges.find(|e| matches!(e.phase, Phase::Greeting | Phase::Handshake))?;
        Some(&first.answer)
    });
    let mut answers: Vec<_> = greetings.collect();
    let speaks = |answer: &&Answer| match answer {
        Answer::Reply(_) => true,
        Answer::Lost(Loss::Fault(fault)) => !matches!(fault, ReplyFault::NotAReply { .. }),
        Answer::Lost(Loss::Timeout { got, .. }) => begins_like_a_reply(got.as_bytes()),
        Answer::Lost(Loss::Closed | Loss::Reset | Loss::Handshake { .. }) => false,
    };
    if answers.iter().any(speaks) {
        return None;
    }
    let reason = |code, text: &str, remedy| Some(Reason::new(code, text, remedy));
    if let Some(Answer::Lost(loss)) = answers.pop() {
        let remedy = "check that a mail server listens on this port and talks to this address";
        return match loss {
            Loss::Fault(fault) => reason("not-smtp", &fault.to_string(), remedy),
            Loss::Handshake { .. } => reason(
                "tls-failed",
                &loss.to_string(),
                "check that this port speaks TLS at once, version 1.2 or 1.3",
            ),
            Loss::Timeout { .. } => reason("no-greeting", &loss.to_string(), remedy),
            Loss::Closed | Loss::Reset => reason("no-greeting", &loss.to_string(), remedy),
        };
    }
    if let Some(failure) = evidence.dial_failures.last() {
        let (code, remedy) = match failure.kind {
            DialFault::Refused => (
                "connection-refused",
                "check the port: nothing listens there, or a firewall refuses",
            ),
            DialFault::Timeout => {
                ("connect-timeout", "check the address, and that no firewall drops the connection")
            }
            DialFault::Unreachable => ("no-route", "check the address and this machine's routes"),
            DialFault::Local => (
                "local-fault",
                "mend this machine: --source must be its own address, and a route must lead there",
            ),
            DialFault::OutOfScope => ("out-of-scope", "add the address to the scope file"),
        };
        return reason(code, &failure.text, remedy);
    }
    // Nothing was tried: that is not the host's fault.
    evidence
        .stopped
        .is_none()
        .then(|| Reason::new("not-tried", "no connection was tried", "run again"))
}

/// True for the first bytes of a reply that may still come: `2`, `22`, `220`, `220-…`.
fn begins_like_a_reply(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let code = matches!(bytes.first(), Some(b'2' | b'4' | b'5'));
    code && match bytes.get(digits) {
        None => digits <= 3,
        Some(next) => digits == 3 && matches!(next, b' ' | b'-' | b'\r'),
    }
}
