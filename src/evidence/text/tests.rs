use proptest::prelude::*;

use super::*;
use crate::evidence::{Answer, Exchange, Loss, Transcript};
use crate::smtp::{Phase, Reply, ReplyFault, WireText};

const SAMPLE: &str = "mxaudit-transcript 1
connection 192.0.2.66:40000 > [2001:db8::1]:25
+12 S: 220 mx.example.test ESMTP \\x1b[31m
C: EHLO client.audit.test
S: 250-mx.example.test
+3 S: 250 PIPELINING
; form relay-sender-same first
C: MAIL FROM:<probe@audit.test>
+2 S: 250 2.1.0 Ok\\n
C| RCPT TO:<canary@audit.test>
+60000 X: timeout 60 22
";

fn error(text: &str) -> String {
    read_transcript("x.smtp", text).expect_err(text).to_string()
}

#[test]
fn a_file_comes_back_as_it_was() {
    let (transcript, notes) = read_transcript("x.smtp", SAMPLE).unwrap();
    assert_eq!(notes, [(2, "form relay-sender-same first".to_owned())]);
    let phases: Vec<_> = transcript.exchanges.iter().map(|exchange| exchange.phase).collect();
    assert_eq!(phases, [Phase::Greeting, Phase::Ehlo, Phase::Mail, Phase::Rcpt]);
    assert!(transcript.exchanges[2].answer.reply().unwrap().has_bare_lf());
    let back = write_transcript(&transcript, |index| {
        notes.iter().filter(|(at, _)| *at == index).map(|(_, note)| note.clone()).collect()
    });
    assert_eq!(back, SAMPLE);
}

#[test]
fn what_is_no_dialogue_has_its_place() {
    let cases = [
        ("mxaudit-transcript 1", "something else", "x.smtp:1:1: the first line"),
        ("connection 192", "connected 192", "x.smtp:2:1: expected `connection"),
        ("C: EHLO", "B: EHLO", "x.smtp:4:1: expected `C: `"),
        ("C: EHLO", "C: HACK", "x.smtp:4:4: `HACK` is no command"),
        ("\\x1b", "\\q1b", "x.smtp:3:34: byte"),
        ("250-mx", "550-mx", "x.smtp:6:4: one reply with two codes"),
        ("+3 S: 250 P", "+3 S: 250-P", "x.smtp:6:4: the lines are not one whole reply"),
        ("+3 S: 250 PIPELINING\n", "", "x.smtp:7:1: a command before the answer"),
        ("+60000 X: timeout 60 22", "+60000 X: tired", "x.smtp:11:11: `tired` is no kind"),
        ("+60000 X", "+later X", "x.smtp:11:1: `+` is followed by milliseconds"),
        ("+60000 X: timeout 60 22\n", "", "x.smtp:11:1: the last exchange has no end"),
    ];
    for (from, to, want) in cases {
        let text = SAMPLE.replacen(from, to, 1);
        assert_ne!(text, SAMPLE, "{from}");
        assert!(error(&text).starts_with(want), "{from} -> {to}: {}", error(&text));
    }
}

/// A backslash at the end of a line is not the mark of a bare line feed.
#[test]
fn backslashes_and_bare_line_feeds_are_told_apart() {
    for (bytes, bare) in [
        (&b"250 a\\\n"[..], true),
        (b"250 a\\n\r\n", false),
        (b"250 a\\\\n\n", true),
        (b"250 a\\\r\n", false),
    ] {
        let mut parser = crate::smtp::ReplyParser::default();
        parser.feed(bytes);
        let reply = parser.next_reply().unwrap().unwrap();
        assert_eq!(reply.has_bare_lf(), bare);
        let exchange = Exchange {
            tls: false,
            phase: Phase::Greeting,
            sent: WireText::default(),
            pipelined: false,
            answer: Answer::Reply(reply),
            elapsed_ms: 1,
        };
        let local = "127.0.0.1:1".parse().unwrap();
        let transcript = Transcript { exchanges: vec![exchange], ..Transcript::new(local, local) };
        let (back, _) =
            read_transcript("x", &write_transcript(&transcript, |_| Vec::new())).unwrap();
        assert_eq!(format!("{back:?}"), format!("{transcript:?}"));
    }
}

fn wire() -> impl Strategy<Value = WireText> {
    proptest::collection::vec(
        any::<u8>().prop_filter("no line end", |b| *b != b'\n' && *b != b'\r'),
        0..30,
    )
    .prop_map(WireText::from)
}

fn answer() -> impl Strategy<Value = Answer> {
    let reply =
        (200u16..600, proptest::collection::vec("[ -~]{0,30}", 1..4)).prop_map(|(code, texts)| {
            let last = texts.len() - 1;
            let lines: Vec<_> = texts
                .iter()
                .enumerate()
                .map(|(index, text)| {
                    format!("{code}{}{text}", if index == last { ' ' } else { '-' })
                })
                .collect();
            Answer::Reply(Reply::from_text(&lines.join("\n")).unwrap())
        });
    let loss = prop_oneof![
        Just(Loss::Closed),
        Just(Loss::Reset),
        (0u64..500, wire()).prop_map(|(seconds, got)| Loss::Timeout { seconds, got }),
        wire().prop_map(|line| Loss::Fault(ReplyFault::NotAReply { line })),
        wire().prop_map(|line| Loss::Fault(ReplyFault::Unsolicited { line })),
        (0usize..9999).prop_map(|limit| Loss::Fault(ReplyFault::LineTooLong { limit })),
        (200u16..600, 200u16..600)
            .prop_map(|(first, then)| Loss::Fault(ReplyFault::CodeMismatch { first, then })),
    ];
    prop_oneof![reply, loss.prop_map(Answer::Lost)]
}

fn exchange() -> impl Strategy<Value = Exchange> {
    (wire(), answer(), any::<bool>(), 0u64..100_000).prop_map(
        |(path, answer, pipelined, elapsed_ms)| {
            let sent = [b"RCPT TO:<", path.as_bytes(), b">"].concat();
            Exchange {
                tls: false,
                phase: Phase::Rcpt,
                sent: sent.into(),
                pipelined,
                answer,
                elapsed_ms,
            }
        },
    )
}

proptest! {
    #[test]
    fn any_transcript_comes_back(exchanges in proptest::collection::vec(exchange(), 0..8)) {
        let transcript = Transcript { tls: None, took: None,
            local: "127.0.0.1:1".parse().unwrap(),
            peer: "[::1]:25".parse().unwrap(),
            exchanges,
        };
        let text = write_transcript(&transcript, |_| Vec::new());
        let (back, _) = read_transcript("x", &text).unwrap();
        prop_assert_eq!(format!("{back:?}"), format!("{transcript:?}"));
    }
}

const SECURED: &str = "mxaudit-transcript 1
connection 192.0.2.66:40000 > 192.0.2.25:25
+12 S: 220 mx.example.test ESMTP
C: STARTTLS
+1 S: 220 go ahead
+1 X: unsolicited 250 injected\\r\\n
T: TLSv1.3 TLS_AES_256_GCM_SHA384
T: certificate AAEC/w==
T: certificate AQ==
C: EHLO client.audit.test
+3 S: 250 mx.example.test
";

#[test]
fn where_tls_begins_is_written_down() {
    let (transcript, _) = read_transcript("x.smtp", SECURED).unwrap();
    let inside: Vec<_> = transcript.exchanges.iter().map(|e| (e.phase, e.tls)).collect();
    let want = [
        (Phase::Greeting, false),
        (Phase::StartTls, false),
        (Phase::Unsolicited, false),
        (Phase::Ehlo, true),
    ];
    assert_eq!(inside, want);
    let tls = transcript.tls.as_ref().unwrap();
    assert_eq!(tls.version, "TLSv1.3");
    let ders: Vec<_> = tls.certificates.iter().map(|c| c.der().to_vec()).collect();
    assert_eq!(ders, [vec![0, 1, 2, 255], vec![1]]);
    assert_eq!(write_transcript(&transcript, |_| Vec::new()), SECURED);

    let failed =
        SECURED.split("T: ").next().unwrap().to_owned() + "+7 X: no-tls tls handshake eof\n";
    let (transcript, _) = read_transcript("x.smtp", &failed).unwrap();
    assert_eq!(
        transcript.exchanges.last().map(|e| (e.phase, e.tls)),
        Some((Phase::Handshake, false))
    );
    assert_eq!(write_transcript(&transcript, |_| Vec::new()), failed);
}

#[test]
fn tls_lines_have_their_place() {
    let twice = "T: TLSv1.3 A\nT: TLSv1.3 TLS_AES_256_GCM_SHA384";
    let cases = [
        ("T: TLSv1.3 TLS_AES_256_GCM_SHA384\n", "", "x.smtp:7:4: expected `T: VERSION CIPHER`"),
        ("T: TLSv1.3 TLS_AES_256_GCM_SHA384", twice, "x.smtp:8:4: expected `T: VERSION CIPHER`"),
        ("AAEC/w==", "AAEC/w=", "x.smtp:8:16: a certificate is written in Base64"),
        ("+1 S: 220 go", "T: TLSv1.3 A\n+1 S: 220 go", "x.smtp:5:1: TLS begins in the middle"),
    ];
    for (from, to, want) in cases {
        let text = SECURED.replacen(from, to, 1);
        assert_ne!(text, SECURED, "{from}");
        assert!(error(&text).starts_with(want), "{from} -> {to}: {}", error(&text));
    }
}

/// On port 465 a server may speak first, in the clear; that is no greeting.
#[test]
fn text_before_the_first_handshake_is_no_greeting() {
    let text = "mxaudit-transcript 1
connection 192.0.2.66:40000 > 192.0.2.25:465
+0 X: unsolicited 220 mx.example.test
+7 X: no-tls received corrupt message
";
    let (transcript, _) = read_transcript("x.smtp", text).unwrap();
    let phases: Vec<_> = transcript.exchanges.iter().map(|exchange| exchange.phase).collect();
    assert_eq!(phases, [Phase::Unsolicited, Phase::Handshake]);
    assert_eq!(write_transcript(&transcript, |_| Vec::new()), text);
}

/// What TLS was agreed on is kept where nothing was said inside it.
#[test]
fn tls_without_a_word_inside_is_written_down() {
    let text = SECURED.split("C: EHLO").next().unwrap();
    let (transcript, _) = read_transcript("x.smtp", text).unwrap();
    assert_eq!(transcript.tls.as_ref().map(|tls| tls.certificates.len()), Some(2));
    assert_eq!(write_transcript(&transcript, |_| Vec::new()), text);
}
