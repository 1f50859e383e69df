//! `mxaudit sweep` as its users run it: a scope file, a process, and the folder that it writes.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use mxaudit::practice::{Behaviour, PracticeServer};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

/// How long something may take to come about that has no reason not to.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Where runs are made, with a scope file.
pub(crate) struct Place(TempDir);

impl Place {
    /// `scope` is what the scope file says beside who asks.
    pub(crate) fn new(scope: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.permit(scope);
        place
    }

    /// Writes the scope file once more.
    pub(crate) fn permit(&self, scope: &str) {
        self.write("mxaudit.toml", &format!("[auditor]\ndomain = \"audit.test\"\n\n{scope}"));
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `mxaudit` with these arguments, divided by spaces, in this place.
    pub(crate) fn mxaudit(&self, arguments: &str) -> Command {
        self.program(env!("CARGO_BIN_EXE_mxaudit"), arguments)
    }

    /// Any program, in this place.
    pub(crate) fn program(&self, program: &str, arguments: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        command.args(arguments.split_whitespace());
        command
    }

    /// Runs `mxaudit` to its end.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.mxaudit(arguments).output().unwrap().into()
    }

    /// Begins `mxaudit`; what it says can be read while it runs.
    pub(crate) fn begin(&self, arguments: &str) -> Running {
        let said = [(); 2].map(|()| NamedTempFile::new_in(self.0.path()).unwrap());
        let [out, err] = said.each_ref().map(|file| file.reopen().unwrap());
        let child = self.mxaudit(arguments).stdout(out).stderr(err).spawn().unwrap();
        Running { child, said }
    }

    /// The run folder of this name.
    pub(crate) fn folder(&self, name: &str) -> Folder {
        Folder(self.path(name))
    }
}

/// A process at work; it is killed when the test ends before it does.
pub(crate) struct Running {
    child: Child,
    said: [NamedTempFile; 2],
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has said so far, on standard output and on standard error.
    pub(crate) fn said(&self) -> [String; 2] {
        self.said.each_ref().map(|file| fs::read_to_string(file.path()).unwrap())
    }

    /// Sends a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(status.success(), "kill -{name} {id}");
    }

    pub(crate) fn wait(mut self) -> Ran {
        let code = self.child.wait().unwrap().code();
        let [out, err] = self.said();
        Ran { code, out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is true.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(2));
    }
}

/// What a run has written.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The whole lines of a file of JSON lines; none where there is no file yet.
    fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.0.join(name)).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn file(&self, name: &str) -> Value {
        let text = fs::read(self.0.join(name)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The reports of hosts, as they ended.
    pub(crate) fn reports(&self) -> Vec<Value> {
        self.lines("hosts.jsonl")
    }

    /// The addresses of the hosts, as they ended.
    pub(crate) fn hosts(&self) -> Vec<Ipv4Addr> {
        self.reports().iter().map(address_of).collect()
    }

    /// The verdict on each host.
    pub(crate) fn verdicts(&self) -> BTreeMap<Ipv4Addr, String> {
        let verdict = |report: &Value| report["relay"]["verdict"].as_str().unwrap().to_owned();
        self.reports().iter().map(|report| (address_of(report), verdict(report))).collect()
    }

    pub(crate) fn evidence(&self) -> Vec<Value> {
        self.lines("evidence/hosts.jsonl")
    }

    pub(crate) fn run(&self) -> Value {
        self.file("run.json")
    }

    /// Whether `run.json` is there and says that the run came to an end of its own.
    pub(crate) fn is_finished(&self) -> bool {
        self.0.join("run.json").exists() && !self.run()["finished"].is_null()
    }

    /// The counts of `summary.json`.
    pub(crate) fn counts(&self) -> Value {
        self.file("summary.json")["sweep"].clone()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// The address of a host's report.
pub(crate) fn address_of(report: &Value) -> Ipv4Addr {
    report["target"]["address"].as_str().unwrap().parse().unwrap()
}

/// Practice servers on one port of several addresses.
pub(crate) struct Street {
    pub(crate) port: u16,
    pub(crate) servers: BTreeMap<Ipv4Addr, PracticeServer>,
}

impl Street {
    /// Starts them, on `port` or on one that is free at all their addresses.
    pub(crate) async fn start(
        port: u16,
        behaviours: impl IntoIterator<Item = (Ipv4Addr, Behaviour)>,
    ) -> Self {
        let mut street = Self { port, servers: BTreeMap::new() };
        for (address, behaviour) in behaviours {
            let bind = SocketAddr::new(IpAddr::V4(address), street.port);
            let server = PracticeServer::start(behaviour, bind).await.unwrap();
            street.port = server.address().port();
            street.servers.insert(address, server);
        }
        street
    }

    /// Connections to all of them.
    pub(crate) fn connections(&self) -> u64 {
        self.servers.values().map(|server| server.counters().connections).sum()
    }

    /// Connections to each of them.
    pub(crate) fn connections_each(&self) -> BTreeMap<Ipv4Addr, u64> {
        let count = |server: &PracticeServer| server.counters().connections;
        self.servers.iter().map(|(address, server)| (*address, count(server))).collect()
    }
}
