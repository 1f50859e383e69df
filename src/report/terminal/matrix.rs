//! The relay matrix of a host as a small table: expected beside observed.

use std::io::{self, Write};

use crate::evidence::matrix::{Recipient, Sender};
use crate::report::escape::terminal;
use crate::report::model::{MatrixCellReport, MatrixReport, MatrixRowReport};

use super::style::BOLD;
use super::wrap::{paragraph, styled};

/// Columns of what stands in one cell.
const CELL: usize = 34;

/// Writes the table. What is not as expected is marked with an exclamation mark.
pub(super) fn write(matrix: &MatrixReport, out: &mut dyn Write, width: usize) -> io::Result<()> {
    writeln!(out, "    relay matrix at RCPT: expected, observed")?;
    let head = format!(
        "      {:<15}{:<10}{:<CELL$}{}",
        "client", "sender", "to a foreign recipient", "to a local recipient"
    );
    styled(out, BOLD, &head)?;
    writeln!(out)?;
    for row in &matrix.rows {
        match (row.reason, row.remedy) {
            (Some(reason), Some(remedy)) => {
                let text = format!("      {}: not tested ({reason}): {remedy}", name(row));
                paragraph(out, &terminal(&text), 8, width)?;
            }
            _ => lines(row, out)?,
        }
    }
    let cells = matrix.rows.iter().map(|row| row.cells.len()).sum::<usize>();
    let text = match matrix.mismatches {
        0 => format!("      0 of {cells} cells are not as expected"),
        1 => format!("      1 of {cells} cells is not as expected, marked with !"),
        more => format!("      {more} of {cells} cells are not as expected, marked with !"),
    };
    writeln!(out, "{text}")
}

fn lines(row: &MatrixRowReport, out: &mut dyn Write) -> io::Result<()> {
    for sender in Sender::ALL {
        let of = |recipient| {
            let mut cells = row.cells.iter();
            cells.find(|cell| cell.sender == sender && cell.recipient == recipient)
        };
        write!(out, "      {:<15}{:<10}", name(row), sender.as_str())?;
        let texts = Recipient::ALL.map(|recipient| of(recipient).map(text).unwrap_or_default());
        for (text, last) in texts.iter().zip([false, true]) {
            match (text.contains('!'), last) {
                (true, _) => styled(out, BOLD, text)?,
                (false, _) => write!(out, "{text}")?,
            }
            if !last {
                let gap = CELL.saturating_sub(text.chars().count()).max(1);
                write!(out, "{:gap$}", "")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn name(row: &MatrixRowReport) -> &'static str {
    row.client.as_str()
}

/// `no,  refused`; a mismatch is `no, ! accepted`.
fn text(cell: &MatrixCellReport) -> String {
    let expected = format!("{},", cell.expected.as_str());
    let mark = if cell.mismatch { '!' } else { ' ' };
    let reason = cell.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{expected:<4} {mark} {}{reason}", cell.observed)
}
