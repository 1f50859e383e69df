//! The commands that are measured.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use ipnet::Ipv4Net;

use crate::LOCAL_DOMAIN;
use crate::behaviour::Mix;
use crate::error::{Error, Result};
use crate::least::{Lesson, Played};
use crate::measure::Measured;

/// What mxaudit is permitted, and who it is.
const SCOPE: &str = "[auditor]\ndomain = \"audit.test\"\ncontact = \"postmaster@audit.test\"\n\n\
                     [[scope]]\nnetworks = [\"127.0.0.0/8\"]\n";

/// How nmap is set. Both ways it neither resolves names nor asks first who is there, and takes
/// all hosts in one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum NmapSettings {
    /// Its scripts share twenty sockets.
    Stock,
    /// Its scripts share 1,024.
    Wide,
}

impl NmapSettings {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Wide => "wide",
        }
    }
}

/// One of the programs.
pub(super) struct Client {
    program: String,
    folder: PathBuf,
}

impl Client {
    /// The mxaudit at `path`, which must know sweeps.
    pub(super) fn mxaudit(path: &Path, folder: &Path) -> Result<Self> {
        let program = path.display().to_string();
        let help = Command::new(path).args(["sweep", "--help"]).output();
        let help = help.map_err(|source| Error::Start { program: program.clone(), source })?;
        if !help.status.success() {
            return Err(Error::NoSweep(path.into()));
        }
        let scope = folder.join("scope.toml");
        fs::write(&scope, SCOPE).map_err(Error::file(&scope))?;
        Ok(Self { program, folder: folder.into() })
    }

    pub(super) fn sweep_command(&self, targets: &[String], port: u16, out: &Path) -> Vec<String> {
        let mut command = vec![self.program.clone(), "sweep".into()];
        command.extend(targets.iter().cloned());
        let config = self.folder.join("scope.toml").display().to_string();
        command.extend(
            [
                "--config",
                &config,
                "--port",
                &port.to_string(),
                "--out",
                &out.display().to_string(),
                "--local-domain",
                LOCAL_DOMAIN,
                "--vantage",
                "outside",
                "--skip",
                "reputation",
                "--seed",
                "1",
                "-q",
            ]
            .map(String::from),
        );
        command
    }

    /// The least client, and what it has to say.
    pub(super) fn least(folder: &Path, lesson: &Lesson) -> Result<Self> {
        let program = env::current_exe()
            .map_err(|source| Error::Start { program: "the least client".into(), source })?;
        let path = folder.join("lesson.json");
        let text = serde_json::to_vec(lesson).map_err(Error::json("the lesson"))?;
        fs::write(&path, text).map_err(Error::file(&path))?;
        Ok(Self { program: program.display().to_string(), folder: folder.into() })
    }

    pub(super) fn least_command(
        &self,
        network: Ipv4Net,
        (port, alive, max_hosts): (u16, u32, usize),
        mix: &Mix,
    ) -> Vec<String> {
        let lesson = self.folder.join("lesson.json").display().to_string();
        [
            &self.program,
            "least",
            &network.to_string(),
            "--port",
            &port.to_string(),
            "--mix",
            mix.text(),
            "--alive",
            &alive.to_string(),
            "--max-hosts",
            &max_hosts.to_string(),
            "--lesson",
            &lesson,
        ]
        .map(String::from)
        .to_vec()
    }

    /// What came of the least client.
    pub(super) fn played(&self) -> Result<Played> {
        let path = self.folder.join("least.out");
        let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
        serde_json::from_str(&text).map_err(Error::json(path.display().to_string()))
    }

    /// nmap, where it is installed.
    pub(super) fn nmap(folder: &Path) -> Option<Self> {
        let found = Command::new("nmap").arg("--version").stdout(Stdio::null()).status();
        found
            .is_ok_and(|status| status.success())
            .then(|| Self { program: "nmap".into(), folder: folder.into() })
    }

    /// The plus sign runs the script at whatever port.
    pub(super) fn nmap_command(
        &self,
        network: Ipv4Net,
        port: u16,
        settings: NmapSettings,
        output: &Path,
    ) -> Vec<String> {
        let port = port.to_string();
        let (network, output) = (network.to_string(), output.display().to_string());
        let mut command = vec![self.program.as_str(), "-n", "-Pn", "-T4", "-p", &port];
        command.extend(["--min-hostgroup", "1024", "--max-hostgroup", "4096"]);
        command.extend(["--script", "+smtp-open-relay"]);
        command.extend(["--script-args", "smtp-open-relay.domain=audit.test"]);
        if settings == NmapSettings::Wide {
            command.extend(["--max-parallelism", "1024"]);
        }
        command.extend(["-oN", &output, &network]);
        command.into_iter().map(String::from).collect()
    }

    /// Runs `command` as the only child of a process that notes what it has used.
    pub(super) fn measure(&self, name: &str, command: &[String]) -> Result<Measured> {
        let note = self.folder.join(format!("{name}.json"));
        let log = self.folder.join(format!("{name}.err"));
        let create = |path: &PathBuf| File::create(path).map_err(Error::file(path));
        let start = |source| Error::Start { program: self.program.clone(), source };
        // What came before is on the disk, and no burden on what is measured now.
        let _ = Command::new("sync").status();
        let status = Command::new(env::current_exe().map_err(start)?)
            .args(["measure", "--note"])
            .arg(&note)
            .arg("--")
            .args(command)
            .stdin(Stdio::null())
            .stdout(create(&self.folder.join(format!("{name}.out")))?)
            .stderr(create(&log)?)
            .status()
            .map_err(start)?;
        let failed = |status: String| {
            Err(Error::Failed { program: self.program.clone(), status, log: log.clone() })
        };
        if !status.success() {
            return failed(status.to_string());
        }
        let text = fs::read_to_string(&note).map_err(Error::file(&note))?;
        let measured: Measured =
            serde_json::from_str(&text).map_err(Error::json(note.display().to_string()))?;
        match measured.code {
            // mxaudit: 1 tells of findings, and 3 of hosts about which nothing was learnt.
            Some(0 | 1 | 3) => Ok(measured),
            Some(code) => failed(format!("exit code {code}")),
            None => failed("a signal".into()),
        }
    }
}
