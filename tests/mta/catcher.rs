//! The canary's own mail server: mxaudit's catcher, to which the sink passes on what mxaudit sends.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::sink::Message;
use super::{AUDITOR_DOMAIN, CATCHER};

/// How long it may take to greet.
const START: Duration = Duration::from_secs(20);

/// A running catcher, ended on drop.
#[derive(Debug)]
pub(crate) struct Catcher {
    /// Where it stores what arrives.
    pub(crate) store: PathBuf,
    child: Child,
}

impl Catcher {
    /// Starts it, with its files in `directory`.
    ///
    /// # Errors
    ///
    /// Fails where it does not greet in time.
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let store = directory.join("arrivals");
        let log = File::create(directory.join("catcher.log"))?;
        let child = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .args(["catch", "--listen", &format!("{CATCHER}:25"), "--domain", AUDITOR_DOMAIN])
            .args(["--name", "canary.audit.test", "--store"])
            .arg(&store)
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("mxaudit catch cannot be run")?;
        let this = Self { store, child };
        let deadline = Instant::now() + START;
        while TcpStream::connect((CATCHER, 25)).is_err() {
            ensure!(Instant::now() < deadline, "mxaudit catch does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(this)
    }
}

impl Drop for Catcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// True for a message of mxaudit's, or one about such a message.
pub(crate) fn is_ours(message: &Message) -> bool {
    message.content.contains("mxa1")
}

/// Hands a message to the catcher as the sink received it.
///
/// # Errors
///
/// Fails where the catcher does not take it.
pub(crate) fn pass_on(message: &Message) -> Result<()> {
    let stream = TcpStream::connect(SocketAddr::from((CATCHER, 25)))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = BufReader::new(stream);
    let mut say = |line: &str, wanted: &str| -> Result<()> {
        stream.get_mut().write_all(line.as_bytes())?;
        loop {
            let mut reply = String::new();
            stream.read_line(&mut reply)?;
            if reply.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            if !reply.starts_with(wanted) {
                bail!("{}: {reply}", line.lines().next().unwrap_or_default());
            }
            return Ok(());
        }
    };
    let path = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    say("", "220")?;
    say("EHLO sink.test\r\n", "250")?;
    say(&format!("MAIL FROM:{}\r\n", path(&message.reverse_path)), "250")?;
    let mut taken = 0;
    for forward_path in &message.forward_paths {
        taken += usize::from(say(&format!("RCPT TO:{}\r\n", path(forward_path)), "250").is_ok());
    }
    ensure!(taken > 0, "no recipient is the canary's");
    say("DATA\r\n", "354")?;
    // As it came in, with its dots doubled.
    say(&format!("{}.\r\n", message.content), "250")?;
    say("QUIT\r\n", "221")
}
