//! Evidence on disk: one `.smtp` file for each connection, and `run.json` for all the rest.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::NotProbed;
use crate::evidence::listing::Listings;
use crate::evidence::matrix::Matrix;
use crate::evidence::pop::PopBeforeSmtp;
use crate::evidence::{Evidence, Identity, read_transcript, record};
use crate::probe::Profile;
use crate::target::scope::Authority;

use super::exit::Failure;
use super::sweep::folder::{FORMAT as SWEEP, format_of};

/// The file that names all the others.
const INDEX: &str = "run.json";
/// Its format.
const FORMAT: &str = "mxaudit.evidence.v1";

/// Everything that a report is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) format: String,
    pub(super) started: String,
    pub(super) finished: String,
    pub(super) seed: u64,
    pub(super) profile: Profile,
    pub(super) interrupted: bool,
    pub(super) source: Option<IpAddr>,
    pub(super) outside_asserted: bool,
    pub(super) identity: Identity,
    pub(super) not_probed: Vec<NotProbed>,
    /// Categories of the grade that were left out.
    #[serde(default)]
    pub(super) skipped: Vec<String>,
    /// Probes that are not built in: id and file.
    #[serde(default)]
    pub(super) own_probes: Vec<(String, String)>,
    pub(super) hosts: Vec<Host>,
    /// What lists were asked about the hosts and their domains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) listings: Option<Listings>,
}

/// One host of a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Host {
    pub(super) evidence: Evidence,
    pub(super) authority: Option<Authority>,
    /// The files of its connections, in order.
    #[serde(default)]
    pub(super) transcripts: Vec<String>,
}

impl Record {
    /// The name of the format that this version writes.
    pub(super) fn format() -> String {
        FORMAT.into()
    }
}

/// A folder that evidence will be written to, made before anything is sent.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder. Evidence of another run in it is never overwritten.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        let fault = |error: io::Error| {
            Failure::usage(format!(
                "--evidence {}: cannot be written: {error}; name a folder that can be made",
                path.display()
            ))
        };
        fs::create_dir_all(path).map_err(fault)?;
        let index = path.join(INDEX);
        if index.exists() {
            return Err(Failure::usage(format!(
                "--evidence {}: the evidence of another run is there; name another folder",
                path.display()
            )));
        }
        // Proves that files can be made here.
        fs::File::create_new(&index).and_then(|_| fs::remove_file(&index)).map_err(fault)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Writes all files, the index last.
    pub(super) fn write(&self, record: &Record) -> Result<(), Failure> {
        let mut record = record.clone();
        for (number, host) in record.hosts.iter_mut().enumerate() {
            let texts = record::to_texts(&host.evidence).map_err(Failure::internal)?;
            let target = &host.evidence.target;
            let address = target.address().to_string().replace(':', "_");
            for (connection, text) in texts.iter().enumerate() {
                let (number, connection) = (number + 1, connection + 1);
                let name = format!("{number:03}-{address}-{}-{connection:02}.smtp", target.port());
                self.write_file(&name, text.as_bytes())?;
                host.transcripts.push(name);
            }
            host.evidence.transcripts.clear();
        }
        let index = serde_json::to_vec_pretty(&record).map_err(Failure::internal)?;
        self.write_file(INDEX, &index)
    }

    fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path.join(name);
        fs::write(&path, bytes)
            .map_err(|error| Failure::internal(format!("cannot write {}: {error}", path.display())))
    }
}

/// Reads a folder back.
pub(super) fn read_folder(folder: &Path) -> Result<Record, Failure> {
    let index = folder.join(INDEX);
    if format_of(folder).as_deref() == Some(SWEEP) {
        let folder = folder.display();
        return Err(Failure::usage(format!(
            "{folder}: this is the folder of a sweep; show it with `mxaudit report {folder}`"
        )));
    }
    let text = read(&index)?;
    let mut record: Record = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{}: {error}", index.display())))?;
    if record.format != FORMAT {
        return Err(Failure::usage(format!(
            "{}: format `{}` is not `{FORMAT}`; replay it with the version that wrote it",
            index.display(),
            record.format
        )));
    }
    for host in &mut record.hosts {
        for name in std::mem::take(&mut host.transcripts) {
            let path = folder.join(&name);
            // A name in the index that leads elsewhere is not one that we wrote.
            if Path::new(&name).file_name().is_none_or(|plain| plain != name.as_str()) {
                let message = format!("{}: `{name}` is no plain file name", index.display());
                return Err(Failure::usage(message));
            }
            let text = read(&path)?;
            let (transcript, _) = read_transcript(&path.display().to_string(), &text)
                .map_err(|error| Failure::usage(format!("{error:#}")))?;
            host.evidence.transcripts.push(transcript);
        }
        check_places(&host.evidence)
            .map_err(|problem| Failure::usage(format!("{}: {problem}", index.display())))?;
    }
    Ok(record)
}

/// Reads single files: those of one peer are one host.
pub(super) fn read_files(paths: &[&Path]) -> Result<Record, Failure> {
    let mut groups: Vec<(std::net::SocketAddr, Vec<(String, String)>)> = Vec::new();
    for path in paths {
        let (name, text) = (path.display().to_string(), read(path)?);
        let usage = |error: crate::probe::SourceError| Failure::usage(format!("{error:#}"));
        let (transcript, _) = read_transcript(&name, &text).map_err(usage)?;
        match groups.iter_mut().find(|(peer, _)| *peer == transcript.peer) {
            Some((_, files)) => files.push((name, text)),
            None => groups.push((transcript.peer, vec![(name, text)])),
        }
    }
    let mut hosts = Vec::new();
    for (_, files) in groups {
        let evidence =
            record::from_texts(&files).map_err(|error| Failure::usage(format!("{error:#}")))?;
        hosts.extend(evidence.map(|evidence| Host {
            evidence,
            authority: None,
            transcripts: Vec::new(),
        }));
    }
    let Some(first) = hosts.first() else { return Err(Failure::usage("no transcript was named")) };
    Ok(Record {
        format: Record::format(),
        // A transcript does not say when it was taken.
        started: String::new(),
        finished: String::new(),
        seed: 0,
        profile: Profile::Thorough,
        interrupted: false,
        source: None,
        outside_asserted: first.evidence.outside_asserted,
        identity: first.evidence.identity.clone(),
        not_probed: Vec::new(),
        skipped: Vec::new(),
        own_probes: Vec::new(),
        listings: None,
        hosts,
    })
}

/// Every attempt must point into the dialogues that were read; the words of what does not.
pub(super) fn check_places(evidence: &Evidence) -> Result<(), String> {
    const OTHERS: &str = "the transcripts are not the ones that were written";
    let lost = evidence
        .attempts
        .iter()
        .find(|a| evidence.exchange(a).is_none() || evidence.forms.get(a.form).is_none());
    let mut cells = evidence.matrix.iter().flat_map(Matrix::places);
    if let Some((key, _)) = cells.find(|(_, place)| evidence.exchange_at(*place).is_none()) {
        return Err(format!(
            "the answer to a cell of the relay matrix ({} client) is said to stand where nothing is; {OTHERS}",
            key.client.as_str()
        ));
    }
    let mut checks = evidence.pop.iter().flat_map(PopBeforeSmtp::places);
    if let Some((number, _)) = checks.find(|(_, place)| evidence.exchange_at(*place).is_none()) {
        return Err(format!(
            "the answer to check {} of POP-before-SMTP is said to stand where nothing is; {OTHERS}",
            number + 1
        ));
    }
    match lost {
        Some(attempt) => Err(format!(
            "an answer is said to stand in exchange {} of connection {}, which is not there; {OTHERS}",
            attempt.exchange + 1,
            attempt.transcript + 1
        )),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!(
            "{}: cannot be read: {error}; give a folder that --evidence wrote, or .smtp files \
                 out of one",
            path.display()
        ))
    })
}
