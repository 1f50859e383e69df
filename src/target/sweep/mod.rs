//! The targets of a sweep: from arguments and files to a set of addresses and names to resolve.
//!
//! [`SweepSpec::parse`] reads an argument, [`read_targets`] a file in any form it knows,
//! [`Exclusion::parse`] and [`read_exclusions`] what to leave out. Nothing is skipped silently: what
//! a file lists and a sweep does not want is returned beside the targets.
//!
//! A command collects arguments and files in [`Collected`], takes away what
//! [`Exclusions::cover`](exclusion::Exclusions::cover) covers with
//! [`Cover::split`](super::cover::Cover::split), and hands the rest to
//! [`Scope::admit_set`](super::scope::Scope::admit_set). The names are resolved first; each address
//! found must be asked of the same cover, and goes through
//! [`Scope::admit`](super::scope::Scope::admit).
pub mod exclusion;
pub mod file;
pub mod spec;

use std::collections::HashSet;
use std::fmt;
use std::io::BufRead;
use std::net::IpAddr;

use super::set::{AddressSet, SetBuilder};
use super::spec::TargetSpec;

pub use exclusion::{Exclusion, ExclusionError, Exclusions};
pub use file::{Form, ReadError};
pub use spec::{SweepSpec, SweepSpecError};

use file::{HostState, Problem, Sink};

/// What arguments and files name together, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The addresses, wherever they were named.
    pub addresses: AddressSet,
    /// The names to resolve, in the order of naming; never [`TargetSpec::Address`].
    pub names: Vec<TargetSpec>,
}

/// What a file of targets holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetList {
    /// The form that it was read as.
    pub form: Form,
    /// Its targets.
    pub targets: Collected,
    /// What it lists, but not as a target.
    pub left_out: LeftOut,
}

/// Addresses that a scan's report lists and that are no targets. None is in both sets, or among the
/// targets of the same file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Nothing was found to be there.
    pub down: AddressSet,
    /// There is a host, but none of the wanted ports is open.
    pub closed: AddressSet,
}

/// Reads a file of targets, whatever its form; [`Form`] says which there are.
///
/// `file` is the name that messages show. `ports` are the ports that the sweep will ask: a scan's
/// report gives the hosts that have one of them open, and the hosts that are up where it tells
/// nothing of ports. The input may have no more than [`file::LONGEST`] bytes and is read as a
/// stream.
///
/// # Errors
/// [`ReadError`] names the file, the line and the remedy. A file that is cut short is an error and
/// never a shorter list.
pub fn read_targets(
    file: &str,
    input: impl BufRead,
    ports: &[u16],
) -> Result<TargetList, ReadError> {
    let mut found = Found::default();
    let form = file::read(file, input, ports, &mut found)?;
    let names = found.names.all;
    let addresses = found.wanted.build();
    let closed = found.closed.build().difference(&addresses);
    let down = found.down.build().difference(&addresses).difference(&closed);
    let targets = Collected { addresses, names };
    Ok(TargetList { form, targets, left_out: LeftOut { down, closed } })
}

/// Reads a file of exclusions, in the same forms; a plain list has one a line. Of a scan's report every address is excluded,
/// whatever the scan says about it.
///
/// # Errors
/// As [`read_targets`]; names are errors too.
pub fn read_exclusions(file: &str, input: impl BufRead) -> Result<Exclusions, ReadError> {
    let mut exclusions = Exclusions::default();
    file::read(file, input, &[], &mut exclusions)?;
    Ok(exclusions)
}

impl Collected {
    /// Adds what another source names.
    pub fn merge(&mut self, other: Self) {
        self.addresses = self.addresses.union(&other.addresses);
        let mut names = Names::default();
        let both = std::mem::take(&mut self.names).into_iter().chain(other.names);
        both.for_each(|name| names.add(name));
        self.names = names.all;
    }

    /// Whether nothing was named.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.names.is_empty()
    }
}

impl FromIterator<SweepSpec> for Collected {
    fn from_iter<I: IntoIterator<Item = SweepSpec>>(specs: I) -> Self {
        let mut found = Found::default();
        specs.into_iter().for_each(|spec| found.add(spec));
        Self { addresses: found.wanted.build(), names: found.names.all }
    }
}

impl LeftOut {
    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.down.is_empty() && self.closed.is_empty()
    }
}

impl fmt::Display for LeftOut {
    /// Writes the counts: `7 addresses not up, 3 with none of the ports open`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |count| if count == 1 { "address" } else { "addresses" };
        match (self.down.len(), self.closed.len()) {
            (down, 0) => write!(f, "{down} {} not up", word(down)),
            (0, closed) => write!(f, "{closed} {} with none of the ports open", word(closed)),
            (down, closed) => {
                write!(f, "{down} {} not up, {closed} with none of the ports open", word(down))
            }
        }
    }
}

/// Names in the order of naming, each once.
#[derive(Debug, Default)]
struct Names {
    all: Vec<TargetSpec>,
    known: HashSet<TargetSpec>,
}

impl Names {
    fn add(&mut self, name: TargetSpec) {
        if self.known.insert(name.clone()) {
            self.all.push(name);
        }
    }
}

#[derive(Debug, Default)]
struct Found {
    wanted: SetBuilder,
    down: SetBuilder,
    closed: SetBuilder,
    names: Names,
}

impl Found {
    fn add(&mut self, spec: SweepSpec) {
        match spec {
            SweepSpec::Addresses(range) => self.wanted.add(range),
            SweepSpec::Named(name) => self.names.add(name),
        }
    }
}

impl Sink for Found {
    const ONE_A_LINE: bool = false;

    fn text(&mut self, text: &str) -> Result<(), Problem> {
        self.add(SweepSpec::parse(text)?);
        Ok(())
    }

    fn host(&mut self, address: IpAddr, state: HostState) {
        let set = match state {
            HostState::Wanted => &mut self.wanted,
            HostState::Down => &mut self.down,
            HostState::Closed => &mut self.closed,
        };
        set.add(address.into());
    }
}

impl Sink for Exclusions {
    // Two addresses are as likely the ends of a range, and too little would be left out without a word.
    const ONE_A_LINE: bool = true;

    fn text(&mut self, text: &str) -> Result<(), Problem> {
        self.add(Exclusion::parse(text)?);
        Ok(())
    }

    fn host(&mut self, address: IpAddr, _: HostState) {
        self.add_address(address);
    }
}

#[cfg(test)]
mod tests;
