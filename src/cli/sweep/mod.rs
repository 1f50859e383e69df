//! `mxaudit sweep`: the ranges that the user administers.

pub(in crate::cli) mod folder;
