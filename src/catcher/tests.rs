#![allow(clippy::indexing_slicing, reason = "what panics in a test has failed it")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::sync::CancellationToken;

use super::conversation::{Conversation, Turn};
use super::intake::LONGEST_MESSAGE;
use super::session::{Shared, serve};
use super::store::Writer;
use super::*;
use crate::evidence::Arrival;

const TOKEN: &str = "mxa1abcdefghijklmnopqrstuvwx";

fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        domain: "audit.test".into(),
        name: "mx.audit.test".into(),
        deadlines: Deadlines::default(),
    })
}

fn conversation() -> Conversation {
    Conversation::new(settings(), [192, 0, 2, 1].into())
}

/// Feeds everything; the store always works.
fn talk(conversation: &mut Conversation, bytes: &[u8]) -> (String, Vec<Arrival>) {
    let mut input = bytes;
    let mut stored = Vec::new();
    loop {
        match conversation.feed(&mut input) {
            Turn::Read | Turn::Close => break,
            Turn::Store(arrivals) => {
                stored.extend(arrivals);
                conversation.stored(true);
            }
        }
    }
    let replies = String::from_utf8(conversation.take_replies()).unwrap();
    (replies, stored)
}

/// The codes of the last lines of the replies behind the greeting.
fn codes(bytes: &str) -> Vec<String> {
    let (replies, _) = talk(&mut conversation(), bytes.as_bytes());
    let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
    let codes = replies.lines().filter(last).map(|line| line[..3].to_owned());
    codes.skip(1).collect()
}

const START: &str = "EHLO mx.target.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<u@audit.test>\r\n";

#[test]
fn a_message_is_taken() {
    let mut conversation = conversation();
    let text = format!("{START}DATA\r\nX-Mxaudit-Token: {TOKEN}\r\n\r\n..x\r\n.\r\nQUIT\r\n");
    let (replies, stored) = talk(&mut conversation, text.as_bytes());
    let want = "220 mx.audit.test ESMTP mxaudit catch\r\n250-mx.audit.test\r\n250-8BITMIME\r\n\
        250-SIZE 31457280\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n250 2.1.0 Ok\r\n\
        250 2.1.5 Ok\r\n354 End with a dot on a line of its own\r\n250 2.0.0 Noted\r\n\
        221 2.0.0 Bye\r\n";
    assert_eq!(replies, want);
    let arrival = &stored[0];
    assert_eq!(arrival.token, TOKEN);
    assert_eq!(arrival.client, Some([192, 0, 2, 1].into()));
    assert_eq!(arrival.helo.as_deref(), Some("mx.target.test"));
    assert_eq!((arrival.reverse_path.as_str(), arrival.bounce), ("a@b.test", false));
    assert_eq!(arrival.forward_paths, ["u@audit.test"]);
    assert_eq!(arrival.size, format!("X-Mxaudit-Token: {TOKEN}\r\n\r\n.x\r\n").len() as u64);
}

#[test]
fn commands_have_their_codes() {
    let many = "RCPT TO:<u@audit.test>\r\n".repeat(100);
    let table: Vec<(&str, String, &str)> = vec![
        ("helo", "HELO x\r\n".into(), "250"),
        ("others", "NOOP\r\nRSET\r\nVRFY u\r\nHELP\r\nQUIT\r\n".into(), "250 250 252 214 221"),
        (
            "not offered",
            "EHLO x\r\nSTARTTLS\r\nAUTH PLAIN\r\nEXPN u\r\nBDAT 3\r\nETRN x\r\n".into(),
            "250 502 502 502 502 502",
        ),
        ("nonsense", "\r\nXYZ\r\nGET / HTTP/1.1\r\nEHLO\r\n".into(), "500 500 500 501"),
        (
            "order",
            "MAIL FROM:<>\r\nEHLO x\r\nRCPT TO:<u@audit.test>\r\nDATA\r\nMAIL FROM:<>\r\n\
            MAIL FROM:<>\r\nDATA\r\n"
                .into(),
            "503 250 503 503 250 503 554",
        ),
        (
            "syntax",
            "EHLO x\r\nMAIL FROM:a@b.test\r\nMAIL FROM:<>\r\nRCPT TO:u@audit.test\r\n".into(),
            "250 501 250 501",
        ),
        (
            "odd senders",
            "EHLO x\r\nMAIL FROM:<postmaster>\r\nRSET\r\nMAIL FROM:<a@[127.0.0.1]>\r\n\
            RSET\r\nMAIL FROM:<a@b@c>\r\nRSET\r\nMAIL FROM:<\"a b\"@c.test> BODY=8BITMIME\r\n"
                .into(),
            "250 250 250 250 250 250 250 250",
        ),
        (
            "declared size",
            "EHLO x\r\nMAIL FROM:<> SIZE=31457281\r\nMAIL FROM:<> SIZE=31457280\r\n".into(),
            "250 552 250",
        ),
        (
            "other parameters",
            "EHLO x\r\nMAIL FROM:<> RET=HDRS\r\nMAIL FROM:<> SMTPUTF8\r\n\
            MAIL FROM:<> FOO=BAR\r\nMAIL FROM:<>\r\nRCPT TO:<u@audit.test> NOTIFY=NEVER\r\n"
                .into(),
            "250 555 555 555 250 555",
        ),
        (
            "relaying",
            "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<u@target.test>\r\n\
            RCPT TO:<u%target.test@audit.test>\r\nRCPT TO:<\"u@target.test\"@audit.test>\r\n\
            RCPT TO:<@audit.test:u@target.test>\r\nRCPT TO:<@target.test:u@audit.test>\r\n\
            RCPT TO:<target.test!u@audit.test>\r\nRCPT TO:<u@[127.0.0.1]>\r\nDATA\r\n"
                .into(),
            "250 250 550 550 550 550 550 550 550 554",
        ),
        (
            "recipients",
            format!("{START}{many}RCPT TO:<u@target.test>\r\nDATA\r\nx\r\n.\r\n"),
            &format!("250 250 {}452 550 354 250", "250 ".repeat(100)),
        ),
        ("empty message", format!("{START}DATA\r\n.\r\nNOOP\r\n"), "250 250 250 354 250 250"),
        (
            "only CRLF ends",
            format!("{START}DATA\r\n\n.\nNOOP\n\r.\rx\n.\r\n\r\n.\r\nRSET\r\n"),
            "250 250 250 354 250 250",
        ),
        (
            "bare line feeds",
            "EHLO x\nMAIL FROM:<>\nRCPT TO:<u@audit.test>\nQUIT\n".into(),
            "250 250 250 221",
        ),
        ("long line", format!("NOOP {}\r\nNOOP\r\n", "x".repeat(5000)), "500 250"),
        ("endless line", "x".repeat(2_000_000), "421"),
        ("behind the end", "QUIT\r\nNOOP\r\n".into(), "221"),
    ]
    .into_iter()
    .map(|(case, text, want): (_, _, &str)| (case, text, &*want.to_owned().leak()))
    .collect();
    for (case, text, want) in table {
        assert_eq!(codes(&text).join(" "), want, "{case}");
    }
    let bad = codes(&"XYZ\r\n".repeat(30));
    assert_eq!((bad.len(), bad.last().map(String::as_str)), (20, Some("421")));
}

#[test]
fn a_long_message_is_refused_and_the_session_goes_on() {
    let mut conversation = conversation();
    talk(&mut conversation, format!("{START}DATA\r\n").as_bytes());
    let line = [b"x".repeat(1022), b"\r\n".to_vec()].concat();
    for _ in 0..=LONGEST_MESSAGE / line.len() {
        talk(&mut conversation, &line);
    }
    let (replies, stored) = talk(&mut conversation, format!("{TOKEN}\r\n.\r\nNOOP\r\n").as_bytes());
    assert_eq!(replies, "552 5.3.4 The message is too long\r\n250 2.0.0 Ok\r\n");
    assert!(stored.is_empty());
    let again = START.split_once("\r\n").unwrap().1;
    let text = format!("{again}DATA\r\n{TOKEN}\r\n.\r\n");
    assert_eq!(talk(&mut conversation, text.as_bytes()).1.len(), 1);
}

#[test]
fn pieces_make_no_difference() {
    let text = format!("{START}DATA\r\nReceived: x\r\n\r\n..a\r\n{TOKEN}\r\n.\r\nQUIT\r\n");
    let (whole, stored) = talk(&mut conversation(), text.as_bytes());
    for cut in 1..20 {
        let mut conversation = conversation();
        let (mut replies, mut arrivals) = (String::new(), Vec::new());
        for piece in text.as_bytes().chunks(cut) {
            let (said, more) = talk(&mut conversation, piece);
            replies.push_str(&said);
            arrivals.extend(more);
        }
        assert_eq!(replies, whole, "{cut}");
        assert_eq!((arrivals.len(), arrivals[0].size), (1, stored[0].size), "{cut}");
    }
}

proptest! {
    #[test]
    fn no_bytes_confuse_a_conversation(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                "(EHLO|HELO|MAIL FROM:|RCPT TO:|DATA|BDAT|AUTH|VRFY|NOOP|BURL|ATRN|[A-Z]{4})[ <>@\":a-z0-9\\\\.=%!,+-]{0,40}\r?\n"
                    .prop_map(String::into_bytes),
                Just(START.as_bytes().to_vec()),
                Just(b"DATA\r\n".to_vec()),
                Just(b"\r\n.\r\n".to_vec()),
            ],
            0..20,
        ),
    ) {
        let mut conversation = conversation();
        for piece in &pieces {
            talk(&mut conversation, piece);
        }
    }
}

/// A session over a pipe, with a store.
fn session(store: &Path, stop: &CancellationToken) -> DuplexStream {
    let (writer, _thread) = Writer::start(Store::open(store).unwrap(), |fault| panic!("{fault}"));
    let (notices, _) = sync_channel(10);
    let deadlines = Deadlines::default();
    let shared = Shared { writer, notices, stop: stop.clone(), deadlines };
    let (near, far) = duplex(64 * 1024);
    tokio::spawn(async move { serve(far, conversation(), &shared).await });
    near
}

async fn rest_of(stream: &mut DuplexStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let start = tokio::time::Instant::now();
    let mut idle = session(&folder.path().join("a"), &CancellationToken::new());
    assert!(rest_of(&mut idle).await.contains("421 4.4.2"));
    let idle_for = start.elapsed().as_secs();
    assert!((300..303).contains(&idle_for), "{idle_for}");

    let start = tokio::time::Instant::now();
    let stream = session(&folder.path().join("b"), &CancellationToken::new());
    let (mut read, mut write) = tokio::io::split(stream);
    let drip = async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    };
    let all = async move {
        let mut text = String::new();
        read.read_to_string(&mut text).await.unwrap();
        (text, start.elapsed().as_secs())
    };
    let (_, (text, lasted)) = tokio::join!(drip, all);
    assert!(text.contains("421 4.4.2"), "{text}");
    assert!((900..903).contains(&lasted), "{lasted}");
}

#[tokio::test]
async fn a_message_at_hand_is_finished_when_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let stop = CancellationToken::new();
    let mut stream = session(&path, &stop);
    stream.write_all(format!("{START}DATA\r\n{TOKEN}\r\n").as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(4).any(|bytes| bytes == b"354 ") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    stop.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.write_all(b".\r\n").await.unwrap();
    let text = rest_of(&mut stream).await;
    assert!(text.ends_with("250 2.0.0 Noted\r\n421 4.3.2 The server is stopping\r\n"), "{text}");
    assert!(fs::read_to_string(&path).unwrap().contains(TOKEN));
}

mod store {
    use super::*;

    fn line() -> String {
        let arrival = Arrival::read(TOKEN.as_bytes(), crate::evidence::Handover::default());
        serde_json::to_string(&arrival[0]).unwrap() + "\n"
    }

    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let whole = line();
        for torn in [1, 5, 14, 40, whole.len() - 1] {
            fs::write(&path, [&whole, &whole[..torn]].concat()).unwrap();
            let mut store = Store::open(&path).unwrap();
            assert_eq!(store.repaired(), torn as u64);
            store.append(whole.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), whole.repeat(2));
        }
        assert_eq!(Store::open(&path).unwrap().repaired(), 0);
    }

    #[test]
    fn what_is_no_store_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let table = [
            ("text", "hello\n".to_owned(), 1),
            ("text without an end", "hello".to_owned(), 1),
            ("behind a line", format!("{}hello\n", line()), 2),
            ("torn text", format!("{}hello", line()), 2),
        ];
        for (case, text, number) in table {
            fs::write(&path, &text).unwrap();
            let error = Store::open(&path).unwrap_err();
            assert!(matches!(error, StoreError::Foreign(n) if n == number), "{case}: {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text, "{case}");
        }
        assert!(matches!(Store::open(folder.path()), Err(StoreError::NoFile)));
        let nowhere = folder.path().join("none/store");
        assert!(matches!(Store::open(&nowhere), Err(StoreError::Unusable(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_store_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let first = Store::open(&path).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::InUse)));
        drop(first);
        assert!(Store::open(&path).is_ok());
    }

    #[test]
    fn a_store_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut store = Store::open(&path).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
        assert!(store.append(line().as_bytes()).is_err());
        assert_eq!(fs::metadata(&path).unwrap().len(), 1 << 30);
    }
}
