//! The resolvers that stand before the lists.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

use super::process::Process;
use super::zones::zone;

/// What is special about a resolver.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Healthy,
    Stripping,
    Rewriting,
    Refusing,
    ForwardingTo(SocketAddr),
    Validating,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Stripping => "stripping",
            Self::Rewriting => "rewriting",
            Self::Refusing => "refusing",
            Self::ForwardingTo(_) => "forwarding",
            Self::Validating => "validating",
        }
    }
}

/// Starts an unbound of a kind before the name server of the lists.
///
/// # Errors
///
/// A server that does not answer is an error that carries its log.
pub(super) fn start(directory: &Path, kind: Kind, lists: SocketAddr) -> Result<Process> {
    let directory = directory.join(kind.name());
    Process::start("unbound", &directory, |address| {
        let configuration = directory.join("unbound.conf");
        fs::write(&configuration, self::configuration(kind, address, lists)?)?;
        Ok(vec!["-d".into(), "-c".into(), configuration.into()])
    })
}

fn configuration(kind: Kind, own: SocketAddr, lists: SocketAddr) -> Result<String> {
    let mut text = format!(
        "server:\n  interface: {}@{}\n  port: {}\n  do-daemonize: no\n  username: \"\"\n  \
         chroot: \"\"\n  directory: \"\"\n  use-syslog: no\n  logfile: \"\"\n  log-queries: yes\n  pidfile: \"\"\n  \
         num-threads: 1\n  do-not-query-localhost: no\n  do-ip6: no\n",
        own.ip(),
        own.port(),
        own.port()
    );
    let modules = if matches!(kind, Kind::Validating) { "validator iterator" } else { "iterator" };
    writeln!(text, "  module-config: \"{modules}\"")?;
    match kind {
        Kind::Refusing => {
            writeln!(text, "  access-control: 127.0.0.0/8 refuse")?;
            return Ok(text);
        }
        Kind::ForwardingTo(server) => {
            for name in [".", "test.", "invalid."] {
                writeln!(text, "  local-zone: \"{name}\" nodefault")?;
            }
            writeln!(text, "forward-zone:\n  name: \".\"\n  forward-addr: {}", at(server))?;
            return Ok(text);
        }
        Kind::Healthy | Kind::Stripping | Kind::Rewriting | Kind::Validating => {}
    }
    text.push_str(match kind {
        Kind::Stripping => "  private-address: 127.0.0.0/8\n",
        // Its keys are not those that the zone is said to have, so the zone looks forged.
        Kind::Validating => {
            "  ede: yes\n  trust-anchor: \"v4.lists.test. DS 20326 8 2 \
             E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\"\n"
        }
        _ => "",
    });
    if matches!(kind, Kind::Rewriting) {
        text.push_str("  local-zone: \".\" redirect\n  local-data: \". A 203.0.113.9\"\n");
        // What is in the default would be told apart again.
        text.push_str("  local-zone: \"invalid.\" nodefault\n");
    } else {
        // Nothing outside is ever asked.
        text.push_str("  local-zone: \".\" static\n");
    }
    writeln!(text, "  local-zone: \"{}.\" transparent", zone::ALL)?;
    for (zone, kind) in [
        (zone::PARKED, "redirect"),
        (zone::REFUSED, "refuse"),
        (zone::SILENT, "deny"),
        (zone::NODATA, "always_nodata"),
        (zone::GONE, "always_nxdomain"),
        (zone::LARGE, "static"),
        ("127.in-addr.arpa", "static"),
        ("2.0.192.in-addr.arpa", "static"),
    ] {
        writeln!(text, "  local-zone: \"{zone}.\" {kind}")?;
    }
    writeln!(text, "  local-data: \"{}. A 203.0.113.7\"", zone::PARKED)?;
    writeln!(text, "  local-data: \"9.0.0.127.in-addr.arpa. PTR mail.lists.test.\"")?;
    writeln!(text, "  local-data: \"9.2.0.192.in-addr.arpa. PTR mx.lists.test.\"")?;
    writeln!(text, "  local-data: \"alias.lists.test. CNAME 40.2.0.192.{}.\"", zone::LARGE)?;
    for code in 2..=201 {
        writeln!(text, "  local-data: \"40.2.0.192.{}. A 127.0.0.{code}\"", zone::LARGE)?;
    }
    for name in zone::served() {
        let server = at(lists);
        writeln!(
            text,
            "stub-zone:\n  name: \"{name}.\"\n  stub-addr: {server}\n  stub-no-cache: no"
        )?;
    }
    Ok(text)
}

/// An address as unbound writes it.
fn at(server: SocketAddr) -> String {
    format!("{}@{}", server.ip(), server.port())
}
