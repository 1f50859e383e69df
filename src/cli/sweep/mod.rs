//! `mxaudit sweep`: the ranges that the user administers.

mod announce;
mod estimate;
pub(in crate::cli) mod folder;
mod limits;
mod progress;
