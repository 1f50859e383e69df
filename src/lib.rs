//! `mxaudit` audits mail servers that its user administers.
pub mod cli;
pub mod dns;
pub mod practice;
pub mod target;
