//! The registry: every zone that is known, the dead among them, and how zones of the user's own join.

mod file;
mod lint;

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use thiserror::Error;

pub(super) use file::position;
pub(super) use lint::is_id;

use super::keys::Keys;
use super::name;
use super::query::PLACEHOLDER;
use super::zone::{Access, SubjectKind, Zone};

const EMBEDDED: &str = include_str!("../../../reports/zones/v1.toml");
const EMBEDDED_NAME: &str = "reports/zones/v1.toml";

/// After so many days zones have died that the registry thinks alive.
const FRESH_DAYS: i64 = 180;

/// Whether data of that date are so old that the world has moved on.
pub fn is_stale(date: Date, today: Date) -> bool {
    today > date.saturating_add(FRESH_DAYS.days())
}

/// All zones that can be asked, and those that cannot be any more.
#[derive(Clone, Debug)]
pub struct Registry {
    version: u32,
    date: Date,
    zones: Vec<Zone>,
    tombstones: Vec<Tombstone>,
    /// Ids of zones that come from a file of the user's own.
    own: BTreeSet<String>,
}

/// A zone that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The domain that is dead with everything below it.
    pub domain: String,
    /// When it ended: a day, a month, a year, or words.
    pub ended: Option<String>,
    /// What happened.
    pub what: String,
    /// What it is called now.
    pub renamed: Option<String>,
    /// Who says so.
    pub source: String,
}

/// Zones from a file of the user's own, each sound in itself.
#[derive(Clone, Debug)]
pub struct OwnZones {
    file: String,
    zones: Vec<Zone>,
}

/// Why a file of zones cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// The text is not of the form.
    #[error("{file}:{line}:{column}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// The text is of the form, and what it says cannot be so. Every fault is told.
    #[error("{}", faults.iter().map(|fault| format!("{file}: {fault}")).collect::<Vec<_>>().join("\n"))]
    Faults {
        /// The file.
        file: String,
        /// What is wrong.
        faults: Vec<Fault>,
    },
}

/// Something in an entry that cannot be so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{entry} `{id}`, {field}: {message}")]
pub struct Fault {
    /// `zone` or `tombstone`.
    pub entry: &'static str,
    /// The id of the zone, or the domain of the tombstone.
    pub id: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong, and how to mend it.
    pub message: String,
}

impl Registry {
    /// The registry that is built into the binary.
    pub fn embedded() -> Result<Self, RegistryError> {
        Self::read(EMBEDDED, EMBEDDED_NAME)
    }

    /// Reads a whole registry. `file` is its name for errors.
    pub fn read(text: &str, file: &str) -> Result<Self, RegistryError> {
        let file::Content { version, date, zones, tombstones } = file::registry(text, file)?;
        let registry = Self { version, date, zones, tombstones, own: BTreeSet::new() };
        sound(file, registry.lint())?;
        Ok(registry)
    }

    /// Takes in zones of the user's own: one with a known id takes that zone's place.
    pub fn overlay(&mut self, own: OwnZones) -> Result<(), RegistryError> {
        let mut merged = self.clone();
        for zone in own.zones {
            merged.own.insert(zone.id.clone());
            match merged.zones.iter_mut().find(|known| known.id == zone.id) {
                Some(known) => *known = zone,
                None => merged.zones.push(zone),
            }
        }
        sound(&own.file, merged.lint())?;
        *self = merged;
        Ok(())
    }

    /// The version of the data. Zones of the user's own do not change it.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The date of the data. Zones of the user's own do not change it.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Whether the data are so old that the world has moved on.
    pub fn is_stale(&self, today: Date) -> bool {
        is_stale(self.date, today)
    }

    /// All zones: the built-in ones in the order of the data, then the user's own.
    pub fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter()
    }

    /// The zones of the dead.
    pub fn tombstones(&self) -> impl Iterator<Item = &Tombstone> {
        self.tombstones.iter()
    }

    /// A zone by its id or its name, in any case, with or without the final dot.
    pub fn zone(&self, name: &str) -> Option<&Zone> {
        let name = name::folded(name);
        self.zones.iter().find(|zone| zone.id == name || zone.zone == name)
    }

    /// Whether a zone comes from a file of the user's own.
    pub fn is_own(&self, zone: &Zone) -> bool {
        self.own.contains(&zone.id)
    }

    /// The zones that are asked without the user's word.
    pub fn defaults(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().filter(|zone| zone.default)
    }

    /// The zones that are asked when the user names none: the defaults and those that there is a key for, without
    /// those whose data one of these holds too.
    pub fn chosen(&self, keys: &Keys) -> Vec<&Zone> {
        let has_key = |zone: &Zone| zone.access == Access::Key && keys.of(zone).is_some();
        let asked = |zone: &&Zone| has_key(zone) || (zone.default && zone.access != Access::Key);
        let zones: Vec<&Zone> = self.zones.iter().filter(asked).collect();
        let replaced: BTreeSet<&String> = zones.iter().flat_map(|zone| &zone.replaces).collect();
        zones.into_iter().filter(|zone| !replaced.contains(&zone.id)).collect()
    }

    /// Whether the operator of a zone documents answers that are about who asks, for this zone or for another one of
    /// the same domain.
    pub fn refuses_in_band(&self, zone: &Zone) -> bool {
        let operator = |zone: &Zone| {
            let labels: Vec<_> = zone.zone.rsplit('.').take(2).map(str::to_owned).collect();
            labels
        };
        let own = operator(zone);
        self.zones.iter().any(|other| !other.refusals.is_empty() && operator(other) == own)
    }

    /// Why a zone is dead; `None` where nothing is known of its end.
    pub fn tombstone(&self, zone: &str) -> Option<&Tombstone> {
        let zone = name::folded(zone);
        self.tombstones.iter().find(|stone| name::is_at_or_below(&zone, &stone.domain))
    }
}

impl OwnZones {
    /// Reads a file of the user's own. `file` is its name for errors.
    pub fn read(text: &str, file: &str) -> Result<Self, RegistryError> {
        let zones = file::own(text, file)?;
        sound(file, zones.iter().flat_map(lint::zone).chain(lint::unique(&zones)).collect())?;
        Ok(Self { file: file.to_owned(), zones })
    }

    /// The zones of the file.
    pub fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter()
    }
}

impl Zone {
    /// A list of which nothing is known but its name: with the test entries of RFC 5782 section 5, and with every
    /// answer inside 127.0.0.0/8 but 127.0.0.1 and the errors taken for a listing. Its id is the name with hyphens.
    ///
    /// # Errors
    /// [`RegistryError`] where the name is none.
    pub fn undescribed(
        name: &str,
        kinds: &[SubjectKind],
        terms: &str,
    ) -> Result<Self, RegistryError> {
        let zone = file::undescribed(name, kinds, terms);
        sound("the name of a list", lint::zone(&zone))?;
        Ok(zone)
    }
}

fn sound(file: &str, faults: Vec<Fault>) -> Result<(), RegistryError> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(RegistryError::Faults { file: file.to_owned(), faults })
}

/// The name of a zone with a key that every user could have, for checks of the name as a whole.
fn with_some_key(zone: &Zone) -> String {
    zone.zone.replacen(PLACEHOLDER, "key", 1)
}

#[cfg(test)]
mod tests;
