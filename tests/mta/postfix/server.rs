//! One instance of Postfix.

use std::cell::Cell;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};

use super::super::case::{Case, Transport};
use super::super::dialogue::Dialogue;
use super::super::family;
use super::super::place::Place;
use super::super::{HARNESS_NETWORK, HARNESS6, HOST_NAME};
use super::log;

/// How long an instance may take to greet. All start at once on whatever cores there are.
const START: Duration = Duration::from_secs(120);

/// How long an instance may take to end.
const STOP: Duration = Duration::from_secs(5);

/// How long the log may lag behind a closed connection.
const LOG_LAG: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(20);

/// A running instance, ended on drop.
#[derive(Debug)]
pub(super) struct Instance {
    socket: SocketAddr,
    transport: Transport,
    directory: PathBuf,
    child: Child,
    /// The harness's own sessions so far.
    sessions: Cell<u8>,
}

impl Instance {
    /// Starts an instance with the case's `main.cf` on top of `base.cf`, everything of it in the place's directory, and
    /// waits until it greets. The services of the case's own `master.cf`
    /// are added to the common ones; further files lie in the configuration directory.
    ///
    /// # Errors
    ///
    /// An instance that does not greet in time, or ends, is an error that carries its log.
    pub(super) fn start(case: &Case, place: &Place) -> Result<Self> {
        let directory = place.directory.clone();
        let configuration = directory.join("etc");
        for path in [&directory, &configuration, &directory.join("queue")] {
            fs::create_dir_all(path)?;
            // Postfix's own user must reach the queue, whatever the umask.
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
        // What the scripts of a case remember.
        let shared = directory.join("shared");
        fs::create_dir_all(&shared)?;
        fs::set_permissions(shared, fs::Permissions::from_mode(0o777))?;
        for (path, content) in case.files {
            write_settled(&configuration.join(path), &place.fill(content))?;
        }
        // Postfix makes the data directory itself, with the owner that it wants.
        let settings = case.file("main.cf", place).unwrap_or_default();
        let own = directory.display();
        let main = format!(
            "queue_directory = {own}/queue\ndata_directory = {own}/data\n{}\n{settings}",
            base_without(&place.fill(include_str!("base.cf")), &settings)
        );
        write_settled(&configuration.join("main.cf"), &main)?;
        let master = case.file("master.cf", place);
        let services = services(case.port, case.transport, master.as_deref());
        write_settled(&configuration.join("master.cf"), &services)?;
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
        let (socket, transport) = (place.socket(case), case.transport);
        let mut this = Self { socket, transport, directory, child, sessions: Cell::new(0) };
        if let Err(error) = this.greets() {
            bail!("{error:#}\nlog:\n{}", family::Server::log(&this).unwrap_or_default());
        }
        Ok(this)
    }

    /// An address of the harness, over IPv4 one from which no session has come for long.
    fn next_client(&self) -> IpAddr {
        if self.socket.is_ipv6() {
            return HARNESS6.into();
        }
        self.sessions.set(self.sessions.get().wrapping_add(1));
        let [a, b, c, _] = HARNESS_NETWORK.octets();
        Ipv4Addr::new(a, b, c, self.sessions.get()).into()
    }

    fn greets(&mut self) -> Result<()> {
        let client = self.next_client();
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("Postfix ended by itself ({status})");
            }
            match Dialogue::open(client, self.socket, self.transport) {
                Ok(dialogue) => {
                    let expected = format!("220 {HOST_NAME} ");
                    ensure!(dialogue.greeting.starts_with(&expected), "{}", dialogue.greeting);
                    dialogue.quit();
                    return Ok(());
                }
                // Postfix's master would try a program that dies at once again only after a minute.
                Err(error) if family::Server::log(self)?.contains("-- throttling") => {
                    return Err(error);
                }
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

impl family::Server for Instance {
    fn log(&self) -> Result<String> {
        let bytes = fs::read(self.directory.join("log")).context("log")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The whole log, once everything is in it that went before this call and every session has ended.
    fn settled_log(&self) -> Result<String> {
        // Lines arrive late but in order, so those before a session that only we can know are all there when it is.
        let client = self.next_client();
        let before = log::begun(&self.log()?, client);
        Dialogue::open(client, self.socket, self.transport)?.quit();
        let deadline = Instant::now() + LOG_LAG;
        loop {
            let log = self.log()?;
            if log::begun(&log, client) > before && log::settled(&log) {
                return Ok(log);
            }
            ensure!(Instant::now() < deadline, "a session is still open:\n{log}");
            thread::sleep(PAUSE);
        }
    }

    fn set(&self, setting: &str) -> Result<()> {
        let configuration = self.directory.join("etc");
        told("postconf", &configuration, &["-e", setting])?;
        let main = configuration.join("main.cf");
        write_settled(&main, &fs::read_to_string(&main)?)?;
        told("postfix", &configuration, &["reload"])
    }
}

/// Has a program of Postfix do something with a configuration.
fn told(program: &str, configuration: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .arg("-c")
        .arg(configuration)
        .args(arguments)
        .env_remove("MAIL_CONFIG")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} cannot be run"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments:?}: {}: {said}", output.status);
    Ok(())
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A child that has been waited for leaves a stale process id, which is not ours to signal.
        if matches!(self.child.try_wait(), Ok(None)) && self.terminate().is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Writes a file that looks a minute old: Postfix waits before it reads a younger one.
pub(super) fn write_settled(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content)?;
    let file = File::options().write(true).open(path)?;
    file.set_modified(SystemTime::now() - Duration::from_secs(60))?;
    Ok(())
}

/// The common settings but for those that the case has of its own. Each program of Postfix warns of a parameter that is
/// set twice, and the log service takes ten lines before it runs: with more, the whole start waits for ever.
pub(super) fn base_without(base: &str, settings: &str) -> String {
    let key = |line: &str| {
        let named = !line.starts_with([' ', '\t', '#']);
        line.split_once('=').filter(|_| named).map(|(key, _)| key.trim().to_owned())
    };
    let own: Vec<_> = settings.lines().filter_map(key).collect();
    let kept = |line: &&str| !key(line).is_some_and(|key| own.contains(&key));
    base.lines().filter(kept).collect::<Vec<_>>().join("\n")
}

/// `master.cf`: the common services, at the case's port, and those of the case's own, which take the place of common ones
/// with the same name.
fn services(port: u16, transport: Transport, own: Option<&str>) -> String {
    let own = own.unwrap_or_default();
    let key = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let named = !line.starts_with([' ', '\t', '#']);
        words.next().zip(words.next()).filter(|_| named)
    };
    let taken: Vec<_> = own.lines().filter_map(key).collect();
    let option = match transport {
        Transport::ImplicitTls => " -o smtpd_tls_wrappermode=yes",
        Transport::Plain | Transport::StartTls => "",
    };
    let smtpd = format!("{port} inet n - n - - smtpd{option}");
    let common = include_str!("master.cf").lines().chain([smtpd.as_str()]);
    let kept = common.filter(|line| !key(line).is_some_and(|key| taken.contains(&key)));
    kept.chain(own.lines()).map(|line| format!("{line}\n")).collect()
}
