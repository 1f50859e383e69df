//! Orders to the farm: lines on standard input, and signals.

use std::io::{self, BufRead};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use mio::{Registry, Token, Waker};
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Error, Result};

/// What the farm is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Print what was counted, and count anew.
    Report,
    /// Record what these hosts are told.
    Record(Vec<Ipv4Addr>),
    /// Print what was recorded, and stop recording.
    Recorded,
    /// End.
    Stop,
    /// Something else.
    Unknown(String),
}

impl Order {
    fn read(line: &str) -> Self {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("report") => Self::Report,
            Some("recorded") => Self::Recorded,
            Some("stop") => Self::Stop,
            Some("record") => match words.map(str::parse).collect() {
                Ok(addresses) => Self::Record(addresses),
                Err(_) => Self::Unknown(line.into()),
            },
            _ => Self::Unknown(line.into()),
        }
    }
}

/// Where orders come in.
#[derive(Debug)]
pub(super) struct Control {
    orders: Receiver<Order>,
    /// What a thread has woken stays awake only while this is held.
    _waker: Arc<Waker>,
}

impl Control {
    /// Waits for signals and, `with_input`, for lines; each wakes `token`.
    pub(super) fn start(with_input: bool, registry: &Registry, token: Token) -> Result<Self> {
        let waker = Arc::new(Waker::new(registry, token).map_err(Error::Poll)?);
        let (sender, orders) = channel();
        if with_input {
            let (sender, waker) = (sender.clone(), Arc::clone(&waker));
            thread::spawn(move || read_lines(&sender, &waker));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(Error::Runtime)?;
        let held = Arc::clone(&waker);
        thread::spawn(move || {
            if runtime.block_on(signalled()).is_ok() {
                let _ = sender.send(Order::Stop);
                let _ = waker.wake();
            }
        });
        Ok(Self { orders, _waker: held })
    }

    pub(super) fn next(&self) -> Option<Order> {
        self.orders.try_recv().ok()
    }
}

fn read_lines(sender: &Sender<Order>, waker: &Waker) {
    let lines = io::stdin().lock().lines().map_while(io::Result::ok);
    let orders = lines.map(|line| Order::read(&line)).chain([Order::Stop]);
    for order in orders {
        if sender.send(order).is_err() || waker.wake().is_err() {
            return;
        }
    }
}

/// Waits for SIGTERM or SIGINT.
async fn signalled() -> io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}
