//! A small SMTP client that shares nothing with mxaudit.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// Longer than any pause that the servers of the lab make.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client says about itself and its message.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// The name in `EHLO`.
    pub(crate) helo: String,
    /// The reverse-path, without angle brackets.
    pub(crate) mail_from: String,
    /// The forward-path, without angle brackets.
    pub(crate) rcpt_to: String,
}

/// One connection to a server.
#[derive(Debug)]
pub(crate) struct Dialogue {
    stream: BufReader<TcpStream>,
    /// The greeting, every line of it.
    pub(crate) greeting: String,
}

impl Dialogue {
    /// Connects from `source` to port 25 of `server` and reads the greeting.
    ///
    /// # Errors
    ///
    /// Fails where nothing listens and where the greeting is not a reply.
    pub(crate) fn open(source: Ipv4Addr, server: Ipv4Addr) -> Result<Self> {
        let stream = connect(source, server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut this = Self { stream: BufReader::new(stream), greeting: String::new() };
        this.greeting = this.reply().context("greeting")?;
        Ok(this)
    }

    /// Sends one line and returns the whole reply, its lines joined by line feeds.
    ///
    /// # Errors
    ///
    /// Fails where the connection ends and where the answer is not a reply.
    pub(crate) fn say(&mut self, line: &str) -> Result<String> {
        let written = self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes());
        written.and_then(|()| self.stream.get_mut().flush()).with_context(|| line.to_owned())?;
        self.reply().with_context(|| line.to_owned())
    }

    /// Greets, names the envelope, and returns the reply to `RCPT`.
    ///
    /// # Errors
    ///
    /// Fails where a reply is missing, and where `EHLO` or `MAIL` is not accepted.
    pub(crate) fn offer(&mut self, envelope: &Envelope) -> Result<String> {
        for line in
            [format!("EHLO {}", envelope.helo), format!("MAIL FROM:<{}>", envelope.mail_from)]
        {
            let reply = self.say(&line)?;
            if !reply.starts_with("250") {
                bail!("{line}: {reply}");
            }
        }
        self.say(&format!("RCPT TO:<{}>", envelope.rcpt_to))
    }

    /// Sends a whole message that carries `token`, after an accepted `RCPT`.
    ///
    /// # Errors
    ///
    /// Fails where the server does not take the message.
    pub(crate) fn message(&mut self, token: &str) -> Result<()> {
        let ready = self.say("DATA")?;
        if !ready.starts_with("354") {
            bail!("DATA: {ready}");
        }
        let taken = self.say(&format!("Subject: truth\r\n\r\n{token}\r\n."))?;
        if !taken.starts_with("250") {
            bail!("final dot: {taken}");
        }
        Ok(())
    }

    /// Says goodbye. A server that has closed already is none the worse.
    pub(crate) fn quit(mut self) {
        let _ = self.say("QUIT");
    }

    fn reply(&mut self) -> Result<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("connection closed after {lines:?}");
            }
            let line = line.trim_end().to_owned();
            let continues = line.as_bytes().get(3) == Some(&b'-');
            if line.get(..3).is_none_or(|code| code.parse::<u16>().is_err()) {
                bail!("not a reply: {line:?}");
            }
            lines.push(line);
            if !continues {
                return Ok(lines.join("\n"));
            }
        }
    }
}

/// Connects from a chosen source address, which the standard library cannot.
fn connect(source: Ipv4Addr, server: Ipv4Addr) -> Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        let connecting = socket.connect(SocketAddr::from((server, 25)));
        tokio::time::timeout(PATIENCE, connecting).await??.into_std()
    });
    let stream = stream.with_context(|| format!("connect from {source} to {server}:25"))?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}
