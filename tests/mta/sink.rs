//! The server to which every server of the lab relays.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How long a relayed message may be under way.
const DELIVERY: Duration = Duration::from_secs(20);

/// One message that arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    /// The `RCPT` commands' forward-paths, as received, with angle brackets.
    pub(crate) forward_paths: Vec<String>,
    /// Header and body.
    pub(crate) content: String,
}

/// An SMTP server that takes every message and remembers it.
#[derive(Debug)]
pub(crate) struct Sink {
    arrivals: Arc<Arrivals>,
}

#[derive(Debug, Default)]
struct Arrivals {
    messages: Mutex<Vec<Message>>,
    changed: Condvar,
}

impl Sink {
    /// Listens at port 25 of `address` until the process ends.
    ///
    /// # Errors
    ///
    /// Fails where the port cannot be bound.
    pub(crate) fn listen(address: Ipv4Addr) -> Result<Self> {
        let listener = TcpListener::bind((address, 25))
            .with_context(|| format!("the sink cannot listen at {address}:25"))?;
        let arrivals = Arc::new(Arrivals::default());
        let shared = Arc::clone(&arrivals);
        thread::Builder::new().name("sink".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let arrivals = Arc::clone(&shared);
                // A client that breaks off has delivered nothing, which the waiting test notices.
                thread::spawn(move || serve(stream, &arrivals));
            }
        })?;
        Ok(Self { arrivals })
    }

    /// Waits for a message that carries `token`; `None` where none arrives in time.
    pub(crate) fn wait_for(&self, token: &str) -> Option<Message> {
        let messages = self.arrivals.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let found = |messages: &Vec<Message>| {
            messages.iter().find(|message| message.content.contains(token)).cloned()
        };
        let (messages, _) = self
            .arrivals
            .changed
            .wait_timeout_while(messages, DELIVERY, |messages| found(messages).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        found(&messages)
    }
}

fn serve(stream: TcpStream, arrivals: &Arrivals) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut message = Message::default();
    writer.write_all(b"220 sink.test ESMTP\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let verb = command.get(..4).unwrap_or(command).to_ascii_uppercase();
        let reply = match verb.as_str() {
            "RCPT" => {
                let path = command.split_once(':').map_or("", |(_, path)| path.trim());
                message.forward_paths.push(path.to_owned());
                "250 ok"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                message.content = content(&mut reader)?;
                let arrived = std::mem::take(&mut message);
                let messages = arrivals.messages.lock();
                messages.unwrap_or_else(PoisonError::into_inner).push(arrived);
                arrivals.changed.notify_all();
                "250 taken"
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => "250 ok",
        };
        writer.write_all(format!("{reply}\r\n").as_bytes())?;
    }
}

fn content(reader: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut content = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim_end() == "." {
            return Ok(content);
        }
        content.push_str(&line);
    }
}
