//! The other end of `/dev/log` in a box.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A reader that appends what arrives to a file, until it is dropped.
#[derive(Debug)]
pub(crate) struct Syslog {
    ended: Arc<AtomicBool>,
}

impl Syslog {
    /// Listens at `path`, to which every user may write.
    ///
    /// # Errors
    ///
    /// Fails where the socket cannot be made.
    pub(crate) fn listen(path: &Path, mut log: File) -> Result<Self> {
        let socket = UnixDatagram::bind(path).with_context(|| path.display().to_string())?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
        socket.set_read_timeout(Some(Duration::from_millis(500)))?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        thread::Builder::new().name("syslog".to_owned()).spawn(move || {
            let mut datagram = vec![0; 16 * 1024];
            while !seen.load(Ordering::Relaxed) {
                // Nothing for a while is no reason to stop.
                let Ok(length) = socket.recv(&mut datagram) else { continue };
                let text = datagram.get(..length).unwrap_or_default();
                let line = [text.trim_ascii_end(), b"\n"].concat();
                // One write a line: the server's own output goes to the same file.
                let _ = log.write_all(&line);
            }
        })?;
        Ok(Self { ended })
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}
