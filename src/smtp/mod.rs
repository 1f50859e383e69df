//! The vocabulary of SMTP (RFC 5321): replies, commands and service extensions, as plain values.
//!
//! Everything here is sans-I/O. Bytes that a server sent stay bytes ([`WireText`]) until a writer
//! escapes them.

mod command;
mod extensions;
mod parse;
mod path;
mod reply;
mod wire;

pub use command::{Command, CommandError, Phase, VEILED};
pub use extensions::{Ehlo, host_name_in};
pub use parse::{ParseLimits, ReplyParser};
pub use path::{is_syntax_risk, literal};
pub use reply::{EnhancedStatus, Reply, ReplyFault, Severity};
pub use wire::{WireStr, WireText, WireTextError};
