//! The listening socket and its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::admission::Admission;
use super::conversation::Conversation;
use super::session::{Shared, serve};
use super::store::{Store, Writer};
use crate::evidence::Arrival;

/// The pause after a failed accept, such as one without a free file descriptor.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// What the user may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A token arrived and is stored.
    Arrived(Box<Arrival>),
    /// A message without any token was taken and forgotten.
    Tokenless,
    /// Arrivals could not be stored, and were not confirmed.
    StoreFault(String),
    /// A connection was turned away: there are too many.
    TurnedAway,
}

/// A bound catcher.
#[derive(Debug)]
pub struct Catcher {
    listener: TcpListener,
    settings: Arc<Settings>,
}

impl Catcher {
    /// Listens. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The error of the socket.
    pub async fn bind(listen: SocketAddr, settings: Settings) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(listen).await?, settings: Arc::new(settings) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The error of the socket.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is cancelled; then the messages at hand are finished, within the
    /// deadline for it.
    pub async fn run(self, store: Store, notices: SyncSender<Notice>, stop: CancellationToken) {
        let faults = notices.clone();
        let (writer, thread) = Writer::start(store, move |fault| {
            let _ = faults.try_send(Notice::StoreFault(fault));
        });
        let deadlines = self.settings.deadlines;
        let shared = Shared { writer, notices, stop: stop.clone(), deadlines };
        let admission = Arc::new(Admission::default());
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = sessions.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let client = peer.ip().to_canonical();
                        match admission.admit(client) {
                            None => {
                                turn_away(&stream);
                                shared.notice(Notice::TurnedAway);
                            }
                            Some(seat) => {
                                let settings = Arc::clone(&self.settings);
                                let conversation = Conversation::new(settings, client);
                                let shared = shared.clone();
                                sessions.spawn(async move {
                                    let _seat = seat;
                                    // A broken connection is the client's affair.
                                    let _ = serve(stream, conversation, &shared).await;
                                });
                            }
                        }
                    }
                    Err(_) => sleep(AFTER_FAILED_ACCEPT).await,
                },
            }
        }
        drop(self.listener);
        let rest = async { while sessions.join_next().await.is_some() {} };
        // What is not finished then was not confirmed.
        let _ = timeout(deadlines.stopping, rest).await;
        sessions.shutdown().await;
        drop(shared);
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
}

/// Says why, as far as the socket takes it at once.
fn turn_away(stream: &TcpStream) {
    let _ = stream.try_write(b"421 4.7.0 Too many connections, try again later\r\n");
}
