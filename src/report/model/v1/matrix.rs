//! The relay matrix of a host in version 1 of the report.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::evidence::matrix::{Client, Expected, Recipient, Sender};

use super::{Place, words};

/// Which client may send as whom and to whom, expected and observed, all at RCPT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatrixReport {
    /// One row for each client, in the order of asking.
    pub rows: Vec<MatrixRowReport>,
    /// Cells in which the server clearly does what is not expected.
    pub mismatches: usize,
}

/// What one client may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatrixRowReport {
    /// Who is connected.
    pub client: Client,
    /// The address that the row was asked from.
    pub source: Option<IpAddr>,
    /// The mechanism that the client logged in with, or tried to.
    pub mechanism: Option<String>,
    /// Why the row was not tested.
    #[schemars(with = "Option<words::MatrixReason>")]
    pub reason: Option<&'static str>,
    /// What would let it be tested.
    pub remedy: Option<&'static str>,
    /// The exchange that the row begins with, or that shows why it was not tested.
    pub evidence: Option<Place>,
    /// The six cells.
    pub cells: Vec<MatrixCellReport>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MatrixCellReport {
    /// Whose the reverse-path is.
    pub sender: Sender,
    /// Whose the forward-path is.
    pub recipient: Recipient,
    /// The reverse-path without brackets; empty is the null one, `null` one that was not known.
    pub mail_from: Option<String>,
    /// The forward-path without brackets.
    pub rcpt_to: Option<String>,
    /// What is expected: `any` where either is right.
    pub expected: Expected,
    /// True where the user said so.
    pub expected_by_user: bool,
    /// What the server does.
    #[schemars(with = "words::Observed")]
    pub observed: &'static str,
    /// Why it is not known, or not tested.
    #[schemars(with = "Option<words::MatrixReason>")]
    pub reason: Option<&'static str>,
    /// What to do about that.
    pub remedy: Option<&'static str>,
    /// True where the server clearly does what is not expected.
    pub mismatch: bool,
    /// The exchange that decides it.
    pub evidence: Option<Place>,
    /// The lines of the deciding reply.
    pub reply: Option<Vec<String>>,
}
