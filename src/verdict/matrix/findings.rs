//! What the matrix shows to be wrong. That strangers can relay is the finding of the relay probes.

use crate::evidence::Evidence;
use crate::evidence::matrix::{Client, Expected, Recipient, Sender};
use crate::finding::{Confidence, Finding, Severity, catalogue};
use crate::target::Role;

use super::{CellVerdict, MatrixVerdict, Observed, matrix};

const AT_RCPT: &str = "not sent past RCPT: the server may still refuse the message at DATA";

/// The findings of the matrix of one host.
pub(in crate::verdict) fn findings(evidence: &Evidence) -> Vec<Finding> {
    let Some(matrix) = matrix(evidence) else { return Vec::new() };
    let found = [
        send_only(&matrix, evidence),
        spoofing(&matrix),
        as_anyone(&matrix),
        cannot_relay(&matrix),
    ];
    found.into_iter().flatten().collect()
}

fn finding(id: &'static str, cell: &CellVerdict, summary: String, mark: &str) -> Option<Finding> {
    let found = Finding::new(id, Confidence::Medium, summary)?;
    Some(Finding { evidence: cell.place, mark: mark.to_owned(), ..found })
}

/// True where mail is taken that should not be.
fn is_taken_against(cell: &CellVerdict) -> bool {
    cell.expected == Expected::No && cell.observed == Observed::Accepted
}

/// Who takes mail for local users from nobody but those who log in gets no mail from the world.
fn send_only(matrix: &MatrixVerdict, evidence: &Evidence) -> Option<Finding> {
    if evidence.target.role() != Role::Mx {
        return None;
    }
    let world = [Sender::Foreign, Sender::Null];
    let cells = world.map(|sender| matrix.cell(Client::Foreign, sender, Recipient::Local));
    let wanted = |cell: &&CellVerdict| cell.expected == Expected::Yes;
    let wants_login = |cell: &&CellVerdict| cell.observed == Observed::AuthRequired;
    let wanted: Vec<_> = cells.into_iter().flatten().filter(wanted).collect();
    let refused: Vec<_> = wanted.iter().copied().filter(wants_login).collect();
    let other = |cell: &&CellVerdict| {
        !matches!(cell.observed, Observed::AuthRequired | Observed::NotTested(_))
    };
    let first = refused.first().filter(|_| !wanted.iter().copied().any(|cell| other(&cell)))?;
    let summary = "a stranger must log in before the server takes mail for its own users";
    let found = finding(catalogue::SEND_ONLY, first, summary.into(), "a login is wanted")?;
    let both = refused.len() == world.len();
    Some(Finding { confidence: if both { Confidence::High } else { Confidence::Medium }, ..found })
}

/// A stranger writes to a local user as a local user.
fn spoofing(matrix: &MatrixVerdict) -> Option<Finding> {
    let cell = matrix.cell(Client::Foreign, Sender::Local, Recipient::Local)?;
    let summary = "a stranger may write to a local user in the name of a local user";
    let found = finding(catalogue::OWN_DOMAIN_SPOOFING, cell, summary.into(), "accepted here")
        .filter(|_| is_taken_against(cell))?;
    // A server may leave that to what is decided by the message itself, SPF and DMARC.
    let severity = if cell.by_user { found.severity } else { Severity::Info };
    let notes = vec![
        AT_RCPT.to_owned(),
        "forwarders and mailing lists send such mail by right, so that many servers leave it to \
         SPF and DMARC"
            .to_owned(),
    ];
    Some(Finding { severity, notes, ..found })
}

/// Who is logged in sends in a stranger's name.
fn as_anyone(matrix: &MatrixVerdict) -> Option<Finding> {
    let cell = matrix.cell(Client::Authenticated, Sender::Foreign, Recipient::Foreign)?;
    // Where strangers may do it, the login is not the reason.
    let stranger = matrix.cell(Client::Foreign, Sender::Foreign, Recipient::Foreign);
    let anyone = stranger.is_some_and(|cell| cell.observed == Observed::Accepted);
    let summary = "an authenticated user may send in the name of a foreign domain";
    finding(catalogue::AUTH_SENDS_AS_ANYONE, cell, summary.into(), "accepted here")
        .filter(|_| is_taken_against(cell) && !anyone)
        .map(|found| Finding { notes: vec![AT_RCPT.to_owned()], ..found })
}

/// A client that may relay, by its address or its login, is refused.
fn cannot_relay(matrix: &MatrixVerdict) -> Option<Finding> {
    let inside = matrix.rows.iter().filter(|row| row.client != Client::Foreign);
    let refused = |cell: &&CellVerdict| cell.expected == Expected::Yes && cell.is_mismatch();
    let cells: Vec<_> = inside.flat_map(|row| &row.cells).filter(refused).collect();
    let first = cells.first()?;
    let of = |cell: &CellVerdict| {
        let key = cell.key;
        format!("{} {} to {}", key.client.as_str(), key.sender.as_str(), key.recipient.as_str())
    };
    let who = match first.key.client {
        Client::Authenticated => "an authenticated client",
        Client::Foreign | Client::Trusted => "a trusted client",
    };
    let summary = format!("mail of {who} that should be taken is refused");
    let found = finding(catalogue::TRUSTED_CANNOT_RELAY, first, summary, "refused here")?;
    let all: Vec<_> = cells.iter().map(|cell| of(cell)).collect();
    let notes = vec![format!("refused and expected to be taken: {}", all.join(", "))];
    Some(Finding { notes, confidence: Confidence::High, ..found })
}
