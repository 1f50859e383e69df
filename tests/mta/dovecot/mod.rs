//! Dovecot, unpacked: the POP3 server beside a mail server of the lab.

use std::fs;
use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::boxed::{self, Running};
use super::family::Server as _;
use super::place::Place;

/// Its name, for `MXAUDIT_REQUIRE` and as the folder of its packages.
pub(crate) const NAME: &str = "dovecot";

/// The password of jane, the only user.
pub(crate) const PASSWORD: &str = "secret";

/// How long it may take to greet.
const START: Duration = Duration::from_secs(60);

const PASSWD: &str = "dovecot:x:595:595::/usr/lib/dovecot:/usr/sbin/nologin\n\
                      dovenull:x:596:596::/nonexistent:/usr/sbin/nologin\n\
                      mailboxes:x:597:597::/var/mailboxes:/usr/sbin/nologin\n";

const GROUP: &str = "dovecot:x:595:\ndovenull:x:596:\nmailboxes:x:597:\n";

const COMMAND: &str = "install -d -o mailboxes -g mailboxes /var/mailboxes && \
                       chmod 755 /etc/dovecot/post-login.sh && \
                       exec dovecot -F -c /etc/dovecot/dovecot.conf";

/// Starts a POP3 server at the address of `place`, with its files in `directory`; it notes logins in `logins`.
///
/// # Errors
///
/// A server that does not greet is an error that carries its log.
pub(crate) fn start(place: &Place, directory: &Path, logins: &Path) -> Result<Running> {
    boxed::lay_out(directory, "")?;
    fs::write(directory.join("passwd"), PASSWD)?;
    fs::write(directory.join("group"), GROUP)?;
    let own = directory.join("etc/dovecot");
    fs::create_dir_all(&own)?;
    fs::set_permissions(logins, fs::Permissions::from_mode(0o777))?;
    let fill = |text: &str| place.fill(text).replace("{logins}", &logins.display().to_string());
    fs::write(own.join("dovecot.conf"), fill(include_str!("dovecot.conf")))?;
    fs::write(own.join("post-login.sh"), fill(include_str!("post-login.sh")))?;
    fs::write(own.join("users"), format!("jane:{PASSWORD}\n"))?;
    let command = ["sh", "-c", COMMAND].map(str::to_owned);
    let mut server = Running::run(NAME, directory, &command)?;
    let deadline = Instant::now() + START;
    while !greets(place) {
        server.runs().with_context(|| server.log().unwrap_or_default())?;
        ensure!(Instant::now() < deadline, "no POP3 greeting; log:\n{}", server.log()?);
        thread::sleep(Duration::from_millis(100));
    }
    Ok(server)
}

fn greets(place: &Place) -> bool {
    let greeting = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((place.address(), 110))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut start = [0; 4];
        stream.read_exact(&mut start)?;
        Ok(start == *b"+OK ")
    };
    greeting().unwrap_or(false)
}
