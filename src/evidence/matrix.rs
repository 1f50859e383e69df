//! The relay matrix: which client may send as whom and to whom, and where the answers stand.

use serde::{Deserialize, Serialize};

use crate::smtp::WireText;

use super::{Evidence, Exchange, Lacking};

/// Who is connected.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// A stranger.
    Foreign,
    /// A client with an address that the server trusts.
    Trusted,
    /// A client that has logged in.
    Authenticated,
}

/// Whose the reverse-path of a cell is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// The auditor's, foreign to the server.
    Foreign,
    /// One of the server's own users; for a client that has logged in, the account's own.
    Local,
    /// The null reverse-path.
    Null,
}

/// Whose the forward-path of a cell is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// The canary's, foreign to the server.
    Foreign,
    /// One of the server's own users.
    Local,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Foreign, Self::Trusted, Self::Authenticated];

    /// The word of the report and of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Trusted => "trusted",
            Self::Authenticated => "authenticated",
        }
    }
}

impl Sender {
    /// All of them, in the order of asking.
    pub const ALL: [Self; 3] = [Self::Foreign, Self::Local, Self::Null];

    /// The word of the report and of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Local => "local",
            Self::Null => "null",
        }
    }
}

impl Recipient {
    /// Both. The foreign one is asked first: behind a recipient of its own, a server may say yes to
    /// any.
    pub const ALL: [Self; 2] = [Self::Foreign, Self::Local];

    /// The word of the report and of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Local => "local",
        }
    }
}

/// What the user wants of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The server takes the mail.
    Yes,
    /// The server refuses the mail.
    No,
    /// Either is right.
    Any,
}

impl Expected {
    /// The word of the report and of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Any => "any",
        }
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellKey {
    /// Who is connected.
    pub client: Client,
    /// Whose the reverse-path is.
    pub sender: Sender,
    /// Whose the forward-path is.
    pub recipient: Recipient,
}

/// Why nothing of a row was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// No connection came about.
    NoConnection,
    /// The greeting, or ours, was refused or lost.
    NoGreeting,
    /// The server wants TLS, or the login does, and there was none.
    NoTls,
    /// The server offers no login that we can use.
    AuthNotOffered,
    /// The server refused the login.
    AuthFailed,
    /// The course of the host ended first.
    Stopped,
}

/// The matrix of one host, as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// The rows, in the order of asking.
    pub rows: Vec<MatrixRow>,
    /// What the user wants otherwise than the rules say.
    #[serde(default)]
    pub expected: Vec<(CellKey, Expected)>,
}

/// What one client was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixRow {
    /// The client.
    pub client: Client,
    /// The mechanism that it logged in with, or tried to.
    #[serde(default)]
    pub mechanism: Option<String>,
    /// Why the row was not asked.
    #[serde(default)]
    pub gap: Option<Gap>,
    /// The exchange that shows why; of a row that was asked, the one that it begins with.
    #[serde(default)]
    pub place: Option<(usize, usize)>,
    /// The six cells.
    pub cells: Vec<MatrixCell>,
}

/// What one envelope was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixCell {
    /// Whose the reverse-path is.
    pub sender: Sender,
    /// Whose the forward-path is.
    pub recipient: Recipient,
    /// The paths without brackets, or what they would have needed.
    pub envelope: Result<(WireText, WireText), Lacking>,
    /// Transcript and exchange that decide it.
    #[serde(default)]
    pub place: Option<(usize, usize)>,
}

impl Matrix {
    /// The row of a client.
    pub fn row(&self, client: Client) -> Option<&MatrixRow> {
        self.rows.iter().find(|row| row.client == client)
    }

    /// The places that decide cells, and of which.
    pub fn places(&self) -> impl Iterator<Item = (CellKey, (usize, usize))> {
        self.rows.iter().flat_map(|row| {
            let place = |cell: &MatrixCell| Some((row.key(cell), cell.place?));
            row.cells.iter().filter_map(place)
        })
    }

    /// The cell with this key, to note where it is decided.
    pub fn cell_mut(&mut self, key: CellKey) -> Option<&mut MatrixCell> {
        let row = self.rows.iter_mut().find(|row| row.client == key.client)?;
        let is_it =
            |cell: &&mut MatrixCell| (cell.sender, cell.recipient) == (key.sender, key.recipient);
        row.cells.iter_mut().find(is_it)
    }

    /// The same without any place.
    pub(super) fn without_places(mut self) -> Self {
        for row in &mut self.rows {
            row.place = None;
            for cell in &mut row.cells {
                cell.place = None;
            }
        }
        self
    }
}

impl MatrixRow {
    /// The key of one of its cells.
    pub fn key(&self, cell: &MatrixCell) -> CellKey {
        CellKey { client: self.client, sender: cell.sender, recipient: cell.recipient }
    }
}

impl Evidence {
    /// The exchange at a place.
    pub fn exchange_at(&self, (transcript, exchange): (usize, usize)) -> Option<&Exchange> {
        self.transcripts.get(transcript)?.exchanges.get(exchange)
    }
}
