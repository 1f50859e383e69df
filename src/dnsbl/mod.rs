//! DNS-based lists (RFC 5782) as data: what a zone lists, how its answers read, and how it proves that it is alive.

mod budget;
mod code;
pub mod configured;
mod keys;
mod name;
mod query;
mod reading;
mod registry;
mod resolver;
mod zone;

pub use budget::{Budget, SubjectCounts, ZoneBudget, budget};
pub use code::{Code, Decoding, Refusal, Weight};
pub use keys::{KeyError, Keys};
pub use name::NameFault;
pub use query::{About, QueryError, QueryName};
pub use reading::{Hit, Reading};
pub use registry::{Fault, OwnZones, Registry, RegistryError, Tombstone, is_stale};
pub use resolver::{PublicResolver, public_resolver};
pub use zone::{Access, Entry, Purpose, Status, SubjectKind, Zone};
