//! The server to which every server of the lab relays.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::catcher;

/// One message that arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    /// The `MAIL` command's reverse-path, as received, with angle brackets.
    pub(crate) reverse_path: String,
    /// The `RCPT` commands' forward-paths, as received, with angle brackets.
    pub(crate) forward_paths: Vec<String>,
    /// Header and body.
    pub(crate) content: String,
}

/// An SMTP server that takes every message and remembers it.
#[derive(Debug)]
pub(crate) struct Sink {
    messages: Arc<Mutex<Vec<Message>>>,
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
        let messages = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&messages);
        thread::Builder::new().name("sink".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let messages = Arc::clone(&shared);
                // A client that breaks off has delivered nothing, which the waiting test notices.
                thread::spawn(move || serve(stream, &messages));
            }
        })?;
        Ok(Self { messages })
    }

    /// Every message that carries `token`.
    pub(crate) fn carrying(&self, token: &str) -> Vec<Message> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().filter(|message| message.content.contains(token)).cloned().collect()
    }

    /// Every message that carries `token`, once `enough` says so of them or none has arrived for as long as `rest`.
    pub(crate) fn settled(
        &self,
        token: &str,
        rest: Duration,
        enough: impl Fn(&[Message]) -> bool,
    ) -> Vec<Message> {
        let (mut arrived, mut since) = (self.carrying(token), Instant::now());
        while !enough(&arrived) && since.elapsed() < rest {
            thread::sleep(Duration::from_millis(200));
            let now = self.carrying(token);
            if now.len() > arrived.len() {
                since = Instant::now();
            }
            arrived = now;
        }
        arrived
    }
}

fn serve(stream: TcpStream, messages: &Mutex<Vec<Message>>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut message = Message::default();
    writer.write_all(b"220 sink.test ESMTP\r\n")?;
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line);
        let command = line.trim_end();
        let verb = command.get(..4).unwrap_or(command).to_ascii_uppercase();
        let path = || command.split_once(':').map_or("", |(_, path)| path.trim()).to_owned();
        let reply = match verb.as_str() {
            "MAIL" => {
                message = Message { reverse_path: path(), ..Message::default() };
                "250 ok"
            }
            "RCPT" => {
                message.forward_paths.push(path());
                "250 ok"
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                message.content = content(&mut reader)?;
                let arrived = std::mem::take(&mut message);
                if catcher::is_ours(&arrived) {
                    let passed = arrived.clone();
                    // What the catcher refuses is not the canary's.
                    thread::spawn(move || catcher::pass_on(&passed));
                }
                messages.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
                "250 taken"
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => "250 ok",
        };
        writer.write_all(format!("{reply}\r\n").as_bytes())?;
    }
}

fn content(reader: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut content = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim_ascii_end() == b"." {
            return Ok(String::from_utf8_lossy(&content).into_owned());
        }
        content.extend(line);
    }
}
