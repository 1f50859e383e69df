//! The arguments of the search for POP-before-SMTP, exactly as typed.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "POP-before-SMTP")]
pub(in crate::cli) struct PopArgs {
    /// File with an account of your own, as for --credentials (mechanism and address are not used):
    /// see whether a POP3 login opens the mail server to your address, and for how long. After
    /// everything else one login is made, and then a foreign recipient is asked for again and
    /// again, at RCPT only, each time on a connection of its own, until it is refused or
    /// --pop-window is over. Takes one target with one port. Certificates are not checked
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) pop_credentials: Option<PathBuf>,

    /// How long after the login to ask at most. Each question comes 8 % later than the one before,
    /// from 10 seconds on: an hour costs up to 80 connections, a day up to 121; where relaying is
    /// never granted it is 6, within 75 seconds [default: 3600]
    #[arg(long, value_name = "SECONDS", requires = "pop_credentials",
          value_parser = clap::value_parser!(u32).range(1..=86400))]
    pub(in crate::cli) pop_window: Option<u32>,

    /// Name or address of the POP3 server; the scope has to permit it too [default: the target]
    #[arg(long, value_name = "HOST", requires = "pop_credentials")]
    pub(in crate::cli) pop_server: Option<String>,

    /// Its port: TLS from the first byte on 995, STLS on every other one; without either no login,
    /// unless --auth-in-clear says so [default: 995, and 110 where it does not
    /// come to a password there]
    #[arg(long, value_name = "PORT", requires = "pop_credentials",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) pop_port: Option<u16>,
}
