//! The set of probes: the embedded ones and those of a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Probe, Profile, SourceError};

include!(concat!(env!("OUT_DIR"), "/embedded_probes.rs"));

/// Probes, each id and each code once.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// By what they vary, and then by code.
    probes: Vec<Probe>,
}

/// Why a library cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A file or folder that cannot be read.
    #[error(
        "cannot read {}: {source}; give a folder that holds <family>/<name>.toml files",
        path.display()
    )]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it could not.
        source: io::Error,
    },
    /// A folder without any probe file.
    #[error("{}: no probe file (<family>/<name>.toml) below this folder", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// A probe file with a fault.
    #[error(transparent)]
    Probe(#[from] SourceError),
    /// Two files with one id or one code.
    #[error("{file}: {what} is already used by {other}")]
    Duplicate {
        /// The file that came second.
        file: String,
        /// The id or code.
        what: String,
        /// The file that came first.
        other: String,
    },
}

impl Library {
    /// The probes that are built into the binary.
    pub fn embedded() -> Result<Self, LibraryError> {
        let mut library = Self::default();
        for (file, source) in EMBEDDED {
            let mut probe = Probe::parse(file, source)?;
            probe.built_in = true;
            library.insert(probe)?;
        }
        Ok(library)
    }

    /// The probes below a folder, `<family>/<name>.toml`. Every fault is reported, not only the
    /// first.
    pub fn from_folder(folder: &Path) -> Result<Self, Vec<LibraryError>> {
        let mut files = Vec::new();
        find_files(folder, &mut files).map_err(|error| vec![error])?;
        files.sort();
        if files.is_empty() {
            return Err(vec![LibraryError::Empty { path: folder.to_owned() }]);
        }
        let mut library = Self::default();
        let mut errors = Vec::new();
        for path in files {
            if let Err(error) = library.add_file(path) {
                errors.push(error);
            }
        }
        if errors.is_empty() { Ok(library) } else { Err(errors) }
    }

    /// Takes in the probes of another library: those with a known id take its place.
    pub fn overlay(&mut self, other: Self) -> Result<(), LibraryError> {
        for probe in other.probes {
            self.probes.retain(|known| known.id != probe.id);
            self.insert(probe)?;
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf) -> Result<(), LibraryError> {
        let bytes =
            fs::read(&path).map_err(|source| LibraryError::Read { path: path.clone(), source })?;
        let file = path.display().to_string();
        let source = match std::str::from_utf8(&bytes) {
            Ok(source) => source,
            Err(error) => {
                let at = error.valid_up_to();
                let text = String::from_utf8_lossy(&bytes);
                let message = "a byte that is not UTF-8".to_owned();
                return Err(SourceError::new(&file, &text, Some(at..at), message).into());
            }
        };
        self.insert(Probe::parse(&file, source)?)
    }

    fn insert(&mut self, probe: Probe) -> Result<(), LibraryError> {
        let clash = self.probes.iter().find_map(|other| {
            let id = other.id == probe.id;
            let code = other.code == probe.code;
            let what = if id { &probe.id } else { &probe.code };
            (id || code).then(|| LibraryError::Duplicate {
                file: probe.file.clone(),
                what: format!("`{what}`"),
                other: other.file.clone(),
            })
        });
        if let Some(clash) = clash {
            return Err(clash);
        }
        let is_before = |known: &Probe| (known.axis, &known.code) < (probe.axis, &probe.code);
        let at = self.probes.partition_point(is_before);
        self.probes.insert(at, probe);
        Ok(())
    }

    /// All probes, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Probe> {
        self.probes.iter()
    }

    /// The probes of a profile, by code.
    pub fn in_profile(&self, profile: Profile) -> impl Iterator<Item = &Probe> {
        self.iter().filter(move |probe| probe.profile <= profile)
    }

    /// A probe by its id or its code, in any case.
    pub fn find(&self, name: &str) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.id == name || probe.code.eq_ignore_ascii_case(name))
    }

    /// How many probes there are.
    pub fn len(&self) -> usize {
        self.probes.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.probes.is_empty()
    }
}

fn find_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), LibraryError> {
    let fault = |source| LibraryError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            find_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    Ok(())
}
