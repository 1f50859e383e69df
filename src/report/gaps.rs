//! What a run has left open beside its hosts, in words: for forms that would read as success without it.

use super::model::{RunSection, SweepCounts};

/// Each gap with a word for it; none where the run came to its end and met somebody.
pub(super) fn gaps(
    run: &RunSection,
    hosts: usize,
    sweep: Option<&SweepCounts>,
) -> Vec<(&'static str, String)> {
    let mut gaps = Vec::new();
    if run.interrupted {
        gaps.push((
            "ended",
            "the run did not come to its end; what it did not ask is not known".to_owned(),
        ));
    }
    if hosts == 0 {
        let dark = sweep.map(|sweep| format!("; {} ports took no connection", sweep.dark.all()));
        let text =
            format!("no host was met, so nothing is known of any{}", dark.unwrap_or_default());
        gaps.push(("met", text));
    }
    if let Some(not_asked) = sweep.map(|sweep| sweep.not_asked).filter(|count| *count > 0) {
        let text = format!("{not_asked} ports were not asked; nothing is known of them");
        gaps.push(("asked", text));
    }
    gaps
}
