//! Practice SMTP servers that run inside this process.
//!
//! They serve the demonstration, and they are the peers that the tests talk to. A server is
//! described by what it does (a [`Behaviour`]), not by a list of lines, so it answers any order of
//! commands: it keeps transactions, reads source routes, percent signs and quoted local parts as a
//! mail server does, and refuses or relays by its [`RelayPolicy`]. It never delivers anything.
//!
//! With a [`Tls`] it serves STARTTLS or TLS from the first byte; the certificate and the provider come
//! from the caller.
//!
//! [`PracticeServer`] listens on a socket; [`converse`] serves one stream of any kind, such as one
//! end of `tokio::io::duplex`. [`demo_fleet`] lists the servers of the demonstration.
#![warn(clippy::indexing_slicing)]

mod account;
mod address;
mod behaviour;
mod conversation;
mod counters;
mod delivery;
mod extension;
mod fleet;
mod limits;
mod recipient;
mod secure;
mod server;
#[cfg(test)]
mod tests;
mod wording;

pub use account::Account;
pub use behaviour::{
    Behaviour, Block, BlockStage, Delivery, EhloSupport, ErrorLimit, HeloMatch, RelayPolicy,
    SecondGreeting, SenderMatch, Syntax, Temporary, Wording,
};
pub use counters::{Counters, Ledger, SeenEnvelope};
pub use extension::{AuthOffer, Xclient};
pub use fleet::{DemoServer, Expectation, LOCAL_DOMAIN, demo_fleet};
pub use secure::{Handshake, MUST_START_TLS, Tls, TlsStart};
pub use server::{Ending, PracticeServer, converse};
