//! A server that repeats what was recorded, at no cost worth counting.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use mxaudit::evidence::{DialFailure, Evidence, Transcript};
use mxaudit::net::{Connection, Dialer};
use mxaudit::target::Target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The recorded connections, one for each call of an audit.
pub(crate) struct Recorded {
    connections: Vec<(Transcript, VecDeque<Vec<u8>>)>,
    next: AtomicUsize,
}

impl Recorded {
    pub(crate) fn new(evidence: &Evidence) -> Self {
        let connections = evidence.transcripts.iter().map(|transcript| {
            let replies = transcript.exchanges.iter().filter_map(|e| e.answer.reply());
            let bytes = replies.map(|reply| {
                let lines = reply.lines();
                lines.flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
            });
            (transcript.clone(), bytes.collect())
        });
        Self { connections: connections.collect(), next: AtomicUsize::new(0) }
    }
}

impl Dialer for Recorded {
    fn dial<'a>(&'a self, _: &'a Target) -> BoxFuture<'a, Result<Connection, DialFailure>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let (transcript, replies) = &self.connections[number];
        let (local, peer) = (transcript.local, transcript.peer);
        let stream = Replay { waiting: replies.clone(), ready: Vec::new(), closing: false };
        Box::pin(async move {
            let mut stream = stream;
            stream.release(1);
            Ok(Connection { stream: Box::new(stream), local, peer })
        })
    }
}

/// Answers each line that is written with the next reply.
struct Replay {
    waiting: VecDeque<Vec<u8>>,
    ready: Vec<u8>,
    closing: bool,
}

impl Replay {
    fn release(&mut self, count: usize) {
        for _ in 0..count {
            self.ready.extend(self.waiting.pop_front().unwrap_or_default());
        }
        self.closing = self.waiting.is_empty();
    }
}

impl AsyncRead for Replay {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ready.is_empty() {
            return if self.closing { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
        let count = buffer.remaining().min(self.ready.len());
        buffer.put_slice(&self.ready[..count]);
        self.ready.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replay {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.release(bytes.iter().filter(|byte| **byte == b'\n').count());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
