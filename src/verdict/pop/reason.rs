//! Why nothing is known of POP-before-SMTP, and what to do about it.

use crate::evidence::matrix::Gap;
use crate::evidence::pop::PopEnd;
use crate::verdict::{NotTested, Undecided};

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

impl PopReason {
    /// Those that are about POP-before-SMTP alone.
    pub fn own() -> impl Iterator<Item = Self> {
        let failed = POP_ENDS.into_iter().filter(|end| *end != PopEnd::LoggedIn);
        failed.map(Self::Login).chain([Self::OtherSource])
    }

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
            Self::Gap(Gap::NoTls) => (
                "no-tls",
                "the mail server wants TLS before it answers, and TLS did not come about: mend STARTTLS \
                 there",
            ),
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
