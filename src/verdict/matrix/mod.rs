//! The relay matrix judged: for each client, sender and recipient what is expected and what the
//! server does.

mod cell;
mod findings;

use crate::evidence::Evidence;
use crate::evidence::matrix::{CellKey, Client, Expected, Gap, MatrixRow, Recipient, Sender};
use crate::target::Role;

use super::Undecided;
use super::outcome::NotRun;

pub(super) use findings::findings;

/// The matrix of one host, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixVerdict {
    /// The rows, in the order of asking.
    pub rows: Vec<RowVerdict>,
}

/// What one client may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowVerdict {
    /// The client.
    pub client: Client,
    /// Why the row was not asked.
    pub gap: Option<Gap>,
    /// The exchange that the row begins with, or that shows why there is none.
    pub place: Option<(usize, usize)>,
    /// The six cells.
    pub cells: Vec<CellVerdict>,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellVerdict {
    /// Which.
    pub key: CellKey,
    /// What is expected.
    pub expected: Expected,
    /// True where the user said so.
    pub by_user: bool,
    /// What the server does.
    pub observed: Observed,
    /// The exchange that decides it.
    pub place: Option<(usize, usize)>,
}

/// What a server does with the mail of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It took the recipient.
    Accepted,
    /// It said no.
    Refused,
    /// It wants a login first.
    AuthRequired,
    /// It said "not now".
    Deferred,
    /// It was asked and nothing was learned.
    Unknown(Undecided),
    /// It was not asked.
    NotTested(NotTested),
}

/// Why a cell was not tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTested {
    /// A value was missing.
    Lacking(crate::evidence::Lacking),
    /// The client could not ask.
    Gap(Gap),
}

/// All gaps.
pub(crate) const GAPS: [Gap; 6] = [
    Gap::NoConnection,
    Gap::NoGreeting,
    Gap::NoTls,
    Gap::AuthNotOffered,
    Gap::AuthFailed,
    Gap::Stopped,
];

impl NotTested {
    /// All that are not about what was not given.
    pub fn gaps() -> impl Iterator<Item = Self> {
        GAPS.into_iter().map(Self::Gap)
    }

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
            Self::Lacking(lacking) => {
                let why = NotRun::Lacking(lacking);
                (why.as_str(), why.remedy())
            }
            Self::Gap(Gap::NoConnection) => (
                "no-connection",
                "no connection came about: check that the server can be reached from the source \
                 address",
            ),
            Self::Gap(Gap::NoGreeting) => (
                "no-greeting",
                "the server did not greet, or did not take our greeting: look into its log",
            ),
            Self::Gap(Gap::NoTls) => (
                "no-tls",
                "there was no TLS, and without it no login is tried: mend STARTTLS, or agree to a \
                 login in the clear with --auth-in-clear",
            ),
            Self::Gap(Gap::AuthNotOffered) => (
                "auth-not-offered",
                "the server offers no login that we know (SCRAM-SHA-256, PLAIN, LOGIN), or not the \
                 one that the credentials name",
            ),
            Self::Gap(Gap::AuthFailed) => {
                ("auth-failed", "the login was refused: check the credentials file")
            }
            Self::Gap(Gap::Stopped) => ("stopped", "the course of the host ended first: run again"),
        }
    }
}

impl Observed {
    /// The word of the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::AuthRequired => "auth-required",
            Self::Deferred => "deferred",
            Self::Unknown(_) => "unknown",
            Self::NotTested(_) => "not-tested",
        }
    }

    /// The reason word of the report.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Unknown(why) => Some(why.as_str()),
            Self::NotTested(why) => Some(why.as_str()),
            Self::Accepted | Self::Refused | Self::AuthRequired | Self::Deferred => None,
        }
    }

    /// True where the server does not take the mail.
    pub fn is_no(self) -> bool {
        matches!(self, Self::Refused | Self::AuthRequired)
    }
}

impl CellVerdict {
    /// True where the server clearly does what is not expected. What is not known is no mismatch.
    pub fn is_mismatch(&self) -> bool {
        match self.expected {
            Expected::Yes => self.observed.is_no(),
            Expected::No => self.observed == Observed::Accepted,
            Expected::Any => false,
        }
    }
}

impl MatrixVerdict {
    /// The cell with this key, where its client was asked for.
    pub fn cell(
        &self,
        client: Client,
        sender: Sender,
        recipient: Recipient,
    ) -> Option<&CellVerdict> {
        let key = CellKey { client, sender, recipient };
        self.rows.iter().flat_map(|row| &row.cells).find(|cell| cell.key == key)
    }

    /// How many cells are not as expected.
    pub fn mismatches(&self) -> usize {
        self.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.is_mismatch()).count()
    }

    /// The rows that the user asked for and that are not known, with what to say about each. That a
    /// port offers no login is an answer.
    pub fn missing(&self, evidence: &Evidence) -> Vec<String> {
        let missing = |row: &RowVerdict| {
            let gap = row.gap.filter(|gap| *gap != Gap::AuthNotOffered)?;
            let said = row.place.and_then(|place| evidence.exchange_at(place));
            let said = said.map(|exchange| match &exchange.answer {
                crate::evidence::Answer::Reply(reply) => format!(" ({reply})"),
                crate::evidence::Answer::Lost(loss) => format!(" ({loss})"),
            });
            let (client, why) = (row.client.as_str(), NotTested::Gap(gap));
            let (word, remedy) = (why.as_str(), why.remedy());
            let said = said.unwrap_or_default();
            Some(format!(
                "{}: the matrix row `{client}` is not tested, {word}{said}: {remedy}",
                evidence.target
            ))
        };
        self.rows.iter().filter_map(missing).collect()
    }
}

/// Judges the matrix of a host; `None` where it was not asked for. Pure: the same evidence gives
/// the same verdict.
pub fn matrix(evidence: &Evidence) -> Option<MatrixVerdict> {
    let matrix = evidence.matrix.as_ref()?;
    let reader = cell::Reader::new(evidence, matrix);
    let row = |row: &MatrixRow| {
        let cells = row.cells.iter().map(|cell| {
            let key = row.key(cell);
            let wish = matrix.expected.iter().rev().find(|(known, _)| *known == key);
            CellVerdict {
                key,
                expected: wish.map_or_else(
                    || by_default(key, evidence.target.role()),
                    |(_, expected)| *expected,
                ),
                by_user: wish.is_some(),
                observed: reader.observed(row, cell),
                place: cell.place,
            }
        });
        let cells = cells.collect();
        RowVerdict { client: row.client, gap: row.gap, place: row.place, cells }
    };
    Some(MatrixVerdict { rows: matrix.rows.iter().map(row).collect() })
}

/// What is expected where the user says nothing.
fn by_default(key: CellKey, role: Role) -> Expected {
    match (key.client, key.sender, key.recipient) {
        // RFC 6409 section 4.3: a submission port is for those who log in.
        (Client::Foreign, _, _) if role == Role::Submission => Expected::No,
        (Client::Foreign, _, Recipient::Foreign) => Expected::No,
        (Client::Foreign, Sender::Local, Recipient::Local) => Expected::No,
        (Client::Foreign, Sender::Foreign | Sender::Null, Recipient::Local) => Expected::Yes,
        (Client::Trusted, _, _) => Expected::Yes,
        (Client::Authenticated, Sender::Local, _) => Expected::Yes,
        (Client::Authenticated, Sender::Foreign, Recipient::Foreign) => Expected::No,
        (Client::Authenticated, _, _) => Expected::Any,
    }
}
