//! `run.json`: what a sweep set out to do, with what, and how far it is.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::cli::reputation::CATEGORY;
use crate::dnsbl::Registry;
use crate::engine::NotProbed;
use crate::evidence::Identity;
use crate::probe::Library;
use crate::report::model::RunProfile;
use crate::target::Target;
use crate::target::scope::Authority;

use super::error::FolderError;
use super::pace::{Pace, Times};
use super::place::replace;

/// The name of the format of a run folder.
pub(in crate::cli) const FORMAT: &str = "mxaudit.sweep.v1";
/// The file that makes a folder a run.
pub(in crate::cli) const RUN: &str = "run.json";

/// What a sweep sets out to do. A run that is gone on with keeps to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Plan {
    /// The targets in their canonical form; in this order the addresses are numbered.
    pub(in crate::cli) targets: Vec<String>,
    /// Those of them that were found by a name, on each port.
    pub(in crate::cli) named: Vec<Target>,
    /// The ports of each address.
    pub(in crate::cli) ports: Vec<u16>,
    /// How many jobs these are: addresses times ports.
    pub(in crate::cli) jobs: u64,
    /// In which order they are asked.
    pub(in crate::cli) order: Order,
    /// Random tokens and the random order come from this.
    pub(in crate::cli) seed: u64,
    /// The probes to choose from.
    pub(in crate::cli) profile: RunProfile,
    /// How fast, as it was said last.
    #[serde(default)]
    pub(in crate::cli) limits: Pace,
    /// How long is waited, as it was said last.
    #[serde(default)]
    pub(in crate::cli) timing: Times,
    /// Who asks.
    pub(in crate::cli) identity: Identity,
    /// The source address that the user asked for.
    pub(in crate::cli) source: Option<IpAddr>,
    /// The user asserts that the connections come from outside.
    pub(in crate::cli) outside_asserted: bool,
    /// Categories of the grade that are left out.
    pub(in crate::cli) skipped: Vec<String>,
    /// Probes that are not built in: id and file.
    pub(in crate::cli) own_probes: Vec<(String, String)>,
    /// The scope file, where there is one.
    pub(in crate::cli) scope_file: Option<String>,
    /// On whose authority, each with the targets that it covers.
    pub(in crate::cli) authority: Vec<Covered>,
    /// Mail hosts of the named domains that are left alone.
    pub(in crate::cli) not_probed: Vec<NotProbed>,
}

impl Plan {
    /// Whether DNS-based lists are asked about the hosts.
    pub(in crate::cli) fn asks_lists(&self) -> bool {
        !self.skipped.iter().any(|id| id == CATEGORY)
    }
}

/// An authority and what it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Covered {
    /// The authority.
    #[serde(flatten)]
    pub(in crate::cli) authority: Authority,
    /// Targets of the plan, in their canonical form.
    pub(in crate::cli) targets: Vec<String>,
}

/// In which order jobs are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Order {
    /// Shuffled by the seed.
    Random,
    /// By their numbers.
    InOrder,
}

/// What makes hosts of a run comparable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Versions {
    /// The version of the program.
    pub(in crate::cli) tool: String,
    /// A digest of all probes, the user's own ones included.
    pub(in crate::cli) probes: String,
    /// The version of the registry of lists.
    pub(in crate::cli) zones: u32,
    /// A digest of which lists are asked; none where none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) lists: Option<String>,
}

impl Versions {
    /// Those of this program with these probes and lists.
    pub(in crate::cli) fn current(library: &Library, zones: &Registry) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for probe in library.iter() {
            let mut probe = probe.clone();
            // The same probe in another folder is the same probe; its vectors name the file too, and are never sent.
            probe.file.clear();
            probe.vectors.clear();
            context.update(format!("{probe:?}\n").as_bytes());
        }
        Self {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            probes: HEXLOWER.encode(context.finish().as_ref()),
            zones: zones.version(),
            lists: None,
        }
    }

    /// What of these is not what `now` has, in words: then and now.
    fn difference(&self, now: &Self) -> Option<(String, String)> {
        let tool = |versions: &Self| format!("mxaudit {}", versions.tool);
        let probes = |versions: &Self| {
            format!("the probes {}", versions.probes.get(..12).unwrap_or(&versions.probes))
        };
        let zones = |versions: &Self| format!("version {} of the lists", versions.zones);
        let words: [&dyn Fn(&Self) -> String; 3] = [&tool, &probes, &zones];
        let differ = words.iter().map(|word| (word(self), word(now)));
        differ.chain(self.other_lists(now)).find(|(then, now)| then != now)
    }
}

impl Versions {
    /// Which lists are asked then and now, in words, where both are known.
    fn other_lists(&self, now: &Self) -> Option<(String, String)> {
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        let (then, now) = (short(self.lists.as_ref()?), short(now.lists.as_ref()?));
        Some((
            format!("the choice {then} of lists"),
            format!("{now} (it hangs on --zones, --zone, --skip-zone and --keys)"),
        ))
        .filter(|_| then != now)
    }
}

/// The whole of `run.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct RunFile {
    /// [`FORMAT`].
    pub(in crate::cli) format: String,
    /// When the run began, RFC 3339.
    pub(in crate::cli) started: String,
    /// When it was gone on with.
    pub(in crate::cli) resumed: Vec<String>,
    /// When it ended; `null` while it goes on, and where it was killed.
    pub(in crate::cli) finished: Option<String>,
    /// True when the user ended it before its plan did.
    pub(in crate::cli) interrupted: bool,
    /// What it is made with.
    pub(in crate::cli) versions: Versions,
    /// What it sets out to do.
    pub(in crate::cli) plan: Plan,
}

/// The one field that every version of every index of ours has.
#[derive(Deserialize)]
struct Format {
    format: String,
}

/// What a folder is, by its `run.json`.
pub(in crate::cli) fn format_of(dir: &Path) -> Option<String> {
    let text = fs::read(dir.join(RUN)).ok()?;
    serde_json::from_slice::<Format>(&text).ok().map(|index| index.format)
}

impl RunFile {
    pub(super) fn new(plan: Plan, versions: Versions, started: &str) -> Self {
        Self {
            format: FORMAT.to_owned(),
            started: started.to_owned(),
            resumed: Vec::new(),
            finished: None,
            interrupted: false,
            versions,
            plan,
        }
    }

    /// Reads that of a folder.
    pub(super) fn read(dir: &Path) -> Result<Self, FolderError> {
        let path = dir.join(RUN);
        let bytes = fs::read(&path).map_err(FolderError::read(&path))?;
        let problem =
            |path: &PathBuf, problem: String| FolderError::NoRun { path: path.clone(), problem };
        let Format { format } = serde_json::from_slice(&bytes)
            .map_err(|error| problem(&path, format!("is not the index of a run: {error}")))?;
        if format != FORMAT {
            let what = match format.starts_with("mxaudit.evidence.") {
                true => "this is the evidence of a check; give it to `mxaudit replay`".to_owned(),
                false => format!(
                    "format `{format}` is not `{FORMAT}`; use the version of mxaudit that wrote it"
                ),
            };
            return Err(problem(&path, what));
        }
        serde_json::from_slice(&bytes).map_err(|error| problem(&path, error.to_string()))
    }

    /// Refuses what would make the hosts of the run incomparable.
    pub(super) fn check(&self, now: &Versions, dir: &Path) -> Result<(), FolderError> {
        match self.versions.difference(now) {
            Some((then, now)) => Err(FolderError::Foreign { dir: dir.to_owned(), then, now }),
            None => Ok(()),
        }
    }

    /// Writes it in place of the older one, at once.
    pub(super) fn write(&self, dir: &Path) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        replace(&dir.join(RUN), &bytes)
    }
}
