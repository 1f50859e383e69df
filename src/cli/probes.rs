//! `mxaudit probes`.

use std::fmt::Write as _;
use std::path::Path;

use crate::probe::{Library, LibraryError, Mta, Outer, Probe, Profile};
use crate::target::scope::{Candidate, Consent, Scope};
use crate::target::{Target, Via};
use crate::verdict::check_vectors;

use super::args::{LibraryArgs, ProbesCommand};
use super::exit::{Exit, Failure};
use super::{complain, print};

pub(super) fn probes(command: &ProbesCommand) -> Result<Exit, Failure> {
    match command {
        ProbesCommand::List => list(),
        ProbesCommand::Show { id } => show(id),
        ProbesCommand::Validate { dir } => validate(dir.as_deref()),
    }
}

/// The embedded library; a fault in it is a fault of the build.
pub(super) fn embedded() -> Result<Library, Failure> {
    Library::embedded().map_err(|error| Failure::internal(format!("built-in probes: {error}")))
}

/// The embedded library, overlaid by the user's own.
pub(super) fn library(args: &LibraryArgs) -> Result<Library, Failure> {
    let mut library = embedded()?;
    if let Some(folder) = &args.folder {
        let own = Library::from_folder(folder).map_err(faults)?;
        library.overlay(own).map_err(|error| Failure::usage(format!("{error:#}")))?;
    }
    Ok(library)
}

/// Which probes of a library are not built in: id and file.
pub(super) fn own(library: &Library) -> Vec<(String, String)> {
    let own = library.iter().filter(|probe| !probe.is_built_in());
    own.map(|probe| (probe.id.clone(), probe.file.clone())).collect()
}

/// Says whose texts are missing: `own` probes of a run that are not in the library.
pub(super) fn complain_of_missing(own: &[(String, String)], library: &Library) {
    if let Some((id, file)) = own.iter().find(|(id, _)| library.find(id).is_none()) {
        complain(&format!(
            "the texts of {id} are missing: it came from {file}; give its folder with --probes"
        ));
    }
}

fn faults(errors: Vec<LibraryError>) -> Failure {
    let messages = errors.iter().map(|error| format!("{error:#}")).collect();
    Failure { messages, exit: Exit::Usage }
}

fn list() -> Result<Exit, Failure> {
    let library = embedded()?;
    let width = library.iter().map(|probe| probe.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for probe in library.iter() {
        let gate = if probe.gate { " (gate)" } else { "" };
        let profile = match probe.profile {
            Profile::Quick => "quick",
            Profile::Standard => "standard",
            Profile::Thorough => "thorough",
        };
        let (code, id, title) = (&probe.code, &probe.id, &probe.title);
        let _ = writeln!(out, "{code:<4}  {id:<width$}  {profile:<8}  {title}{gate}");
    }
    let _ = writeln!(out, "{} probes; `mxaudit probes show ID` shows one whole", library.len());
    print(&out)
}

fn show(id: &str) -> Result<Exit, Failure> {
    let library = embedded()?;
    let probe = library.find(id).ok_or_else(|| {
        Failure::usage(format!("no probe is called `{id}`; `mxaudit probes list` names them all"))
    })?;
    print(&whole(probe))
}

/// Everything about a probe, for reading.
pub(super) fn whole(probe: &Probe) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}  {}: {}\n", probe.code, probe.id, probe.title);
    if let Some(helo) = &probe.envelope.helo {
        let _ = writeln!(out, "  EHLO {helo}");
    }
    let _ = writeln!(out, "  MAIL FROM:<{}>", probe.envelope.mail_from);
    let _ = writeln!(out, "  RCPT TO:<{}>\n", probe.envelope.rcpt_to);
    let _ = writeln!(out, "{}", probe.detects);
    if probe.outer != Outer::Foreign {
        let _ = writeln!(
            out,
            "The server sees {} in this recipient, so an acceptance counts only if a random user \
             there is refused.",
            probe.outer.describe()
        );
    }
    let _ = writeln!(out, "\nFix");
    for (mta, fix) in &probe.fix {
        let _ = writeln!(out, "  {:<10} {fix}", Mta::name(*mta));
    }
    let _ = writeln!(out, "\nSee {}", probe.references.join("; "));
    let _ = writeln!(out, "Check {}, since {}, from {}", probe.check, probe.since, probe.file);
    let _ = writeln!(out, "\nVectors");
    for vector in &probe.vectors {
        let source = vector.source.as_deref().unwrap_or("written by hand");
        let _ = writeln!(out, "  {:?}: {} ({source})", vector.outcome, vector.name);
    }
    out
}

fn validate(dir: Option<&Path>) -> Result<Exit, Failure> {
    let library = match dir {
        None => embedded()?,
        Some(dir) => Library::from_folder(dir).map_err(faults)?,
    };
    let target = vector_target()?;
    let faults: Vec<_> = library.iter().flat_map(|probe| check_vectors(probe, &target)).collect();
    if !faults.is_empty() {
        let messages = faults.iter().map(|fault| format!("{fault:#}")).collect();
        return Err(Failure { messages, exit: Exit::Usage });
    }
    let vectors: usize = library.iter().map(|probe| probe.vectors.len()).sum();
    print(&format!("{} probes, {vectors} vectors: all are judged as they say\n", library.len()))
}

/// The server that the vectors speak of. It is never dialled.
fn vector_target() -> Result<Target, Failure> {
    let candidate = Candidate {
        name: Some("mx.target.example".into()),
        address: [192, 0, 2, 25].into(),
        port: 25,
        mail_domain: None,
        via: Via::Host,
        named_by_user: true,
    };
    Scope::authorized(Consent::Flag).admit(candidate).map_err(Failure::internal)
}
