//! Addresses on the loopback interface.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Addresses added to `lo`, removed again on drop.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    added: Vec<Ipv4Addr>,
}

impl Addresses {
    /// Adds each address to `lo`, which a server that wants *configured* addresses needs.
    ///
    /// # Errors
    ///
    /// Names the `ip` command that failed; an address that is there already is such a failure.
    pub(crate) fn add(addresses: impl IntoIterator<Item = Ipv4Addr>) -> Result<Self> {
        let mut this = Self::default();
        for address in addresses {
            ip(&format!("address add {address}/32 dev lo"))?;
            this.added.push(address);
            // With this route, a connection to the address would come from the address itself.
            ip(&format!("route del local {address} dev lo table local"))?;
        }
        Ok(this)
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        for address in self.added.drain(..) {
            // Nothing is left to tell of a failure; the next run reports the address as present.
            let _ = ip(&format!("address del {address}/32 dev lo"));
        }
    }
}

/// Sets the loopback interface up.
///
/// # Errors
///
/// Names the `ip` command that failed.
pub(crate) fn up() -> Result<()> {
    ip("link set lo up")
}

fn ip(arguments: &str) -> Result<()> {
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
