//! What the messages that were sent show beyond relaying.

use std::net::IpAddr;

use crate::evidence::{Arrival, Evidence};
use crate::finding::{Confidence, Finding};
use crate::target::network::{is_private, is_public};

use super::relay::ProbeVerdict;
use super::{Outcome, Refusal, RelayVerdict};

/// The findings of the messages.
pub(super) fn findings(evidence: &Evidence, relay: &RelayVerdict) -> impl Iterator<Item = Finding> {
    let late = [
        (
            "backscatter",
            Refusal::Returned,
            "a message for a stranger's mailbox was taken and came back as a bounce",
            "taken here, and returned",
        ),
        (
            "late-refusal",
            Refusal::Message,
            "a stranger's recipient was accepted, and the message refused",
            "refused only here, past the recipient",
        ),
    ];
    let late = late.into_iter().filter_map(move |(id, refusal, summary, mark)| {
        let is_so = |p: &&ProbeVerdict| p.verdict.outcome == Outcome::Refused(refusal);
        let mut probes = relay.probes.iter().filter(is_so);
        let first = probes.next()?;
        Some(Finding {
            probe: Some(first.id.clone()),
            evidence: first.verdict.evidence,
            mark: mark.into(),
            also: probes.map(|probe| probe.code.clone()).collect(),
            ..Finding::new(id, Confidence::High, summary)?
        })
    });
    late.chain(masked(evidence))
}

/// What is known of the arrival of a form's message.
pub(super) fn arrival_of(evidence: &Evidence, form: usize) -> Option<&Arrival> {
    let (_, sent) = evidence.message(form)?;
    evidence.arrivals.iter().find(|arrival| arrival.token == sent.token && !arrival.bounce)
}

/// The server wrote down an address of its own network as ours.
fn masked(evidence: &Evidence) -> Option<Finding> {
    evidence.arrivals.iter().filter(|arrival| !arrival.bounce).find_map(|arrival| {
        let sent = evidence.messages.iter().find(|message| message.token == arrival.token)?;
        let (attempt, _) = evidence.message(sent.form)?;
        let transcript = evidence.transcripts.get(attempt.transcript)?;
        let ours = transcript.local.ip();
        let seen = seen_by_server(arrival)?;
        // An address as private as ours may be that of a gateway on our side.
        if seen == ours || is_public(seen) || is_private(ours) {
            return None;
        }
        let summary = format!("the server took us for {seen}, and we connect from {ours}");
        Some(Finding {
            probe: evidence.forms.get(sent.form).and_then(|f| f.probe_id()).map(str::to_owned),
            notes: vec![format!("in the trace of the message: {}", oldest(arrival))],
            evidence: Some((attempt.transcript, attempt.exchange)),
            mark: "the message whose trace shows it".into(),
            ..Finding::new("client-address-masked", Confidence::High, summary)?
        })
    })
}

/// The Received line that the audited server added: the oldest one, since the message was ours.
fn oldest(arrival: &Arrival) -> &str {
    arrival.received.last().map_or("", String::as_str)
}

/// The client address in that line: the one in brackets in its FROM clause (RFC 5321 section 4.4).
fn seen_by_server(arrival: &Arrival) -> Option<IpAddr> {
    let from = oldest(arrival).split_once("from ")?.1;
    let from = from.split(" by ").next()?;
    let words = from.split([' ', '(', ')', ',', ';']);
    words.filter_map(|word| word.strip_prefix('[')?.strip_suffix(']')).find_map(|text| {
        let text = text.trim_start_matches("IPv6:").trim_start_matches("ipv6:");
        text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
    })
}
