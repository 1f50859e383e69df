//! A report by mail: taken by a Postfix over TLS, and read by a parser that is not ours.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use mxaudit::practice::{Behaviour, PracticeServer, RelayPolicy};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;

use super::server::{base_without, write_settled};

/// Where the Postfix of this trial stands.
const RELAY: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 25);
/// Where it stands too, which its certificate does not say.
const NAMELESS: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 26);
/// How long it may take to start, and a mail to arrive.
const WAIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Sends reports through a Postfix and looks at what arrives.
///
/// # Errors
///
/// Says what is not as it should be.
pub(crate) fn hold() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let relay = Relay::start(folder.path())?;
    let held = sent(&relay).and_then(|()| refused(&relay)).and_then(|()| unproved(&relay));
    held.map_err(|error| error.context(format!("log:\n{}", relay.log())))
}

/// TLS at once and STARTTLS: the mail arrives, and holds what the files hold.
fn sent(relay: &Relay) -> Result<()> {
    for url in [format!("smtps://{RELAY}"), format!("smtp://{RELAY}?tls=required")] {
        let out = tempfile::tempdir()?;
        let to = ["--mail-report", "jane@target.test", "--mail-report", "postmaster@target.test"];
        let ca = relay.directory.join("ca.pem").display().to_string();
        let args = [&to[..], &["--smtp-url", &url, "--smtp-ca", &ca]].concat();
        let ran = relay.check(out.path(), &args)?;
        let err = String::from_utf8_lossy(&ran.stderr).into_owned();
        ensure!(ran.status.code() == Some(1), "an open relay: {err}");
        ensure!(
            err.contains("the report was sent to jane@target.test, postmaster@target.test: 250"),
            "{err}"
        );
        for user in ["jane", "postmaster"] {
            let found = parsed(&relay.arrived(user)?, out.path())?;
            let subject = found["subject"].as_str().unwrap_or_default();
            ensure!(subject.starts_with("mxaudit: open relay, grade F: 127.0.0.1:"), "{found}");
            ensure!(found["from"] == "postmaster@audit.test", "{found}");
            ensure!(found["delivered_to"] == format!("{user}@target.test"), "{found}");
            ensure!(found["to"].as_array().is_some_and(|to| to.len() == 2), "{found}");
            let text = found["text"].as_str().unwrap_or_default();
            ensure!(text.contains("error[open-relay]"), "{found}");
        }
    }
    let log = relay.log();
    ensure!(log.matches("TLS connection established from").count() >= 2, "both inside TLS: {log}");
    Ok(())
}

/// Somebody whom the relay does not know: the others get it, and the exit code says so.
fn refused(relay: &Relay) -> Result<()> {
    let out = tempfile::tempdir()?;
    let ca = relay.directory.join("ca.pem").display().to_string();
    let url = format!("smtps://{RELAY}:465");
    let args = ["--mail-report", "nobody@target.test", "--smtp-url", &url, "--smtp-ca", &ca];
    let ran = relay.closed(out.path(), &args)?;
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    ensure!(ran.status.code() == Some(3), "{err}");
    ensure!(err.contains("nobody@target.test: 550 5.1.1 ") && err.contains("unknown"), "{err}");
    let report: Value = serde_json::from_slice(&fs::read(out.path().join("report.json"))?)?;
    ensure!(report["hosts"][0]["relay"]["verdict"] == "closed", "{report}");
    Ok(())
}

/// A certificate that nobody trusts: nothing is sent, not even a greeting.
fn unproved(relay: &Relay) -> Result<()> {
    let before = relay.log();
    for (url, ca) in [
        (format!("smtps://{RELAY}"), Some("other.pem")),
        (format!("smtp://{RELAY}?tls=required"), Some("other.pem")),
        (format!("smtps://{RELAY}"), None),
        (format!("smtps://{NAMELESS}"), Some("ca.pem")),
    ] {
        let out = tempfile::tempdir()?;
        let ca = ca.map(|ca| relay.directory.join(ca).display().to_string());
        let mut args = vec!["--mail-report", "jane@target.test", "--smtp-url", &url];
        if let Some(ca) = &ca {
            args.extend(["--smtp-ca", ca]);
        }
        let ran = relay.closed(out.path(), &args)?;
        let err = String::from_utf8_lossy(&ran.stderr).into_owned();
        // A system without any CA says so before anything is probed.
        let none = ca.is_none() && err.contains("no list of trusted CAs");
        ensure!(ran.status.code() == Some(if none { 2 } else { 3 }), "{err}");
        ensure!(
            none || err.contains("no TLS with 127.20.0.2") && err.contains("--smtp-ca"),
            "{err}"
        );
        ensure!(none || out.path().join("report.json").exists(), "the report is there: {err}");
    }
    let log = relay.log();
    let since = log.get(before.len()..).unwrap_or_default();
    ensure!(!since.contains("from=<"), "nothing came in: {since}");
    Ok(())
}

/// What Python's parser finds in a mail.
fn parsed(mail: &Path, folder: &Path) -> Result<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/parse.py");
    let output = Command::new("python3").arg(script).arg(mail).arg(folder).output()?;
    let err = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{err}\n{}", fs::read_to_string(mail)?);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A Postfix that takes mail for two users, and the two kinds of servers that are audited.
struct Relay {
    directory: PathBuf,
    child: std::process::Child,
    runtime: tokio::runtime::Runtime,
}

impl Relay {
    fn start(root: &Path) -> Result<Self> {
        fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
        let directory = root.to_owned();
        for name in ["etc", "queue", "mail"] {
            fs::create_dir(directory.join(name))?;
            fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o755))?;
        }
        fs::set_permissions(directory.join("mail"), fs::Permissions::from_mode(0o777))?;
        certify(&directory)?;
        let fill = |text: &str| {
            let values = [
                ("{state}", directory.display().to_string()),
                ("{certificate}", directory.join("relay.pem").display().to_string()),
                ("{key}", directory.join("relay.key").display().to_string()),
                ("{sink}", "127.20.0.9".to_owned()),
            ];
            values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        let own = directory.display();
        let settings = fill(include_str!("mail.cf"));
        let main = format!(
            "queue_directory = {own}/queue\ndata_directory = {own}/data\n{}\n{settings}",
            base_without(&fill(include_str!("base.cf")), &settings)
        );
        write_settled(&directory.join("etc/main.cf"), &main)?;
        let services = format!(
            "{}\nvirtual unix - n n - - virtual\n{RELAY}:587 inet n - n - - smtpd\n\
             {RELAY}:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
             {NAMELESS}:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n",
            include_str!("master.cf")
        );
        write_settled(&directory.join("etc/master.cf"), &services)?;
        let log = fs::File::create(directory.join("log"))?;
        let child = Command::new("postfix")
            .arg("-c")
            .arg(directory.join("etc"))
            .arg("start-fg")
            .env_remove("MAIL_CONFIG")
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .spawn()
            .context("postfix cannot be run")?;
        let runtime = tokio::runtime::Runtime::new()?;
        let mut this = Self { directory, child, runtime };
        this.listens().with_context(|| format!("log:\n{}", this.log()))?;
        Ok(this)
    }

    fn listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + WAIT;
        for port in [587, 465] {
            while TcpStream::connect((RELAY, port)).is_err() {
                if let Some(status) = self.child.try_wait()? {
                    bail!("Postfix ended by itself ({status})");
                }
                ensure!(Instant::now() < deadline, "Postfix does not listen");
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    fn log(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Audits an open relay, with every report that the mail holds as a file in `out`.
    fn check(&self, out: &Path, more: &[&str]) -> Result<Output> {
        let open = Behaviour { relay: RelayPolicy::LocalSender, ..Behaviour::closed() };
        self.audit(open, out, more)
    }

    /// The same of a closed one.
    fn closed(&self, out: &Path, more: &[&str]) -> Result<Output> {
        self.audit(Behaviour::closed(), out, more)
    }

    fn audit(&self, behaviour: Behaviour, out: &Path, more: &[&str]) -> Result<Output> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let target = self.runtime.block_on(PracticeServer::start(behaviour, any))?;
        let port = target.address().port().to_string();
        let output = Command::new(env!("CARGO_BIN_EXE_mxaudit"))
            .current_dir(out)
            .env_remove("MXAUDIT_SMTP_PASSWORD")
            .stdin(Stdio::null())
            .args(["check", "127.0.0.1", "--port", &port, "--vantage", "outside"])
            .args(["--profile", "quick", "--auditor-domain", "audit.test"])
            .args(["--local-domain", "target.test", "--skip", "reputation"])
            .args(["--format", "json=report.json", "--format", "html=report.html"])
            .args(["--format", "csv-hosts=hosts.csv", "--format", "csv-findings=findings.csv"])
            .args(more)
            .output()?;
        Ok(output)
    }

    /// Waits for the next mail of a user, and takes it out of the way.
    fn arrived(&self, user: &str) -> Result<PathBuf> {
        let deadline = Instant::now() + WAIT;
        loop {
            let new = fs::read_dir(self.directory.join("mail").join(user).join("new"));
            let first = new.ok().and_then(|mut mails| mails.next()).transpose()?;
            if let Some(mail) = first {
                let taken = self.directory.join(format!("{user}.eml"));
                fs::rename(mail.path(), &taken)?;
                return Ok(taken);
            }
            ensure!(Instant::now() < deadline, "no mail for {user}");
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.directory.join("queue/pid/master.pid"));
        let pid = pid.ok().and_then(|pid| pid.trim().parse::<u32>().ok());
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), pid) {
            let script = ["-c", "kill -TERM \"$0\"", &pid.to_string()];
            let _ = Command::new("sh").args(script).status();
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A CA with the relay's certificate, and another CA.
fn certify(directory: &Path) -> Result<()> {
    let authority = |name: &str| -> Result<CertifiedIssuer<'static, KeyPair>> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
    };
    let (own, other) = (authority("lab")?, authority("other")?);
    let key = KeyPair::generate()?;
    let relay = CertificateParams::new([RELAY.to_string()])?.signed_by(&key, &own)?;
    for (name, text) in [
        ("ca.pem", own.pem()),
        ("other.pem", other.pem()),
        ("relay.pem", relay.pem()),
        ("relay.key", key.serialize_pem()),
    ] {
        fs::write(directory.join(name), text)?;
    }
    Ok(())
}
