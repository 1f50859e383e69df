//! Servers in boxes: unpacked packages that Debian would not install beside Postfix, see `enter.sh` and `fetch.sh`.

use std::env;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::case::Case;
use super::dialogue::Dialogue;
use super::family::{Family, Server};
use super::limit::Limit;
use super::place::Place;
use super::{DNS, HARNESS, HARNESS6, HOST_NAME};

mod syslog;

use syslog::Syslog;

/// How long a server may take to greet. All start at once on whatever cores there are.
const START: Duration = Duration::from_secs(60);

/// How long the log must stay as it is before it counts as whole, and how long that may take.
const REST: (Duration, Duration) = (Duration::from_millis(600), Duration::from_secs(20));

const PAUSE: Duration = Duration::from_millis(50);

/// A family whose servers run in boxes.
#[derive(Debug)]
pub(crate) struct Boxed {
    /// The name, also of the folder that holds its packages.
    pub(crate) name: &'static str,
    /// The third number of its servers' addresses.
    pub(crate) number: u8,
    /// Its cases.
    pub(crate) cases: &'static [Case],
    /// Lines for `/etc/passwd`: Debian's package would make these users when it is installed.
    pub(crate) passwd: &'static str,
    /// Lines for `/etc/group`.
    pub(crate) group: &'static str,
    /// Files that every case has, unless it brings its own; as [`Case::files`].
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// What runs in the box, in the foreground. May hold the placeholders of [`Place::fill`].
    pub(crate) command: &'static [&'static str],
    /// As [`Family::complaints`].
    pub(crate) complaints: &'static [&'static str],
    /// As [`Family::limits`].
    pub(crate) limits: &'static [Limit],
}

/// The folder with the unpacked packages.
pub(crate) fn packages() -> PathBuf {
    env::var_os("MXAUDIT_MTA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mta"), PathBuf::from)
}

/// Checks that the packages of `name` are unpacked.
///
/// # Errors
///
/// Says where they are not, and how to get them.
pub(crate) fn unpacked(name: &str) -> Result<()> {
    let packages = packages();
    let complete = packages.join(name).join("complete");
    ensure!(
        complete.exists(),
        "{name} is not unpacked below {} (tests/mta/box/fetch.sh does it)",
        packages.display()
    );
    Ok(())
}

impl Family for Boxed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn number(&self) -> u8 {
        self.number
    }

    fn cases(&self) -> &'static [Case] {
        self.cases
    }

    fn available(&self) -> Result<()> {
        unpacked(self.name)
    }

    fn start(&self, case: &'static Case, place: Place) -> Result<Box<dyn Server>> {
        let state = &place.directory;
        lay_out(state, &format!("{} {HOST_NAME} {}\n", place.address(), place.mx_host()))?;
        fs::write(state.join("passwd"), self.passwd)?;
        fs::write(state.join("group"), self.group)?;
        let own = |path: &str| case.files.iter().any(|(own, _)| *own == path);
        let common = self.files.iter().filter(|(path, _)| !own(path));
        for (path, content) in common.chain(case.files) {
            write(&state.join(path), &place.fill(content))?;
        }
        let command: Vec<_> = self.command.iter().map(|word| place.fill(word)).collect();
        let mut server = Running::run(self.name, state, &command)?;
        let socket = place.socket(case);
        if let Err(error) = server.greets(case, socket) {
            bail!("{error:#}\nlog:\n{}", server.log().unwrap_or_default());
        }
        Ok(Box::new(server))
    }

    fn complaints(&self) -> &'static [&'static str] {
        self.complaints
    }

    fn limits(&self) -> &'static [Limit] {
        self.limits
    }
}

/// Makes what every box finds in its state: a directory for logs that any user may write to, and the names of the lab.
///
/// # Errors
///
/// Fails where a file cannot be written.
pub(crate) fn lay_out(state: &Path, hosts: &str) -> Result<()> {
    fs::create_dir_all(state.join("logs"))?;
    for open in [state.to_owned(), state.join("logs")] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o777))?;
    }
    write(&state.join("etc/hosts"), &format!("127.0.0.1 localhost\n{hosts}"))?;
    write(&state.join("etc/resolv.conf"), &format!("nameserver {DNS}\n"))?;
    write(&state.join("etc/nsswitch.conf"), NAMES)?;
    write(&state.join("etc/mailname"), &format!("{HOST_NAME}\n"))
}

const NAMES: &str = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n\
                     protocols: files\nrpc: files\nethers: files\nnetworks: files\n";

fn write(path: &Path, content: &str) -> Result<()> {
    let directory = path.parent().context("a file without a directory")?;
    fs::create_dir_all(directory)?;
    fs::write(path, content).with_context(|| path.display().to_string())
}

/// A box with something that runs in it, ended on drop.
#[derive(Debug)]
pub(crate) struct Running {
    state: PathBuf,
    child: Child,
    _syslog: Syslog,
}

impl Running {
    /// Runs `command` in a box with the packages of `name` and the files below `state`.
    ///
    /// # Errors
    ///
    /// Fails where the box cannot be made; what happens inside is in the log.
    pub(crate) fn run(name: &str, state: &Path, command: &[String]) -> Result<Self> {
        let log = File::options().create(true).append(true).open(state.join("log"))?;
        let syslog = Syslog::listen(&state.join("log.socket"), log.try_clone()?)?;
        let child = Command::new("sh")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mta/box/enter.sh"))
            .arg(packages().join(name).join("root").canonicalize()?)
            .arg(state)
            .args(command)
            .current_dir("/")
            .env_remove("MXAUDIT_BOX")
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("a box cannot be made")?;
        Ok(Self { state: state.to_owned(), child, _syslog: syslog })
    }

    fn greets(&mut self, case: &Case, server: SocketAddr) -> Result<()> {
        let client = if server.is_ipv4() { HARNESS.into() } else { HARNESS6.into() };
        let deadline = Instant::now() + START;
        loop {
            self.runs()?;
            match Dialogue::open(client, server, case.transport) {
                Ok(dialogue) => {
                    let expected = format!("220 {HOST_NAME} ");
                    let greeting = dialogue.greeting.replacen("220-", "220 ", 1);
                    ensure!(greeting.starts_with(&expected), "{}", dialogue.greeting);
                    dialogue.quit();
                    return Ok(());
                }
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Checks that the box has not ended.
    ///
    /// # Errors
    ///
    /// Says how it ended.
    pub(crate) fn runs(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended by itself ({status})");
        }
        Ok(())
    }

    /// Process 1 of the box, with which everything in it ends.
    fn first_process(&self) -> Result<String> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        Ok(children.split_whitespace().next().context("no process in the box")?.to_owned())
    }
}

impl Server for Running {
    fn log(&self) -> Result<String> {
        let mut files = vec![self.state.join("log")];
        let mut own: Vec<_> = fs::read_dir(self.state.join("logs"))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        own.sort();
        files.extend(own);
        let mut log = String::new();
        for file in files {
            let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
            log.push_str(&String::from_utf8_lossy(&bytes));
        }
        Ok(log)
    }

    fn settled_log(&self) -> Result<String> {
        let deadline = Instant::now() + REST.1;
        let (mut log, mut since) = (self.log()?, Instant::now());
        while since.elapsed() < REST.0 {
            ensure!(Instant::now() < deadline, "the log does not come to rest:\n{log}");
            thread::sleep(PAUSE);
            let now = self.log()?;
            if now != log {
                (log, since) = (now, Instant::now());
            }
        }
        Ok(log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A child that has been waited for leaves a stale process id, which is not ours to signal.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let killed = self.first_process().and_then(|pid| {
            Ok(Command::new("sh").args(["-c", "kill -KILL \"$0\"", &pid]).status()?.success())
        });
        if !killed.unwrap_or(false) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
