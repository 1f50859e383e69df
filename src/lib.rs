//! `mxaudit` audits mail servers that its user administers.
pub mod cli;
pub mod dns;
pub mod engine;
pub mod evidence;
pub mod finding;
pub mod net;
pub mod practice;
pub mod probe;
pub mod report;
pub mod session;
pub mod smtp;
pub mod target;
pub mod verdict;
