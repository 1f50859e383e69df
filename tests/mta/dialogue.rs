//! A small SMTP client that shares nothing with mxaudit.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::AUDITOR_DOMAIN;
use super::case::Transport;
use super::stream::{self, Stream};

/// Longer than any pause that the servers of the lab make.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection to a server.
#[derive(Debug)]
pub(crate) struct Dialogue {
    stream: BufReader<Stream>,
    /// The greeting, every line of it.
    pub(crate) greeting: String,
    /// Everything said since, line by line: `C: ` and `S: `.
    said: Vec<String>,
}

impl Dialogue {
    /// Connects from `source` to `server`, reads the greeting, and goes where one may speak: behind `STARTTLS`, if that
    /// is how this server is spoken with.
    ///
    /// # Errors
    ///
    /// Fails where nothing listens, where the greeting is not a reply, and where there is no TLS.
    pub(crate) fn open(source: IpAddr, server: SocketAddr, transport: Transport) -> Result<Self> {
        let plain = connect(source, server)?;
        plain.set_read_timeout(Some(PATIENCE))?;
        plain.set_write_timeout(Some(PATIENCE))?;
        let stream = match transport {
            Transport::ImplicitTls => stream::secured(plain)?,
            Transport::Plain | Transport::StartTls => Stream::Plain(plain),
        };
        let mut this =
            Self { stream: BufReader::new(stream), greeting: String::new(), said: Vec::new() };
        this.greeting = this.reply().context("greeting")?;
        if transport == Transport::StartTls
            && let Some(reply) = this.secure()?
        {
            bail!("no TLS: {reply}");
        }
        Ok(this)
    }

    /// Connects and speaks before the greeting has come, which is not waited for.
    ///
    /// # Errors
    ///
    /// Fails where nothing listens.
    pub(crate) fn interrupting(source: IpAddr, server: SocketAddr, bytes: &str) -> Result<Self> {
        let plain = connect(source, server)?;
        plain.set_read_timeout(Some(PATIENCE))?;
        let stream = BufReader::new(Stream::Plain(plain));
        let mut this = Self { stream, greeting: String::new(), said: Vec::new() };
        this.send(bytes)?;
        Ok(this)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// Fails where the connection has ended.
    pub(crate) fn send(&mut self, bytes: &str) -> Result<()> {
        self.stream.get_mut().write_all(bytes.as_bytes())?;
        Ok(self.stream.get_mut().flush()?)
    }

    /// Reads replies up to one that is `wanted` or to the end of the connection, and returns them all.
    ///
    /// # Errors
    ///
    /// Fails where the server neither speaks nor closes.
    pub(crate) fn hear_until(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let mut heard = String::new();
        while !wanted(&heard) {
            match self.reply() {
                Ok(reply) => heard = format!("{heard}{reply}\n"),
                Err(error) => {
                    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
                    let silent = kind == Some(std::io::ErrorKind::WouldBlock);
                    ensure!(!silent, "silent after {heard:?}");
                    return Ok(format!("{heard}{error:#}"));
                }
            }
        }
        Ok(heard)
    }

    /// Speaks inside TLS from here on. A server that does not want that has its reply returned.
    ///
    /// # Errors
    ///
    /// Fails where the connection ends, and where the handshake fails.
    pub(crate) fn secure(&mut self) -> Result<Option<String>> {
        let Stream::Plain(plain) = self.stream.get_ref() else { return Ok(None) };
        let plain = plain.try_clone()?;
        let offers = self.say(&format!("EHLO probe.{AUDITOR_DOMAIN}"))?;
        if !offers.to_ascii_uppercase().contains("STARTTLS") {
            return Ok(Some(offers));
        }
        let ready = self.say("STARTTLS")?;
        if !ready.starts_with("220") {
            return Ok(Some(ready));
        }
        self.stream = BufReader::new(stream::secured(plain)?);
        self.said.push("(TLS from here on)".to_owned());
        Ok(None)
    }

    /// Sends one line and returns the whole reply, its lines joined by line feeds.
    ///
    /// # Errors
    ///
    /// Fails where the connection ends and where the answer is not a reply.
    pub(crate) fn say(&mut self, line: &str) -> Result<String> {
        self.said.extend(line.split("\r\n").map(|line| format!("C: {line}")));
        let written = self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes());
        written.and_then(|()| self.stream.get_mut().flush()).with_context(|| line.to_owned())?;
        self.reply().with_context(|| line.to_owned())
    }

    /// Says goodbye. A server that has closed already is none the worse.
    pub(crate) fn quit(mut self) {
        let _ = self.say("QUIT");
    }

    /// What both sides have said so far.
    pub(crate) fn said(&self) -> String {
        self.said.iter().map(|line| format!("{line}\n")).collect()
    }

    fn reply(&mut self) -> Result<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                bail!("connection closed after {lines:?}");
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.said.push(format!("S: {line}"));
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
fn connect(source: IpAddr, server: SocketAddr) -> Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(async {
        let socket = match source {
            IpAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
            IpAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
        };
        socket.bind(SocketAddr::from((source, 0)))?;
        tokio::time::timeout(PATIENCE, socket.connect(server)).await??.into_std()
    });
    let stream = stream.with_context(|| format!("connect from {source} to {server}"))?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}
