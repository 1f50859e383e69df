//! How the bytes of replies leave.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use super::behaviour::Delivery;
use super::wording::code;

/// The pause between the two writes of [`Delivery::TwoSegments`].
const BETWEEN_SEGMENTS: Duration = Duration::from_millis(20);

/// What [`Delivery::Garbage`] sends for each reply, and `Handshake::Garbage` sends in place of TLS.
pub(super) const GARBAGE: &[u8] = b"\x00\x01\xff\xfe\x1b[2J\xe2\x80\xae<script>\x7f\x80\r\n";

/// Replies that wait for the end of a burst of commands.
#[derive(Debug)]
pub(super) struct Outbox<'a> {
    delivery: &'a Delivery,
    waiting: Vec<Vec<u8>>,
    said: u32,
}

impl<'a> Outbox<'a> {
    pub(super) fn new(delivery: &'a Delivery) -> Self {
        Self { delivery, waiting: Vec::new(), said: 0 }
    }

    /// Sends the greeting; with [`Delivery::Drip`] returns only when the client is gone.
    pub(super) async fn greet<S>(&mut self, mut greeting: Vec<u8>, stream: &mut S) -> io::Result<()>
    where
        S: AsyncWrite + Unpin,
    {
        match self.delivery {
            Delivery::Drip(period) => {
                let padding = std::iter::repeat(b'.');
                for byte in greeting.into_iter().chain(padding) {
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                    sleep(*period).await;
                }
                return Ok(());
            }
            Delivery::LongLine(length) => {
                greeting.push(b' ');
                greeting.resize(*length, b'x');
            }
            _ => {}
        }
        self.push(greeting);
        self.flush(stream).await
    }

    /// Keeps a reply, given without its last CRLF, for the next flush.
    pub(super) fn push(&mut self, mut reply: Vec<u8>) {
        reply.extend_from_slice(b"\r\n");
        if let Delivery::LateReply { after, reply } = self.delivery
            && *after == self.said
        {
            self.waiting.push([reply.as_bytes(), b"\r\n"].concat());
        }
        self.said = self.said.saturating_add(1);
        self.waiting.push(self.disfigure(reply));
        if let Delivery::ExtraReply { after, reply } = self.delivery
            && *after == self.said
        {
            self.waiting.push([reply.as_bytes(), b"\r\n"].concat());
        }
    }

    /// Keeps bytes that are sent as they are, in one write with the reply before them.
    pub(super) fn push_bytes(&mut self, bytes: Vec<u8>) {
        self.waiting.push(bytes);
    }

    /// True when something waits.
    pub(super) fn has_something(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Sends what waits.
    pub(super) async fn flush<S>(&mut self, stream: &mut S) -> io::Result<()>
    where
        S: AsyncWrite + Unpin,
    {
        let waiting = std::mem::take(&mut self.waiting);
        match self.delivery {
            Delivery::TwoSegments => {
                for reply in &waiting {
                    let (first, rest) = split_first_line(reply);
                    stream.write_all(first).await?;
                    stream.flush().await?;
                    if !rest.is_empty() {
                        sleep(BETWEEN_SEGMENTS).await;
                        stream.write_all(rest).await?;
                        stream.flush().await?;
                    }
                }
            }
            Delivery::ByteByByte => {
                for byte in waiting.concat() {
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                    tokio::task::yield_now().await;
                }
            }
            _ => {
                stream.write_all(&waiting.concat()).await?;
                stream.flush().await?;
            }
        }
        Ok(())
    }

    fn disfigure(&self, reply: Vec<u8>) -> Vec<u8> {
        match self.delivery {
            Delivery::Garbage => GARBAGE.to_vec(),
            Delivery::BareLf => without_carriage_returns(&reply),
            Delivery::MismatchedCodes => mismatched(reply),
            _ => reply,
        }
    }
}

fn split_first_line(reply: &[u8]) -> (&[u8], &[u8]) {
    let end = reply.iter().position(|byte| *byte == b'\n').map_or(reply.len(), |at| at + 1);
    reply.split_at_checked(end).unwrap_or((reply, b""))
}

fn without_carriage_returns(reply: &[u8]) -> Vec<u8> {
    let mut bytes = reply.iter().copied().peekable();
    let mut kept = Vec::with_capacity(reply.len());
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            kept.push(byte);
        }
    }
    kept
}

/// Another code on the last line, if there is more than one.
fn mismatched(mut reply: Vec<u8>) -> Vec<u8> {
    let other: &[u8] = if code(&reply) < 400 { b"550" } else { b"250" };
    let body = reply.strip_suffix(b"\r\n").unwrap_or(&reply);
    if let Some(end) = body.iter().rposition(|byte| *byte == b'\n')
        && let Some(place) = reply.get_mut(end + 1..end + 4)
    {
        place.copy_from_slice(other);
    }
    reply
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    use super::super::{Behaviour, Ending, Ledger, converse};
    use super::*;

    const GREETING: &[u8] = b"220 mx-closed.practice.test ESMTP\r\n";

    /// A session whose client has sent `input`.
    async fn session(delivery: Delivery, input: &str) -> DuplexStream {
        let (mut client, stream) = duplex(1 << 16);
        client.write_all(input.as_bytes()).await.unwrap();
        let extensions = vec!["PIPELINING".into()];
        let behaviour = Behaviour { delivery, extensions, ..Behaviour::closed() };
        tokio::spawn(async move { converse(&behaviour, stream, &Ledger::default()).await });
        client
    }

    async fn everything(delivery: Delivery, input: &str) -> String {
        let mut client = session(delivery, input).await;
        client.shutdown().await.unwrap();
        let mut output = Vec::new();
        client.read_to_end(&mut output).await.unwrap();
        String::from_utf8_lossy(&output).into_owned()
    }

    /// What arrives at one read.
    async fn piece(client: &mut DuplexStream) -> Vec<u8> {
        let mut piece = vec![0; 4096];
        let length = client.read(&mut piece).await.unwrap();
        piece.truncate(length);
        piece
    }

    #[tokio::test]
    async fn one_burst_gets_one_write() {
        let mut client = session(Delivery::Whole, "HELO a\r\nNOOP\r\nNOOP\r\n").await;
        let replies = b"250 mx-closed.practice.test\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n";
        assert_eq!(piece(&mut client).await, [GREETING, replies].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn two_segments_split_behind_the_first_line() {
        let mut client = session(Delivery::TwoSegments, "EHLO a\r\n").await;
        let first = [GREETING, b"250-mx-closed.practice.test\r\n"].concat();
        assert_eq!(piece(&mut client).await, first);
        assert_eq!(piece(&mut client).await, b"250 PIPELINING\r\n");
    }

    #[tokio::test]
    async fn bytes_come_one_by_one() {
        let mut client = session(Delivery::ByteByByte, "").await;
        for byte in GREETING {
            assert_eq!(piece(&mut client).await, [*byte]);
        }
    }

    #[tokio::test]
    async fn bare_line_feeds_end_lines() {
        let output = everything(Delivery::BareLf, "EHLO a\r\n").await;
        let expected = "220 mx-closed.practice.test ESMTP\n250-mx-closed.practice.test\n\
                        250 PIPELINING\n";
        assert_eq!(output, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_never_finishes_the_greeting() {
        let period = Duration::from_secs(1);
        let mut client = session(Delivery::Drip(period), "NOOP\r\n").await;
        let begin = Instant::now();
        let mut seen = Vec::new();
        let reading = async {
            loop {
                seen.extend(piece(&mut client).await);
            }
        };
        assert!(timeout(Duration::from_millis(599_500), reading).await.is_err());
        assert_eq!(begin.elapsed().as_secs(), 599);
        assert_eq!(seen.len(), 600);
        assert!(!seen.contains(&b'\n'));
        assert!(seen.starts_with(b"220 mx-closed.practice.test ESMTP..."));
    }

    #[tokio::test]
    async fn an_extra_reply_follows_the_one_it_is_behind() {
        let delivery = Delivery::ExtraReply { after: 2, reply: "250 2.0.0 extra".into() };
        let output = everything(delivery, "NOOP\r\nNOOP\r\n").await;
        let tail = "250 2.0.0 Ok\r\n250 2.0.0 extra\r\n250 2.0.0 Ok\r\n";
        assert_eq!(output.as_bytes(), [GREETING, tail.as_bytes()].concat());
    }

    #[tokio::test]
    async fn a_late_reply_comes_before_the_next() {
        let delivery = Delivery::LateReply { after: 2, reply: "550 late".into() };
        let mut client = session(delivery, "NOOP\r\n").await;
        assert_eq!(piece(&mut client).await, [GREETING, b"250 2.0.0 Ok\r\n"].concat());
        client.write_all(b"NOOP\r\n").await.unwrap();
        assert_eq!(piece(&mut client).await, b"550 late\r\n250 2.0.0 Ok\r\n");
    }

    #[tokio::test]
    async fn the_connection_ends_in_place_of_an_answer() {
        for (delivery, expected) in
            [(Delivery::CloseAfter(1), Ending::ByServer), (Delivery::ResetAfter(1), Ending::Reset)]
        {
            let (mut client, stream) = duplex(4096);
            client.write_all(b"NOOP\r\nNOOP\r\nNOOP\r\n").await.unwrap();
            let behaviour = Behaviour { delivery, ..Behaviour::closed() };
            let ending = converse(&behaviour, stream, &Ledger::default()).await.unwrap();
            let mut output = Vec::new();
            client.read_to_end(&mut output).await.unwrap();
            assert_eq!(ending, expected);
            assert_eq!(output, [GREETING, b"250 2.0.0 Ok\r\n"].concat());
        }
    }

    #[tokio::test]
    async fn garbage_holds_no_reply_code() {
        let mut client = session(Delivery::Garbage, "NOOP\r\n").await;
        client.shutdown().await.unwrap();
        let mut output = Vec::new();
        client.read_to_end(&mut output).await.unwrap();
        assert_eq!(output, GARBAGE.repeat(2));
        assert_eq!(code(&output), 0);
    }

    #[tokio::test]
    async fn a_long_line_has_the_length_asked_for() {
        let output = everything(Delivery::LongLine(9000), "NOOP\r\n").await;
        let mut lines = output.split("\r\n");
        assert_eq!(lines.next().map(str::len), Some(9000));
        assert_eq!(lines.next(), Some("250 2.0.0 Ok"));
    }

    #[tokio::test]
    async fn codes_differ_within_one_reply() {
        let output = everything(Delivery::MismatchedCodes, "EHLO a\r\nNOOP\r\n").await;
        let tail = "250-mx-closed.practice.test\r\n550 PIPELINING\r\n250 2.0.0 Ok\r\n";
        assert_eq!(output.as_bytes(), [GREETING, tail.as_bytes()].concat());
        assert_eq!(mismatched(b"550-a\r\n550 b\r\n".to_vec()), b"550-a\r\n250 b\r\n");
    }
}
