//! The server of the canary's own mail domain: `mxaudit catch`.
//!
//! It takes mail for one domain, notes which tokens arrived and by which way, and forgets the rest.
//! It never relays and never sends a message. What it has confirmed with 250 is on the disk.
//!
//! [`Store::open`] and [`Catcher::bind`] may fail; after that [`Catcher::run`] serves until it is
//! told to stop, whatever its clients do.
#![warn(clippy::indexing_slicing)]

mod admission;
mod conversation;
mod intake;
mod path;
mod server;
mod session;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use server::{Catcher, Notice};
pub use store::{Store, StoreError};

/// What the catcher serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The only domain whose mail is taken, in lower case.
    pub domain: String,
    /// The name that the server gives itself.
    pub name: String,
    /// How long clients may take.
    pub deadlines: Deadlines,
}

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until the next bytes.
    pub idle: Duration,
    /// For the whole connection.
    pub whole: Duration,
    /// To finish a message when the server is told to stop.
    pub stopping: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(5 * 60),
            whole: Duration::from_secs(15 * 60),
            stopping: Duration::from_secs(5),
        }
    }
}
