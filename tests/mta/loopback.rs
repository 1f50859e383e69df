//! The loopback interface of the test's own network namespace.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Sets the interface up.
///
/// # Errors
///
/// Names the `ip` command that failed.
pub(crate) fn up() -> Result<()> {
    ip("link set lo up")
}

/// Adds an address, which a server that wants *configured* addresses needs.
///
/// # Errors
///
/// Names the `ip` command that failed; an address that is there already is such a failure.
pub(crate) fn add(address: Ipv4Addr) -> Result<()> {
    ip(&format!("address add {address}/32 dev lo"))?;
    // With this route, a connection to the address would come from the address itself.
    ip(&format!("route del local {address} dev lo table local"))
}

/// Adds an IPv6 address.
///
/// # Errors
///
/// Names the `ip` command that failed, as on a machine without IPv6.
pub(crate) fn add6(address: Ipv6Addr) -> Result<()> {
    ip(&format!("-6 address add {address}/128 dev lo nodad"))
}

/// Runs `ip` with arguments that are separated by spaces.
///
/// # Errors
///
/// Says what it complains about.
pub(crate) fn ip(arguments: &str) -> Result<()> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .stdin(Stdio::null())
        .output()
        .context("ip (iproute2) cannot be run")?;
    if !output.status.success() {
        bail!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
