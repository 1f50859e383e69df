//! Findings: what is claimed of a host, with the place of its proof.

use crate::evidence::{Answer, Arrival, Evidence, Form, Identity, Loss, SenderKind};
use crate::finding::{Confidence, Finding, catalogue};
use crate::probe::Axis;

use super::relay::ProbeVerdict;
use super::{
    Judge, Outcome, RelayVerdict, Taken, Verdict, arrivals, connection, matrix, own_mail, pop,
};

const NOT_PAST_RCPT: &str = "not sent past RCPT: the server may still refuse the message at DATA \
                             or discard it; only delivery proves relaying";
const RESERVED: &str = "identity: reserved; the recipient is at example.com, because no \
                        --auditor-domain was given";

/// The findings of one host, most severe first.
pub fn findings(evidence: &Evidence, relay: &RelayVerdict) -> Vec<Finding> {
    let mut findings = Vec::new();
    if matches!(relay.verdict, Verdict::Open | Verdict::Conditional) {
        findings.extend(relays(evidence, relay));
    }
    findings.extend(protocol_fault(evidence));
    if Judge::new(evidence).is_sink() {
        findings.extend(sink());
    }
    findings.extend(connection::findings(evidence));
    findings.extend(arrivals::findings(evidence, relay));
    findings.extend(overblocking(evidence, relay));
    findings.extend(matrix::findings(evidence));
    findings.extend(pop::finding(evidence));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// The accepted probes, grouped by the cause that a postmaster has to mend: a server that takes
/// the plain form is open, and all else follows; otherwise each check and axis is a cause of its
/// own.
fn causes<'a>(evidence: &Evidence, relay: &'a RelayVerdict) -> Vec<Vec<&'a ProbeVerdict>> {
    let accepted = relay.probes.iter().filter(|p| p.verdict.outcome.is_accepted());
    let plain = |probe: &&ProbeVerdict| {
        let form = probe.form.and_then(|index| evidence.forms.get(index));
        form.is_some_and(Form::is_plain)
    };
    if accepted.clone().any(|probe| plain(&probe)) {
        return vec![accepted.collect()];
    }
    let axes = [Axis::Sender, Axis::Helo, Axis::Recipient, Axis::Context].map(|axis| (axis, false));
    axes.into_iter()
        .chain([(Axis::Recipient, true)])
        .map(|(axis, mx)| {
            accepted
                .clone()
                .filter(|p| p.axis == Some(axis) && p.is_by_mx(evidence) == mx)
                .collect::<Vec<_>>()
        })
        .filter(|group| !group.is_empty())
        .collect()
}

fn relays(evidence: &Evidence, relay: &RelayVerdict) -> Vec<Finding> {
    let mut groups = causes(evidence, relay);
    // What arrived shows most.
    let not_arrived = |probe: &ProbeVerdict| probe.verdict.outcome != Outcome::Delivered;
    for group in &mut groups {
        group.sort_by_key(|probe| not_arrived(probe));
    }
    groups.sort_by_key(|group| group.iter().all(|probe| not_arrived(probe)));
    let finding = |group: Vec<&ProbeVerdict>| {
        let (first, rest) = group.split_first()?;
        let form = evidence.forms.get(first.form?)?;
        let check = catalogue::find(form.check()?)?;
        let arrived = first.form.and_then(|form| arrivals::arrival_of(evidence, form));
        let mut notes = vec![arrived.map_or_else(|| NOT_PAST_RCPT.to_owned(), came)];
        match &evidence.identity.mx_domain {
            Some(domain) if check.id == catalogue::CONDITIONAL_RELAY => {
                notes.push(by_right(domain))
            }
            _ if evidence.identity.is_reserved() => notes.push(RESERVED.to_owned()),
            _ => {}
        }
        Some(Finding {
            id: check.id,
            severity: check.severity,
            confidence: first.verdict.confidence,
            probe: Some(first.id.clone()),
            summary: summary(form, &evidence.identity),
            notes,
            evidence: first.verdict.evidence,
            mark: match arrived {
                Some(_) => "the message was taken here, and arrived".to_owned(),
                None => mark(form, first.verdict.repeated),
            },
            also: rest.iter().map(|probe| probe.code.clone()).collect(),
        })
    };
    let mut found: Vec<_> = groups.into_iter().filter_map(finding).collect();
    let explained = found.iter().any(|finding| finding.id == catalogue::OPEN_RELAY);
    if relay.verdict == Verdict::Open && !explained {
        found.extend(accepted_at_end(relay));
    }
    found
}

fn came(arrival: &Arrival) -> String {
    let from = arrival.client.map(|client| format!(" from {client}")).unwrap_or_default();
    format!("the message with the token {} arrived{from} at {}", arrival.token, arrival.at)
}

fn by_right(domain: &str) -> String {
    format!("where the server is set up to take mail for {domain}, it accepts this by right")
}

fn summary(form: &Form, identity: &Identity) -> String {
    let sender = form.envelope.reverse_path.to_string();
    let domain = sender.rsplit_once('@').map(|(_, domain)| domain.to_owned());
    let why = match form.axis() {
        _ if form.check() == Some(catalogue::CONDITIONAL_RELAY) => {
            "because an MX record of its domain names the server"
        }
        _ if form.is_plain() && form.sender == SenderKind::Null => "from the null reverse-path",
        _ if form.is_plain() => "from any sender",
        Some(Axis::Sender) if domain.is_some() && domain == identity.client_name => {
            "because the sender claims the client's own host name"
        }
        Some(Axis::Sender) if domain.is_some_and(|d| identity.partners.contains(&d)) => {
            "because the sender claims to be a partner's"
        }
        Some(Axis::Sender) => "because the sender claims to be local",
        Some(Axis::Helo) => "because the greeting claims the server's own name",
        Some(Axis::Context) if form.envelope.claimed.is_some() => {
            "because XCLIENT claimed another client's address"
        }
        Some(Axis::Context) => "inside TLS, whoever the client is",
        Some(Axis::Recipient) | None => "because of the form of its address",
    };
    format!("a third-party recipient was accepted {why}")
}

fn mark(form: &Form, repeated: Option<bool>) -> String {
    let again = match repeated {
        Some(true) => "accepted here and again on a fresh connection",
        Some(false) => "accepted here, but not again on a fresh connection (not-repeatable)",
        None => "accepted here; not asked again",
    };
    let control = if form.outer.is_own() { "; the random-user control was refused" } else { "" };
    format!("{again}{control}")
}

/// The plain form was refused at the start and accepted at the end.
fn accepted_at_end(relay: &RelayVerdict) -> Option<Finding> {
    let end = relay.controls.iter().find(|(_, v)| v.outcome == Outcome::AcceptedRecipient);
    let summary = "a plain third-party recipient was refused at the start and accepted at the end";
    Some(Finding {
        notes: vec![NOT_PAST_RCPT.to_owned()],
        evidence: end.and_then(|(_, verdict)| verdict.evidence),
        mark: "accepted here, after it was refused at the start".into(),
        ..Finding::new(catalogue::OPEN_RELAY, Confidence::Low, summary)?
    })
}

/// The first reply that breaks the protocol.
fn protocol_fault(evidence: &Evidence) -> Option<Finding> {
    let fault = evidence.transcripts.iter().enumerate().find_map(|(number, transcript)| {
        transcript.exchanges.iter().enumerate().find_map(|(at, exchange)| {
            let what = match &exchange.answer {
                // That is a finding of its own.
                _ if connection::is_left_over(transcript, at) => return None,
                Answer::Reply(reply) if reply.has_bare_lf() => {
                    "a line ends with a bare line feed".to_owned()
                }
                Answer::Lost(Loss::Fault(fault)) => fault.to_string(),
                Answer::Reply(_) | Answer::Lost(_) => return None,
            };
            Some((what, (number, at)))
        })
    });
    let (what, place) = fault?;
    let summary = format!("the server breaks the protocol: {what}");
    let found = Finding::new("peer-fault", Confidence::High, summary)?;
    Some(Finding { evidence: Some(place), mark: what, ..found })
}

fn sink() -> Option<Finding> {
    let summary = "RCPT before MAIL was accepted, so acceptances prove nothing";
    Finding::new("scripted-sink", Confidence::High, summary)
}

/// The kinds of mail that the server should take and refuses.
fn overblocking(evidence: &Evidence, relay: &RelayVerdict) -> impl Iterator<Item = Finding> {
    let mail = own_mail(evidence, relay);
    let kinds = [
        ("helo-overblocking", mail.mismatched_helo),
        ("null-sender-refused", mail.null_sender),
        ("postmaster-refused", mail.postmaster),
    ];
    kinds.into_iter().filter_map(|(id, taken)| {
        let Taken::Refused(refused) = taken else { return None };
        Some(Finding {
            notes: refused.notes,
            evidence: Some(refused.evidence),
            mark: refused.mark,
            ..Finding::new(id, refused.confidence, refused.summary)?
        })
    })
}
