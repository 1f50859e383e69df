//! The relay matrix: each kind of cell, and each finding with its yes, its no and its "cannot tell".

use std::net::SocketAddr;

use crate::evidence::matrix::{
    CellKey, Client, Expected, Gap, Matrix, MatrixCell, MatrixRow, Recipient, Sender,
};
use crate::evidence::{Answer, Evidence, Exchange, Lacking, Loss, Stop, Transcript};
use crate::finding::{Finding, Severity};
use crate::smtp::{Phase, Reply, WireText};
use crate::verdict::{MatrixVerdict, findings, judge, matrix};

use super::host::{GREYLISTED, OK, RELAY, UNKNOWN, blank};

const AUTH: &str = "530 5.7.0 Authentication required";
const NOT_OWNED: &str =
    "mail: 553 5.7.1 <probe@audit.example>: Sender address rejected: not owned by user jane";
const NO: &str = "550 no";

/// Six answers: from a foreign, a local and the null sender, each to a foreign and a local
/// recipient. `mail: ` stands before an answer to MAIL.
type Row<'a> = (Client, [&'a str; 6]);

fn exchange(text: &str) -> Exchange {
    let (phase, text) = match text.strip_prefix("mail: ") {
        Some(rest) => (Phase::Mail, rest),
        None => (Phase::Rcpt, text),
    };
    let answer = match text {
        "closed" => Answer::Lost(Loss::Closed),
        "timeout" => Answer::Lost(Loss::Timeout { seconds: 1, got: WireText::default() }),
        text => Answer::Reply(Reply::from_text(text).expect(text)),
    };
    let sent = WireText::from("RCPT TO:<x@y>");
    Exchange { phase, sent, pipelined: false, tls: false, answer, elapsed_ms: 1 }
}

fn asked(port: u16, rows: &[Row<'_>]) -> Evidence {
    let mut evidence = blank(port);
    let mut matrix = Matrix::default();
    for (client, answers) in rows {
        let local: SocketAddr = "198.51.100.66:40000".parse().unwrap();
        let peer = SocketAddr::new(evidence.target.address(), port);
        let connection = evidence.transcripts.len();
        let exchanges = answers.iter().map(|text| exchange(text)).collect();
        evidence.transcripts.push(Transcript { exchanges, ..Transcript::new(local, peer) });
        let keys = Sender::ALL.into_iter().flat_map(|s| Recipient::ALL.map(|r| (s, r)));
        let cells = keys.enumerate().map(|(at, (sender, recipient))| MatrixCell {
            sender,
            recipient,
            envelope: Ok((WireText::default(), WireText::default())),
            place: Some((connection, at)),
        });
        let cells = cells.collect();
        matrix.rows.push(MatrixRow {
            client: *client,
            mechanism: None,
            gap: None,
            place: None,
            cells,
        });
    }
    evidence.matrix = Some(matrix);
    evidence
}

fn verdict(evidence: &Evidence) -> MatrixVerdict {
    matrix(evidence).expect("it was asked for")
}

/// `refused`, or `unknown blocked`.
fn observed(evidence: &Evidence, client: Client, sender: Sender, recipient: Recipient) -> String {
    let observed = verdict(evidence).cell(client, sender, recipient).unwrap().observed;
    let reason = observed.reason().unwrap_or_default();
    format!("{} {reason}", observed.as_str()).trim().to_owned()
}

fn found(evidence: &Evidence) -> Vec<Finding> {
    let ids = ["auth-sends-as-anyone", "own-domain-spoofing", "send-only", "trusted-cannot-relay"];
    let all = findings(evidence, &judge(evidence));
    all.into_iter().filter(|finding| ids.contains(&finding.id)).collect()
}

fn ids(evidence: &Evidence) -> Vec<&'static str> {
    found(evidence).iter().map(|finding| finding.id).collect()
}

const SOUND: Row<'_> = (Client::Foreign, [RELAY, OK, RELAY, NOT_OWNED, RELAY, OK]);

#[test]
fn a_sound_server_has_no_mismatch() {
    let rows = [
        SOUND,
        (Client::Trusted, [OK; 6]),
        (Client::Authenticated, [NOT_OWNED, NOT_OWNED, OK, OK, OK, OK]),
    ];
    let evidence = asked(25, &rows);
    assert_eq!(verdict(&evidence).mismatches(), 0, "{:#?}", verdict(&evidence));
    assert_eq!(ids(&evidence), [""; 0]);
    assert_eq!(matrix(&blank(25)), None, "it was not asked for");
}

#[test]
fn a_strangers_cell_is_read_by_its_wording() {
    use Recipient::{Foreign as Abroad, Local as Here};
    let listed = "554 5.7.1 Client host [198.51.100.66] blocked using bl.test";
    let cases = [
        (Abroad, RELAY, "refused"),
        (Abroad, "454 4.7.1 <c@probe.example>: Relay access denied", "refused"),
        (Abroad, AUTH, "auth-required"),
        (Abroad, OK, "accepted"),
        (Abroad, GREYLISTED, "deferred"),
        (Abroad, "450 4.2.0 try later", "deferred"),
        (Abroad, listed, "unknown blocked"),
        (Abroad, UNKNOWN, "unknown recipient-verification"),
        (Abroad, NO, "refused"),
        (Abroad, "421 4.7.0 too many errors", "unknown throttled"),
        (Abroad, "530 5.7.0 Must issue a STARTTLS command first", "not-tested no-tls"),
        (Abroad, "354 go on", "unknown peer-fault"),
        (Abroad, "closed", "unknown connection-lost"),
        (Abroad, "timeout", "unknown timeout"),
        (Abroad, "mail: 250 2.1.0 Ok", "unknown not-answered"),
        (Abroad, "mail: 450 4.1.8 Domain not found", "deferred"),
        (
            Abroad,
            "mail: 550 5.1.8 Sender address rejected: Domain not found",
            "unknown sender-refused",
        ),
        (Here, OK, "accepted"),
        (Here, AUTH, "auth-required"),
        (Here, UNKNOWN, "unknown no-local-user"),
        (Here, "450 4.1.1 user unknown", "deferred"),
    ];
    for (recipient, answer, want) in cases {
        let [mut abroad, mut here] = [RELAY, OK];
        *if recipient == Abroad { &mut abroad } else { &mut here } = answer;
        let evidence = asked(25, &[(Client::Foreign, [abroad, here, RELAY, OK, RELAY, OK])]);
        let got = observed(&evidence, Client::Foreign, Sender::Foreign, recipient);
        assert_eq!(got, want, "{answer}");
    }
    // Without anything accepted beside it, a refusal without a reason may be aimed at us.
    let evidence = asked(25, &[(Client::Foreign, [NO; 6])]);
    let got = observed(&evidence, Client::Foreign, Sender::Foreign, Abroad);
    assert_eq!(got, "unknown unknown-wording");
}

#[test]
fn what_the_address_is_trusted_with_is_no_strangers_right() {
    let rows =
        [(Client::Foreign, [OK; 6]), (Client::Trusted, [OK; 6]), (Client::Authenticated, [OK; 6])];
    let mut evidence = asked(25, &rows);
    evidence.outside_asserted = false;
    let here: SocketAddr = "192.0.2.25:40000".parse().unwrap();
    for transcript in &mut evidence.transcripts {
        transcript.local = here;
    }
    let unknown = "unknown vantage-inside";
    let of = |client, recipient| observed(&evidence, client, Sender::Foreign, recipient);
    assert_eq!(of(Client::Foreign, Recipient::Foreign), unknown);
    assert_eq!(of(Client::Foreign, Recipient::Local), unknown);
    assert_eq!(of(Client::Authenticated, Recipient::Foreign), unknown);
    assert_eq!(of(Client::Trusted, Recipient::Foreign), "accepted");
    assert_eq!(ids(&evidence), [""; 0]);
}

#[test]
fn what_was_not_asked_is_said() {
    let mut evidence = asked(25, &[SOUND]);
    let row = |evidence: &mut Evidence, change: &dyn Fn(&mut MatrixRow)| {
        change(&mut evidence.matrix.as_mut().unwrap().rows[0]);
    };
    row(&mut evidence, &|row| {
        row.cells[0].envelope = Err(Lacking::AuditorDomain);
        row.cells[1].place = None;
    });
    let of = |evidence: &Evidence, recipient| {
        observed(evidence, Client::Foreign, Sender::Foreign, recipient)
    };
    assert_eq!(of(&evidence, Recipient::Foreign), "not-tested no-auditor-domain");
    assert_eq!(of(&evidence, Recipient::Local), "unknown not-answered");
    assert_eq!(verdict(&evidence).missing(&evidence), [""; 0]);
    let gaps = [
        (Gap::NoConnection, "not-tested no-connection", true),
        (Gap::NoGreeting, "not-tested no-greeting", true),
        (Gap::NoTls, "not-tested no-tls", true),
        (Gap::AuthFailed, "not-tested auth-failed", true),
        (Gap::AuthNotOffered, "not-tested auth-not-offered", false),
    ];
    for (gap, want, missing) in gaps {
        row(&mut evidence, &|row| row.gap = Some(gap));
        assert_eq!(of(&evidence, Recipient::Local), want);
        assert_eq!(verdict(&evidence).missing(&evidence).len(), usize::from(missing), "{want}");
    }
    row(&mut evidence, &|row| row.gap = None);
    evidence.stopped = Some(Stop::Deadline);
    assert_eq!(of(&evidence, Recipient::Local), "not-tested stopped");
}

#[test]
fn a_refused_login_names_host_and_reply() {
    let mut evidence =
        asked(25, &[(Client::Authenticated, ["535 5.7.8 authentication failed"; 6])]);
    let row = &mut evidence.matrix.as_mut().unwrap().rows[0];
    (row.gap, row.place) = (Some(Gap::AuthFailed), Some((0, 0)));
    let said = verdict(&evidence).missing(&evidence).remove(0);
    let start = "mx.target.example:25: the matrix row `authenticated` is not tested, auth-failed \
                 (535 5.7.8 authentication failed)";
    assert!(said.starts_with(start), "{said}");
}

#[test]
fn send_only() {
    let row = |foreign, null| [AUTH, foreign, AUTH, AUTH, AUTH, null];
    let mail = "mail: 530 5.7.0 Authentication required";
    let cases = [
        (25, row(AUTH, AUTH), true),
        (25, row(mail, mail), true),
        (25, row(OK, AUTH), false),
        (25, row(AUTH, OK), false),
        (25, row(AUTH, GREYLISTED), false),
        (25, row(GREYLISTED, GREYLISTED), false),
        (25, row(RELAY, RELAY), false),
        (587, row(AUTH, AUTH), false),
    ];
    for (port, answers, want) in cases {
        let evidence = asked(port, &[(Client::Foreign, answers)]);
        assert_eq!(ids(&evidence).contains(&"send-only"), want, "{port} {answers:?}");
    }
    let mut evidence = asked(25, &[(Client::Foreign, row(AUTH, AUTH))]);
    assert_eq!(found(&evidence)[0].severity, Severity::High);
    let wishes = [Sender::Foreign, Sender::Null].map(|sender| {
        (CellKey { client: Client::Foreign, sender, recipient: Recipient::Local }, Expected::No)
    });
    evidence.matrix.as_mut().unwrap().expected = wishes.to_vec();
    assert_eq!(ids(&evidence), [""; 0], "it is meant so");
}

#[test]
fn own_domain_spoofing() {
    let row = |answer| [(Client::Foreign, [RELAY, OK, RELAY, answer, RELAY, OK])];
    for answer in [NOT_OWNED, NO, AUTH, GREYLISTED, "closed"] {
        assert_eq!(ids(&asked(25, &row(answer))), [""; 0], "{answer}");
    }
    let mut evidence = asked(25, &row(OK));
    let of = |evidence: &Evidence| {
        found(evidence).iter().map(|f| (f.id, f.severity)).collect::<Vec<_>>()
    };
    assert_eq!(of(&evidence), [("own-domain-spoofing", Severity::Info)]);
    let key =
        CellKey { client: Client::Foreign, sender: Sender::Local, recipient: Recipient::Local };
    evidence.matrix.as_mut().unwrap().expected = vec![(key, Expected::No)];
    assert_eq!(of(&evidence), [("own-domain-spoofing", Severity::Low)], "the user minds");
    evidence.matrix.as_mut().unwrap().expected = vec![(key, Expected::Yes)];
    assert_eq!(of(&evidence), [], "the user does not");
    let mut refused = asked(25, &row(NOT_OWNED));
    refused.matrix.as_mut().unwrap().expected = vec![(key, Expected::Yes)];
    assert_eq!((of(&refused), verdict(&refused).mismatches()), (vec![], 1), "a mismatch only");
}

#[test]
fn auth_sends_as_anyone() {
    let with = |stranger: &'static str, answer: &'static str| {
        let stranger = [stranger, OK, RELAY, NOT_OWNED, RELAY, OK];
        let inside = [answer, OK, OK, OK, OK, OK];
        ids(&asked(25, &[(Client::Foreign, stranger), (Client::Authenticated, inside)]))
    };
    assert_eq!(with(RELAY, OK), ["auth-sends-as-anyone"]);
    assert_eq!(with(RELAY, NOT_OWNED), [""; 0]);
    assert_eq!(with(RELAY, GREYLISTED), [""; 0]);
    assert_eq!(with(OK, OK), [""; 0], "strangers may too: the login is not the reason");
    // A sender that nobody may use says nothing of who may use it.
    let unknown = "mail: 550 5.1.8 Sender address rejected: Domain not found";
    let rows = [
        (Client::Foreign, [unknown, unknown, RELAY, NOT_OWNED, RELAY, OK]),
        (Client::Authenticated, [unknown, unknown, OK, OK, OK, OK]),
    ];
    let evidence = asked(25, &rows);
    let got = observed(&evidence, Client::Authenticated, Sender::Foreign, Recipient::Foreign);
    assert_eq!(got, "unknown sender-refused");
}

#[test]
fn trusted_cannot_relay() {
    let trusted = |answers| ids(&asked(25, &[SOUND, (Client::Trusted, answers)]));
    assert_eq!(trusted([OK; 6]), [""; 0]);
    assert_eq!(trusted([RELAY, OK, RELAY, OK, RELAY, OK]), ["trusted-cannot-relay"]);
    assert_eq!(trusted([GREYLISTED; 6]), [""; 0]);
    let inside = [NOT_OWNED, NOT_OWNED, RELAY, OK, OK, OK];
    let found = found(&asked(25, &[SOUND, (Client::Authenticated, inside)]));
    assert_eq!(found.iter().map(|f| f.id).collect::<Vec<_>>(), ["trusted-cannot-relay"]);
    assert!(found[0].summary.contains("an authenticated client"), "{found:?}");
    assert!(found[0].notes[0].ends_with("authenticated local to foreign"), "{found:?}");
}
