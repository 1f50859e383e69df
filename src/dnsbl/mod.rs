//! DNS-based lists (RFC 5782) as data: what a zone lists, how its answers read, and how it proves that it is alive.

mod code;
mod resolver;
mod zone;

pub use code::{Code, Decoding, Refusal, Weight};
pub use resolver::{PublicResolver, public_resolver};
pub use zone::{Access, Entry, Purpose, Status, SubjectKind, Zone};
