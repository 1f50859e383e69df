//! A POP3 server and a mail server that opens to whoever has logged in there, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mxaudit::net::Stream;
use mxaudit::practice::{Behaviour, Ledger, RelayPolicy, converse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

/// The account's password.
pub(crate) const PASSWORD: &str = "Kx7-sesame-9q";

/// What the two servers do.
#[derive(Clone)]
pub(crate) struct Site {
    /// How long after a login relaying is granted.
    pub(crate) window: Duration,
    /// How long it takes to notice a login.
    pub(crate) delay: Duration,
    /// How long the POP3 server takes for its answer to the password.
    pub(crate) slow: Duration,
    /// Whether the login counts from the password on, or from the answer to it.
    pub(crate) counts_early: bool,
    /// TLS of the POP3 server.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether TLS comes before the greeting, or by STLS.
    pub(crate) at_once: bool,
    /// What the POP3 server says in place of its greeting.
    pub(crate) pop_greeting: &'static str,
    /// The mail server, for strangers.
    pub(crate) closed: Behaviour,
    /// The mail server, for whoever has logged in.
    pub(crate) open: Behaviour,
    /// The mail server when the window of a login is over, if otherwise than before.
    pub(crate) after: Option<Behaviour>,
    /// When the last login was.
    pub(crate) login: Arc<Mutex<Option<Instant>>>,
    /// Every line that the POP3 server heard.
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    /// What the mail server has seen.
    pub(crate) ledger: Arc<Ledger>,
}

impl Site {
    /// A site whose POP3 server has no TLS.
    pub(crate) fn new(window: Duration) -> Self {
        Self {
            window,
            delay: Duration::ZERO,
            slow: Duration::ZERO,
            counts_early: false,
            tls: None,
            at_once: false,
            pop_greeting: "+OK POP3 ready",
            closed: Behaviour::closed(),
            open: Behaviour { relay: RelayPolicy::Open, ..Behaviour::closed() },
            after: None,
            login: Arc::default(),
            heard: Arc::default(),
            ledger: Arc::default(),
        }
    }

    /// Whether the mail server relays now.
    pub(crate) fn is_open(&self) -> bool {
        let login = *self.login.lock().unwrap();
        let open = self.delay..self.window;
        login.is_some_and(|login| open.contains(&login.elapsed()))
    }

    /// One connection to the mail server.
    pub(crate) async fn smtp(self, stream: impl Stream) {
        let known = self.login.lock().unwrap().is_some();
        let after = self.after.as_ref().filter(|_| known);
        let behaviour = if self.is_open() { &self.open } else { after.unwrap_or(&self.closed) };
        let _ = converse(behaviour, stream, &self.ledger).await;
    }

    /// One connection to the POP3 server.
    pub(crate) async fn pop(self, stream: impl Stream + 'static) {
        let mut stream: Box<dyn Stream> = Box::new(stream);
        let mut secure = self.tls.clone();
        if let Some(tls) = secure.take_if(|_| self.at_once) {
            let Ok(inside) = tls.accept(stream).await else { return };
            stream = Box::new(inside);
        }
        let mut say = format!("{}\r\n", self.pop_greeting);
        let mut pending = Vec::new();
        loop {
            let flushed = async {
                stream.write_all(say.as_bytes()).await?;
                stream.flush().await
            };
            if flushed.await.is_err() {
                return;
            }
            let Some(line) = line(&mut stream, &mut pending).await else { return };
            self.heard.lock().unwrap().push(line.clone());
            let answer = match line.split_once(' ').unwrap_or((&line, "")) {
                ("STLS", _) if secure.is_some() => {
                    if stream.write_all(b"+OK begin\r\n").await.is_err() {
                        return;
                    }
                    let Some(tls) = secure.take() else { return };
                    let Ok(inside) = tls.accept(stream).await else { return };
                    stream = Box::new(inside);
                    say.clear();
                    continue;
                }
                ("USER", _) => "+OK".to_owned(),
                // It repeats what nobody may see.
                ("PASS", word) if word == PASSWORD => {
                    let begun = Instant::now();
                    sleep(self.slow).await;
                    let login = if self.counts_early { begun } else { Instant::now() };
                    *self.login.lock().unwrap() = Some(login);
                    format!("+OK welcome, {word}")
                }
                ("PASS", word) => format!("-ERR [AUTH] {word} is wrong"),
                ("QUIT", _) => "+OK bye".to_owned(),
                _ => "-ERR unknown".to_owned(),
            };
            say = format!("{answer}\r\n");
        }
    }
}

async fn line(stream: &mut Box<dyn Stream>, pending: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        if stream.read_buf(pending).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
