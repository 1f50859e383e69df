//! The arguments of a report that is sent by mail, exactly as typed.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Report by mail")]
pub(in crate::cli) struct MailArgs {
    /// Send the report to this address too: HTML with a text beside it, and report.json, hosts.csv
    /// and findings.csv attached; may be given several times
    #[arg(long, value_name = "ADDR", requires = "smtp_url")]
    pub(in crate::cli) mail_report: Vec<String>,

    /// Your own relay: smtps://[USER@]HOST[:465] is TLS from the first byte.
    /// smtp://[USER@]HOST[:587]?tls=required is STARTTLS, which whoever sits between can prevent:
    /// nothing is sent then. smtp://127.0.0.1?tls=none, in the clear, is for this machine only. A
    /// password never stands here
    #[arg(long, value_name = "URL", requires = "mail_report")]
    pub(in crate::cli) smtp_url: Option<String>,

    /// User name and password for the relay, a TOML file as for --credentials that nobody else can
    /// read; or give USER in the URL and the password in the environment, as
    /// MXAUDIT_SMTP_PASSWORD
    #[arg(long, value_name = "FILE", requires = "mail_report")]
    pub(in crate::cli) smtp_credentials: Option<PathBuf>,

    /// CAs that the relay's certificate may be from, in PEM form [default: those that this system
    /// trusts]
    #[arg(long, value_name = "FILE", requires = "mail_report")]
    pub(in crate::cli) smtp_ca: Option<PathBuf>,

    /// Sender of the mail [default: the address in --smtp-credentials, else postmaster at the
    /// auditor's domain]
    #[arg(long, value_name = "ADDR", requires = "mail_report")]
    pub(in crate::cli) mail_from: Option<String>,
}
