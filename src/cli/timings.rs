//! What a run cost each server in connections and round trips, and how long it took.

use std::time::Duration;

use crate::evidence::{Evidence, Transcript};

/// One line for the host, and one for each connection to it. Connections to POP3 servers and those
/// that did not come about are left out.
pub(super) fn lines(evidence: &Evidence) -> Vec<String> {
    let target = &evidence.target;
    let trips: usize = evidence.transcripts.iter().map(Transcript::round_trips).sum();
    let connections = count(evidence.transcripts.len(), "connection");
    let trips = count(trips, "round trip");
    let mut lines =
        vec![format!("timings {target}: {connections}, {trips}{}", time(evidence.took))];
    for (index, transcript) in evidence.transcripts.iter().enumerate() {
        let trips = count(transcript.round_trips(), "round trip");
        let time = time(transcript.took);
        lines.push(format!("timings {target}: connection {}: {trips}{time}", index + 1));
    }
    lines
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn time(took: Option<Duration>) -> String {
    took.map(|took| format!(", {:.3} s", took.as_secs_f64())).unwrap_or_default()
}
