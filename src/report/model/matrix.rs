//! From the evidence of one host to its relay matrix.

use crate::evidence::Evidence;
use crate::evidence::matrix::{Matrix, MatrixRow};
use crate::verdict::{CellVerdict, NotTested, Observed, RowVerdict, matrix};

use super::{MatrixCellReport, MatrixReport, MatrixRowReport, Place};

impl MatrixReport {
    /// The matrix of a host; `None` where it was not asked for.
    pub(super) fn of(evidence: &Evidence) -> Option<Self> {
        let (asked, verdict) = (evidence.matrix.as_ref()?, matrix(evidence)?);
        let rows = verdict.rows.iter().map(|row| of_row(evidence, asked, row));
        Some(Self { rows: rows.collect(), mismatches: verdict.mismatches() })
    }
}

fn of_row(evidence: &Evidence, asked: &Matrix, verdict: &RowVerdict) -> MatrixRowReport {
    let row = asked.row(verdict.client);
    let why = verdict.gap.map(NotTested::Gap);
    let at = verdict.place.or_else(|| verdict.cells.iter().find_map(|cell| cell.place));
    let transcript = at.and_then(|(connection, _)| evidence.transcripts.get(connection));
    MatrixRowReport {
        client: verdict.client,
        source: transcript.map(|transcript| transcript.local.ip()),
        mechanism: row.and_then(|row| row.mechanism.clone()),
        reason: why.map(NotTested::as_str),
        remedy: why.map(NotTested::remedy),
        evidence: verdict.place.map(Place::from),
        cells: verdict.cells.iter().map(|cell| of_cell(evidence, row, cell)).collect(),
    }
}

fn of_cell(evidence: &Evidence, row: Option<&MatrixRow>, cell: &CellVerdict) -> MatrixCellReport {
    let key = cell.key;
    let asked = row.and_then(|row| row.cells.iter().find(|asked| row.key(asked) == key));
    let paths = asked.and_then(|asked| asked.envelope.as_ref().ok());
    let exchange = cell.place.and_then(|place| evidence.exchange_at(place));
    let reply = exchange.and_then(|exchange| exchange.answer.reply());
    MatrixCellReport {
        sender: key.sender,
        recipient: key.recipient,
        mail_from: paths.map(|(from, _)| from.to_string()),
        rcpt_to: paths.map(|(_, to)| to.to_string()),
        expected: cell.expected,
        expected_by_user: cell.by_user,
        observed: cell.observed.as_str(),
        reason: cell.observed.reason(),
        remedy: match cell.observed {
            Observed::NotTested(why) => Some(why.remedy()),
            Observed::Unknown(why) => Some(why.remedy()),
            _ => None,
        },
        mismatch: cell.is_mismatch(),
        evidence: cell.place.map(Place::from),
        reply: reply.map(|reply| reply.lines().map(|line| line.to_string()).collect()),
    }
}
