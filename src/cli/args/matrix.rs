//! The arguments of the relay matrix, exactly as typed.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Relay matrix")]
pub(in crate::cli) struct MatrixArgs {
    /// Ask for the relay matrix too: which client may send as whom and to whom, expected and
    /// observed. The two options below imply it
    #[arg(long)]
    pub(in crate::cli) matrix: bool,

    /// Another address of this machine, one that the targets trust: the matrix is asked from there
    /// too
    #[arg(long, value_name = "ADDR")]
    pub(in crate::cli) trusted_source: Option<IpAddr>,

    /// File with an account of your own (username, password, and where needed mechanism and
    /// address), readable by you alone: the matrix is asked after a login with it too. Certificates
    /// are not checked
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) credentials: Option<PathBuf>,

    /// Log in even where the server offers no TLS, be it by SMTP or by POP3
    #[arg(long, requires = "accounts")]
    pub(in crate::cli) auth_in_clear: bool,
}
