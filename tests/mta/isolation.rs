//! A network and process namespace of the test's own.

use std::process::{Command, ExitCode, Stdio};

/// `isolated` inside the namespace.
const VARIABLE: &str = "MXAUDIT_TEST_NET";

/// A namespace that holds only `lo`, and whose processes all end with the test.
const FLAGS: [&str; 6] =
    ["--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];

/// Whether this process runs in the namespace that [`rerun`] makes.
pub(crate) fn isolated() -> bool {
    std::env::var(VARIABLE).is_ok_and(|value| value == "isolated")
}

/// Whether this process may configure the network.
pub(crate) fn root() -> bool {
    let id = Command::new("id").arg("-u").stderr(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs this test again in a namespace, with the same arguments, and returns how it ended.
///
/// Returns `None` where the test goes on in this process: inside the namespace already, or where none can be made.
pub(crate) fn rerun() -> Option<ExitCode> {
    if std::env::var_os(VARIABLE).is_some() || !root() {
        return None;
    }
    let possible = Command::new("unshare")
        .args(FLAGS)
        .args(["--", "ip", "link", "set", "lo", "up"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        return None;
    }
    // A shell stays process 1 of the namespace and reaps what the servers leave behind.
    let status = Command::new("unshare")
        .args(FLAGS)
        .args(["--", "sh", "-c", r#""$0" "$@"; exit $?"#])
        .arg(std::env::current_exe().ok()?)
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, "isolated")
        .status()
        .ok()?;
    Some(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, Into::into),
    )
}
