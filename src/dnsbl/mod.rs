//! DNS-based lists (RFC 5782) as data: what a zone lists, how its answers read, and how it proves that it is alive.

mod code;
pub mod configured;
mod zone;

pub use code::{Code, Decoding, Refusal, Weight};
pub use zone::{Access, Entry, Purpose, Status, SubjectKind, Zone};
