//! A connection that notices when the other side is silent.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::net::Stream;

use super::{SILENCE, Turn};

/// A connection whose host gives its turn away while it is silent.
pub(in crate::engine) struct Listening {
    inner: Box<dyn Stream>,
    turn: Arc<Turn>,
    /// Ends when it may be silent for too long; then that is looked at more closely.
    alarm: Pin<Box<Sleep>>,
    /// From when on it is silent.
    since: Option<Instant>,
    /// It was silent for too long.
    silent: bool,
}

impl Listening {
    pub(in crate::engine) fn new(inner: Box<dyn Stream>, turn: Arc<Turn>) -> Self {
        Self { inner, turn, alarm: Box::pin(sleep(SILENCE)), since: None, silent: false }
    }
}

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        if read.is_ready() {
            this.since = None;
            if std::mem::take(&mut this.silent) {
                this.turn.go_on();
            }
            return read;
        }
        let since = *this.since.get_or_insert_with(Instant::now);
        while !this.silent {
            ready!(this.alarm.as_mut().poll(context));
            let due = since + SILENCE;
            if Instant::now() < due {
                this.alarm.as_mut().reset(due);
            } else {
                this.silent = true;
                this.turn.give_away();
            }
        }
        Poll::Pending
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
