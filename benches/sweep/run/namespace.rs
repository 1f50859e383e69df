//! A network namespace of our own: nothing else uses its ports, and nothing can leave it.

use std::env;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Set for the process inside.
const INSIDE: &str = "MXAUDIT_BENCH_INSIDE";
/// The ways to get one, as root and as anybody.
const WAYS: [&[&str]; 2] = [&["--net"], &["--net", "--user", "--map-root-user"]];

/// Runs this command again inside; `None` where we are inside or where the system has none.
pub(super) fn run_inside() -> Result<Option<bool>> {
    if env::var_os(INSIDE).is_some() {
        return Ok(None);
    }
    let works = |way: &&&[&str]| {
        let probe = Command::new("unshare")
            .args(**way)
            .args(["ip", "link", "set", "lo", "up"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        probe.is_ok_and(|status| status.success())
    };
    let Some(way) = WAYS.iter().find(works) else { return Ok(None) };
    let mut ours = env::args_os();
    let program = ours.next().unwrap_or_default();
    let status = Command::new("unshare")
        .args(*way)
        .args(["sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""])
        .arg(program)
        .args(ours)
        .env(INSIDE, "1")
        .status()
        .map_err(|source| Error::Start { program: "unshare".into(), source })?;
    match status.code() {
        Some(0) => Ok(Some(true)),
        Some(1) => Ok(Some(false)),
        _ => Err(Error::Farm("the run in its own network namespace has failed, see above".into())),
    }
}
