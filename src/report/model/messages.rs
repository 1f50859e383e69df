//! The messages that were sent, and what of them arrived.

use crate::evidence::{Arrival, Evidence, FormRole};

use super::{ArrivalReport, MessageReport, Place};

/// The messages of one host, in the order of sending.
pub(super) fn messages(evidence: &Evidence) -> Vec<MessageReport> {
    let report = |sent: &crate::evidence::SentMessage| {
        let FormRole::Probe { id, code, .. } = &evidence.forms.get(sent.form)?.role else {
            return None;
        };
        let place = evidence.message(sent.form).map(|(attempt, _)| Place {
            connection: attempt.transcript,
            exchange: attempt.exchange,
        });
        let looked = evidence.awaited.is_some() || !evidence.arrivals.is_empty();
        let arrived = evidence.arrivals.iter().filter(|arrival| arrival.token == sent.token);
        Some(MessageReport {
            probe: id.clone(),
            code: code.clone(),
            token: sent.token.clone(),
            evidence: place,
            arrivals: looked.then(|| arrived.map(arrival).collect()),
        })
    };
    evidence.messages.iter().filter_map(report).collect()
}

fn arrival(arrival: &Arrival) -> ArrivalReport {
    ArrivalReport {
        at: arrival.at.clone(),
        client: arrival.client,
        bounce: arrival.bounce,
        received: arrival.received.clone(),
    }
}
