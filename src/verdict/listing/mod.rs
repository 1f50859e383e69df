//! What lists say about an address or a domain, as far as each of them has shown that it works.
//!
//! A list that is dead, that lists the world, that refuses us, or that a resolver hides from us, says nothing: neither
//! "listed" nor "not listed".

mod configured;
mod findings;
mod health;
mod resolver;
mod subject;
#[cfg(test)]
mod tests;

pub use configured::{ConfiguredFile, ConfiguredList, configured_findings, configured_health};
pub use findings::{listing_findings, resolver_findings};
pub use health::{Health, ZoneState, health};
pub use resolver::{ResolverFault, resolver_faults};
pub use subject::{Standing, SubjectVerdict, Word, ZoneWord, each_listing, listings};
