//! What is asked inside TLS or behind XCLIENT, and where it does not come to that.

use crate::evidence::{
    Answer, Attempt, Evidence, Form, FormRole, Lacking, Loss, NotPlanned, Pass, SenderKind,
    TlsFacts, Transcript,
};
use crate::probe::Axis;
use crate::smtp::{Phase, ReplyFault};
use crate::verdict::{Judge, findings, judge};

use super::host::{OK, RELAY, add, closed_and, exchange, form, host, verdict, wire, words};

const EHLO: &str = "250-mx.target.example\n250 STARTTLS";
const INSIDE: &str = "250-mx.target.example\n250 SIZE";
const READY: &str = "220 go ahead";

/// A step of a connection: where, inside TLS or not, and what came back.
type Step<'a> = (Phase, bool, &'a str);

const OFFERED: [Step<'static>; 2] =
    [(Phase::Greeting, false, "220 mx.target.example"), (Phase::Ehlo, false, EHLO)];

fn of_context(code: &str) -> Form {
    let plain = form("S02");
    let role = FormRole::Probe {
        id: format!("relay-{}", code.to_lowercase()),
        code: code.into(),
        check: "open-relay".into(),
        axis: Axis::Context,
        gate: false,
        instance: 0,
    };
    let mut form = Form { role, ..plain };
    form.envelope.starttls = code == "C04";
    form.envelope.claimed = (code == "C05").then(|| "127.0.0.1".parse().unwrap());
    form
}

/// Adds a connection whose last exchange answers a form.
fn ask(evidence: &mut Evidence, form: Form, pass: Pass, steps: &[Step<'_>]) {
    let known = evidence.forms.iter().position(|other| *other == form);
    let index = known.unwrap_or(evidence.forms.len());
    if known.is_none() {
        evidence.forms.push(form);
    }
    let exchanges: Vec<_> = steps
        .iter()
        .map(|(phase, tls, text)| {
            let mut exchange = exchange(*phase, text);
            exchange.tls = *tls;
            exchange
        })
        .collect();
    let transcript = evidence.transcripts.len();
    let attempt = Attempt { form: index, pass, transcript, exchange: exchanges.len() - 1 };
    evidence.attempts.push(attempt);
    let secured = exchanges.iter().any(|exchange| exchange.tls);
    evidence.transcripts.push(Transcript {
        took: None,
        tls: secured.then(|| TlsFacts {
            version: "TLSv1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            certificates: Vec::new(),
        }),
        local: "198.51.100.66:40000".parse().unwrap(),
        peer: "192.0.2.25:25".parse().unwrap(),
        exchanges,
    });
}

fn steps<'a>(more: &[Step<'a>]) -> Vec<Step<'a>> {
    OFFERED.iter().chain(more).copied().collect()
}

/// A closed server that offers STARTTLS, and what C04 came to there.
fn with_c04(tries: &[(Pass, &[Step<'_>])]) -> Evidence {
    let mut evidence = host(&closed_and(&[]));
    evidence.extensions = vec!["STARTTLS".into()];
    for (pass, more) in tries {
        ask(&mut evidence, of_context("C04"), *pass, &steps(more));
    }
    evidence
}

fn outcome_of(evidence: &Evidence, code: &str) -> String {
    let judged = judge(evidence);
    let probe = judged.probes.iter().find(|probe| probe.code == code).expect(code);
    words(probe.verdict.outcome)
}

/// Only TLS that was refused or failed is called so; a connection that was lost, put off or refused
/// on the way there says nothing about TLS, and keeps a server from being called closed.
#[test]
fn tls_that_failed_is_told_from_a_connection_that_failed() {
    let greeting = |text| [(Phase::Greeting, false, text)];
    let failed: [&[Step<'_>]; 3] = [
        &[(Phase::StartTls, false, "454 4.7.0 TLS not available due to local problem")],
        &[(Phase::StartTls, false, "502 5.5.1 command not recognized")],
        &[],
    ];
    for more in failed {
        let evidence = with_c04(&[(Pass::First, more)]);
        assert_eq!(outcome_of(&evidence, "C04"), "not-run tls-failed", "{more:?}");
        assert_eq!(verdict(&evidence), "closed: relay-refused", "{more:?}");
    }
    let lost: [(&[Step<'_>], &str); 4] = [
        (&[(Phase::StartTls, false, "closed")], "inconclusive connection-lost"),
        (&[(Phase::StartTls, false, "timeout")], "inconclusive timeout"),
        (&[(Phase::StartTls, false, "421 4.7.0 too many connections")], "inconclusive throttled"),
        (&[(Phase::Unsolicited, false, "421 4.3.2 shutting down")], "inconclusive throttled"),
    ];
    for (more, want) in lost {
        let evidence = with_c04(&[(Pass::First, more)]);
        assert_eq!(outcome_of(&evidence, "C04"), want, "{more:?}");
        assert!(verdict(&evidence).starts_with("inconclusive"), "{more:?}");
    }
    let before: [(Vec<Step<'_>>, &str); 5] = [
        (vec![OFFERED[0], (Phase::Rcpt, false, RELAY)], "inconclusive not-answered"),
        (greeting("554 no service for you").into(), "inconclusive blocked"),
        (greeting("421 4.3.2 busy").into(), "deferred"),
        (vec![OFFERED[0], (Phase::Ehlo, false, "421 4.3.2 busy")], "deferred"),
        (vec![OFFERED[0], (Phase::Ehlo, false, "closed")], "inconclusive connection-lost"),
    ];
    for (steps, want) in before {
        let mut evidence = with_c04(&[]);
        ask(&mut evidence, of_context("C04"), Pass::First, &steps);
        assert_eq!(outcome_of(&evidence, "C04"), want, "{steps:?}");
        assert!(verdict(&evidence).starts_with("inconclusive"), "{steps:?}");
    }
}

/// Where TLS came about once, its failure later does not take back what was put off inside.
#[test]
fn tls_that_fails_later_leaves_the_question_open() {
    let put_off = [
        (Phase::StartTls, false, READY),
        (Phase::Ehlo, true, INSIDE),
        (Phase::Mail, true, OK),
        (Phase::Rcpt, true, "451 4.7.1 Greylisted, try again later"),
    ];
    let handshake = (Phase::Handshake, false, "closed");
    let failed = [(Phase::StartTls, false, READY), handshake];
    let mut evidence = with_c04(&[(Pass::First, &put_off), (Pass::Retry, &failed)]);
    let last = evidence.transcripts.last_mut().unwrap().exchanges.last_mut().unwrap();
    last.answer = Answer::Lost(Loss::Handshake { text: wire("eof") });
    assert_eq!(outcome_of(&evidence, "C04"), "inconclusive connection-lost");
    assert!(verdict(&evidence).starts_with("inconclusive"));
    // And where it never did, the handshake is what failed.
    evidence.transcripts.retain(|transcript| transcript.tls.is_none());
    for attempt in &mut evidence.attempts {
        attempt.transcript = attempt.transcript.min(evidence.transcripts.len() - 1);
    }
    evidence.attempts.retain(|a| a.pass == Pass::Retry || a.transcript < 4);
    assert_eq!(outcome_of(&evidence, "C04"), "not-run tls-failed");
}

/// A refusal of EHLO is one of the form only where it was the form's own greeting.
#[test]
fn a_refused_greeting_must_be_the_forms_own() {
    let no = "550 5.7.1 no such name";
    let of = |form: Form, steps: &[Step<'_>], sent: &str| {
        let mut evidence = with_c04(&[]);
        evidence.extensions.push("XCLIENT".into());
        ask(&mut evidence, form.clone(), Pass::First, steps);
        let last = evidence.transcripts.last_mut().unwrap().exchanges.last_mut().unwrap();
        last.sent = wire(sent);
        let index = evidence.forms.iter().position(|other| *other == form).unwrap();
        words(Judge::new(&evidence).form(index).outcome)
    };
    let ours = "EHLO client.audit.example";
    let clear = [OFFERED[0], (Phase::Ehlo, false, no)];
    let secured = steps(&[(Phase::StartTls, false, READY), (Phase::Ehlo, true, no)]);
    let claimed = steps(&[(Phase::Xclient, false, READY), (Phase::Ehlo, false, no)]);
    let own = "EHLO mx.target.example";
    assert_eq!(of(form("H01"), &clear, own), "refused helo");
    assert_eq!(of(form("H01"), &clear, ours), "inconclusive helo-refused");
    assert_eq!(of(form("H06"), &clear, ours), "inconclusive helo-refused");
    assert_eq!(of(of_context("C04"), &secured, ours), "refused helo");
    assert_eq!(of(of_context("C04"), &clear, ours), "inconclusive helo-refused");
    assert_eq!(of(of_context("C05"), &claimed, ours), "refused helo");
    assert_eq!(of(of_context("C05"), &clear, ours), "inconclusive helo-refused");
}

/// A claim that was not understood, not offered there, or refused because of us was not refused as
/// a claim.
#[test]
fn a_claim_must_be_refused_as_such() {
    let offer = "250-mx.target.example\n250 XCLIENT NAME ADDR";
    let of = |ehlo: &str, answer: &str| {
        let mut evidence = host(&closed_and(&[]));
        evidence.extensions = vec!["XCLIENT".into()];
        let steps = [OFFERED[0], (Phase::Ehlo, false, offer), (Phase::Rcpt, false, RELAY)];
        ask(&mut evidence, form("R15"), Pass::First, &steps);
        let steps = [OFFERED[0], (Phase::Ehlo, false, ehlo), (Phase::Xclient, false, answer)];
        ask(&mut evidence, of_context("C05"), Pass::First, &steps);
        (outcome_of(&evidence, "C05"), verdict(&evidence))
    };
    let refused = |ehlo, answer| {
        let (outcome, verdict) = of(ehlo, answer);
        assert_eq!(outcome, "refused sequence", "{answer}");
        assert_eq!(verdict, "closed: relay-refused", "{answer}");
    };
    refused(offer, "550 5.7.0 Error: insufficient authorization");
    refused(offer, "502 5.5.1 command not implemented");
    for (ehlo, answer, want) in [
        (offer, "501 5.5.4 Bad XCLIENT attribute name: NAME", "inconclusive unknown-wording"),
        (offer, "504 5.5.4 parameter not implemented", "inconclusive unknown-wording"),
        (offer, "554 5.7.1 <x[127.0.0.1]>: Client host rejected: no", "inconclusive blocked"),
        (EHLO, "502 5.5.1 command not recognized", "inconclusive unknown-wording"),
    ] {
        let (outcome, verdict) = of(ehlo, answer);
        assert_eq!(outcome, want, "{answer}");
        assert!(verdict.starts_with("inconclusive"), "{answer}: {verdict}");
        assert!(verdict.contains("xclient-offered"), "{answer}: {verdict}");
    }
}

/// XCLIENT that was not tried keeps what relays by MX records from looking like all there is.
#[test]
fn xclient_is_a_reason_beside_relaying_by_mx() {
    let mut evidence = host(&closed_and(&[("R38", OK)]));
    assert_eq!(verdict(&evidence), "conditional: accepted-recipient");
    evidence.extensions = vec!["XCLIENT".into()];
    let offer = (Phase::Ehlo, false, "250-mx.target.example\n250 XCLIENT NAME ADDR");
    let steps = [OFFERED[0], offer, (Phase::Rcpt, false, RELAY)];
    ask(&mut evidence, form("R15"), Pass::First, &steps);
    let (probe, why) = ("relay-xclient".into(), Lacking::ClaimedAddress);
    evidence.not_planned = vec![NotPlanned { probe, code: "C05".into(), gate: false, why }];
    assert_eq!(verdict(&evidence), "conditional: accepted-recipient xclient-offered");
}

/// From inside, where a proxy may stand, XCLIENT is offered by right.
#[test]
fn xclient_that_is_offered_inside_is_no_finding() {
    let mut evidence = host(&closed_and(&[]));
    evidence.extensions = vec!["XCLIENT".into()];
    let offer = (Phase::Ehlo, false, "250-mx.target.example\n250 XCLIENT NAME ADDR");
    ask(&mut evidence, form("R15"), Pass::First, &[OFFERED[0], offer, (Phase::Rcpt, false, RELAY)]);
    let ids = |evidence: &Evidence| {
        let found = findings(evidence, &judge(evidence));
        found.iter().map(|finding| finding.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&evidence), ["xclient-offered"]);
    for transcript in &mut evidence.transcripts {
        transcript.local = "127.0.0.1:40000".parse().unwrap();
        transcript.peer = "127.0.0.1:25".parse().unwrap();
    }
    assert!(Judge::new(&evidence).is_inside());
    assert_eq!(ids(&evidence), [""; 0]);
    assert_eq!(verdict(&evidence), "inconclusive: vantage-inside");
}

/// The server's own users answer for a form only on its side of TLS.
#[test]
fn own_users_are_compared_on_one_side_of_tls() {
    let no = "550 5.7.1 No";
    let at_rcpt = |tls, answer| [OFFERED[0], (Phase::Rcpt, tls, answer)];
    for (inside, want) in [(true, "refused relay"), (false, "inconclusive unknown-wording")] {
        let mut evidence = host(&[]);
        ask(&mut evidence, form("S02"), Pass::First, &at_rcpt(true, no));
        ask(&mut evidence, form("S02 user"), Pass::First, &at_rcpt(inside, OK));
        assert_eq!(words(Judge::new(&evidence).form(0).outcome), want, "{inside}");
    }
    let unknown = "550 5.1.1 unknown user";
    for (inside, want) in [(true, "accepted-recipient"), (false, "inconclusive local-control")] {
        let mut evidence = host(&[]);
        ask(&mut evidence, form("R01"), Pass::First, &at_rcpt(true, OK));
        ask(&mut evidence, form("R01 random"), Pass::First, &at_rcpt(inside, unknown));
        assert_eq!(words(Judge::new(&evidence).form(0).outcome), want, "{inside}");
    }
    for (inside, want) in [(false, "refused sender"), (true, "inconclusive blocked")] {
        let mut evidence = host(&[("S10", no), ("S10 postmaster", no), ("S02", RELAY)]);
        ask(&mut evidence, form("S02 postmaster"), Pass::First, &at_rcpt(inside, OK));
        assert_eq!(words(Judge::new(&evidence).form(0).outcome), want, "{inside}");
    }
}

/// A bounce that is relayed inside TLS as outside says nothing about TLS, and one that is refused
/// there hides no other acceptance.
#[test]
fn a_bounce_inside_tls_is_explained_by_the_bounce_outside() {
    for (ours, bounce, want) in [
        (RELAY, OK, "refused relay"),
        (OK, RELAY, "accepted-recipient"),
        (OK, OK, "accepted-recipient"),
    ] {
        let inside = |answer| [OFFERED[0], (Phase::Rcpt, true, answer)];
        let mut evidence = host(&[("S02", RELAY), ("S04", OK)]);
        ask(&mut evidence, of_context("C04"), Pass::First, &inside(ours));
        let mut null = of_context("C04");
        (null.sender, null.envelope.reverse_path) = (SenderKind::Null, wire(""));
        ask(&mut evidence, null, Pass::First, &inside(bounce));
        assert_eq!(outcome_of(&evidence, "C04"), want, "{ours} {bounce}");
        assert_eq!(outcome_of(&evidence, "S04"), "accepted-recipient");
    }
}

/// Text behind a STARTTLS that was refused is not behind its acceptance.
#[test]
fn only_an_accepted_starttls_has_text_behind_it() {
    let of = |answer| {
        let mut evidence = with_c04(&[]);
        let more = steps(&[(Phase::StartTls, false, answer), (Phase::Unsolicited, false, "fault")]);
        ask(&mut evidence, of_context("C04"), Pass::First, &more);
        let last = evidence.transcripts.last_mut().unwrap().exchanges.last_mut().unwrap();
        let line = wire("250 injected");
        last.answer = Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line }));
        let relay = judge(&evidence);
        findings(&evidence, &relay).iter().map(|finding| finding.id).collect::<Vec<_>>()
    };
    assert_eq!(of(READY), ["starttls-plaintext"]);
    assert_eq!(of("454 4.7.0 not now"), ["peer-fault"]);
}

/// Port 465 on which the server spoke first, in the clear.
#[test]
fn text_before_the_first_handshake() {
    let mut evidence = host(&[]);
    let first = [(Phase::Unsolicited, false, "fault"), (Phase::Handshake, false, "closed")];
    ask(&mut evidence, form("S02"), Pass::First, &first);
    let exchanges = &mut evidence.transcripts[0].exchanges;
    let line = wire("220 mx.target.example");
    exchanges[0].answer = Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line }));
    exchanges[1].answer = Answer::Lost(Loss::Handshake { text: wire("corrupt message") });
    assert_eq!(verdict(&evidence), "unreachable: tls-failed");
}

/// Who asks for TLS inside it too does not lack it.
#[test]
fn the_reason_does_not_say_that_tls_failed_where_it_did_not() {
    let mut evidence = host(&[("S02", "530 5.7.0 Must issue a STARTTLS command first")]);
    let text = |evidence: &Evidence| judge(evidence).reasons[0].text.clone();
    assert!(text(&evidence).ends_with("TLS did not come about"), "{}", text(&evidence));
    let weak = (Phase::Mail, true, "454 4.7.0 encryption too weak 0 less than 112");
    ask(&mut evidence, form("S02"), Pass::Retry, &[OFFERED[0], weak]);
    add(&mut evidence, "S04", RELAY);
    assert_eq!(judge(&evidence).reasons[0].code, "tls-required");
    assert!(text(&evidence).contains("inside TLS too"), "{}", text(&evidence));
}
