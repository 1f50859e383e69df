//! Practice servers.
