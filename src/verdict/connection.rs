//! What the connection itself shows, whatever was asked on it.

use crate::evidence::{Answer, Evidence, Loss, Transcript};
use crate::finding::{Confidence, Finding, catalogue};
use crate::smtp::{Phase, ReplyFault, Severity};

use super::{Judge, Reason, RelayVerdict};

/// The findings of the connections.
pub(super) fn findings(evidence: &Evidence) -> impl Iterator<Item = Finding> {
    xclient(evidence).into_iter().chain(plaintext(evidence))
}

/// Why a server that lets a stranger say who he is cannot be called closed: whom it would relay for
/// was not asked. `None` where it was.
pub(super) fn xclient_reason(evidence: &Evidence, relay: &RelayVerdict) -> Option<Reason> {
    let place = offers_xclient(evidence)?;
    let claimed =
        |form: usize| evidence.forms.get(form).is_some_and(|form| form.envelope.claimed.is_some());
    let asked = relay
        .probes
        .iter()
        .any(|probe| probe.form.is_some_and(claimed) && probe.verdict.outcome.is_no());
    let reason = Reason::new(
        "xclient-offered",
        "the server lets us say which client is connected, and was not asked for whom it would relay",
        "take our address out of smtpd_authorized_xclient_hosts, or have it asked with --xclient \
         ADDR, an address that the server trusts",
    );
    (!asked).then_some(Reason { evidence: Some(place), ..reason })
}

/// The first reply to EHLO that offers XCLIENT to us, a stranger.
fn offers_xclient(evidence: &Evidence) -> Option<(usize, usize)> {
    if !evidence.offers("XCLIENT") || Judge::new(evidence).is_inside() {
        return None;
    }
    find(evidence, |transcript, at| {
        let exchange = transcript.exchanges.get(at)?;
        let reply = exchange.answer.reply().filter(|_| exchange.phase == Phase::Ehlo)?;
        crate::smtp::Ehlo::read(reply).offers("XCLIENT").then_some(())
    })
    .map(|((), place)| place)
}

fn xclient(evidence: &Evidence) -> Option<Finding> {
    let place = offers_xclient(evidence)?;
    let summary = "XCLIENT is offered to a stranger, who may claim any client's address with it";
    let found = Finding::new(catalogue::XCLIENT_OFFERED, Confidence::High, summary)?;
    let mark = "XCLIENT is among the extensions".into();
    Some(Finding { evidence: Some(place), mark, ..found })
}

fn plaintext(evidence: &Evidence) -> Option<Finding> {
    let (text, place) = find(evidence, |transcript, at| {
        is_left_over(transcript, at).then(|| transcript.exchanges.get(at))?.and_then(|exchange| {
            match &exchange.answer {
                Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line })) => {
                    Some(line.to_string())
                }
                _ => None,
            }
        })
    })?;
    let summary = format!("text in the clear follows the reply to STARTTLS: {text}");
    Some(Finding {
        notes: vec![
            "it was thrown away unread; a client that keeps it takes it for an answer given \
             inside TLS"
                .into(),
        ],
        evidence: Some(place),
        mark: "in the clear, before the handshake".into(),
        ..Finding::new(catalogue::STARTTLS_PLAINTEXT, Confidence::High, summary)?
    })
}

/// True for text that came in the clear after STARTTLS was accepted.
pub(super) fn is_left_over(transcript: &Transcript, at: usize) -> bool {
    let exchange = |at: usize| transcript.exchanges.get(at);
    let accepted = at.checked_sub(1).and_then(exchange).is_some_and(|before| {
        let reply = before.answer.reply().filter(|_| before.phase == Phase::StartTls);
        reply.is_some_and(|reply| reply.severity() == Severity::Positive)
    });
    accepted && exchange(at).is_some_and(|exchange| exchange.phase == Phase::Unsolicited)
}

/// The first exchange that `look` finds something in.
fn find<T>(
    evidence: &Evidence,
    look: impl Fn(&Transcript, usize) -> Option<T>,
) -> Option<(T, (usize, usize))> {
    evidence.transcripts.iter().enumerate().find_map(|(connection, transcript)| {
        (0..transcript.exchanges.len())
            .find_map(|at| look(transcript, at).map(|found| (found, (connection, at))))
    })
}
