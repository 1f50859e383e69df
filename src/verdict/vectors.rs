//! Judges the vectors inside probe files: a probe proves itself.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::evidence::{
    Answer, Attempt, Control, Envelope, Evidence, Exchange, Form, FormRole, Identity, Pass,
    SenderKind, Transcript,
};
use crate::finding::catalogue;
use crate::probe::{Axis, Bindings, Greeting, Outer, Placeholder, Probe, SourceError, Vector};
use crate::smtp::{Phase, Reply, WireText};
use crate::target::Target;

use super::{FormVerdict, Judge, Outcome};

/// A vector that is not judged as it says. `{:#}` adds the line of its outcome and a caret.
pub type VectorFault = SourceError;

/// Judges every vector of a probe and returns those that come out otherwise than they say.
pub fn check_vectors(probe: &Probe, target: &Target) -> Vec<VectorFault> {
    let fault = |vector: &Vector| {
        let judged = match judge_vector(probe, vector, target) {
            // What a vector calls accepted is accepted at RCPT: it holds no more.
            Ok(verdict) if verdict.outcome == Outcome::AcceptedRecipient => "accepted".to_owned(),
            Ok(verdict) => words(verdict.outcome.as_str(), verdict.outcome.reason()),
            Err(missing) => format!("impossible: no value for {missing:?}"),
        };
        let wanted = words(vector.outcome.as_str(), vector.reason.as_deref());
        let message = format!("vector \"{}\" says {wanted}, but is judged {judged}", vector.name);
        (wanted != judged).then(|| vector.place.clone().saying(message))
    };
    probe.vectors.iter().filter_map(fault).collect()
}

fn words(outcome: &str, reason: Option<&str>) -> String {
    reason.map_or_else(|| outcome.to_owned(), |reason| format!("{outcome} ({reason})"))
}

fn judge_vector(
    probe: &Probe,
    vector: &Vector,
    target: &Target,
) -> Result<FormVerdict, Placeholder> {
    let form = Form::of_probe(probe, &bindings(), 0)?;
    let mut evidence = Evidence::new(target.clone(), identity(), true);
    evidence.server_names.push("mx.target.example".into());
    let hello = match probe.envelope.greeting {
        Greeting::Ehlo => Some(Phase::Ehlo),
        Greeting::Helo => Some(Phase::Helo),
        Greeting::None => None,
    };
    // STARTTLS and XCLIENT have an EHLO of their own before them.
    let before = match (probe.envelope.starttls, probe.envelope.xclient) {
        (true, _) => [Some(Phase::Ehlo), Some(Phase::StartTls)],
        (_, true) => [Some(Phase::Ehlo), Some(Phase::Xclient)],
        _ => [None, None],
    };
    let first = probe.envelope.first_rcpt.as_ref().map(|_| Phase::Rcpt);
    let [greeted, context] = before;
    let phases = [
        Some(Phase::Greeting),
        greeted,
        context,
        hello,
        Some(Phase::Mail),
        first,
        Some(Phase::Rcpt),
    ];
    let dialogue = phases.into_iter().flatten().zip(&vector.replies).collect::<Vec<_>>();
    let control =
        |control, outer| Form { role: FormRole::Control { control }, outer, ..form.clone() };
    let mut add = |form: Form, dialogue: Vec<(Phase, &Reply)>| {
        evidence.attempts.push(Attempt {
            form: evidence.forms.len(),
            pass: Pass::First,
            transcript: evidence.transcripts.len(),
            exchange: dialogue.len().saturating_sub(1),
        });
        evidence.forms.push(form);
        evidence.transcripts.push(transcript(dialogue));
    };
    add(form.clone(), dialogue);
    if let Some(reply) = &vector.control {
        add(control(Control::RandomUser, probe.outer), vec![(Phase::Rcpt, reply)]);
    }
    if let Some(reply) = &vector.local {
        add(control(Control::LocalUser, Outer::MailDomain), vec![(Phase::Rcpt, reply)]);
    }
    let plain = Reply::from_text("554 5.7.1 Relay access denied");
    if let (Some(reply), Axis::Helo) = (&plain, probe.axis) {
        // The name in the greeting is judged against a plain form under the auditor's own name.
        add(plain_form(&form), vec![(Phase::Rcpt, reply)]);
    }
    Ok(Judge::new(&evidence).form(0))
}

fn transcript(dialogue: Vec<(Phase, &Reply)>) -> Transcript {
    let mut tls = false;
    let mut exchange = |(phase, reply): (Phase, &Reply)| {
        let exchange = Exchange {
            phase,
            sent: WireText::default(),
            pipelined: false,
            tls,
            answer: Answer::Reply(reply.clone()),
            elapsed_ms: 0,
        };
        tls |= phase == Phase::StartTls;
        exchange
    };
    Transcript {
        local: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 66)), 40000),
        peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 25)), 25),
        tls: None,
        took: None,
        exchanges: dialogue.into_iter().map(&mut exchange).collect(),
    }
}

fn bindings() -> Bindings {
    let text = |text: &str| Some(text.to_owned());
    Bindings {
        sender: text("probe@audit.example"),
        sender_local: text("probe"),
        auditor_domain: text("audit.example"),
        canary_local: text("c4n4ry"),
        canary_domain: text("probe.example"),
        canary_address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77))),
        random: text("r4nd0m"),
        target_name: text("mx.target.example"),
        target_address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 25))),
        local_domain: text("target.example"),
        local_user: text("postmaster"),
        client_name: text("client.audit.example"),
        partner_domain: text("partner.example"),
        mx_domain: text("backup.example"),
        claimed_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    }
}

fn plain_form(form: &Form) -> Form {
    Form {
        role: FormRole::Probe {
            id: "plain".into(),
            code: "plain".into(),
            check: catalogue::OPEN_RELAY.into(),
            axis: Axis::Sender,
            gate: false,
            instance: 0,
        },
        envelope: Envelope { helo: None, greeting: Greeting::Ehlo, ..form.envelope.clone() },
        sender: SenderKind::Foreign,
        outer: Outer::Foreign,
        outer_domain: None,
    }
}

fn identity() -> Identity {
    Identity {
        auditor_domain: Some("audit.example".into()),
        contact: None,
        canary: ("c4n4ry".into(), "probe.example".into()),
        canary_address: None,
        helo: Some("client.audit.example".into()),
        local_domains: vec!["target.example".into()],
        local_user: "postmaster".into(),
        client_name: Some("client.audit.example".into()),
        partners: vec!["partner.example".into()],
        mx_domain: Some("backup.example".into()),
        claimed_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    }
}
