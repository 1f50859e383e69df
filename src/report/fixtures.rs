//! Hosts made by hand for the tests of the writers.

use crate::evidence::matrix::{Client, Gap, Matrix, MatrixCell, MatrixRow, Recipient, Sender};
use crate::evidence::pop::{PopAnswer, PopBeforeSmtp, PopCheck, PopEnd, PopExchange, PopLogin};
use crate::evidence::{
    Answer, Attempt, Control, DialFailure, DialFault, Envelope, Evidence, Exchange, Form, FormRole,
    Identity, Lacking, Loss, NotPlanned, Pass, SenderKind, TlsFacts, Transcript,
};
use crate::finding::{Finding, catalogue};
use crate::grade::{Policy, grade, listing_results, relay_results};
use crate::probe::{Axis, Library, Outer, Profile};
use crate::smtp::{Phase, Reply, ReplyFault, ReplyParser, WireText};
use crate::target::scope::{Candidate, Consent, Scope};
use crate::target::{Target, Via};
use crate::verdict::{RelayVerdict, findings, judge};

use super::model::{HostReport, NotProbed, RunDetails, RunReport};

pub(super) fn identity() -> Identity {
    Identity {
        claimed_address: None,
        auditor_domain: Some("audit.example.test".into()),
        contact: None,
        canary: ("canary".into(), "audit.example.test".into()),
        canary_address: None,
        helo: Some("client.audit.example.test".into()),
        local_domains: Vec::new(),
        local_user: "postmaster".into(),
        client_name: None,
        partners: Vec::new(),
        mx_domain: None,
    }
}

fn phase(sent: &str) -> Phase {
    match sent.split([' ', ':']).next() {
        Some("") => Phase::Greeting,
        Some("EHLO") => Phase::Ehlo,
        Some("MAIL") => Phase::Mail,
        Some("RCPT") => Phase::Rcpt,
        Some("RSET") => Phase::Rset,
        Some("AUTH") => Phase::Auth,
        _ => Phase::Quit,
    }
}

pub(super) fn reply(bytes: &[u8]) -> Reply {
    let mut parser = ReplyParser::default();
    parser.feed(bytes);
    parser.next_reply().expect("a whole reply").expect("a valid reply")
}

fn exchange(sent: &str, answer: Answer) -> Exchange {
    let sent_bytes = WireText::from(sent.as_bytes());
    Exchange {
        tls: false,
        phase: phase(sent),
        sent: sent_bytes,
        pipelined: false,
        answer,
        elapsed_ms: 1,
    }
}

pub(super) fn lost(sent: &str, loss: Loss) -> Exchange {
    exchange(sent, Answer::Lost(loss))
}

/// A connection of commands and replies; the empty command is the greeting.
pub(super) fn conversation(lines: &[(&str, &str)]) -> Transcript {
    let one = |(sent, text): &(&str, &str)| {
        let bytes = format!("{}\r\n", text.replace('\n', "\r\n"));
        exchange(sent, Answer::Reply(reply(bytes.as_bytes())))
    };
    Transcript {
        tls: None,
        took: None,
        local: "198.51.100.7:40000".parse().expect("a source"),
        peer: "192.0.2.1:25".parse().expect("a peer"),
        exchanges: lines.iter().map(one).collect(),
    }
}

fn target(name: Option<&str>, address: &str) -> Target {
    let candidate = Candidate {
        name: name.map(str::to_owned),
        address: address.parse().expect("an address"),
        port: 25,
        mail_domain: None,
        via: Via::Host,
        named_by_user: true,
    };
    Scope::authorized(Consent::Flag).admit(candidate).expect("in scope")
}

fn form(role: FormRole, to: &str, outer: Outer) -> Form {
    let envelope = Envelope {
        helo: None,
        reverse_path: WireText::from("probe@audit.example.test"),
        forward_path: WireText::from(to),
        ..Envelope::default()
    };
    Form { role, envelope, sender: SenderKind::Foreign, outer, outer_domain: None }
}

fn probe(id: &str, code: &str, axis: Axis, to: &str, outer: Outer) -> Form {
    let (id, code) = (id.to_owned(), code.to_owned());
    let check = catalogue::OPEN_RELAY.to_owned();
    form(FormRole::Probe { id, code, check, axis, gate: true, instance: 0 }, to, outer)
}

fn control(control: Control, to: &str, outer: Outer) -> Form {
    form(FormRole::Control { control }, to, outer)
}

const CANARY: &str = "canary@audit.example.test";
const PERCENT: &str = "canary%audit.example.test@mx1.example.test";
const NOBODY: &str = "nobody-x@mx1.example.test";
const HELLO: (&str, &str) = (
    "EHLO client.audit.example.test",
    "250-mx1.example.test\n250-PIPELINING\n250-SIZE 10240000\n250 8BITMIME",
);
const GREETING: (&str, &str) = ("", "220 mx1.example.test ESMTP");
const MAIL: (&str, &str) = ("MAIL FROM:<probe@audit.example.test>", "250 2.1.0 ok");
const QUIT: (&str, &str) = ("QUIT", "221 2.0.0 bye");

fn host(replies: &[(&str, &str)]) -> Evidence {
    let mut evidence =
        Evidence::new(target(Some("mx1.example.test"), "192.0.2.1"), identity(), false);
    evidence.server_names = vec!["mx1.example.test".into()];
    evidence.extensions = vec!["PIPELINING".into(), "SIZE".into(), "8BITMIME".into()];
    evidence.forms = vec![
        probe("relay-sender-same", "S01", Axis::Sender, CANARY, Outer::Foreign),
        probe("relay-percent-host", "R01", Axis::Recipient, PERCENT, Outer::HostName),
        control(Control::RandomUser, NOBODY, Outer::HostName),
        control(Control::PlainAtEnd, CANARY, Outer::Foreign),
    ];
    evidence.not_planned = vec![NotPlanned {
        probe: "relay-sender-local-domain".into(),
        code: "S10".into(),
        gate: true,
        why: Lacking::LocalDomain,
    }];
    let mut lines = vec![GREETING, HELLO, MAIL];
    lines.extend(replies);
    lines.push(QUIT);
    evidence.transcripts.push(conversation(&lines));
    for (form, pass) in [(0, Pass::First), (1, Pass::First), (2, Pass::First), (3, Pass::End)] {
        evidence.attempts.push(Attempt { form, pass, transcript: 0, exchange: 3 + form });
    }
    evidence
}

const DENIED: &str = "554 5.7.1 Relay access denied";

fn to(path: &str) -> String {
    format!("RCPT TO:<{path}>")
}

fn answered(plain: &str, percent: &str, nobody: &str) -> Evidence {
    let (canary, other, nobody_at) = (to(CANARY), to(PERCENT), to(NOBODY));
    host(&[(&canary, plain), (&other, percent), (&nobody_at, nobody), (&canary, plain)])
}

/// Relays percent addresses, and did so twice.
pub(super) fn open() -> Evidence {
    let mut evidence = answered(DENIED, "250 2.1.5 ok", "550 5.1.1 no such user");
    let again = to(PERCENT);
    evidence.transcripts.push(conversation(&[
        GREETING,
        HELLO,
        MAIL,
        (&again, "250 2.1.5 ok"),
        QUIT,
    ]));
    evidence.attempts.push(Attempt { form: 1, pass: Pass::Confirm, transcript: 1, exchange: 3 });
    evidence
}

/// Refuses everything.
pub(super) fn closed() -> Evidence {
    let mut evidence = answered(DENIED, DENIED, "550 5.1.1 no such user");
    evidence.not_planned.clear();
    evidence
}

/// Puts everything off.
pub(super) fn deferred() -> Evidence {
    let later = "450 4.2.0 Greylisted, see the postmaster's page";
    let mut evidence = answered(later, later, later);
    evidence.forms.truncate(3);
    evidence.attempts.truncate(3);
    evidence
}

/// Does not answer the telephone.
pub(super) fn unreachable() -> Evidence {
    let mut evidence = Evidence::new(target(None, "2001:db8::1"), identity(), false);
    evidence.forms = vec![probe("relay-sender-same", "S01", Axis::Sender, CANARY, Outer::Foreign)];
    evidence.dial_failures.push(DialFailure {
        kind: DialFault::Refused,
        text: "connect to [2001:db8::1]:25: connection refused".into(),
    });
    evidence
}

/// The same host with a relay matrix: a stranger was answered, and the login was refused.
pub(super) fn with_matrix(mut evidence: Evidence) -> Evidence {
    const LOCAL: &str = "postmaster@mx1.example.test";
    const RSET: (&str, &str) = ("RSET", "250 2.0.0 ok");
    let (canary, local) = (to(CANARY), to(LOCAL));
    let mail = format!("MAIL FROM:<{LOCAL}>");
    let taken = "250 2.1.5 ok";
    let lines = [
        GREETING,
        HELLO,
        MAIL,
        (canary.as_str(), DENIED),
        (&local, taken),
        RSET,
        (&mail, "250 2.1.0 ok"),
        (&canary, DENIED),
        (&local, taken),
        RSET,
        ("MAIL FROM:<>", "250 2.1.0 ok"),
        (&canary, DENIED),
        (&local, "450 4.2.0 Greylisted"),
        QUIT,
    ];
    let asked = evidence.transcripts.len();
    evidence.transcripts.push(conversation(&lines));
    let login = ("AUTH PLAIN ***", "535 5.7.8 authentication failed");
    evidence.transcripts.push(conversation(&[GREETING, HELLO, login, QUIT]));
    let paths =
        [(Sender::Foreign, "probe@audit.example.test"), (Sender::Local, LOCAL), (Sender::Null, "")];
    let cells = |places: Option<[usize; 6]>| {
        let envelopes = paths.into_iter().flat_map(|(sender, from)| {
            [(Recipient::Foreign, CANARY), (Recipient::Local, LOCAL)]
                .map(|(recipient, to)| (sender, from, recipient, to))
        });
        let cell = |(at, (sender, from, recipient, to)): (usize, (_, &str, _, &str))| MatrixCell {
            sender,
            recipient,
            envelope: Ok((WireText::from(from), WireText::from(to))),
            place: places.map(|places| (asked, places[at])),
        };
        envelopes.enumerate().map(cell).collect()
    };
    let row = |client, gap, place, cells| MatrixRow { client, mechanism: None, gap, place, cells };
    let stranger = row(Client::Foreign, None, Some((asked, 0)), cells(Some([3, 4, 7, 8, 11, 12])));
    let place = Some((asked + 1, 2));
    let refused = row(Client::Authenticated, Some(Gap::AuthFailed), place, cells(None));
    let refused = MatrixRow { mechanism: Some("PLAIN".into()), ..refused };
    evidence.matrix = Some(Matrix { rows: vec![stranger, refused], expected: Vec::new() });
    evidence
}

/// The same host asked for POP-before-SMTP: granted after the login, and refused again.
pub(super) fn with_pop(mut evidence: Evidence) -> Evidence {
    let canary = to(CANARY);
    let mut checks = Vec::new();
    for (after_ms, reply) in [(None, DENIED), (Some(320), "250 2.1.5 ok"), (Some(10_004), DENIED)] {
        let place = Some((evidence.transcripts.len(), 3));
        evidence.transcripts.push(conversation(&[GREETING, HELLO, MAIL, (&canary, reply), QUIT]));
        checks.push(PopCheck { after_ms, gap: None, place });
    }
    let said = |sent: &str, tls, line: &str| PopExchange {
        sent: WireText::from(sent.as_bytes()),
        tls,
        answer: PopAnswer::Positive(WireText::from(line.as_bytes())),
        elapsed_ms: 1,
    };
    let login = PopLogin {
        peer: "192.0.2.1:110".parse().expect("a peer"),
        local: Some("198.51.100.7:40001".parse().expect("a source")),
        failure: None,
        tls: Some(TlsFacts {
            version: "TLSv1.3".into(),
            cipher: "TLS_AES_256_GCM_SHA384".into(),
            certificates: vec![vec![48].into()],
        }),
        exchanges: vec![
            said("", false, "+OK POP3 ready"),
            said("STLS", false, "+OK begin TLS"),
            said("USER ***", true, "+OK"),
            said("PASS ***", true, "+OK logged in"),
            said("QUIT", true, "+OK bye"),
        ],
        end: PopEnd::LoggedIn,
    };
    evidence.pop = Some(PopBeforeSmtp {
        window: 3600,
        envelope: (WireText::from("probe@audit.example.test"), WireText::from(CANARY)),
        logins: vec![login],
        checks,
        stopped: None,
    });
    evidence
}

/// Says what should disturb a reader.
pub(super) fn hostile() -> Evidence {
    let mut evidence = with_pop(with_matrix(deferred()));
    let bytes = b"550-\x1b[2J\x1b]0;owned\x07 \x9b31m \xe2\x80\xae gnp.exe\r\n\
                  550 \xff\xfe\x00\x7f<script>'\"=cmd|\\\r\n";
    let answer = Answer::Reply(reply(bytes));
    for transcript in &mut evidence.transcripts {
        for exchange in &mut transcript.exchanges {
            exchange.answer = answer.clone();
        }
        // The parser cuts an endless line off; so does the writer with a merely long one.
        let mut endless = b"550 ".to_vec();
        endless.resize(1 << 20, b'x');
        let fault = fault(&endless);
        transcript.exchanges.push(lost("QUIT", Loss::Fault(fault)));
        transcript
            .exchanges
            .push(lost("QUIT", Loss::Fault(self::fault(b"\x1b[31m\xe2\x80\xae\n"))));
        let long = format!("450 {}\r\n", "long ".repeat(800));
        transcript.exchanges[3].answer = Answer::Reply(reply(long.as_bytes()));
    }
    let login = evidence.pop.as_mut().and_then(|pop| pop.logins.last_mut()).expect("a login");
    login.end = PopEnd::Refused;
    login.failure = Some(DialFailure { kind: DialFault::Local, text: "\u{1b}[2J\u{202e}".into() });
    for exchange in &mut login.exchanges {
        let bytes = b"-ERR \x1b[2J\x9b31m\xe2\x80\xae=cmd|<script>\x07";
        exchange.answer = PopAnswer::Negative(WireText::from(&bytes[..]));
    }
    let long = [b"220 \x1b[31m".as_slice(), &[b'x'; 3000]].concat();
    login.exchanges[0].answer = PopAnswer::NotPop(WireText::from(long));
    evidence.extensions = vec!["X\u{1b}[31m\u{202e}".into()];
    evidence
}

fn fault(bytes: &[u8]) -> ReplyFault {
    let mut parser = ReplyParser::default();
    parser.feed(bytes);
    parser.next_reply().expect("an end").expect_err("a fault")
}

/// The report of one host.
pub(super) fn report(evidence: &Evidence) -> HostReport {
    let relay: RelayVerdict = judge(evidence);
    let found: Vec<Finding> = findings(evidence, &relay);
    let library = Library::embedded().expect("the embedded probes");
    let policy = Policy::embedded().expect("the embedded policy");
    let mut results = relay_results(evidence, &relay, &found);
    results.extend(listing_results(&[]));
    let grade = grade(&policy, &results);
    HostReport::build(evidence, &relay, &found, &grade, &[], &library, None)
}

/// What is known of a run.
pub(super) fn details(identity: &Identity) -> RunDetails<'_> {
    RunDetails {
        started: "2026-01-01T00:00:00Z".into(),
        finished: "2026-01-01T00:00:09Z".into(),
        seed: 7,
        profile: Profile::Quick.into(),
        interrupted: false,
        source: None,
        outside_asserted: false,
        identity,
        own_probes: &[],
        skipped: &[],
        listings: None,
    }
}

/// The report of a run.
pub(super) fn run(hosts: Vec<HostReport>, not_probed: Vec<NotProbed>) -> RunReport {
    RunReport::build(details(&identity()), hosts, not_probed)
}
