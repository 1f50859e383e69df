//! What one cell shows, by the same wording rules as a form.

use crate::evidence::matrix::{Client, Gap, Matrix, MatrixCell, MatrixRow, Recipient, Sender};
use crate::evidence::{Answer, Evidence, Loss};
use crate::smtp::{Phase, Reply, Severity};
use crate::target::Role;
use crate::target::name::is_at_or_below;
use crate::verdict::form::names_of;
use crate::verdict::wording::{Class, Names};
use crate::verdict::{Judge, Undecided};

use super::{NotTested, Observed};

/// Reads the cells of one host.
pub(super) struct Reader<'a> {
    evidence: &'a Evidence,
    matrix: &'a Matrix,
    names: Names,
    inside: bool,
    sink: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(evidence: &'a Evidence, matrix: &'a Matrix) -> Self {
        let judge = Judge::new(evidence);
        let (inside, sink) = (judge.is_inside(), judge.is_sink());
        Self { evidence, matrix, names: names_of(evidence), inside, sink }
    }

    pub(super) fn observed(&self, row: &MatrixRow, cell: &MatrixCell) -> Observed {
        if let Err(lacking) = cell.envelope {
            return Observed::NotTested(NotTested::Lacking(lacking));
        }
        let Some(place) = cell.place else {
            let gap = row.gap.or_else(|| self.evidence.stopped.map(|_| Gap::Stopped));
            return match gap {
                Some(gap) => Observed::NotTested(NotTested::Gap(gap)),
                None => Observed::Unknown(Undecided::NotAnswered),
            };
        };
        let Some(exchange) = self.evidence.exchange_at(place) else {
            return Observed::Unknown(Undecided::NotAnswered);
        };
        if self.evidence.is_doubtful_at(place) {
            return Observed::Unknown(Undecided::PeerFault);
        }
        match &exchange.answer {
            Answer::Lost(loss) => Observed::Unknown(match loss {
                Loss::Closed | Loss::Reset | Loss::Handshake { .. } => Undecided::ConnectionLost,
                Loss::Timeout { .. } => Undecided::Timeout,
                Loss::Fault(_) => Undecided::PeerFault,
            }),
            Answer::Reply(reply) => match exchange.phase {
                Phase::Mail | Phase::Rcpt => self.by_reply(row, cell, reply, exchange.phase),
                _ => Observed::Unknown(Undecided::ConnectionLost),
            },
        }
    }

    fn by_reply(
        &self,
        row: &MatrixRow,
        cell: &MatrixCell,
        reply: &Reply,
        phase: Phase,
    ) -> Observed {
        let transient = reply.severity() == Severity::Transient;
        let foreign = cell.recipient == Recipient::Foreign;
        match self.names.classify(reply, phase) {
            Class::Accepted if phase == Phase::Rcpt => self.accepted(row.client, cell.recipient),
            Class::Accepted => Observed::Unknown(Undecided::NotAnswered),
            Class::Odd => Observed::Unknown(Undecided::PeerFault),
            Class::RelayDenied => Observed::Refused,
            Class::AuthNeeded => Observed::AuthRequired,
            Class::TlsNeeded => Observed::NotTested(NotTested::Gap(Gap::NoTls)),
            Class::Deferred => Observed::Deferred,
            Class::Throttled => Observed::Unknown(Undecided::Throttled),
            Class::HeloRefused => Observed::Unknown(Undecided::HeloRefused),
            Class::SenderRefused => self.sender_refused(row, cell, transient),
            Class::ClientRefused if !transient && self.wants_a_login() => Observed::AuthRequired,
            Class::Listed | Class::ClientRefused => Observed::Unknown(Undecided::Blocked),
            _ if phase == Phase::Mail => self.sender_refused(row, cell, transient),
            Class::UnknownUser
            | Class::UnknownDomain
            | Class::Unverified
            | Class::MailboxUnavailable
                if foreign =>
            {
                Observed::Unknown(Undecided::RecipientVerification)
            }
            Class::UnknownUser | Class::UnknownDomain | Class::Unverified if transient => {
                Observed::Deferred
            }
            Class::UnknownUser | Class::UnknownDomain | Class::Unverified => {
                Observed::Unknown(Undecided::NoLocalUser)
            }
            _ if transient => Observed::Deferred,
            _ if self.differs(row, cell) => Observed::Refused,
            _ => Observed::Unknown(Undecided::UnknownWording),
        }
    }

    /// An acceptance, unless it could not have been otherwise.
    fn accepted(&self, client: Client, recipient: Recipient) -> Observed {
        let foreign = recipient == Recipient::Foreign;
        // What the address of the client is trusted with says nothing of a stranger or a login.
        let by_address = match client {
            Client::Foreign => true,
            Client::Authenticated => foreign,
            Client::Trusted => false,
        };
        let canary = &self.evidence.identity.canary.1;
        let maybe_own = self.evidence.server_names.iter().any(|name| is_at_or_below(name, canary));
        if self.sink {
            Observed::Unknown(Undecided::ScriptedSink)
        } else if self.inside && by_address {
            Observed::Unknown(Undecided::VantageInside)
        } else if foreign && maybe_own {
            Observed::Unknown(Undecided::CanaryMaybeLocal)
        } else {
            Observed::Accepted
        }
    }

    /// A refusal of the sender is what a cell asks for; but a foreign one may be refused because of
    /// what it is, whoever the client: then nothing is learned about who may use it.
    fn sender_refused(&self, row: &MatrixRow, cell: &MatrixCell, transient: bool) -> Observed {
        if transient {
            return Observed::Deferred;
        }
        let of_stranger = || {
            let stranger = self.matrix.row(Client::Foreign);
            let same = |other: &&MatrixCell| other.sender == Sender::Foreign;
            let mut cells = stranger.into_iter().flat_map(|row| &row.cells).filter(same);
            cells.any(|cell| self.class(cell) == Some(Class::SenderRefused))
        };
        match (cell.sender, row.client) {
            (Sender::Local | Sender::Null, _) => Observed::Refused,
            (Sender::Foreign, Client::Authenticated) if !of_stranger() => Observed::Refused,
            (Sender::Foreign, _) => Observed::Unknown(Undecided::SenderRefused),
        }
    }

    /// True where the same client was accepted from this sender, or to this recipient: a refusal
    /// without a reason is then one of the other half of the envelope.
    fn differs(&self, row: &MatrixRow, cell: &MatrixCell) -> bool {
        row.cells.iter().any(|other| {
            let shares = other.sender == cell.sender || other.recipient == cell.recipient;
            shares && other != cell && self.class(other) == Some(Class::Accepted)
        })
    }

    fn class(&self, cell: &MatrixCell) -> Option<Class> {
        let exchange = self.evidence.exchange_at(cell.place?)?;
        Some(self.names.classify(exchange.answer.reply()?, exchange.phase))
    }

    /// On a submission port that offers AUTH, a refusal of every client means: log in.
    fn wants_a_login(&self) -> bool {
        self.evidence.target.role() == Role::Submission && self.evidence.offers("AUTH")
    }
}
