//! Jobs where no connection came about: a bit each, so that a range of millions is kept in little space.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use roaring::RoaringTreemap;

use crate::evidence::DialFault;
use crate::report::model::DarkCounts;

use super::error::FolderError;
use super::place::replace;

/// The folder of the bitmaps, in the portable form of Roaring bitmaps of 64 bits.
const FOLDER: &str = "dark";

/// The reasons that make an address dark.
const KINDS: [(DialFault, &str); 3] = [
    (DialFault::Refused, "refused.roaring"),
    (DialFault::Timeout, "timeout.roaring"),
    (DialFault::Unreachable, "unreachable.roaring"),
];

/// The numbers of all dark jobs, by the reason.
#[derive(Debug, Default)]
pub(super) struct Dark {
    /// In the order of [`KINDS`], each with whether it has grown since it was written.
    maps: [(RoaringTreemap, bool); 3],
}

impl Dark {
    /// Makes the folder.
    pub(super) fn create(dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir.join(FOLDER))
    }

    /// Reads what was written last. A file that is not there holds nothing.
    pub(super) fn read(dir: &Path) -> Result<Self, FolderError> {
        let mut dark = Self::default();
        for ((map, _), (_, name)) in dark.maps.iter_mut().zip(KINDS) {
            let path = place(dir, name);
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(FolderError::read(&path)(error)),
            };
            let read = RoaringTreemap::deserialize_from(bytes.as_slice());
            *map = read.map_err(|source| FolderError::Bitmap { path, source })?;
        }
        Ok(dark)
    }

    /// Notes a job; false where the reason does not make it dark.
    pub(super) fn insert(&mut self, number: u64, fault: DialFault) -> bool {
        let at = KINDS.iter().position(|(kind, _)| *kind == fault);
        let Some((map, grown)) = at.and_then(|at| self.maps.get_mut(at)) else { return false };
        *grown |= map.insert(number);
        true
    }

    /// Takes a job out again: it has taken a connection.
    pub(super) fn remove(&mut self, number: u64) {
        for (map, grown) in &mut self.maps {
            *grown |= map.remove(number);
        }
    }

    /// All of them, whatever the reason.
    pub(super) fn jobs(&self) -> RoaringTreemap {
        let [refused, timeout, unreachable] = &self.maps;
        &(&refused.0 | &timeout.0) | &unreachable.0
    }

    pub(super) fn counts(&self) -> DarkCounts {
        let [refused, timeout, unreachable] = &self.maps;
        let count = |(map, _): &(RoaringTreemap, bool)| map.len();
        DarkCounts {
            refused: count(refused),
            timeout: count(timeout),
            unreachable: count(unreachable),
        }
    }

    /// Writes those that have grown.
    pub(super) fn write(&mut self, dir: &Path) -> Result<(), FolderError> {
        for ((map, grown), (_, name)) in self.maps.iter_mut().zip(KINDS) {
            if !*grown {
                continue;
            }
            let path = place(dir, name);
            let mut bytes = Vec::with_capacity(map.serialized_size());
            map.serialize_into(&mut bytes)
                .and_then(|()| replace(&path, &bytes))
                .map_err(FolderError::write(&path, dir))?;
            *grown = false;
        }
        Ok(())
    }
}

fn place(dir: &Path, name: &str) -> PathBuf {
    dir.join(FOLDER).join(name)
}
