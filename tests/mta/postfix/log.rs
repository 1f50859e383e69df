//! What Postfix writes about its sessions.

use std::net::IpAddr;

/// One session, from its `disconnect from` line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The commands that Postfix counted.
    pub(crate) commands: u32,
    /// Those of them that it refused.
    pub(crate) errors: u32,
}

/// The ended sessions of `client`, oldest first. A line that cannot be read is returned as the error.
pub(crate) fn sessions(log: &str, client: IpAddr) -> Result<Vec<Session>, String> {
    let marker = format!("]: disconnect from unknown[{client}] ");
    let ended = log.lines().filter(|line| line.contains(&marker));
    ended.map(|line| session(line).ok_or_else(|| line.to_owned())).collect()
}

/// How many sessions of `client` have begun.
pub(crate) fn begun(log: &str, client: IpAddr) -> usize {
    log.matches(&format!("]: connect from unknown[{client}]")).count()
}

/// Whether every session that began has ended.
pub(crate) fn settled(log: &str) -> bool {
    log.matches("]: connect from ").count() == log.matches("]: disconnect from ").count()
}

/// Reads `commands=3/4` (three of four went well) and `commands=4` (all four did).
fn session(line: &str) -> Option<Session> {
    let (_, counts) = line.rsplit_once(" commands=")?;
    let (good, all) = counts.trim_end().split_once('/').unwrap_or((counts, counts));
    let (good, commands) = (good.trim_end().parse::<u32>().ok()?, all.trim_end().parse().ok()?);
    Some(Session { commands, errors: u32::checked_sub(commands, good)? })
}
