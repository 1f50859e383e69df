//! Postfix, one instance a case.

use std::cell::Cell;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};

use super::dialogue::Dialogue;
use super::{HARNESS_NETWORK, HOST_NAME};

pub(crate) mod cases;
pub(crate) mod log;

/// How long an instance may take to greet. All start at once on whatever cores there are.
const START: Duration = Duration::from_secs(30);

/// How long an instance may take to end.
const STOP: Duration = Duration::from_secs(5);

/// How long the log may lag behind a closed connection.
const LOG_LAG: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(20);

/// A running instance, ended on drop.
#[derive(Debug)]
pub(crate) struct Server {
    /// The address at whose port 25 it listens.
    pub(crate) address: Ipv4Addr,
    directory: PathBuf,
    child: Child,
    /// The harness's own sessions so far.
    sessions: Cell<u8>,
}

/// Checks that this machine has a Postfix that the cases can be written for.
///
/// # Errors
///
/// Says what is missing.
pub(crate) fn available() -> Result<()> {
    let output = Command::new("postconf")
        .args(["-d", "-h", "mail_version"])
        .stderr(Stdio::null())
        .output()
        .context("Postfix is not installed (postconf cannot be run)")?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let known = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    ensure!(
        known >= (3, 7),
        "Postfix 3.7 is needed for regexp tables in main.cf, this is {version:?}"
    );
    Ok(())
}

impl Server {
    /// Starts an instance with `settings` on top of `base.cf`, everything of it in `directory`, and waits until it greets.
    ///
    /// # Errors
    ///
    /// An instance that does not greet in time, or ends, is an error that carries its log.
    pub(crate) fn start(directory: PathBuf, address: Ipv4Addr, settings: &str) -> Result<Self> {
        let configuration = directory.join("etc");
        for path in [&directory, &configuration, &directory.join("queue")] {
            fs::create_dir(path)?;
            // Postfix's own user must reach the queue, whatever the umask.
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        // Postfix makes the data directory itself, with the owner that it wants.
        let own = directory.display();
        let main = format!(
            "queue_directory = {own}/queue\ndata_directory = {own}/data\ninet_interfaces = {address}\n{}\n{settings}",
            base_without(settings)
        );
        write_settled(&configuration.join("main.cf"), &main)?;
        write_settled(&configuration.join("master.cf"), include_str!("master.cf"))?;
        let log = File::options().create(true).append(true).open(directory.join("log"))?;
        let child = Command::new("postfix")
            .arg("-c")
            .arg(&configuration)
            .arg("start-fg")
            .env_remove("MAIL_CONFIG")
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("postfix cannot be run")?;
        let mut this = Self { address, directory, child, sessions: Cell::new(0) };
        this.greets().with_context(|| format!("log:\n{}", this.log().unwrap_or_default()))?;
        Ok(this)
    }

    /// Everything that the instance has logged.
    ///
    /// # Errors
    ///
    /// Fails where the log cannot be read.
    pub(crate) fn log(&self) -> Result<String> {
        let bytes = fs::read(self.directory.join("log")).context("log")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The whole log, once everything is in it that went before this call and every session has ended.
    ///
    /// # Errors
    ///
    /// Fails where a session stays open.
    pub(crate) fn settled_log(&self) -> Result<String> {
        // Lines arrive late but in order, so those before a session that only we can know are all there when it is.
        let client = self.next_client();
        Dialogue::open(client, self.address)?.quit();
        let deadline = Instant::now() + LOG_LAG;
        loop {
            let log = self.log()?;
            if log::began(&log, client) && log::settled(&log) {
                return Ok(log);
            }
            ensure!(Instant::now() < deadline, "a session is still open:\n{log}");
            thread::sleep(PAUSE);
        }
    }

    /// An address of the harness from which no session has come yet.
    fn next_client(&self) -> Ipv4Addr {
        self.sessions.set(self.sessions.get() + 1);
        let [a, b, c, _] = HARNESS_NETWORK.octets();
        Ipv4Addr::new(a, b, c, self.sessions.get())
    }

    fn greets(&mut self) -> Result<()> {
        let client = self.next_client();
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("Postfix ended by itself ({status})");
            }
            match Dialogue::open(client, self.address) {
                Ok(dialogue) => {
                    let expected = format!("220 {HOST_NAME} ");
                    ensure!(dialogue.greeting.starts_with(&expected), "{}", dialogue.greeting);
                    dialogue.quit();
                    return Ok(());
                }
                // Postfix's master would try a program that dies at once again only after a minute.
                Err(error) if self.log()?.contains("-- throttling") => return Err(error),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Ends Postfix's master process, which ends the others and with which `start-fg` returns.
    fn terminate(&mut self) -> Result<ExitStatus> {
        let pid = fs::read_to_string(self.directory.join("queue/pid/master.pid"))?;
        let pid: u32 = pid.trim().parse()?;
        Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid.to_string()]).status()?;
        let deadline = Instant::now() + STOP;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "Postfix does not end");
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A child that has been waited for leaves a stale process id, which is not ours to signal.
        if matches!(self.child.try_wait(), Ok(None)) && self.terminate().is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Writes a file that looks a minute old: Postfix waits before it reads a younger one.
fn write_settled(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content)?;
    let file = File::options().write(true).open(path)?;
    file.set_modified(SystemTime::now() - Duration::from_secs(60))?;
    Ok(())
}

/// The common settings but for those that the case has of its own. Each program of Postfix warns of a parameter that is
/// set twice, and the log service takes ten lines before it runs: with more, the whole start waits for ever.
fn base_without(settings: &str) -> String {
    let key = |line: &str| {
        let named = !line.starts_with([' ', '\t', '#']);
        line.split_once('=').filter(|_| named).map(|(key, _)| key.trim().to_owned())
    };
    let own: Vec<_> = settings.lines().filter_map(key).collect();
    let kept = |line: &&str| !key(line).is_some_and(|key| own.contains(&key));
    include_str!("base.cf").lines().filter(kept).collect::<Vec<_>>().join("\n")
}
