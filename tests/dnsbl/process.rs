//! One name server that runs from its unpacked package.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, ffi::OsString};

use anyhow::{Context as _, Result, bail, ensure};

/// How long a server may take to answer.
const START: Duration = Duration::from_secs(30);

/// Ports that are tried when somebody else takes one before the server does.
const TRIES: usize = 5;

/// A running server, ended on drop.
#[derive(Debug)]
pub(crate) struct Process {
    address: SocketAddr,
    directory: PathBuf,
    child: Child,
}

/// Checks that the packages of `name` are unpacked, and says where.
///
/// # Errors
///
/// Says where they are not, and how to get them.
pub(crate) fn unpacked(name: &str) -> Result<PathBuf> {
    let packages = env::var_os("MXAUDIT_MTA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mta"), PathBuf::from);
    let complete = packages.join(name).join("complete");
    ensure!(
        complete.exists(),
        "{name} is not unpacked below {} (tests/mta/box/fetch.sh does it)",
        packages.display()
    );
    Ok(packages.join(name).join("root").canonicalize()?)
}

impl Process {
    /// Runs a server in `directory`, which is made, with the arguments that `prepare` returns for its address.
    ///
    /// # Errors
    ///
    /// A server that does not answer is an error that carries its log.
    pub(crate) fn start(
        name: &str,
        directory: &Path,
        prepare: impl Fn(SocketAddr) -> Result<Vec<OsString>>,
    ) -> Result<Self> {
        let root = unpacked(name)?;
        fs::create_dir_all(directory)?;
        for _ in 0..TRIES {
            let address = free_address()?;
            let log = File::create(directory.join("log"))?;
            let child = Command::new(root.join("usr/sbin").join(name))
                .args(prepare(address)?)
                .env("LD_LIBRARY_PATH", libraries(&root)?)
                .current_dir(directory)
                .stdin(Stdio::null())
                .stderr(log.try_clone()?)
                .stdout(log)
                .spawn()
                .with_context(|| format!("{name} cannot be started"))?;
            let mut process = Self { address, directory: directory.to_owned(), child };
            if process.answers()? {
                return Ok(process);
            }
            if !process.log()?.to_lowercase().contains("address already in use") {
                bail!("{name} ended by itself; log:\n{}", process.log()?);
            }
        }
        bail!("no port was free for {name} in {TRIES} tries")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.directory.join("log"))?).into_owned())
    }

    /// Waits until the server says anything to anybody; false where it ended instead.
    fn answers(&mut self) -> Result<bool> {
        // A question for the start of authority of the root.
        const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\0\0\x06\0\x01";
        let deadline = Instant::now() + START;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(self.address)?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        loop {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            // While nothing listens, both fail at once.
            if socket.send(QUESTION).and_then(|_| socket.recv(&mut [0; 512])).is_ok() {
                return Ok(self.child.try_wait()?.is_none());
            }
            ensure!(Instant::now() < deadline, "no answer; log:\n{}", self.log()?);
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on loopback whose port is free for both protocols now.
fn free_address() -> io::Result<SocketAddr> {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = tcp.local_addr()?;
        match UdpSocket::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound.map(|_| address),
        }
    }
}

/// The folders with the libraries that came with a package.
fn libraries(root: &Path) -> Result<OsString> {
    let mut folders = vec![root.join("usr/lib")];
    if let Ok(entries) = fs::read_dir(root.join("usr/lib")) {
        for entry in entries {
            folders.push(entry?.path());
        }
    }
    Ok(env::join_paths(folders)?)
}
