//! Probe files: what is refused, where it points; and the lint over the embedded library.

mod lint;
mod load;
