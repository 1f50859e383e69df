//! One connection: bytes between the socket and the conversation, within the deadlines.

use std::io;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Deadlines;
use super::conversation::{Conversation, Turn};
use super::server::Notice;
use super::store::Writer;

/// How long the last reply may take, and how long the client may take to read it.
const FAREWELL: Duration = Duration::from_secs(2);

/// What all connections share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) writer: Writer,
    pub(super) notices: SyncSender<Notice>,
    pub(super) stop: CancellationToken,
    pub(super) deadlines: Deadlines,
}

/// Serves one client until one side closes.
///
/// # Errors
/// The connection broke.
pub(super) async fn serve<S>(
    mut stream: S,
    mut conversation: Conversation,
    shared: &Shared,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let end = Instant::now() + shared.deadlines.whole;
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let limit = end.min(Instant::now() + shared.deadlines.idle);
        let replies = conversation.take_replies();
        match timeout_at(limit, stream.write_all(&replies)).await {
            Ok(sent) => sent?,
            Err(_) => return Ok(()),
        }
        let length = tokio::select! {
            biased;
            () = shared.stop.cancelled(), if !conversation.is_in_message() => {
                conversation.close("421 4.3.2 The server is stopping");
                return farewell(&mut stream, &mut conversation).await;
            }
            read = timeout_at(limit, stream.read(&mut buffer)) => match read {
                Ok(read) => read?,
                Err(_) => {
                    conversation.close("421 4.4.2 This takes too long");
                    return farewell(&mut stream, &mut conversation).await;
                }
            },
        };
        if length == 0 {
            return Ok(());
        }
        let mut input = buffer.get(..length).unwrap_or_default();
        loop {
            match conversation.feed(&mut input) {
                Turn::Read => break,
                Turn::Close => return farewell(&mut stream, &mut conversation).await,
                Turn::Store(arrivals) if arrivals.is_empty() => {
                    shared.notice(Notice::Tokenless);
                    conversation.stored(true);
                }
                Turn::Store(arrivals) => {
                    let stored = shared.writer.store(&arrivals).await;
                    conversation.stored(stored);
                    for arrival in arrivals.into_iter().filter(|_| stored) {
                        shared.notice(Notice::Arrived(Box::new(arrival)));
                    }
                }
            }
        }
    }
}

impl Shared {
    /// Tells the user. Who does not listen misses it: mail goes first.
    pub(super) fn notice(&self, notice: Notice) {
        let _ = self.notices.try_send(notice);
    }
}

/// Sends the last replies and waits a moment for the client to read them, so that a reset does not
/// take them away.
async fn farewell<S>(stream: &mut S, conversation: &mut Conversation) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let replies = conversation.take_replies();
    let last = async {
        stream.write_all(&replies).await?;
        stream.shutdown().await?;
        tokio::io::copy(stream, &mut tokio::io::sink()).await.map(drop)
    };
    timeout(FAREWELL, last).await.unwrap_or(Ok(()))
}
