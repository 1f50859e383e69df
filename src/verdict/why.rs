//! The words for what was not learned and not asked: of the report, what they mean, and what to do.

use crate::evidence::{Lacking, Stop};

use super::{NotRun, Undecided};

impl Undecided {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Blocked,
        Self::CanaryMaybeLocal,
        Self::ConnectionLost,
        Self::HeloRefused,
        Self::LocalControl,
        Self::NoLocalUser,
        Self::NotAnswered,
        Self::PeerFault,
        Self::RecipientVerification,
        Self::ScriptedSink,
        Self::SenderRefused,
        Self::Throttled,
        Self::Timeout,
        Self::UnknownWording,
        Self::VantageInside,
    ];

    /// The reason word of the report.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What it means for this host, one sentence.
    pub fn meaning(self) -> &'static str {
        self.words().1
    }

    /// What to do about it, one sentence.
    pub fn remedy(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Blocked => (
                "blocked",
                "the server refuses our address or our name, whatever is asked: a block says \
                 nothing about relaying",
                "audit from an address that the server does not block, or have it lift the block \
                 for the time of the audit",
            ),
            Self::CanaryMaybeLocal => (
                "canary-maybe-local",
                "the server's own name is inside the recipient's domain, so it may take that mail \
                 by right",
                "name a domain that the server's name is not in, with --auditor-domain or --canary, \
                 or as mx_domain in mxaudit.toml",
            ),
            Self::ConnectionLost => (
                "connection-lost",
                "the connection ended before the answer, twice",
                "look into the server's log for the reason; run again later, from another address \
                 if it has banned this one",
            ),
            Self::HeloRefused => (
                "helo-refused",
                "the server refuses the name that we greet with",
                "give a name that resolves to your address with --helo",
            ),
            Self::LocalControl => (
                "local-control",
                "the server takes any recipient of this form, a random user's too, or did not say: \
                 it may deliver to itself, so acceptance proves nothing yet",
                "only delivery can tell; look into the server's queue and log for the recipient \
                 shown",
            ),
            Self::NoLocalUser => (
                "no-local-user",
                "only postmaster is accepted, and the refusal does not say why: it may be aimed at \
                 us",
                "name a mailbox that exists with --local-user",
            ),
            Self::NotAnswered => {
                ("not-answered", "the course ended before this form was answered", "run again")
            }
            Self::PeerFault => (
                "peer-fault",
                "the server's answer is not a valid SMTP reply",
                "look at what answers on this port; proxies and inspecting firewalls do this",
            ),
            Self::RecipientVerification => (
                "recipient-verification",
                "the server says that the foreign mailbox does not exist: it may have been willing \
                 to relay and asked the other side first",
                "give a canary mailbox that exists with --canary",
            ),
            Self::ScriptedSink => (
                "scripted-sink",
                "the server accepts RCPT before MAIL, as no mail server does: it says yes to \
                 everything",
                "audit the mail server itself, past the trap or proxy that answers in its place",
            ),
            Self::SenderRefused => (
                "sender-refused",
                "the server refuses our sender, so the recipient was never judged",
                "give an auditor's domain that resolves and may send from here with \
                 --auditor-domain",
            ),
            Self::Throttled => (
                "throttled",
                "the server complains about too many errors or connections",
                "run again later, or exempt the auditor's address from the limits",
            ),
            Self::Timeout => (
                "timeout",
                "no complete reply came in time",
                "run again with a longer --reply-timeout, or --greeting-timeout if it was the greeting",
            ),
            Self::UnknownWording => (
                "unknown-wording",
                "the refusal does not say why, and the server's own users were not answered \
                 differently",
                "name a mailbox that exists with --local-domain and --local-user, so that the two \
                 can be compared",
            ),
            Self::VantageInside => (
                "vantage-inside",
                "we connect from inside, where every mail server relays by design",
                "run from an address outside, or pass --vantage outside if this one is treated \
                 as a stranger's",
            ),
        }
    }
}

impl NotRun {
    /// The reason word of the report.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What it means, and the remedy.
    pub fn remedy(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Lacking(Lacking::LocalDomain) => {
                ("no-local-domain", "name a domain that the server takes mail for: --local-domain")
            }
            Self::Lacking(Lacking::AuditorDomain) => (
                "no-auditor-domain",
                "name a domain of your own, foreign to the server: --auditor-domain",
            ),
            Self::Lacking(Lacking::TargetName) => (
                "no-target-name",
                "the server gives no host name: name it as the target instead of its address",
            ),
            Self::Lacking(Lacking::Interest) => {
                ("skipped", "it was left out with --only or --skip")
            }
            Self::Lacking(Lacking::CanaryAddress) => (
                "no-canary-address",
                "say where mail for the canary's domain is taken: --canary-address",
            ),
            Self::Lacking(Lacking::ClientName) => (
                "no-client-name",
                "give the name that your address has in DNS: client_name below [auditor] in mxaudit.toml",
            ),
            Self::Lacking(Lacking::Partner) => (
                "no-partner",
                "name domains that the server may trust by name: partners below [local] in mxaudit.toml",
            ),
            Self::Lacking(Lacking::MxDomain) => (
                "no-mx-domain",
                "give a domain of yours whose MX record names the server and that it does not know: mx_domain below [local] in mxaudit.toml",
            ),
            Self::Lacking(Lacking::Extension) => (
                "not-offered",
                "the server does not offer the service extension that this is about",
            ),
            Self::Lacking(Lacking::ClaimedAddress) => (
                "no-claimed-address",
                "say which client address to claim where XCLIENT is offered: --xclient ADDR",
            ),
            Self::NoTls => (
                "tls-failed",
                "STARTTLS is offered and TLS does not come about; look into the server's log, and \
                 mend its certificate or its protocol versions (1.2 and 1.3 are spoken here)",
            ),
            Self::Lacking(Lacking::Difference) => (
                "same-envelope",
                "with these identities another probe sends the same; a --canary in a domain other than the auditor's makes them differ",
            ),
            Self::Lacking(Lacking::Role) => ("role", "this probe is for ports of another role"),
            Self::Stopped(Stop::Interrupted) => ("interrupted", "run again"),
            Self::Stopped(Stop::Deadline) => {
                ("deadline", "run again with a longer --host-deadline")
            }
            Self::Stopped(Stop::ConnectionCap) => (
                "connection-cap",
                "the server ends its connections so early that the plan does not fit; raise its limits for the auditor's address",
            ),
            Self::Stopped(Stop::TooMuchSaid) => (
                "too-much-said",
                "the server's replies are many times longer than those of others; look into what answers there",
            ),
            Self::Stopped(Stop::NoProgress) => (
                "no-progress",
                "three connections in a row ended without an answer; look into the server's log",
            ),
            Self::Stopped(Stop::DialFailed) => (
                "connection-lost",
                "the server stopped taking connections from us; run again later",
            ),
            Self::Stopped(Stop::Internal) => ("internal", "a fault of mxaudit; please report it"),
            Self::Unreachable => {
                ("unreachable", "check address and port, and that a mail server listens there")
            }
        }
    }
}
