//! Hand-made evidence, a line a form.
//!
//! A line is a key and what came back. The key is the code of a probe, with `<>` behind it for the
//! null sender, `#1` for the second local domain, and the name of a control for one in its context:
//! `S02`, `R01<>`, `R03#1`, `S02 user`, `R01 random`, `S02 mismatch`, `S02 end`, `rcpt-first`. A line of a key that
//! was there before is a retry, with `!` a confirmation. What came back is a reply, by itself to
//! RCPT, else behind its phase (`mail: 550 no`), with `then` between the two of a form with a first
//! recipient; `closed`, `reset`, `timeout`, `fault`; or nothing,
//! for a form that was planned and not asked.

use crate::evidence::{
    Answer, Attempt, Control, Envelope, Evidence, Exchange, Form, FormRole, Identity, Loss, Pass,
    SenderKind, Transcript,
};
use crate::probe::{Axis, Greeting, Outer};
use crate::smtp::{Phase, Reply, ReplyFault, WireText};
use crate::target::scope::{Candidate, Consent, Scope};
use crate::target::{Target, Via};
use crate::verdict::{Judge, judge};

pub(super) type Line<'a> = (&'a str, &'a str);

pub(super) const RELAY: &str = "554 5.7.1 <c4n4ry@probe.example>: Relay access denied";
pub(super) const UNKNOWN: &str = "550 5.1.1 <nobody-x9@target.example>: User unknown";
pub(super) const OK: &str = "250 2.1.5 Ok";
pub(super) const GREYLISTED: &str = "451 4.7.1 Greylisted, try again later";

/// A server that is closed, asked by plain forms at the start and at the end.
pub(super) const CLOSED: [Line<'_>; 4] =
    [("S01", RELAY), ("S02", RELAY), ("S04", RELAY), ("S02 end", RELAY)];

/// The lines of a closed server, and more.
pub(super) fn closed_and<'a>(more: &[Line<'a>]) -> Vec<Line<'a>> {
    CLOSED.iter().chain(more).copied().collect()
}

pub(super) fn target(port: u16) -> Target {
    let candidate = Candidate {
        name: Some("mx.target.example".into()),
        address: "192.0.2.25".parse().unwrap(),
        port,
        mail_domain: None,
        via: Via::Address,
        named_by_user: true,
    };
    Scope::authorized(Consent::Flag).admit(candidate).expect("consent admits it")
}

pub(super) fn blank(port: u16) -> Evidence {
    let identity = Identity {
        claimed_address: None,
        auditor_domain: Some("audit.example".into()),
        contact: None,
        canary: ("c4n4ry".into(), "probe.example".into()),
        canary_address: None,
        helo: Some("client.audit.example".into()),
        local_domains: vec!["target.example".into(), "second.example".into()],
        local_user: "postmaster".into(),
        client_name: Some("client.audit.example".into()),
        partners: vec!["partner.example".into()],
        mx_domain: Some("backup.example".into()),
    };
    let mut evidence = Evidence::new(target(port), identity, false);
    evidence.server_names.push("mx.target.example".into());
    evidence
}

/// The evidence of port 25.
pub(super) fn host(lines: &[Line<'_>]) -> Evidence {
    on_port(25, lines)
}

pub(super) fn on_port(port: u16, lines: &[Line<'_>]) -> Evidence {
    let mut evidence = blank(port);
    for (key, answer) in lines {
        add(&mut evidence, key, answer);
    }
    evidence
}

/// Outcome and reason of the form on the first line.
pub(super) fn outcome(evidence: &Evidence) -> String {
    words(Judge::new(evidence).form(0).outcome)
}

pub(super) fn words(outcome: crate::verdict::Outcome) -> String {
    match outcome.reason() {
        Some(reason) => format!("{} {reason}", outcome.as_str()),
        None => outcome.as_str().to_owned(),
    }
}

/// Verdict and the codes of its reasons.
pub(super) fn verdict(evidence: &Evidence) -> String {
    let relay = judge(evidence);
    let reasons: Vec<_> = relay.reasons.iter().map(|reason| reason.code).collect();
    format!("{}: {}", relay.verdict.as_str(), reasons.join(" "))
}

/// Checks a table of named cases: the lines, and what the form on the first line comes out as.
pub(super) fn check_outcomes(table: &[(&str, &[Line<'_>], &str)]) {
    for (name, lines, want) in table {
        assert_eq!(outcome(&host(lines)), *want, "{name}");
    }
}

pub(super) fn add(evidence: &mut Evidence, key: &str, answer: &str) {
    let confirm = key.ends_with('!');
    let form = form(key.trim_end_matches('!'));
    let known = evidence.forms.iter().position(|other| *other == form);
    let index = known.unwrap_or(evidence.forms.len());
    let pass = match (known, form.control()) {
        _ if confirm => Pass::Confirm,
        (None, Some(Control::PlainAtEnd)) => Pass::End,
        (None, _) => Pass::First,
        (Some(_), _) => Pass::Retry,
    };
    if known.is_none() {
        evidence.forms.push(form);
    }
    if answer.is_empty() {
        return;
    }
    let exchanges = exchanges(answer);
    let place = (evidence.transcripts.len(), exchanges.len() - 1);
    evidence.attempts.push(Attempt { form: index, pass, transcript: place.0, exchange: place.1 });
    evidence.transcripts.push(Transcript {
        tls: None,
        took: None,
        local: "198.51.100.66:40000".parse().unwrap(),
        peer: "192.0.2.25:25".parse().unwrap(),
        exchanges,
    });
}

/// The greeting, if it is not the answer itself, and the answer.
fn exchanges(answer: &str) -> Vec<Exchange> {
    let phases = [
        ("greeting: ", Phase::Greeting),
        ("ehlo: ", Phase::Ehlo),
        ("helo: ", Phase::Helo),
        ("mail: ", Phase::Mail),
        ("rset: ", Phase::Rset),
        ("unasked: ", Phase::Unsolicited),
    ];
    if let Some((first, second)) = answer.split_once(" then ") {
        return [first, second].map(|text| exchange(Phase::Rcpt, text)).into();
    }
    let found = phases.iter().find_map(|(p, phase)| Some((*phase, answer.strip_prefix(p)?)));
    let (phase, text) = found.unwrap_or((Phase::Rcpt, answer));
    let greeting = exchange(Phase::Greeting, "220 mx.target.example ESMTP");
    let own = exchange(phase, text);
    if phase == Phase::Greeting { vec![own] } else { vec![greeting, own] }
}

pub(super) fn exchange(phase: Phase, text: &str) -> Exchange {
    let got = WireText::default();
    let answer = match text {
        "closed" => Answer::Lost(Loss::Closed),
        "reset" => Answer::Lost(Loss::Reset),
        "timeout" => Answer::Lost(Loss::Timeout { seconds: 60, got }),
        "fault" => Answer::Lost(Loss::Fault(ReplyFault::CodeMismatch { first: 250, then: 550 })),
        text => Answer::Reply(Reply::from_text(text).expect(text)),
    };
    Exchange {
        tls: false,
        phase,
        sent: WireText::default(),
        pipelined: false,
        answer,
        elapsed_ms: 0,
    }
}

/// The form of a key.
pub(super) fn form(key: &str) -> Form {
    if key == "rcpt-first" {
        let plain = form("S04");
        return Form { role: FormRole::Control { control: Control::RcptBeforeMail }, ..plain };
    }
    let (code, control) = key.split_once(' ').map_or((key, None), |(code, c)| (code, Some(c)));
    let probe = probe(code);
    let Some(control) = control else { return probe };
    let of = |control, outer, path: String| Form {
        role: FormRole::Control { control },
        envelope: Envelope { forward_path: wire(&path), ..probe.envelope.clone() },
        sender: probe.sender,
        outer,
        outer_domain: domain_of(outer, &path),
    };
    let at_mail_domain =
        |control, user| of(control, Outer::MailDomain, format!("{user}@target.example"));
    match (control, probe.outer) {
        ("postmaster", _) => at_mail_domain(Control::Postmaster, "postmaster"),
        ("user", _) => at_mail_domain(Control::LocalUser, "user"),
        ("mismatch", _) => {
            let mut form = at_mail_domain(Control::MismatchedHelo, "postmaster");
            form.envelope.helo = Some(wire("mismatch-x9.audit.example"));
            form
        }
        ("random", Outer::Foreign) => at_mail_domain(Control::RandomUser, "nobody-x9"),
        ("random", outer) => {
            let path = match &probe.outer_domain {
                Some(domain) => format!("nobody-x9@{domain}"),
                None => "nobody-x9".into(),
            };
            of(Control::RandomUser, outer, path)
        }
        ("end", outer) => {
            let path = String::from_utf8(probe.envelope.forward_path.as_bytes().to_vec()).unwrap();
            of(Control::PlainAtEnd, outer, path)
        }
        (other, _) => panic!("no control `{other}`"),
    }
}

fn probe(key: &str) -> Form {
    let (code, null) = key.strip_suffix("<>").map_or((key, false), |code| (code, true));
    let (code, instance) = code.split_once('#').map_or((code, 0), |(c, n)| (c, n.parse().unwrap()));
    let domain = ["target.example", "second.example"][instance];
    let mx = "mx.target.example";
    let canary = "c4n4ry@probe.example";
    let foreign = (SenderKind::Foreign, "probe@audit.example".to_owned());
    let percent = |at: &str| format!("c4n4ry%probe.example@{at}");
    let plain = |sender| (Axis::Sender, sender, canary.to_owned(), Outer::Foreign);
    let recipient = |path, outer| (Axis::Recipient, foreign.clone(), path, outer);
    let local = |at: &str| (SenderKind::Local, format!("postmaster@{at}"));
    let (axis, (mut sender, mut reverse), path, outer) = match code {
        "S01" => plain((SenderKind::Foreign, "probe@probe.example".into())),
        "S02" => plain(foreign.clone()),
        "S04" => plain((SenderKind::Null, String::new())),
        "S06" => plain(local(mx)),
        "S10" => plain(local(domain)),
        "H06" => (Axis::Helo, foreign.clone(), canary.into(), Outer::Foreign),
        "R39" => recipient(canary.into(), Outer::Foreign),
        "R38" => recipient("c4n4ry@backup.example".into(), Outer::Foreign),
        "S13" => plain((SenderKind::Local, "probe@partner.example".into())),
        "S12" => plain((SenderKind::Local, "probe@client.audit.example".into())),
        "H01" => (Axis::Helo, foreign.clone(), canary.into(), Outer::Foreign),
        "R01" => recipient(percent(mx), Outer::HostName),
        "R02" => recipient(percent("[192.0.2.25]"), Outer::Address),
        "R03" => recipient(percent(domain), Outer::MailDomain),
        "R06" => recipient(format!("\"{canary}\""), Outer::Absent),
        "R11" => recipient(format!("\"{canary}\"@{mx}"), Outer::HostName),
        "R14" => recipient(format!("\"c4n4ry%probe.example\"@{domain}"), Outer::MailDomain),
        "R20" => recipient(format!("probe.example!c4n4ry@{mx}"), Outer::HostName),
        "R15" => recipient(format!("@{mx}:{canary}"), Outer::Foreign),
        other => panic!("no probe `{other}`"),
    };
    if null {
        (sender, reverse) = (SenderKind::Null, String::new());
    }
    let id = format!("relay-{}", code.to_lowercase());
    let check = if code == "R38" { "conditional-relay" } else { "open-relay" };
    let gate = matches!(code, "S01" | "S04" | "S10" | "H01");
    Form {
        role: FormRole::Probe { id, code: code.into(), check: check.into(), axis, gate, instance },
        envelope: Envelope {
            greeting: if code == "H06" { Greeting::None } else { Greeting::Ehlo },
            helo: (code == "H01").then(|| wire(mx)),
            first_rcpt: (code == "R39").then(|| wire("postmaster@target.example")),
            reverse_path: wire(&reverse),
            forward_path: wire(&path),
            ..Envelope::default()
        },
        sender,
        outer,
        outer_domain: domain_of(outer, &path),
    }
}

/// The server's own domain in a path, as the planner knows it.
fn domain_of(outer: Outer, path: &str) -> Option<String> {
    let named = !matches!(outer, Outer::Foreign | Outer::Absent);
    path.rsplit_once('@').filter(|_| named).map(|(_, domain)| domain.to_owned())
}

pub(super) fn wire(text: &str) -> WireText {
    WireText::from(text.as_bytes())
}
