//! Evidence: all that one host was asked and all that it answered, enough to judge it again.

mod arrival;
mod form;
mod identity;
pub mod listing;
pub mod lookup;
pub mod matrix;
pub mod pop;
pub mod record;
mod text;
mod transcript;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use arrival::{Arrival, ArrivalReader, Handover, Report, TOKEN_LENGTH, TOKEN_PREFIX, is_token};
pub use form::{Context, Control, Envelope, Form, FormRole, Hello, SenderKind};
pub use identity::Identity;
pub use text::{read_transcript, write_transcript};
pub use transcript::{Answer, Certificate, Exchange, Loss, TlsFacts, Transcript};

use crate::probe::Profile;
use crate::target::Target;

/// Everything known of one host and port. Judging reads this and nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// What was audited.
    pub target: Target,
    /// Who asked, and with which addresses.
    pub identity: Identity,
    /// The auditor asserts that the connections come from outside.
    pub outside_asserted: bool,
    /// The names that the server gives itself, from greeting and EHLO, in lower case.
    pub server_names: Vec<String>,
    /// The service extensions of the first EHLO reply, upper case.
    pub extensions: Vec<String>,
    /// Those of the first EHLO reply inside TLS, where there was one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions_in_tls: Vec<String>,
    /// Every form that was planned, in the order of planning.
    pub forms: Vec<Form>,
    /// Probes, or instances of one, that could not be planned.
    pub not_planned: Vec<NotPlanned>,
    /// What became of the forms, in the order of asking.
    pub attempts: Vec<Attempt>,
    /// Every connection, in order.
    pub transcripts: Vec<Transcript>,
    /// Messages that were sent past RCPT.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<SentMessage>,
    /// What of them came to the canary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Arrival>,
    /// For how many seconds it was waited for; `None` where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<u64>,
    /// Connections that did not come about.
    pub dial_failures: Vec<DialFailure>,
    /// Why the course ended before its plan did.
    pub stopped: Option<Stop>,
    /// The profile that the host was asked with in the end, where the run chose it for each host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The relay matrix, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<matrix::Matrix>,
    /// POP-before-SMTP, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pop: Option<pop::PopBeforeSmtp>,
    /// How long it took, pauses and all. Known of the run at hand only.
    #[serde(skip)]
    pub took: Option<Duration>,
}

/// A probe that was not planned, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotPlanned {
    /// The probe's id.
    pub probe: String,
    /// Its short code.
    pub code: String,
    /// True for a gate probe.
    pub gate: bool,
    /// Why.
    pub why: Lacking,
}

/// What a probe would have needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lacking {
    /// A domain that the server takes mail for.
    LocalDomain,
    /// The auditor's own domain.
    AuditorDomain,
    /// A host name: the server gave none and none was given.
    TargetName,
    /// Nothing: with these identities it would send what another probe sends.
    Difference,
    /// A port of another role.
    Role,
    /// The address where mail for the canary's domain is taken.
    CanaryAddress,
    /// The user's wish: it was left out.
    Interest,
    /// The name that the auditor's address has in DNS.
    ClientName,
    /// A domain that the server may trust because of its name.
    Partner,
    /// A domain of the auditor's whose MX record names the server.
    MxDomain,
    /// A service extension that the server does not offer.
    Extension,
    /// The user's consent to claim another client's address.
    ClaimedAddress,
}

/// One asking of one form: where its deciding answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Index into [`Evidence::forms`].
    pub form: usize,
    /// When in the course.
    pub pass: Pass,
    /// Index into [`Evidence::transcripts`].
    pub transcript: usize,
    /// Index of the deciding exchange in it.
    pub exchange: usize,
}

impl Attempt {
    /// True for one that decides its form unless a later one does: it was neither a confirmation nor
    /// went past RCPT.
    pub fn decides(&self) -> bool {
        !matches!(self.pass, Pass::Confirm | Pass::Message)
    }
}

/// The passes of a host's course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pass {
    /// All forms.
    First,
    /// Deferred forms again, with the same envelope.
    Retry,
    /// Accepted forms again, alone on a fresh connection.
    Confirm,
    /// Accepted forms with a whole message.
    Message,
    /// The plain foreign recipient once more, at the end.
    End,
}

/// A message that was sent past RCPT, by the form that let it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// Index into [`Evidence::forms`].
    pub form: usize,
    /// What it carries, and what to look for at the canary.
    pub token: String,
    /// The message as it was sent, header and body.
    pub text: String,
}

/// A connection that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialFailure {
    /// The kind.
    pub kind: DialFault,
    /// The system's words.
    pub text: String,
}

/// Why a connection did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DialFault {
    /// Nothing listens on the port.
    Refused,
    /// No answer in time.
    Timeout,
    /// No way to the address, as the network says.
    Unreachable,
    /// Our own machine could not: no source address, no route, no file descriptor.
    Local,
    /// The address is not in the declared scope.
    OutOfScope,
}

/// Why a course ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The user interrupted the run.
    Interrupted,
    /// The deadline of the host passed.
    Deadline,
    /// The cap on connections was reached.
    ConnectionCap,
    /// The replies of all connections together passed a cap.
    TooMuchSaid,
    /// Three connections in a row brought no answer.
    NoProgress,
    /// The connection could not be made again.
    DialFailed,
    /// The job failed inside this program.
    Internal,
}

impl Evidence {
    /// The empty evidence of a host that is about to be asked.
    pub fn new(target: Target, identity: Identity, outside_asserted: bool) -> Self {
        Self {
            target,
            identity,
            outside_asserted,
            server_names: Vec::new(),
            extensions: Vec::new(),
            extensions_in_tls: Vec::new(),
            forms: Vec::new(),
            not_planned: Vec::new(),
            attempts: Vec::new(),
            transcripts: Vec::new(),
            messages: Vec::new(),
            arrivals: Vec::new(),
            awaited: None,
            dial_failures: Vec::new(),
            stopped: None,
            profile: None,
            matrix: None,
            pop: None,
            took: None,
        }
    }

    /// The exchange that an attempt points to.
    pub fn exchange(&self, attempt: &Attempt) -> Option<&Exchange> {
        self.transcripts.get(attempt.transcript)?.exchanges.get(attempt.exchange)
    }

    /// True when on the connection of an attempt a reply too many came to light behind it, or one too
    /// few in its group: its answer may then be another's.
    pub fn is_doubtful(&self, attempt: &Attempt) -> bool {
        self.is_doubtful_at((attempt.transcript, attempt.exchange))
    }

    /// The same of an exchange of a transcript.
    pub fn is_doubtful_at(&self, (transcript, exchange): (usize, usize)) -> bool {
        self.transcripts.get(transcript).is_some_and(|transcript| transcript.is_doubtful(exchange))
    }

    /// The attempt that decides a form: the newest one that was neither a confirmation nor went
    /// past RCPT.
    pub fn deciding(&self, form: usize) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| attempt.form == form && attempt.decides())
    }

    /// The attempt to send a message by a form, and the message.
    pub fn message(&self, form: usize) -> Option<(&Attempt, &SentMessage)> {
        let sent = self.messages.iter().find(|message| message.form == form)?;
        let attempt = self.attempts.iter().rev();
        let attempt = attempt.into_iter().find(|a| a.form == form && a.pass == Pass::Message)?;
        Some((attempt, sent))
    }

    /// The confirmation of a form, if there was one.
    pub fn confirmation(&self, form: usize) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|a| a.form == form && a.pass == Pass::Confirm)
    }

    /// True where the server's EHLO lists a service extension, in the clear or inside TLS.
    pub fn offers(&self, keyword: &str) -> bool {
        self.extensions.iter().chain(&self.extensions_in_tls).any(|known| known == keyword)
    }

    /// The name to show and to greet with: the server's own, else the one it was found by.
    pub fn server_name(&self) -> Option<&str> {
        self.server_names.first().map(String::as_str).or_else(|| self.target.name())
    }
}
