use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, DuplexStream};

use super::*;

mod scram;

fn pair() -> (Session, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let connection = Connection { stream: Box::new(ours), local: nowhere, peer: nowhere };
    let deadlines =
        Deadlines { greeting: Duration::from_secs(300), reply: Duration::from_secs(60) };
    (Session::new(connection, deadlines), theirs)
}

fn code(exchange: &Exchange) -> Option<u16> {
    exchange.answer.reply().map(|reply| reply.code())
}

async fn serve(mut peer: DuplexStream, replies: Vec<&'static [u8]>) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    for reply in replies {
        peer.write_all(reply).await.unwrap();
        let count = peer.read(&mut buffer).await.unwrap();
        seen.extend_from_slice(&buffer[..count]);
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn commands_wait_for_their_replies() {
    let (mut session, peer) = pair();
    let server =
        tokio::spawn(serve(peer, vec![b"220 mx\r\n", b"250-mx\r\n250 SIZE\r\n", b"221 x\r\n"]));
    assert_eq!(code(&session.greeting().await), Some(220));
    let ehlo = session.ask(&Command::ehlo(b"me.test").unwrap()).await;
    assert_eq!((code(&ehlo), ehlo.phase), (Some(250), Phase::Ehlo));
    assert_eq!(code(&session.quit().await[0]), Some(221));
    assert!(!session.is_alive());
    drop(session);
    assert_eq!(server.await.unwrap(), b"EHLO me.test\r\nQUIT\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_group_is_one_write_and_ends_at_the_loss() {
    let (mut session, mut peer) = pair();
    peer.write_all(b"220 mx\r\n").await.unwrap();
    session.greeting().await;
    let server = tokio::spawn(async move {
        let mut buffer = [0; 1024];
        let count = peer.read(&mut buffer).await.unwrap();
        peer.write_all(b"250 ok\r\n550 no\r\n").await.unwrap();
        buffer[..count].to_vec()
    });
    let rcpt = |path: &[u8]| Command::rcpt(path).unwrap();
    let group = [Command::mail(b"").unwrap(), rcpt(b"a@b"), rcpt(b"c@d"), rcpt(b"e@f")];
    let exchanges = session.ask_group(&group).await;
    let codes: Vec<_> = exchanges.iter().map(code).collect();
    assert_eq!(codes, [Some(250), Some(550), None]);
    assert_eq!(exchanges[2].answer, Answer::Lost(Loss::Closed));
    assert_eq!(exchanges.iter().map(|e| e.pipelined).collect::<Vec<_>>(), [false, true, true]);
    assert!(server.await.unwrap().ends_with(b"RCPT TO:<e@f>\r\n"));
}

/// QUIT ends a group. A reply too many in it, which QUIT shows, is an exchange of its own; what comes
/// behind the goodbye is nobody's answer.
#[tokio::test(start_paused = true)]
async fn quit_ends_a_group_and_shows_a_reply_too_many() {
    let cases: [(&[u8], usize); 4] = [
        (b"550 no\r\n221 bye\r\n", 2),
        (b"250 stray\r\n550 no\r\n221 bye\r\n", 3),
        (b"550 no\r\n221 bye\r\n221 bye again\r\n", 2),
        (b"550 no\r\n250 so be it\r\n", 2),
    ];
    for (replies, count) in cases {
        let (mut session, mut peer) = pair();
        peer.write_all(b"220 mx\r\n").await.unwrap();
        session.greeting().await;
        let server = tokio::spawn(async move {
            let mut seen = vec![0; 1024];
            let count = peer.read(&mut seen).await.unwrap();
            peer.write_all(replies).await.unwrap();
            seen.truncate(count);
            seen
        });
        let group = [Command::rcpt(b"a@b").unwrap(), Command::quit()];
        let exchanges = session.ask_group(&group).await;
        assert_eq!(exchanges.len(), count, "{exchanges:?}");
        let last = exchanges.last().unwrap();
        assert_eq!(last.phase == Phase::Unsolicited, count == 3, "{exchanges:?}");
        assert!(!session.is_alive());
        assert!(session.quit().await.is_empty(), "no second QUIT");
        drop(session);
        assert_eq!(server.await.unwrap(), b"RCPT TO:<a@b>\r\nQUIT\r\n");
    }
}

/// A goodbye that comes late shows a reply too many as well.
#[tokio::test(start_paused = true)]
async fn a_late_goodbye_is_waited_for() {
    let (mut session, mut peer) = pair();
    peer.write_all(b"220 mx\r\n").await.unwrap();
    session.greeting().await;
    tokio::spawn(async move {
        let mut seen = [0; 1024];
        let _ = peer.read(&mut seen).await.unwrap();
        peer.write_all(b"550 no\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        peer.write_all(b"221 bye\r\n").await.unwrap();
    });
    let exchanges = session.quit().await;
    let phases: Vec<_> = exchanges.iter().map(|exchange| exchange.phase).collect();
    assert_eq!(phases, [Phase::Quit, Phase::Unsolicited], "{exchanges:?}");
}

/// A byte a second must not hold us: the deadline is for the whole reply.
#[tokio::test(start_paused = true)]
async fn a_drip_ends_at_the_deadline() {
    let (mut session, mut peer) = pair();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if peer.write_all(b"2").await.is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    let greeting = session.greeting().await;
    assert_eq!(start.elapsed().as_secs(), 300);
    let Answer::Lost(Loss::Timeout { seconds: 300, got }) = greeting.answer else {
        panic!("{greeting:?}")
    };
    assert!(got.as_bytes().starts_with(b"222"));
    assert!(!session.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_asked_for_is_a_fault() {
    let (mut session, mut peer) = pair();
    peer.write_all(b"220 mx\r\n250 and more\r\n").await.unwrap();
    session.greeting().await;
    let exchange = session.ask(&Command::rset()).await;
    assert_eq!(exchange.phase, Phase::Unsolicited);
    assert!(matches!(exchange.answer, Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { .. }))));
    assert!(!session.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_farewell_of_the_server_is_its_answer() {
    for close in [false, true] {
        let (mut session, mut peer) = pair();
        peer.write_all(b"220 mx\r\n").await.unwrap();
        session.greeting().await;
        peer.write_all(b"421 idle too long\r\n").await.unwrap();
        let peer = (!close).then_some(peer);
        let exchange = session.ask(&Command::rset()).await;
        assert_eq!((exchange.phase, code(&exchange)), (Phase::Unsolicited, Some(421)));
        assert!(!session.is_alive());
        drop(peer);
    }
}

/// What lies in the buffers when TLS begins is shown and not read, be it taken in with the reply to
/// STARTTLS or behind it; and where no handshake follows, the session is over.
#[tokio::test(start_paused = true)]
async fn nothing_said_before_tls_counts_inside() {
    for late in [false, true] {
        let (mut session, mut peer) = pair();
        peer.write_all(b"220 mx\r\n").await.unwrap();
        session.greeting().await;
        let more = b"220 go\r\n250 injected\r\n";
        let at = if late { 8 } else { more.len() };
        let server = tokio::spawn(async move {
            let mut command = [0; 10];
            peer.read_exact(&mut command).await.unwrap();
            peer.write_all(&more[..at]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            peer.write_all(&more[at..]).await.unwrap();
            peer
        });
        assert_eq!(code(&session.ask(&Command::starttls()).await), Some(220));
        let _peer = server.await.unwrap();
        let seen = session.secure(Some("mx.test")).await;
        let [left, failed] = seen.as_slice() else { panic!("{seen:?}") };
        let line = WireText::from(&b"250 injected\r\n"[..]);
        assert_eq!(left.answer, Answer::Lost(Loss::Fault(ReplyFault::Unsolicited { line })));
        // The peer says nothing, so the handshake ends at the deadline.
        assert_eq!((failed.phase, failed.tls), (Phase::Handshake, false));
        let Answer::Lost(Loss::Handshake { text }) = &failed.answer else { panic!("{failed:?}") };
        assert_eq!(text.to_string(), "the handshake did not end within 60 s");
        assert!(!session.is_alive() && session.tls().is_none());
        assert!(session.quit().await.is_empty());
    }
}

/// A handshake that is cut, by a deadline or by the user, leaves no session: nothing is said on it,
/// and what had been said in the clear is kept.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_cut_ends_the_session() {
    let (mut session, mut peer) = pair();
    peer.write_all(b"220 injected\r\n").await.unwrap();
    let cut = timeout(Duration::from_secs(1), session.secure(None)).await;
    assert!(cut.is_err(), "the peer says nothing");
    let kept = session.take_group();
    assert_eq!(kept.iter().map(|e| e.phase).collect::<Vec<_>>(), [Phase::Unsolicited]);
    assert!(session.quit().await.is_empty(), "no QUIT was sent");
}

/// Inside TLS many servers close without a farewell of TLS: that is a close, and no reset.
#[tokio::test]
async fn an_end_without_farewell_is_a_close() {
    struct Ends;
    impl AsyncRead for Ends {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
        }
    }
    let stream = Box::new(tokio::io::join(Ends, tokio::io::sink()));
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let deadlines =
        Deadlines { greeting: Duration::from_secs(300), reply: Duration::from_secs(60) };
    let mut session = Session::new(Connection { stream, local: nowhere, peer: nowhere }, deadlines);
    assert_eq!(session.greeting().await.answer, Answer::Lost(Loss::Closed));
}
