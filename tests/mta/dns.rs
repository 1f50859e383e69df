//! The name server of the lab: a real unbound that knows the lab's names and says at once that there are no others.

use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::boxed::{self, Running};
use super::family::Server as _;
use super::place::Place;
use super::{
    AUDITOR_DOMAIN, CLIENT_NAME, DNS, HOST_NAME, LOCAL_DOMAIN, PARTNER_DOMAIN, SINK, STRANGER,
    TRUSTED,
};

/// How long the name server may take to answer.
const START: Duration = Duration::from_secs(30);

/// Checks that there is one.
///
/// # Errors
///
/// Says what is missing.
pub(crate) fn available() -> Result<()> {
    boxed::unpacked("unbound")
}

/// Starts the name server with the names of `places`, its files in `directory`.
///
/// # Errors
///
/// A name server that does not answer is an error that carries its log.
pub(crate) fn start(directory: &Path, places: &[Place]) -> Result<Running> {
    boxed::lay_out(directory, "")?;
    let configuration = directory.join("unbound.conf");
    fs::write(&configuration, self::configuration(places)?)?;
    let path = configuration.display().to_string();
    let command = ["unbound", "-d", "-c", &path].map(str::to_owned);
    let mut server = Running::run("unbound", directory, &command)?;
    let deadline = Instant::now() + START;
    while !answers() {
        server.runs().with_context(|| server.log().unwrap_or_default())?;
        ensure!(Instant::now() < deadline, "no answer; log:\n{}", server.log()?);
        thread::sleep(Duration::from_millis(100));
    }
    Ok(server)
}

/// Lets this process and its children ask the name server, and nobody outside the mount namespace of this test.
///
/// # Errors
///
/// Fails where the file cannot be laid over the machine's.
pub(crate) fn ask_here(directory: &Path) -> Result<()> {
    for file in ["resolv.conf", "nsswitch.conf"] {
        let target = Path::new("/etc").join(file).canonicalize();
        let Ok(target) = target else { continue };
        let source = directory.join("etc").join(file);
        let mounted = Command::new("mount").arg("--bind").arg(source).arg(&target).status()?;
        ensure!(mounted.success(), "mount --bind over {}: {mounted}", target.display());
    }
    Ok(())
}

fn configuration(places: &[Place]) -> Result<String> {
    let mut text = format!(
        "server:\n  interface: {DNS}\n  access-control: 0.0.0.0/0 allow\n  do-daemonize: no\n  \
         username: \"\"\n  chroot: \"\"\n  use-syslog: no\n  logfile: \"\"\n  pidfile: \"\"\n  \
         module-config: \"iterator\"\n  num-threads: 1\n"
    );
    for zone in [".", "test.", "127.in-addr.arpa.", "d.f.ip6.arpa."] {
        writeln!(text, "  local-zone: \"{zone}\" static")?;
    }
    for record in records(places) {
        writeln!(text, "  local-data: '{record}'")?;
    }
    Ok(text)
}

/// Every record of the lab.
fn records(places: &[Place]) -> Vec<String> {
    let mut records = vec![
        "localhost. A 127.0.0.1".to_owned(),
        // Each server has this name; it resolves to one of them.
        format!("{HOST_NAME}. A 127.20.1.1"),
        format!("{LOCAL_DOMAIN}. A 127.20.1.1"),
        format!("{LOCAL_DOMAIN}. MX 10 {HOST_NAME}."),
        format!("mx.{AUDITOR_DOMAIN}. A {SINK}"),
        format!("{CLIENT_NAME}. A {STRANGER}"),
        format!("1.0.66.127.in-addr.arpa. PTR {CLIENT_NAME}."),
        format!("trusted.{LOCAL_DOMAIN}. A {TRUSTED}"),
        format!("1.0.77.127.in-addr.arpa. PTR trusted.{LOCAL_DOMAIN}."),
        "1.0.66.127.bl.test. A 127.0.0.2".to_owned(),
        "1.0.66.127.bl.test. TXT \"127.66.0.1 is listed\"".to_owned(),
    ];
    let probe = format!("probe.{AUDITOR_DOMAIN}");
    for domain in [AUDITOR_DOMAIN, PARTNER_DOMAIN, &probe] {
        records.push(format!("{domain}. A {SINK}"));
        records.push(format!("{domain}. MX 10 mx.{AUDITOR_DOMAIN}."));
    }
    for place in places {
        records.push(format!("{}. A {}", place.mx_host(), place.address()));
        records.push(format!("{}. AAAA {}", place.mx_host(), place.address6()));
        records.push(format!("{}. MX 10 mx.{AUDITOR_DOMAIN}.", place.mx_domain()));
        records.push(format!("{}. MX 20 {}.", place.mx_domain(), place.mx_host()));
    }
    records
}

/// Whether the name server answers a question at all.
fn answers() -> bool {
    // A question for the address of `test`, which has none.
    const QUESTION: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04test\0\0\x01\0\x01";
    let asked = || -> std::io::Result<usize> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        socket.send_to(QUESTION, (DNS, 53))?;
        socket.recv(&mut [0; 512])
    };
    asked().is_ok()
}
