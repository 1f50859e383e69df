//! What the user wants swept, before the DNS and the scope are asked.

use crate::cli::args::SweepArgs;
use crate::cli::exit::Failure;
use crate::target::cover::Cover;
use crate::target::set::{AddressRange, AddressSet};
use crate::target::spec::TargetSpec;

/// Targets and exclusions as they were given.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) ranges: AddressSet,
    pub(super) names: Vec<TargetSpec>,
    pub(super) exclude: Cover,
    /// How many entries of files are left out, and why.
    pub(super) left_out: Vec<(u64, String)>,
}

impl Wanted {
    /// Reads arguments, files and standard input.
    pub(super) fn read(args: &SweepArgs, _ports: &[u16]) -> Result<Self, Failure> {
        let ranges: Result<AddressSet, _> =
            args.targets.iter().map(|text| text.parse::<AddressRange>()).collect();
        let exclude: Result<Vec<_>, _> =
            args.exclude.iter().map(|text| text.parse::<AddressRange>()).collect();
        Ok(Self {
            ranges: ranges.map_err(Failure::usage)?,
            names: Vec::new(),
            exclude: Cover::new([], exclude.map_err(Failure::usage)?),
            left_out: Vec::new(),
        })
    }
}
