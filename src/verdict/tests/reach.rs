//! Hosts that speak no SMTP, and those that speak it badly.

use crate::evidence::{
    Answer, Attempt, DialFailure, DialFault, Evidence, Exchange, Loss, Pass, Stop, Transcript,
};
use crate::smtp::{Phase, ReplyFault, ReplyParser, WireText};
use crate::verdict::judge;

use super::host::{OK, RELAY, add, blank, form, host, verdict, wire};

/// A host on which every connection came to `greeting`, and no further.
fn greeted(greetings: &[Answer]) -> Evidence {
    let mut evidence = blank(25);
    evidence.forms = vec![form("S02"), form("S04")];
    for (transcript, answer) in greetings.iter().enumerate() {
        evidence.transcripts.push(Transcript {
            tls: None,
            took: None,
            local: "198.51.100.66:40000".parse().unwrap(),
            peer: "192.0.2.25:25".parse().unwrap(),
            exchanges: vec![Exchange {
                tls: false,
                phase: Phase::Greeting,
                sent: WireText::default(),
                pipelined: false,
                answer: answer.clone(),
                elapsed_ms: 0,
            }],
        });
        let form = transcript.min(1);
        evidence.attempts.push(Attempt { form, pass: Pass::First, transcript, exchange: 0 });
    }
    evidence
}

fn timeout(got: &str) -> Answer {
    Answer::Lost(Loss::Timeout { seconds: 300, got: wire(got) })
}

/// What the parser makes of the first bytes of a connection.
fn fault(bytes: &[u8]) -> Answer {
    let mut parser = ReplyParser::default();
    parser.feed(bytes);
    Answer::Lost(Loss::Fault(parser.next_reply().expect("an end").expect_err("a fault")))
}

#[test]
fn connections_that_do_not_come_about() {
    let table = [
        (DialFault::Refused, "unreachable: connection-refused"),
        (DialFault::Timeout, "unreachable: connect-timeout"),
        (DialFault::Unreachable, "unreachable: no-route"),
        (DialFault::Local, "unreachable: local-fault"),
        (DialFault::OutOfScope, "unreachable: out-of-scope"),
    ];
    for (kind, want) in table {
        let mut evidence = blank(25);
        evidence.dial_failures.push(DialFailure { kind, text: "words".into() });
        assert_eq!(verdict(&evidence), want);
        assert_eq!(judge(&evidence).reasons[0].text, "words");
        // The same failure after the host had answered is no word on its reach.
        add(&mut evidence, "S02", RELAY);
        add(&mut evidence, "S02 end", RELAY);
        assert_eq!(verdict(&evidence), "closed: relay-refused", "{kind:?}");
    }
}

#[test]
fn nothing_was_tried() {
    let mut evidence = blank(25);
    assert_eq!(verdict(&evidence), "unreachable: not-tried");
    evidence.stopped = Some(Stop::Interrupted);
    assert_eq!(verdict(&evidence), "inconclusive: interrupted");
}

#[test]
fn greetings() {
    let overlong = [&b"220 "[..], &vec![b'x'; 1 << 20]].concat();
    let lines = b"220-x\r\n".repeat(300);
    let table: [(&str, Answer, &str); 16] = [
        ("closed before it", Answer::Lost(Loss::Closed), "unreachable: no-greeting"),
        ("reset before it", Answer::Lost(Loss::Reset), "unreachable: no-greeting"),
        ("silence", timeout(""), "unreachable: no-greeting"),
        ("another protocol's silence", timeout("SSH"), "unreachable: no-greeting"),
        ("a number of another protocol", timeout("2026-01-01 ready"), "unreachable: no-greeting"),
        ("another protocol", fault(b"SSH-2.0-x\r\n"), "unreachable: not-smtp"),
        ("a web server", fault(b"HTTP/1.1 400 Bad Request\r\n"), "unreachable: not-smtp"),
        (
            "an overlong line of another protocol",
            fault(&vec![b'x'; 1 << 20]),
            "unreachable: not-smtp",
        ),
        ("a line of 1 MB", fault(&overlong), "inconclusive: not-answered peer-fault"),
        ("more lines than the cap", fault(&lines), "inconclusive: not-answered peer-fault"),
        ("two codes", fault(b"220-a\r\n250 b\r\n"), "inconclusive: not-answered peer-fault"),
        ("one byte of it", timeout("2"), "inconclusive: not-answered timeout"),
        (
            "drips until the deadline",
            timeout("220 mx.target.exam"),
            "inconclusive: not-answered timeout",
        ),
        ("drips lines until the deadline", timeout("220-mx"), "inconclusive: not-answered timeout"),
        ("drips a refusal", timeout("554-no"), "inconclusive: not-answered timeout"),
        (
            "an unsolicited reply",
            Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line: wire("220 x") })),
            "inconclusive: not-answered peer-fault",
        ),
    ];
    for (name, answer, want) in table {
        assert_eq!(verdict(&greeted(&[answer])), want, "{name}");
    }
    let Answer::Lost(Loss::Fault(found)) = fault(&overlong) else { panic!("no fault") };
    assert_eq!(found, ReplyFault::LineTooLong { limit: 4096 });
}

/// Whatever else went wrong, one greeting is enough to be reached.
#[test]
fn one_greeting_is_enough() {
    let mut evidence = host(&[("S02", "greeting: 554 no service")]);
    assert_eq!(verdict(&evidence), "inconclusive: blocked");
    add(&mut evidence, "S04", "greeting: closed");
    assert!(verdict(&evidence).starts_with("inconclusive: "));
    let lost = greeted(&[Answer::Lost(Loss::Closed), Answer::Lost(Loss::Reset)]);
    assert_eq!(verdict(&lost), "unreachable: no-greeting");
    assert_eq!(
        verdict(&host(&[("S02", OK), ("S04", "greeting: closed")])),
        "open: accepted-recipient"
    );
}
